# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a head in FLAME's format from an ``.npz`` file; needs no Blender."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import HeadFileError
from .naming import JOINTS, PARENTS, expression_names

IDENTITIES = 300  # FLAME's shape directions: identities first, then expressions
EXPRESSIONS = 100
# What a file with so many directions holds: (identities, expressions). Tools that shorten FLAME keep the first ones.
SPLITS = {400: (300, 100), 350: (300, 50), 200: (100, 100), 150: (100, 50)}
CORRECTIVES = 36  # nine entries of a rotation matrix for each joint but the root

Floats = NDArray[np.float64]
_FLOATS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")


@dataclass(frozen=True, eq=False)
class Head:
    """A head of one identity: everything that its rig is built from.

    Attributes:
        path: the file that it was read from.
        betas: ``[N]`` its identity coefficients.
        kind: ``"builtin"`` or ``"flame"``; motion for the one means nothing on the other.
        vertices: ``[V, 3]`` metres, the identity at rest, in FLAME's axes (Y up, face to +Z).
        faces: ``[F, 3]`` vertex indices, counter-clockwise from outside.
        joints: ``[J, 3]`` metres, the joints of this identity.
        identities: ``[V, 3, S]`` metres that one unit of each identity coefficient moves a vertex, float32.
        trait_names: names of the first identity coefficients, empty where the file names none.
        regressor: ``[J, V]`` weights that make joints of vertices.
        expressions: ``[E, V, 3]`` metres that one unit of each expression moves a vertex.
        expression_names: ``[E]`` names of the expressions.
        correctives: ``[36, V, 3]`` metres for one unit of each entry of ``R - I``.
        joint_offsets: ``[J, 3, E]`` metres that one unit of each expression moves a joint.
        weights: ``[V, J]`` skinning weights, rows summing to one.
        regions: names of the regions, empty where the file names none.
        vertex_regions: ``[V]`` index into ``regions``.
        arrays: all of the file's arrays; ``uv``, if there, is ``[F, 3, 2]``, a texture
            coordinate for each corner of each face.
    """

    path: Path
    betas: Floats
    kind: str
    vertices: Floats
    faces: NDArray[np.int32]
    joints: Floats
    identities: NDArray[np.float32]
    trait_names: tuple[str, ...]
    regressor: Floats
    expressions: Floats
    expression_names: tuple[str, ...]
    correctives: Floats
    joint_offsets: Floats
    weights: Floats
    regions: tuple[str, ...]
    vertex_regions: NDArray[np.int32]
    arrays: Mapping[str, NDArray[np.generic]]


def load_head(path: Path, betas: NDArray[np.floating] | None = None) -> Head:
    """Read a head and give it an identity.

    Args:
        path: an ``.npz`` with FLAME's arrays ``v_template``, ``f``, ``shapedirs``, ``posedirs``,
            ``J_regressor`` and ``weights``; read without executing anything.
        betas: ``[N]`` identity coefficients, up to 300; ``None`` for the template.

    Returns:
        The head with that identity.

    Raises:
        HeadFileError: if the file is missing or damaged, or is not in FLAME's format.
    """
    arrays = _read(Path(path))
    try:
        return _head(Path(path), arrays, np.zeros(0) if betas is None else np.asarray(betas, np.float64))
    except (KeyError, ValueError, IndexError) as exc:
        reason = f"this is not a head in FLAME's format ({str(exc).strip(chr(39))})"
        raise HeadFileError(path, reason, "Choose an .npz file with FLAME's arrays.") from exc


