# SPDX-License-Identifier: GPL-3.0-or-later
"""Punch in: take a passage over from another take, or from the raw motion, with a cross-fade at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS

from ..errors import TakeError
from ..rig.parts import RigParts
from ..timing import key_frames
from .curves import CurveName, Owners, accept_as_written, changed_by_hand
from .key_table import KeyTable
from .record import TakeDetails, keep_record, take_motion
from .resampling import blended, motion_at
from .take import changeable_details, details_for, empty_take, fill_take, remove_take

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Passage:
    """Which frames to take over.

    Attributes:
        first: scene frame on which the fade to the other motion begins.
        last: scene frame on which the fade back ends.
        fade: scene frames that each fade lasts.
    """

    first: float
    last: float
    fade: float

    def __post_init__(self) -> None:
        if not self.first < self.last:
            raise TakeError(f"The passage from {self.first:g} to {self.last:g} is empty.", "Choose a later last frame.")
        if not 0.0 < 2 * self.fade <= self.last - self.first:
            text = f"Two fades of {self.fade:g} frames do not fit into {self.last - self.first:g} frames."
            raise TakeError(text, "Choose shorter fades, of more than no frames, or a longer passage.")

    @property
    def corners(self) -> Floats:
        """Return the frames ``[4]`` on which fades begin and end."""
        return np.array([self.first, self.first + self.fade, self.last - self.fade, self.last])

    def share(self, frames: Floats) -> Floats:
        """Return how much of the other motion is seen on scene frames, 0..1."""
        return np.interp(frames, self.corners, [0.0, 1.0, 1.0, 0.0])


def punch_in(parts: RigParts, action: bpy.types.Action, source: bpy.types.Action, passage: Passage) -> None:
    """Take a passage over from another take; nothing outside it changes, whoever set the keys there.

    The raw motion takes the passage over too, so that later edits keep it.

    Args:
        parts: the rig.
        action: the take to change.
        source: the other take of the same rig, or ``action`` itself for its own raw motion.
        passage: which frames.

    Raises:
        TakeError: if either take cannot be read, or ``action`` may not be written.
    """
    details = changeable_details(parts, action)
    _check_meets(action, passage)
    if source == action:
        with _raw_take(parts, details, take_motion(action)) as raw:
            _take_over(parts, action, raw, passage)
        return
    other = details_for(parts, source)
    is_clean = (
        not changed_by_hand(parts, action) and not changed_by_hand(parts, source) and details.edits == other.edits
    )
    spliced = _spliced(details, take_motion(action), other, take_motion(source), passage)
    _take_over(parts, action, source, passage)
    keep_record(action, details, spliced)
    if is_clean:
        accept_as_written(parts, action)


def _check_meets(action: bpy.types.Action, passage: Passage) -> None:
    begin, end = action.frame_range
    if passage.last <= begin or passage.first >= end:
        text = f"'{action.name}' lies on frames {begin:g} to {end:g}, and not on {passage.first:g} to {passage.last:g}."
        raise TakeError(text, "Choose frames of the take.")


@contextmanager
def _raw_take(parts: RigParts, details: TakeDetails, motion: NDArray[np.float32]) -> Iterator[bpy.types.Action]:
    """Bake a motion without its edits into a take of its own for a while."""
    raw = empty_take(parts.rig, details.number)
    try:
        fill_take(parts, raw, replace(details, edits={}), motion)
        yield raw
    finally:
        remove_take(raw)


def _take_over(parts: RigParts, action: bpy.types.Action, source: bpy.types.Action, passage: Passage) -> None:
    here, there = Owners.of(parts, action), Owners.of(parts, source)
    names = sorted(name for name in _names(here) if there.find(name))
    for (_, path), group in groupby(names, key=lambda name: (name.part, name.path)):
        curves = [(here.find(name), there.find(name)) for name in group]
        _blend([curve for curve, _ in curves], [curve for _, curve in curves], passage, path)
    parts.rig.update_tag()
    parts.keys.update_tag()


def _names(owners: Owners) -> Iterator[CurveName]:
    for curve in owners.bones.fcurves:
        yield CurveName("bones", curve.data_path, curve.array_index)
    for curve in owners.face.fcurves:
        yield CurveName("face", curve.data_path, curve.array_index)


def _blend(curves: list[bpy.types.FCurve], others: list[bpy.types.FCurve], passage: Passage, path: str) -> None:
    """Blend the components of one property."""
    tables = [KeyTable.of(curve) for curve in curves]
    frames = _frames(tables, [KeyTable.of(curve) for curve in others], passage)
    here, there = (
        np.array([[curve.evaluate(frame) for curve in group] for frame in frames.tolist()])
        for group in (curves, others)
    )
    mix = _mixed_rotations if path.endswith(".rotation_quaternion") else _mixed
    values = mix(here, there, passage.share(frames)[:, None])
    for column, (table, curve) in enumerate(zip(tables, curves, strict=True)):
        table.with_linear(frames, values[:, column]).write(curve)


def _frames(tables: list[KeyTable], others: list[KeyTable], passage: Passage) -> Floats:
    """Return where keys are needed: on the other motion's keys, and while fading on both motions' keys.

    What of the passage lies beyond the take's own first or last key is left out.
    """
    mine = np.concatenate([table.frames for table in tables])
    corners = passage.corners.clip(mine.min(), mine.max())
    fade_in, full, ebb, fade_out = corners
    mine = mine[(mine < full) | (mine > ebb)]
    frames = np.concatenate([mine, *(table.frames for table in others)])
    frames = frames[(frames > fade_in) & (frames < fade_out)]
    frames = np.unique(np.concatenate([corners, frames]))
    apart = np.diff(frames) > 1e-3  # keys nearer than that are one
    kept = frames[np.insert(apart, 0, True)]
    kept[-1] = fade_out
    return kept


def _mixed(here: Floats, there: Floats, share: Floats) -> Floats:
    return here + (there - here) * share


def _mixed_rotations(here: Floats, there: Floats, share: Floats) -> Floats:
    """Mix quaternions the short way; rows that are all of the current take stay as they are."""
    near = np.where(np.sum(here * there, axis=1, keepdims=True) < 0, -there, there)
    mixed = _mixed(here, near, share)
    return np.where(share > 0, mixed / np.linalg.norm(mixed, axis=1, keepdims=True), here)


def _spliced(
    details: TakeDetails,
    motion: NDArray[np.float32],
    other: TakeDetails,
    source: NDArray[np.float32],
    passage: Passage,
) -> NDArray[np.float32]:
    """Return a take's raw motion ``[T, 106]`` with the other's in the passage."""
    frames = key_frames(len(motion), details.rate_hz, details.start)
    times = (frames - other.start) * (FPS / other.rate_hz)
    return blended(motion, motion_at(source, times), passage.share(frames))
