# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a take's curves: only those that change, and so that a change by hand is noticed.

A checksum of every written curve lies on the take's Action. A curve whose new keys have the checksum of its last ones
is left alone, which is what makes editing live; a curve that no longer has its checksum was changed by hand.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import actions
from ..rig.naming import JOINTS, PIVOT
from ..rig.parts import Rig, RigParts
from ..steps import Steps, finish
from .channels import ROTATIONS, BoneTrack, Channels

WRITTEN = "artalk_written"  # on the Action: JSON of each written curve's checksum
FACE_ACTION = "artalk_face_action"  # on the Action, before slots: the one of the shape keys
RIG_SLOT, FACE_SLOT = "Head", "Face"

Floats = NDArray[np.float64]
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

    @classmethod
    def of(cls, label: str) -> CurveName:
        """Return the curve with a label, without its group."""
        part, _, rest = label.partition("|")
        path, _, index = rest.rpartition("|")
        return cls("face" if part == "face" else "bones", path, int(index))


@dataclass(frozen=True)
class Owners:
    """What has the ``fcurves`` of a take; ``action`` keeps the checksums."""

    action: bpy.types.Action
    bones: bpy.types.bpy_struct
    face: bpy.types.bpy_struct

    @classmethod
    def of(cls, parts: Rig, action: bpy.types.Action) -> Owners:
        """Return those of a take of a rig; they need not be assigned."""
        return cls(
            action,
            actions.curve_owner(action, parts.rig, RIG_SLOT),
            actions.curve_owner(face_action(action), parts.keys, FACE_SLOT),
        )

    def find(self, name: CurveName) -> bpy.types.FCurve | None:
        """Return a curve, ``None`` where there is none."""
        return getattr(self, name.part).fcurves.find(name.path, index=name.index)


def face_action(action: bpy.types.Action) -> bpy.types.Action:
    """Return the Action with a take's curves of the shape keys; where Actions have slots, the take's own."""
    return action.get(FACE_ACTION) or action


def write_channels(parts: RigParts, action: bpy.types.Action, frames: NDArray[np.floating], channels: Channels) -> int:
    """Write a key for every row of channels into a take, in place of what was written there before.

    Args:
        parts: the rig.
        action: the take.
        frames: ``[T]`` scene frames, ascending.
        channels: what to key.

    Returns:
        How many curves had to be written.
    """
    prepare_bones(parts, channels.bones)
    curves = {name: places_of(frames, values) for name, values in named_values(parts, channels).items()}
    return write_curves(Owners.of(parts, action), curves)


def prepare_bones(parts: RigParts, joints: Iterable[str] = ROTATIONS) -> None:
    """Let bones turn by quaternions, as their curves do."""
    for joint in joints:
        parts.rig.pose.bones[parts.bone(joint)].rotation_mode = "QUATERNION"


def named_values(parts: RigParts, channels: Channels) -> dict[CurveName, Floats]:
    """Return the values ``[T]`` of every curve that channels have on a rig, in its bones' own axes."""
    values: dict[CurveName, Floats] = {}
    for joint, track in channels.bones.items():
        values |= _bone_values(parts, joint, track)
    for joint in parts.pivots:  # there a constraint moves the bone, whoever turns it
        path = f'{_bone_path(parts, joint)}.constraints["{PIVOT}"].offset'
        drift = parts.bone_vectors(joint, channels.drifts[:, JOINTS.index(joint)])
        values |= _components(path, drift, parts.bone(joint))
    for key, column in zip(parts.expression_keys, channels.expression.T, strict=True):
        values[CurveName("face", f'key_blocks["{bpy.utils.escape_identifier(key)}"].value')] = column
    return values


def places_of(frames: NDArray[np.floating], values: NDArray[np.floating]) -> Places:
    """Return keys as Blender holds them: scene frame and value.

    A value that never changes has a key on the first and on the last frame alone: two of three channels of most voices
    are such, and all that Blender does with a take costs what its keys do, from every undo step to saving.

    Returns:
        ``[T, 2]``, or ``[2, 2]``.
    """
    places = np.empty((len(frames), 2), np.float32)
    places[:, 0], places[:, 1] = frames, values
    return places[[0, -1]] if len(places) > 2 and (places[:, 1] == places[0, 1]).all() else places


