# SPDX-License-Identifier: GPL-3.0-or-later
"""FLAME in numpy and double precision, to hold Blender's rig against; needs no Blender."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .head_file import Head
from .naming import PARENTS

Floats = NDArray[np.float64]


def flame_vertices(head: Head, expression: NDArray[np.floating], rotations: NDArray[np.floating]) -> Floats:
    """Compute the vertices of one pose, as FLAME defines them.

    Args:
        head: with its identity.
        expression: ``[E]`` coefficients.
        rotations: ``[J, 3, 3]`` of each joint, relative to its parent, in FLAME's axes.

    Returns:
        ``[V, 3]`` metres.
    """
    turns = np.asarray(rotations, np.float64)
    values = np.asarray(expression, np.float64)[: len(head.expressions)]
    used = np.flatnonzero(values)
    shaped = head.vertices + np.tensordot(values[used], head.expressions[used], 1)
    joints = head.joints + head.joint_offsets[..., : len(values)] @ values
    features = (turns[1:] - np.eye(3)).ravel()
    posed = shaped + np.tensordot(features, head.correctives, 1)
    return _skinned(posed, joints, turns, head.weights)


def _skinned(posed: Floats, joints: Floats, turns: Floats, weights: Floats) -> Floats:
    """Blend the joints' transformations linearly."""
    globals_, places = [turns[0]], [joints[0]]
    for joint, parent in enumerate(PARENTS[1:], start=1):
        globals_.append(globals_[parent] @ turns[joint])
        places.append(places[parent] + globals_[parent] @ (joints[joint] - joints[parent]))
    moved = np.zeros_like(posed)
    for turn, place, joint, weight in zip(globals_, places, joints, weights.T, strict=True):
        moved += weight[:, None] * ((posed - joint) @ turn.T + place)
    return moved
