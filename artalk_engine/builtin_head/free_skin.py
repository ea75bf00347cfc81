"""The skin between the patches: free vertices spread evenly, then joined by a spherical Delaunay hull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.spatial import cKDTree

from .builder import MeshBuilder
from .design import HEAD_CENTRE, MIRROR_X, SCALP, SKIN, Floats, Ints
from .ears_neck import CAP_THICKNESS, HAIR_RISE, HAIR_VOLUME, hairline_directions
from .rings import strip_faces
from .sphere import fibonacci_sphere, inside_loop, sphere_faces
from .surface import direction_of, skin_at, smoothstep


def fill_skin(builder: MeshBuilder, holes: list[Ints], count: int) -> None:
    """Cover the head between the patches with ``count`` new vertices and the triangles among them.

    Args:
        builder: holds the patches.
        holes: the outer ring of each patch, vertex indices.
        count: how many vertices to add, the hairline's included.
    """
    patch_points = builder.vertices()
    border = np.concatenate(holes)
    loops = [direction_of(patch_points[hole]) for hole in holes]
    foot, top = (closed_loop(line) for line in hairline_directions())
    midline = midline_directions(patch_points[holes[0]], patch_points[holes[-1]])
    midline = midline[: len(midline) - (count - len(foot) - len(top) - len(midline)) % 2]
    fixed = np.concatenate([direction_of(patch_points[border]), foot, midline])
    free_count = (count - len(foot) - len(top) - len(midline)) // 2
    free = relax_points(spread_points(loops, fixed, free_count), fixed, loops)

    inner = np.concatenate([midline, free, free * MIRROR_X])
    is_scalp = inside_loop(inner, foot)
    foot_index = builder.add_points(skin_at(foot), SKIN)
    top_index = builder.add_points(skin_at(top) + CAP_THICKNESS * top, SCALP)
    inner_index = np.empty(len(inner), dtype=np.int64)
    inner_index[~is_scalp] = builder.add_points(skin_at(inner[~is_scalp]), SKIN)
    inner_index[is_scalp] = builder.add_points(hair_at(inner[is_scalp], foot), SCALP)

    face = sphere_faces(np.concatenate([fixed[: len(border)], foot, inner]), [*loops, foot])
    builder.add_faces(np.concatenate([border, foot_index, inner_index])[face])
    cap = sphere_faces(np.concatenate([top, inner]), [], within=top)
    builder.add_faces(np.concatenate([top_index, inner_index])[cap])
    builder.add_faces(strip_faces(np.stack([foot_index, top_index]), left_half_of_loop(len(foot))))


def hair_at(directions: Floats, hairline: Floats) -> Floats:
    """Return the hair's surface in ``[V, 3]`` directions: it thickens away from the ``[N, 3]`` hairline."""
    skin = skin_at(directions)
    distance = cKDTree(skin_at(hairline)).query(skin)[0]
    thickness = CAP_THICKNESS + HAIR_VOLUME * smoothstep(distance / HAIR_RISE)
    return np.asarray(skin + thickness[:, None] * directions)


def closed_loop(half: Floats) -> Floats:
    """Return a loop of ``[2 N - 2, 3]`` directions from its left half; it runs counter-clockwise seen from above."""
    return np.concatenate([half, half[-2:0:-1] * MIRROR_X])


def left_half_of_loop(count: int) -> NDArray[np.bool_]:
    """Tell which columns of a closed loop lie on the left, so that diagonals can mirror each other."""
    return np.arange(count) < count // 2


def midline_directions(mouth: Floats, neck: Floats) -> Floats:
    """Return directions in the plane x = 0 between the patches and the hairline, evenly spaced on the skin."""
    quarter, neck_quarter = len(mouth) // 4, len(neck) // 4
    chin, lip = sagittal_angle(mouth[3 * quarter]), sagittal_angle(mouth[quarter])
    throat, nape = sagittal_angle(neck[neck_quarter]), sagittal_angle(neck[3 * neck_quarter]) + 2.0 * np.pi
    foot, top = hairline_directions()
    front, back = (sagittal_angle(HEAD_CENTRE + point) % (2.0 * np.pi) for point in (foot[0], foot[-1]))
    high_front, high_back = (sagittal_angle(HEAD_CENTRE + point) % (2.0 * np.pi) for point in (top[0], top[-1]))
    spans = ((throat, chin, 5.5), (lip, front, 4.5), (back, nape, 11.0), (high_front, high_back, 12.0))
    return np.concatenate([even_arc(*span) for span in spans])


