# SPDX-License-Identifier: GPL-3.0-or-later
"""A take on the head and a clip on the body, on one timeline."""

from __future__ import annotations

import bpy
import numpy as np

from bridge.motion import FPS

from ..errors import AddonError, BodyError
from ..rig.parts import rig_parts
from ..takes import timeline
from ..takes.copies import own_id
from ..takes.record import TakeDetails, take_details, take_motion
from ..takes.take import current_take, fill_take, new_take, next_number
from .attach import attached_body
from .face import expressions_note, motion_of
from .record import clip_details, current_clip, source_clip


def playing_clip(rig: bpy.types.Object | None) -> bpy.types.Action:
    """Return the clip that plays on a body.

    Raises:
        BodyError: if there is no body, or no clip plays on it.
    """
    if rig is None:
        raise BodyError("No body is chosen.", "Choose a body, or add one.")
    action = current_clip(rig)
    if action is None:
        raise BodyError(f"No clip plays on '{rig.name}'.", "Import a clip.")
    return action


def face_take(scene: bpy.types.Scene) -> str:
    """Let the scene's head show the face of the clip that plays on its body, as a new take.

    Where the body carries the head, the head turns with it; elsewhere the take turns it.

    Returns:
        What was made, for the user.

    Raises:
        AddonError: if there is no head, no body or no clip.
    """
    body = scene.artalk_body.rig
    action = playing_clip(body)
    parts = rig_parts(scene.artalk.rig)
    clip, details = source_clip(action), clip_details(action)
    motion = motion_of(clip, parts.kind, has_turn=attached_body(parts.rig) != body)
    rig_id = own_id(parts)
    number = next_number(rig_id)
    take, moved = new_take(parts, number, timeline.frame_range(scene))
    made = TakeDetails(rig_id, parts.kind, number, start=details.start, rate_hz=details.rate_hz)
    fill_take(parts, take, made, motion)
    aside = [f"Your animation '{name}' now plays from an NLA track below the take." for name in moved]
    said = f"Take {number}: {len(motion) / FPS:.1f} s of the face of '{details.source}'."
    return " ".join([said, expressions_note(parts.kind, clip), *aside])


def together_note(scene: bpy.types.Scene) -> tuple[str, ...]:
    """Say how the take on the head and the clip on the body lie to one another; nothing where one is missing."""
    try:
        take, action = current_take(rig_parts(scene.artalk.rig).rig), playing_clip(scene.artalk_body.rig)
        if take is None:
            return ()
        spoken, moved = take_details(take), clip_details(action)
        rate_hz = timeline.rate_of(scene)
        spoken_end = spoken.start + (len(take_motion(take)) - 1) / FPS * spoken.rate_hz
        moved_end = moved.start + source_clip(action).seconds * moved.rate_hz
    except AddonError:
        return ()
    where = (
        f"The take plays on frames {spoken.start:g} to {spoken_end:.0f}, "
        f"the clip on {moved.start:g} to {moved_end:.0f}."
    )
    return (where, *_stretch("take", spoken.rate_hz, rate_hz), *_stretch("clip", moved.rate_hz, rate_hz))


def _stretch(name: str, laid_out_hz: float, rate_hz: float) -> tuple[str, ...]:
    """Say if something plays faster or slower than it was made, because the scene's rate has changed since."""
    if np.isclose(laid_out_hz, rate_hz):
        return ()
    return (f"The scene's rate has changed since, so the {name} plays {rate_hz / laid_out_hz:.2f} times as fast.",)
