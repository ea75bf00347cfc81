# SPDX-License-Identifier: GPL-3.0-or-later
"""A jointed figure of rounded pieces, like a painter's wooden one, so that a skeleton can be seen and rendered.

Every piece hangs on one bone. The head is an object of its own, which a talking head takes the place of.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.body import FINGERS, JOINTS

Floats = NDArray[np.float64]
Place = tuple[float, float, float]

FIGURE_HEAD = "artalk_figure_head"  # on the object that a talking head replaces
COLUMNS, CAP_ROWS = 20, 6  # vertices around a piece, and rows in its rounded ends
FRONT: Place = (0.0, 0.0, 1.0)
UP: Place = (0.0, 1.0, 0.0)

CLOTH, SKIN, SHOE = range(3)
COLOURS = ((0.045, 0.10, 0.16), (0.72, 0.40, 0.27), (0.03, 0.028, 0.03))  # linear
NAMES = ("cloth", "skin", "shoe")
ROUGHNESS = (0.85, 0.5, 0.6)


Radii = tuple[float, float]  # across and deep, metres


@dataclass(frozen=True)
class Piece:
    """A tube with rounded ends.

    Attributes:
        joint: name of the joint that it hangs on.
        start: metres, in SMPL-X's axes.
        end: metres.
        start_radii: across and deep.
        end_radii: across and deep.
        material: one of ``CLOTH``, ``SKIN``, ``SHOE``.
        deep: what "deep" is measured along, before it is made square to the tube.
    """

    joint: str
    start: Place
    end: Place
    start_radii: Radii
    end_radii: Radii
    material: int = CLOTH
    deep: Place = FRONT


@dataclass(frozen=True)
class Limb:
    """A piece of the left side from one joint to another; the right side has its mirror image.

    Attributes:
        joint: the joint that it hangs on and begins at, without its side.
        end: the joint that it ends at.
        start_shift: metres outward, up and to the front.
        end_shift: likewise.
        start_radii: across and deep.
        end_radii: across and deep.
        material: one of ``CLOTH``, ``SKIN``, ``SHOE``.
        deep: as in a piece.
    """

    joint: str
    end: str
    start_shift: Place
    end_shift: Place
    start_radii: Radii
    end_radii: Radii
    material: int = CLOTH
    deep: Place = FRONT


TRUNK = (
    Piece("pelvis", (0.0, -0.340, 0.0), (0.0, -0.400, -0.004), (0.122, 0.088), (0.150, 0.100)),
    Piece("spine1", (0.0, -0.190, -0.006), (0.0, -0.300, -0.002), (0.114, 0.082), (0.121, 0.087)),
    Piece("spine2", (0.0, -0.060, -0.008), (0.0, -0.180, -0.006), (0.128, 0.093), (0.115, 0.083)),
    Piece("spine3", (0.0, 0.060, -0.022), (0.0, -0.080, -0.008), (0.128, 0.080), (0.130, 0.095)),
    Piece("spine3", (0.0, 0.118, -0.034), (0.0, 0.070, -0.028), (0.054, 0.050), (0.100, 0.064)),
    Piece("neck", (0.0, 0.115, -0.040), (0.0, 0.190, -0.030), (0.043, 0.043), (0.034, 0.036), SKIN),
)
HEAD = (
    Piece("head", (0.0, 0.315, 0.005), (0.0, 0.255, 0.020), (0.074, 0.090), (0.060, 0.068), SKIN),
    Piece("head", (0.0, 0.305, 0.090), (0.0, 0.265, 0.105), (0.008, 0.010), (0.013, 0.014), SKIN),
    Piece("jaw", (0.0, 0.230, 0.030), (0.0, 0.205, 0.062), (0.046, 0.046), (0.026, 0.020), SKIN),
)


LIMBS = (
    Limb("collar", "shoulder", (0.010, -0.015, 0.0), (0.0, 0.0, 0.0), (0.048, 0.060), (0.046, 0.048)),
    Limb("shoulder", "elbow", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.048, 0.048), (0.039, 0.039)),
    Limb("elbow", "wrist", (0.0, 0.0, 0.0), (-0.015, 0.0, 0.0), (0.039, 0.039), (0.029, 0.032)),
    Limb("hip", "knee", (0.0, -0.020, 0.0), (0.0, 0.0, 0.0), (0.080, 0.088), (0.056, 0.060)),
    Limb("knee", "ankle", (0.0, 0.0, 0.0), (0.0, 0.020, 0.0), (0.056, 0.060), (0.041, 0.045)),
    Limb("ankle", "foot", (0.0, -0.045, -0.030), (0.0, 0.006, 0.0), (0.036, 0.036), (0.043, 0.030), SHOE, UP),
    Limb("foot", "foot", (0.0, 0.0, 0.0), (0.006, -0.003, 0.070), (0.043, 0.027), (0.036, 0.020), SHOE, UP),
    Limb("wrist", "middle1", (-0.020, 0.0, 0.0), (-0.012, 0.0, 0.0), (0.026, 0.021), (0.040, 0.014), SKIN, UP),
)
FINGER_WIDTHS = {"index": 0.0092, "middle": 0.0092, "ring": 0.0092, "pinky": 0.0080, "thumb": 0.0125}  # radii
FINGER_TIP = 0.75  # length of the last segment, which no joint ends, over that of the one before
TAPER = 0.09  # of a finger's width, from one joint to the next


def limbs(places: Floats) -> list[Piece]:
    """Return the pieces of arms, hands and legs, for joints ``[55, 3]`` in SMPL-X's axes."""
    at = dict(zip(JOINTS, places, strict=True))
    pieces = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        for limb in LIMBS:
            start = at[f"{side}_{limb.joint}"] + mirror * limb.start_shift
            end = at[f"{side}_{limb.end}"] + mirror * limb.end_shift
            look = limb.start_radii, limb.end_radii, limb.material, limb.deep
            pieces.append(Piece(f"{side}_{limb.joint}", _place(start), _place(end), *look))
        for finger in FINGERS:
            pieces += _finger(at, f"{side}_{finger}", FINGER_WIDTHS[finger])
    return pieces


