"""Savitzky-Golay smoothing of rotations: the recommended cure for jitter.

A codec is none: it makes a clean movement rougher. Quaternions, kept on one side from frame
to frame, are fitted by a polynomial over a span of frames and brought back to unit length.
That does not depend on which way the body or the bone's axes face, and knows no gimbal lock.

References:
    Savitzky and Golay, Smoothing and Differentiation of Data, 1964.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from bridge import rotations
from bridge.clip import Clip

from .config import ORDER, SPAN, BodyConfigError

Floats = NDArray[np.float64]


def smooth(clip: Clip, span: int = SPAN, order: int = ORDER, joints: Sequence[int] | None = None) -> Clip:
    """Smooth rotations; the face stays as it is.

    Args:
        clip: one shorter than ``span`` comes back as it is.
        span: frames in each fit, odd.
        order: degree of the polynomial, below ``span``.
        joints: which; ``None`` for all, and for where the body is.

    Raises:
        BodyConfigError: if ``span`` and ``order`` do not go together.
    """
    if span % 2 == 0 or not 0 <= order < span:
        raise BodyConfigError(
            f"a span of {span} frames cannot hold an order of {order}", "Use an odd span above the order."
        )
    if len(clip.poses) < span:
        return clip
    chosen, poses = list(range(clip.poses.shape[1]) if joints is None else joints), clip.poses.copy()
    turned = rotations.from_axis_angle(clip.poses[:, chosen])
    poses[:, chosen] = rotations.to_axis_angle(smooth_rotations(turned, span, order))
    trans = _fit(clip.trans, span, order) if joints is None else clip.trans
    return dataclasses.replace(clip, poses=poses, trans=trans)


def smooth_rotations(turned: Floats, span: int, order: int) -> Floats:
    """Smooth quaternions ``[T, ..., 4]`` over time."""
    fitted = _fit(rotations.continuous(turned), span, order)
    length = np.linalg.norm(fitted, axis=-1, keepdims=True)
    # Only noise without any direction fits to nothing; there the frame itself is as good.
    return np.where(length > 1e-6, fitted / np.maximum(length, 1e-6), turned)


def _fit(values: Floats, span: int, order: int) -> Floats:
    return np.asarray(savgol_filter(values, span, order, axis=0, mode="interp"))
