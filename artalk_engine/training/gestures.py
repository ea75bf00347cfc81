"""What the face does besides articulating: blinks, brows, head.

Everything follows from what is heard, so that a model that hears the same sound can learn it: from stress, loudness,
vowels and pauses, and never from a count of what came before or from chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from artalk_engine.motion.blinks import BLINK
from bridge.motion import FPS

from . import coarticulation, visemes
from .phones import VOWELS, Phone

Floats = NDArray[np.float64]

_PAUSE_S = 0.20  # silence after which a blink may come, and its delay
_AFTER_PAUSE_S = 1.3  # least time between blinks, by occasion
_AFTER_ACCENT_S = 2.5
_AFTER_VOWEL_S = 3.9
_IN_SILENCE_S = 3.1
_ACCENT = 0.62  # emphasis that makes a vowel an accent

# A gesture's shape: how long before a moment it begins, how long after it peaks, how long it takes to fade, in seconds.
Shape = tuple[float, float, float]
_NOD: Shape = (0.10, 0.09, 0.36)
_NOD_AMONG_S = 0.30  # of vowels nearer than this only the one that stands out most gets its full nod
_NOD_DEGREES = 3.4
_BROW: Shape = (0.14, 0.12, 0.60)
_BROW_AMONG_S = 0.70
_LIFT: Shape = (0.16, 0.14, 0.90)  # the chin comes up where a phrase begins
_LIFT_DEGREES = -1.3
_FALL: Shape = (0.40, 0.08, 0.80)  # and goes down where it ends
_FALL_DEGREES = 1.5
_PHRASE_PAUSE_S = 0.3
_SWAY_S = 1.3  # how long a vowel moves the head
_DEGREE = np.pi / 180.0


def prominence(phones: Sequence[Phone], emphasis: Floats, among_s: float) -> Floats:
    """Return for each phone how clearly it leads the vowels around it, ``[N]`` from 0 to 1.

    A vowel counts by its emphasis, softly from 0.35 up, and by what it has over the others within ``among_s``; so there
    is no threshold at which a gesture would jump into being.
    """
    starts = np.array([phone.start_s for phone in phones])
    apart = np.abs(starts[:, None] - starts)
    rivals = np.where((apart < among_s) & (apart > 0.0), emphasis * (1.0 - apart / among_s), 0.0).max(
        axis=1, initial=0.0
    )
    stands_out = coarticulation.smoothstep((emphasis - 0.35) / 0.6)
    return np.asarray(stands_out * coarticulation.smoothstep(0.5 + 2.5 * (emphasis - rivals)))


def blink_onsets(phones: Sequence[Phone], emphasis: Floats, frames: int, pace: float, first_s: float) -> list[int]:
    """Return the frames on which blinks begin.

    A blink comes when speech has paused, else on an accent when the last one is long past, else on any vowel when it
    is longer past; in silence at a steady pace.

    Args:
        phones: in order of time.
        emphasis: ``[N]`` from 0 to 1.
        frames: length of the clip, T.
        pace: factor on the time between blinks.
        first_s: how long before the clip the eyes last blinked.
    """
    occasions = _occasions(phones, emphasis, frames / FPS)
    onsets: list[int] = []
    last = -first_s
    for time, least_gap in occasions:
        if time - last >= least_gap * pace:
            last = time
            onsets.append(round(time * FPS))
    return [onset for onset in onsets if onset + len(BLINK) < frames]


def blinks(onsets: Sequence[int], frames: int) -> Floats:
    """Return the lids' closing ``[T]``, 0 open to 1 closed."""
    lids = np.zeros(frames)
    for onset in onsets:
        lids[onset : onset + len(BLINK)] = BLINK[: frames - onset]
    return lids


def accents(phones: Sequence[Phone], emphasis: Floats, times: Floats) -> Floats:
    """Return how strongly the face marks an accent, ``[T]`` from 0 to 1."""
    return _marks(phones, prominence(phones, emphasis, _BROW_AMONG_S), times, _BROW)


def starts(phones: Sequence[Phone], times: Floats) -> Floats:
    """Return how strongly the face marks that a phrase begins, ``[T]`` from 0 to 1."""
    marks = np.zeros(len(times))
    for start, _ in coarticulation.stretches_of_speech(phones, _PHRASE_PAUSE_S):
        marks = np.maximum(marks, _bump(times, start, _BROW))
    return marks


