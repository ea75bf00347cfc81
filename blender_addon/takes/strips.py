# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a take's sound into the sequencer, in step with the take's keys.

Strips lie on whole frames. From 4.5 on a strip may begin its sound some seconds late, so that a take that starts
between two frames is heard exactly in step. Before, its strip lies on the nearest frame: half a frame off at most.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import bpy

from ..errors import SoundError, TakeError
from .record import TakeDetails, is_take, take_details
from .sound import can_play_sound, is_readable, sound_file, sound_of
from .take import playing_takes
from .timeline import rate_of

CHANNELS = 128  # of the sequencer
RIG_ID = "artalk_rig_id"  # on a sound strip: the rig whose take it belongs to
ORIGIN = "artalk_origin"  # on a sound strip: the scene frame on which we let its sound begin
_SAME = 1e-3  # frames
_NEAR = 0.51  # frames by which a strip may miss its place where it cannot lie between frames
_TRIMS = {False: ("frame_offset_start", "frame_offset_end"), True: ("left_handle_offset", "right_handle_offset")}


def place_sound(scene: bpy.types.Scene, action: bpy.types.Action, should_sync: bool = True) -> bpy.types.Strip:
    """Let a take's sound be heard, in step with the take's keys.

    A strip that already holds this sound at this place is used again, also if it was moved or trimmed since. Strips of
    the rig's other takes are muted, unless a playing take uses them; strips of anybody else are left alone.

    Args:
        scene: the scene.
        action: the take.
        should_sync: whether playback follows the sound from now on.

    Returns:
        The strip.

    Raises:
        SoundError: if the sound is missing, Blender cannot read it, or was built without sound.
        TakeError: if the take cannot be read.
    """
    details = take_details(action)
    if not can_play_sound():
        raise SoundError("This Blender was built without sound, so the take has none.", "Use an official build.")
    if should_sync:
        scene.sync_mode = "AUDIO_SYNC"
    strip = take_strip(scene, action)
    try:
        strip = strip or _new_strip(scene, action)
        strip[RIG_ID] = details.rig_id
    finally:  # whatever becomes of this sound, no other take's may be heard
        _mute_others(scene, details.rig_id, strip)
    return strip


def take_strip(scene: bpy.types.Scene, action: bpy.types.Action) -> bpy.types.Strip | None:
    """Return the strip of a take's sound, wherever it was moved to since it was placed."""
    details = take_details(action)
    fitting = (strip for strip in sound_strips(scene) if _holds(strip, action, details))
    return next((strip for strip in fitting if _is_placed(scene, strip, origin(details))), None)


def place_strip(scene: bpy.types.Scene, strip: bpy.types.Strip, details: TakeDetails) -> None:
    """Put a strip where a take wants to be heard, and trim it to what the take speaks."""
    strip[ORIGIN] = place = origin(details)
    whole, rest = _split(strip, place)
    setattr(strip, "content_start" if hasattr(strip, "content_start") else "frame_start", whole)  # renamed in 5.2
    if rest or hasattr(strip, "sound_offset"):
        strip.sound_offset = rest / rate_of(scene)
    speech, left, right = details.speech, *_TRIMS[hasattr(strip, "left_handle_offset")]
    if speech.start_s:
        setattr(strip, left, max(0.0, math.floor(details.start) - whole))
    if speech.end_s is not None:
        heard = math.ceil(place + speech.end_s * details.rate_hz - 1e-6) - whole
        setattr(strip, right, max(0.0, _length(strip) - heard))


def origin(details: TakeDetails) -> float:
    """Return the scene frame on which a take's sound file begins, heard or not."""
    return details.start - details.speech.start_s * details.rate_hz


def strip_origin(scene: bpy.types.Scene, strip: bpy.types.Strip) -> float:
    """Return the scene frame on which a strip's sound file begins, heard or not."""
    start = strip.content_start if hasattr(strip, "content_start") else strip.frame_start
    return start + getattr(strip, "sound_offset", 0.0) * rate_of(scene)


def strip_part(scene: bpy.types.Scene, strip: bpy.types.Strip) -> tuple[float, float, float]:
    """Return what of its sound a strip lets hear.

    Returns:
        The scene frame on which it begins to be heard; from where in the sound it is heard, in seconds, and to where, 0
        for the sound's end.
    """
    origin, rate_hz = strip_origin(scene, strip), rate_of(scene)
    first = float(strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start)
    last = float(strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end)
    is_cut = last < origin + _length(strip) - _SAME
    start = max(first, origin)
    return start, (start - origin) / rate_hz, (last - origin) / rate_hz if is_cut else 0.0


