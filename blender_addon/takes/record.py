# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept with a take, so that it can be baked anew: the raw motion and how it was made.

It lies in custom properties of the take's Action and is saved, appended and linked with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import zlib
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS

from ..errors import TakeError

DETAILS = "artalk_take"  # on the Action: JSON of everything but the motion
MOTION = "artalk_motion"  # on the Action: [T, 106] float32, little-endian, zlib


@dataclass(frozen=True)
class TakeDetails:
    """How a take was made and where it lies.

    Attributes:
        rig_id: the rig it was made for, ``artalk_id`` of the armature object.
        rig_kind: ``"builtin"`` or ``"flame"``.
        number: counts the takes of a rig from one.
        audio: absolute path of the sound file.
        style: name of the speaking style, ``""`` for none.
        seed: the seed it was generated with.
        start: scene frame of the first motion frame; may lie between frames.
        rate_hz: scene frames a second for which the keys were placed.
        engine_version: version of the engine that made the motion.
        is_complete: whether the motion reaches to the end of the sound.
    """

    rig_id: str
    rig_kind: str
    number: int
    audio: str = ""
    style: str = ""
    seed: int = 0
    start: float = 1.0
    rate_hz: float = 24.0
    engine_version: str = ""
    is_complete: bool = True


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
    action[DETAILS] = json.dumps(dataclasses.asdict(details))
    action.pop(MOTION, None)  # bytes that replace bytes would end at their first zero
    action[MOTION] = zlib.compress(np.ascontiguousarray(motion, "<f4").tobytes())


def take_details(action: bpy.types.Action) -> TakeDetails:
    """Return how a take was made.

    Raises:
        TakeError: if the Action is no take, or is one of a later version of the add-on.
    """
    try:
        return TakeDetails(**json.loads(action[DETAILS]))
    except (KeyError, TypeError, ValueError) as exc:
        raise TakeError(f"'{action.name}' cannot be read as a take.", "Choose another take.") from exc


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


def takes_of(rig_id: str) -> list[bpy.types.Action]:
    """Return the takes of a rig, the oldest first; those that cannot be read are left out."""
    takes = []
    for action in filter(is_take, bpy.data.actions):
        with contextlib.suppress(TakeError):
            details = take_details(action)
            if details.rig_id == rig_id:
                takes.append((details.number, action))
    return [action for _, action in sorted(takes, key=lambda take: take[0])]