def head_rotation(phones: Sequence[Phone], emphasis: Floats, times: Floats, speed: float) -> Floats:
    """Return the head's rotation ``[T, 3]``, axis-angle in radians about X (nod), Y (turn), Z (tilt).

    The chin comes up where a phrase begins and goes down where it ends; between, the head nods on syllables that stand
    out and drifts with the vowels: turned by front and round ones, tilted by open and close ones, lowered by loud ones.
    It comes back to zero within about a second of silence.
    """
    rotation = np.zeros((len(times), 3))
    nods = prominence(phones, emphasis, _NOD_AMONG_S)
    for k in np.flatnonzero(nods > 0.02).tolist():
        rotation[:, 0] += _NOD_DEGREES * nods[k] * _bump(times, phones[k].start_s, _paced(_NOD, speed))
    for start, end in coarticulation.stretches_of_speech(phones, _PHRASE_PAUSE_S):
        share = min(end - start, 1.0)  # a short word is no phrase
        rotation[:, 0] += share * _LIFT_DEGREES * _bump(times, start, _paced(_LIFT, speed))
        rotation[:, 0] += share * _FALL_DEGREES * _bump(times, end, _paced(_FALL, speed))
    for k, phone in enumerate(phones):
        if phone.symbol in VOWELS:
            drive = np.array([0.35 * (emphasis[k] - 0.45), *_drift(phone.symbol)])
            rotation += _sway(times, phone.start_s, speed)[:, None] * (drive * min(phone.duration_s / 0.1, 1.5))
    return rotation * _DEGREE


def _marks(phones: Sequence[Phone], strengths: Floats, times: Floats, shape: Shape) -> Floats:
    """Return the strongest of the gestures on each frame, ``[T]``."""
    marks = np.zeros(len(times))
    for k in np.flatnonzero(strengths > 0.02).tolist():
        marks = np.maximum(marks, strengths[k] * _bump(times, phones[k].start_s, shape))
    return marks


def _occasions(phones: Sequence[Phone], emphasis: Floats, length_s: float) -> list[tuple[float, float]]:
    """Return times at which a blink may begin, each with the least time since the last one."""
    occasions = []
    speech = coarticulation.stretches_of_speech(phones, 2.0 * _PAUSE_S)
    for k, phone in enumerate(phones):
        if phone.symbol in VOWELS:
            occasions.append((phone.start_s, _AFTER_ACCENT_S if emphasis[k] >= _ACCENT else _AFTER_VOWEL_S))
    quiet_from = [0.0, *(end for _, end in speech)]
    quiet_to = [*(start for start, _ in speech), length_s]
    for start, end in zip(quiet_from, quiet_to, strict=True):
        if end - start >= 2.0 * _PAUSE_S:
            if start > 0.0:
                occasions.append((start + _PAUSE_S, _AFTER_PAUSE_S))
            occasions += [(time, _IN_SILENCE_S) for time in np.arange(start + _PAUSE_S, end - _PAUSE_S, 1.0 / FPS)]
    return sorted(occasions)


def _paced(shape: Shape, speed: float) -> Shape:
    """Return a gesture's shape at another speed."""
    before, peak, after = shape
    return before / speed, peak / speed, after / speed


def _bump(times: Floats, at: float, shape: Shape) -> Floats:
    """Return a smooth rise and fall ``[T]`` to 1."""
    before, peak, after = shape
    rise = coarticulation.smoothstep((times - at + before) / (before + peak))
    fall = coarticulation.smoothstep((times - at - peak) / after)
    return rise * (1.0 - fall)


def _drift(symbol: str) -> tuple[float, float]:
    """Return how a vowel turns and tilts the head, in degrees: front against round, open against close."""
    named = np.mean([target.values for target in visemes.targets_of(symbol)], axis=0)
    front = named[visemes.ARTICULATOR["stretch"]] - named[visemes.ARTICULATOR["pucker"]]
    openness = (named[visemes.ARTICULATOR["jaw"]] - 0.105) / 0.1
    turn = 1.5 * float(front - 0.1)
    return turn, 0.75 * float(openness) - 0.3 * turn  # a head that turns also tilts


def _sway(times: Floats, at: float, speed: float) -> Floats:
    """Return the slow answer ``[T]`` of the head to a vowel: quick to begin, slow to end, over after `_SWAY_S`."""
    x = np.clip((times - at + 0.05) * speed / _SWAY_S, 0.0, 1.0)
    return np.asarray(6.75 * x * np.square(1.0 - x) * coarticulation.smoothstep(4.0 * x))
