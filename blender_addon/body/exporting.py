# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a body's motion back from an armature, as Blender evaluates it: constraints, NLA, edits and all."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge import body
from bridge.clip import Clip, at_times

from ..errors import BodyError
from ..takes import timeline
from ..timing import split_frame
from .bones import BodyBones
from .expressions import body_face, read_expressions
from .posing import joints_of_poses
from .record import clip_details, current_clip, source_clip

Floats = NDArray[np.float64]
USUAL_FPS = 30.0  # of BEAT2 and its family


@dataclass(frozen=True)
class ExportRange:
    """What to sample.

    Attributes:
        start: scene frame of the first sample; may lie between frames.
        count: samples.
        fps: samples a second.
    """

    start: float
    count: int
    fps: float

    def frames(self, rate_hz: float) -> Floats:
        """Return the scene frames ``[count]`` of the samples, for a scene's frames a second."""
        return self.start + np.arange(self.count, dtype=np.float64) * (rate_hz / self.fps)


def whole_clip(scene: bpy.types.Scene, rig: bpy.types.Object, fps: float = 0.0) -> ExportRange:
    """Return the range of the clip that plays on a body, or of the scene where none does.

    Args:
        scene: the scene.
        rig: the body's armature.
        fps: samples a second; 0 for the clip's own, or 30.
    """
    action, rate_hz = current_clip(rig), timeline.rate_of(scene)
    if action is None:
        start, seconds = float(scene.frame_start), (scene.frame_end - scene.frame_start) / rate_hz
        fps = fps or USUAL_FPS
    else:
        clip, details = source_clip(action), clip_details(action)
        start, seconds = details.start, clip.seconds * details.rate_hz / rate_hz
        fps = fps or clip.fps
    return ExportRange(start, int(np.floor(seconds * fps + 1e-6)) + 1, fps)


def export_clip(scene: bpy.types.Scene, bones: BodyBones, wanted: ExportRange) -> Clip:
    """Sample a body's motion.

    Expressions are those of the body's mesh where it has keys for them. What an armature does not hold,
    such as its shape, comes from the clip that plays on it.

    Args:
        scene: its current frame is restored.
        bones: of the body.
        wanted: what to sample.

    Raises:
        BodyError: if the range holds less than two samples, or the body is not in the scene or shows its rest position.
    """
    if bones.rig.data.pose_position == "REST":
        raise BodyError(f"'{bones.rig.name}' shows its rest position.", "Set its armature to Pose Position.")
    if wanted.count < 2:
        raise BodyError("There are less than two frames of motion to export.", "Choose a longer range.")
    frames = wanted.frames(timeline.rate_of(scene))
    matrices, shown = _sample(scene, bones, frames)
    action = current_clip(bones.rig)
    if action is None:
        poses, trans = joints_of_poses(matrices, bones)
        return Clip(poses, trans, wanted.fps, _expressions(None, shown), kind="Blender")
    details = clip_details(action)
    source = at_times(source_clip(action), (frames - details.start) / details.rate_hz)
    poses, trans = joints_of_poses(matrices, bones, source.poses)
    expressions = _expressions(source.expressions, shown)
    return Clip(poses, trans, wanted.fps, expressions, source.betas, source.gender, kind="Blender")


def _expressions(source: Floats | None, shown: Floats) -> Floats | None:
    """Put the sampled expressions ``[T, E]`` in place of the first ones of the clip's."""
    if not shown.shape[1]:
        return source
    expressions = np.zeros((len(shown), body.EXPRESSIONS)) if source is None else source.copy()
    count = min(shown.shape[1], body.EXPRESSIONS)
    expressions[:, :count] = shown[:, :count]
    return expressions


def _sample(scene: bpy.types.Scene, bones: BodyBones, frames: Floats) -> tuple[dict[int, Floats], Floats]:
    """Sample what Blender evaluates.

    Returns:
        By joint the ``[T, 4, 4]`` matrices of its bone in the armature's axes, and the expression
        keys' values ``[T, E]``.
    """
    layer = next((layer for layer in scene.view_layers if bones.rig.name in layer.objects), None)
    if layer is None:
        raise BodyError(f"'{bones.rig.name}' is not in the scene.", "Choose an armature that is.")
    pose, face = bones.rig.pose.bones, body_face(bones.rig)
    values = np.empty(16 * len(pose), np.float32)
    matrices = np.empty((len(frames), len(pose), 4, 4))
    shown = np.empty((len(frames), len(face.names) if face else 0))
    before, subframe = scene.frame_current, scene.frame_subframe
    try:
        for number, frame in enumerate(frames):
            whole, rest = split_frame(float(frame))
            scene.frame_set(whole, subframe=rest)
            bones.rig.evaluated_get(layer.depsgraph).pose.bones.foreach_get("matrix", values)
            matrices[number] = values.reshape(-1, 4, 4).transpose(0, 2, 1)  # Blender hands out columns
            if face is not None:
                shown[number] = read_expressions(face, layer.depsgraph)
    finally:
        scene.frame_set(before, subframe=subframe)
    places = {bone.name: index for index, bone in enumerate(pose)}
    return {joint: matrices[:, places[name]] for joint, name in bones.names.items()}, shown
