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
from ..errors import TakeError
from ..rig.parts import Rig, RigParts
from ..steps import Steps, finish
from ..timing import key_frames
from .channels import Channels, channels_of
from .curves import FACE_ACTION, FACE_SLOT, RIG_SLOT, face_action, write_channels
from .record import TakeDetails, is_take, keep_details, keep_record, take_details, take_motion, takes_of
from .resampling import rotations_at
from .rig_tools import edited, face_tools_in_steps
from .whole_frames import motion_on_frames, shut_events, times_of, whole_frames


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
    action = empty_take(parts.rig, number)
    moved = [_set_aside(animated, frames) for animated in (parts.rig, parts.keys)]
    actions.assign(parts.rig, action, RIG_SLOT)
    actions.assign(parts.keys, face_action(action), FACE_SLOT)
    return action, sorted({name for name in moved if name})


def empty_take(rig: bpy.types.Object, number: int) -> bpy.types.Action:
    """Return an Action without curves or record, which nothing plays yet."""
    action = _new_action(take_name(rig, number))
    if not actions.HAS_SLOTS:
        action[FACE_ACTION] = _new_action(face_name(action.name))
    return action


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
        TakeError: if the take cannot be read, or may not be written.
    """
    details, motion = changeable_details(parts, action), take_motion(action)
    if edits is not None:
        details = dataclasses.replace(details, edits=dict(edits))
    _bake(parts, action, details, motion)
    keep_details(action, details)


def baked(
    parts: RigParts, details: TakeDetails, motion: NDArray[np.float32]
) -> Steps[tuple[NDArray[np.float64], Channels]]:
    """Work out what a take keys, and where; a few frames at a time, but for its edits.

    Args:
        parts: the rig.
        details: how the motion is shown, and where it lies.
        motion: ``[T, 106]`` at 25 frames a second, as the engine made it.

    Returns:
        Scene frames ``[N]`` and the channels on them.
    """
    shown, turned = edited(parts, details.edits, motion)
    rate_hz, start = details.rate_hz, details.start
    frames = key_frames(len(shown), rate_hz, start)
    if details.on_whole_frames:
        frames = whole_frames(len(shown), rate_hz, start)
        times = times_of(frames, rate_hz, start)
        turned = {joint: rotations_at(turns, times) for joint, turns in turned.items()}
        ruler = (yield from face_tools_in_steps(parts)).ruler
        events = yield from shut_events(ruler, shown)
        shown = yield from motion_on_frames(shown, rate_hz, start, events)
    return frames, channels_of(shown, parts.joint_offsets, turned, parts.shifts)


def _bake(parts: RigParts, action: bpy.types.Action, details: TakeDetails, motion: NDArray[np.float32]) -> None:
    write_channels(parts, action, *finish(baked(parts, details, motion)))
    parts.rig.update_tag()
    parts.keys.update_tag()


def show_take(parts: RigParts, action: bpy.types.Action, frames: tuple[float, float]) -> None:
    """Let another take of a rig play.

    Args:
        parts: the rig.
        action: the take.
        frames: the scene's first and last frame.

    Raises:
        TakeError: if the Action is no take, or one of another rig.
    """
    details_for(parts, action)
    face = whole_face_action(action)
    for animated in (parts.rig, parts.keys):
        _set_aside(animated, frames)
    actions.assign(parts.rig, action, RIG_SLOT)
    actions.assign(parts.keys, face, FACE_SLOT)


def duplicate_take(parts: RigParts, action: bpy.types.Action) -> bpy.types.Action:
    """Copy a take with everything in it, changes by hand too; the copy can be changed also where the take is linked.

    Args:
        parts: the rig.
        action: the take.

    Raises:
        TakeError: if the Action is no take, or one of another rig.
    """
    details, face = details_for(parts, action), whole_face_action(action)
    number = next_number(parts.rig_id)
    copy = action.copy()
    copy.name = take_name(parts.rig, number)
    copy.use_fake_user = True
    if face != action:
        copy[FACE_ACTION] = face.copy()
        copy[FACE_ACTION].name = face_name(copy.name)
        copy[FACE_ACTION].use_fake_user = True
    keep_details(copy, dataclasses.replace(details, number=number))
    return copy


def remove_take(action: bpy.types.Action) -> None:
    """Delete a take, and its strips in the NLA."""
    face = face_action(action)
    for owner in (*bpy.data.objects, *bpy.data.shape_keys):
        actions.remove_strips(owner, {action, face})
    bpy.data.actions.remove(action)
    if face != action:
        bpy.data.actions.remove(face)


def details_for(parts: Rig, action: bpy.types.Action) -> TakeDetails:
    """Return how a take was made, if it was made for a rig.

    Raises:
        TakeError: if the Action is no take, or one of another rig.
    """
    details = take_details(action)
    if details.rig_id != parts.rig_id:
        raise TakeError(f"'{action.name}' was made for another head than '{parts.rig.name}'.", "Choose that head.")
    return details


def changeable_details(parts: Rig, action: bpy.types.Action) -> TakeDetails:
    """Return how a take was made, if its curves may be written.

    Raises:
        TakeError: if the Action is no take, one of another rig, linked, or has lost a part.
    """
    details = own_details(parts, action)
    whole_face_action(action)
    return details


def own_details(parts: Rig, action: bpy.types.Action) -> TakeDetails:
    """Return how a take was made, if it is a rig's and this file's own.

    Raises:
        TakeError: if the Action is no take, one of another rig, or linked.
    """
    details = details_for(parts, action)
    if action.library is not None:
        raise TakeError(f"'{action.name}' is linked from another file.", "Duplicate it, and change the copy.")
    return details


def whole_face_action(action: bpy.types.Action) -> bpy.types.Action:
    """Return the Action with a take's curves of the shape keys.

    Raises:
        TakeError: if it was an Action of its own and somebody deleted it.
    """
    has_own = FACE_ACTION in action or not actions.HAS_SLOTS  # a file of an earlier Blender keeps two Actions
    if has_own and action.get(FACE_ACTION) is None:
        raise TakeError(f"'{action.name}' has lost the Action of its face.", "Delete the take, and generate it again.")
    return face_action(action)


def current_take(rig: bpy.types.Object) -> bpy.types.Action | None:
    """Return the take that plays on a rig, if one does."""
    data = rig.animation_data
    return data.action if data is not None and is_take(data.action) else None


def plays_whole(parts: Rig, action: bpy.types.Action) -> bool:
    """Return whether a take plays on a rig's bones and on its face too, which have an Action each to the artist."""
    data = parts.keys.animation_data
    return current_take(parts.rig) == action and data is not None and data.action == face_action(action)


