# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept with a clip's Action: the clip as it was read, and where it lies.

Keys hold a body's bones only. Expressions, shape and gender, and rotations that were replaced by those of
speech, come back from here when the body is exported or baked anew.
"""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import dataclass

import bpy

from bridge.clip import Clip
from bridge.clip_file import read_clip, write_clip

from ..errors import BodyError

DETAILS = "artalk_clip"  # on the Action: JSON of everything but the clip
SOURCE = "artalk_clip_file"  # on the Action: the clip as an ``.npz``


@dataclass(frozen=True)
class ClipDetails:
    """Where a clip lies and how it was keyed.

    Attributes:
        source: name of the file it was read from.
        start: scene frame of its first frame; may lie between frames.
        rate_hz: scene frames a second for which the keys were placed.
        has_root_motion: whether the body walks about.
        head_turn: whose head turn is keyed: ``"BODY"``, ``"SPEECH"`` or ``"BOTH"``.
    """

    source: str
    start: float
    rate_hz: float
    has_root_motion: bool = True
    head_turn: str = "BODY"


def is_clip(action: bpy.types.Action | None) -> bool:
    """Return whether an Action is a clip, rather than an artist's own."""
    return action is not None and DETAILS in action


def keep_record(action: bpy.types.Action, details: ClipDetails, clip: Clip | None = None) -> None:
    """Store with an Action where its clip lies, and the clip.

    Args:
        action: the clip's Action.
        details: where it lies.
        clip: with Y up, at its own rate; ``None`` if it is the same as before.
    """
    action[DETAILS] = json.dumps(dataclasses.asdict(details))
    if clip is not None:
        stream = io.BytesIO()
        write_clip(stream, clip)
        action.pop(SOURCE, None)  # bytes that replace bytes would end at their first zero
        action[SOURCE] = stream.getvalue()


def clip_details(action: bpy.types.Action) -> ClipDetails:
    """Return where a clip lies.

    Raises:
        BodyError: if the Action is no clip, or is one of a later version of the add-on.
    """
    try:
        return ClipDetails(**json.loads(action[DETAILS]))
    except (KeyError, TypeError, ValueError) as exc:
        raise BodyError(f"'{action.name}' cannot be read as a clip.", "Import the clip again.") from exc


def source_clip(action: bpy.types.Action) -> Clip:
    """Return the clip that an Action was keyed from, as it was read.

    Raises:
        BodyError: if the Action holds none.
    """
    try:
        return read_clip(io.BytesIO(action[SOURCE]), up_axis="Y")
    except (KeyError, TypeError, ValueError, OSError) as exc:
        raise BodyError(f"'{action.name}' has lost its clip.", "Import the clip again.") from exc


def current_clip(rig: bpy.types.Object) -> bpy.types.Action | None:
    """Return the clip that plays on a body, if one does."""
    data = rig.animation_data
    return data.action if data is not None and is_clip(data.action) else None
