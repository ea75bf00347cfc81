# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a take's motion back from its curves, as the artist has left them, on whole scene frames.

A pass over all curves is cheap but not free, so it is made in pieces between other work. A curve that has not changed
since the last pass is not evaluated again: an edit is seen within a few ticks, whatever made it, and costs what it
touches.
"""

from __future__ import annotations

import time
import zlib

import bpy
import numpy as np
from mathutils import Quaternion
from numpy.typing import NDArray

from bridge.motion import CHANNELS, EXPRESSION, GLOBAL_ORIENT, JAW_POSE
from bridge.rotations import from_axis_angle, multiply, to_axis_angle

from ..actions import LINEAR
from ..rig.naming import JOINTS
from ..rig.parts import RigParts
from ..takes.curves import CurveName, Owners

TURNED = ("root", "neck", "jaw")  # a motion knows no neck: its head turns by root and neck together
LONGEST = 100_000  # scene frames of a take that are looked at
AXES = np.eye(3)

Floats = NDArray[np.float64]


class TakeSampler:
    """What a take shows on each scene frame of its own.

    Attributes:
        first: scene frame of the first row.
        rows: ``[T, 106]``, one for each scene frame; empty until a pass is over.
        version: counts the passes that found a change.
    """

    def __init__(self) -> None:
        self.first, self.version = 0, 0
        self.rows = np.zeros((0, CHANNELS), np.float32)
        self._names: list[CurveName] = []
        self._frames = np.zeros(0)
        self._marks: list[int | None] = []  # of each curve as it was last read
        self._values = np.zeros((0, 0))  # [curves, T]
        self._at, self._has_changed = 0, False

    def refresh(self, parts: RigParts, action: bpy.types.Action, budget_s: float) -> bool:
        """Go on with the pass over the curves, and begin the next one if it is over.

        Args:
            parts: the rig.
            action: the take that plays on it.
            budget_s: when to leave the rest for the next call; at least one curve is read.

        Returns:
            Whether a pass is over, so that ``rows`` is what the curves show.
        """
        deadline = time.monotonic() + budget_s
        self._fit(_names(parts), _scene_frames(action))
        owners = Owners.of(parts, action)
        while self._at < len(self._names):
            self._read(self._at, owners, parts)
            self._at += 1
            if time.monotonic() >= deadline and self._at < len(self._names):
                return False
        self._at = 0
        if self._has_changed:
            self.first = int(self._frames[0])
            self.rows = self._motion(parts)
            self.version += 1
            self._has_changed = False
        return True

    def _fit(self, names: list[CurveName], frames: Floats) -> None:
        """Begin anew where other curves, or other frames, are to be read."""
        if names == self._names and np.array_equal(frames, self._frames):
            return
        self._names, self._frames = names, frames
        self._marks, self._values = [None] * len(names), np.zeros((len(names), len(frames)))
        self._at, self._has_changed = 0, True

    def _read(self, row: int, owners: Owners, parts: RigParts) -> None:
        """Read one curve, or the property's own value where nothing animates it."""
        name = self._names[row]
        curve = owners.find(name)
        if curve is None or curve.mute or not len(curve.keyframe_points):
            value = _own_value(parts, name)
            if self._marks[row] != hash(value):
                self._keep(row, np.full(len(self._frames), value), hash(value))
            return
        places, kinds = _keys(curve)
        mark = _mark(curve, places, kinds)
        if self._marks[row] != mark or curve.modifiers:
            self._keep(row, _evaluated(curve, places, kinds, self._frames), mark)

    def _keep(self, row: int, values: Floats, mark: int) -> None:
        self._marks[row] = mark
        if not np.array_equal(self._values[row], values):
            self._values[row] = values
            self._has_changed = True

    def _motion(self, parts: RigParts) -> NDArray[np.float32]:
        motion = np.zeros((len(self._frames), CHANNELS), np.float32)
        count = min(len(parts.expression_keys), EXPRESSION.stop)
        motion[:, :count] = self._values[:count].T
        turns = {joint: self._rotations(parts, joint) for joint in TURNED}
        motion[:, GLOBAL_ORIENT] = to_axis_angle(multiply(turns["root"], turns["neck"]))
        motion[:, JAW_POSE] = to_axis_angle(turns["jaw"])
        return motion

    def _rotations(self, parts: RigParts, joint: str) -> Floats:
        """Return how a joint turns in FLAME's axes, ``[T, 4]`` unit quaternions."""
        bone = parts.bone(joint)
        chosen = [row for row, name in enumerate(self._names) if name.group == bone]
        turn = _as_quaternions(self._values[chosen].T, parts.rig.pose.bones[bone].rotation_mode)
        rest = np.array(Quaternion(parts.rests[JOINTS.index(joint)]).to_matrix(), np.float64)
        turn[:, 1:] = turn[:, 1:] @ rest.T
        return turn


