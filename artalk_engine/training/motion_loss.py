"""How far one motion is from another, where it shows: on the lips, the lids and in the speed of everything.

For small jaw angles the built-in head's vertices are linear in the channels, so distances of lips in millimetres are
one matrix product. What is seen is smoothed, and so are the distances that decide whether lips are closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.motion.smoothing import ORDER, SPAN, fit_matrix
from bridge.motion import CHANNELS, EXPRESSION, EXPRESSIONS, GLOBAL_ORIENT, JAW_POSE

_JAW_JOINT = 2
_FIRST_EXPRESSION = 300
_SHOWN_REGIONS = ("lips", "brows", "tongue", "lids")
_MIDDLE_OF_LIPS = slice(5, 24)  # of the seam's 29 pairs; the corners hardly open
_KEPT_DIRECTIONS = 48
_STILL = 1e-4  # deviation below which a channel never moves
_SHAPE_WEIGHT, _GAP_WEIGHT, _SPEED_WEIGHT = 0.3, 0.3, 0.5
_SEALED_MM, _OPEN_MM = 0.6, 2.0  # where the rule is nearer, lips must close; where it is further, they must not
_CLOSED_MM, _SOFTNESS_MM = 1.0, 0.4  # where closed lips are told from open ones, and how sharply
_MISSED_WEIGHT, _FALSE_WEIGHT = 3.0, 2.0


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


class ClosureLoss(nn.Module):
    """Counts, softly, the frames on which lips do not close though they must, and close though they must not."""

    heights: Tensor
    rest: Tensor
    kernel: Tensor

    def __init__(self, head: Path) -> None:
        super().__init__()
        lips = LipDirections.load(head)
        self.register_buffer("heights", lips.heights)
        self.register_buffer("rest", lips.rest_heights)
        self.register_buffer("kernel", torch.from_numpy(fit_matrix(SPAN, ORDER)[SPAN // 2]).float()[None, None])

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Compare ``[B, T, 106]`` with ``[B, T, 106]``; a scalar, near 0 if all lips close where they must."""
        gap, right = self.gap(made), self.gap(wanted)
        missed = F.softplus((gap - _CLOSED_MM) / _SOFTNESS_MM) * (right < _SEALED_MM)
        false = F.softplus((_CLOSED_MM - gap) / _SOFTNESS_MM) * (right > _OPEN_MM)
        return _SOFTNESS_MM * (_MISSED_WEIGHT * missed + _FALSE_WEIGHT * false).mean()

    def gap(self, motion: Tensor) -> Tensor:
        """Largest height of the gap between the lips, smoothed, ``[B, T, 106]`` to ``[B, T - 4]`` in millimetres."""
        heights = motion @ self.heights.T + self.rest  # [B, T, P]
        batch, frames, pairs = heights.shape
        lines = heights.transpose(1, 2).reshape(batch * pairs, 1, frames)
        smoothed: Tensor = F.conv1d(lines, self.kernel).view(batch, pairs, -1)
        return smoothed.amax(dim=1)


def spread_loss(made: Tensor, wanted: Tensor, std: Tensor) -> Tensor:
    """Compare how far the head turns within windows ``[B, T, 106]``; a scalar.

    A squared error asks for the mean of all nods that might come, which is hardly a nod; this asks for their size.
    """
    sizes = [motion[..., GLOBAL_ORIENT].std(dim=1) / std[GLOBAL_ORIENT] for motion in (made, wanted)]
    return (sizes[0] - sizes[1]).square().mean()


@dataclass(frozen=True, slots=True)
class LipDirections:
    """Millimetres per unit of each channel.

    Attributes:
        shown: ``[K, 106]``, the few directions that span how the shown vertices move, mean square kept.
        gap: ``[P, 3, 106]``, upper against lower lip at the middle pairs of the seam.
        heights: ``[Q, 106]``, the vertical part of it at all pairs of the seam.
        rest_heights: ``[Q]``, that part at rest, in millimetres.
    """

    shown: Tensor
    gap: Tensor
    heights: Tensor
    rest_heights: Tensor

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
        upper, lower = (_directions(arrays, row) for row in arrays["lip_seam"])
        apart = torch.from_numpy(upper - lower).float()
        rest = arrays["v_template"][arrays["lip_seam"]] * 1000.0  # [2, Q, 3]
        rest_heights = torch.from_numpy(rest[0, :, 1] - rest[1, :, 1]).float()
        return cls(torch.from_numpy(kept).float(), apart[_MIDDLE_OF_LIPS], apart[:, 1], rest_heights)

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
