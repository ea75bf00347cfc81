"""Triangles to pixels on the processor, with the very arithmetic of PyTorch3D's rasterizer and Phong shader.

Points are projected, each pixel's centre finds the nearest triangle around it, and the pixel is lit by one light:

    screen, normals ─► nearest triangle of each pixel ─► position, normal, colour there ─► light

All numbers are float32 and all sums are in the reference's order, so that the same pixels are covered. A band of rows
needs nothing of its neighbours: who draws it, and when, cannot change it.

References:
    Ravi et al., Accelerating 3D Deep Learning with PyTorch3D, 2020.
    Phong, Illumination for Computer Generated Pictures, 1975.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

TINY = 1e-8  # smallest area, depth and denominator
SHORTEST = np.float32(1e-6)  # a vector is divided by its length, or by this
AMBIENT, DIFFUSE = np.float32(0.5), np.float32(0.3)
SPECULAR = np.float32(0.2) * np.float32(0.6)  # of the light, times of the material; the highlight's exponent is 10
ZERO, TWO = np.float32(0), np.float32(2)


def pixel_centres(pixels: int, other: int) -> Floats:
    """Return the coordinates of pixel centres along one side, falling from left or top.

    Args:
        pixels: along this side.
        other: along the other side; the shorter of both spans -1..1.
    """
    span = np.float32(2 * pixels) / np.float32(other) if pixels > other else TWO
    half = span / TWO
    steps = span * np.arange(pixels, dtype=np.float32) + half
    return np.ascontiguousarray((-half + steps / np.float32(pixels))[::-1])


@compiled
def project(vertices: Floats, transform: Floats, focal: np.float32) -> Floats:
    """Return where vertices ``[V, 3]`` are seen, ``[V, 3]``: left, up, and distance along the view.

    Args:
        vertices: in the world.
        transform: of the camera, ``[3, 4]``; see ``camera.Camera``.
        focal: of the camera.
    """
    screen = np.empty_like(vertices)
    for v in range(len(vertices)):
        x, y, z = vertices[v]
        depth = x * transform[0, 2] + y * transform[1, 2] + z * transform[2, 2] + transform[2, 3]
        screen[v, 2] = depth
        for axis in range(2):
            along = x * transform[0, axis] + y * transform[1, axis] + z * transform[2, axis] + transform[axis, 3]
            screen[v, axis] = focal * along / depth
    return screen


@compiled
def vertex_normals(vertices: Floats, faces: Ints) -> Floats:
    """Return the normals ``[V, 3]`` of vertices: the sum of their triangles', weighted by area."""
    normals = np.zeros_like(vertices)
    for corner in (1, 2, 0):  # the order in which the reference adds
        for f in range(len(faces)):
            own = faces[f, corner]
            after, before = vertices[faces[f, (corner + 1) % 3]], vertices[faces[f, (corner + 2) % 3]]
            ax, ay, az = after[0] - vertices[own, 0], after[1] - vertices[own, 1], after[2] - vertices[own, 2]
            bx, by, bz = before[0] - vertices[own, 0], before[1] - vertices[own, 1], before[2] - vertices[own, 2]
            normals[own, 0] += ay * bz - az * by
            normals[own, 1] += az * bx - ax * bz
            normals[own, 2] += ax * by - ay * bx
    for v in range(len(normals)):
        normals[v, 0], normals[v, 1], normals[v, 2] = _unit(normals[v, 0], normals[v, 1], normals[v, 2])
    return normals


@compiled
def nearest_faces(screen: Floats, faces: Ints, columns: Floats, rows: Floats) -> Ints:
    """Find the triangle that each pixel of a band shows.

    Args:
        screen: ``[V, 3]`` of ``project``.
        faces: ``[F, 3]``.
        columns: coordinates of the pixels' centres, ``[W]``, falling.
        rows: those of the band, ``[R]``, falling.

    Returns:
        ``[R, W]``; -1 where there is none. Of triangles at the same distance the first wins.
    """
    shown = np.full((len(rows), len(columns)), -1, np.int32)
    depths = np.full((len(rows), len(columns)), np.inf, np.float32)
    for f in range(len(faces)):
        x0, y0, z0 = screen[faces[f, 0]]
        x1, y1, z1 = screen[faces[f, 1]]
        x2, y2, z2 = screen[faces[f, 2]]
        top, bottom = max(y0, y1, y2), min(y0, y1, y2)
        if not (bottom <= rows[0] and top >= rows[-1]):
            continue
        if not (z0 >= TINY and z1 >= TINY and z2 >= TINY):
            continue
        if not abs(np.float64(_edge(x0, y0, x1, y1, x2, y2))) > TINY:
            continue
        area = np.float32(np.float64(_edge(x2, y2, x0, y0, x1, y1)) + TINY)
        left, right = max(x0, x1, x2), min(x0, x1, x2)
        first_row, last_row = _within(rows, top, bottom)
        first, last = _within(columns, left, right)
        for row in range(first_row, last_row):
            y = rows[row]
            for column in range(first, last):
                x = columns[column]
                n0 = _edge(x, y, x1, y1, x2, y2)
                n1 = _edge(x, y, x2, y2, x0, y0)
                n2 = _edge(x, y, x0, y0, x1, y1)
                if area < ZERO:
                    is_outside = n0 >= ZERO or n1 >= ZERO or n2 >= ZERO
                else:
                    is_outside = n0 <= ZERO or n1 <= ZERO or n2 <= ZERO
                if is_outside:
                    continue
                b0, b1, b2 = _in_perspective(n0 / area, n1 / area, n2 / area, z0, z1, z2)
                depth = b0 * z0 + b1 * z1 + b2 * z2
                if b0 > ZERO and b1 > ZERO and b2 > ZERO and depth < depths[row, column]:
                    depths[row, column] = depth
                    shown[row, column] = f
    return shown


