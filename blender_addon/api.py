# SPDX-License-Identifier: GPL-3.0-or-later
"""For scripts: a few functions that stay as they are, whatever else changes in the add-on.

::

    from bl_ext.user_default.artalk import api

    head = api.create_head()
    take = api.generate(head, "/recordings/line1.wav", style="happy", seed=3)
    motion = api.motion_of(take)  # [T, 106], 25 frames a second
    api.add_take(head, 0.5 * motion, start_frame=101.0)

Each waits until it is done, in windows and in background Blender, works on the scene in use, and raises one of `ERRORS`
with a ``code`` for programs and a ``remedy`` for people. Voice, device and precision are those of the preferences.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.errors import BridgeError
from bridge.motion_file import MotionFile

from . import jobs, reasons
from .errors import AddonError, RigError, TakeError
from .generating import Order
from .operators.head import plain_arrays
from .paths import builtin_head_file
from .preferences import engine_device, engine_precision, engine_python, text_voices_folder, voice_folder
from .rig.build import build_rig
from .rig.head_file import load_head
from .rig.parts import rig_parts
from .speaking import SpeakOrder
from .takes.editing import parts_of
from .takes.motion_files import add_motion, shown_motion
from .takes.record import Speech, take_details, take_motion, takes_of
from .takes.showing import play_take

ERRORS = (AddonError, BridgeError)


def create_head(file: str | os.PathLike[str] = "", name: str = "") -> bpy.types.Object:
    """Add a head with its rig to the scene, and choose it in the panel.

    Args:
        file: in FLAME's format: ``.npz``, or with the engine's help ``.pkl``, ``.pt`` or ``.safetensors``; ``""`` is
            the built-in head.
        name: of the armature object; ``""`` is the file's, or "Head".

    Returns:
        The armature object, which every other function knows the head by.
    """
    context = bpy.context
    if problem := reasons.no_head(context):
        raise RigError(f"{problem}.")
    path = plain_arrays(context, Path(file).absolute()) if file else builtin_head_file()
    rig = build_rig(context, load_head(path), name or (Path(file).stem if file else "Head"))
    context.scene.artalk.rig = rig
    return rig


def generate(
    head: bpy.types.Object,
    sound: str | os.PathLike[str],
    *,
    style: str = "neutral",
    style_strength: float = 1.1,
    seed: int = 0,
    temperature: float = 0.0,
    start_frame: float = 1.0,
    start_s: float = 0.0,
    end_s: float | None = None,
    channel: str = "mix",
    still_head: bool = False,
    on_whole_frames: bool = False,
) -> bpy.types.Action:
    """Let a head speak a sound, as a new take that plays.

    Args:
        head: the armature object.
        sound: a file of any kind that the engine reads.
        style: of the voice, ``""`` for none.
        style_strength: how much of the style to show.
        seed: chooses among equally good takes.
        temperature: how far the take may stray from the voice's best guess.
        start_frame: scene frame on which the sound begins; may lie between frames.
        start_s: where in the sound to begin, seconds.
        end_s: where to end; None is the sound's end.
        channel: ``"mix"``, ``"left"``, ``"right"`` or ``"loudest"``.
        still_head: move the face only.
        on_whole_frames: place keys on whole scene frames.

    Returns:
        The take: an Action.
    """
    context = bpy.context
    speech = Speech(
        audio=str(Path(sound).absolute()) if str(sound) else "",
        style=style,
        seed=seed,
        start_s=start_s,
        end_s=end_s,
        fix_pose=still_head,
        model=voice_folder(context),
        temperature=temperature,
        style_strength=style_strength,
        channel=channel,
        precision=engine_precision(context),
    )
    return _made(head, _order(head, speech, start_frame, on_whole_frames))


def speak(
    head: bpy.types.Object,
    text: str,
    *,
    language: str = "en-us",
    voice: str = "",
    rate: float = 1.0,
    pitch: float = 0.0,
    style: str = "neutral",
    seed: int = 0,
    start_frame: float = 1.0,
) -> bpy.types.Action:
    """Make the sound of a text, and let a head speak it as a new take that plays.

    Args:
        head: the armature object.
        text: what to say.
        language: its code or English name.
        voice: who says it; ``""`` is the language's own voice.
        rate: how fast, 1 being usual.
        pitch: semitones higher, -6 to 6.
        style: of the motion, ``""`` for none.
        seed: chooses among equally good takes.
        start_frame: scene frame on which the sound begins; may lie between frames.

    Returns:
        The take: an Action.
    """
    context = bpy.context
    speech = Speech(style=style, seed=seed, model=voice_folder(context), precision=engine_precision(context))
    order = SpeakOrder(
        take=_order(head, speech, start_frame),
        text=text,
        language=language,
        voice=voice,
        rate=rate,
        pitch=pitch,
        folder=text_voices_folder(context),
        allow_online=bpy.app.online_access,
    )
    return _made(head, order)


def takes(head: bpy.types.Object) -> list[bpy.types.Action]:
    """Return a head's takes, the oldest first."""
    return takes_of(rig_parts(head).rig_id)


def show(take: bpy.types.Action) -> None:
    """Let a take play on its head, with its sound, and choose that head in the panel."""
    scene = bpy.context.scene
    scene.artalk.rig = parts_of(take).rig
    play_take(scene, take)


def motion_of(take: bpy.types.Action, *, with_edits: bool = False) -> NDArray[np.float32]:
    """Return the motion that a take was made from.

    Args:
        take: from any of these functions.
        with_edits: as the panel's sliders change it; keys changed by hand and darting eyes are not in it.

    Returns:
        ``[T, 106]`` at 25 frames a second: 100 expressions, the head's and the jaw's rotation (axis-angle, radians).
    """
    return shown_motion(parts_of(take), take) if with_edits else take_motion(take)


def add_take(
    head: bpy.types.Object, motion: ArrayLike, *, start_frame: float = 1.0, sound: str | os.PathLike[str] = ""
) -> bpy.types.Action:
    """Make a take of a motion from anywhere, without the engine, and let it play.

    Args:
        head: the armature object.
        motion: as `motion_of` returns it.
        start_frame: scene frame of the first motion frame; may lie between frames.
        sound: file to hear with it, ``""`` for none.

    Returns:
        The take: an Action.

    Raises:
        ValueError: if the array is no ``[T, 106]``.
    """
    parts, values = rig_parts(head), np.array(motion, np.float32)
    contents = MotionFile(values, parts.kind, Path(sound).name, "")
    if not len(values) or not np.isfinite(values).all():
        raise TakeError("The motion has no frames, or values that are no numbers.", "Choose another file.")
    return add_motion(bpy.context.scene, parts, contents, start_frame, Path(sound).absolute() if str(sound) else None)


def _order(head: bpy.types.Object, speech: Speech, start: float, on_whole_frames: bool = False) -> Order:
    context = bpy.context
    return Order(
        rig_uid=rig_parts(head).rig.session_uid,
        scene_uid=context.scene.session_uid,
        speech=speech,
        start=start,
        device=engine_device(context),
        on_whole_frames=on_whole_frames,
    )


def _made(head: bpy.types.Object, order: Any) -> bpy.types.Action:
    """Do what was ordered, and return the take that came of it."""
    job = jobs.run_to_end(order, engine_python(bpy.context))
    if job.error is not None:
        raise job.error
    return max(takes(head), key=lambda take: take_details(take).number)
