"""Rotations as arrays: axis-angle ``[..., 3]`` in radians, unit quaternions ``[..., 4]`` as (w, x, y, z).

A rotation has two quaternions, ``q`` and ``-q``. Whoever interpolates between neighbours needs those on the
same side, which :func:`continuous` chooses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def from_axis_angle(axis_angle: Floats) -> Floats:
    """Return the quaternions of axis-angle vectors."""
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    # sin(angle / 2) / angle, by way of numpy's sinc(t) = sin(pi t) / (pi t), which is safe at zero.
    vector = axis_angle * (0.5 * np.sinc(angle / (2 * np.pi)))
    return np.concatenate([np.cos(angle / 2), vector], axis=-1)


def to_axis_angle(rotation: Floats) -> Floats:
    """Return the axis-angle vectors of quaternions, none longer than half a turn."""
    rotation = np.where(rotation[..., :1] < 0, -rotation, rotation)
    vector = rotation[..., 1:]
    sine = np.linalg.norm(vector, axis=-1, keepdims=True)  # of half the angle
    angle = 2 * np.arctan2(sine, rotation[..., :1])
    tiny = sine < 1e-12
    return vector * np.where(tiny, 2.0, angle / np.where(tiny, 1.0, sine))


def from_matrices(matrices: Floats) -> Floats:
    """Return the quaternions of rotation matrices ``[..., 3, 3]``, scale and shear taken out.

    The quaternion is the eigenvector of a symmetric 4 x 4 matrix that belongs to its largest
    eigenvalue, which is exact for a rotation and the closest one for anything near it.

    References:
        Bar-Itzhack, New method for extracting the quaternion from a rotation matrix, 2000.
    """
    m = matrices
    off = np.stack([m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]], axis=-1)
    trace = np.trace(m, axis1=-2, axis2=-1)
    form = np.empty((*m.shape[:-2], 4, 4))
    form[..., 0, 0] = trace
    form[..., 0, 1:] = form[..., 1:, 0] = off
    form[..., 1:, 1:] = m + np.swapaxes(m, -1, -2) - trace[..., None, None] * np.eye(3)
    return np.asarray(np.linalg.eigh(form)[1][..., -1])


def to_matrices(rotation: Floats) -> Floats:
    """Return the rotation matrices ``[..., 3, 3]`` of quaternions."""
    columns = [rotate(rotation, np.broadcast_to(axis, (*rotation.shape[:-1], 3))) for axis in np.eye(3)]
    return np.stack(columns, axis=-1)


def multiply(left: Floats, right: Floats) -> Floats:
    """Return the rotations that first do ``right``, then ``left``."""
    scalar = left[..., :1] * right[..., :1] - np.sum(left[..., 1:] * right[..., 1:], axis=-1, keepdims=True)
    cross = np.cross(left[..., 1:], right[..., 1:])
    return np.concatenate([scalar, left[..., :1] * right[..., 1:] + right[..., :1] * left[..., 1:] + cross], axis=-1)


def inverse(rotation: Floats) -> Floats:
    """Return the rotations that undo these."""
    return np.asarray(rotation * np.array([1.0, -1.0, -1.0, -1.0]))


def rotate(rotation: Floats, vectors: Floats) -> Floats:
    """Rotate ``[..., 3]`` vectors."""
    twice = 2.0 * np.cross(rotation[..., 1:], vectors)
    return vectors + rotation[..., :1] * twice + np.cross(rotation[..., 1:], twice)


def continuous(rotation: Floats) -> Floats:
    """Choose of both quaternions of each rotation the one beside its predecessor; the first axis is time."""
    dots = np.sum(rotation[1:] * rotation[:-1], axis=-1)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.concatenate([rotation[:1], rotation[1:] * signs[..., None]])


def slerp(first: Floats, second: Floats, share: Floats) -> Floats:
    """Turn evenly and by the shorter way from one rotation to another.

    Args:
        first: ``[..., 4]``, where ``share`` is 0.
        second: ``[..., 4]``, where it is 1.
        share: ``[...]``.
    """
    between = to_axis_angle(multiply(inverse(first), second))
    return multiply(first, from_axis_angle(between * share[..., None]))


def angle_between(first: Floats, second: Floats) -> Floats:
    """Return the angles in radians, 0..pi, from rotations to others."""
    return np.asarray(np.linalg.norm(to_axis_angle(multiply(inverse(first), second)), axis=-1))
