# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig's curves do to its vertices, as Blender evaluates them; needs no Blender.

Shape keys add up, the drivers add the pose correctives, and five bones blend matrices linearly. The same sums in numpy
tell, for a whole take at once, how far the lips are apart or what a missing key costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..rig.naming import JOINTS
from .channels import BoneTrack, Channels, channels_of

Floats = NDArray[np.floating]
Rotations = dict[str, NDArray[np.float32]]

_ROOT, _NECK = 0, 1
_INNER = ("jaw", "eye_l", "eye_r")  # bones that turn within the head


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A head of one identity, or some of its vertices.

    Attributes:
        kind: ``"builtin"`` or ``"flame"``.
        rest: ``[V, 3]`` metres, in FLAME's axes (Y up, face to +Z).
        directions: ``[V, 3, E]`` metres that one unit of each expression moves a vertex.
        correctives: ``[V, 3, 36]`` metres for one unit of each entry of ``R - I``.
        weights: ``[V, J]`` skinning weights, rows summing to one.
        joints: ``[J, 3]`` metres, heads of the bones at rest.
        joint_offsets: ``[J, 3, E]`` metres that one unit of each expression moves a joint.
        expression_names: ``[E]`` names of the expressions.
    """

    kind: str
    rest: NDArray[np.float32]
    directions: NDArray[np.float32]
    correctives: NDArray[np.float32]
    weights: NDArray[np.float32]
    joints: NDArray[np.float32]
    joint_offsets: NDArray[np.float32]
    expression_names: tuple[str, ...]

    def subset(self, vertices: slice | NDArray[np.integer]) -> FaceModel:
        """Return a model of some vertices only."""
        return replace(
            self,
            rest=self.rest[vertices],
            directions=self.directions[vertices],
            correctives=self.correctives[vertices],
            weights=self.weights[vertices],
        )

    def pose(self, channels: Channels) -> NDArray[np.float32]:
        """Return the vertices ``[T, V, 3]`` in metres that curves with these values give.

        Args:
            channels: what the curves say; quaternions need not have unit length.
        """
        turns = {bone: matrices(track.rotation) for bone, track in channels.bones.items()}
        shaped = self._shaped(channels.expression, turns)
        posed = shaped.copy()
        for bone in _INNER:
            if bone in turns:
                weight = self.weights[:, JOINTS.index(bone), None]
                following = np.flatnonzero(weight)
                before = shaped[:, following]
                turned = _apply(turns[bone], before, self._joint(bone), channels.bones[bone])
                posed[:, following] += weight[following] * (turned - before)
        if "neck" in turns:
            of_root = self.weights[:, _ROOT, None]
            inside = (posed - of_root * shaped) / np.maximum(1.0 - of_root, 1e-6)
            turned = _apply(turns["neck"], inside, self._joint("neck"), channels.bones["neck"])
            posed = of_root * shaped + (1.0 - of_root) * turned
        if "root" in turns:
            posed = _apply(turns["root"], posed, self._joint("root"), channels.bones["root"])
        return posed

    def pose_motion(self, motion: NDArray[np.float32], turned: dict[str, Floats] | None = None) -> NDArray[np.float32]:
        """Return the vertices ``[T, V, 3]`` in metres of a motion ``[T, 106]`` with further bones turned."""
        return self.pose(channels_of(motion, self.joint_offsets, turned))

    def pose_face(self, motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the vertices ``[T, V, 3]`` of a motion in the head's own axes, however the head is turned."""
        channels = channels_of(motion, self.joint_offsets)
        inner = {bone: track for bone, track in channels.bones.items() if bone in _INNER}
        return self.pose(replace(channels, bones=inner))

    def _shaped(self, expression: Floats, turns: Rotations) -> NDArray[np.float32]:
        """Return ``[T, V, 3]``: the rest with expressions and pose correctives added."""
        count = len(self.rest)
        moving = np.flatnonzero(expression.any(axis=0))  # many heads leave many expressions unused
        directions = self.directions[..., moving].reshape(3 * count, len(moving))
        shaped = expression[:, moving].astype(np.float32) @ directions.T
        for bone, turn in turns.items():
            joint = JOINTS.index(bone)
            if joint != _ROOT:
                entries = slice(9 * (joint - 1), 9 * joint)
                features = (turn - np.eye(3, dtype=np.float32)).reshape(-1, 9)
                shaped += features @ self.correctives[..., entries].reshape(3 * count, 9).T
        return np.asarray(shaped.reshape(len(expression), count, 3) + self.rest)

    def _joint(self, bone: str) -> NDArray[np.float32]:
        return self.joints[JOINTS.index(bone)]


def matrices(quaternions: Floats) -> NDArray[np.float32]:
    """Return the rotations ``[T, 3, 3]`` of quaternions ``[T, 4]`` (w, x, y, z) of any length."""
    w, x, y, z = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows, np.float32), 2, 0)


def _apply(
    turn: NDArray[np.float32], vertices: NDArray[np.float32], joint: NDArray[np.float32], track: BoneTrack
) -> NDArray[np.float32]:
    """Turn ``[T, V, 3]`` about a joint at rest and move it as the bone is moved."""
    moved = joint + track.location.astype(np.float32)  # [T, 3]
    return np.asarray((vertices - joint) @ turn.transpose(0, 2, 1) + moved[:, None])
