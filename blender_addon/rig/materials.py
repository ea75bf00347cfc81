# SPDX-License-Identifier: GPL-3.0-or-later
"""Render-ready Cycles materials for a head, by region.

Colours are mixed by attributes of the mesh that are taken at rest (`rest`, `gaze`, `tints`), so they move with the
vertices and never swim over an animated face. A head that names no regions gets one material of plain skin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from .eye_shader import GAZE, IRIS_OUTER, PUPIL, WHITE, shade_eye
from .mouth_hair_shaders import (
    HAIR,
    MOUTH_FRONT,
    TONGUE,
    TOOTH,
    shade_hair,
    shade_mouth,
    shade_teeth,
    shade_tongue,
)
from .shader_graph import Colour
from .skin_shader import LIP, REST, SKIN, TINTS, shade_skin

Shader = Callable[[bpy.types.ShaderNodeTree], bpy.types.NodeSocket]
HeadArrays = Mapping[str, NDArray[np.generic]]

EYE_JOINTS = {"eye_l": 3, "eye_r": 4}  # rows of the joint regressor


@dataclass(frozen=True)
class Look:
    """How one region is drawn: its shader, and its colour in the viewport."""

    shader: Shader
    colour: Colour


LOOKS = {
    "skin": Look(shade_skin, SKIN),
    "lips": Look(shade_skin, LIP),
    "inner_mouth": Look(shade_mouth, MOUTH_FRONT),
    "teeth": Look(shade_teeth, TOOTH),
    "tongue": Look(shade_tongue, TONGUE),
    "eye_l": Look(shade_eye, WHITE),
    "eye_r": Look(shade_eye, WHITE),
    "lids": Look(shade_skin, SKIN),
    "scalp": Look(shade_hair, HAIR),
    "brows": Look(shade_hair, HAIR),
    "iris": Look(shade_eye, IRIS_OUTER),
    "pupil": Look(shade_eye, PUPIL),
}
PLAIN_REGIONS = ("skin",)  # of a head that names none


def apply_materials(mesh: bpy.types.Mesh, head: HeadArrays) -> None:
    """Give a head's mesh its materials, smooth shading, texture coordinates and the attributes these need.

    Applying twice replaces the slots and attributes of the first time.

    Args:
        mesh: with the head's vertices and triangles, in the file's order.
        head: the arrays of the head's file. ``region_names`` and ``face_regions`` choose the materials, ``uv`` (a
            pair for each corner) becomes the map "UVMap", ``tints`` colours the skin; each may be absent.
    """
    regions = tuple(str(name) for name in head["region_names"]) if "region_names" in head else PLAIN_REGIONS
    mesh.materials.clear()
    for material in make_materials(regions):
        mesh.materials.append(material)
    slots = head["face_regions"] if "face_regions" in head else np.zeros(len(mesh.polygons))
    mesh.polygons.foreach_set("material_index", slots.astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    if "uv" in head:
        layer = mesh.uv_layers.get("UVMap") or mesh.uv_layers.new(name="UVMap")
        layer.uv.foreach_set("vector", head["uv"].astype(np.float32).ravel())
    write_attribute(mesh, REST, "FLOAT_VECTOR", "vector", head["v_template"])
    write_attribute(mesh, GAZE, "FLOAT_VECTOR", "vector", gaze_directions(head, regions))
    write_attribute(mesh, TINTS, "FLOAT_COLOR", "color", head.get("tints", np.zeros((len(mesh.vertices), 4))))
    mesh.update()


def make_materials(regions: Sequence[str] = tuple(LOOKS)) -> list[bpy.types.Material]:
    """Make one material for each region, in their order.

    Regions drawn by the same shader hold the same node group, so that a tone is changed in one place.
    """
    looks = [LOOKS.get(region, LOOKS["skin"]) for region in regions]
    groups = {look.shader: shader_group(look.shader) for look in looks}
    return [material_of(region, look, groups[look.shader]) for region, look in zip(regions, looks, strict=True)]


def shader_group(shader: Shader) -> bpy.types.ShaderNodeTree:
    """Make the node group of a shader."""
    name = f"ARTalk {shader.__name__.removeprefix('shade_')}"
    group = bpy.data.node_groups.new(name, "ShaderNodeTree")
    group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    output = group.nodes.new("NodeGroupOutput")
    group.links.new(shader(group), output.inputs["Shader"])
    return group


def material_of(region: str, look: Look, group: bpy.types.ShaderNodeTree) -> bpy.types.Material:
    """Make a region's material around its shader's node group."""
    material = bpy.data.materials.new(f"ARTalk {region.replace('_', ' ')}")
    material.diffuse_color = (*look.colour, 1.0)
    if bpy.app.version < (5, 0, 0):  # later versions always have nodes, and warn
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    node, output = tree.nodes.new("ShaderNodeGroup"), tree.nodes.new("ShaderNodeOutputMaterial")
    node.node_tree = group
    output.location = (220.0, 0.0)
    tree.links.new(node.outputs["Shader"], output.inputs["Surface"])
    return material


def write_attribute(mesh: bpy.types.Mesh, name: str, kind: str, field: str, values: NDArray[np.generic]) -> None:
    """Write one value for each vertex, ``[V, C]``, in place of an attribute of that name."""
    old = mesh.attributes.get(name)
    if old is not None:
        mesh.attributes.remove(old)
    attribute = mesh.attributes.new(name, kind, "POINT")
    attribute.data.foreach_set(field, values.astype(np.float32).ravel())


def gaze_directions(head: HeadArrays, regions: Sequence[str]) -> NDArray[np.float64]:
    """Return ``[V, 3]``: for the vertices of an eye its centre's unit direction to them, elsewhere zero."""
    vertices = head["v_template"].astype(np.float64)
    directions = np.zeros_like(vertices)
    for region, joint in EYE_JOINTS.items():
        if region in regions:
            chosen = head["vertex_regions"] == regions.index(region)
            arms = vertices[chosen] - head["J_regressor"][joint].astype(np.float64) @ vertices
            directions[chosen] = arms / np.linalg.norm(arms, axis=1, keepdims=True)
    return directions
