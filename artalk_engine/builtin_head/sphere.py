"""Directions on the unit sphere: even points, loops, and the triangles between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, cKDTree

from .design import MIRROR_X, Floats, Ints


def fibonacci_sphere(count: int) -> Floats:
    """Return ``count`` nearly even directions, ``[count, 3]``."""
    k = np.arange(count) + 0.5
    y, turn = 1.0 - 2.0 * k / count, np.pi * (1.0 + 5.0**0.5) * k
    radius = np.sqrt(1.0 - y * y)
    return np.stack([radius * np.cos(turn), y, radius * np.sin(turn)], axis=-1)


def inside_loop(directions: Floats, loop: Floats) -> NDArray[np.bool_]:
    """Tell which ``[V, 3]`` directions lie within a loop of ``[N, 3]``, star-shaped around its plane's normal."""
    mean = loop.mean(axis=0)
    axis = np.linalg.svd(loop - mean)[2][2]
    axis *= np.sign(axis @ mean)
    first = np.cross([0.0, 0.6, 0.8], axis)
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)

    def polar(points: Floats) -> tuple[Floats, Floats]:
        depth = np.maximum(points @ axis, 1e-3)
        u, v = points @ first / depth, points @ second / depth
        return np.arctan2(v, u), np.hypot(u, v)

    loop_angle, loop_radius = polar(loop)
    order = np.argsort(loop_angle)
    angle, radius = polar(directions)
    limit = np.interp(angle, loop_angle[order], loop_radius[order], period=2.0 * np.pi)
    return np.asarray((radius < limit) & (directions @ axis > 0.0))


def sphere_faces(directions: Floats, holes: list[Floats], within: Floats | None = None) -> Ints:
    """Connect ``[V, 3]`` mirrored directions by their spherical Delaunay triangles.

    Only the half at x > 0 is taken from the hull; the other half is its mirror image, so the mesh is symmetric.

    Args:
        directions: unit vectors; each has its twin across x = 0 among them.
        holes: loops to leave empty, ``[N, 3]`` directions each.
        within: a loop to stay inside of, or None.
    """
    faces = np.asarray(ConvexHull(directions).simplices, dtype=np.int64)
    corners = directions[faces]
    middle = corners.mean(axis=1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inwards = np.einsum("ij,ij->i", normal, middle) < 0.0
    faces[inwards] = faces[inwards][:, ::-1]
    keep = middle[:, 0] > 0.0
    for hole in holes:
        keep &= ~inside_loop(middle, hole)
    if within is not None:
        keep &= inside_loop(middle, within)
    left = faces[keep]
    return np.concatenate([left, mirror_index(directions)[left][:, ::-1]])


def mirror_index(points: Floats) -> Ints:
    """Return for each of ``[V, 3]`` points the index of its twin across x = 0."""
    return np.asarray(cKDTree(points).query(points * MIRROR_X)[1], dtype=np.int64)
