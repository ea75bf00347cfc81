# SPDX-License-Identifier: GPL-3.0-or-later
"""Take motion in from files and give it out to them."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.motion_file import MotionFile, load_motion, save_motion

from ..errors import SoundError, TakeError
from ..rig.parts import RigParts
from ..timing import last_scene_frame
from .copies import own_id
from .editing import edits_of
from .edits import edited_motion
from .record import Speech, TakeDetails, take_details, take_motion
from .rig_tools import face_tools
from .sound import keep_sound
from .spoken import keep_phones, phones_of
from .strips import place_sound
from .take import fill_take, new_take, next_number
from .timeline import frame_range, make_room, rate_of


def import_motion(scene: bpy.types.Scene, parts: RigParts, path: Path, start: float) -> bpy.types.Action:
    """Make a take of a motion file; a sound of the name that the file gives, in its folder, comes along.

    Args:
        scene: the scene.
        parts: the rig.
        path: any file that `bridge.motion_file` reads.
        start: scene frame of the first motion frame; may lie between frames.

    Returns:
        The take, which plays now.

    Raises:
        MotionFileError: if the file is no motion.
        TakeError: if its motion is another rig's, or has no frames.
    """
    contents = load_motion(path)
    if contents.rig not in ("", parts.kind):
        text = f"{path.name} speaks to a rig of the kind '{contents.rig}', but '{parts.rig.name}' is '{parts.kind}'."
        raise TakeError(text, "Choose a head of that kind, or another file.")
    if not len(contents.motion):
        raise TakeError(f"{path.name} has no frames.", "Choose another file.")
    sound = path.parent / Path(contents.audio).name if contents.audio else None
    return add_motion(scene, parts, contents, start, sound)


def add_motion(
    scene: bpy.types.Scene, parts: RigParts, contents: MotionFile, start: float, sound: Path | None
) -> bpy.types.Action:
    """Make a take of a motion that is the rig's and has frames.

    Args:
        scene: the scene.
        parts: the rig.
        contents: the motion, and where it comes from.
        start: scene frame of the first motion frame; may lie between frames.
        sound: what is heard with it, if it is there.

    Returns:
        The take, which plays now.
    """
    speech = Speech(audio=str(sound) if sound is not None and sound.is_file() else "", style=contents.style)
    rig_id = own_id(parts)
    details = TakeDetails(
        rig_id, parts.kind, next_number(rig_id), speech, start, rate_of(scene), engine_version=contents.engine_version
    )
    action, _ = new_take(parts, details.number, frame_range(scene))
    fill_take(parts, action, details, contents.motion)
    make_room(scene, last_scene_frame(len(contents.motion), details.rate_hz, start))
    if speech.audio:
        keep_sound(action, Path(speech.audio))
        with contextlib.suppress(SoundError):
            place_sound(scene, action)
    keep_phones(action, contents.phones)
    return action


def export_motion(parts: RigParts, action: bpy.types.Action, path: Path) -> int:
    """Write a take's motion as its edits show it; keys changed by hand and darting eyes are not in it.

    Args:
        parts: the rig.
        action: the take.
        path: the file; its ending says which kind.

    Returns:
        The number of frames.

    Raises:
        TakeError: if the take cannot be read.
        MotionFileError: if the file cannot be written, or its kind cannot hold this motion.
    """
    details, motion = take_details(action), shown_motion(parts, action)
    speech = details.speech
    contents = MotionFile(
        motion, details.rig_kind, Path(speech.audio).name, details.engine_version, speech.style, phones_of(action)
    )
    save_motion(path, contents)
    return len(motion)


def shown_motion(parts: RigParts, action: bpy.types.Action) -> NDArray[np.float32]:
    """Return a take's motion as its edits show it, ``[T, 106]``; keys changed by hand and darting eyes are not in it.

    Raises:
        TakeError: if the take cannot be read.
    """
    raw = take_motion(action)
    edits = dataclasses.replace(edits_of(action), neck_share=0.0)  # a motion's head is turned by the root alone
    return raw if edits == type(edits)() else edited_motion(raw, edits, face_tools(parts))
