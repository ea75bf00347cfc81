# SPDX-License-Identifier: GPL-3.0-or-later
"""Between a clip's joints and an armature's bones.

Where an armature lacks joints, the rotations of those are handed on to the next joint below, so that hands
and head still point where the clip has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge import rotations
from bridge.body import JOINTS, PARENTS, PELVIS
from bridge.clip import Clip

from .bones import BodyBones

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Posing:
    """How the bones of one body move.

    Attributes:
        rotations: by bone, ``[T, 4]`` unit quaternions (w, x, y, z), each on the side of the one before.
        location: ``[T, 3]`` of the pelvis's bone, in its own axes and the armature's units.
    """

    rotations: dict[str, Floats]
    location: Floats


def posing_of(clip: Clip, bones: BodyBones) -> Posing:
    """Convert a clip to the pose of an armature.

    Args:
        clip: with Y up.
        bones: of the armature.
    """
    turns = rotations.from_axis_angle(clip.poses)
    world = _world(turns)
    posed = {}
    for joint, name in bones.names.items():
        parent, rest = bones.parents[joint], bones.rest[joint]
        turn = turns[:, joint]
        if parent != PARENTS[joint]:
            turn = world[joint] if parent < 0 else rotations.multiply(rotations.inverse(world[parent]), world[joint])
        own = rotations.multiply(rotations.multiply(rotations.inverse(rest), turn), rest)
        posed[name] = rotations.continuous(own)
    location = rotations.rotate(rotations.inverse(bones.rest[PELVIS]), clip.trans) / bones.scale
    return Posing(posed, location)


def _world(turns: Floats) -> list[Floats]:
    """Return the joints' rotations in the world, from ``[T, 55, 4]`` relative to their parents."""
    world: list[Floats] = []
    for joint, parent in enumerate(PARENTS):
        turn = turns[:, joint]
        world.append(turn if parent < 0 else rotations.multiply(world[parent], turn))
    return world


def joints_of_poses(
    matrices: dict[int, Floats], bones: BodyBones, others: Floats | None = None
) -> tuple[Floats, Floats]:
    """Convert poses of an armature to a clip's.

    Args:
        matrices: by joint, ``[T, 4, 4]`` of its bone in the armature's own axes.
        bones: of the armature.
        others: ``[T, 55, 3]`` rotations of the joints that the armature lacks; ``None`` leaves them at rest. What
            :func:`posing_of` handed on from these to the joints below is taken back.

    Returns:
        ``[T, 55, 3]`` rotations relative to the parent, and ``[T, 3]`` where the pelvis is, from
        where it rests, metres.
    """
    frames = len(matrices[PELVIS])
    world = np.zeros((frames, len(JOINTS), 4))
    world[..., 0] = 1.0
    poses = np.zeros((frames, len(JOINTS), 3))
    for joint, parent in enumerate(PARENTS):
        above = world[:, parent] if parent >= 0 else np.broadcast_to((1.0, 0.0, 0.0, 0.0), (frames, 4))
        if joint in matrices:
            turned = rotations.from_matrices(bones.axes.T @ matrices[joint][:, :3, :3])
            world[:, joint] = rotations.multiply(turned, rotations.inverse(bones.rest[joint]))
            poses[:, joint] = rotations.to_axis_angle(rotations.multiply(rotations.inverse(above), world[:, joint]))
        elif others is not None:
            poses[:, joint] = others[:, joint]
            world[:, joint] = rotations.multiply(above, rotations.from_axis_angle(others[:, joint]))
        else:
            world[:, joint] = above
    places = matrices[PELVIS][:, :3, 3] @ bones.axes * bones.scale
    return poses, places - bones.pelvis
