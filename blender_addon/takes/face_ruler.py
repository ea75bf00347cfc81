# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a face in millimetres: how far its lips and its lids are apart; needs no Blender.

A few dozen opposite vertices say all, so those alone are posed. Measures are taken in the head's own axes, which a turn
of the head leaves as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.naming import JOINTS
from ..steps import Steps
from .face_model import FaceModel

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# FLAME numbers its vertices in one way; opposite ones on the inside of the upper and the lower lip, corner to corner.
FLAME_LIPS = (
    (2851, 2849, 2865, 2866, 3546, 1751, 1750, 1734, 1736),
    (1775, 1794, 1803, 1850, 3506, 2939, 2906, 2897, 2882),
)
_FEW_FRAMES = 250  # measured in two or three milliseconds
_TO_MM = 1000.0
_WIDEST_AT_REST_MM = 4.0  # between the lips of a head at rest
_LID_COLUMNS = 5  # places along a lid where it is measured, where a head does not name its lids' vertices
_LID_SPAN = 0.15  # of the distance between the eyes: half the width over which they lie
_LID_OPEN_MM = (3.0, 25.0)  # of a head at rest


@dataclass(frozen=True, eq=False)
class FaceRuler:
    """The vertices of a head that are measured.

    Attributes:
        lips: the lips' vertices alone: the upper lip's, and as many opposite ones of the lower lip; none where the
            head's are not known.
        lids: the lids' vertices alone, likewise: the left eye's upper and lower ones, then the right eye's.
    """

    lips: FaceModel
    lids: FaceModel

    @classmethod
    def of(cls, model: FaceModel, lips: Indices | None = None, lids: Indices | None = None) -> FaceRuler:
        """Choose what to measure.

        Args:
            model: the whole head.
            lips: ``[2, N]`` as its file names them; ``None`` looks for FLAME's.
            lids: ``[2, 2, N]`` as its file names them; ``None`` looks for them around the eyes.
        """
        lips = flame_lips(model) if lips is None else lips
        lids = lids_around_eyes(model) if lids is None else lids
        return cls(model.subset(lips.ravel()), model.subset(lids.ravel()))

    @property
    def knows_lips(self) -> bool:
        """Whether lips can be measured."""
        return bool(len(self.lips.rest))

    @property
    def knows_lids(self) -> bool:
        """Whether lids can be measured."""
        return bool(len(self.lids.rest))

    def lip_gaps(self, motion: NDArray[np.float32]) -> Floats:
        """Return the height of the gap at each pair of lip vertices, ``[T, N]`` mm; negative where they overlap."""
        return heights(self.lips.pose_face(motion))

    def lip_gap(self, motion: NDArray[np.float32]) -> Floats:
        """Return the largest height of the gap anywhere along the lips, ``[T]`` mm."""
        return np.asarray(self.lip_gaps(motion).max(axis=1))

    def lid_gaps(self, motion: NDArray[np.float32]) -> Floats:
        """Return the largest height of the gap between the lids, left and right, ``[T, 2]`` mm."""
        left, right = np.split(self.lids.pose_face(motion), 2, axis=1)
        return np.stack([heights(left).max(axis=1), heights(right).max(axis=1)], axis=1)


def measured(measure: Callable[[NDArray[np.float32]], Floats], motion: NDArray[np.float32]) -> Steps[Floats]:
    """Measure a motion ``[T, 106]`` with one of a ruler's measures, ten seconds of it at a time."""
    if not len(motion):
        return measure(motion)
    found = []
    for first in range(0, len(motion), _FEW_FRAMES):
        found.append(measure(motion[first : first + _FEW_FRAMES]))
        yield
    return np.concatenate(found)


def heights(vertices: NDArray[np.floating]) -> Floats:
    """Return how high the upper half of vertices ``[T, 2 N, 3]`` in metres lies above the lower, ``[T, N]`` mm."""
    upper, lower = np.split(vertices[..., 1], 2, axis=-1)
    return np.asarray((upper - lower).astype(np.float64) * _TO_MM)


def flame_lips(model: FaceModel) -> Indices:
    """Return FLAME's lip pairs ``[2, 9]``, or none ``[2, 0]`` if they are no lips on this head.

    They are lips if each pair lies near the middle of the face, the upper one not below the lower one, and they are
    all but closed at rest.
    """
    none = np.zeros((2, 0), np.int64)
    lips = np.array(FLAME_LIPS)
    if len(model.rest) <= lips.max():
        return none
    upper, lower = model.rest[lips[0]], model.rest[lips[1]]
    gaps_mm = (upper[:, 1] - lower[:, 1]) * _TO_MM
    is_one_mouth = np.abs(upper - lower).max() * _TO_MM < 2 * _WIDEST_AT_REST_MM
    width, eyes = np.ptp(upper[:, 0]), eye_distance(model)
    is_wide = 0.2 * eyes < width < 1.2 * eyes and abs(upper[:, 0].mean()) < 0.1 * eyes
    is_closed = bool((gaps_mm > -1.0).all() and (gaps_mm < _WIDEST_AT_REST_MM).all())
    return lips if is_one_mouth and is_wide and is_closed else none


def lids_around_eyes(model: FaceModel) -> Indices:
    """Return pairs of vertices on the edges of the lids ``[2, 2, N]``, or none ``[2, 2, 0]``.

    The edge of a lid is the skin nearest to the line on which an eye looks: of the skin above it the lowest, of the
    skin below it the highest, at a few places from one corner to the other.
    """
    sides = [_lid_pairs(model, JOINTS.index(eye)) for eye in ("eye_l", "eye_r")]
    return np.stack(sides) if all(side.size for side in sides) else np.zeros((2, 2, 0), np.int64)


def eye_distance(model: FaceModel) -> float:
    """Return the distance between the eyes' joints in metres."""
    return float(np.linalg.norm(model.joints[JOINTS.index("eye_l")] - model.joints[JOINTS.index("eye_r")]))


def _lid_pairs(model: FaceModel, joint: int) -> Indices:
    """Return ``[2, N]`` for one eye, ``[2, 0]`` if its lids are not found."""
    away = model.rest - model.joints[joint]
    reach = eye_distance(model)
    is_skin = (model.weights[:, joint] < 0.5) & (away[:, 2] > 0.0) & (np.linalg.norm(away, axis=1) < 0.4 * reach)
    upper, lower = (np.flatnonzero(is_skin & (np.sign(away[:, 1]) == side)) for side in (1.0, -1.0))
    if not len(upper) or not len(lower):
        return np.zeros((2, 0), np.int64)
    columns = np.linspace(-_LID_SPAN, _LID_SPAN, _LID_COLUMNS) * reach
    pairs = np.array([[_edge(away, part, column) for column in columns] for part in (upper, lower)])
    open_mm = (away[pairs[0], 1] - away[pairs[1], 1]).max() * _TO_MM
    is_eye = _LID_OPEN_MM[0] < open_mm < _LID_OPEN_MM[1]
    return pairs if is_eye else np.zeros((2, 0), np.int64)


def _edge(away: NDArray[np.float32], candidates: Indices, column: float) -> int:
    """Return the candidate next to an eye's height and to a column."""
    distance = np.abs(away[candidates, 1]) + 2.0 * np.abs(away[candidates, 0] - column)
    return int(candidates[np.argmin(distance)])
