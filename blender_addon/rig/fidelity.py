# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how far Blender's evaluated head is from FLAME's own vertices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Quaternion
from numpy.typing import NDArray

from ..errors import RigError
from ..timing import split_frame
from .foreign import SHAPE, numbered_keys
from .head_file import Head, load_head
from .identity import betas_of, head_file
from .naming import JOINTS, PIVOT
from .parts import RigParts, rig_parts
from .reference import flame_vertices
from .replica import Replica, replica_of, stop

WORST_MM = 0.01  # a rig that is further from FLAME than this is not right
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """How far a rig is from FLAME.

    Attributes:
        worst_mm: the largest distance of any vertex from FLAME's, in millimetres.
        vertex: that vertex.
        frame: the scene frame, or the number of the random pose, that it happened on.
        count: frames or poses that were compared.
        is_random: whether poses were random, rather than those of the animation.
    """

    worst_mm: float
    vertex: int
    frame: float
    count: int
    is_random: bool

    def __str__(self) -> str:
        what = "pose" if self.is_random else "frame"
        return f"{self.worst_mm:.4f} mm at most over {self.count} {what}s (vertex {self.vertex}, {what} {self.frame:g})"


def check_frames(parts: RigParts, scene: bpy.types.Scene, frames: Sequence[float]) -> Check:
    """Compare a rig with FLAME's own arithmetic while its animation plays.

    What plays is read from the bones and keys as they are on each frame, so that edits by hand are
    compared as well. A copy plays; the rig and its scene stay as they are.

    Args:
        parts: the rig.
        scene: the scene that it is in.
        frames: scene frames, at least one.

    Raises:
        RigError: if it is not known which file the rig was made from.
        HeadFileError: if that file cannot be read.
    """
    with replica_of(parts, scene) as replica:
        head = _head_of(parts)
        _switch_off_more(replica)
        return _worst({frame: _errors_mm(parts, head, replica, frame) for frame in frames}, is_random=False)


def check_random_poses(parts: RigParts, scene: bpy.types.Scene, count: int = 20, seed: int = 0) -> Check:
    """Compare a rig with FLAME's own arithmetic in random expressions and poses of all joints.

    Args:
        parts: the rig.
        scene: the scene that it is in.
        count: poses to compare.
        seed: chooses the poses.

    Raises:
        RigError: if it is not known which file the rig was made from.
        HeadFileError: if that file cannot be read.
    """
    random = np.random.default_rng(seed)
    errors: dict[float, Floats] = {}
    with replica_of(parts, scene) as replica:
        head = _head_of(parts)
        _switch_off_more(replica)
        for animated in (replica.rig, replica.keys):
            if animated.animation_data is not None:
                stop(animated)
        for pose in range(count):
            expression = random.normal(0.0, 0.8, len(parts.expression_keys))
            _pose(parts, replica, expression, random.normal(0.0, 0.3, (len(JOINTS), 3)))
            errors[pose] = _errors_mm(parts, head, replica, scene.frame_current)
    return _worst(errors, is_random=True)


def _worst(errors: Mapping[float, Floats], *, is_random: bool) -> Check:
    place = max(errors, key=lambda place: float(errors[place].max()))
    vertex = int(errors[place].argmax())
    return Check(float(errors[place][vertex]), vertex, place, len(errors), is_random)


def _switch_off_more(replica: Replica) -> None:
    """Show the copy without what the artist added to FLAME's mesh, such as a subdivision."""
    for modifier in replica.surface.modifiers:
        modifier.show_viewport = modifier.type == "ARMATURE" and modifier.object == replica.rig


def _head_of(parts: RigParts) -> Head:
    """Read the head of a rig with the rig's identity, which a rig made by others has in live shape keys."""
    betas = betas_of(parts.keys)
    if parts.is_foreign:
        betas = np.array([parts.keys.key_blocks[name].value for name in numbered_keys(parts.keys, SHAPE)])
    head = load_head(head_file(parts), betas)
    if len(head.vertices) != len(parts.surface.data.vertices):
        text = f"'{parts.rig.name}' and its file {head.path.name} differ in their number of vertices."
        raise RigError(text, "Undo what added or removed vertices.")
    return head