def _read(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as exc:
        raise HeadFileError(path, "there is no such file", "Check the path, or install the add-on again.") from exc
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as exc:
        raise HeadFileError(path, "this is not a readable .npz file", "Choose another file.") from exc


def _head(path: Path, arrays: Mapping[str, NDArray[np.generic]], betas: Floats) -> Head:
    missing = [name for name in (*_FLOATS, "f") if name not in arrays]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    template, shapes, poses, regressor, weights = (np.asarray(arrays[name], np.float64) for name in _FLOATS)
    faces = np.asarray(arrays["f"], np.int32)
    _check(template, shapes, poses, regressor, weights, faces, betas)
    _check_tree(arrays)
    identities, count = SPLITS[shapes.shape[2]]
    betas = betas[:identities]
    vertices = template + shapes[..., : len(betas)] @ betas
    expressions = shapes[..., identities:]
    units = _texts(arrays, "unit_names")
    regions = _texts(arrays, "region_names")
    return Head(
        path=path,
        betas=betas,
        kind="builtin" if units else "flame",
        vertices=vertices,
        faces=faces,
        joints=regressor @ vertices,
        identities=np.asarray(arrays["shapedirs"], np.float32)[..., :identities],
        trait_names=_texts(arrays, "trait_names"),
        regressor=regressor,
        expressions=np.ascontiguousarray(np.moveaxis(expressions, 2, 0)),
        expression_names=expression_names(count, units),
        correctives=np.ascontiguousarray(np.moveaxis(poses, 2, 0)),
        joint_offsets=np.einsum("jv,vce->jce", regressor, expressions),
        weights=weights,
        regions=regions,
        vertex_regions=_indices(arrays, "vertex_regions", len(vertices), len(regions)),
        arrays=dict(arrays) | _corner_uv(arrays, faces),
    )


def _check(
    template: Floats,
    shapes: Floats,
    poses: Floats,
    regressor: Floats,
    weights: Floats,
    faces: NDArray[np.int32],
    betas: Floats,
) -> None:
    count, joints = len(template), len(JOINTS)
    expected = {
        "v_template": (template, (count, 3)),
        "shapedirs": (shapes, (count, 3, shapes.shape[2] if shapes.ndim == 3 else 0)),
        "posedirs": (poses, (count, 3, CORRECTIVES)),
        "J_regressor": (regressor, (joints, count)),
        "weights": (weights, (count, joints)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(f"{name} is {list(array.shape)}, expected {list(shape)}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has values that are not finite")
    if shapes.shape[2] not in SPLITS:
        raise ValueError(f"shapedirs has {shapes.shape[2]} directions, expected one of {', '.join(map(str, SPLITS))}")
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min() < 0 or faces.max() >= count:
        raise ValueError(f"f is {list(faces.shape)}, expected triangles of {count} vertices")
    if betas.ndim != 1 or len(betas) > IDENTITIES:
        raise ValueError(f"betas is {list(betas.shape)}, expected at most {IDENTITIES} numbers")


def _check_tree(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Refuse joints that hang together in another way than FLAME's; the root's parent is written in several ways."""
    if "kintree_table" in arrays:
        parents = np.asarray(arrays["kintree_table"], np.int64)[0, 1:].tolist()
        if parents != list(PARENTS[1:]):
            raise ValueError(f"its joints have the parents {parents}, expected {list(PARENTS[1:])}")


def _texts(arrays: Mapping[str, NDArray[np.generic]], name: str) -> tuple[str, ...]:
    return tuple(str(text) for text in arrays.get(name, ()))


def _indices(arrays: Mapping[str, NDArray[np.generic]], name: str, count: int, regions: int) -> NDArray[np.int32]:
    if not regions:
        return np.zeros(count, np.int32)
    indices = np.asarray(arrays[name], np.int32)
    if indices.shape != (count,) or indices.min() < 0 or indices.max() >= regions:
        raise ValueError(f"{name} is {list(indices.shape)}, expected {count} indices below {regions}")
    return indices


def _corner_uv(arrays: Mapping[str, NDArray[np.generic]], faces: NDArray[np.int32]) -> dict[str, NDArray[np.generic]]:
    """Return ``uv`` for each corner of each face, ``[F, 3, 2]``, from any of the usual layouts.

    They are a coordinate for each corner or for each vertex, both called ``uv``, and FLAME's own
    pair of ``vt`` (coordinates) and ``ft`` (which of them each corner has).
    """
    if "vt" in arrays and "ft" in arrays:
        return {"uv": arrays["vt"][np.asarray(arrays["ft"], np.int64)]}
    if "uv" not in arrays or arrays["uv"].shape == (*faces.shape, 2):
        return {}
    return {"uv": arrays["uv"][faces]}
