# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the parts of a rig that is in the file, however they are called by now."""

from __future__ import annotations

import functools
import json
import time
import uuid
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Quaternion
from numpy.typing import NDArray

from ..errors import RigError
from ..steps import era
from . import naming
from .foreign import (
    flame_axes,
    foreign_bones,
    foreign_expressions,
    foreign_joints,
    foreign_surface,
    rest_rotations,
    stored,
)
from .head_file import EXPRESSIONS

FLAME = "flame"  # the kind of every rig made by others
Floats = NDArray[np.float64]

_REMEDY = "Create a new head, or undo what removed it."
_LOOK_S = 0.1  # between two looks whether a rig that was whole still is: one drawing of the tab asks dozens of times


@dataclass(frozen=True)
class Rig:
    """A rig without the numbers that its motion needs: quick to ask for, as panels do.

    Attributes:
        rig: the armature object.
        surface: the mesh object.
        keys: the mesh's shape keys.
        expression_keys: ``[E]`` names of the shape keys, in FLAME's order of expressions; a rig
            made from a smaller file has fewer than FLAME's 100.
    """

    rig: bpy.types.Object
    surface: bpy.types.Object
    keys: bpy.types.Key
    expression_keys: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Whose motion it understands: ``"builtin"`` or ``"flame"``."""
        return str(self.rig.get(naming.RIG_KIND, FLAME))

    @property
    def rig_id(self) -> str:
        """What the rig's takes know it by, ``""`` for a rig made by others that has none yet."""
        return id_of(self.rig)

    @property
    def is_foreign(self) -> bool:
        """Whether the rig was made by others."""
        return naming.RIG_KIND not in self.rig

    @property
    def shortfall(self) -> str:
        """What of a motion this rig cannot show, one sentence; ``""`` if it shows all of it."""
        count = len(self.expression_keys)
        if count >= EXPRESSIONS:
            return ""
        return f"'{self.rig.name}' has {count} of FLAME's {EXPRESSIONS} expressions; the others do not show."


# By session identifier: when and in which era a rig was whole, the rig, and its `_counts`.
_seen: dict[int, tuple[float, int, Rig, tuple[object, ...]]] = {}


@dataclass(frozen=True)
class RigParts(Rig):
    """What a take animates.

    Attributes:
        joint_offsets: ``[J, 3, E]`` metres that one unit of each expression moves a joint, in
            FLAME's axes.
        bones: ``[J]`` names of the bones of FLAME's joints.
        rests: ``[J, 4]`` unit quaternions (w, x, y, z), from each bone's own axes to FLAME's.
        axes: ``[3, 3]`` rotation from FLAME's axes to those of mesh and armature.
        shifts: ``[J, 3]`` metres from each bone's head to its joint without expression, in
            FLAME's axes; other than zero only on rigs made by others.
        pivots: those joints whose bone has a constraint for the joint's drift, which is keyed
            in place of the bone's location.
    """

    joint_offsets: Floats
    bones: tuple[str, ...]
    rests: Floats
    axes: Floats
    shifts: Floats
    pivots: tuple[str, ...] = ()

    def bone(self, joint: str) -> str:
        """Return the name of a joint's bone."""
        return self.bones[naming.JOINTS.index(joint)]

    def drift(self, joint: str, expression: NDArray[np.floating]) -> Floats:
        """Return how far a joint lies from its bone's head while expressions ``[T, 100]`` play.

        Returns:
            ``[T, 3]`` metres in FLAME's axes.
        """
        index = naming.JOINTS.index(joint)
        values = np.asarray(expression, np.float64)[:, : len(self.expression_keys)]
        return values @ self.joint_offsets[index].T + self.shifts[index]

    def bone_rotations(self, joint: str, rotations: Floats) -> Floats:
        """Turn ``[T, 4]`` rotations (w, x, y, z) of a joint in FLAME's axes into those of its bone's pose."""
        turned = np.array(rotations, np.float64)
        turned[:, 1:] = self.bone_vectors(joint, turned[:, 1:])
        return turned

    def bone_vectors(self, joint: str, vectors: Floats) -> Floats:
        """Turn ``[T, 3]`` vectors in FLAME's axes into a bone's own axes, as its location is given in."""
        rest = np.array(Quaternion(self.rests[naming.JOINTS.index(joint)]).to_matrix(), np.float64)
        return np.asarray(vectors, np.float64) @ rest


def id_of(rig: bpy.types.Object) -> str:
    """Return what a rig's takes know it by, ``""`` for one that has none yet."""
    return str(rig.get(naming.RIG_ID, ""))


def rig_keys(rig: bpy.types.Object) -> bpy.types.Key | None:
    """Return the shape keys of a rig that ARTalk made, ``None`` where they are not there."""
    if naming.RIG_KIND not in rig:
        return None
    found = _lately(rig)
    surface = found.surface if found is not None else _surface(rig)
    return surface.data.shape_keys if surface is not None else None


def is_rig(thing: bpy.types.Object | None) -> bool:
    """Return whether an object is the armature of a rig: one of ours, or a FLAME rig made by others."""
    if thing is None or thing.type != "ARMATURE":
        return False
    return naming.RIG_KIND in thing or _lately(thing) is not None or foreign_surface(thing) is not None