def write_curves(owners: Owners, curves: Mapping[CurveName, Places]) -> int:
    """Let a take hold these curves, and none else of those that were written into it before.

    Curves that somebody else added are left alone.

    Args:
        owners: of the take.
        curves: keys ``[T, 2]`` of each curve, ascending; they are linear.

    Returns:
        How many curves had to be written.
    """
    changed = put_curves(owners, curves.items())
    written = _written(owners.action)
    for label in written.keys() - {name.label for name in curves}:
        changed += _remove(owners, CurveName.of(label))
        del written[label]
    owners.action[WRITTEN] = json.dumps(written)
    return changed


def put_curves(owners: Owners, curves: Iterable[tuple[CurveName, Places]]) -> int:
    """Let a take hold these curves besides those that it has.

    Args:
        owners: of the take.
        curves: names, and keys ``[T, 2]``, ascending; they are linear.

    Returns:
        How many curves had to be written.
    """
    written, changed = _written(owners.action), 0
    for name, places in curves:
        known = written.get(name.label)
        written[name.label] = checksum = _checksum(places, np.full(len(places), actions.LINEAR, np.int32))
        if known == checksum == _checksum_of(owners.find(name)):
            continue
        actions.write_curve(getattr(owners, name.part), name.path, name.index, places[:, 0], places[:, 1], name.group)
        changed += 1
    owners.action[WRITTEN] = json.dumps(written)
    return changed


def changed_by_hand(parts: RigParts, action: bpy.types.Action) -> list[str]:
    """Return the data paths of a take's curves that are not as they were written."""
    return finish(changed_by_hand_in_steps(parts, action))


def changed_by_hand_in_steps(parts: RigParts, action: bpy.types.Action) -> Steps[list[str]]:
    """Look for :func:`changed_by_hand`, one curve at a time."""
    owners, changed = Owners.of(parts, action), set()
    for label, checksum in _written(action).items():
        name = CurveName.of(label)
        if _checksum_of(owners.find(name)) != checksum:
            changed.add(name.path)
        yield
    return sorted(changed)


def accept_as_written(parts: RigParts, action: bpy.types.Action, but_not: Collection[str] = ()) -> None:
    """Let what a take's curves hold now count as written, except on some data paths, which stay changed by hand."""
    owners, written = Owners.of(parts, action), _written(action)
    for label in written:
        name = CurveName.of(label)
        checksum = _checksum_of(owners.find(name))
        if name.path not in but_not and checksum is not None:
            written[label] = checksum
    action[WRITTEN] = json.dumps(written)


def count_keys(parts: Rig, action: bpy.types.Action) -> int:
    """Return the number of keys on all curves of a take."""
    return sum(len(curve.keyframe_points) for curve in curves_of(parts, action))


def curves_of(parts: Rig, action: bpy.types.Action) -> Iterator[bpy.types.FCurve]:
    """Go through all curves of a take."""
    owners = Owners.of(parts, action)
    yield from owners.bones.fcurves
    yield from owners.face.fcurves


def _bone_values(parts: RigParts, joint: str, track: BoneTrack) -> dict[CurveName, Floats]:
    path, bone = _bone_path(parts, joint), parts.bone(joint)
    values = _components(f"{path}.rotation_quaternion", parts.bone_rotations(joint, track.rotation), bone)
    if joint not in parts.pivots:
        values |= _components(f"{path}.location", parts.bone_vectors(joint, track.location), bone)
    return values


def _bone_path(parts: RigParts, joint: str) -> str:
    return f'pose.bones["{bpy.utils.escape_identifier(parts.bone(joint))}"]'


def _components(path: str, values: Floats, group: str) -> dict[CurveName, Floats]:
    return {CurveName("bones", path, index, group): values[:, index] for index in range(values.shape[1])}


def _written(action: bpy.types.Action) -> dict[str, int]:
    return dict(json.loads(action.get(WRITTEN, "{}")))


def _remove(owners: Owners, name: CurveName) -> int:
    curve = owners.find(name)
    if curve is not None:
        getattr(owners, name.part).fcurves.remove(curve)
    return curve is not None


def _checksum_of(curve: bpy.types.FCurve | None) -> int | None:
    if curve is None:
        return None
    count = len(curve.keyframe_points)
    places, interpolation = np.empty(2 * count, np.float32), np.empty(count, np.int32)
    curve.keyframe_points.foreach_get("co", places)
    curve.keyframe_points.foreach_get("interpolation", interpolation)
    return _checksum(places, interpolation)


def _checksum(places: Places, interpolation: NDArray[np.int32]) -> int:
    return zlib.crc32(interpolation.tobytes(), zlib.crc32(places.tobytes()))
