# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a take's sound in step with its keys, and make room for both on the timeline."""

from __future__ import annotations

import contextlib
from pathlib import Path

import bpy

from ..errors import SoundError
from ..timing import scene_rate
from .record import TakeDetails

CHANNELS = 128  # of the sequencer
RIG_ID = "artalk_rig_id"  # on a sound strip: the rig whose take it belongs to


def rate_of(scene: bpy.types.Scene) -> float:
    """Return a scene's frames a second."""
    return scene_rate(scene.render.fps, scene.render.fps_base)


def frame_range(scene: bpy.types.Scene) -> tuple[float, float]:
    """Return a scene's first and last frame."""
    return scene.frame_start, scene.frame_end


def make_room(scene: bpy.types.Scene, last: int) -> None:
    """Let a scene last until a frame; one that lasts longer stays as it is."""
    scene.frame_end = max(scene.frame_end, last)


def place_sound(scene: bpy.types.Scene, details: TakeDetails) -> bpy.types.Strip:
    """Put a take's sound into the sequencer and let playback follow it.

    Strips lie on whole frames, so a take that starts between two is heard up to half a frame off.
    A strip that already holds this sound at this place is used again. Strips of other takes of
    the same rig are muted, since only one take plays; strips of anybody else are left alone.

    Args:
        scene: the scene.
        details: of the take; says which sound and where.

    Returns:
        The strip.

    Raises:
        SoundError: if Blender cannot read the sound, or was built without sound.
    """
    path = Path(details.speech.audio)
    if not can_play_sound():
        raise SoundError("This Blender was built without sound, so the take has none.", "Use an official build.")
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in 4.4
    strip = _existing(strips, details) or _new_strip(strips, path, details.start)
    strip[RIG_ID] = details.rig_id
    for other in strips:
        if other.get(RIG_ID) == details.rig_id:
            other.mute = other != strip
    scene.sync_mode = "AUDIO_SYNC"
    return strip


def can_play_sound() -> bool:
    """Return whether this Blender has its sound library."""
    with contextlib.suppress(ImportError):
        import aud  # noqa: F401

        return True
    return False


def _existing(strips: bpy.types.bpy_prop_collection, details: TakeDetails) -> bpy.types.Strip | None:
    for strip in strips:
        if strip.type != "SOUND" or strip.sound is None:
            continue
        is_same_file = Path(bpy.path.abspath(strip.sound.filepath)) == Path(details.speech.audio)
        if is_same_file and _start(strip) == round(details.start):
            return strip
    return None


def _start(strip: bpy.types.Strip) -> int:
    """Return the scene frame on which a strip's content begins."""
    start: float = strip.content_start if hasattr(strip, "content_start") else strip.frame_start  # renamed in 5.2
    return round(start)


def _new_strip(strips: bpy.types.bpy_prop_collection, path: Path, start: float) -> bpy.types.Strip:
    free = min(max((strip.channel for strip in strips), default=0) + 1, CHANNELS)
    try:
        return strips.new_sound(path.stem, str(path), free, round(start))
    except RuntimeError as exc:
        raise SoundError(f"Blender cannot play {path.name}.", "Convert the sound to WAV or FLAC.") from exc
