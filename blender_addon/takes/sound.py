# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a take's sound with it: the path, and where it is packed the file itself."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import bpy

from ..errors import SoundError
from .record import take_details

SOUND = "artalk_sound"  # on the Action: the take's sound
PACKED_LIMIT = 20_000_000  # bytes of the largest sound that is packed without being asked for


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
    if sound is None:  # a take of before sounds were kept
        keep_sound(action, sound_file(action), should_pack=True)
        return
    try:
        sound.pack()
    except RuntimeError as exc:
        raise SoundError("The take's sound is missing.", "Put its file back where it was.") from exc


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
    path = made_from if made_from.is_file() or sound is None else file_of(sound)
    if path is None or not path.is_file():
        remedy = "Put the file back, or generate from another one."
        raise SoundError(f"The take's sound {made_from} is missing.", remedy)
    return path


def file_of(sound: bpy.types.Sound) -> Path | None:
    """Return a sound's file, or else a copy of the one in the .blend; ``None`` where there is neither."""
    path = Path(bpy.path.abspath(sound.filepath))
    if path.is_file():
        return path
    return _unpacked(sound) if sound.packed_file is not None else None


def is_readable(path: Path) -> bool:
    """Return whether Blender can play a file; it would make a silent strip of any."""
    import aud

    with contextlib.suppress(aud.error):
        return bool(aud.Sound.file(str(path)).specs)
    return False


def _unpacked(sound: bpy.types.Sound) -> Path:
    """Write a packed sound, under its own name, into Blender's folder for temporary files."""
    folder = Path(bpy.app.tempdir or tempfile.gettempdir()) / f"artalk-{os.getpid()}-{sound.session_uid}"
    folder.mkdir(exist_ok=True)
    path = folder / bpy.path.basename(sound.filepath)
    path.write_bytes(sound.packed_file.data)
    return path
