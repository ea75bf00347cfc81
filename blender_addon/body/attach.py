# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a talking head on a body's neck, so that the body turns and carries it.

FLAME's neck joint, about which the head nods, is SMPL-X's head joint, so the two are laid on one another.
The head follows the body's neck by a constraint, and its neck joint turns as the body's head does, by drivers
that are plain sums. The head's own turn, which a take keys on its root, would be seen twice and is held at
rest. Nothing is re-keyed: :func:`detach_head` takes it all away again.
"""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector
from numpy.typing import NDArray

from bridge.body import HEAD, NECK

from ..errors import BodyError
from ..rig.naming import JOINTS as FLAME_JOINTS
from ..rig.parts import RigParts
from .bones import BodyBones
from .figure import FIGURE_HEAD
from .importing import bone_path

Floats = NDArray[np.float64]

FOLLOW = "ARTalk body"  # constraint of the head's armature object
NECK_BEFORE = "artalk_neck_before_body"  # on the head's neck bone: how it was posed by hand
STILL_TURN, STILL_PLACE = "ARTalk body turns it", "ARTalk body carries it"  # of the head's root bone


def attached_body(rig: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the armature object that carries a head, if one does."""
    follow = rig.constraints.get(FOLLOW) if rig is not None else None
    return follow.target if follow is not None else None


def is_attached(rig: bpy.types.Object | None) -> bool:
    """Return whether a head was put on a body, even if that is gone by now."""
    return rig is not None and FOLLOW in rig.constraints


def attach_head(parts: RigParts, bones: BodyBones) -> None:
    """Put a head on a body; a head that is on another one is taken off first.

    Args:
        parts: the head.
        bones: the body; its neck and head are needed.

    Raises:
        BodyError: if the body lacks one of these or is the head itself, or if something else drives the head's neck.
    """
    lacking = [name for joint, name in ((NECK, "neck"), (HEAD, "head")) if joint not in bones.names]
    if lacking:
        raise BodyError(f"'{bones.rig.name}' has no '{lacking[0]}' to carry a head.", "Choose another body.")
    if bones.rig == parts.rig:
        raise BodyError("The head and the body are the same armature.", "Choose another body.")
    detach_head(parts)
    path, data = bone_path(parts.bone("neck"), "rotation_quaternion"), parts.rig.animation_data
    if data is not None and any(curve.data_path == path for curve in data.drivers):
        raise BodyError(f"The neck of '{parts.rig.name}' has drivers already.", "Remove these drivers first.")
    _follow(parts, bones)
    _drive_neck(parts, bones)
    _hold_root(parts)
    _show_figure_head(bones.rig, is_shown=False)
    bpy.context.view_layer.update()


def detach_head(parts: RigParts) -> bool:
    """Take a head off its body, to where it was before; return whether it was on one."""
    follow = parts.rig.constraints.get(FOLLOW)
    if follow is None:
        return False
    if follow.target is not None:
        _show_figure_head(follow.target, is_shown=True)
    parts.rig.constraints.remove(follow)
    root, neck = parts.rig.pose.bones[parts.bone("root")], parts.rig.pose.bones[parts.bone("neck")]
    for name in (STILL_TURN, STILL_PLACE):
        if name in root.constraints:
            root.constraints.remove(root.constraints[name])
    for index in range(4):
        neck.driver_remove("rotation_quaternion", index)
    neck.rotation_quaternion = neck.pop(NECK_BEFORE, (1.0, 0.0, 0.0, 0.0))
    bpy.context.view_layer.update()
    return True


def _follow(parts: RigParts, bones: BodyBones) -> None:
    """Let the head's object follow the body's neck; at rest its neck joint lies on the body's head joint."""
    body_bones, head_bones = bones.rig.data.bones, parts.rig.data.bones
    bpy.context.view_layer.update()  # either may have been moved a moment ago
    before = parts.rig.matrix_world.copy()
    size = float(np.mean(before.to_scale())) / bones.scale  # of the head, in the body's units
    turn = bones.axes @ parts.axes.T  # from the head's own axes to the body's
    neck = head_bones[parts.bone("neck")]
    place = Vector(body_bones[bones.names[HEAD]].head_local) - size * (Matrix(turn.tolist()) @ neck.head_local)
    at_rest = Matrix.LocRotScale(place, Matrix(turn.tolist()).to_quaternion(), Vector((size,) * 3))
    follow = parts.rig.constraints.new("CHILD_OF")
    follow.name, follow.target, follow.subtarget = FOLLOW, bones.rig, bones.names[NECK]
    follow.inverse_matrix = body_bones[bones.names[NECK]].matrix_local.inverted() @ at_rest @ before.inverted()


def _drive_neck(parts: RigParts, bones: BodyBones) -> None:
    """Let the head's neck turn as the body's head does, whatever the rest rotations of both bones are.

    Between the two lies one fixed rotation. It leaves the quaternion's scalar as it is and turns
    the rest as a vector, so each component is a sum of three.
    """
    neck = parts.rig.pose.bones[parts.bone("neck")]
    neck.rotation_mode = "QUATERNION"
    neck[NECK_BEFORE] = tuple(neck.rotation_quaternion)
    from_body = np.array(Quaternion(bones.rest[HEAD]).to_matrix(), np.float64)
    to_bone = np.array(Quaternion(parts.rests[FLAME_JOINTS.index("neck")]).to_matrix(), np.float64).T
    mix = np.eye(4)
    mix[1:, 1:] = to_bone @ from_body
    for index, row in enumerate(mix):
        driver = neck.driver_add("rotation_quaternion", index).driver
        driver.type = "SCRIPTED"
        for letter in "wxyz":
            variable = driver.variables.new()
            variable.name, variable.type = letter, "TRANSFORMS"
            target = variable.targets[0]
            target.id, target.bone_target = bones.rig, bones.names[HEAD]
            target.transform_type, target.transform_space = f"ROT_{letter.upper()}", "LOCAL_SPACE"
            target.rotation_mode = "QUATERNION"
        driver.expression = " + ".join(f"({share:.8f}) * {letter}" for share, letter in zip(row, "wxyz", strict=True))


def _hold_root(parts: RigParts) -> None:
    root = parts.rig.pose.bones[parts.bone("root")]
    turn, place = root.constraints.new("LIMIT_ROTATION"), root.constraints.new("LIMIT_LOCATION")
    turn.name, place.name = STILL_TURN, STILL_PLACE
    turn.owner_space = place.owner_space = "LOCAL"
    for axis in "xyz":
        setattr(turn, f"use_limit_{axis}", True)
        setattr(place, f"use_min_{axis}", True)
        setattr(place, f"use_max_{axis}", True)


def _show_figure_head(body: bpy.types.Object, is_shown: bool) -> None:
    for child in body.children:
        if FIGURE_HEAD in child:
            child.hide_viewport = child.hide_render = not is_shown
