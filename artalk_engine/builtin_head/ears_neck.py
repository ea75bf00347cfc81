"""Ears, neck, and the hairline of the cap."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from .design import EAR_CENTRE, EAR_COLUMNS, NECK_COLUMNS, Floats
from .rings import angles
from .surface import cast_to_skin

# Size as a share of the ear's outline, and height outside the skin.
EAR_RINGS = (
    (0.86, 0.0),
    (0.80, 3.5),
    (0.98, 8.0),
    (1.06, 11.0),
    (1.00, 13.5),
    (0.84, 13.0),
    (0.66, 8.5),
    (0.34, 6.0),
)
EAR_HEIGHT, EAR_WIDTH = 21.0, 13.5  # half axes
EAR_END = 5.5
# Neck: height of the ring's centre, tilt as rise towards the back, inset from the skin.
NECK_RINGS = (
    (-66.0, 0.52, 0.0),
    (-84.0, 0.34, 0.0),
    (-102.0, 0.16, 0.0),
    (-120.0, 0.0, 0.0),
    (-134.0, 0.0, 0.0),
    (-138.0, 0.0, 0.8),
    (-139.0, 0.0, 4.0),
)
# The hairline as seen from the head's centre: azimuth (0 in front, 180 at the back) and elevation in degrees.
HAIRLINE = ((0, 43.5), (24, 44), (44, 38), (60, 25), (76, 13), (92, 11), (108, 11), (126, 0), (150, -19), (180, -26))
HAIRLINE_POINTS = 29  # on the left half, both ends included
CAP_THICKNESS = 2.6  # of the hair at its edge
HAIR_VOLUME, HAIR_RISE = 8.0, 34.0  # thickness gained away from the edge, and how far away it is all there
CAP_EDGE = 0.028  # radians between the foot and the top of the cap's edge


def ear_rings() -> Floats:
    """Return the left ear as ``[R, N, 3]``: root, back, rim, bowl."""
    phi = angles(EAR_COLUMNS)
    lobe = 1.0 + np.where(np.sin(phi) < 0.0, 0.18, 0.10) * np.sin(phi)
    backward, up = EAR_WIDTH * np.cos(phi) * lobe, EAR_HEIGHT * np.sin(phi)
    rings = []
    for size, height in EAR_RINGS:
        foot = ear_foot(up * size, -backward * size + 0.10 * up * size - 0.25 * height)
        foot[:, 0] += height * (1.0 + 0.5 * backward / EAR_WIDTH)
        rings.append(foot)
    return np.stack(rings)


def ear_foot(local_y: Floats, local_z: Floats) -> Floats:
    """Return the skin below points of the left ear, looking along -X, ``[N, 3]``."""
    origins = EAR_CENTRE + np.stack([np.full_like(local_y, 20.0), local_y, local_z], axis=-1)
    return cast_to_skin(origins, np.broadcast_to([1.0, 0.0, 0.0], origins.shape), start=10.0)


def ear_bowl() -> Floats:
    """Return the vertex at the bottom of the left ear's bowl."""
    return np.asarray(ear_foot(np.zeros(1), np.zeros(1))[0] + [EAR_END, 0.0, 0.0])


def neck_rings() -> Floats:
    """Return the neck as ``[R, N, 3]`` from under the skull to the rolled rim."""
    phi = angles(NECK_COLUMNS)
    rings = []
    for height, tilt, inset in NECK_RINGS:
        centre = np.array([0.0, height, -22.0 + 0.09 * (height + 72.0)])
        flat = np.stack([np.cos(phi), -tilt * np.sin(phi), np.sin(phi)], axis=-1)
        flat /= np.linalg.norm(flat, axis=-1, keepdims=True)
        rings.append(cast_to_skin(centre, flat, start=10.0) - inset * flat)
    return np.stack(rings)


def hairline_elevation(azimuth: Floats) -> Floats:
    """Return the elevation of the cap's edge in radians; azimuth is zero in front and pi at the back."""
    knots = np.radians(HAIRLINE)
    return np.asarray(PchipInterpolator(knots[:, 0], knots[:, 1])(azimuth))


def hairline_directions() -> tuple[Floats, Floats]:
    """Return directions along the left half of the cap's edge, front to back: its foot and its top, ``[N, 3]`` each."""
    dense = hairline_at(np.linspace(0.0, np.pi, 800))
    length = np.append(0.0, np.linalg.norm(np.diff(dense, axis=0), axis=1).cumsum())
    wanted = np.linspace(0.0, length[-1], HAIRLINE_POINTS)
    foot = hairline_at(np.interp(wanted, length, np.linspace(0.0, np.pi, 800)))
    foot[[0, -1], 0] = 0.0
    crown = foot * [0.0, 1.0, 1.0]
    crown = crown.mean(axis=0) / np.linalg.norm(crown.mean(axis=0))
    top = foot + CAP_EDGE * (crown - foot * (foot @ crown)[:, None])
    return foot, top / np.linalg.norm(top, axis=-1, keepdims=True)


def hairline_at(azimuth: Floats) -> Floats:
    """Return the directions of the hairline at ``[N]`` azimuths, ``[N, 3]``."""
    elevation = hairline_elevation(azimuth)
    flat = np.cos(elevation)
    return np.stack([flat * np.sin(azimuth), np.sin(elevation), flat * np.cos(azimuth)], axis=-1)
