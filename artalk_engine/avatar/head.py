"""The avatar's head in motion: FLAME's vertices of one identity, a calm forehead, and the camera that turns for it."""

from __future__ import annotations

import torch
from torch import Tensor

from artalk_engine.face.flame import JOINTS, FLAMEModel
from artalk_engine.face.skinning import joint_transforms, rotation_matrices, skin

SCALE = 5.0  # of the head in the avatar's world, against FLAME's metres
KEPT = 0.98  # of the forehead that was there, a frame at 25 a second
FRAMES_A_SECOND = 25
# fmt: off
FOREHEAD = (
    2168, 2165, 3068, 2199, 2196, 3720, 2091, 2088, 3524, 625, 628, 3871, 705, 708, 2030, 667, 670, 3708, 3706, 3729,
    3721, 3773, 3789, 3735, 3732, 3786, 3876, 3878, 3913, 3899, 3872, 3874, 3864, 3865, 3158, 3157, 336, 335, 3153,
    3705, 2177, 2176, 3540, 671, 672, 3863, 2134, 16, 17, 2138, 2139, 2567, 2566, 337, 338, 3154, 3712, 2178, 2179,
    3495, 674, 673, 3868, 2135, 27, 18, 1429, 1430,
)
# fmt: on


class PosedHead:
    """A head of one identity, or some of its vertices, in the avatar's world.

    Identity is put into the template once, so that a frame costs its expression, its jaw and the skinning.
    """

    def __init__(self, flame: FLAMEModel, betas: Tensor, vertices: tuple[int, ...] | None = None) -> None:
        """Prepare a head.

        Args:
            flame: the model, of any scale.
            betas: identity, ``[1, S]``.
            vertices: those that are wanted; None is all.
        """
        template = flame.v_template + (betas @ flame.shapedirs[: betas.shape[1]]).view(-1, 3)
        expressions = flame.expressiondirs.view(len(flame.expressiondirs), -1, 3)
        chosen = slice(None) if vertices is None else list(vertices)
        self.parents = flame.parents
        self.template, self.weights = template[chosen], flame.lbs_weights[chosen]
        self.expressions = expressions[:, chosen].flatten(1).contiguous()  # [E, 3K]
        self.correctives = flame.posedirs.view(len(flame.posedirs), -1, 3)[:, chosen].flatten(1).contiguous()
        self.joints = flame.J_regressor @ template
        self.joint_expressions = (flame.J_regressor @ expressions).flatten(1)  # [E, 3J]

    def to(self, device: torch.device) -> PosedHead:
        """Move it to a device."""
        for name in ("template", "weights", "expressions", "correctives", "joints", "joint_expressions"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def __call__(self, expression: Tensor, jaw_pose: Tensor) -> Tensor:
        """Return vertices ``[N, K, 3]`` of expressions ``[N, E]`` and jaws ``[N, 3]``; head and eyes stay."""
        frames = len(expression)
        pose = expression.new_zeros(frames, JOINTS, 3)
        pose[:, 2] = jaw_pose
        rotations = rotation_matrices(pose)
        shaped = self.template + (expression @ self.expressions).view(frames, -1, 3)
        joints = self.joints + (expression @ self.joint_expressions).view(frames, -1, 3)
        identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
        posed = shaped + ((rotations[:, 1:] - identity).flatten(1) @ self.correctives).view(frames, -1, 3)
        return skin(posed, joint_transforms(rotations, joints, self.parents), self.weights) * SCALE


def calmed(foreheads: Tensor, before: Tensor | None = None, fps: float = FRAMES_A_SECOND) -> Tensor:
    """Let a forehead follow its expression slowly, as the tracked ones that the avatar learnt from do.

    Args:
        foreheads: of successive frames, ``[N, K, 3]``.
        before: the calmed one before the first, ``[K, 3]``; None is the first itself.
        fps: frames a second, so that it calms down in the same time at any rate.

    Returns:
        ``[N, K, 3]``.
    """
    kept = KEPT ** (FRAMES_A_SECOND / fps)
    calm, state = torch.empty_like(foreheads), foreheads[0] if before is None else before
    for frame, forehead in enumerate(foreheads):
        state = kept * state + (1 - kept) * forehead
        calm[frame] = state
    return calm


def turned_camera(global_orient: Tensor, translation: Tensor) -> Tensor:
    """Turn the camera, and not the head, so that the picture shows the head turned.

    Args:
        global_orient: of the head, axis-angle, ``[N, 3]``.
        translation: of the tracked camera, ``[3]``.

    Returns:
        ``[N, 3, 4]``: a rotation for points as rows, and a translation.
    """
    flips = global_orient.new_tensor([-1.0, 1.0, -1.0])
    # Quirk: two of the three components change their signs; nodding goes the other way without it.
    head = rotation_matrices(global_orient * flips)
    rotation = (head * flips).transpose(1, 2)  # the inverse of the head's rotation and the flip
    return torch.cat([rotation, translation[:, None].expand(len(rotation), -1, -1)], dim=2)