def sagittal_angle(point: Floats) -> float:
    """Return a point's angle in the plane x = 0, from the front upwards, in radians."""
    return float(np.arctan2(point[1] - HEAD_CENTRE[1], point[2] - HEAD_CENTRE[2]))


def even_arc(start: float, stop: float, spacing: float) -> Floats:
    """Return directions between two sagittal angles, the ends excluded, about ``spacing`` millimetres apart."""
    angle = np.linspace(start, stop, 400)
    direction = np.stack([np.zeros_like(angle), np.sin(angle), np.cos(angle)], axis=-1)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(skin_at(direction), axis=0), axis=1))])
    wanted = np.linspace(0.0, length[-1], max(2, round(length[-1] / spacing) + 1))[1:-1]
    chosen = np.interp(wanted, length, angle)
    return np.stack([np.zeros_like(chosen), np.sin(chosen), np.cos(chosen)], axis=-1)


MIDLINE_MARGIN = 0.6  # free vertices keep this share of an edge's length away from the plane x = 0


def edge_length(points: Floats) -> Floats:
    """Return the wanted edge length at ``[V, 3]`` points: short in the face, long on the skull."""
    face = np.exp(-np.sum(((points - [0.0, -12.0, 85.0]) / [52.0, 52.0, 60.0]) ** 2, axis=-1))
    nose = np.exp(-np.sum(((points - [0.0, -12.0, 100.0]) / 20.0) ** 2, axis=-1))
    return np.asarray(13.0 - 7.4 * face - 2.2 * nose)


def spread_points(loops: list[Floats], taken: Floats, count: int) -> Floats:
    """Choose ``count`` directions at x > 0, each as far as possible from those before it.

    Args:
        loops: patches to stay out of, ``[N, 3]`` directions each.
        taken: ``[V, 3]`` directions already in use.
        count: how many to choose.
    """
    candidates = fibonacci_sphere(26_000)
    candidates = candidates[candidates[:, 0] > 0.0]
    outside = ~np.any([inside_loop(candidates, loop) for loop in loops], axis=0)
    candidates = candidates[outside]
    points = skin_at(candidates)
    wanted = edge_length(points)
    off_midline = points[:, 0] > MIDLINE_MARGIN * wanted
    candidates, points, wanted = candidates[off_midline], points[off_midline], wanted[off_midline]
    nearest = cKDTree(skin_at(taken)).query(points)[0] / wanted
    chosen = np.empty(count, dtype=np.int64)
    for k in range(count):
        chosen[k] = np.argmax(nearest)
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[k]], axis=1) / wanted)
    return np.asarray(candidates[chosen])


def relax_points(free: Floats, fixed: Floats, loops: list[Floats], rounds: int = 12) -> Floats:
    """Even out the ``[V, 3]`` free directions: each moves towards the mean of its neighbours on the skin."""
    for _ in range(rounds):
        directions = np.concatenate([free, free * MIRROR_X, fixed])
        points = skin_at(directions)
        adjacency = adjacency_of(sphere_faces(directions, loops), len(directions))
        mean = (adjacency @ points) / (adjacency @ np.ones((len(points), 1)))
        moved = 0.5 * (points + mean)[: len(free)]
        moved[:, 0] = np.maximum(moved[:, 0], MIDLINE_MARGIN * edge_length(moved))
        free = direction_of(moved)
    return free


def adjacency_of(faces: Ints, count: int) -> csr_matrix:
    """Return the ``[count, count]`` matrix of ones where two vertices share an edge."""
    rows = np.concatenate([faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()])
    columns = np.concatenate([faces[:, [1, 2, 0]].ravel(), faces[:, [0, 1, 2]].ravel()])
    matrix = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
    matrix.data[:] = 1.0
    return matrix
