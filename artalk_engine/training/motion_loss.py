"""How far one motion is from another, where it shows: on the lips, the lids and in the speed of everything.

For small jaw angles the built-in head's vertices are linear in the channels, so distances of lips in millimetres are
one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bridge.motion import CHANNELS, EXPRESSION, EXPRESSIONS, JAW_POSE

_JAW_JOINT = 2
_FIRST_EXPRESSION = 300
_SHOWN_REGIONS = ("lips", "brows", "tongue", "lids")
_MIDDLE_OF_LIPS = slice(5, 24)  # of the seam's 29 pairs; the corners hardly open
_KEPT_DIRECTIONS = 48
_STILL = 1e-4  # deviation below which a channel never moves
_SHAPE_WEIGHT, _GAP_WEIGHT, _SPEED_WEIGHT = 0.3, 0.3, 0.5


@dataclass(frozen=True, slots=True)
class MotionStatistics:
    """Mean and deviation of each channel, ``[106]``; channels that never move have deviation 1."""

    mean: Tensor
    std: Tensor
    is_moving: Tensor

    @classmethod
    def of(cls, motion: NDArray[np.float32]) -> MotionStatistics:
        """Measure ``[T, 106]``."""
        std = torch.from_numpy(motion.std(axis=0))
        is_moving = std > _STILL
        return cls(torch.from_numpy(motion.mean(axis=0)), torch.where(is_moving, std, torch.ones(())), is_moving)


class MotionLoss(nn.Module):
    """Error of the channels, of the shown vertices, of the gap between the lips, and of the speed."""

    std: Tensor
    is_moving: Tensor
    shape: Tensor
    gap: Tensor

    def __init__(self, head: Path, statistics: MotionStatistics) -> None:
        super().__init__()
        directions = LipDirections.load(head)
        self.register_buffer("std", statistics.std)
        self.register_buffer("is_moving", statistics.is_moving)
        self.register_buffer("shape", directions.shown)
        self.register_buffer("gap", directions.gap.flatten(0, 1) / directions.gap.shape[0] ** 0.5)

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Compare ``[B, T, 106]`` with ``[B, T, 106]``; a scalar."""
        error = made - wanted
        channels = (error / self.std)[..., self.is_moving]
        shape = (error @ self.shape.T).square().sum(-1).mean()
        gap = (error @ self.gap.T).square().sum(-1).mean()
        speed = channels.diff(dim=1).square().mean()
        return channels.square().mean() + _SHAPE_WEIGHT * shape + _GAP_WEIGHT * gap + _SPEED_WEIGHT * speed


@dataclass(frozen=True, slots=True)
class LipDirections:
    """Millimetres per unit of each channel.

    Attributes:
        shown: ``[K, 106]``, the few directions that span how the shown vertices move, mean square kept.
        gap: ``[P, 3, 106]``, upper against lower lip at the middle pairs of the seam.
    """

    shown: Tensor
    gap: Tensor

    @classmethod
    def load(cls, head: Path) -> LipDirections:
        """Measure the built-in head."""
        with np.load(head) as file:
            arrays = {name: file[name] for name in file.files}
        regions = [k for k, name in enumerate(arrays["region_names"]) if str(name) in _SHOWN_REGIONS]
        shown = np.flatnonzero(np.isin(arrays["vertex_regions"], regions))
        directions = _directions(arrays, shown).reshape(-1, CHANNELS)
        _, sizes, axes = np.linalg.svd(directions, full_matrices=False)
        kept = (sizes[:, None] * axes)[:_KEPT_DIRECTIONS] / len(shown) ** 0.5
        upper, lower = (_directions(arrays, row[_MIDDLE_OF_LIPS]) for row in arrays["lip_seam"])
        return cls(torch.from_numpy(kept).float(), torch.from_numpy(upper - lower).float())

    def aperture(self, motion: Tensor) -> Tensor:
        """Mean distance of the lips in millimetres, ``[..., 106]`` to ``[...]``."""
        apart = (motion @ self.gap.flatten(0, 1).T).reshape(*motion.shape[:-1], *self.gap.shape[:2])
        distances: Tensor = torch.linalg.vector_norm(apart, dim=-1)
        return distances.mean(-1)


def _directions(arrays: dict[str, NDArray[np.float32]], vertices: NDArray[np.int64]) -> NDArray[np.float64]:
    """``[V, 3, 106]`` in millimetres."""
    template = arrays["v_template"]
    directions = np.zeros((len(vertices), 3, CHANNELS))
    expressions = slice(_FIRST_EXPRESSION, _FIRST_EXPRESSION + EXPRESSIONS)
    directions[:, :, EXPRESSION] = arrays["shapedirs"][vertices][:, :, expressions]
    arm = template[vertices] - (arrays["J_regressor"] @ template)[_JAW_JOINT]
    turn = np.cross(np.array([1.0, 0.0, 0.0]), arm)
    directions[:, :, JAW_POSE.start] = arrays["weights"][vertices, _JAW_JOINT, None] * turn
    return directions * 1000.0
