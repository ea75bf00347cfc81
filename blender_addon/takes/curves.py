# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a take's curves: only those that change, and so that a change by hand is noticed.

A checksum of every written curve lies on the take's Action. A curve whose new keys have the checksum of its last ones
is left alone, which is what makes editing live; a curve that no longer has its checksum was changed by hand.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import actions
from .channels import BoneTrack, Channels

WRITTEN = "artalk_written"  # on the Action: JSON of each written curve's checksum

Places = NDArray[np.float32]


@dataclass(frozen=True, order=True)
class CurveName:
    """Which curve of a take.

    Attributes:
        part: ``"bones"`` or ``"face"``, the datablock that it animates.
        path: the animated property, from that datablock.
        index: component of the property.
        group: the bone's name, ``""`` for shape keys.
    """

    part: Literal["bones", "face"]
    path: str
    index: int = 0
    group: str = ""

    @property
    def label(self) -> str:
        """The name under which its checksum is kept."""
        return f"{self.part}|{self.path}|{self.index}"


@dataclass(frozen=True)
class Owners:
    """What has the ``fcurves`` of a take, from ``actions.curve_owner``; ``action`` keeps the checksums."""

    action: bpy.types.Action
    bones: bpy.types.bpy_struct
    face: bpy.types.bpy_struct

    def find(self, name: CurveName) -> bpy.types.FCurve | None:
        """Return a curve, ``None`` where there is none."""
        return getattr(self, name.part).fcurves.find(name.path, index=name.index)


def named_values(channels: Channels, expression_keys: tuple[str, ...]) -> dict[CurveName, NDArray[np.float64]]:
    """Return the values ``[T]`` of every curve that channels have.

    Args:
        channels: what a take keys.
        expression_keys: names of the shape keys, in FLAME's order of expressions.
    """
    values: dict[CurveName, NDArray[np.float64]] = {}
    for bone, track in channels.bones.items():
        values |= _bone_values(bone, track)
    for key, column in zip(expression_keys, channels.expression.T, strict=True):
        values[CurveName("face", f'key_blocks["{bpy.utils.escape_identifier(key)}"].value')] = column
    return values


def places_of(frames: NDArray[np.floating], values: NDArray[np.floating]) -> Places:
    """Return keys ``[T, 2]`` as Blender holds them: scene frame and value."""
    places = np.empty((len(frames), 2), np.float32)
    places[:, 0], places[:, 1] = frames, values
    return places


def write_curves(owners: Owners, curves: Mapping[CurveName, Places]) -> int:
    """Let a take hold these curves, and none else of those that were written into it before.

    Curves that somebody else added are left alone.

    Args:
        owners: of the take.
        curves: keys ``[T, 2]`` of each curve, ascending; they are linear.

    Returns:
        How many curves had to be written.
    """
    known, written = _written(owners.action), {}
    changed = 0
    for name, places in curves.items():
        written[name.label] = checksum = _checksum(places, np.full(len(places), actions.LINEAR, np.int32))
        curve = owners.find(name)
        if known.get(name.label) == checksum and curve is not None and _checksum(*_keys(curve)) == checksum:
            continue
        actions.write_curve(getattr(owners, name.part), name.path, name.index, places[:, 0], places[:, 1], name.group)
        changed += 1
    for label in known.keys() - written.keys():
        changed += _remove(owners, label)
    owners.action[WRITTEN] = json.dumps(written)
    return changed


def changed_by_hand(owners: Owners) -> list[str]:
    """Return the data paths of a take's curves that are not as they were written."""
    changed = set()
    for label, checksum in _written(owners.action).items():
        name = _name(label)
        curve = owners.find(name)
        if curve is None or _checksum(*_keys(curve)) != checksum:
            changed.add(name.path)
    return sorted(changed)


def count_keys(owners: Owners) -> int:
    """Return the number of keys on all curves of a take."""
    return sum(len(curve.keyframe_points) for owner in (owners.bones, owners.face) for curve in owner.fcurves)


def _bone_values(bone: str, track: BoneTrack) -> dict[CurveName, NDArray[np.float64]]:
    return {
        CurveName("bones", f'pose.bones["{bone}"].{property_name}', index, bone): values[:, index]
        for property_name, values in (("rotation_quaternion", track.rotation), ("location", track.location))
        for index in range(values.shape[1])
    }


def _written(action: bpy.types.Action) -> dict[str, int]:
    return dict(json.loads(action.get(WRITTEN, "{}")))


def _name(label: str) -> CurveName:
    part, _, rest = label.partition("|")
    path, _, index = rest.rpartition("|")
    return CurveName("face" if part == "face" else "bones", path, int(index))


def _remove(owners: Owners, label: str) -> int:
    name = _name(label)
    curve = owners.find(name)
    if curve is not None:
        getattr(owners, name.part).fcurves.remove(curve)
    return curve is not None


def _keys(curve: bpy.types.FCurve) -> tuple[Places, NDArray[np.int32]]:
    count = len(curve.keyframe_points)
    places, interpolation = np.empty(2 * count, np.float32), np.empty(count, np.int32)
    curve.keyframe_points.foreach_get("co", places)
    curve.keyframe_points.foreach_get("interpolation", interpolation)
    return places.reshape(-1, 2), interpolation


def _checksum(places: Places, interpolation: NDArray[np.int32]) -> int:
    return zlib.crc32(interpolation.tobytes(), zlib.crc32(places.tobytes()))
