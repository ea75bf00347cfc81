"""The eyes: orbit, lids and socket as rings around a ball, and the ball itself."""

from __future__ import annotations

import numpy as np

from .design import EYE_CENTRE, EYE_COLUMNS, EYE_RADIUS, LEFT_EYE, LID_EDGE, LID_SHELL, Floats
from .rings import Part, angles, right_half, tube
from .surface import skin_in_front

# The opening: azimuth of its middle and half its width, elevation of the upper and the lower edge, in degrees.
LID_AZIMUTH, LID_HALF_WIDTH, LID_UPPER, LID_LOWER = 5.0, 50.0, 26.0, -25.0
LID_MEETING = -10.0  # elevation where the lids meet when they blink
# Skin around the eye: half width, rise, drop, and how much of it follows the skin rather than the lid's shell.
ORBIT_RINGS = ((27.0, 22.5, 22.0, 1.0), (24.5, 20.0, 19.5, 0.9), (22.4, 17.8, 17.2, 0.5))
# Lids: reach as a multiple of the opening in azimuth, the same in elevation, distance outside the eyeball.
LID_RINGS = (
    (1.28, 1.66, 1.7),  # crease
    (1.19, 1.42, 2.0),
    (1.10, 1.18, 2.0),
    (1.02, 1.03, LID_SHELL),
    (1.00, 1.00, 1.0),  # lashes: see `LASH_RISE`
    (1.00, 1.00, LID_EDGE),  # wet edge
    (1.18, 1.55, 1.5),  # hidden below the lid
)
LASH_RING, EDGE_RING = 4, 5  # in the table above
LASH_RISE, LASH_LENGTH = 0.84, 1.8  # at its middle the upper lid's lashes hang this low, and stand out this much more
SOCKET_RINGS = (
    (80.0, 2.6),
    (112.0, 4.5),
    (145.0, 5.0),
)  # polar angle from the front in degrees, distance outside the eyeball
SOCKET_TEMPLE = 0.7  # share of that distance that is missing towards the temple, where the skin is near
SOCKET_END = np.array([0.0, 0.0, EYE_RADIUS + 5.0])  # how far the socket's last vertex lies behind the eyeball's centre
CREASE_RING = len(ORBIT_RINGS)
LID_SEAM_RING = CREASE_RING + EDGE_RING

EYEBALL_COLUMNS = 32
EYEBALL_RINGS = (6.0, 13.0, 21.0, 29.0, 32.0, 45.0, 60.0, 78.0, 100.0, 125.0, 150.0)  # polar angles in degrees
PUPIL_ANGLE, IRIS_ANGLE = 13.0, 29.0


def on_eyeball(azimuth: Floats, elevation: Floats, outside: Floats | float) -> Floats:
    """Return points around the left eyeball; lids turn in ``elevation``, about the axis X.  Angles in degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    unit = np.stack([np.sin(a), np.cos(a) * np.sin(e), np.cos(a) * np.cos(e)], axis=-1)
    return np.asarray(EYE_CENTRE + unit * (EYE_RADIUS + np.asarray(outside)[..., None]))


def lid_azimuth_elevation(reach: float, rise: float) -> tuple[Floats, Floats]:
    """Return azimuth and elevation of a lid ring in degrees, ``[N]`` each."""
    phi = angles(EYE_COLUMNS)
    edge = np.where(np.sin(phi) >= 0.0, LID_UPPER, -LID_LOWER)
    return LID_AZIMUTH + LID_HALF_WIDTH * reach * np.cos(phi), edge * rise * np.sin(phi)


def lid_ring(ring: int) -> tuple[Floats, Floats, Floats]:
    """Return azimuth and elevation in degrees, and distance outside the eyeball, of a lid ring, ``[N]`` each."""
    reach, rise, outside = LID_RINGS[ring]
    azimuth, elevation = lid_azimuth_elevation(reach, rise)
    hang = np.clip(np.sin(angles(EYE_COLUMNS)), 0.0, 1.0) ** 0.7 if ring == LASH_RING else 0.0 * azimuth
    return azimuth, elevation * (1.0 - (1.0 - LASH_RISE) * hang), outside + LASH_LENGTH * hang


def eye_rings() -> Floats:
    """Return the left orbit, lids and socket as ``[R, N, 3]``, outside to inside."""
    rings = [*orbit_rings(), *lid_rings(), *socket_rings()]
    return np.stack(rings)


def orbit_rings() -> list[Floats]:
    """Return the rings from the face to the crease of the lids."""
    phi = angles(EYE_COLUMNS)
    shell = on_eyeball(*lid_azimuth_elevation(*LID_RINGS[0][:2]), LID_RINGS[0][2])
    rings = []
    for half_width, rise, drop, share in ORBIT_RINGS:
        height = np.where(np.sin(phi) >= 0.0, rise, drop) * np.sin(phi)
        skin = skin_in_front(EYE_CENTRE[0] + 1.0 + half_width * np.cos(phi), EYE_CENTRE[1] + height)
        flat_shell = np.concatenate([skin[:, :2], shell[:, 2:]], axis=1)
        rings.append(share * skin + (1.0 - share) * flat_shell)
    return rings


def lid_rings() -> list[Floats]:
    """Return the rings of the open lids, crease to hidden edge."""
    return [on_eyeball(*lid_ring(ring)) for ring in range(len(LID_RINGS))]


def socket_rings() -> list[Floats]:
    """Return the rings of the cup behind the eyeball."""
    phi = angles(EYE_COLUMNS)
    rings = []
    for polar_degrees, outside in SOCKET_RINGS:
        unit = globe_unit(np.radians(polar_degrees), phi)
        room = outside * (1.0 - SOCKET_TEMPLE * np.clip(np.cos(phi), 0.0, 1.0) ** 2)
        rings.append(EYE_CENTRE + unit * (EYE_RADIUS + room)[:, None])
    return rings


def globe_unit(polar: Floats | float, phi: Floats) -> Floats:
    """Return unit vectors at angles ``polar`` from +Z and ``phi`` around it, in radians."""
    return np.stack([np.sin(polar) * np.cos(phi), np.sin(polar) * np.sin(phi), np.cos(polar) + 0.0 * phi], axis=-1)


def eyeball() -> Part:
    """Return the left eyeball, a globe whose pole looks ahead; its rings fit pupil and iris."""
    phi, polar = angles(EYEBALL_COLUMNS), np.radians(EYEBALL_RINGS)[:, None]
    unit = globe_unit(polar, phi)
    pole = np.array([0.0, 0.0, EYE_RADIUS])
    return tube(EYE_CENTRE + unit * EYE_RADIUS, EYE_CENTRE + pole, EYE_CENTRE - pole, LEFT_EYE, right_half(len(phi)))
