# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose head turn a body shows: the clip's, that of speech, or both."""

from __future__ import annotations

import dataclasses

import bpy
import numpy as np

from bridge import body, rotations
from bridge.clip import Clip, resampled

from ..rig.parts import RigParts
from .bones import BodyBones
from .face import Face, face_at, playing_take
from .importing import write_clip_keys
from .record import clip_details, keep_record, source_clip

TURNS = (
    ("BODY", "Body", "The head turns as the clip has it"),
    ("SPEECH", "Speech", "The head turns as the take has it, from wherever the chest points"),
    ("BOTH", "Both", "The take's turn is added to the clip's"),
)


def bake_head_turn(bones: BodyBones, action: bpy.types.Action, turn: str, parts: RigParts | None) -> None:
    """Write the keys of a body's neck and head anew; changes made to these two by hand are lost.

    Args:
        bones: of the body.
        action: the clip that plays on it.
        turn: one of ``TURNS``.
        parts: the head whose take plays; not needed for ``"BODY"``.

    Raises:
        AddonError: if the clip cannot be read, or no take plays.
    """
    details = clip_details(action)
    clip = resampled(source_clip(action), details.rate_hz)
    if turn != "BODY":
        assert parts is not None  # noqa: S101 - only the clip's own turn needs no head
        frames = details.start + np.arange(len(clip.poses), dtype=np.float64)
        clip = turned(clip, face_at(parts, playing_take(parts), frames), turn)
    names = frozenset(bones.names[joint] for joint in (body.NECK, body.HEAD) if joint in bones.names)
    write_clip_keys(action, bones, clip, details.start, names)
    keep_record(action, dataclasses.replace(details, head_turn=turn))


def turned(clip: Clip, face: Face, turn: str) -> Clip:
    """Return a clip whose head turns as a take's does, alone or on top of its own turn.

    Args:
        clip: the body.
        face: of the take, on the clip's frames.
        turn: ``"SPEECH"`` or ``"BOTH"``.
    """
    poses = clip.poses.copy()
    if turn == "SPEECH":
        poses[:, body.NECK] = 0.0
        poses[:, body.HEAD] = rotations.to_axis_angle(face.turn)
    else:
        own = rotations.from_axis_angle(poses[:, body.HEAD])
        poses[:, body.HEAD] = rotations.to_axis_angle(rotations.multiply(own, face.turn))
    return dataclasses.replace(clip, poses=poses)
