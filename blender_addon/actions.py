# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions and F-curves, the same on every Blender; the only module that knows the versions.

Up to 4.3 an Action holds the curves of one kind of datablock. From 4.4 on it has layers, strips
and slots, and one Action may animate an object and its shape keys; from 5.0 on the old way in,
``action.fcurves``, is gone.
"""

from __future__ import annotations

from collections.abc import Set

import bpy
import numpy as np
from numpy.typing import NDArray

HAS_SLOTS = bpy.app.version >= (4, 4, 0)
LINEAR = 1  # number of the interpolation in ``keyframe_points``
ID_TYPES = {"Object": "OBJECT", "Key": "KEY"}


def id_type(animated: bpy.types.ID) -> str:
    """Return the kind of datablock that an object or shape keys are to an Action."""
    return ID_TYPES[type(animated).__name__]


def assign(animated: bpy.types.ID, action: bpy.types.Action, slot_name: str = "") -> None:
    """Let an Action animate a datablock.

    Args:
        animated: an object or shape keys.
        action: the Action; one without a slot for this kind of datablock gets one.
        slot_name: the slot to take where the Action has several that fit.
    """
    data = animated.animation_data or animated.animation_data_create()
    leave_tweak_mode(animated)
    data.action = action
    if HAS_SLOTS:
        data.action_slot = _slot(action, id_type(animated), slot_name or animated.name)


def curve_owner(action: bpy.types.Action, animated: bpy.types.ID, slot_name: str = "") -> bpy.types.bpy_struct:
    """Return what has the ``fcurves`` and ``groups`` by which an Action animates a datablock.

    Args:
        action: the Action; it need not be assigned.
        animated: an object or shape keys.
        slot_name: the slot to take where the Action has several that fit.

    Returns:
        The Action itself, or where Actions have slots the bag of curves of one slot.
    """
    if not HAS_SLOTS:
        return action
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(_slot(action, id_type(animated), slot_name or animated.name), ensure=True)


def write_curve(
    owner: bpy.types.bpy_struct,
    path: str,
    index: int,
    frames: NDArray[np.floating],
    values: NDArray[np.floating],
    group: str = "",
) -> None:
    """Replace a curve by linear keys.

    Args:
        owner: from :func:`curve_owner`.
        path: the animated property, from the animated datablock.
        index: component of the property, 0 for a single number.
        frames: ``[T]`` scene frames, ascending; may lie between whole frames.
        values: ``[T]``.
        group: name under which the curve is listed, ``""`` for none.
    """
    curve = owner.fcurves.find(path, index=index) or owner.fcurves.new(path, index=index)
    if group and (curve.group is None or curve.group.name != group):
        curve.group = owner.groups.get(group) or owner.groups.new(group)
    points = curve.keyframe_points
    if len(points) != len(values):
        points.clear()
        points.add(len(values))
    places = np.empty((len(values), 2), np.float32)
    places[:, 0], places[:, 1] = frames, values
    points.foreach_set("co", places.ravel())
    points.foreach_set("interpolation", np.full(len(values), LINEAR, np.int32))
    curve.update()


def push_down(animated: bpy.types.ID, frames: tuple[float, float]) -> str:
    """Move a datablock's Action into an NLA track, where it goes on playing as it did.

    A later Action overrules it on the channels that both animate and leaves it the others.

    Args:
        animated: an object or shape keys.
        frames: the scene's first and last frame; the strip covers these too, because an
            Action goes on beyond its last key.

    Returns:
        The Action's name, ``""`` if there was none.
    """
    leave_tweak_mode(animated)
    data = animated.animation_data
    if data is None or data.action is None:
        return ""
    action, slot = data.action, data.action_slot if HAS_SLOTS else None
    blending = data.action_blend_type, data.action_influence, data.action_extrapolation
    first = np.floor(min(action.frame_range[0], *frames))
    last = np.ceil(max(action.frame_range[1], *frames))
    release(animated)
    track = data.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, int(first), action)
    if slot is not None:
        strip.action_slot = slot
    strip.action_frame_end, strip.action_frame_start = last, first  # a start beyond the end would not be taken
    strip.frame_start, strip.frame_end = first, last
    strip.blend_type, strip.influence, strip.extrapolation = blending
    action.use_fake_user = True
    return str(action.name)


def lay_out(animated: bpy.types.ID, action: bpy.types.Action, slot_name: str, name: str) -> None:
    """Put an Action into the NLA as a strip on a track of its own, above all others, and stop playing it directly.

    The strip reaches from the Action's first key to its last. Before it, the tracks below play; after it, its last
    pose is held.

    Args:
        animated: an object or shape keys.
        action: the Action.
        slot_name: the slot to take where the Action has several that fit.
        name: what to call the track and the strip.
    """
    data = animated.animation_data or animated.animation_data_create()
    if data.action == action:
        release(animated)
    track = data.nla_tracks.new()
    track.name = name
    first, last = action.frame_range
    strip = track.strips.new(name, int(np.floor(first)), action)
    if HAS_SLOTS:
        strip.action_slot = _slot(action, id_type(animated), slot_name)
    strip.action_frame_end, strip.action_frame_start = last, first  # a start beyond the end would not be taken
    strip.frame_start, strip.frame_end = first, last
    strip.extrapolation = "HOLD" if len(data.nla_tracks) == 1 else "HOLD_FORWARD"
    action.use_fake_user = True


def has_strip(animated: bpy.types.ID, action: bpy.types.Action) -> bool:
    """Return whether a datablock's NLA plays an Action."""
    data = animated.animation_data
    tracks = data.nla_tracks if data is not None else ()
    return any(strip.action == action for track in tracks for strip in track.strips)


def remove_strips(animated: bpy.types.ID, removed: Set[bpy.types.Action]) -> None:
    """Take Actions out of a datablock's NLA, and the tracks that are empty without them."""
    data = animated.animation_data
    for track in list(data.nla_tracks) if data is not None else ():
        strips = [strip for strip in track.strips if strip.action in removed]
        if strips:
            leave_tweak_mode(animated)
        for strip in strips:
            track.strips.remove(strip)
        if strips and not track.strips:
            data.nla_tracks.remove(track)


def leave_tweak_mode(animated: bpy.types.ID) -> None:
    """Stop tweaking a strip: meanwhile its Action stands where the datablock's own belongs, and cannot be changed."""
    data = animated.animation_data
    if data is not None and data.use_tweak_mode:
        data.use_tweak_mode = False


def release(animated: bpy.types.ID) -> None:
    """Leave a datablock without an Action; the next one plays in full."""
    data = animated.animation_data
    if data is None:
        return
    leave_tweak_mode(animated)
    data.action = None
    data.action_blend_type, data.action_influence, data.action_extrapolation = "REPLACE", 1.0, "HOLD"


def _slot(action: bpy.types.Action, kind: str, name: str) -> bpy.types.ActionSlot:
    fitting = [slot for slot in action.slots if slot.target_id_type in (kind, "UNSPECIFIED")]
    named = [slot for slot in fitting if slot.name_display == name]
    return next(iter(named or fitting), None) or action.slots.new(kind, name)