def _errors_mm(parts: RigParts, head: Head, replica: Replica, frame: float) -> Floats:
    """Return every vertex' distance from FLAME's, ``[V]`` in millimetres."""
    found = evaluated_vertices(replica.rig, replica.scene, frame) @ parts.axes
    graph = replica.layer.depsgraph
    rig, keys = replica.rig.evaluated_get(graph), replica.keys.evaluated_get(graph)
    expression = np.array([keys.key_blocks[name].value for name in parts.expression_keys])
    rotations = []
    for bone, rest in zip(parts.bones, parts.rests, strict=True):
        posed = rig.pose.bones[bone]
        local = rig.convert_space(pose_bone=posed, matrix=posed.matrix, from_space="POSE", to_space="LOCAL")
        turn = Quaternion(rest)
        rotations.append(np.array((turn @ local.to_quaternion() @ turn.conjugated()).to_matrix()))
    return np.linalg.norm(found - flame_vertices(head, expression, np.stack(rotations)), axis=1) * 1000.0


def _pose(parts: RigParts, replica: Replica, expression: Floats, axis_angles: Floats) -> None:
    """Pose the copy as a take would."""
    for name, value in zip(parts.expression_keys, expression, strict=True):
        replica.keys.key_blocks[name].value = value
    for joint, bone_name, axis_angle in zip(JOINTS, parts.bones, axis_angles, strict=True):
        bone, angle = replica.rig.pose.bones[bone_name], float(np.linalg.norm(axis_angle))
        rotation = Quaternion(axis_angle, angle)
        drift = parts.drift(joint, expression[None])
        bone.rotation_mode = "QUATERNION"
        bone.rotation_quaternion = parts.bone_rotations(joint, np.array([rotation]))[0]
        if joint in parts.pivots:
            bone.constraints[PIVOT].offset = parts.bone_vectors(joint, drift)[0]
        else:
            moved = drift - drift @ np.array(rotation.to_matrix()).T
            bone.location = parts.bone_vectors(joint, moved)[0]


def evaluated_vertices(rig: bpy.types.Object, scene: bpy.types.Scene, frame: float) -> NDArray[np.float32]:
    """Return the head's vertices as Blender shows and renders them on a frame.

    Args:
        rig: the armature object.
        scene: is left on that frame.
        frame: scene frame; may lie between whole frames.

    Returns:
        ``[V, 3]`` metres, in the mesh's own axes: FLAME's (Y up), unless others made the rig.

    Raises:
        RigError: if the rig is incomplete.
    """
    surface = rig_parts(rig).surface
    whole, rest = split_frame(frame)
    scene.frame_set(whole, subframe=rest)
    layer = next(layer for layer in scene.view_layers if surface.name in layer.objects)
    evaluated = surface.evaluated_get(layer.depsgraph)
    mesh = evaluated.to_mesh()
    try:
        vertices = np.empty(len(mesh.vertices) * 3, np.float32)
        mesh.vertices.foreach_get("co", vertices)
    finally:
        evaluated.to_mesh_clear()
    return vertices.reshape(-1, 3)


def worst_vertex_error_mm(
    rig: bpy.types.Object,
    scene: bpy.types.Scene,
    frames: Sequence[float],
    reference: NDArray[np.floating],
) -> float:
    """Compare the animated head with vertices from elsewhere, such as the engine's ``FLAMEModel``.

    Args:
        rig: the armature object.
        scene: the scene it is animated in; its current frame is restored.
        frames: ``[N]`` scene frames.
        reference: ``[N, V, 3]`` metres in FLAME's axes, one set of vertices for each frame.

    Returns:
        The largest distance between any vertex and its reference, in millimetres.

    Raises:
        RigError: if the rig is incomplete.
        ValueError: if frames and reference differ in number.
    """
    before, subframe = scene.frame_current, scene.frame_subframe
    worst = 0.0
    try:
        for frame, expected in zip(frames, reference, strict=True):
            error = evaluated_vertices(rig, scene, frame).astype(np.float64) - expected
            worst = max(worst, float(np.linalg.norm(error, axis=1).max()))
    finally:
        scene.frame_set(before, subframe=subframe)
    return worst * 1000.0
