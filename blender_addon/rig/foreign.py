# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise FLAME rigs that others made, such as those of the FLAME Blender add-on.

Such a rig has shape keys ``Shape1``, ``Exp1`` and ``Pose1`` onwards (or ``Exp000`` and so on), and bones
``neck``, ``jaw``, ``left_eye`` and ``right_eye`` below a root. Its mesh may stand in any axes, and its
bones may rest in any rotation: both are read from where the bones are.
"""

from __future__ import annotations

import re
from itertools import pairwise

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from ..errors import RigError
from . import naming
from .head_file import EXPRESSIONS

ALIASES = {
    "root": ("root", "Root", "global", "Global"),
    "neck": ("neck", "Neck"),
    "jaw": ("jaw", "Jaw"),
    "eye_l": ("left_eye", "eye_l", "eye.L", "LeftEye", "leftEye"),
    "eye_r": ("right_eye", "eye_r", "eye.R", "RightEye", "rightEye"),
}
BODY = "pelvis"  # a bone of whole bodies such as SMPL-X, which have FLAME's bones and keys too
SHAPE, EXPRESSION, CORRECTIVE = "shape|betas?", "exp|expr|expression", "pose"

_REMEDY = "Choose a head that ARTalk created, or a rig of the FLAME add-on."
_UP = Vector((0.0, 0.16, 0.07))  # FLAME: from the neck's joint to the middle between the eyes, metres


def foreign_surface(rig: bpy.types.Object) -> bpy.types.Object | None:
    """Return the mesh of an armature that drives a FLAME head of somebody else's, if it does."""
    if rig.type != "ARMATURE" or BODY in rig.data.bones:
        return None
    if any(bone_named(rig, joint) is None for joint in ("neck", "jaw")):
        return None
    for child in rig.children:
        keys = child.data.shape_keys if child.type == "MESH" else None
        if keys is not None and numbered_keys(keys, EXPRESSION):
            return child
    return None


def bone_named(rig: bpy.types.Object, joint: str) -> str | None:
    """Return the name of the bone that is a joint of FLAME's, by any name that is in use."""
    bones = rig.data.bones
    return next((name for name in ALIASES[joint] if name in bones), None)


def foreign_bones(rig: bpy.types.Object) -> tuple[str, ...]:
    """Return the names of the bones of FLAME's joints.

    Raises:
        RigError: if one of them is not there.
    """
    found = {joint: bone_named(rig, joint) for joint in naming.JOINTS}
    neck = rig.data.bones[found["neck"]]
    if found["root"] is None and neck.parent is not None:
        found["root"] = neck.parent.name
    missing = [joint for joint, bone in found.items() if bone is None]
    if missing:
        names = " or ".join(f"'{name}'" for name in ALIASES[missing[0]][:2])
        raise RigError(f"'{rig.name}' looks like a FLAME rig, but has no bone {names}.", _REMEDY)
    return tuple(str(found[joint]) for joint in naming.JOINTS)


def numbered_keys(keys: bpy.types.Key, stems: str) -> tuple[str, ...]:
    """Return the names of the keys ``<stem><number>``, by their numbers.

    Args:
        keys: the shape keys.
        stems: what may stand before the number; alternatives separated by ``|``.
    """
    pattern = re.compile(rf"(?:{stems})[ _.]?(\d+)", re.IGNORECASE)
    found = [(match, key.name) for key in keys.key_blocks if (match := pattern.fullmatch(key.name))]
    return tuple(name for _, name in sorted((int(match[1]), name) for match, name in found))


def foreign_expressions(rig: bpy.types.Object, keys: bpy.types.Key) -> tuple[str, ...]:
    """Return the names of the expression keys, in FLAME's order.

    Raises:
        RigError: if one of them has been deleted or renamed.
    """
    names = numbered_keys(keys, EXPRESSION)
    numbers = [int(re.sub(r"\D", "", name)) for name in names]
    gap = next((a + 1 for a, b in pairwise(numbers) if b != a + 1), None if numbers[0] <= 1 else 1)
    if gap is not None:
        stem = names[0].rstrip("0123456789")
        raise RigError(f"'{rig.name}' lacks the shape key '{stem}{gap}'.", "Undo what removed or renamed it.")
    return names[:EXPRESSIONS]


def flame_axes(rig: bpy.types.Object, bones: tuple[str, ...]) -> Matrix:
    """Return the rotation from FLAME's axes (left, up, front) to those of an armature.

    The eyes say where left is; of the four quarter turns that are left, the one that fits best to
    how far the eyes lie above and in front of the neck.

    Args:
        rig: the armature object.
        bones: names of the bones of FLAME's joints.
    """
    heads = {joint: rig.data.bones[name].head_local for joint, name in zip(naming.JOINTS, bones, strict=True)}
    left = _axis(heads["eye_l"] - heads["eye_r"])
    up = (heads["eye_l"] + heads["eye_r"]) / 2 - heads["neck"]
    seconds = [axis for axis in _AXES if abs(axis.dot(left)) < 0.5]
    candidates = [Matrix((left, second, left.cross(second))).transposed() for second in seconds]
    return max(candidates, key=lambda axes: (axes @ _UP).dot(up))


def rest_rotations(rig: bpy.types.Object, bones: tuple[str, ...], axes: Matrix) -> NDArray[np.float64]:
    """Return the rotations from each bone's own axes to FLAME's.

    Returns:
        ``[J, 4]`` unit quaternions (w, x, y, z).
    """
    to_flame = axes.transposed().to_quaternion()
    turns = [to_flame @ rig.data.bones[bone].matrix_local.to_quaternion() for bone in bones]
    return np.array([tuple(turn.normalized()) for turn in turns])


def foreign_joints(
    rig: bpy.types.Object, keys: bpy.types.Key, bones: tuple[str, ...], axes: Matrix, expressions: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how expressions move the joints, and how far these lie from the bones' heads without any.

    Both are known only after a FLAME file was attached (`attach_flame`), and zero before.

    Returns:
        ``[J, 3, E]`` and ``[J, 3]`` metres in FLAME's axes.

    Raises:
        RigError: if shape keys have been deleted since.
    """
    joints = len(naming.JOINTS)
    if naming.JOINTS_AT_REST not in keys:
        return np.zeros((joints, 3, expressions)), np.zeros((joints, 3))
    shapes = [keys.key_blocks[name].value for name in numbered_keys(keys, SHAPE)]
    offsets, moves = (
        stored(keys, name, (joints, 3, -1)) for name in (naming.JOINT_OFFSETS, naming.SHAPE_JOINT_OFFSETS)
    )
    if (offsets.shape[2], moves.shape[2]) != (expressions, len(shapes)):
        raise RigError(f"'{rig.name}' lacks shape keys that it had.", "Undo what removed them.")
    places = stored(keys, naming.JOINTS_AT_REST, (joints, 3)) + moves @ np.array(shapes)
    heads = np.array([axes.transposed() @ rig.data.bones[bone].head_local for bone in bones])
    return offsets, places - heads


def stored(keys: bpy.types.Key, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return an array that is kept with shape keys as float32 bytes."""
    return np.frombuffer(keys[name], "<f4").reshape(shape).astype(np.float64)


_AXES = [Vector(np.eye(3)[axis] * sign) for axis in range(3) for sign in (1, -1)]


def _axis(vector: Vector) -> Vector:
    """Return the direction along an axis that is nearest to a vector."""
    return max(_AXES, key=vector.dot)
