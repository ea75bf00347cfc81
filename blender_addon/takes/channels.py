# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a motion into the values that bones and shape keys are keyed with; needs no Blender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.motion import EXPRESSION, GLOBAL_ORIENT, JAW_POSE

from ..rig.naming import JOINTS

Floats = NDArray[np.float64]
ROTATIONS = {"root": GLOBAL_ORIENT, "jaw": JAW_POSE}  # the joints that a motion turns, and by which channels


@dataclass(frozen=True, eq=False)
class BoneTrack:
    """How one joint's bone moves, in FLAME's axes.

    Attributes:
        rotation: ``[T, 4]`` unit quaternions (w, x, y, z), each on the side of the one before.
        location: ``[T, 3]`` metres.
    """

    rotation: Floats
    location: Floats


@dataclass(frozen=True, eq=False)
class Channels:
    """What a take keys, on motion frames.

    Attributes:
        bones: by joint, those that are turned.
        drifts: ``[T, J, 3]`` metres by which each joint lies beside its bone's head.
        expression: ``[T, E]`` values of the expression keys.
    """

    bones: dict[str, BoneTrack]
    drifts: Floats
    expression: Floats

    def rows(self, chosen: slice) -> Channels:
        """Return the channels on some frames."""
        bones = {
            joint: BoneTrack(track.rotation[chosen], track.location[chosen]) for joint, track in self.bones.items()
        }
        return Channels(bones, self.drifts[chosen], self.expression[chosen])


def channels_of(
    motion: NDArray[np.float32],
    joint_offsets: NDArray[np.floating],
    turned: Mapping[str, NDArray[np.floating]] | None = None,
    shifts: NDArray[np.floating] | None = None,
) -> Channels:
    """Convert a motion.

    FLAME's joints move with the expression while bones stay at rest, so a bone that turns by
    ``R`` is also moved by ``(I - R) d``, where ``d`` is how far the joint lies beside its bone's head.

    Args:
        motion: ``[T, 106]``, a row for each key.
        joint_offsets: ``[J, 3, E]`` metres that one unit of each expression moves a joint; a rig may
            have fewer expressions than a motion.
        turned: rotations ``[T, 3]``, axis-angle, of joints that a motion does not turn, by name.
        shifts: ``[J, 3]`` metres from each bone's head to its joint without expression.

    Returns:
        Tracks of the joints that are turned, and the expression.
    """
    values = motion.astype(np.float64)
    expression = values[:, EXPRESSION][:, : joint_offsets.shape[2]]
    drifts = np.einsum("te,jce->tjc", expression, joint_offsets.astype(np.float64), optimize=True)
    drifts += 0.0 if shifts is None else shifts
    rotations = {joint: values[:, channels] for joint, channels in ROTATIONS.items()}
    rotations |= {joint: turn.astype(np.float64) for joint, turn in (turned or {}).items()}
    bones = {}
    for joint, turn in rotations.items():
        rotation = quaternions(turn)
        drift = drifts[:, JOINTS.index(joint)]
        bones[joint] = BoneTrack(rotation, drift - rotate(rotation, drift))
    return Channels(bones, drifts, expression)


def quaternions(axis_angle: Floats) -> Floats:
    """Convert rotations to quaternions between which linear interpolation takes the short way.

    Args:
        axis_angle: ``[T, 3]`` axis times angle in radians.

    Returns:
        ``[T, 4]`` unit quaternions (w, x, y, z); no two neighbours lie more than 90 degrees
        apart as vectors in four dimensions.
    """
    angle = np.linalg.norm(axis_angle, axis=1, keepdims=True)
    # sin(angle / 2) / angle, by way of numpy's sinc(t) = sin(pi t) / (pi t), which is safe at zero.
    vector = axis_angle * (0.5 * np.sinc(angle / (2 * np.pi)))
    result = np.concatenate([np.cos(angle / 2), vector], axis=1)
    dots = np.einsum("ti,ti->t", result[1:], result[:-1])
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0))
    result[1:] *= signs[:, None]
    return result


def rotate(rotation: Floats, vectors: Floats) -> Floats:
    """Rotate ``[T, 3]`` vectors by ``[T, 4]`` unit quaternions (w, x, y, z)."""
    scalar, axis = rotation[:, :1], rotation[:, 1:]
    twice = 2.0 * np.cross(axis, vectors)
    return vectors + scalar * twice + np.cross(axis, twice)
