# SPDX-License-Identifier: GPL-3.0-or-later
"""Find blinks in a motion, weaken or strengthen them, add some and take some away; needs no Blender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS, FPS

from .signals import shifted

Floats = NDArray[np.float64]

FULL_MM = 0.5  # lids that come this near are shut
NEAR_S = 0.25  # a time names a blink at most this far away

_HALF, _OPEN = 0.5, 0.97  # of the usual opening: below, an eye blinks; above, the blink is over
_BEFORE, _AFTER = 5, 9  # frames that a blink may take to close and to open
_CLOSING_S, _HOLD_S, _OPENING_S = 0.10, 0.05, 0.20  # of an added blink; it is shut for twice the hold


@dataclass(frozen=True)
class Blink:
    """One blink.

    Attributes:
        first: frame on which the lids begin to close.
        last: frame on which they are open again.
        frame: frame on which they are nearest to each other.
        is_full: whether both eyes shut.
    """

    first: int
    last: int
    frame: int
    is_full: bool


def find_blinks(lid_gaps: Floats) -> list[Blink]:
    """Return the blinks of a motion: both eyes less than half as open as they mostly are.

    Args:
        lid_gaps: ``[T, 2]`` mm.
    """
    if not len(lid_gaps):
        return []
    widest = lid_gaps.max(axis=1)
    usual = float(np.percentile(widest, 80))
    if usual <= FULL_MM:
        return []
    return [_blink(lid_gaps, widest, usual, first, last) for first, last in runs(widest < _HALF * usual)]


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and the last frame of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def blink_amounts(motion: NDArray[np.float32], lid_gaps: Floats, blinks: list[Blink], directions: Floats) -> Floats:
    """Return how far blinks shut each eye, ``[T, 2]``: 1 where the lids meet, 0 between blinks.

    A head with a unit for it says so itself. On any other it is how much narrower the gap is than if it went straight
    from the blink's first to its last frame, as a share of that.

    Args:
        motion: ``[T, 106]``.
        lid_gaps: ``[T, 2]`` mm.
        blinks: from :func:`find_blinks`.
        directions: ``[2, 106]`` what shuts the left and the right eye.
    """
    amounts = np.zeros((len(motion), 2))
    units = np.argmax(np.abs(directions), axis=1)
    has_units = bool((np.count_nonzero(directions, axis=1) == 1).all())
    for blink in blinks:
        window = slice(blink.first, blink.last + 1)
        if has_units:
            amounts[window] = motion[window][:, units]
        else:
            ends = np.linspace(lid_gaps[blink.first], lid_gaps[blink.last], blink.last + 1 - blink.first)
            amounts[window] = np.maximum(1.0 - lid_gaps[window] / np.maximum(ends, FULL_MM), 0.0)
    return amounts


def edited_amounts(
    amounts: Floats,
    blinks: list[Blink],
    strength: float = 1.0,
    added_s: Sequence[float] = (),
    removed_s: Sequence[float] = (),
    offset_ms: float = 0.0,
) -> Floats:
    """Return how far edited blinks shut each eye, ``[T, 2]``; never more than shut, unless they were before.

    Args:
        amounts: from :func:`blink_amounts`.
        blinks: those in it.
        strength: factor for all blinks; 0 for none.
        added_s: seconds at which further ones are shut.
        removed_s: seconds of those to take away; each takes the nearest within `NEAR_S`.
        offset_ms: how much later all of them are.
    """
    edited = amounts.copy()
    for second in removed_s:
        blink = nearest_blink(blinks, second)
        if blink is not None:
            edited[blink.first : blink.last + 1] = 0.0
    times = np.arange(len(amounts)) / FPS
    for second in added_s:
        edited = np.maximum(edited, added_blink(times - second)[:, None])
    return shifted(np.minimum(edited * strength, np.maximum(edited, 1.0)), offset_ms)


def nearest_blink(blinks: list[Blink], second: float) -> Blink | None:
    """Return the blink at a time, ``None`` if there is none within `NEAR_S` of its frames."""
    frame = second * FPS

    def distance(blink: Blink) -> float:
        return max(blink.first - frame, frame - blink.last, 0.0)

    near = [blink for blink in blinks if distance(blink) <= NEAR_S * FPS]
    return min(near, key=lambda blink: abs(blink.frame - frame), default=None)


def added_blink(seconds: Floats) -> Floats:
    """Return how far a blink shuts the eyes at seconds from its middle: fast to close, slower to open."""
    closing = _ease((seconds + _HOLD_S + _CLOSING_S) / _CLOSING_S)
    opening = _ease((_HOLD_S + _OPENING_S - seconds) / _OPENING_S)
    return np.minimum(closing, opening)


def blink_channels(amounts: Floats, directions: Floats) -> Floats:
    """Return what blinks add to a motion, ``[T, 106]``."""
    return np.asarray(amounts @ directions.reshape(2, CHANNELS))


def _blink(lid_gaps: Floats, widest: Floats, usual: float, first: int, last: int) -> Blink:
    start, end = first, last
    while start > max(first - _BEFORE, 0) and widest[start] < _OPEN * usual:
        start -= 1
    while end < min(last + _AFTER, len(widest) - 1) and widest[end] < _OPEN * usual:
        end += 1
    middle = first + int(np.argmin(widest[first : last + 1]))
    is_full = bool((lid_gaps[first : last + 1].min(axis=0) <= FULL_MM).all())
    return Blink(start, end, middle, is_full)


def _ease(share: Floats) -> Floats:
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))
