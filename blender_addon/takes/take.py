# SPDX-License-Identifier: GPL-3.0-or-later
"""Write takes: each generation is an Action of its own, and nothing of the artist's is lost.

Where Actions have slots, one Action holds the curves of the bones and of the shape keys. Before,
a second Action holds those of the shape keys, and the first one knows it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import actions
from ..rig.parts import RigParts
from ..timing import key_frames
from .channels import channels_of
from .curves import FACE_ACTION, FACE_SLOT, RIG_SLOT, face_action, write_channels
from .record import TakeDetails, is_take, keep_details, keep_record, take_details, take_motion, takes_of


def next_number(rig_id: str) -> int:
    """Return the number of a rig's next take."""
    return max((take_details(action).number for action in takes_of(rig_id)), default=0) + 1


def new_take(parts: RigParts, number: int, frames: tuple[float, float]) -> tuple[bpy.types.Action, list[str]]:
    """Add an empty take to a rig and let it play.

    Earlier takes stay in the file. Any other Action that animates the head is moved to an NLA
    track, where it goes on playing below the take.

    Args:
        parts: the rig.
        number: the take's number.
        frames: the scene's first and last frame.

    Returns:
        The take's Action and the names of the artist's Actions that now play from the NLA.
    """
    name = f"{parts.rig.name} · take {number}"
    action = _new_action(name)
    face = action
    if not actions.HAS_SLOTS:
        face = action[FACE_ACTION] = _new_action(f"{name} · face")
    moved = [_set_aside(animated, frames) for animated in (parts.rig, parts.keys)]
    actions.assign(parts.rig, action, RIG_SLOT)
    actions.assign(parts.keys, face, FACE_SLOT)
    return action, sorted({name for name in moved if name})


def fill_take(parts: RigParts, action: bpy.types.Action, details: TakeDetails, motion: NDArray[np.float32]) -> None:
    """Write a motion into a take, in place of what the take held.

    Args:
        parts: the rig; the take need not be the one that plays.
        action: from :func:`new_take`.
        details: how the motion was made; says where the keys lie.
        motion: ``[T, 106]`` at 25 frames a second, at least one frame.
    """
    keep_record(action, details, motion)
    _bake(parts, action, details, motion)


def rebake(parts: RigParts, action: bpy.types.Action, edits: Mapping[str, object] | None = None) -> None:
    """Write a take's curves anew from its raw motion; changes made to them by hand are lost.

    Args:
        parts: the rig; the take need not be the one that plays.
        action: the take.
        edits: what to change about the raw motion from now on, ``None`` for what was changed before.

    Raises:
        TakeError: if the take cannot be read.
    """
    details, motion = take_details(action), take_motion(action)
    if edits is not None:
        details = dataclasses.replace(details, edits=dict(edits))
        keep_details(action, details)
    _bake(parts, action, details, motion)


def _bake(parts: RigParts, action: bpy.types.Action, details: TakeDetails, motion: NDArray[np.float32]) -> None:
    frames = key_frames(len(motion), details.rate_hz, details.start)
    write_channels(parts, action, frames, channels_of(motion, parts.joint_offsets, shifts=parts.shifts))
    parts.rig.update_tag()
    parts.keys.update_tag()


def show_take(parts: RigParts, action: bpy.types.Action, frames: tuple[float, float]) -> None:
    """Let another take of a rig play.

    Args:
        parts: the rig.
        action: the take.
        frames: the scene's first and last frame.

    Raises:
        TakeError: if the Action is no take.
    """
    take_details(action)
    for animated in (parts.rig, parts.keys):
        _set_aside(animated, frames)
    actions.assign(parts.rig, action, RIG_SLOT)
    actions.assign(parts.keys, face_action(action), FACE_SLOT)


def remove_take(action: bpy.types.Action) -> None:
    """Delete a take."""
    face = face_action(action)
    bpy.data.actions.remove(action)
    if face != action:
        bpy.data.actions.remove(face)


def current_take(rig: bpy.types.Object) -> bpy.types.Action | None:
    """Return the take that plays on a rig, if one does."""
    data = rig.animation_data
    return data.action if data is not None and is_take(data.action) else None


def _new_action(name: str) -> bpy.types.Action:
    action = bpy.data.actions.new(name)
    action.use_fake_user = True  # kept in the file while another take plays
    return action


def _set_aside(animated: bpy.types.ID, frames: tuple[float, float]) -> str:
    """Make room for a take; return the name of the artist's Action that had to move, or ``""``."""
    data = animated.animation_data
    action = data.action if data is not None else None
    if action is None or is_take(action) or _is_face_of_take(action):
        actions.release(animated)
        return ""
    return actions.push_down(animated, frames)


def _is_face_of_take(action: bpy.types.Action) -> bool:
    return any(other.get(FACE_ACTION) == action for other in bpy.data.actions)
