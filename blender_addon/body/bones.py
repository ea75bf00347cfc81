# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clip moves: the bones of an armature that are joints of SMPL-X, and how they rest.

SMPL-X's joints have no rotation at rest, bones have. With ``C`` the rest rotation of a bone in SMPL-X's
axes, a joint's rotation ``R`` is the bone's pose rotation ``C^-1 R C``. Which axis of the armature is up and
which is left is read from where its hips and its spine are, so armatures with Y up work as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge import rotations
from bridge.body import BODY_JOINTS, JOINTS, PELVIS

from ..errors import BodyError
from .names import joints_of

Floats = NDArray[np.float64]

NEEDED = ("pelvis", "left_hip", "right_hip", "spine1")  # without these nobody knows up from left
MIN_JOINTS = 10  # of the body's, hands and face aside
SMALLEST_SCALE = 1e-6
BENT_REST = 20.0  # degrees between an upper arm and straight out, above which it is no T pose
REMEDY = "Choose an armature with SMPL-X's bones, or add a body."


@dataclass(frozen=True, eq=False)
class BodyBones:
    """The bones of an armature that a clip moves.

    Attributes:
        rig: the armature object.
        names: by joint, the name of its bone.
        parents: by joint, the closest joint above it in the armature, -1 for none.
        rest: by joint, unit quaternion (w, x, y, z) of the bone's rest rotation, in SMPL-X's axes.
        axes: ``[3, 3]`` whose columns are SMPL-X's left, up and front in the armature's own axes.
        pelvis: ``[3]`` where the pelvis rests, metres in the world's size, in SMPL-X's axes.
        scale: the world's metres in one unit of the armature.
        notes: what the user should know, one sentence each.
    """

    rig: bpy.types.Object
    names: dict[int, str]
    parents: dict[int, int]
    rest: dict[int, Floats]
    axes: Floats
    pelvis: Floats
    scale: float
    notes: tuple[str, ...]


def body_bones(rig: bpy.types.Object | None) -> BodyBones:
    """Find the bones of a body.

    Args:
        rig: an armature object, in object or pose mode.

    Raises:
        BodyError: if it is none, cannot be animated as it is, or is no body.
    """
    rig, names = check_body(rig)
    bpy.context.view_layer.update()  # it may have been scaled a moment ago
    axes = _axes(rig, names)
    bones = rig.data.bones
    to_smplx = {joint: axes.T @ np.array(bones[name].matrix_local.to_3x3()) for joint, name in names.items()}
    scale = _scale(rig)
    return BodyBones(
        rig=rig,
        names=names,
        parents={joint: _parent(bones[name], names) for joint, name in names.items()},
        rest={joint: rotations.from_matrices(matrix.astype(np.float64)) for joint, matrix in to_smplx.items()},
        axes=axes,
        pelvis=axes.T @ np.array(bones[names[PELVIS]].head_local) * scale,
        scale=scale,
        notes=(*_missing(rig, names), *_bent_rest(rig, names, axes)),
    )


def check_body(rig: bpy.types.Object | None) -> tuple[bpy.types.Object, dict[int, str]]:
    """Return a body's armature object and by joint the names of its bones.

    Raises:
        BodyError: if it is no armature, linked, being edited, or no body.
    """
    if rig is None:
        raise BodyError("No body is chosen.", REMEDY)
    if rig.type != "ARMATURE":
        raise BodyError(f"'{rig.name}' is not an armature.", REMEDY)
    if rig.library is not None:
        raise BodyError(f"'{rig.name}' is linked from another file.", "Make a library override of it first.")
    if rig.mode == "EDIT":
        raise BodyError(f"'{rig.name}' is being edited.", "Go back to Object Mode or Pose Mode.")
    names = joints_of(bone.name for bone in rig.data.bones)
    lacking = [joint for joint in NEEDED if JOINTS.index(joint) not in names]
    of_body = sum(joint < len(BODY_JOINTS) for joint in names)
    if not lacking and of_body >= MIN_JOINTS:
        return rig, names
    found = f"{len(names)} of its {len(rig.data.bones)} bones have names of SMPL-X"
    lacks = lacking or [joint for index, joint in enumerate(BODY_JOINTS) if index not in names]
    raise BodyError(f"'{rig.name}' is no SMPL-X body: {found}, and it lacks {_listed(lacks)}.", REMEDY)


def _scale(rig: bpy.types.Object) -> float:
    """Return the world's metres in one unit of an armature; a mirrored one measures no less."""
    scale = float(np.abs(rig.matrix_world.to_scale()).mean())
    if scale < SMALLEST_SCALE:
        raise BodyError(f"'{rig.name}' is scaled down to nothing.", "Give it a scale.")
    return scale


def _axes(rig: bpy.types.Object, names: dict[int, str]) -> Floats:
    """Return SMPL-X's left, up and front as columns, along the armature's own axes."""
    place = {joint: np.array(rig.data.bones[names[JOINTS.index(joint)]].head_local) for joint in NEEDED}
    left = _closest_axis(place["left_hip"] - place["right_hip"])
    up = _closest_axis(place["spine1"] - place["pelvis"])
    if abs(left @ up) > 0.5:
        raise BodyError(f"'{rig.name}' does not rest upright, or its hips lie on one another.", REMEDY)
    return np.stack([left, up, np.cross(left, up)], axis=1)


def _closest_axis(direction: Floats) -> Floats:
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(direction)))
    axis[largest] = np.sign(direction[largest]) or 1.0
    return axis


def _parent(bone: bpy.types.Bone, names: dict[int, str]) -> int:
    joints = {name: joint for joint, name in names.items()}
    return next((joints[above.name] for above in bone.parent_recursive if above.name in joints), -1)


def _missing(rig: bpy.types.Object, names: dict[int, str]) -> list[str]:
    lacking = [joint for index, joint in enumerate(JOINTS) if index not in names]
    if not lacking:
        return []
    return [f"'{rig.name}' has {len(names)} of {len(JOINTS)} joints and lacks {_listed(lacking)}."]


def _bent_rest(rig: bpy.types.Object, names: dict[int, str], axes: Floats) -> list[str]:
    """Say if the arms do not rest straight out, because a clip's rotations then mean something else."""
    worst = 0.0
    for side, outward in (("left", axes[:, 0]), ("right", -axes[:, 0])):
        joints = [JOINTS.index(f"{side}_{joint}") for joint in ("shoulder", "elbow")]
        if all(joint in names for joint in joints):
            start, end = (np.array(rig.data.bones[names[joint]].head_local) for joint in joints)
            cosine = (end - start) @ outward / max(float(np.linalg.norm(end - start)), 1e-9)
            worst = max(worst, float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))))
    if worst <= BENT_REST:
        return []
    return [
        f"The arms of '{rig.name}' rest {worst:.0f} degrees from the T pose that clips expect, and are off by that."
    ]


def _listed(names: list[str], most: int = 4) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
