# SPDX-License-Identifier: GPL-3.0-or-later
"""Move a take on the timeline: to another rate, another start, or onto whole frames and back."""

from __future__ import annotations

import dataclasses
import math

import bpy

from ..rig.parts import RigParts
from .curves import accept_as_written, changed_by_hand, curves_of
from .key_table import KeyTable
from .record import TakeDetails, keep_details
from .strips import ORIGIN, origin, place_strip, strip_shift, take_strip
from .take import changeable_details, rebake
from .timeline import rate_of


def is_at_scene_rate(scene: bpy.types.Scene, details: TakeDetails) -> bool:
    """Return whether a take's keys lie where the scene's rate wants them."""
    return math.isclose(details.rate_hz, rate_of(scene), rel_tol=1e-6)


def retime(scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> None:
    """Place a take's keys and its sound anew for the scene's rate; the take keeps its first frame.

    Keys that were changed by hand move with the others.

    Args:
        scene: the scene, whose rate was changed since the take was made.
        parts: the rig.
        action: the take.

    Raises:
        TakeError: if the take may not be written.
    """
    details = changeable_details(parts, action)
    _place(scene, parts, action, dataclasses.replace(details, rate_hz=rate_of(scene)))


def move_take(scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action, start: float) -> None:
    """Let a take, with its sound, begin on another frame.

    Args:
        scene: the scene.
        parts: the rig.
        action: the take.
        start: scene frame of the first motion frame; may lie between frames.

    Raises:
        TakeError: if the take may not be written.
    """
    _place(scene, parts, action, dataclasses.replace(changeable_details(parts, action), start=start))


def follow_strip(scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> float:
    """Move a take to where its sound strip was moved, and leave the strip as it is.

    Returns:
        By how many frames.

    Raises:
        TakeError: if the take may not be written.
    """
    details, strip = changeable_details(parts, action), take_strip(scene, action)
    shift = strip_shift(scene, action)
    if strip is None or not shift:
        return 0.0
    details = dataclasses.replace(details, start=details.start + shift)
    strip[ORIGIN] = origin(details)
    _move_keys(parts, action, details)
    return shift


def set_whole_frames(parts: RigParts, action: bpy.types.Action, on_whole_frames: bool) -> None:
    """Bake a take anew on whole scene frames, or exactly on motion frames; changes by hand are lost.

    Raises:
        TakeError: if the take may not be written.
    """
    keep_details(action, dataclasses.replace(changeable_details(parts, action), on_whole_frames=on_whole_frames))
    rebake(parts, action)


def _place(scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action, details: TakeDetails) -> None:
    strip = take_strip(scene, action)
    _move_keys(parts, action, details)
    if strip is not None:
        place_strip(scene, strip, details)


def _move_keys(parts: RigParts, action: bpy.types.Action, details: TakeDetails) -> None:
    """Move all keys to where ``details`` say, and keep these."""
    before = changeable_details(parts, action)
    changed = changed_by_hand(parts, action)
    keep_details(action, details)
    if details.on_whole_frames and not changed:
        rebake(parts, action)
        return
    for curve in curves_of(parts, action):
        KeyTable.of(curve).moved(before.start, details.start, details.rate_hz / before.rate_hz).write(curve)
    accept_as_written(parts, action, but_not=changed)
    parts.rig.update_tag()
    parts.keys.update_tag()
