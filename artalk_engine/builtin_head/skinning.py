"""Joint weights by harmonic interpolation, and the regressor that finds the joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import spsolve

from .assembly import Layout
from .design import EYE_L, EYE_R, JAW, JOINTS_MM, MOUTH_COLUMNS, NECK, PARENTS, ROOT, Floats
from .free_skin import adjacency_of
from .mouth import BORDER_RING, INNER_RING
from .rings import Part, angles
from .surface import smoothstep


def skin_weights(part: Part, layout: Layout) -> Floats:
    """Return the weights of root, neck, jaw and eyes, ``[V, 5]``."""
    weights = np.zeros((len(part.vertices), len(PARENTS)))
    skin = layout.skin
    root = smoothstep((-82.0 - part.vertices[skin, 1]) / 52.0) * np.isin(skin, layout.neck)
    jaw = jaw_share(part, layout)[skin] * (1.0 - root)
    weights[skin, ROOT], weights[skin, JAW], weights[skin, NECK] = root, jaw, 1.0 - root - jaw
    for joint, blocks in (
        (NECK, (layout.teeth_upper, *layout.brows)),
        (JAW, (layout.teeth_lower, layout.tongue)),
        (EYE_L, (layout.eyeballs[0],)),
        (EYE_R, (layout.eyeballs[1],)),
    ):
        weights[np.concatenate(blocks), joint] = 1.0
    return weights


def jaw_share(part: Part, layout: Layout) -> Floats:
    """Return how far each vertex follows the jaw: 0 on the skull, 1 on the chin, harmonic in between, ``[V]``.

    Lips and the front of the cavity are set by angle around the mouth, so the opening is an ellipse.
    """
    fixed = np.full(len(part.vertices), np.nan)
    fixed[layout.skin] = pinned_by_place(part.vertices[layout.skin])
    around_mouth = layout.mouth[:BORDER_RING]
    fixed[around_mouth] = np.nan
    opening = np.sin(angles(MOUTH_COLUMNS))
    opening = np.sign(opening) * np.abs(opening) ** 0.8
    fixed[layout.mouth[BORDER_RING : INNER_RING + 4]] = 0.5 - 0.5 * opening
    fixed[layout.mouth[INNER_RING + 4]] = 0.5 - 0.35 * opening
    for block in (*layout.eyelids, *layout.ears, layout.neck):
        fixed[block] = 0.0
    fixed[[layout.mouth_cap, *layout.socket_caps]] = 0.0
    share = harmonic_fill(part, fixed)
    is_mouth = np.isin(np.arange(len(share)), layout.mouth[BORDER_RING:])
    return np.clip(smooth_over_mesh(part, share, is_mouth, rounds=4), 0.0, 1.0)


def pinned_by_place(points: Floats) -> Floats:
    """Return 1 for skin on the jawbone, 0 on the skull and not-a-number for what moves with both, ``[V]``."""
    arm = points - JOINTS_MM[JAW]
    angle, length = np.degrees(np.arctan2(arm[:, 1], arm[:, 2])), np.hypot(arm[:, 1], arm[:, 2])
    pinned = np.full(len(points), np.nan)
    pinned[(angle > -58.0) & (angle < -36.0) & (length > 52.0)] = 1.0
    pinned[(angle > -4.0) | (points[:, 2] < -12.0)] = 0.0
    return pinned


def harmonic_fill(part: Part, fixed: Floats) -> Floats:
    """Replace the not-a-numbers in ``[V]`` values by the smoothest interpolation over the mesh."""
    laplacian = mesh_laplacian(part)
    unknown = np.isnan(fixed)
    known = np.where(unknown, 0.0, fixed)
    connected = np.asarray(laplacian.diagonal() > 0.0)
    unknown &= connected
    right = -(laplacian @ known)[unknown]
    filled = known.copy()
    filled[unknown] = spsolve(laplacian[unknown][:, unknown].tocsc(), right)
    return filled


def mesh_laplacian(part: Part) -> csr_matrix:
    """Return the graph Laplacian ``[V, V]`` with edges weighted by the inverse of their length."""
    adjacency = adjacency_of(part.faces, len(part.vertices)).tocoo()
    length = np.linalg.norm(part.vertices[adjacency.row] - part.vertices[adjacency.col], axis=1)
    weight = coo_matrix((1.0 / np.maximum(length, 0.2), (adjacency.row, adjacency.col)), shape=adjacency.shape).tocsr()
    return csr_matrix(diags(np.asarray(weight.sum(axis=1)).ravel()) - weight)


def smooth_over_mesh(part: Part, values: Floats, keep: NDArray[np.bool_], rounds: int) -> Floats:
    """Average ``[V]`` values with their neighbours' ``rounds`` times, except where ``keep`` holds."""
    adjacency = adjacency_of(part.faces, len(values))
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    for _ in range(rounds):
        values = np.where(keep, values, 0.5 * values + 0.5 * (adjacency @ values) / degree)
    return values


def joint_regressor(vertices: Floats, layout: Layout) -> Floats:
    """Return rows ``[5, V]`` that sum to one and place the joints; each has the least norm over its vertices."""
    supports = {
        ROOT: layout.neck[3:].ravel(),
        NECK: layout.neck[:3].ravel(),
        JAW: np.concatenate([layout.ears[0][0], layout.ears[1][0], layout.mouth[0]]),
        EYE_L: layout.eyeballs[0],
        EYE_R: layout.eyeballs[1],
    }
    regressor = np.zeros((len(PARENTS), len(vertices)))
    for joint, support in supports.items():
        equations = np.concatenate([vertices[support].T, np.ones((1, len(support)))])
        regressor[joint, support] = np.linalg.pinv(equations) @ np.append(JOINTS_MM[joint], 1.0)
    return regressor
