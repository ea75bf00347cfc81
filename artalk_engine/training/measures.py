"""Measures of a talking face: what the eye would complain about, as numbers.

All take curves in millimetres at 25 fps (`head_ruler.FaceCurves`) and phones in seconds; frame ``k`` is at second
``k / 25``. None needs the recording of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS

from .head_ruler import FaceCurves
from .phones import BILABIALS, PAUSE, Phone

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CLOSED_MM = 1.0  # lips nearer than this, everywhere along the mouth, are seen as closed
SEALED_MM = 0.5  # and nearer than this cannot be told from rest
NEARLY_CLOSED_MM = 2.0  # lips of the rule this near, on a sound of `_NARROW`, excuse lips that touch
NEAR_S = 0.060  # a closure counts for a sound at most this far away
SHORTEST_SILENCE_S = 0.3
_SETTLING_S, _PREPARING_S = 0.16, 0.12  # of a silence, left to the lips to come to rest and to start again
_LIDS_SHUT_MM = 0.5
_STILL_MM = 0.5
_SHORTEST_PAUSE_S = 0.05  # in shorter ones nobody comes to rest
_NARROW = frozenset(("f", "v", "w", "bh", "ph", "yw"))


@dataclass(frozen=True, slots=True)
class Closures:
    """How well the lips close on p, b and m.

    Attributes:
        sounds: number of p, b and m.
        reached: those with a frame no further than `NEAR_S` outside the sound on which the lips are closed.
        events: number of times the lips close while somebody speaks: runs of closed frames within speech.
        elsewhere: those of them that nothing accounts for: with no frame within `NEAR_S` of a p, b or m, and none
            where a sound that brings the lips together (f, v, w and the like) has the rule's lips near each other too.
    """

    sounds: int
    reached: int
    events: int
    elsewhere: int

    @property
    def recall(self) -> float:
        """Share of p, b and m that are closed; 1 where there are none."""
        return self.reached / self.sounds if self.sounds else 1.0

    @property
    def share_elsewhere(self) -> float:
        """Share of the closures that belong to no p, b or m."""
        return self.elsewhere / self.events if self.events else 0.0

    def __add__(self, other: Closures) -> Closures:
        """Count over two clips."""
        return Closures(
            self.sounds + other.sounds,
            self.reached + other.reached,
            self.events + other.events,
            self.elsewhere + other.elsewhere,
        )


@dataclass(frozen=True, slots=True)
class Rest:
    """How many silences there were, and in how many the mouth was closed, and still, all through."""

    silences: int
    closed: int
    still: int

    @property
    def is_kept(self) -> bool:
        """Whether the mouth rested in every silence."""
        return self.closed == self.still == self.silences


def closures(
    lip_gap: Floats, phones: Sequence[Phone], closed_mm: float = CLOSED_MM, rule_gap: Floats | None = None
) -> Closures:
    """Compare when the lips close with when they should.

    Frames count as speech if they are further than `NEAR_S` from any pause of at least 0.05 s and from the clip's ends,
    so that a mouth which comes to rest is not held against it.

    Args:
        lip_gap: ``[T]`` in millimetres.
        phones: in order of time.
        closed_mm: the largest gap of closed lips.
        rule_gap: ``[T]`` the rule's, which excuses what it does itself.
    """
    times = np.arange(len(lip_gap)) / FPS
    closed = lip_gap <= closed_mm
    near = [_near(times, phone) for phone in phones if phone.symbol in BILABIALS]
    excused = np.logical_or.reduce([np.zeros(len(times), bool), *near])
    if rule_gap is not None:
        excused |= _narrow(times, phones) & _widened(rule_gap[: len(times)] <= NEARLY_CLOSED_MM)
    events = runs(closed & _speech(times, phones))
    return Closures(
        sounds=len(near),
        reached=sum(bool(closed[frames].any()) for frames in near),
        events=len(events),
        elsewhere=sum(not excused[first : last + 1].any() for first, last in events),
    )


def lagged_correlations(curve: Floats, reference: Floats, reach: int = 5) -> Floats:
    """Return the correlation of two curves at each lag, ``[2 * reach + 1]``; positive lags mean that ``curve`` is late.

    A curve that does not move correlates with nothing: 0.
    """
    return np.array([_correlation(*_shifted(curve, reference, lag)) for lag in range(-reach, reach + 1)])


def silences(phones: Sequence[Phone], frames: int) -> list[slice]:
    """Return the frames of each silence of at least `SHORTEST_SILENCE_S` in which a mouth should be at rest.

    The first 0.16 s, in which lips come to rest, and the last 0.12 s, in which they prepare the next sound, are left
    out, but not at the clip's ends.
    """
    found = []
    for k, phone in enumerate(phones):
        if phone.symbol != PAUSE or phone.duration_s < SHORTEST_SILENCE_S:
            continue
        start = phone.start_s + (_SETTLING_S if k > 0 else 0.0)
        end = phone.end_s - (_PREPARING_S if k < len(phones) - 1 else 0.0)
        first, last = int(np.ceil(start * FPS - 1e-6)), min(int(np.floor(end * FPS + 1e-6)), frames - 1)
        if last >= first:
            found.append(slice(first, last + 1))
    return found


def rest(seen: Iterable[tuple[FaceCurves, Sequence[Phone]]]) -> Rest:
    """Count the silences in which the mouth is closed and still, over faces with what is said."""
    found = [(face, frames) for face, phones in seen for frames in silences(phones, len(face.lip_gap))]
    closed = sum(bool(face.lip_gap[frames].max() <= CLOSED_MM) for face, frames in found)
    still = sum(bool(np.ptp(face.opening[frames]) <= _STILL_MM) for face, frames in found)
    return Rest(len(found), closed, still)


def blinks(lid_gaps: Floats) -> list[tuple[int, bool]]:
    """Return the frame of each blink and whether it closed both eyes fully.

    A blink is a run of frames on which the eyes are less than half as open as they mostly are; it is full if both lids
    come within half a millimetre.

    Args:
        lid_gaps: ``[T, 2]`` in millimetres.
    """
    if not len(lid_gaps):
        return []
    widest = lid_gaps.max(axis=1)
    shut = widest < 0.5 * np.percentile(widest, 80)
    return [
        (first, bool((lid_gaps[first : last + 1].min(axis=0) <= _LIDS_SHUT_MM).all())) for first, last in runs(shut)
    ]


def jitter(curve: Floats) -> float:
    """Return the mean absolute third difference per second cubed of a curve ``[T]``."""
    return float(np.abs(np.diff(curve, 3)).mean()) * FPS**3 if len(curve) > 3 else 0.0


def runs(flags: Flags) -> list[tuple[int, int]]:
    """Return the first and the last frame of each run of true flags."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in change.reshape(-1, 2)]


