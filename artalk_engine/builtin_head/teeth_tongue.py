"""Closed parts of their own: teeth, tongue and eyebrows."""

from __future__ import annotations

import numpy as np

from .design import BROWS, MOUTH_Y, TEETH, TONGUE
from .mouth import front_of_mouth
from .rings import Part, angles, right_half, tube
from .surface import skin_in_front, skin_normals

# Cross-section of a row of teeth: millimetres outwards from its front, height from biting edge (-1) to root (1).
TOOTH_SECTION = (
    (0.0, -0.65),
    (0.0, 0.7),
    (-0.9, 1.0),
    (-3.1, 1.0),
    (-4.0, 0.7),
    (-4.0, -0.6),
    (-2.9, -1.0),
    (-0.9, -1.0),
)
# Half width of the arch, its front behind the front of the mouth, biting edge and root above the seam of the lips.
UPPER_TEETH = {"half_width": 20.5, "front": -7.6, "edge": -2.6, "root": 8.5}
LOWER_TEETH = {"half_width": 18.6, "front": -10.4, "edge": -3.2, "root": -12.5}
TEETH_COLUMNS = 25  # every third one is a groove between two teeth
TONGUE_COLUMNS, TONGUE_RINGS = 12, 12
BROW_COLUMNS, BROW_RINGS = 8, 11
BROW_PATH = ((12.0, 41.5), (22.0, 46.0), (34.0, 47.0), (46.0, 40.0))  # x and y of the left eyebrow, from inside


def tooth_row(half_width: float, front: float, edge: float, root: float) -> Part:
    """Return a row of teeth on an arch.

    Args:
        half_width: of the arch, in millimetres.
        front: of the arch's middle behind the front of the mouth.
        edge: height of the biting edge above the seam of the lips.
        root: height of the other end above the seam.
    """
    turn = np.radians(np.linspace(-75.0, 75.0, TEETH_COLUMNS))
    groove = np.where(np.arange(TEETH_COLUMNS) % 3 == 0, 1.0, 0.0)[:, None]
    out, up = np.array(TOOTH_SECTION).T
    is_front, is_edge = (out > -1.0) & (up < 0.9), up < 0.0
    along = half_width * np.stack([np.sin(turn), 1.15 * (np.cos(turn) - 1.0)], axis=-1)[:, None]
    normal = np.stack([1.15 * np.sin(turn), np.cos(turn)], axis=-1)[:, None]
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    ground = along + normal * (out - 0.6 * groove * is_front)[..., None]
    middle, half = 0.5 * (edge + root), 0.5 * (root - edge)
    ends = 1.0 - 0.4 * (np.abs(turn) / turn[-1])[:, None] ** 4
    height = MOUTH_Y + middle + half * ends * (up + 0.12 * groove * is_edge)
    rings = np.stack([ground[..., 0], height, ground[..., 1] + front_of_mouth() + front], axis=-1)
    return tube(rings, rings[0].mean(axis=0), rings[-1].mean(axis=0), TEETH, np.ones(len(out), dtype=bool))


def tongue() -> Part:
    """Return the tongue, swept from the throat to the tip behind the lower teeth."""
    along = np.linspace(0.0, 1.0, TONGUE_RINGS)
    phi = angles(TONGUE_COLUMNS)
    bulk = (1.0 - (2.0 * along - 1.0) ** 4) ** 0.5 * 0.86 + 0.14
    width, height = 13.6 * bulk * (1.0 - 0.12 * along), 4.8 * bulk
    y = MOUTH_Y - 6.2 + 5.0 * np.sin(np.pi * along) * (1.0 - along)
    z = front_of_mouth() - 47.0 + 31.0 * along
    top_groove = np.exp(-((np.cos(phi) / 0.35) ** 2)) * (np.sin(phi) > 0.0)
    rings = np.stack(
        [
            width[:, None] * np.cos(phi),
            y[:, None] + height[:, None] * np.sin(phi) * (1.0 - 0.25 * top_groove),
            z[:, None] + 0.0 * phi,
        ],
        axis=-1,
    )
    end = np.array([0.0, 0.0, 0.8])
    back, tip = rings[0].mean(axis=0) - end, rings[-1].mean(axis=0) + end
    return tube(rings, back, tip, TONGUE, right_half(TONGUE_COLUMNS))


def brow() -> Part:
    """Return the left eyebrow, a tapered strip half sunk into the skin."""
    along = np.linspace(0.0, 1.0, BROW_RINGS)
    knots = np.linspace(0.0, 1.0, len(BROW_PATH))
    path = np.stack([np.polyval(np.polyfit(knots, c, 3), along) for c in np.array(BROW_PATH).T], axis=-1)
    spine = skin_in_front(path[:, 0], path[:, 1])
    normal = skin_normals(spine)
    across = np.cross(normal, np.gradient(spine, axis=0))
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    taper = np.sqrt(np.clip(1.0 - (1.9 * along - 0.85) ** 4, 0.15, 1.0)) * (1.0 - 0.45 * along)
    phi = angles(BROW_COLUMNS)
    rings = (
        spine[:, None]
        + across[:, None] * (4.2 * taper[:, None] * np.cos(phi))[..., None]
        + normal[:, None] * (2.4 * taper[:, None] * np.sin(phi) + 0.4)[..., None]
    )
    return tube(rings, rings[0].mean(axis=0), rings[-1].mean(axis=0), BROWS, np.ones(BROW_COLUMNS, dtype=bool))
