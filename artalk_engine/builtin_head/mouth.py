"""The mouth: rings of skin, lips that touch, and a closed cavity behind them."""

from __future__ import annotations

import numpy as np

from .design import MOUTH_COLUMNS, MOUTH_Y, Floats
from .rings import angles
from .surface import skin_in_front

UPPER_LIP_HEIGHT, LOWER_LIP_HEIGHT = 7.0, 8.5  # from the seam to the border, at the middle

# Skin around the mouth: half width at the corners, rise above the upper border, drop below the lower border.
PERIORAL_RINGS = ((41.0, 13.5, 12.5), (34.5, 8.0, 8.0), (29.8, 3.4, 3.6))
# Lips: half width, share of the lip's height, depth at the middle, depth at the corners (from the skin, forwards).
LIP_RINGS = (
    (26.6, 1.00, 0.5, 0.0),  # border of the red
    (26.1, 0.80, 2.3, -0.2),
    (25.6, 0.52, 3.9, -0.5),
    (25.1, 0.24, 3.8, -0.8),
    (24.6, 0.07, 2.6, -1.2),
    (24.3, 0.00, 1.0, -1.8),  # the lips touch from here
    (23.9, 0.00, -1.6, -3.2),  # to here
)
LIP_GAP = 0.2  # between the touching lips
# Inside: half width, height above and below the seam, depth at the middle and at the corners from the front of the
# seam.
CAVITY_RINGS = (
    (23.6, 1.6, 1.6, -3.6, -13.0),
    (25.0, 10.5, 12.5, -5.8, -19.0),
    (28.0, 13.5, 17.5, -14.0, -29.0),
    (27.0, 13.5, 17.5, -34.0, -40.0),
    (15.0, 8.0, 11.0, -50.0, -51.0),
)
CAVITY_END = -54.0  # depth of the cavity's last vertex
BORDER_RING = len(PERIORAL_RINGS)
SEAM_RING = BORDER_RING + 5
INNER_RING = BORDER_RING + len(LIP_RINGS)


def seam_height(along: Floats) -> Floats:
    """Return the height of the line between the lips; ``along`` runs from -1 to 1 between the corners."""
    return np.asarray(MOUTH_Y + 2.4 * along**2 - 0.7 * np.exp(-((along / 0.22) ** 2)))


def lip_heights(phi: Floats) -> Floats:
    """Return the signed height of the lip's border above the seam at each angle around the mouth."""
    bow = 1.0 - 0.14 * np.exp(-((np.cos(phi) / 0.13) ** 2)) + 0.05 * np.exp(-(((np.abs(np.cos(phi)) - 0.3) / 0.2) ** 2))
    upper = UPPER_LIP_HEIGHT * bow
    return np.asarray(np.where(np.sin(phi) >= 0.0, upper, -LOWER_LIP_HEIGHT) * np.abs(np.sin(phi)) ** 1.15)


def mouth_middle(phi: Floats) -> Floats:
    """Return one at the middle of either lip, falling to zero at the corners."""
    return np.asarray(np.abs(np.sin(phi)) ** 0.7)


def mouth_rings() -> Floats:
    """Return the skin around the mouth, the lips and the cavity as ``[R, N, 3]``, outside to inside."""
    phi = angles(MOUTH_COLUMNS)
    rings = [*perioral_rings(phi), *lip_rings(phi), *cavity_rings(phi)]
    return np.stack(rings)


def perioral_rings(phi: Floats) -> list[Floats]:
    """Return the rings of skin around the lips, each ``[N, 3]``."""
    seam, border = seam_height(np.cos(phi)), lip_heights(phi)
    rings = []
    for half_width, rise, drop in PERIORAL_RINGS:
        offset = np.where(np.sin(phi) >= 0.0, rise, drop) * np.sin(phi)
        rings.append(skin_in_front(half_width * np.cos(phi), seam + border + offset))
    return rings


def lip_rings(phi: Floats) -> list[Floats]:
    """Return the rings from the border of the lips to where they stop touching, each ``[N, 3]``."""
    seam, border, middle = seam_height(np.cos(phi)), lip_heights(phi), mouth_middle(phi)
    rings = []
    for half_width, share, depth, corner_depth in LIP_RINGS:
        gap = 0.5 * LIP_GAP * np.sign(np.round(np.sin(phi), 9))
        ring = skin_in_front(half_width * np.cos(phi), seam + border * share + gap)
        ring[:, 2] += depth * middle + corner_depth * (1.0 - middle)
        rings.append(ring)
    return rings


def cavity_rings(phi: Floats) -> list[Floats]:
    """Return the rings of the closed bag behind the lips, each ``[N, 3]``."""
    front = front_of_mouth()
    rings = []
    for half_width, above, below, depth, corner_depth in CAVITY_RINGS:
        height = np.where(np.sin(phi) >= 0.0, above, below) * np.sin(phi)
        middle = np.sin(phi) ** 2
        z = front + depth * middle + corner_depth * (1.0 - middle)
        rings.append(np.stack([half_width * np.cos(phi), seam_height(np.cos(phi)) + height, z], axis=-1))
    return rings


def cavity_end() -> Floats:
    """Return the vertex that closes the cavity at the throat."""
    return np.array([0.0, MOUTH_Y - 2.0, front_of_mouth() + CAVITY_END])


def front_of_mouth() -> float:
    """Return z of the skin at the middle of the mouth, before the lips are raised from it."""
    return float(skin_in_front(np.zeros(1), np.full(1, MOUTH_Y))[0, 2])