def strip_shift(scene: bpy.types.Scene, action: bpy.types.Action) -> float:
    """Return by how many frames a take's strip was moved since it was placed.

    Returns:
        0 also without a strip, and while the take waits to be retimed to the scene's rate.
    """
    strip = take_strip(scene, action)
    is_late = not math.isclose(take_details(action).rate_hz, rate_of(scene), rel_tol=1e-6)
    if strip is None or ORIGIN not in strip or is_late:
        return 0.0
    shift = strip_origin(scene, strip) - sum(_split(strip, strip[ORIGIN]))
    return shift if abs(shift) > _SAME else 0.0


def remove_sound(scene: bpy.types.Scene, action: bpy.types.Action) -> None:
    """Take a take's strip out of the sequencer, unless another take is heard by it or it is none of ours."""
    strip = take_strip(scene, action)
    if strip is None or ORIGIN not in strip:
        return
    others = [other for other in filter(is_take, bpy.data.actions) if other != action]
    if strip not in _heard(scene, others):
        _strips(scene).remove(strip)


def sound_strips(scene: bpy.types.Scene) -> Iterator[bpy.types.Strip]:
    """Go through the strips of a scene that hold a sound."""
    if scene.sequence_editor is not None:
        yield from (strip for strip in _strips(scene) if strip.type == "SOUND" and strip.sound is not None)


def _strips(scene: bpy.types.Scene) -> bpy.types.bpy_prop_collection:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in 4.4


def _length(strip: bpy.types.Strip) -> float:
    return float(strip.content_duration if hasattr(strip, "content_duration") else strip.frame_duration)


def _split(strip: bpy.types.Strip, place: float) -> tuple[int, float]:
    """Return on which whole frame a strip lies whose sound begins at a place, and how many frames it waits."""
    if not hasattr(strip, "sound_offset"):
        return round(place), 0.0
    whole = math.floor(place + 1e-4)
    return whole, max(0.0, place - whole)


def _holds(strip: bpy.types.Strip, action: bpy.types.Action, details: TakeDetails) -> bool:
    if strip.sound == sound_of(action):
        return True
    return Path(bpy.path.abspath(strip.sound.filepath)) == Path(details.speech.audio)


def _is_placed(scene: bpy.types.Scene, strip: bpy.types.Strip, place: float) -> bool:
    """Return whether a strip was put on a place; one that is none of ours is wherever it is."""
    if ORIGIN in strip:
        return abs(strip[ORIGIN] - place) < _SAME
    return abs(strip_origin(scene, strip) - place) < _NEAR


def _new_strip(scene: bpy.types.Scene, action: bpy.types.Action) -> bpy.types.Strip:
    details, path = take_details(action), sound_file(action)
    strips = _strips(scene)
    free = min(max((strip.channel for strip in strips), default=0) + 1, CHANNELS)
    name = Path(details.speech.audio).stem
    try:
        strip = strips.new_sound(name, str(path), free, 1)
    except RuntimeError as exc:
        raise _unplayable(path) from exc
    _share(strip, sound_of(action))
    if _length(strip) < 1 or not is_readable(path):
        strips.remove(strip)
        raise _unplayable(path)
    place_strip(scene, strip, details)
    return strip


def _share(strip: bpy.types.Strip, sound: bpy.types.Sound | None) -> None:
    """Let a strip play the sound that is kept with the take, rather than one more of the same file."""
    if sound is not None and strip.sound != sound:
        spare, strip.sound = strip.sound, sound
        if spare.users == 0:
            bpy.data.sounds.remove(spare)


def _unplayable(path: Path) -> SoundError:
    return SoundError(f"Blender cannot play {path.name}.", "Convert the sound to WAV or FLAC.")


def _mute_others(scene: bpy.types.Scene, rig_id: str, heard: bpy.types.Strip | None) -> None:
    playing = _heard(scene, playing_takes(scene))
    for strip in sound_strips(scene):
        if strip == heard:
            strip.mute = False
        elif strip.get(RIG_ID) == rig_id:
            strip.mute = strip not in playing


def _heard(scene: bpy.types.Scene, takes: Iterable[bpy.types.Action]) -> list[bpy.types.Strip | None]:
    """Return the strips by which takes are heard; those that cannot be read are not."""
    strips = []
    for take in takes:
        with contextlib.suppress(TakeError):
            strips.append(take_strip(scene, take))
    return strips