def _scene_frames(action: bpy.types.Action) -> Floats:
    first, last = action.frame_range
    return np.arange(np.floor(first), min(np.ceil(last), np.floor(first) + LONGEST - 1) + 1)


def _names(parts: RigParts) -> list[CurveName]:
    """Return the curves to read: expressions in their order, then each joint's rotation."""
    escape = bpy.utils.escape_identifier
    names = [CurveName("face", f'key_blocks["{escape(key)}"].value') for key in parts.expression_keys]
    for joint in TURNED:
        bone = parts.bone(joint)
        path, count = _rotation_path(parts.rig.pose.bones[bone].rotation_mode)
        names += [CurveName("bones", f'pose.bones["{escape(bone)}"].{path}', index, bone) for index in range(count)]
    return names


def _rotation_path(mode: str) -> tuple[str, int]:
    kinds = {"QUATERNION": ("rotation_quaternion", 4), "AXIS_ANGLE": ("rotation_axis_angle", 4)}
    return kinds.get(mode, ("rotation_euler", 3))


def _own_value(parts: RigParts, name: CurveName) -> float:
    if name.part == "face":
        return float(parts.keys.path_resolve(name.path))
    return float(parts.rig.path_resolve(name.path)[name.index])


def _keys(curve: bpy.types.FCurve) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    count = len(curve.keyframe_points)
    places, kinds = np.empty(2 * count, np.float32), np.empty(count, np.int32)
    curve.keyframe_points.foreach_get("co", places)
    curve.keyframe_points.foreach_get("interpolation", kinds)
    return places, kinds


def _mark(curve: bpy.types.FCurve, places: NDArray[np.float32], kinds: NDArray[np.int32]) -> int:
    """Return a number that changes with the curve; what modifiers do to it does not count."""
    mark = zlib.crc32(kinds.tobytes(), zlib.crc32(places.tobytes(), len(curve.modifiers)))
    if not (kinds == LINEAR).all():
        handles = np.empty_like(places)
        for side in ("handle_left", "handle_right"):
            curve.keyframe_points.foreach_get(side, handles)
            mark = zlib.crc32(handles.tobytes(), mark)
    return zlib.crc32(curve.extrapolation.encode(), mark)


def _evaluated(
    curve: bpy.types.FCurve, places: NDArray[np.float32], kinds: NDArray[np.int32], frames: Floats
) -> Floats:
    """Return a curve's values; lines between keys, as takes have them, need not ask Blender for each frame."""
    keys = places.reshape(-1, 2).astype(np.float64)
    is_plain = (kinds == LINEAR).all() and not curve.modifiers and curve.extrapolation == "CONSTANT"
    if is_plain and (np.diff(keys[:, 0]) > 0).all():
        return np.interp(frames, keys[:, 0], keys[:, 1])
    return np.array([curve.evaluate(frame) for frame in frames])


def _as_quaternions(values: Floats, mode: str) -> Floats:
    """Return rotations ``[T, 4]`` from what a bone's rotation mode keys."""
    if mode == "QUATERNION":
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        return np.where(lengths > 0, values / np.where(lengths > 0, lengths, 1.0), [1.0, 0.0, 0.0, 0.0])
    if mode == "AXIS_ANGLE":
        lengths = np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
        return from_axis_angle(values[:, :1] * values[:, 1:] / np.where(lengths > 0, lengths, 1.0))
    first, second, third = (from_axis_angle(values[:, [axis]] * AXES[axis]) for axis in map("XYZ".index, mode))
    return multiply(third, multiply(second, first))
