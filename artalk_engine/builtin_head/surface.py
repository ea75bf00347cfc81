"""The skin as a distance field: a smooth union of ellipsoids, and rays cast on to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .design import (
    BODY_BLEND,
    BODY_ELLIPSOIDS,
    HEAD_CENTRE,
    MIRROR_X,
    NOSE_BLEND,
    NOSE_ELLIPSOIDS,
    SOCKET_BLEND,
    SOCKET_ELLIPSOIDS,
    Floats,
)

Ellipsoids = Sequence[tuple[tuple[float, float, float], tuple[float, float, float]]]


def ellipsoid_distances(points: Floats, ellipsoids: Ellipsoids) -> Floats:
    """Approximate signed distances from ``[..., 3]`` points to each ellipsoid and its mirror image, ``[..., K]``.

    References:
        Quilez, "Ellipsoid SDF", 2008.
    """
    both_sides = [
        (np.array(centre) * side, np.array(radii))
        for centre, radii in ellipsoids
        for side in ((np.ones(3), MIRROR_X) if centre[0] else (np.ones(3),))
    ]
    centres = np.array([centre for centre, _ in both_sides])
    radii = np.array([radius for _, radius in both_sides])
    offset = points[..., None, :] - centres
    k0 = np.linalg.norm(offset / radii, axis=-1)
    k1 = np.linalg.norm(offset / radii**2, axis=-1)
    return np.asarray(k0 * (k0 - 1.0) / np.maximum(k1, 1e-9))


def smooth_min(distances: Floats, blend: float) -> Floats:
    """Return the smooth minimum over the last axis; ``blend`` is the rounding in millimetres."""
    least = distances.min(axis=-1, keepdims=True)
    total = np.exp(-(distances - least) / blend).sum(axis=-1)
    return np.asarray(least[..., 0] - blend * np.log(total))


def skin_distance(points: Floats) -> Floats:
    """Return the signed distance from ``[..., 3]`` points to the skin, negative inside, ``[...]``."""
    body = smooth_min(ellipsoid_distances(points, BODY_ELLIPSOIDS), BODY_BLEND)
    sockets = smooth_min(ellipsoid_distances(points, SOCKET_ELLIPSOIDS), SOCKET_BLEND)
    carved = -smooth_min(np.stack([-body, sockets], axis=-1), SOCKET_BLEND)
    nose = smooth_min(ellipsoid_distances(points, NOSE_ELLIPSOIDS), NOSE_BLEND)
    return smooth_min(np.stack([carved, nose], axis=-1), NOSE_BLEND)


def cast_to_skin(origins: Floats, directions: Floats, start: float = 20.0) -> Floats:
    """March from inside the head along unit ``directions`` to the first skin, ``[..., 3]``."""
    distance = np.full(directions.shape[:-1], start)
    for _ in range(70):
        distance = distance - 0.7 * skin_distance(origins + distance[..., None] * directions)
    return np.asarray(origins + distance[..., None] * directions)


def skin_at(directions: Floats) -> Floats:
    """Return the skin in ``[..., 3]`` unit directions seen from the head's centre."""
    return cast_to_skin(HEAD_CENTRE, directions, start=40.0)


def skin_in_front(x: Floats, y: Floats) -> Floats:
    """Return the skin straight ahead, along +Z, of ``x`` and ``y``: ``[..., 3]``."""
    origins = np.stack([x, y, np.full_like(x, 30.0)], axis=-1)
    return cast_to_skin(origins, np.broadcast_to([0.0, 0.0, 1.0], origins.shape), start=10.0)


def direction_of(points: Floats) -> Floats:
    """Return unit directions of ``[..., 3]`` points from the head's centre."""
    offset = points - HEAD_CENTRE
    return np.asarray(offset / np.linalg.norm(offset, axis=-1, keepdims=True))


def skin_normals(points: Floats, step: float = 0.5) -> Floats:
    """Return unit normals of the distance field at ``[V, 3]`` points, by central differences."""
    offsets = step * np.eye(3)
    gradient = np.stack([skin_distance(points + o) - skin_distance(points - o) for o in offsets], axis=-1)
    return np.asarray(gradient / np.linalg.norm(gradient, axis=-1, keepdims=True))


def smoothstep(x: Floats) -> Floats:
    """Return zero below 0, one above 1, and a smooth ramp between."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))
