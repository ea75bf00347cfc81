# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a take play together with its sound, and go back to the one that played before."""

from __future__ import annotations

import bpy

from ..errors import SoundError
from ..rig.parts import RigParts, rig_parts
from .record import take_details, takes_of
from .sound import SOUND
from .strips import place_sound, remove_sound
from .take import current_take, own_details, remove_take, show_take
from .timeline import frame_range

PREVIOUS = "artalk_previous_take"  # on the armature object: the take that played before this one


def play_take(scene: bpy.types.Scene, action: bpy.types.Action) -> str:
    """Let a take of the scene's chosen head play, with its sound.

    Args:
        scene: the scene.
        action: the take.

    Returns:
        What is wrong with its sound, ``""`` if nothing is.

    Raises:
        AddonError: if there is no head, or the take is none of its.
    """
    parts = rig_parts(scene.artalk.rig)
    before = current_take(parts.rig)
    show_take(parts, action, frame_range(scene))
    if before not in (None, action):
        parts.rig[PREVIOUS] = before
    if not take_details(action).speech.audio:
        return ""  # a motion without a sound
    try:
        place_sound(scene, action, should_sync=False)
    except SoundError as exc:
        return str(exc)
    return ""


def previous_take(rig: bpy.types.Object) -> bpy.types.Action | None:
    """Return the take that played on a rig before the present one, if there still is one."""
    before = rig.get(PREVIOUS)
    return before if before is not None and before != current_take(rig) else None


def delete_take(scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
    """Delete a take, and its sound unless somebody else needs it; if it played, the one before it plays.

    Args:
        scene: the scene.
        parts: the rig.
        action: the take.

    Returns:
        What is wrong with the sound of the take that plays now, ``""`` if nothing is.

    Raises:
        TakeError: if the take is another rig's or linked.
    """
    own_details(parts, action)
    was_playing = current_take(parts.rig) == action
    before, sound = previous_take(parts.rig), action.get(SOUND)
    remove_sound(scene, action)
    remove_take(action)
    if sound is not None and sound.users == 0:
        bpy.data.sounds.remove(sound)
    remaining = [before] if before is not None else takes_of(parts.rig_id)[-1:]
    return play_take(scene, remaining[0]) if was_playing and remaining else ""