@compiled
def shade(
    shown: Ints,
    screen: Floats,
    columns: Floats,
    rows: Floats,
    faces: Ints,
    vertices: Floats,
    normals: Floats,
    colours: Floats,
    light: Floats,
    eye: Floats,
    background: Floats,
) -> Floats:
    """Light the pixels of a band.

    Args:
        shown: ``[R, W]`` of ``nearest_faces``.
        screen: as there.
        columns: as there.
        rows: as there.
        faces: as there.
        vertices: in the world, ``[V, 3]``.
        normals: ``[V, 3]``, of length 1.
        colours: of the triangles' corners, ``[F, 3, 3]``, 0..1.
        light: where it is, ``[3]``.
        eye: where the camera is, ``[3]``.
        background: ``[3]``, 0..1.

    Returns:
        ``[R, W, 3]``; 1 is white, and highlights may be above.
    """
    picture = np.empty((len(rows), len(columns), 3), np.float32)
    for row in range(len(rows)):
        for column in range(len(columns)):
            f = shown[row, column]
            if f < 0:
                for c in range(3):
                    picture[row, column, c] = background[c]
                continue
            i, j, k = faces[f]
            b0, b1, b2 = _barycentrics(columns[column], rows[row], screen[i], screen[j], screen[k])
            px = b0 * vertices[i, 0] + b1 * vertices[j, 0] + b2 * vertices[k, 0]
            py = b0 * vertices[i, 1] + b1 * vertices[j, 1] + b2 * vertices[k, 1]
            pz = b0 * vertices[i, 2] + b1 * vertices[j, 2] + b2 * vertices[k, 2]
            nx, ny, nz = _unit(
                b0 * normals[i, 0] + b1 * normals[j, 0] + b2 * normals[k, 0],
                b0 * normals[i, 1] + b1 * normals[j, 1] + b2 * normals[k, 1],
                b0 * normals[i, 2] + b1 * normals[j, 2] + b2 * normals[k, 2],
            )
            lx, ly, lz = _unit(light[0] - px, light[1] - py, light[2] - pz)
            ex, ey, ez = _unit(eye[0] - px, eye[1] - py, eye[2] - pz)
            facing = nx * lx + ny * ly + nz * lz
            gain, shine = AMBIENT, ZERO
            if facing > ZERO:
                gain += DIFFUSE * facing
                twice = TWO * facing
                mirrored = ex * (twice * nx - lx) + ey * (twice * ny - ly) + ez * (twice * nz - lz)
                shine = SPECULAR * _tenth_power(max(mirrored, ZERO))
            for c in range(3):
                colour = b0 * colours[f, 0, c] + b1 * colours[f, 1, c] + b2 * colours[f, 2, c]
                picture[row, column, c] = gain * colour + shine
    return picture


@compiled
def _edge(px: np.float32, py: np.float32, ax: np.float32, ay: np.float32, bx: np.float32, by: np.float32) -> np.float32:
    """Return twice the signed area of the triangle p, a, b."""
    return (px - ax) * (by - ay) - (py - ay) * (bx - ax)


@compiled
def _within(falling: Floats, most: np.float32, least: np.float32) -> tuple[int, int]:
    """Return the range of places in falling numbers whose values are from ``least`` to ``most``."""
    size = len(falling)
    step = (falling[0] - falling[-1]) / np.float32(max(size - 1, 1))
    if step == ZERO:
        return 0, int(least <= falling[0] <= most)
    # The division finds the place but for rounding; the comparisons decide.
    first = int(min(max((falling[0] - most) / step - TWO, ZERO), np.float32(size)))
    last = int(min(max((falling[0] - least) / step + TWO, ZERO), np.float32(size)))
    while first < last and falling[first] > most:
        first += 1
    while last > first and falling[last - 1] < least:
        last -= 1
    return first, last


@compiled
def _in_perspective(
    w0: np.float32, w1: np.float32, w2: np.float32, z0: np.float32, z1: np.float32, z2: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """Turn shares of the triangle's picture into shares of the triangle."""
    t0, t1, t2 = w0 * z1 * z2, z0 * w1 * z2, z0 * z1 * w2
    total = max(t0 + t1 + t2, np.float32(TINY))
    return t0 / total, t1 / total, t2 / total


@compiled
def _barycentrics(
    x: np.float32, y: np.float32, a: Floats, b: Floats, c: Floats
) -> tuple[np.float32, np.float32, np.float32]:
    """Return the shares that the corners a, b, c of a triangle on the screen have in a pixel."""
    area = np.float32(np.float64(_edge(c[0], c[1], a[0], a[1], b[0], b[1])) + TINY)
    return _in_perspective(
        _edge(x, y, b[0], b[1], c[0], c[1]) / area,
        _edge(x, y, c[0], c[1], a[0], a[1]) / area,
        _edge(x, y, a[0], a[1], b[0], b[1]) / area,
        a[2],
        b[2],
        c[2],
    )


@compiled
def _unit(x: np.float32, y: np.float32, z: np.float32) -> tuple[np.float32, np.float32, np.float32]:
    """Return a vector of length 1."""
    length = max(np.float32(math.sqrt(x * x + y * y + z * z)), SHORTEST)
    return x / length, y / length, z / length


@compiled
def _tenth_power(x: np.float32) -> np.float32:
    square = x * x
    fourth = square * square
    return fourth * fourth * square
