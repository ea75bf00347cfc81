# SPDX-License-Identifier: GPL-3.0-or-later
"""A take whose motion is still being made: what arrives is written a few curves at a time, so that nobody waits.

Whole curves are written anew each time, because keys that are appended cost more the more there are. Everything else is
done once for each piece: its channels, and its share of the record. A take that has edits or lies on whole frames has
to be looked at as a whole instead, which is done a little at a time before its curves are written. Between two calls
the user may undo what the last one wrote; which curves are known to be written lies in the take itself, so that shows.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..rig.parts import RigParts
from ..steps import Work
from ..timing import key_frames
from .channels import Channels, channels_of
from .curves import WRITTEN, CurveName, Owners, Places, named_values, places_of, prepare_bones, put_curves
from .record import TakeDetails, keep_details, keep_packed
from .take import baked

Floats = NDArray[np.float64]
Motion = NDArray[np.float32]

UNFINISHED = "artalk_unfinished"  # on the Action: some of its curves are longer than others
TURN = ".rotation_quaternion"  # how the paths of curves end whose sign is free


@dataclass(frozen=True)
class _Baking:
    """The curves of all that had arrived, in the making.

    Attributes:
        manner: how the motion is shown, where it lies, and on what rig.
        arrived: motion frames.
        packed: the same motion for the take's record.
        work: gives the frames and the channels.
    """

    manner: tuple[object, ...]
    arrived: int
    packed: bytes
    work: Work[tuple[Floats, Channels]]


class GrowingTake:
    """The motion of a take so far, and how far its curves are.

    Attributes:
        arrived: motion frames so far.
        written: motion frames that all curves reach.
    """

    def __init__(self) -> None:
        self.arrived = self.written = 0
        self._pieces: list[Motion] = []
        self._columns: dict[CurveName, list[Floats]] = {}
        self._converted = 0  # pieces that are in the columns
        self._rest: tuple[int, ...] = ()  # checksums of the rig that the columns are for
        self._packer, self._packed = zlib.compressobj(), b""
        self._planned = 0  # motion frames that the curves are being brought to
        self._todo: list[tuple[CurveName, Floats]] = []
        self._frames: Floats = np.empty(0)
        self._baking: _Baking | None = None
        self._mark: object = None  # what the take said of its curves when they were written last

    @property
    def is_due(self) -> bool:
        """Whether there is something to write, and enough for writing whole curves anew."""
        return bool(self._todo) or (self.arrived > 0 and self.arrived >= 2 * self.written)

    @property
    def is_under_way(self) -> bool:
        """Whether some curves reach farther than others."""
        return bool(self._todo)

    def add(self, motion: Motion) -> None:
        """Take in the next frames, ``[T, 106]``."""
        self._pieces.append(motion)
        self.arrived += len(motion)
        self._packed += self._packer.compress(np.ascontiguousarray(motion, "<f4").tobytes())

    def begin_anew(self) -> None:
        """Forget what is written: the take is another one."""
        self.written, self._todo, self._mark = 0, [], None

    def convert(self, parts: RigParts, details: TakeDetails, budget_s: float) -> bool:
        """Bring what the curves are made of up to date; all of it anew if the rig is another by now.

        Args:
            parts: the rig.
            details: how the take's motion is made.
            budget_s: begin no further piece after this many seconds.

        Returns:
            Whether nothing is left to do.
        """
        if _is_seen_whole(details):
            return bool(self._todo) or self._baked(parts, details).work.go_on(budget_s)
        deadline = time.monotonic() + budget_s
        if (rest := _rest_of(parts)) != self._rest:
            self._columns, self._converted, self._rest = {}, 0, rest
        while self._converted < len(self._pieces):
            self._append(parts, self._converted)
            self._converted += 1
            if time.monotonic() > deadline:
                break
        return self._converted == len(self._pieces)

    def write(self, parts: RigParts, action: bpy.types.Action, details: TakeDetails, budget_s: float) -> None:
        """Go on writing what has arrived into a take, from :func:`empty_take` on.

        Args:
            parts: the rig.
            action: the take; whatever somebody else wrote into its curves is lost.
            details: how its motion is made.
            budget_s: begin no further curve after this many seconds.
        """
        deadline = time.monotonic() + budget_s
        if not self._todo or action.get(WRITTEN) != self._mark:
            self._plan(parts, action, details)
        put_curves(Owners.of(parts, action), self._due(deadline))
        self._mark = action.get(WRITTEN)
        if not self._todo:
            self.written = self._planned
            action.pop(UNFINISHED, None)
            keep_details(action, details)
            parts.rig.update_tag()
            parts.keys.update_tag()

    def _plan(self, parts: RigParts, action: bpy.types.Action, details: TakeDetails) -> None:
        """Begin to bring all curves to what has arrived, or to as much of it as was looked at as a whole."""
        prepare_bones(parts)
        action[UNFINISHED] = True
        if _is_seen_whole(details):
            baking, self._baking = self._baked(parts, details), None
            baking.work.go_on(float("inf"))
            assert baking.work.result is not None  # noqa: S101 - it is done
            self._planned, packed = baking.arrived, baking.packed
            self._frames, channels = baking.work.result
            self._todo = list(named_values(parts, channels).items())
        else:
            self.convert(parts, details, float("inf"))
            self._planned, packed = self.arrived, self._all_packed()
            self._frames = key_frames(self.arrived, details.rate_hz, details.start)
            self._todo = [(name, np.concatenate(column)) for name, column in self._columns.items()]
        keep_packed(action, details, packed)

    def _baked(self, parts: RigParts, details: TakeDetails) -> _Baking:
        """Return the baking that is under way; a new one if there is none, or it is for another rig or manner."""
        manner = (_rest_of(parts), details.edits, details.rate_hz, details.start, details.on_whole_frames)
        baking = self._baking
        if baking is None or baking.manner != manner or baking.work.is_outdated:
            work = Work(baked(parts, details, np.concatenate(self._pieces)))
            self._baking = baking = _Baking(manner, self.arrived, self._all_packed(), work)
        return baking

    def _all_packed(self) -> bytes:
        return self._packed + self._packer.copy().flush()

    def _due(self, deadline: float) -> Iterator[tuple[CurveName, Places]]:
        while self._todo:
            name, values = self._todo.pop()
            yield name, places_of(self._frames, values)
            if time.monotonic() > deadline:
                return

    def _append(self, parts: RigParts, index: int) -> None:
        """Convert one piece; the frame before it tells on which side its rotations go on."""
        before = self._pieces[index - 1][-1:] if index else self._pieces[0][:0]
        rows = np.concatenate([before, self._pieces[index]])
        values = named_values(parts, channels_of(rows, parts.joint_offsets, None, parts.shifts))
        turns = {name.path for name in values if name.path.endswith(TURN)} if index else ()
        turned_over = {path for path in turns if self._is_turned_over(path, values)}
        for name, column in values.items():
            side = -1.0 if name.path in turned_over else 1.0
            self._columns.setdefault(name, []).append(column[len(before) :] * side)

    def _is_turned_over(self, path: str, values: dict[CurveName, Floats]) -> bool:
        """Return whether a piece's quaternions begin with the sign that the last piece did not end with."""
        names = [name for name in values if name.path == path]
        return bool(sum(self._columns[name][-1][-1] * values[name][0] for name in names) < 0.0)


def _is_seen_whole(details: TakeDetails) -> bool:
    """Return whether what a take shows depends on the motion as a whole."""
    return bool(details.edits) or details.on_whole_frames


def _rest_of(parts: RigParts) -> tuple[int, ...]:
    """Return what the values of curves depend on in a rig, in short."""
    return tuple(zlib.crc32(np.ascontiguousarray(array).tobytes()) for array in (parts.joint_offsets, parts.shifts))
