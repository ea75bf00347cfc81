# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept with a take, so that it can be baked anew: the raw motion and how it was made.

It lies in custom properties of the take's Action and is saved, appended and linked with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS

from ..errors import TakeError

DETAILS = "artalk_take"  # on the Action: JSON of everything but the motion
MOTION = "artalk_motion"  # on the Action: [T, 106] float32, little-endian, zlib
VERSION = 2  # of the details; raise it, with a step in ``_STEPS``, when a field changes its meaning


@dataclass(frozen=True)
class Speech:
    """What the engine is asked to speak and how; the fields are those of ``Generate``.

    Attributes:
        audio: absolute path of the sound file.
        style: name of the speaking style, ``""`` for none.
        seed: chooses among takes.
        start_s: where in the sound to begin, seconds.
        end_s: where to end, seconds; ``None`` for the end of the sound.
        fix_pose: keep the head still.
        model: folder of the voice, ``""`` for the built-in one.
        temperature: how far a take may stray from the model's best guess.
        style_strength: how much of the style to show.
        channel: which channel of the sound to hear.
        precision: ``"exact"`` or ``"fast"``.
        continuity: how windows are heard in each other's light.
    """

    audio: str = ""
    style: str = ""
    seed: int = 0
    start_s: float = 0.0
    end_s: float | None = None
    fix_pose: bool = False
    model: str = ""
    temperature: float = 0.0
    style_strength: float = 1.1
    channel: str = "mix"
    precision: str = "exact"
    continuity: str = "auto"


@dataclass(frozen=True)
class TakeDetails:
    """How a take was made and where it lies.

    Attributes:
        rig_id: the rig it was made for, ``artalk_id`` of the armature object.
        rig_kind: ``"builtin"`` or ``"flame"``.
        number: counts the takes of a rig from one.
        speech: what the engine was asked for.
        start: scene frame of the first motion frame; may lie between frames.
        rate_hz: scene frames a second for which the keys were placed.
        on_whole_frames: whether the keys lie on whole scene frames, rather than exactly on motion frames.
        engine_version: version of the engine that made the motion.
        is_complete: whether the motion reaches to the end of the sound.
        edits: changes to the raw motion that its curves show, ``{}`` for none.
    """

    rig_id: str
    rig_kind: str
    number: int
    speech: Speech = Speech()
    start: float = 1.0
    rate_hz: float = 24.0
    on_whole_frames: bool = False
    engine_version: str = ""
    is_complete: bool = True
    edits: Mapping[str, object] = dataclasses.field(default_factory=dict)


def is_take(action: bpy.types.Action | None) -> bool:
    """Return whether an Action is a take, rather than an artist's own."""
    return action is not None and DETAILS in action


def keep_record(action: bpy.types.Action, details: TakeDetails, motion: NDArray[np.float32]) -> None:
    """Store with an Action what its take was made from.

    Args:
        action: the take's Action.
        details: how the take was made.
        motion: ``[T, 106]`` at 25 frames a second.
    """
    keep_packed(action, details, zlib.compress(np.ascontiguousarray(motion, "<f4").tobytes()))


def keep_packed(action: bpy.types.Action, details: TakeDetails, packed: bytes) -> None:
    """Store with an Action what its take was made from, where the motion is packed already: little-endian, by zlib."""
    keep_details(action, details)
    action.pop(MOTION, None)  # bytes that replace bytes would end at their first zero
    action[MOTION] = packed


def keep_details(action: bpy.types.Action, details: TakeDetails) -> None:
    """Store with an Action how its take was made, and leave the raw motion as it is."""
    action[DETAILS] = json.dumps({"version": VERSION, **dataclasses.asdict(details)})


def take_details(action: bpy.types.Action) -> TakeDetails:
    """Return how a take was made, whatever version of the add-on wrote it.

    Raises:
        TakeError: if the Action is no take, is damaged, or is one of a later version of the add-on.
    """
    try:
        return _details(action[DETAILS], action.name)
    except (KeyError, TypeError, ValueError) as exc:
        raise TakeError(f"'{action.name}' cannot be read as a take.", "Choose another take.") from exc


@functools.lru_cache(256)
def _details(text: str, name: str) -> TakeDetails:
    """Read a record; panels ask for those of all takes several times whenever they are drawn."""
    record = _renewed(json.loads(text), name)
    return TakeDetails(**{**record, "speech": Speech(**record["speech"])})


def take_edits(action: bpy.types.Action) -> Mapping[str, object]:
    """Return the changes to the raw motion that a take's curves show.

    Raises:
        TakeError: if the take cannot be read.
    """
    return take_details(action).edits


def take_motion(action: bpy.types.Action) -> NDArray[np.float32]:
    """Return the motion that a take was baked from.

    Returns:
        ``[T, 106]`` at 25 frames a second, exactly as the engine made it.

    Raises:
        TakeError: if the Action holds none.
    """
    try:
        values = np.frombuffer(zlib.decompress(action[MOTION]), "<f4")
        return values.reshape(-1, CHANNELS).astype(np.float32)
    except (KeyError, TypeError, ValueError, zlib.error) as exc:
        raise TakeError(f"'{action.name}' has no readable motion.", "Generate the take again.") from exc


def has_motion(action: bpy.types.Action) -> bool:
    """Return whether a take holds its motion; quick, without reading it."""
    return MOTION in action


def takes_of(rig_id: str) -> list[bpy.types.Action]:
    """Return the takes of a rig, the oldest first; those that cannot be read are left out."""
    return [action for _, action in sorted(_numbered(rig_id), key=lambda take: take[0])]


def has_takes(rig_id: str) -> bool:
    """Return whether a rig has takes that can be read."""
    return next(_numbered(rig_id), None) is not None


def _numbered(rig_id: str) -> Iterator[tuple[int, bpy.types.Action]]:
    """Go through a rig's takes, each with its number."""
    for action in bpy.data.actions:
        if is_take(action):
            with contextlib.suppress(TakeError):
                details = take_details(action)
                if details.rig_id == rig_id:
                    yield details.number, action


def _renewed(record: dict[str, Any], name: str) -> dict[str, Any]:
    """Bring a record of any earlier version up to this one."""
    version = record.pop("version", 1)  # the first version did not say
    if not isinstance(version, int) or version > VERSION:
        raise TakeError(f"'{name}' was made by a later version of ARTalk.", "Update the add-on.")
    for step in _STEPS[version - 1 :]:
        record = step(record)
    return record


def _nest_speech(record: dict[str, Any]) -> dict[str, Any]:
    """From version 1 to 2: what was asked of the engine became a part of its own."""
    speech = {name: record.pop(name) for name in ("audio", "style", "seed") if name in record}
    return {**record, "speech": speech}


_STEPS = (_nest_speech,)
