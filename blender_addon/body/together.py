# SPDX-License-Identifier: GPL-3.0-or-later
"""A take on the head and a clip on the body, on one timeline."""

from __future__ import annotations

import bpy

from bridge.motion import FPS

from ..errors import AddonError, BodyError
from ..rig.parts import ensure_own_id, rig_parts
from ..takes import timeline
from ..takes.record import TakeDetails, take_details, take_motion
from ..takes.take import current_take, fill_take, new_take, next_number
from .attach import attached_body
from .face import expressions_note, motion_of, timing_note
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
    rig_id = ensure_own_id(parts.rig)
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
        details = clip_details(action)
        last = details.start + source_clip(action).seconds * details.rate_hz
        count, rate_hz = len(take_motion(take)), timeline.rate_of(scene)
        return (timing_note(take_details(take), count, details.start, last, rate_hz),)
    except AddonError:
        return ()
