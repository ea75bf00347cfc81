# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the rig of a head: a mesh with shape keys and an armature with FLAME's joints.

Mesh and bones live in FLAME's own axes (metres, Y up) under one armature object that is turned
to Blender's Z up. No bone has a rest rotation, so that a bone's pose quaternion *is* the joint's
rotation in FLAME. Blender's evaluated mesh then equals FLAME's to a few tenths of a micrometre.
"""

from __future__ import annotations

import json
import math

import bpy
import numpy as np

from ..paths import builtin_head_file
from . import naming
from .correctives import add_correctives
from .head_file import Head
from .materials import apply_materials
from .parts import give_id
from .shape_keys import add_shape_key

LEAST_OFFSET = 1e-6  # metres for one unit of expression; below, turning makes no difference that anyone can see
BONE_ALONG = np.array((0.0, 0.03, 0.0))  # metres, from head to tail; along Y a bone has no rest rotation


def build_rig(context: bpy.types.Context, head: Head, name: str = "Head") -> bpy.types.Object:
    """Add a head's rig to the scene and make it the selected, active object.

    Args:
        context: in object mode.
        head: what to build.
        name: name of the armature object.

    Returns:
        The armature object; its only child is the mesh object.
    """
    rig = _armature(context, head, name)
    surface = bpy.data.objects.new(f"{name} surface", _mesh(head, f"{name} surface"))
    rig.users_collection[0].objects.link(surface)
    surface.parent = rig
    _add_skinning(surface, rig, head)
    _add_regions(surface, head)
    _add_shape_keys(surface, head)
    add_correctives(surface, rig, head)
    apply_materials(surface.data, head.arrays)
    rig[naming.RIG_KIND] = head.kind
    give_id(rig)
    context.view_layer.update()
    return rig


def _armature(context: bpy.types.Context, head: Head, name: str) -> bpy.types.Object:
    armature = bpy.data.armatures.new(name)
    armature.display_type = "STICK"
    rig = bpy.data.objects.new(name, armature)
    rig.rotation_euler.x = math.pi / 2
    rig.show_in_front = True
    _link_visibly(context, rig)
    for other in context.selected_objects:
        other.select_set(False)
    rig.select_set(True)
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        for joint, place in zip(naming.JOINTS, head.joints, strict=True):
            bone = armature.edit_bones.new(joint)
            bone.head = place
            bone.tail = place + BONE_ALONG
            bone.roll = 0.0
        for joint, parent in zip(naming.JOINTS, naming.PARENTS, strict=True):
            if parent >= 0:
                armature.edit_bones[joint].parent = armature.edit_bones[naming.JOINTS[parent]]
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    for joint, offsets in zip(naming.JOINTS, head.joint_offsets, strict=True):
        bone = rig.pose.bones[joint]
        bone.rotation_mode = "QUATERNION"
        if np.abs(offsets).max() > LEAST_OFFSET:
            _add_pivot(bone)
    return rig


def _add_pivot(bone: bpy.types.PoseBone) -> None:
    """Let a bone turn about where the expression has moved its joint, however and by whom it is turned.

    FLAME's rotation about a joint that moved by ``d`` is Blender's about the bone's head, moved by
    ``(I - R) d``. Takes key ``d``, which is linear in the expression, so that it is right between keys
    as well, and for bones that are posed by hand.
    """
    pivot = bone.constraints.new("PIVOT")
    pivot.name = naming.PIVOT
    pivot.owner_space = "LOCAL"
    pivot.rotation_range = "ALWAYS_ACTIVE"
    pivot.use_relative_location = True


def _link_visibly(context: bpy.types.Context, rig: bpy.types.Object) -> None:
    """Link to the active collection, or to the scene's own where that one is excluded or hidden."""
    context.collection.objects.link(rig)
    if not rig.visible_get(view_layer=context.view_layer):
        context.collection.objects.unlink(rig)
        context.scene.collection.objects.link(rig)


def _mesh(head: Head, name: str) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(head.vertices.tolist(), [], head.faces.tolist())
    mesh.update()
    return mesh


def _add_skinning(surface: bpy.types.Object, rig: bpy.types.Object, head: Head) -> None:
    for joint, weights in zip(naming.JOINTS, head.weights.T, strict=True):
        group = surface.vertex_groups.new(name=joint)
        for vertex in np.flatnonzero(weights > 0.0).tolist():
            group.add((vertex,), float(weights[vertex]), "REPLACE")
    modifier = surface.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    modifier.use_vertex_groups = True
    modifier.use_bone_envelopes = False
    modifier.use_deform_preserve_volume = False  # FLAME blends matrices linearly


def _add_regions(surface: bpy.types.Object, head: Head) -> None:
    for index, region in enumerate(head.regions):
        vertices = np.flatnonzero(head.vertex_regions == index)
        if len(vertices):
            surface.vertex_groups.new(name=naming.region_group(region)).add(vertices.tolist(), 1.0, "REPLACE")


def _add_shape_keys(surface: bpy.types.Object, head: Head) -> None:
    surface.shape_key_add(name="Basis", from_mix=False)
    for name, direction in zip(head.expression_names, head.expressions, strict=True):
        add_shape_key(surface, name, head.vertices + direction)
    keys = surface.data.shape_keys
    keys.name = surface.name
    keys[naming.EXPRESSION_KEYS] = json.dumps(head.expression_names)
    keys[naming.JOINT_OFFSETS] = head.joint_offsets.astype("<f4").tobytes()
    keys[naming.HEAD_FILE] = naming.BUILTIN if head.path == builtin_head_file() else str(head.path)
    keys[naming.TRAITS] = json.dumps(head.trait_names)
    keys[naming.BETAS] = [*head.betas.tolist(), *[0.0] * (head.identities.shape[2] - len(head.betas))]
