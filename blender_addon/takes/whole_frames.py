# SPDX-License-Identifier: GPL-3.0-or-later
"""Place a motion on whole scene frames without losing a closed mouth or a blink; needs no Blender.

Between two motion frames the face is interpolated, so that a mouth that is closed on one of 25 frames a second would
be seen half open wherever scene frames fall beside it. Each scene frame that is the nearest to such a motion frame
therefore shows that motion frame as it is: the face is at most half a scene frame early or late there. The head's
turns are never moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS, EXPRESSION, EXPRESSIONS, FPS, GLOBAL_ORIENT

from ..steps import Steps
from .face_model import FaceModel
from .face_ruler import FaceRuler, measured
from .resampling import motion_at

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Motion = NDArray[np.float32]

LIPS_CLOSED_MM = 0.8  # lips no further apart than this beyond their gap at rest are seen as closed
LIDS_SHUT_MM = 0.5
_FEW_FRAMES = 500  # converted in a millisecond or two
_FELT_M = 1e-6  # for one unit of an expression: what moves a vertex less does not move it


@dataclass(frozen=True, eq=False)
class Event:
    """Motion frames that must be seen, and on which channels.

    Attributes:
        is_shut: ``[T]``, the frames.
        gap: ``[T]``, how far open they are; of two that fall on one scene frame the smaller one is seen.
        channels: ``[106]``, the channels that show it.
    """

    is_shut: Flags
    gap: Floats
    channels: Flags


def whole_frames(count: int, rate_hz: float, start: float) -> Floats:
    """Return the whole scene frames ``[N]`` from the one nearest to the first motion frame to that of the last."""
    nearest = _nearest(count, rate_hz, start)
    return np.arange(nearest[0], nearest[-1] + 1, dtype=np.float64)


def times_of(frames: Floats, rate_hz: float, start: float) -> Floats:
    """Return the motion frames ``[N]``, mostly between two, that scene frames ``[N]`` fall on."""
    return (frames - start) * (FPS / rate_hz)


def motion_on_frames(motion: Motion, rate_hz: float, start: float, events: Sequence[Event]) -> Steps[Motion]:
    """Return a motion as its whole scene frames show it, a few of them at a time.

    Args:
        motion: ``[T, 106]`` at 25 frames a second.
        rate_hz: scene frames a second.
        start: scene frame of the first motion frame.
        events: what must be seen; a later one prevails over an earlier one on channels of both.

    Returns:
        ``[N, 106]``, for the frames of :func:`whole_frames`.
    """
    frames = whole_frames(len(motion), rate_hz, start)
    times = np.clip(times_of(frames, rate_hz, start), 0, len(motion) - 1)
    result = np.empty((len(frames), CHANNELS), np.float32)
    for first in range(0, len(frames), _FEW_FRAMES):
        few = times[first : first + _FEW_FRAMES]
        before, after = int(few[0]), int(few[-1]) + 2
        result[first : first + _FEW_FRAMES] = motion_at(motion[before:after], few - before)
        yield
    rows = (_nearest(len(motion), rate_hz, start) - frames[0]).astype(np.int64)
    for event in events:
        shut = np.flatnonzero(event.is_shut)
        shut = shut[np.argsort(-event.gap[shut], kind="stable")]  # the smallest gap is written last
        result[np.ix_(rows[shut], event.channels)] = motion[np.ix_(shut, event.channels)]
        yield
    return result


def shut_events(ruler: FaceRuler, motion: Motion) -> Steps[list[Event]]:
    """Find where a motion shuts the lids or the lips, as far as the ruler knows them, a few frames at a time.

    The lids' channels are the expressions that move lids and no lips, the lips' are all else but the head's turn. A
    head whose every expression moves both shows the lips' frames, and shuts the lids with them.
    """
    of_lids = np.zeros(CHANNELS, bool)
    of_lids[EXPRESSION] = _moving(ruler.lids) & ~_moving(ruler.lips)
    of_lips = ~of_lids
    of_lips[GLOBAL_ORIENT] = False
    events = []
    if ruler.knows_lids:
        gap = (yield from measured(ruler.lid_gaps, motion)).max(axis=1)
        events.append(Event(_is_blinking(gap), gap, of_lids if of_lids.any() else of_lips))
    if ruler.knows_lips:
        gap, rest = (yield from measured(ruler.lip_gap, motion)), ruler.lip_gap(np.zeros((1, CHANNELS), np.float32))[0]
        events.append(Event(gap <= max(rest, 0.0) + LIPS_CLOSED_MM, gap, of_lips))
    return events


def _nearest(count: int, rate_hz: float, start: float) -> Floats:
    """Return the whole scene frame nearest to each motion frame, ``[T]``."""
    return np.floor(start + np.arange(count) * (rate_hz / FPS) + 0.5)


def _moving(model: FaceModel) -> Flags:
    """Return which expressions ``[100]`` move any vertex."""
    felt = np.abs(model.directions).max(axis=(0, 1), initial=0.0) > _FELT_M
    return np.pad(felt, (0, EXPRESSIONS - len(felt)))


def _is_blinking(gap: Floats) -> Flags:
    """Return on which frames lids are shut, or are as near as they come before they open again from half."""
    near = np.pad(gap, 1, mode="edge")
    is_turning = (gap <= near[:-2]) & (gap <= near[2:])
    return (gap <= LIDS_SHUT_MM) | (is_turning & (gap < 0.5 * np.percentile(gap, 80)))
