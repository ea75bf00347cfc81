# SPDX-License-Identifier: GPL-3.0-or-later
"""The face of a take and that of a clip, each carried to where the other is.

A take has 25 frames a second, a clip its own rate. Jaw and head are rotations and travel everywhere. What an
expression's number means depends on the model: SMPL-X and FLAME of 2020 share theirs, other FLAME files differ
somewhat, and the built-in head has units of its own, so that its expressions stay where they are.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge import body, rotations
from bridge.clip import Clip, at_times, mixed
from bridge.motion import CHANNELS, EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE

from ..errors import BodyError
from ..rig.parts import RigParts
from ..takes.record import take_details, take_motion
from ..takes.rig_tools import edited
from ..takes.take import current_take

Floats = NDArray[np.float64]
NOT_OURS = "The built-in head's expressions mean nothing to SMPL-X: only jaw and head travel."
NEARLY = "Expressions are those of the FLAME of 2020; on another FLAME they look somewhat different."


@dataclass(frozen=True, eq=False)
class Face:
    """How a take moves a face, on some scene frames.

    Attributes:
        expression: ``[N, 100]``.
        jaw: ``[N, 4]`` unit quaternions (w, x, y, z).
        turn: ``[N, 4]`` of the head.
        is_heard: ``[N]`` whether the frame lies within the take.
    """

    expression: Floats
    jaw: Floats
    turn: Floats
    is_heard: NDArray[np.bool_]


def playing_take(parts: RigParts) -> bpy.types.Action:
    """Return the take that plays on a head.

    Raises:
        BodyError: if none does.
    """
    take = current_take(parts.rig)
    if take is None:
        raise BodyError(f"No take plays on '{parts.rig.name}'.", "Generate a take, or show one.")
    return take


def face_at(parts: RigParts, take: bpy.types.Action, frames: Floats) -> Face:
    """Return a take's face, edits included, on scene frames ``[N]``; before and after it its ends are held."""
    details = take_details(take)
    motion, turned = edited(parts, details.edits, take_motion(take))
    values = motion.astype(np.float64)
    place = (frames - details.start) / details.rate_hz * FPS
    is_heard = (place > -1e-6) & (place < len(values) - 1 + 1e-6)
    if len(values) == 1:
        values = np.repeat(values, 2, axis=0)
    turn = rotations.from_axis_angle(values[:, GLOBAL_ORIENT])
    if "neck" in turned:
        turn = rotations.multiply(turn, turned["neck"][np.minimum(np.arange(len(turn)), len(turned["neck"]) - 1)])
    before = np.clip(place.astype(np.int64), 0, len(values) - 2)
    share = np.clip(place - before, 0.0, 1.0)
    jaw = rotations.from_axis_angle(values[:, JAW_POSE])
    return Face(
        mixed(values[:, EXPRESSION], before, share),
        rotations.slerp(jaw[before], jaw[before + 1], share),
        rotations.slerp(turn[before], turn[before + 1], share),
        is_heard,
    )


def with_face(clip: Clip, face: Face, kind: str) -> Clip:
    """Return a clip whose jaw and expressions are those of a take, where the take is heard.

    Args:
        clip: the body.
        face: of the take, on the clip's frames.
        kind: of the take's rig; expressions of ``"builtin"`` do not travel, and the clip's own stay.
    """
    poses = clip.poses.copy()
    poses[face.is_heard, body.JAW] = rotations.to_axis_angle(face.jaw[face.is_heard])
    expressions = clip.expressions
    if kind != "builtin":
        own = np.zeros_like(face.expression) if expressions is None else expressions
        expressions = np.where(face.is_heard[:, None], face.expression, own)
    return dataclasses.replace(clip, poses=poses, expressions=expressions)


def motion_of(clip: Clip, kind: str, has_turn: bool) -> NDArray[np.float32]:
    """Return the face of a clip as a motion.

    Args:
        clip: with Y up, any rate.
        kind: of the rig that shall play it; a ``"builtin"`` one gets no expressions.
        has_turn: whether the head shall turn as neck and head of the body do together.

    Returns:
        ``[T, 106]`` at 25 frames a second.
    """
    times = np.arange(max(int(np.floor(clip.seconds * FPS + 1e-6)) + 1, 2)) / FPS
    source = at_times(clip, times)
    motion = np.zeros((len(times), CHANNELS), np.float32)
    motion[:, JAW_POSE] = source.poses[:, body.JAW]
    if kind != "builtin" and source.expressions is not None:
        motion[:, EXPRESSION] = source.expressions
    if has_turn:
        neck, head = (rotations.from_axis_angle(source.poses[:, joint]) for joint in (body.NECK, body.HEAD))
        motion[:, GLOBAL_ORIENT] = rotations.to_axis_angle(rotations.multiply(neck, head))
    return motion


def expressions_note(kind: str, clip: Clip | None = None) -> str:
    """Say what becomes of expressions between a clip and a rig."""
    if kind == "builtin":
        return NOT_OURS
    if clip is not None and clip.expressions is None:
        return "The clip has no expressions: only jaw and head travel."
    return NEARLY
