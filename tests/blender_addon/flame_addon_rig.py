"""A rig as the FLAME Blender add-on brings it: same names, bones and keys, other people's choices of axes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import bpy
import numpy as np

BONES = ("root", "neck", "jaw", "left_eye", "right_eye")
PARENTS = (None, "root", "neck", "neck", "neck")
Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)  # FLAME's y is up; here z is


def flame_addon_rig(
    arrays: Mapping[str, np.ndarray],
    axes: np.ndarray = Z_UP,
    tail: tuple[float, float, float] = (0.0, 0.0, 0.01),
    roll: float = 0.0,
    names: str = "{stem}{number}",
    first: int = 1,
) -> bpy.types.Object:
    """Build the rig: mesh in ``axes``, each bone's tail ``tail`` from its head; the root's bone at the origin."""
    vertices = arrays["v_template"] @ axes.T
    mesh = bpy.data.meshes.new("FLAME-generic")
    mesh.from_pydata(vertices.tolist(), [], arrays["f"].tolist())
    surface = bpy.data.objects.new("FLAME-generic", mesh)
    rig = bpy.data.objects.new("FLAME-generic-armature", bpy.data.armatures.new("FLAME"))
    for thing in (rig, surface):
        bpy.context.scene.collection.objects.link(thing)
    add_bones(rig, (arrays["J_regressor"] @ arrays["v_template"]) @ axes.T, tail, roll)
    for bone, weights in zip(BONES, arrays["weights"].T, strict=True):
        group = surface.vertex_groups.new(name=bone)
        for vertex in np.flatnonzero(weights).tolist():
            group.add([vertex], float(weights[vertex]), "REPLACE")
    surface.parent = rig
    modifier = surface.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    surface.shape_key_add(name="Basis")
    stems = {"Shape": arrays["shapedirs"][..., :300], "Exp": arrays["shapedirs"][..., 300:], "Pose": arrays["posedirs"]}
    for stem, directions in stems.items():
        for number in range(directions.shape[2]):
            key = surface.shape_key_add(name=names.format(stem=stem, number=number + first), from_mix=False)
            key.points.foreach_set("co", (vertices + directions[..., number] @ axes.T).astype(np.float32).ravel())
            key.slider_min, key.slider_max, key.value = -10, 10, 0
    return rig


def add_bones(rig: bpy.types.Object, joints: np.ndarray, tail: tuple[float, float, float], roll: float) -> None:
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, parent, joint in zip(BONES, PARENTS, joints, strict=True):
        made = rig.data.edit_bones.new(bone)
        made.head = (0, 0, 0) if parent is None else joint
        made.tail = np.array(made.head) + tail
        made.roll = math.radians(roll)
        made.parent = rig.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
