# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake all that moves a copy of a rig into one key a frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from .. import actions
from .replica import Replica

Floats = NDArray[np.float64]
Channels = dict[tuple[bpy.types.ID, str], list[Floats]]  # what is animated, and by which path: a value a frame


@contextmanager
def baked(replica: Replica) -> Iterator[None]:
    """Replace curves, drivers, constraints and parents by keys, and take the keys away at the end.

    Args:
        replica: is baked on all whole frames of its scene.
    """
    scene, rig = replica.scene, replica.rig
    frames = np.arange(scene.frame_start, scene.frame_end + 1)
    channels: Channels = {}
    for frame in frames.tolist():
        scene.frame_set(frame)
        for channel, value in _state(replica).items():
            channels.setdefault(channel, []).append(value)
    _release(replica)
    made = [_key(animated, frames.astype(np.float64), channels) for animated in (rig, replica.keys)]
    try:
        scene.frame_set(scene.frame_start)
        yield
    finally:
        bpy.data.batch_remove(made)


def _release(replica: Replica) -> None:
    """Let nothing but its own channels move the copy."""
    rig = replica.rig
    for thing in (rig, replica.surface, replica.keys):
        thing.animation_data_clear()
    for bone in rig.pose.bones:
        bone.rotation_mode = "QUATERNION"
        for constraint in [*bone.constraints]:
            bone.constraints.remove(constraint)
    for constraint in [*rig.constraints]:
        rig.constraints.remove(constraint)
    rig.parent, rig.rotation_mode = None, "QUATERNION"
    rig.delta_location, rig.delta_scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    rig.delta_rotation_quaternion = (1.0, 0.0, 0.0, 0.0)


def _state(replica: Replica) -> dict[tuple[bpy.types.ID, str], Floats]:
    """Return where everything is on the scene's frame, by datablock and path."""
    graph = replica.layer.depsgraph
    rig, keys = replica.rig.evaluated_get(graph), replica.keys.evaluated_get(graph)
    state = {(replica.rig, path): value for path, value in _placed("", rig.matrix_world).items()}
    for bone in rig.pose.bones:
        local = rig.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL")
        path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].'
        state |= {(replica.rig, name): value for name, value in _placed(path, local).items()}
    values = np.empty(len(keys.key_blocks), np.float32)
    keys.key_blocks.foreach_get("value", values)
    for key, value in zip(keys.key_blocks[1:], values[1:], strict=True):
        path = f'key_blocks["{bpy.utils.escape_identifier(key.name)}"].value'
        state[replica.keys, path] = np.array([value], np.float64)
    return state


def _placed(path: str, matrix: Matrix) -> dict[str, Floats]:
    parts = zip(("location", "rotation_quaternion", "scale"), matrix.decompose(), strict=True)
    return {f"{path}{name}": np.array(value, np.float64) for name, value in parts}


def _key(animated: bpy.types.ID, frames: Floats, channels: Channels) -> bpy.types.Action:
    """Write the channels of one datablock into a new Action that it plays."""
    action = bpy.data.actions.new(animated.name)
    actions.assign(animated, action)
    owner = actions.curve_owner(action, animated)
    for (thing, path), places in channels.items():
        if thing != animated:
            continue
        values = np.stack(places)
        if path.endswith("rotation_quaternion"):
            dots = np.einsum("ti,ti->t", values[1:], values[:-1])
            values[1:] *= np.cumprod(np.where(dots < 0, -1.0, 1.0))[:, None]
        for index in range(values.shape[1]):
            actions.write_curve(owner, path, index, frames, values[:, index])
    return action
