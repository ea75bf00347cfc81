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
from .face_ruler import FaceRuler, Indices, eye_distance

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
    rates = np.concatenate([_gap_rates(ruler, ruler.lips), _jaw_rates(ruler)], axis=1)
    solution = _closing(model, rates, _middle(ruler, ruler.lips))
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
    sides = [_lid_closer(model, ruler, side) for side in (0, 1)]
    if sides[0] is None or sides[1] is None:
        return None
    return np.stack([sides[0], sides[1]])


def _lid_closer(model: FaceModel, ruler: FaceRuler, side: int) -> NDArray[np.float32] | None:
    """Return motion channels ``[106]`` that shut one eye and leave the other as it is."""
    other = ruler.lids[1 - side]
    rates = np.concatenate([_gap_rates(ruler, ruler.lids[side]), _gap_rates(ruler, other)])
    gaps = np.concatenate([_rest_gaps(ruler, ruler.lids[side]), np.zeros(other.shape[1])])
    solution = _closing(model, rates, _middle(ruler, ruler.lids[side]), wanted=-gaps / gaps.max())
    closed = -(rates @ solution)[: ruler.lids[side].shape[1]]
    widest = int(np.argmax(gaps))
    if closed[widest] <= 0.0:
        return None
    solution *= gaps[widest] / closed[widest]
    left_open = np.abs(gaps + rates @ solution).max()
    if left_open > _UNEVEN * gaps.max() or np.abs(solution).max() > _FARTHEST:
        return None
    return _channels(solution, 0.0)


def _closing(model: FaceModel, rates: Floats, middle: Floats, wanted: Floats | None = None) -> Floats:
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


def _gap_rates(ruler: FaceRuler, pairs: Indices) -> Floats:
    """Return how far a unit of each expression opens each pair, ``[N, E]`` metres."""
    up = ruler.model.directions[:, 1].astype(np.float64)
    return np.asarray(up[pairs[0]] - up[pairs[1]])


def _jaw_rates(ruler: FaceRuler) -> Floats:
    """Return how far `_JAW_PER_UNIT` of the jaw opens each pair of lips, ``[N, 1]`` metres."""
    poses = np.zeros((2, CHANNELS), np.float32)
    poses[1, JAW_POSE.start] = _JAW_PER_UNIT
    gaps = ruler.lip_gaps(poses) / 1000.0
    return np.asarray((gaps[1] - gaps[0])[:, None])


def _rest_gaps(ruler: FaceRuler, pairs: Indices) -> Floats:
    up = ruler.model.rest[:, 1].astype(np.float64)
    return np.asarray(up[pairs[0]] - up[pairs[1]])


def _middle(ruler: FaceRuler, pairs: Indices) -> Floats:
    return np.asarray(ruler.model.rest[pairs.ravel()].mean(axis=0), np.float64)


def _unit(model: FaceModel, name: str) -> NDArray[np.float32]:
    channels = np.zeros(CHANNELS, np.float32)
    channels[EXPRESSION][model.expression_names.index(name)] = 1.0
    return channels


def _channels(expression: Floats, jaw_pitch: float) -> NDArray[np.float32]:
    channels = np.zeros(CHANNELS, np.float32)
    channels[EXPRESSION][: len(expression)] = expression
    channels[JAW_POSE.start] = jaw_pitch
    return channels
