# SPDX-License-Identifier: GPL-3.0-or-later
"""Limit the jaw and choose the joint about which the head turns; needs no Blender."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KNEE = 0.8  # share of a limit up to which nothing changes


def limited_jaw(jaw_pose: Floats, limit_deg: float) -> Floats:
    """Keep a jaw from opening further than a limit, without a hard stop.

    Angles up to four fifths of the limit stay as they are; wider ones approach it ever more slowly, so that the jaw
    still moves where it would have stood still at the limit.

    Args:
        jaw_pose: ``[T, 3]`` axis-angle, radians.
        limit_deg: the widest angle, degrees, above zero.
    """
    limit = np.radians(limit_deg)
    angle = np.linalg.norm(jaw_pose, axis=1, keepdims=True)
    over = np.maximum(angle / limit - _KNEE, 0.0) / (1.0 - _KNEE)
    wanted = np.where(over > 0.0, limit * (_KNEE + (1.0 - _KNEE) * np.tanh(over)), angle)
    return np.asarray(jaw_pose * np.where(over > 0.0, wanted / np.maximum(angle, 1e-12), 1.0))


def split_at_neck(global_orient: Floats, neck_share: float) -> tuple[Floats, Floats]:
    """Let the neck do a share of what the root does.

    FLAME's root lies at the base of the head's mesh, so that a motion turns shoulders and all. A rotation and its parts
    have one axis, so root and neck together turn the head exactly as far as before; only the pivot differs.

    Args:
        global_orient: ``[T, 3]`` axis-angle, radians.
        neck_share: 0 leaves all to the root, 1 gives all to the neck.

    Returns:
        Rotations of the root and of the neck, ``[T, 3]`` each.
    """
    return global_orient * (1.0 - neck_share), global_orient * neck_share
