# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what brings lips or lids together on a head; needs no Blender.

The built-in head has units for it. On a FLAME head it is the combination of expressions, and for the lips of the jaw,
that closes the gaps evenly and moves the rest of the face least, by regularised least squares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS, EXPRESSION, JAW_POSE

from .face_model import FaceModel
from .face_ruler import FaceRuler, eye_distance

Floats = NDArray[np.float64]

BLINK_UNITS = ("blink_l", "blink_r")
LIP_UNIT = "lip_close"

_FARTHEST = 4.0  # the largest coefficient that may be asked for, in standard deviations of faces
_LIP_STEP_M, _UNEVEN = 0.004, 0.5  # a gap that must be closable; spread of what remains, of the mean
_REST_WEIGHT, _RIDGE = 0.5, 0.02  # of what else moves, and of the coefficients, against closing the gaps
_JAW_PER_UNIT = 0.05  # radians of the jaw that weigh as much as one unit of an expression


def lip_closer(model: FaceModel, ruler: FaceRuler) -> NDArray[np.float32] | None:
    """Return motion channels ``[106]`` that move lips nearer to each other, ``None`` if a head has none that do."""
    if not ruler.knows_lips:
        return None
    if LIP_UNIT in model.expression_names:
        return _unit(model, LIP_UNIT)
    rates = np.concatenate([_opened(ruler.lips.directions), _jaw_rates(ruler)], axis=1)
    solution = _closing(model, rates, ruler.lips.rest.mean(axis=0))
    closed = -rates @ solution
    if closed.mean() <= 0.0 or closed.std() > _UNEVEN * closed.mean():
        return None
    solution *= _LIP_STEP_M / closed.mean()
    if np.abs(solution[:-1]).max() > _FARTHEST:
        return None
    return _channels(solution[:-1], solution[-1] * _JAW_PER_UNIT)


def blink_directions(model: FaceModel, ruler: FaceRuler) -> NDArray[np.float32] | None:
    """Return motion channels ``[2, 106]`` that shut the left and the right eye of a face at rest.

    ``None`` if the head's lids are not known or its expressions cannot shut them.
    """
    if all(unit in model.expression_names for unit in BLINK_UNITS):
        return np.stack([_unit(model, unit) for unit in BLINK_UNITS])
    if not ruler.knows_lids:
        return None
    left, right = (ruler.lids.subset(half) for half in np.split(np.arange(len(ruler.lids.rest)), 2))
    sides = [_lid_closer(model, left, right), _lid_closer(model, right, left)]
    if sides[0] is None or sides[1] is None:
        return None
    return np.stack([sides[0], sides[1]])


def _lid_closer(model: FaceModel, lids: FaceModel, others: FaceModel) -> NDArray[np.float32] | None:
    """Return motion channels ``[106]`` that shut one eye and leave the other as it is."""
    rates = np.concatenate([_opened(lids.directions), _opened(others.directions)])
    gaps = np.concatenate([_opened(lids.rest), np.zeros(len(others.rest) // 2)])
    solution = _closing(model, rates, lids.rest.mean(axis=0), wanted=-gaps / gaps.max())
    closed = -(rates @ solution)
    widest = int(np.argmax(gaps))
    if closed[widest] <= 0.0:
        return None
    solution *= gaps[widest] / closed[widest]
    left_open = np.abs(gaps + rates @ solution).max()
    if left_open > _UNEVEN * gaps.max() or np.abs(solution).max() > _FARTHEST:
        return None
    return _channels(solution, 0.0)


def _closing(model: FaceModel, rates: Floats, middle: NDArray[np.float32], wanted: Floats | None = None) -> Floats:
    """Return the coefficients ``[E]``, or ``[E + 1]`` with the jaw, that change gaps as wanted, by default all alike.

    Args:
        model: the whole head; what lies away from the gaps is to stay where it is.
        rates: ``[N, E]``, or ``[N, E + 1]`` with the jaw, metres that a unit of each coefficient opens each gap.
        middle: ``[3]`` where the gaps are.
        wanted: ``[N]`` change of each gap, in any measure.
    """
    wanted = -np.ones(len(rates)) if wanted is None else wanted
    away = np.linalg.norm(model.rest - middle, axis=1)
    far = model.directions[away > 0.6 * eye_distance(model)].reshape(-1, model.directions.shape[2]).astype(np.float64)
    still = np.zeros((rates.shape[1],) * 2)
    count = far.shape[1]
    still[:count, :count] = far.T @ far / max(len(far), 1)
    closing = rates.T @ rates / len(rates)
    strongest = closing.diagonal().max()
    still *= _REST_WEIGHT * strongest / max(still.diagonal().max(), 1e-30)
    ridge = _RIDGE * strongest * np.eye(len(closing))
    return np.asarray(np.linalg.solve(closing + still + ridge, rates.T @ wanted / len(rates)))


def _opened(places: NDArray[np.float32]) -> Floats:
    """Return how much higher the upper half of ``[2 N, 3, ...]`` is than the lower, ``[N, ...]``."""
    upper, lower = np.split(places[:, 1].astype(np.float64), 2)
    return np.asarray(upper - lower)


def _jaw_rates(ruler: FaceRuler) -> Floats:
    """Return how far `_JAW_PER_UNIT` of the jaw opens each pair of lips, ``[N, 1]`` metres."""
    poses = np.zeros((2, CHANNELS), np.float32)
    poses[1, JAW_POSE.start] = _JAW_PER_UNIT
    gaps = ruler.lip_gaps(poses) / 1000.0
    return np.asarray((gaps[1] - gaps[0])[:, None])


def _unit(model: FaceModel, name: str) -> NDArray[np.float32]:
    channels = np.zeros(CHANNELS, np.float32)
    channels[EXPRESSION][model.expression_names.index(name)] = 1.0
    return channels


def _channels(expression: Floats, jaw_pitch: float) -> NDArray[np.float32]:
    channels = np.zeros(CHANNELS, np.float32)
    channels[EXPRESSION][: len(expression)] = expression
    channels[JAW_POSE.start] = jaw_pitch
    return channels
