# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a take's sound with it, and put it into the sequencer in step with the take's keys.

Strips lie on whole frames. From 4.5 on a strip may begin its sound some seconds late, so that a take that starts
between two frames is heard exactly in step. Before, its strip lies on the nearest frame: half a frame off at most.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import bpy

from ..errors import SoundError, TakeError
from .record import TakeDetails, is_take, take_details
from .take import playing_takes
from .timeline import rate_of

CHANNELS = 128  # of the sequencer
SOUND = "artalk_sound"  # on the Action: the take's sound
RIG_ID = "artalk_rig_id"  # on a sound strip: the rig whose take it belongs to
ORIGIN = "artalk_origin"  # on a sound strip: the scene frame on which we let its sound begin
PACKED_LIMIT = 20_000_000  # bytes of the largest sound that is packed without being asked for
_SAME = 1e-3  # frames
_NEAR = 0.51  # frames by which a strip may miss its place where it cannot lie between frames


def can_play_sound() -> bool:
    """Return whether this Blender has its sound library."""
    with contextlib.suppress(ImportError):
        import aud  # noqa: F401

        return True
    return False


def keep_sound(action: bpy.types.Action, path: Path, should_pack: bool | None = None) -> None:
    """Store a sound with a take, so that it is saved, appended and linked with it; a missing file is none.

    Args:
        action: the take.
        path: the sound file.
        should_pack: whether the file itself goes into the .blend; ``None`` means if it is small.
    """
    if not path.is_file():
        return
    sound = action[SOUND] = bpy.data.sounds.load(str(path), check_existing=True)
    if should_pack is None:
        should_pack = path.stat().st_size <= PACKED_LIMIT
    if should_pack and sound.packed_file is None:
        sound.pack()


def pack_sound(action: bpy.types.Action) -> None:
    """Put the file of a take's sound into the .blend.

    Raises:
        SoundError: if the take has no sound, or its file cannot be read.
    """
    sound = sound_of(action)
    if sound is not None:
        with contextlib.suppress(RuntimeError):
            sound.pack()
            return
    raise SoundError("The take's sound is missing.", "Put its file back where it was.")


def sound_of(action: bpy.types.Action) -> bpy.types.Sound | None:
    """Return the sound that is kept with a take, if one is."""
    return action.get(SOUND)


def sound_file(action: bpy.types.Action) -> Path:
    """Return a file with a take's sound: the one that it was made from, or else a copy of the one in the .blend.

    Raises:
        SoundError: if both are gone.
        TakeError: if the take cannot be read.
    """
    made_from, sound = Path(take_details(action).speech.audio), sound_of(action)
    moved = Path(bpy.path.abspath(sound.filepath)) if sound is not None else made_from
    for path in (made_from, moved):
        if path.is_file():
            return path
    if sound is not None and sound.packed_file is not None:
        return _unpacked(sound)
    raise SoundError(f"The take's sound {made_from} is missing.", "Put the file back, or generate from another one.")


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


def strip_shift(scene: bpy.types.Scene, action: bpy.types.Action) -> float:
    """Return by how many frames a take's strip was moved since it was placed; 0 without a strip."""
    strip = take_strip(scene, action)
    if strip is None or ORIGIN not in strip:
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


_TRIMS = {False: ("frame_offset_start", "frame_offset_end"), True: ("left_handle_offset", "right_handle_offset")}


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
    if _length(strip) < 1 or not _is_readable(path):
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


def _is_readable(path: Path) -> bool:
    """Blender makes a strip of any file, with a sound of silence where it cannot read it."""
    import aud

    with contextlib.suppress(aud.error):
        return bool(aud.Sound.file(str(path)).specs)
    return False


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


def _unpacked(sound: bpy.types.Sound) -> Path:
    """Write a packed sound, under its own name, into Blender's folder for temporary files."""
    folder = Path(bpy.app.tempdir or tempfile.gettempdir()) / f"artalk-{os.getpid()}-{sound.session_uid}"
    folder.mkdir(exist_ok=True)
    path = folder / bpy.path.basename(sound.filepath)
    path.write_bytes(sound.packed_file.data)
    return path
