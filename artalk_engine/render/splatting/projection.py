"""Gaussians as the camera sees them: where, how wide, how far, and over which tiles of the picture.

All is computed in float64, which costs little here and leaves no doubt about radii, tiles and order.

References:
    Zwicker et al., EWA Volume Splatting, 2001.
    Kerbl et al., 3D Gaussian Splatting for Real-Time Radiance Field Rendering, 2023.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artalk_engine.render.compiled import compiled

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]

TILE = 16  # pixels; a Gaussian is drawn in whole tiles, so that this is part of the result
NEAR = 0.2  # anything nearer is not drawn
BLUR = 0.3  # square pixels, added to every Gaussian: none is thinner than a pixel
WIDEST = 1.3  # of half the field of view, beyond which perspective is no longer followed
LEAST_SPREAD = 0.1  # of the radius' formula
TINY = 1e-7  # added to the distance that a point is divided by
LEAST_ALPHA = 1 / 255
LARGEST = 1e15  # pixels: nothing of such a radius is a picture's, and float32 could not follow it
MOST_OPACITY = 1e30  # beyond which float32 could not follow alpha down to the least
SLACK = 1e-4  # in an exponent, by which ellipses are taken larger: pixels themselves decide what they show

# What is kept of each Gaussian, one cache line of float64:
U, V = 0, 1  # its centre: right and down, in pixels, 0 in the middle of the first
ALONG, SHEAR, ACROSS = 2, 3, 4  # exponent = -(along * (dx + shear * dy)^2 + across * dy^2) / 2
OPACITY = 5
HALF_WIDTH, HALF_HEIGHT = 6, 7  # of the box around all that is drawn of it, in pixels
FIELDS = 8


@dataclass(frozen=True, eq=False)
class Footprints:
    """Gaussians on the screen.

    Attributes:
        fields: ``[G, 8]``; see the names above.
        depths: distances along the view, ``[G]``.
        radii: as the reference has them, in pixels, ``[G]``; 0 is out of sight.
        tiles: the tiles that they may show in, ``[G, 4]``: left, top, right, bottom, the last two not included. As the
            reference has them, less those that the ellipse of the least alpha does not reach.
    """

    fields: Doubles
    depths: Floats
    radii: Ints
    tiles: Ints

    @classmethod
    def empty(cls, count: int) -> Footprints:
        """Return room for so many."""
        fields, tiles = np.empty((count, FIELDS)), np.empty((count, 4), np.int32)
        return cls(fields, np.empty(count, np.float32), np.empty(count, np.int32), tiles)


@compiled
def project(
    start: int,
    end: int,
    means: Floats,
    quaternions: Floats,
    scales: Floats,
    opacities: Floats,
    camera: Doubles,
    focal: float,
    height: int,
    width: int,
    fields: Doubles,
    depths: Floats,
    radii: Ints,
    tiles: Ints,
) -> None:
    """Project Gaussians ``start`` to ``end`` and write what ``Footprints`` holds of them into its arrays.

    Args:
        start: the first.
        end: behind the last.
        means: ``[G, 3]``.
        quaternions: ``[G, 4]``, real part first. Quirk: they are used at the length that they have; the avatar's are
            not of length 1.
        scales: ``[G, 3]``.
        opacities: ``[G]``.
        camera: ``[3, 4]``; a point as a row becomes ``point @ camera[:, :3] + camera[:, 3]``: left, up, away.
        focal: in halves of the picture's width and height.
        height: in pixels.
        width: in pixels.
        fields: ``[G, 8]``, written.
        depths: ``[G]``, written.
        radii: ``[G]``, written.
        tiles: ``[G, 4]``, written.
    """
    grid_rows, grid_columns = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    focal_x, focal_y, limit = width * focal / 2, height * focal / 2, WIDEST / focal
    for g in range(start, end):
        radii[g] = 0
        tiles[g, 0], tiles[g, 1], tiles[g, 2], tiles[g, 3] = 0, 0, 0, 0
        mx, my, mz = np.float64(means[g, 0]), np.float64(means[g, 1]), np.float64(means[g, 2])
        # Right, down, away.
        x = -(mx * camera[0, 0] + my * camera[1, 0] + mz * camera[2, 0] + camera[0, 3])
        y = -(mx * camera[0, 1] + my * camera[1, 1] + mz * camera[2, 1] + camera[1, 3])
        z = mx * camera[0, 2] + my * camera[1, 2] + mz * camera[2, 2] + camera[2, 3]
        if not z > NEAR:
            continue
        u = ((focal * x / (z + TINY) + 1) * width - 1) / 2
        v = ((focal * y / (z + TINY) + 1) * height - 1) / 2
        a, b, c = _spread(g, quaternions, scales, camera, focal_x, focal_y, limit, x, y, z)
        det = a * c - b * b
        middle = (a + c) / 2
        spread = 3 * math.sqrt(middle + math.sqrt(max(LEAST_SPREAD, middle * middle - det)))
        if not (det > 0 and spread < LARGEST):
            continue
        radius = math.ceil(spread)
        left, right = _tile(u - radius, grid_columns), _tile(u + radius + (TILE - 1), grid_columns)
        top, bottom = _tile(v - radius, grid_rows), _tile(v + radius + (TILE - 1), grid_rows)
        if left >= right or top >= bottom:
            continue
        radii[g] = min(radius, 2**31 - 1)
        opacity = min(np.float64(opacities[g]), MOST_OPACITY)
        reach = 2 * (math.log(opacity / LEAST_ALPHA) + SLACK) if opacity > 0 else -1.0
        if reach < 0:
            continue
        half_width, half_height = math.sqrt(reach * a), math.sqrt(reach * c)
        tiles[g, 0] = max(left, _tile(u - half_width, grid_columns))
        tiles[g, 1] = max(top, _tile(v - half_height, grid_rows))
        tiles[g, 2] = min(right, _tile(u + half_width + TILE, grid_columns))
        tiles[g, 3] = min(bottom, _tile(v + half_height + TILE, grid_rows))
        fields[g, U], fields[g, V] = u, v
        fields[g, ALONG], fields[g, SHEAR], fields[g, ACROSS] = c / det, -b / c, 1 / c
        fields[g, OPACITY], fields[g, HALF_WIDTH], fields[g, HALF_HEIGHT] = opacity, half_width, half_height
        depths[g] = z


@compiled
def _spread(
    g: int,
    quaternions: Floats,
    scales: Floats,
    camera: Doubles,
    focal_x: float,
    focal_y: float,
    limit: float,
    x: float,
    y: float,
    z: float,
) -> tuple[float, float, float]:
    """Return the covariance of a Gaussian on the screen, in square pixels: of u, of both, of v."""
    i, j = quaternions[g], scales[g]
    w, p, q, r = np.float64(i[0]), np.float64(i[1]), np.float64(i[2]), np.float64(i[3])
    sx, sy, sz = np.float64(j[0]), np.float64(j[1]), np.float64(j[2])
    far_x, far_y = min(max(x / z, -limit), limit) * z, min(max(y / z, -limit), limit) * z
    ux, uz = focal_x / z, -focal_x * far_x / (z * z)
    vy, vz = focal_y / z, -focal_y * far_y / (z * z)
    a, b, c = BLUR, 0.0, BLUR
    for axis in range(3):  # of the Gaussian, as a vector in the world
        if axis == 0:
            ax, ay, az = sx * (1 - 2 * (q * q + r * r)), sx * 2 * (p * q + w * r), sx * 2 * (p * r - w * q)
        elif axis == 1:
            ax, ay, az = sy * 2 * (p * q - w * r), sy * (1 - 2 * (p * p + r * r)), sy * 2 * (q * r + w * p)
        else:
            ax, ay, az = sz * 2 * (p * r + w * q), sz * 2 * (q * r - w * p), sz * (1 - 2 * (p * p + q * q))
        seen_x = -(ax * camera[0, 0] + ay * camera[1, 0] + az * camera[2, 0])
        seen_y = -(ax * camera[0, 1] + ay * camera[1, 1] + az * camera[2, 1])
        seen_z = ax * camera[0, 2] + ay * camera[1, 2] + az * camera[2, 2]
        du, dv = ux * seen_x + uz * seen_z, vy * seen_y + vz * seen_z
        a, b, c = a + du * du, b + du * dv, c + dv * dv
    return a, b, c


@compiled
def _tile(pixel: float, tiles: int) -> int:
    """Return the tile that a pixel is in, 0 to ``tiles``."""
    return int(min(max(pixel / TILE, 0.0), float(tiles)))
