# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a plain body for clips: SMPL-X's 55 joints by name and parent, with proportions of our own.

Places are metres in SMPL-X's axes (X left, Y up, Z front), with the origin where SMPL-X has it, 0.35 above the
pelvis, so that a clip's ``trans`` puts the feet on the floor. Every bone points up and has no roll, which
makes its axes those of SMPL-X: keyed quaternions are the clip's rotations.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.body import FINGERS, JOINTS, PARENTS

from .figure import add_figure

Floats = NDArray[np.float64]

BONE_LENGTH = 0.04  # metres, straight up
STANDING = 1.29  # metres, how far the pelvis is raised from rest until the soles touch the floor
SPINE = {
    "pelvis": (0.0, -0.35, 0.0),
    "spine1": (0.0, -0.24, -0.012),
    "spine2": (0.0, -0.11, -0.018),
    "spine3": (0.0, -0.03, -0.02),
    "neck": (0.0, 0.140, -0.035),
    "head": (0.0, 0.205, -0.022),
    "jaw": (0.0, 0.269, 0.002),
}
LEFT = {
    "hip": (0.088, -0.42, -0.005),
    "knee": (0.100, -0.815, 0.0),
    "ankle": (0.100, -1.205, -0.025),
    "foot": (0.115, -1.262, 0.095),
    "collar": (0.045, 0.092, -0.022),
    "shoulder": (0.168, 0.074, -0.034),
    "elbow": (0.433, 0.074, -0.048),
    "wrist": (0.683, 0.074, -0.044),
    "eye_smplhf": (0.0315, 0.292, 0.052),
}
# From the wrist: the first knuckle, the direction, the lengths of the two segments between joints.
FINGER_SHAPES = {
    "index": ((0.092, 0.002, 0.026), (1.0, -0.04, 0.06), (0.033, 0.024)),
    "middle": ((0.096, 0.003, 0.004), (1.0, -0.04, 0.0), (0.036, 0.027)),
    "ring": ((0.091, 0.001, -0.017), (1.0, -0.04, -0.05), (0.033, 0.025)),
    "pinky": ((0.083, -0.004, -0.036), (1.0, -0.05, -0.10), (0.026, 0.019)),
    "thumb": ((0.030, -0.012, 0.030), (0.75, -0.25, 0.62), (0.036, 0.030)),
}


def joint_places() -> Floats:
    """Return where the joints rest, ``[55, 3]`` metres in SMPL-X's axes."""
    places = dict(SPINE)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        places |= {f"{side}_{part}": tuple(mirror * place) for part, place in LEFT.items()}
        wrist = np.array(LEFT["wrist"])
        for finger in FINGERS:
            knuckle, direction, lengths = FINGER_SHAPES[finger]
            along = np.array(direction) / np.linalg.norm(direction)
            steps = np.concatenate([[0.0], np.cumsum(lengths)])
            for segment, step in enumerate(steps, start=1):
                places[f"{side}_{finger}{segment}"] = tuple(mirror * (wrist + knuckle + along * step))
    return np.array([places[joint] for joint in JOINTS])


def build_skeleton(context: bpy.types.Context, name: str = "Body") -> bpy.types.Object:
    """Add a body to the scene and make it the selected, active object.

    Args:
        context: in object mode.
        name: name of the armature object.

    Returns:
        The armature object; its child is a mesh of simple forms, so that the body renders.
    """
    armature = bpy.data.armatures.new(name)
    armature.display_type = "STICK"
    rig = bpy.data.objects.new(name, armature)
    rig.show_in_front = True
    context.collection.objects.link(rig)
    if not rig.visible_get(view_layer=context.view_layer):  # the active collection is hidden or excluded
        context.collection.objects.unlink(rig)
        context.scene.collection.objects.link(rig)
    for other in context.selected_objects:
        other.select_set(False)
    rig.select_set(True)
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        _add_bones(armature)
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = "QUATERNION"
    rig.pose.bones["pelvis"].location.y = STANDING
    add_figure(rig, joint_places())
    context.view_layer.update()
    return rig


def _add_bones(armature: bpy.types.Armature) -> None:
    for joint, (x, y, z) in zip(JOINTS, joint_places().tolist(), strict=True):
        bone = armature.edit_bones.new(joint)
        bone.head = (x, -z, y)
        bone.tail = (x, -z, y + BONE_LENGTH)
        bone.roll = 0.0
    for joint, parent in zip(JOINTS, PARENTS, strict=True):
        if parent >= 0:
            armature.edit_bones[joint].parent = armature.edit_bones[JOINTS[parent]]