def whole_rig(rig: bpy.types.Object | None) -> Rig:
    """Return a rig after a look at whether it has all its parts; for panels and buttons, which ask all the time.

    A part that goes is missed at once. That a key or a bone was renamed is seen a tenth of a second later.

    Args:
        rig: the armature object, or ``None``.

    Raises:
        RigError: if it is no rig, or lacks its mesh, a bone or an expression key.
    """
    found = _lately(rig) if rig is not None else None
    if found is None:
        found = _own_rig(rig) if _is_own(rig) else rig_parts(rig)
        _seen[found.rig.session_uid] = time.monotonic(), era(), found, _counts(found)
    return found


def rig_parts(rig: bpy.types.Object | None) -> RigParts:
    """Return the parts of a rig.

    Args:
        rig: the armature object, or ``None``.

    Raises:
        RigError: if it is no rig, or lacks its mesh, a bone or an expression key.
    """
    if rig is None:
        raise RigError("No head is chosen.", "Choose a head, or create one.")
    if rig.library is not None:
        raise RigError(f"'{rig.name}' is linked from another file.", "Make a library override of it first.")
    if _is_own(rig):
        return _own_parts(_own_rig(rig))
    surface = foreign_surface(rig)
    if surface is None:
        text = f"'{rig.name}' is neither a head made by ARTalk nor a FLAME rig with keys 'Exp1' to 'Exp100'."
        raise RigError(text, "Choose a head, or create one.")
    return _foreign_parts(rig, surface)


def _lately(rig: bpy.types.Object) -> Rig | None:
    """Return a rig that was whole a moment ago and has lost nothing since."""
    if rig.session_uid not in _seen or rig.library is not None:
        return None
    seen_s, seen_era, found, counts = _seen[rig.session_uid]
    if seen_era != era() or time.monotonic() - seen_s > _LOOK_S:
        return None
    try:
        return found if _counts(found) == counts else None
    except ReferenceError:  # its mesh was deleted
        return None


def _counts(found: Rig) -> tuple[object, ...]:
    """Return what changes with a rig's parts and is quick to ask for."""
    rig, surface = found.rig, found.surface
    return (
        surface.parent,
        surface.data.shape_keys,
        len(found.keys.key_blocks),
        len(rig.pose.bones),
        naming.RIG_KIND in rig,
    )


def _is_own(rig: bpy.types.Object | None) -> bool:
    return rig is not None and rig.library is None and rig.type == "ARMATURE" and naming.RIG_KIND in rig


def _own_rig(rig: bpy.types.Object) -> Rig:
    surface = _surface(rig)
    if surface is None:
        raise RigError(f"'{rig.name}' has lost its mesh or the mesh's shape keys.", _REMEDY)
    keys = surface.data.shape_keys
    names = _names(keys[naming.EXPRESSION_KEYS])
    missing = sorted(set(names).difference(keys.key_blocks.keys()), key=names.index)
    bones = rig.pose.bones
    missing += [joint for joint in naming.JOINTS if joint not in bones]
    if missing:
        raise RigError(f"'{rig.name}' lacks '{missing[0]}'.", _REMEDY)
    return Rig(rig, surface, keys, names)


def _own_parts(found: Rig) -> RigParts:
    rig, names = found.rig, found.expression_keys
    return RigParts(
        rig,
        found.surface,
        found.keys,
        names,
        stored(found.keys, naming.JOINT_OFFSETS, (len(naming.JOINTS), 3, len(names))),
        bones=naming.JOINTS,
        rests=rest_rotations(rig, naming.JOINTS, Matrix.Identity(3)),
        axes=np.eye(3),
        shifts=np.zeros((len(naming.JOINTS), 3)),
        pivots=tuple(joint for joint in naming.JOINTS if naming.PIVOT in rig.pose.bones[joint].constraints),
    )


@functools.lru_cache(16)
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _foreign_parts(rig: bpy.types.Object, surface: bpy.types.Object) -> RigParts:
    keys = surface.data.shape_keys
    names = foreign_expressions(rig, keys)
    bones = foreign_bones(rig)
    axes = flame_axes(rig, bones)
    offsets, shifts = foreign_joints(rig, keys, bones, axes, len(names))
    rests = rest_rotations(rig, bones, axes)
    return RigParts(rig, surface, keys, names, offsets, bones, rests, np.array(axes, np.float64), shifts)


def ensure_own_id(rig: bpy.types.Object) -> str:
    """Return what a rig's takes know it by, after giving one to a rig made by others or copied.

    Duplicating a head copies its identifier too; the rig that is older keeps it. A library override has that of the
    rig in the library.

    Args:
        rig: the armature object.
    """
    if naming.RIG_ID not in rig or older_twins(rig):
        give_id(rig)
    return str(rig[naming.RIG_ID])


def older_twins(rig: bpy.types.Object) -> list[bpy.types.Object]:
    """Return the rigs of this file that a rig was copied from, or with: they have its identifier, and keep it."""
    known = rig.get(naming.RIG_ID)
    sharing = (thing for thing in bpy.data.objects if thing.get(naming.RIG_ID) == known and is_rig(thing))
    return [twin for twin in sharing if twin.library is None and twin.session_uid < rig.session_uid]


def give_id(rig: bpy.types.Object) -> None:
    """Let takes know a rig by an identifier that no other rig has."""
    rig[naming.RIG_ID] = uuid.uuid4().hex
    rig.property_overridable_library_set(f'["{naming.RIG_ID}"]', True)  # or a second override would lose its own


def _surface(rig: bpy.types.Object) -> bpy.types.Object | None:
    for child in rig.children:
        keys = child.data.shape_keys if child.type == "MESH" else None
        if keys is not None and naming.EXPRESSION_KEYS in keys:
            return child
    return None
