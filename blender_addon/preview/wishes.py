# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pictures there are, which are wanted next, and where they go; needs no Blender.

A picture is known by its stamp, which is made of everything that it shows. So a picture is never shown for another,
frames that look alike share one, and what an edit leaves alone or an undo brings back is still there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 128  # pictures to ask for at a time, which keeps messages small
BEHIND = 3  # times as urgent is a frame before the playhead than one as far behind it

Stamps = NDArray[np.int64]
_MIX = np.uint64(0x9E3779B97F4A7C15)


def stamps_of(rows: NDArray[np.float32], look: int, memory: int = 0) -> Stamps:
    """Return the stamp of every row of a motion.

    Args:
        rows: ``[T, 106]``.
        look: a number for everything else that pictures show.
        memory: how many rows before it a picture shows traces of.

    Returns:
        ``[T]``, none of them zero.
    """
    words = np.ascontiguousarray(rows, np.float32).view(np.uint32).astype(np.uint64)
    weights = np.arange(1, 2 * words.shape[1], 2, dtype=np.uint64) * _MIX
    mixed = _mixed((words * weights).sum(axis=1, dtype=np.uint64))
    if memory:
        padded = np.concatenate([np.zeros(memory, np.uint64), mixed])
        factors = np.cumprod(np.full(memory + 1, _MIX | np.uint64(1), np.uint64))
        mixed = _mixed(np.convolve(padded, factors, "valid"))
    stamps = _mixed(mixed ^ np.uint64(look)) >> np.uint64(1)
    return np.maximum(stamps.astype(np.int64), 1)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Let every bit of a number depend on all of them."""
    numbers = (numbers ^ (numbers >> np.uint64(31))) * _MIX
    return numbers ^ (numbers >> np.uint64(29))


def by_urgency(count: int, playhead: int, is_playing: bool) -> NDArray[np.int64]:
    """Return frame numbers, the one to draw first in front.

    Args:
        count: frames that there are.
        playhead: the one that is looked at.
        is_playing: whether those behind come only after the last one.
    """
    distance = np.arange(count) - playhead
    cost = distance % count if is_playing else np.where(distance >= 0, distance, -BEHIND * distance)
    return np.argsort(cost, kind="stable")


@dataclass(frozen=True, eq=False)
class Wishes:
    """Pictures to ask for, the most urgent first."""

    frames: Stamps
    slots: Stamps
    stamps: Stamps

    def __len__(self) -> int:
        return len(self.frames)


class Slots:
    """Which picture lies, or will lie, in which slot.

    Args:
        count: slots that there are.

    Attributes:
        done: how many of the frames that it follows have a picture.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.done = 0
        self._frames: Counter[int] = Counter()  # how many show the same
        self._slots: dict[int, int] = {}  # by stamp
        self._drawn: set[int] = set()
        self._free = list(range(count - 1, -1, -1))

    def follow(self, stamps: Stamps) -> None:
        """Count the pictures of these frames from now on, so that asking for their number costs nothing."""
        self._frames = Counter(stamps.tolist())
        self.done = sum(frames for stamp, frames in self._frames.items() if stamp in self._drawn)

    def has(self, stamp: int) -> bool:
        """Whether a picture is there."""
        return stamp in self._drawn

    def slot(self, stamp: int) -> int | None:
        """Return where a picture is or will be."""
        return self._slots.get(stamp)

    def arrived(self, stamp: int) -> None:
        """Note that a picture is there; one whose slot has been given away since is not."""
        if stamp in self._slots and stamp not in self._drawn:
            self._drawn.add(stamp)
            self.done += self._frames[stamp]

    def wishes(self, stamps: Stamps, order: NDArray[np.int64], most: int = MOST) -> Wishes:
        """Choose what to ask for next, and give it slots; pictures that are wanted least make room.

        Args:
            stamps: of every frame.
            order: frame numbers from :func:`by_urgency`.
            most: how many pictures at most.
        """
        kept: dict[int, int] = {}  # stamp of a picture to keep or make: its most urgent frame
        for frame in order.tolist():
            kept.setdefault(int(stamps[frame]), frame)
            if len(kept) == self.count:
                break
        wanted = [(stamp, frame) for stamp, frame in kept.items() if stamp not in self._drawn][:most]
        for stamp, _ in wanted:
            if stamp not in self._slots:
                self._slots[stamp] = self._free.pop() if self._free else self._taken_from(kept)
        frames = np.array([frame for _, frame in wanted], np.int64)
        chosen = np.array([stamp for stamp, _ in wanted], np.int64)
        return Wishes(frames, np.array([self._slots[stamp] for stamp, _ in wanted], np.int64), chosen)

    def _taken_from(self, kept: Iterable[int]) -> int:
        """Free the slot that has been there longest of those that are not kept."""
        stamp = next(stamp for stamp in self._slots if stamp not in kept)
        if stamp in self._drawn:
            self._drawn.discard(stamp)
            self.done -= self._frames[stamp]
        return self._slots.pop(stamp)
