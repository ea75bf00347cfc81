# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a rig another identity, in place: its keys, its materials and its animation stay.

An identity moves the Basis and every other shape key alike, so that what a key adds to the Basis
stays, and it moves the joints, which the bones follow. Keyframes stay valid: bones turn by the same
angles, and what takes key besides is how far *expressions* move the joints, which is the same for
every identity because FLAME's joints are linear in its coefficients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..errors import IdentityError
from ..paths import builtin_head_file
from . import naming
from .head_file import IDENTITIES, load_head
from .parts import Rig, RigParts, rig_parts

# Offsets are whole multiples of this, metres. Sums of such numbers below half a metre are exact in float32, so that
# what a key adds to the Basis is the same after ten thousand moves of a slider.
GRID = 2.0**-25

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """What identities of a head do.

    Attributes:
        directions: ``[S, 3V]`` metres that one unit of each coefficient moves the vertices.
        joints: ``[S, 3J]`` metres that it moves the joints.
    """

    directions: NDArray[np.float32]
    joints: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class IdentityOffset:
    """How far an identity lies from the template, on the grid.

    Attributes:
        betas: ``[S]``.
        vertices: ``[3V]`` metres.
        joints: ``[3J]`` metres.
    """

    betas: tuple[float, ...]
    vertices: NDArray[np.float32]
    joints: Floats


def betas_of(keys: bpy.types.Key) -> Floats:
    """Return the identity ``[S]`` that shape keys hold; ``[0]`` of a rig that was made by others."""
    if naming.BETAS in keys:
        return np.array(keys[naming.BETAS], np.float64)
    return np.zeros(IDENTITIES if naming.EXPRESSION_KEYS in keys else 0)  # earlier versions made the template


def trait_names(keys: bpy.types.Key) -> tuple[str, ...]:
    """Return the names of the first coefficients of an identity, as far as the head's file gives any."""
    return tuple(json.loads(keys.get(naming.TRAITS, "[]")))


def head_file(parts: Rig) -> Path:
    """Return the file that a rig was made from.

    Raises:
        IdentityError: if it is not known, or gone.
    """
    name = parts.keys.get(naming.HEAD_FILE) or (naming.BUILTIN if parts.kind == naming.BUILTIN else "")
    if not name:
        text = f"'{parts.rig.name}' does not know which FLAME file it was made from."
        raise IdentityError(text, "Attach its FLAME file.")
    path = builtin_head_file() if name == naming.BUILTIN else Path(bpy.path.abspath(name))
    if not path.is_file():
        raise IdentityError(f"The file of '{parts.rig.name}' is gone: {path}.", "Attach its FLAME file again.")
    return path


def set_betas(context: bpy.types.Context, rig: bpy.types.Object, betas: NDArray[np.floating]) -> None:
    """Give a rig another identity.

    Args:
        context: in object mode, or in pose mode on this rig.
        rig: the armature object.
        betas: ``[N]`` coefficients in standard deviations; what is left out is zero.

    Raises:
        RigError: if the rig is incomplete.
        IdentityError: if it has no identity to change, or cannot be changed right now; nothing was changed.
        HeadFileError: if the head's file cannot be read.
    """
    parts = rig_parts(rig)
    check_changeable(parts, context)
    path = head_file(parts)
    space = _space(path, path.stat().st_mtime_ns)
    if space.directions.shape[1] != 3 * len(parts.surface.data.vertices):
        text = f"The mesh of '{rig.name}' no longer has the vertices of its head's file."
        raise IdentityError(text, "Undo what added or removed vertices.")
    old, new = (_offset(space, _filled(values, len(space.directions))) for values in (betas_of(parts.keys), betas))
    with _editing(context, rig) as bones:  # keys too: Blender evaluates the mesh once, when this ends
        _move_bones(bones, new.joints - old.joints)
        _move_keys(parts, new.vertices - old.vertices)
    parts.keys[naming.BETAS] = list(new.betas)


def check_changeable(parts: Rig, context: bpy.types.Context) -> None:
    """Refuse rigs whose identity cannot be changed right now.

    Args:
        parts: the rig.
        context: says what mode it is in, and what is hidden.

    Raises:
        IdentityError: if it has no identity to change, is linked or hidden, or the mode forbids it.
    """
    rig, mesh = parts.rig, parts.surface.data
    if parts.is_foreign:
        text = f"'{rig.name}' was not made by ARTalk and has shape keys of its own for its identity."
        raise IdentityError(text, "Use its shape keys, or import the head from its FLAME file.")
    if any(data.library or data.override_library for data in (mesh, rig.data)):
        text = f"The mesh of '{rig.name}' is linked from another file."
        raise IdentityError(text, "Change the identity in that file, or make the mesh local.")
    if not rig.visible_get(view_layer=context.view_layer):
        raise IdentityError(f"'{rig.name}' is hidden.", "Show it before you change its identity.")
    is_posing = context.mode == "POSE" and context.view_layer.objects.active == rig
    if context.mode != "OBJECT" and not is_posing:
        raise IdentityError("The identity cannot be changed in this mode.", "Go back to Object Mode.")


@lru_cache(maxsize=2)
def _space(path: Path, _: int) -> ShapeSpace:
    """Read a head's identities; the second argument is the file's time, so that a new file is read anew."""
    head = load_head(path)
    moves = np.einsum("jv,vcs->sjc", head.regressor, head.identities)
    count = head.identities.shape[2]
    directions = np.moveaxis(head.identities, 2, 0).reshape(count, -1)
    return ShapeSpace(np.ascontiguousarray(directions), moves.reshape(count, -1).astype(np.float32))


def _filled(values: NDArray[np.floating], count: int) -> tuple[float, ...]:
    return (*np.asarray(values, np.float64)[:count].tolist(), *[0.0] * (count - len(values)))


@lru_cache(maxsize=4)
def _offset(space: ShapeSpace, betas: tuple[float, ...]) -> IdentityOffset:
    """Return how far an identity lies from the template; the one that a slider leaves is still known."""
    values = np.array(betas, np.float32)
    used = np.flatnonzero(values)
    rows = slice(None) if 4 * len(used) > len(values) else used  # choosing rows copies them
    vertices, joints = (
        np.round((values[rows] @ directions[rows]).astype(np.float64) / GRID) * GRID
        for directions in (space.directions, space.joints)
    )
    return IdentityOffset(betas, vertices.astype(np.float32), joints)


def _move_keys(parts: RigParts, step: NDArray[np.float32]) -> None:
    places = np.empty_like(step)
    for owner in (*(key.points for key in parts.keys.key_blocks), parts.surface.data.vertices):
        owner.foreach_get("co", places)
        owner.foreach_set("co", places + step)
    parts.surface.data.update()


def _move_bones(bones: bpy.types.ArmatureEditBones, offset: Floats) -> None:
    for joint, step in zip(naming.JOINTS, offset.reshape(-1, 3), strict=True):
        bone = bones[joint]
        bone.head, bone.tail = bone.head + Vector(step), bone.tail + Vector(step)


@contextmanager
def _editing(context: bpy.types.Context, rig: bpy.types.Object) -> Iterator[bpy.types.ArmatureEditBones]:
    """Open an armature for editing, and leave mode and active object as they were."""
    objects, mode = context.view_layer.objects, rig.mode
    before = objects.active
    objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        yield rig.data.edit_bones
    finally:
        bpy.ops.object.mode_set(mode=mode)
        objects.active = before