def _near(times: Floats, phone: Phone) -> Flags:
    """Tell which frames lie within `NEAR_S` of a sound."""
    return np.asarray((times >= phone.start_s - NEAR_S) & (times <= phone.end_s + NEAR_S))


def _narrow(times: Floats, phones: Sequence[Phone]) -> Flags:
    """Tell which frames lie near a sound that brings the lips together without closing them."""
    near = [_near(times, phone) for phone in phones if phone.symbol in _NARROW]
    return np.asarray(np.logical_or.reduce([np.zeros(len(times), bool), *near]))


def _widened(flags: Flags) -> Flags:
    """Return the flags and the frame on either side of each."""
    padded = np.pad(flags, 1)
    return np.asarray(padded[:-2] | padded[1:-1] | padded[2:])


def _speech(times: Floats, phones: Sequence[Phone]) -> Flags:
    """Tell which frames lie within speech, away from its ends and from pauses."""
    if not phones:
        return np.zeros(len(times), bool)
    inside = (times >= phones[0].start_s + NEAR_S) & (times <= phones[-1].end_s - NEAR_S)
    for phone in phones:
        if phone.symbol == PAUSE and phone.duration_s >= _SHORTEST_PAUSE_S:
            inside &= ~_near(times, phone)
    return np.asarray(inside)


def _shifted(curve: Floats, reference: Floats, lag: int) -> tuple[Floats, Floats]:
    """Return the overlapping parts when ``curve`` is ``lag`` frames late."""
    length = min(len(curve), len(reference)) - abs(lag)
    return curve[max(lag, 0) :][: max(length, 0)], reference[max(-lag, 0) :][: max(length, 0)]


def _correlation(one: Floats, other: Floats) -> float:
    """Return Pearson's correlation, 0 if either curve is flat or shorter than three frames."""
    if len(one) < 3 or one.std() < 1e-9 or other.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