def _finger(at: dict[str, Floats], finger: str, width: float) -> list[Piece]:
    knuckles = [at[f"{finger}{segment}"] for segment in (1, 2, 3)]
    ends = [*knuckles[1:], knuckles[2] + (knuckles[2] - knuckles[1]) * FINGER_TIP]
    pieces = []
    for index, (start, end) in enumerate(zip(knuckles, ends, strict=True)):
        near, far = width * (1.0 - TAPER * index), width * (1.0 - TAPER * (index + 1))
        pieces.append(Piece(f"{finger}{index + 1}", _place(start), _place(end), (near, near), (far, far), SKIN))
    return pieces


def _place(point: Floats) -> Place:
    x, y, z = point.tolist()
    return x, y, z


def add_figure(rig: bpy.types.Object, places: Floats) -> None:
    """Give a skeleton its figure.

    Args:
        rig: the armature object, whose bones have the joints' names.
        places: ``[55, 3]`` where the joints rest, metres in SMPL-X's axes.
    """
    materials = [_material(number) for number in range(len(NAMES))]
    _add_object(rig, f"{rig.name} figure", [*TRUNK, *limbs(places)], materials)
    head = _add_object(rig, f"{rig.name} figure head", list(HEAD), materials)
    head[FIGURE_HEAD] = True


def _add_object(
    rig: bpy.types.Object, name: str, pieces: list[Piece], materials: list[bpy.types.Material]
) -> bpy.types.Object:
    vertices, faces = _surface()
    places = np.concatenate([_placed(piece, vertices) for piece in pieces])
    mesh = bpy.data.meshes.new(name)
    count = len(vertices)
    mesh.from_pydata(
        (places @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])).tolist(),  # (x, y, z) -> (x, -z, y)
        [],
        [tuple(vertex + number * count for vertex in face) for number in range(len(pieces)) for face in faces],
    )
    for material in materials:
        mesh.materials.append(material)
    mesh.polygons.foreach_set("material_index", np.repeat([piece.material for piece in pieces], len(faces)).astype("i"))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    mesh.update()
    thing = bpy.data.objects.new(name, mesh)
    rig.users_collection[0].objects.link(thing)
    thing.parent = rig
    for number, piece in enumerate(pieces):
        group = thing.vertex_groups.get(piece.joint) or thing.vertex_groups.new(name=piece.joint)
        group.add(list(range(number * count, (number + 1) * count)), 1.0, "REPLACE")
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    return thing


def _surface() -> tuple[Floats, list[tuple[int, ...]]]:
    """Return a tube's vertices as (end 0 or 1, along from that end, around x, around y) and its faces."""
    angles = np.linspace(0.0, np.pi / 2, CAP_ROWS + 1)[:-1]
    rows = [(0.0, -np.cos(a), np.sin(a)) for a in angles] + [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]
    rows += [(1.0, np.cos(a), np.sin(a)) for a in angles[::-1]]
    turn = np.linspace(0.0, 2 * np.pi, COLUMNS, endpoint=False)
    rings = [
        np.stack([np.full(COLUMNS, end), np.full(COLUMNS, along), wide * np.cos(turn), wide * np.sin(turn)], axis=1)
        for end, along, wide in rows[1:-1]
    ]
    vertices = np.concatenate([*rings, [[0.0, -1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]])
    after = [(column + 1) % COLUMNS for column in range(COLUMNS)]
    faces: list[tuple[int, ...]] = []
    for ring in range(len(rings) - 1):
        low, high = ring * COLUMNS, (ring + 1) * COLUMNS
        faces += [(low + c, low + after[c], high + after[c], high + c) for c in range(COLUMNS)]
    last = (len(rings) - 1) * COLUMNS
    faces += [(after[c], c, len(vertices) - 2) for c in range(COLUMNS)]
    faces += [(last + c, last + after[c], len(vertices) - 1) for c in range(COLUMNS)]
    return vertices, faces


def _placed(piece: Piece, surface: Floats) -> Floats:
    """Return where the vertices of a tube are for one piece, ``[V, 3]`` metres."""
    start, end = np.array(piece.start), np.array(piece.end)
    along = (end - start) / np.linalg.norm(end - start)
    deep = np.array(piece.deep) - along * (along @ np.array(piece.deep))
    deep /= np.linalg.norm(deep)
    across = np.cross(deep, along)
    which = surface[:, :1]
    radii = np.where(which > 0, piece.end_radii, piece.start_radii)  # [V, 2]
    centre = start + which * (end - start) + surface[:, 1:2] * radii.min(axis=1, keepdims=True) * along
    return centre + surface[:, 2:3] * radii[:, :1] * across + surface[:, 3:4] * radii[:, 1:] * deep


def _material(number: int) -> bpy.types.Material:
    name = f"ARTalk body {NAMES[number]}"
    material = bpy.data.materials.get(name) or bpy.data.materials.new(name)
    material.diffuse_color = (*COLOURS[number], 1.0)
    if bpy.app.version < (5, 0, 0):  # later versions always have nodes, and warn
        material.use_nodes = True
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Base Color"].default_value = (*COLOURS[number], 1.0)
    surface.inputs["Roughness"].default_value = ROUGHNESS[number]
    return material
