"""Patches and tubes of rings: from ``[R, N, 3]`` arrays to triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .design import LEFT_EYE, MIRROR_X, RIGHT_EYE, Floats, Ints


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of mesh before assembly; indices are local to it.

    Attributes:
        vertices: ``[V, 3]`` in millimetres.
        faces: ``[F, 3]``, counter-clockwise from outside.
        regions: ``[V]`` indices into `REGIONS`.
    """

    vertices: Floats
    faces: Ints
    regions: Ints


def angles(count: int) -> Floats:
    """Return ``count`` angles around a circle, in radians, from zero."""
    return 2.0 * np.pi * np.arange(count) / count


def strip_faces(rings: Ints, split: NDArray[np.bool_]) -> Ints:
    """Join neighbouring rings of ``[R, N]`` vertex indices by triangles; ``split`` ``[N]`` picks each diagonal."""
    outer, inner = rings[:-1], rings[1:]
    outer_next, inner_next = np.roll(outer, -1, axis=1), np.roll(inner, -1, axis=1)
    one = np.stack([outer, outer_next, inner, outer_next, inner_next, inner], axis=-1)
    other = np.stack([outer, outer_next, inner_next, outer, inner_next, inner], axis=-1)
    return np.where(split[None, :, None], one, other).reshape(-1, 3)


def fan_faces(ring: Ints, apex: int) -> Ints:
    """Close a ring of ``[N]`` vertex indices with triangles to one vertex."""
    return np.stack([ring, np.roll(ring, -1), np.full_like(ring, apex)], axis=-1)


def right_half(count: int) -> NDArray[np.bool_]:
    """Tell which columns of a ring that starts at +X lie at x > 0, so that diagonals can mirror each other."""
    return np.cos(angles(count) + np.pi / count) > 0.0


def mirror_part(part: Part) -> Part:
    """Return the mirror image of a part, still facing outwards."""
    swap = {LEFT_EYE: RIGHT_EYE}
    regions = np.array([swap.get(int(region), int(region)) for region in part.regions])
    return Part(part.vertices * MIRROR_X, part.faces[:, ::-1], regions)


def tube(rings: Floats, start: Floats, end: Floats, region: int, split: NDArray[np.bool_]) -> Part:
    """Close ``[R, N, 3]`` rings at both ends with one vertex each; the rings run around the direction of travel."""
    count, columns = rings.shape[:2]
    index = np.arange(count * columns).reshape(count, columns)
    first, last = count * columns, count * columns + 1
    vertices = np.concatenate([rings.reshape(-1, 3), start[None], end[None]])
    faces = np.concatenate([strip_faces(index, split), fan_faces(index[-1], last), fan_faces(index[0, ::-1], first)])
    return Part(vertices, outward(vertices, faces), np.full(len(vertices), region))


def outward(vertices: Floats, faces: Ints) -> Ints:
    """Return the faces of a closed part turned so that the volume they enclose is positive."""
    a, b, c = (vertices[faces[:, k]] - vertices.mean(axis=0) for k in range(3))
    volume = float(np.einsum("ij,ij->", a, np.cross(b, c)))
    return faces if volume > 0.0 else faces[:, ::-1]
