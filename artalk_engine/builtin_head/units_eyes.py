"""Fields that move the lids."""

from __future__ import annotations

import numpy as np

from .design import EYE_COLUMNS, Floats
from .eyes import CREASE_RING, EDGE_RING, LID_RINGS, lid_ring, on_eyeball
from .fields import Canvas, Field
from .rings import angles

HIDDEN_LID_RING = len(LID_RINGS) - 1
LID_CLEARANCE = 1.5  # millimetres that a closed lid stands further off, so that the straight way there clears the eye


def move_left_lids(upper: float, lower: float) -> Field:
    """Return a field that turns the edges of the left lids by degrees upwards; the crease stays."""

    def field(canvas: Canvas) -> Floats:
        phi = angles(EYE_COLUMNS)
        is_upper = np.sin(phi) >= 0.0
        turn = np.where(is_upper, upper, lower) * np.abs(np.sin(phi))
        off = LID_CLEARANCE * np.abs(np.sin(phi)) * np.clip(np.abs(turn) / 30.0, 0.0, 1.0)
        crease, edge = lid_ring(0)[1], lid_ring(EDGE_RING)[1]
        total = np.zeros_like(canvas.vertices)
        for ring in range(len(LID_RINGS)):
            azimuth, elevation, outside = lid_ring(ring)
            share = 0.3 if ring == HIDDEN_LID_RING else share_of_way(elevation, crease, edge)
            moved = on_eyeball(azimuth, elevation + share * turn, outside + share * off)
            total[canvas.layout.eyelids[0][CREASE_RING + ring]] = moved - on_eyeball(azimuth, elevation, outside)
        return total

    return field


def share_of_way(value: Floats, start: Floats, end: Floats) -> Floats:
    """Return where ``value`` lies between ``start`` (0) and ``end`` (1)."""
    span = np.where(np.abs(end - start) < 1e-9, 1.0, end - start)
    return np.clip((value - start) / span, 0.0, 1.0)
