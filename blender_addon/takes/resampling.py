# SPDX-License-Identifier: GPL-3.0-or-later
"""See a motion at other times than its frames', and blend two motions; needs no Blender."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS, EXPRESSION, GLOBAL_ORIENT, JAW_POSE
from bridge.rotations import continuous, from_axis_angle, slerp, to_axis_angle

Floats = NDArray[np.float64]
Motion = NDArray[np.float32]


def motion_at(motion: Motion, times: Floats) -> Motion:
    """Return a motion between its frames.

    Args:
        motion: ``[T, 106]``.
        times: ``[N]`` motion frames; before the first and after the last the motion is held.

    Returns:
        ``[N, 106]``.
    """
    result = np.empty((len(times), CHANNELS), np.float32)
    result[:, EXPRESSION] = _between(motion[:, EXPRESSION].astype(np.float64), times)
    for rotation in (GLOBAL_ORIENT, JAW_POSE):
        result[:, rotation] = rotations_at(motion[:, rotation], times)
    return result


def rotations_at(axis_angle: NDArray[np.floating], times: Floats) -> Floats:
    """Return rotations ``[T, 3]`` between their frames, ``[N, 3]``, turned the short way."""
    turns = continuous(from_axis_angle(axis_angle.astype(np.float64)))
    return to_axis_angle(_between(turns, times))


def blended(motion: Motion, other: Motion, share: Floats) -> Motion:
    """Return ``[T, 106]`` with a share ``[T]`` of another motion, 0..1; rows with none of it are left as they are."""
    result = motion + (other - motion) * share[:, None]
    for rotation in (GLOBAL_ORIENT, JAW_POSE):
        here, there = (from_axis_angle(values[:, rotation].astype(np.float64)) for values in (motion, other))
        result[:, rotation] = to_axis_angle(slerp(here, there, share))
    return np.where(share[:, None] > 0, result, motion).astype(np.float32)


def _between(values: Floats, times: Floats) -> Floats:
    times = np.clip(times, 0, len(values) - 1)
    before = np.minimum(times.astype(np.int64), max(len(values) - 2, 0))
    after = np.minimum(before + 1, len(values) - 1)
    share = (times - before)[:, None]
    return values[before] * (1 - share) + values[after] * share
