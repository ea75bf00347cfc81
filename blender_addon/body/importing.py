# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a clip on an armature: one Action with a key on every scene frame, and nothing of the artist's lost."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import bpy
import numpy as np

from bridge.body import PELVIS
from bridge.clip import Clip, resampled, upright

from .. import actions
from ..takes import timeline
from .bones import BodyBones
from .expressions import body_face, play_expressions, stop_expressions, write_expressions
from .posing import posing_of
from .record import ClipDetails, is_clip, keep_record

SLOT = "Body"


@dataclass(frozen=True)
class ImportOptions:
    """How a clip shall lie.

    Attributes:
        start: scene frame of its first frame; may lie between frames.
        has_root_motion: let the body walk about; otherwise it moves up and down in place.
    """

    start: float = 1.0
    has_root_motion: bool = True


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    Attributes:
        action: the new Action.
        last: the last scene frame with a key.
        notes: what the user should know, one sentence each.
    """

    action: bpy.types.Action
    last: float
    notes: tuple[str, ...]


def import_clip(
    scene: bpy.types.Scene, bones: BodyBones, clip: Clip, source: str, options: ImportOptions | None = None
) -> Imported:
    """Let a body move as a clip does.

    Args:
        scene: says how many frames a second there are.
        bones: of the body.
        clip: any rate; with Z up, it is turned about the body's own pelvis.
        source: name of the file it was read from.
        options: how it shall lie.
    """
    options = options or ImportOptions()
    clip = upright(clip, (bones.pelvis[0], bones.pelvis[1], bones.pelvis[2]))
    rate_hz = timeline.rate_of(scene)
    action = bpy.data.actions.new(f"{bones.rig.name} · {source}")
    action.use_fake_user = True  # kept in the file while another clip plays
    keyed = resampled(clip if options.has_root_motion else in_place(clip), rate_hz)
    last = write_clip_keys(action, bones, keyed, options.start)
    keep_record(action, ClipDetails(source, options.start, rate_hz, options.has_root_motion), clip)
    frames = timeline.frame_range(scene)
    moved = [set_aside(bones.rig, frames), _import_face(action, bones.rig, keyed, options.start, frames)]
    actions.assign(bones.rig, action, SLOT)
    timeline.make_room(scene, int(np.ceil(last)))
    notes = [*clip.notes, *bones.notes]
    if not np.isclose(clip.fps, rate_hz):
        notes.append(f"Its {clip.fps:g} frames a second became the scene's {rate_hz:g}.")
    notes += [f"Your animation '{name}' now plays from an NLA track below the clip." for name in moved if name]
    return Imported(action, last, tuple(notes))


def _import_face(
    action: bpy.types.Action, rig: bpy.types.Object, clip: Clip, start: float, frames: tuple[float, float]
) -> str:
    """Key the clip's expressions if the body's mesh has keys for them; return the artist's Action that had to move."""
    face = body_face(rig)
    if face is None:
        return ""
    if clip.expressions is None:
        stop_expressions(face)
        return ""
    places = start + np.arange(len(clip.poses), dtype=np.float64)
    write_expressions(action, face, places, clip.expressions)
    return play_expressions(action, face, frames)


def write_clip_keys(
    action: bpy.types.Action, bones: BodyBones, clip: Clip, start: float, names: frozenset[str] | None = None
) -> float:
    """Write a clip's frames as keys, one a scene frame.

    Args:
        action: the Action.
        bones: of the body.
        clip: at the scene's rate, with Y up.
        start: scene frame of its first frame.
        names: bones to write, ``None`` for all and the body's place.

    Returns:
        The scene frame of the last key.
    """
    owner = actions.curve_owner(action, bones.rig, SLOT)
    posing = posing_of(clip, bones)
    frames = start + np.arange(len(clip.poses), dtype=np.float64)
    for name, values in posing.rotations.items():
        if names is not None and name not in names:
            continue
        bones.rig.pose.bones[name].rotation_mode = "QUATERNION"
        path = bone_path(name, "rotation_quaternion")
        for index in range(4):
            actions.write_curve(owner, path, index, frames, values[:, index], name)
    if names is None:
        pelvis = bones.names[PELVIS]
        for index in range(3):
            actions.write_curve(owner, bone_path(pelvis, "location"), index, frames, posing.location[:, index], pelvis)
    bones.rig.update_tag()
    return float(frames[-1])


def bone_path(name: str, property_name: str) -> str:
    """Return the path of a bone's property, from the armature object."""
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"].{property_name}'


def in_place(clip: Clip) -> Clip:
    """Return a clip that stays where it stands, and still moves up and down."""
    return dataclasses.replace(clip, trans=clip.trans * np.array([0.0, 1.0, 0.0]))


def set_aside(rig: bpy.types.Object, frames: tuple[float, float]) -> str:
    """Make room for a clip; return the name of the artist's Action that had to move, or ``""``."""
    data = rig.animation_data
    if data is None or data.action is None or is_clip(data.action):
        actions.release(rig)
        return ""
    return actions.push_down(rig, frames)
