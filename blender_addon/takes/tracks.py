# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's curves as one table, each with the millimetres that it moves vertices by; needs no Blender."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..rig.naming import JOINTS
from .channels import BoneTrack, Channels, rotate
from .face_model import FaceModel
from .thinning import Flags, between_keys, kept_keys

Floats = NDArray[np.float64]

_TO_MM = 1000.0
_LEAST_MM = 1e-3  # that a unit of a direction without effect counts as


@dataclass(frozen=True, eq=False)
class Tracks:
    """All curves of a take side by side; the curves of one property of a bone are one track.

    Attributes:
        frames: ``[T]``.
        full: the channels with every key.
        names: ``[G]`` of the tracks; those of a bone's property are curves that keep the same keys.
        starts: ``[G]`` first column of each.
        values: ``[T, C]``.
        mm: ``[C]`` millimetres by which a unit of each column moves the vertex that it moves farthest.
    """

    frames: Floats
    full: Channels
    names: tuple[str, ...]
    starts: NDArray[np.int64]
    values: Floats
    mm: Floats

    @classmethod
    def of(cls, frames: Floats, channels: Channels, model: FaceModel, pivots: tuple[str, ...]) -> Tracks:
        """Lay out what a take keys on frames ``[T]``; where a joint is a pivot, its drift in place of a location."""
        tracks = _tracks(channels, model, pivots)
        widths = [values.shape[1] for _, values, _ in tracks]
        return cls(
            frames,
            channels,
            tuple(name for name, _, _ in tracks),
            np.cumsum([0, *widths[:-1]]),
            np.concatenate([values for _, values, _ in tracks], axis=1),
            np.repeat([max(mm, _LEAST_MM) for _, _, mm in tracks], widths),
        )

    def kept(self, slack_mm: float) -> Flags:
        """Return the keys ``[T, G]`` to keep where each curve may be off by some millimetres."""
        tolerance = np.broadcast_to(slack_mm / self.mm, self.values.shape)
        return kept_keys(self.frames, self.values, tolerance, self.starts)

    @property
    def widths(self) -> NDArray[np.int64]:
        """How many curves each track has, ``[G]``."""
        return np.diff(np.append(self.starts, self.values.shape[1]))

    def shown(self, kept: Flags) -> Channels:
        """Return the channels that lines between the kept keys give."""
        values = between_keys(self.frames, self.values, kept, self.starts)
        parts = dict(zip(self.names, np.split(values, self.starts[1:], axis=1), strict=True))
        bones = {}
        for joint in self.full.bones:
            rotation = parts[f"{joint}.rotation"]
            rotation = rotation / np.linalg.norm(rotation, axis=1, keepdims=True)
            drift = parts.get(f"{joint}.drift", self.full.drifts[:, JOINTS.index(joint)])
            bones[joint] = BoneTrack(rotation, parts.get(f"{joint}.location", drift - rotate(rotation, drift)))
        return replace(self.full, bones=bones, expression=values[:, -self.full.expression.shape[1] :])

    def off(self, kept: Flags) -> Floats:
        """Return how far each track is off, ``[T, G]`` mm."""
        values = between_keys(self.frames, self.values, kept, self.starts)
        return np.maximum.reduceat(np.abs(values - self.values) * self.mm, self.starts, axis=1)


def _tracks(channels: Channels, model: FaceModel, pivots: tuple[str, ...]) -> list[tuple[str, Floats, float]]:
    """Return name, values ``[T, C]`` and millimetres a unit of each track."""
    tracks: list[tuple[str, Floats, float]] = []
    for joint, track in channels.bones.items():
        tracks.append((f"{joint}.rotation", track.rotation, _TO_MM * _lever(model, joint)))
        if joint not in pivots:
            tracks.append((f"{joint}.location", track.location, _TO_MM))
    tracks += [(f"{joint}.drift", channels.drifts[:, JOINTS.index(joint)], _TO_MM) for joint in pivots]
    farthest = _TO_MM * np.linalg.norm(model.directions, axis=1).max(axis=0)
    columns = channels.expression.T[:, :, None]
    return [*tracks, *((f"expression.{k}", column, float(farthest[k])) for k, column in enumerate(columns))]


def _lever(model: FaceModel, joint: str) -> float:
    """Return the metres that a unit of a joint's quaternion moves a vertex: twice its distance from the joint."""
    index = JOINTS.index(joint)
    follows = {"root": 1.0, "neck": 1.0 - model.weights[:, 0]}.get(joint, model.weights[:, index])
    return float(2.0 * (np.linalg.norm(model.rest - model.joints[index], axis=1) * follows).max())
