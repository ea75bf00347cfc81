"""The finished model: FLAME's arrays, and the file they are saved in."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .assembly import assemble
from .corrective import JAW_CORRECTIVE
from .design import (
    EXPRESSION_COUNT,
    EYE_CENTRE,
    EYE_COLUMNS,
    IDENTITY_COUNT,
    INNER_MOUTH,
    IRIS,
    JAW,
    JAW_WIDE_OPEN,
    LEFT_EYE,
    MIRROR_X,
    MOUTH_COLUMNS,
    PARENTS,
    PUPIL,
    REGIONS,
    RIGHT_EYE,
    SKIN,
    Floats,
    Ints,
)
from .eyes import IRIS_ANGLE, LID_SEAM_RING, PUPIL_ANGLE
from .fields import Canvas, make_canvas, mirrored
from .mouth import SEAM_RING
from .rings import Part
from .sculpt import sculpted
from .skinning import joint_regressor, skin_weights
from .tints import TINTS, tints
from .traits import TRAITS, identity_field
from .units import EXPRESSIONS
from .uv import texture_coordinates


@dataclass(frozen=True, slots=True)
class BuiltinHead:
    """A head model with FLAME's arrays, in metres and radians.

    Attributes:
        v_template: ``[5023, 3]`` float32.
        f: ``[9976, 3]`` int32, counter-clockwise from outside.
        shapedirs: ``[5023, 3, 400]`` float32; identity in ``:300``, expression in ``300:``.
        posedirs: ``[5023, 3, 36]`` float32 over ``R - I`` of neck, jaw, left eye, right eye; row-major, nine each.
        J_regressor: ``[5, 5023]`` float32, rows sum to one.
        parents: ``[5]`` int32, -1 for the root.
        weights: ``[5023, 5]`` float32, rows sum to one.
        vertex_regions: ``[5023]`` int8 into `REGIONS`.
        face_regions: ``[9976]`` int8 into `REGIONS`; only here do iris and pupil occur.
        mirror: ``[5023]`` int32, each vertex's twin across the plane x = 0.
        lip_seam: ``[2, N]`` int32, opposite vertices of the upper and the lower lip's contact line.
        lid_seam: ``[2, 2, N]`` int32, side, then opposite vertices of the upper and the lower lid's edge.
        uv: ``[9976, 3, 2]`` float32, texture coordinates of the triangles' corners; the charts are those of `uv`.
        tints: ``[5023, 4]`` float32 between zero and one, masks for materials in the order of `TINTS`.
    """

    v_template: NDArray[np.float32]
    f: NDArray[np.int32]
    shapedirs: NDArray[np.float32]
    posedirs: NDArray[np.float32]
    J_regressor: NDArray[np.float32]
    parents: NDArray[np.int32]
    weights: NDArray[np.float32]
    vertex_regions: NDArray[np.int8]
    face_regions: NDArray[np.int8]
    mirror: NDArray[np.int32]
    lip_seam: NDArray[np.int32]
    lid_seam: NDArray[np.int32]
    uv: NDArray[np.float32]
    tints: NDArray[np.float32]


def build_head() -> BuiltinHead:
    """Build the built-in head; the same call gives the same bytes."""
    part, layout = assemble()
    canvas = make_canvas(part, layout)
    surface = symmetric(canvas, sculpted(canvas))
    upper, lower = layout.mouth[SEAM_RING], layout.mouth[SEAM_RING, -np.arange(MOUTH_COLUMNS) % MOUTH_COLUMNS]
    half = slice(1, MOUTH_COLUMNS // 2)
    return BuiltinHead(
        v_template=to_metres(surface),
        f=part.faces.astype(np.int32),
        shapedirs=to_metres(directions_of_shape(canvas)),
        posedirs=to_metres(pose_directions(canvas)),
        J_regressor=joint_regressor(surface, layout).astype(np.float32),
        parents=np.array(PARENTS, dtype=np.int32),
        weights=skin_weights(part, layout).astype(np.float32),
        vertex_regions=part.regions.astype(np.int8),
        face_regions=face_regions(part).astype(np.int8),
        mirror=canvas.mirror.astype(np.int32),
        lip_seam=np.stack([upper[half], lower[half]]).astype(np.int32),
        lid_seam=np.stack([lid_seam(rings) for rings in layout.eyelids]).astype(np.int32),
        uv=np.round(texture_coordinates(part, layout), 5).astype(np.float32),
        tints=np.round(tints(canvas), 2).astype(np.float32),
    )


def to_metres(millimetres: Floats) -> NDArray[np.float32]:
    """Convert to metres in steps of 0.1 micrometres, so that files compress well."""
    return (np.round(millimetres, 4) * 1e-3).astype(np.float32)


def symmetric(canvas: Canvas, field: Floats) -> Floats:
    """Return ``[V, 3]`` positions averaged with their mirror image."""
    return 0.5 * (field + mirrored(canvas, field))


def directions_of_shape(canvas: Canvas) -> Floats:
    """Return the shape directions ``[V, 3, 400]`` in millimetres: `TRAITS`, zeros, `EXPRESSIONS`, zeros."""
    directions = np.zeros((*canvas.vertices.shape, IDENTITY_COUNT + EXPRESSION_COUNT))
    for k, trait in enumerate(TRAITS):
        directions[..., k] = symmetric(canvas, identity_field(canvas, trait))
    for k, unit in enumerate(EXPRESSIONS):
        directions[..., IDENTITY_COUNT + k] = unit.field(canvas)
    return directions


def pose_directions(canvas: Canvas) -> Floats:
    """Return the pose directions ``[V, 3, 36]`` in millimetres; only the jaw's sine about X is used."""
    directions = np.zeros((*canvas.vertices.shape, 9 * (len(PARENTS) - 1)))
    jaw = 9 * (JAW - 1)
    full = symmetric(canvas, JAW_CORRECTIVE(canvas)) / np.sin(JAW_WIDE_OPEN)
    directions[..., jaw + 3 * 2 + 1] = 0.5 * full  # R[2, 1] = sin
    directions[..., jaw + 3 * 1 + 2] = -0.5 * full  # R[1, 2] = -sin
    return directions


