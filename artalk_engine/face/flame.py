"""The FLAME head: identity, expression and pose become vertices.

References:
    Li, Bolkart, Black, Li and Romero, Learning a model of facial shape and
    expression from 4D scans, 2017.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from artalk_engine.assets import head_path
from artalk_engine.errors import ConfigError

from .flame_files import SHAPES, load_flame
from .skinning import joint_transforms, rotation_matrices, skin

JOINTS = 5  # root, neck, jaw, left eye, right eye


class FLAMEModel(nn.Module):
    """A head in FLAME's format; the built-in one unless a file is given."""

    v_template: Tensor
    shapedirs: Tensor
    expressiondirs: Tensor
    posedirs: Tensor
    J_regressor: Tensor
    lbs_weights: Tensor
    faces: Tensor

    def __init__(
        self, n_shape: int = 300, n_exp: int = 100, scale: float = 1.0, model_path: Path | str | None = None
    ) -> None:
        super().__init__()
        data = load_flame(head_path() if model_path is None else Path(model_path))
        available = data.shape_directions.shape[-1] - SHAPES
        if not 0 <= n_shape <= SHAPES or not 0 <= n_exp <= available:
            raise ConfigError(
                f"the head has {SHAPES} shape and {available} expression directions, not {n_shape} and {n_exp}",
                "Choose a FLAME file with 400 shape directions.",
            )
        if len(data.parents) != JOINTS:
            raise ConfigError(f"the head has {len(data.parents)} joints where {JOINTS} are expected")
        directions = torch.from_numpy(data.shape_directions)
        self.scale, self.parents = scale, data.parents
        self.register_buffer("v_template", torch.from_numpy(data.template))
        self.register_buffer("shapedirs", _rows(directions[..., :n_shape]))  # [S, 3V]
        self.register_buffer("expressiondirs", _rows(directions[..., SHAPES : SHAPES + n_exp]))  # [E, 3V]
        self.register_buffer("posedirs", _rows(torch.from_numpy(data.pose_directions)))  # [36, 3V]
        self.register_buffer("J_regressor", torch.from_numpy(data.joint_regressor))
        self.register_buffer("lbs_weights", torch.from_numpy(data.weights))
        self.register_buffer("faces", torch.from_numpy(data.faces), persistent=False)

    def get_faces(self) -> Tensor:
        """Give the triangles, ``[F, 3]``."""
        return self.faces

    def forward(
        self,
        shape_params: Tensor | None = None,
        expression_params: Tensor | None = None,
        pose_params: Tensor | None = None,
        eye_pose_params: Tensor | None = None,
    ) -> Tensor:
        """Compute vertices; what is left out is zero, and one row serves all frames.

        Args:
            shape_params: ``[N, S]``.
            expression_params: ``[N, E]``.
            pose_params: head and jaw ``[N, 6]``, or jaw alone ``[N, 3]``, axis-angle in radians.
            eye_pose_params: left and right eye, ``[N, 6]``, axis-angle in radians.

        Returns:
            ``[N, V, 3]``.
        """
        given = (shape_params, expression_params, pose_params, eye_pose_params)
        frames = max((len(values) for values in given if values is not None), default=1)
        shaped = self._shaped(shape_params, expression_params).expand(frames, -1, -1)
        rotations = rotation_matrices(self._pose(frames, pose_params, eye_pose_params))  # [N, J, 3, 3]
        identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
        correctives = (rotations[:, 1:] - identity).flatten(1) @ self.posedirs
        joints = self.J_regressor @ shaped
        posed = shaped + correctives.view(frames, -1, 3)
        return skin(posed, joint_transforms(rotations, joints, self.parents), self.lbs_weights) * self.scale

    def _shaped(self, shape: Tensor | None, expression: Tensor | None) -> Tensor:
        """Apply identity and expression at rest: ``[N, V, 3]``, or ``[1, V, 3]``."""
        vertices = self.v_template[None]
        if shape is not None:
            vertices = vertices + (shape @ self.shapedirs).view(len(shape), -1, 3)
        if expression is not None:
            vertices = vertices + (expression @ self.expressiondirs).view(len(expression), -1, 3)
        return vertices

    def _pose(self, frames: int, pose: Tensor | None, eyes: Tensor | None) -> Tensor:
        """Gather the rotations of all joints, ``[N, J, 3]``; the neck never turns."""
        full = self.v_template.new_zeros(frames, JOINTS, 3)
        if pose is not None:
            full[:, 2] = pose[:, -3:]
            if pose.shape[1] == 6:
                full[:, 0] = pose[:, :3]
        if eyes is not None:
            full[:, 3:] = eyes.view(-1, 2, 3)
        return full


def _rows(directions: Tensor) -> Tensor:
    """Lay directions ``[V, 3, N]`` out as rows ``[N, 3V]``."""
    return directions.flatten(0, 1).T.contiguous()
