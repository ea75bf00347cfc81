# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the parts of a rig that is in the file, however they are called by now."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from . import naming

_REMEDY = "Create a new head, or undo what removed it."


@dataclass(frozen=True)
class RigParts:
    """What a take animates.

    Attributes:
        rig: the armature object.
        surface: the mesh object.
        keys: the mesh's shape keys.
        expression_keys: names of the shape keys, in FLAME's order of expressions.
        joint_offsets: ``[J, 3, E]`` metres that one unit of each expression moves a joint.
    """

    rig: bpy.types.Object
    surface: bpy.types.Object
    keys: bpy.types.Key
    expression_keys: tuple[str, ...]
    joint_offsets: NDArray[np.float32]

    @property
    def kind(self) -> str:
        """Whose motion it understands: ``"builtin"`` or ``"flame"``."""
        return str(self.rig[naming.RIG_KIND])

    @property
    def rig_id(self) -> str:
        """What the rig's takes know it by."""
        return str(self.rig[naming.RIG_ID])


def is_rig(thing: bpy.types.Object | None) -> bool:
    """Return whether an object is the armature of a rig."""
    return thing is not None and thing.type == "ARMATURE" and naming.RIG_KIND in thing


def rig_parts(rig: bpy.types.Object | None) -> RigParts:
    """Return the parts of a rig.

    Args:
        rig: the armature object, or ``None``.

    Raises:
        RigError: if it is no rig, or lacks its mesh, a bone or an expression key.
    """
    if rig is None:
        raise RigError("No head is chosen.", "Choose a head, or create one.")
    if not is_rig(rig):
        raise RigError(f"'{rig.name}' is not a head made by ARTalk.", "Choose a head, or create one.")
    if rig.library is not None:
        raise RigError(f"'{rig.name}' is linked from another file.", "Make a library override of it first.")
    surface = _surface(rig)
    keys = surface.data.shape_keys
    names = tuple(json.loads(keys[naming.EXPRESSION_KEYS]))
    missing = [name for name in names if name not in keys.key_blocks]
    missing += [joint for joint in naming.JOINTS if joint not in rig.pose.bones]
    if missing:
        raise RigError(f"'{rig.name}' lacks '{missing[0]}'.", _REMEDY)
    offsets = np.frombuffer(keys[naming.JOINT_OFFSETS], "<f4").reshape(len(naming.JOINTS), 3, len(names))
    return RigParts(rig, surface, keys, names, offsets)


def ensure_own_id(rig: bpy.types.Object) -> str:
    """Return what a rig's takes know it by, after giving a copy of another rig a new one.

    Duplicating a head copies its identifier too; the rig that is older keeps it.

    Args:
        rig: the armature object.
    """
    known = rig[naming.RIG_ID]
    sharing = [thing for thing in bpy.data.objects if is_rig(thing) and thing.get(naming.RIG_ID) == known]
    if rig != min(sharing, key=lambda thing: thing.session_uid):
        rig[naming.RIG_ID] = uuid.uuid4().hex
    return str(rig[naming.RIG_ID])


def _surface(rig: bpy.types.Object) -> bpy.types.Object:
    for child in rig.children:
        keys = child.data.shape_keys if child.type == "MESH" else None
        if keys is not None and naming.EXPRESSION_KEYS in keys:
            return child
    raise RigError(f"'{rig.name}' has lost its mesh or the mesh's shape keys.", _REMEDY)