def lid_seam(rings: Ints) -> Ints:
    """Return ``[2, N]``: the vertices of the upper lid's edge, and those of the lower lid opposite them."""
    upper = np.arange(1, EYE_COLUMNS // 2)
    return np.stack([rings[LID_SEAM_RING, upper], rings[LID_SEAM_RING, -upper % EYE_COLUMNS]])


def face_regions(part: Part) -> Ints:
    """Return the region of each triangle, ``[F]``; at a border skin wins, then the inner mouth."""
    corners = part.regions[part.faces]
    region = corners[:, 0].copy()
    region[np.any(corners == INNER_MOUTH, axis=1)] = INNER_MOUTH
    region[np.any(corners == SKIN, axis=1)] = SKIN
    middle = part.vertices[part.faces].mean(axis=1)
    for eye, side in ((LEFT_EYE, 1.0), (RIGHT_EYE, MIRROR_X)):
        look = middle - EYE_CENTRE * side
        polar = np.degrees(np.arccos(look[:, 2] / np.linalg.norm(look, axis=1)))
        region[(corners[:, 0] == eye) & (polar < IRIS_ANGLE)] = IRIS
        region[(corners[:, 0] == eye) & (polar < PUPIL_ANGLE)] = PUPIL
    return region


def save_head(head: BuiltinHead, target: Path | io.BytesIO) -> None:
    """Write the arrays, and the names of regions, tints, traits and units, as a compressed npz."""
    arrays: dict[str, Any] = {name: getattr(head, name) for name in BuiltinHead.__slots__}
    arrays["kintree_table"] = np.stack([head.parents, np.arange(len(head.parents), dtype=np.int32)])
    arrays["region_names"] = np.array(REGIONS)
    arrays["tint_names"] = np.array(TINTS)
    arrays["trait_names"] = np.array([trait.name for trait in TRAITS])
    arrays["unit_names"] = np.array([unit.name for unit in EXPRESSIONS])
    np.savez_compressed(target, **arrays)