def playing_takes(scene: bpy.types.Scene) -> list[bpy.types.Action]:
    """Return the takes that play in a scene."""
    takes = (current_take(thing) for thing in scene.objects if thing.type == "ARMATURE")
    return [take for take in takes if take is not None]


def take_name(rig: bpy.types.Object, number: int) -> str:
    """Return what a rig's take is called before anybody renames it."""
    return f"{rig.name} · take {number}"


def face_name(name: str) -> str:
    """Return what the Action of a take's face is called, where it has one of its own."""
    return f"{name} · face"


def _new_action(name: str) -> bpy.types.Action:
    action = bpy.data.actions.new(name)
    action.use_fake_user = True  # kept in the file while another take plays
    return action


def _set_aside(animated: bpy.types.ID, frames: tuple[float, float]) -> str:
    """Make room for a take; return the name of the artist's Action that had to move, or ``""``."""
    actions.leave_tweak_mode(animated)
    data = animated.animation_data
    action = data.action if data is not None else None
    if action is None or is_take(action) or _is_face_of_take(action):
        actions.release(animated)
        return ""
    return actions.push_down(animated, frames)


def _is_face_of_take(action: bpy.types.Action) -> bool:
    return any(other.get(FACE_ACTION) == action for other in bpy.data.actions)
