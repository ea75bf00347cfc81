# SPDX-License-Identifier: GPL-3.0-or-later
"""Shift, smooth and scale channels and rotations over time; needs no Blender.

Rotations are shifted and smoothed as quaternions and scaled as angles about their own axes, so that no turn of the head
comes out skewed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS

from .channels import quaternions

Floats = NDArray[np.float64]

FRAME_MS = 1000.0 / FPS
_FWHM_PER_SIGMA = 2.3548  # a Gaussian's width at half its height
_REACH = 3.0  # sigmas of the kernel that are kept


def shifted(values: Floats, offset_ms: float) -> Floats:
    """Return ``[T, ...]`` channels that do everything ``offset_ms`` later; the ends are held."""
    if not offset_ms or len(values) < 2:
        return values
    places = np.clip(np.arange(len(values)) - offset_ms / FRAME_MS, 0, len(values) - 1)
    before = np.minimum(places.astype(int), len(values) - 2)
    share = (places - before).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[before] * (1.0 - share) + values[before + 1] * share)


def smoothed(values: Floats, width_ms: float) -> Floats:
    """Return ``[T, C]`` channels weighted with a Gaussian over time; the ends are held.

    Args:
        values: ``[T, C]``.
        width_ms: width of the Gaussian at half its height.
    """
    sigma = width_ms / FRAME_MS / _FWHM_PER_SIGMA
    reach = int(np.ceil(_REACH * sigma))
    if not reach or not len(values):
        return values
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.concatenate([np.repeat(values[:1], reach, 0), values, np.repeat(values[-1:], reach, 0)])
    result = np.zeros_like(values)
    for place, weight in enumerate(kernel):
        result += weight * padded[place : place + len(values)]
    return result


def edited_rotation(axis_angle: Floats, gain: float, offset_ms: float, smoothing_ms: float) -> Floats:
    """Return rotations ``[T, 3]``, axis-angle, shifted, smoothed and with angles scaled."""
    if offset_ms or smoothing_ms:
        axis_angle = axis_angles(smoothed(shifted(quaternions(axis_angle), offset_ms), smoothing_ms))
    return axis_angle * gain


def axis_angles(rotation: Floats) -> Floats:
    """Return ``[T, 3]`` axis times angle, at most half a turn, of quaternions ``[T, 4]`` (w, x, y, z) of any length."""
    rotation = np.where(rotation[:, :1] < 0.0, -rotation, rotation)
    length = np.linalg.norm(rotation[:, 1:], axis=1, keepdims=True)
    angle = 2.0 * np.arctan2(length, rotation[:, :1])
    scale = np.where(length > 1e-12, angle / np.maximum(length, 1e-12), 2.0 / np.maximum(rotation[:, :1], 1e-12))
    return np.asarray(rotation[:, 1:] * scale)
