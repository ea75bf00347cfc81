"""What the face does besides articulating: blinks, brows, head.

Everything follows from the phones and their emphasis, and from the past more than from the future, so that a model that
hears the same sound can learn it: a head turns with the vowels that are spoken, an eyelid falls when speech pauses.
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

_NOD_SPACING_S = 0.36
_NOD_S = (0.06, 0.10, 0.30)  # from before the vowel, peak after its start, return
_BROW_SPACING_S = 1.1
_BROW_S = (0.12, 0.12, 0.55)
_SWAY_S = 1.3  # how long a vowel moves the head
_DEGREE = np.pi / 180.0


def accents(phones: Sequence[Phone], emphasis: Floats, spacing_s: float, least: float = _ACCENT) -> list[int]:
    """Return places of the vowels that stand out, no two closer than ``spacing_s``."""
    found: list[int] = []
    for k, phone in enumerate(phones):
        if emphasis[k] >= least and (not found or phone.start_s - phones[found[-1]].start_s >= spacing_s):
            found.append(k)
    return found


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


def brow_raise(phones: Sequence[Phone], emphasis: Floats, times: Floats) -> Floats:
    """Return how far the brows are raised ``[T]``, 0 to about 0.5: on accents, a little at the start of a phrase."""
    raised = np.zeros(len(times))
    for k in accents(phones, emphasis, _BROW_SPACING_S, 0.7):
        raised = np.maximum(raised, 0.45 * emphasis[k] * _bump(times, phones[k].start_s, _BROW_S))
    for start, _ in coarticulation.stretches_of_speech(phones, 0.3):
        raised = np.maximum(raised, 0.16 * _bump(times, start, _BROW_S))
    return raised


def head_rotation(phones: Sequence[Phone], emphasis: Floats, times: Floats, speed: float) -> Floats:
    """Return the head's rotation ``[T, 3]``, axis-angle in radians about X (nod), Y (turn), Z (tilt).

    The head nods on accents and drifts with the vowels: turned by front and round ones, tilted by open and close ones,
    lowered by loud ones. It comes back to zero within about a second of silence.
    """
    rotation = np.zeros((len(times), 3))
    for k in accents(phones, emphasis, _NOD_SPACING_S):
        peak = (0.7 + 1.9 * emphasis[k]) * _DEGREE
        shape = (_NOD_S[0] / speed, _NOD_S[1] / speed, _NOD_S[2] / speed)
        rotation[:, 0] += peak * _bump(times, phones[k].start_s, shape)
    for k, phone in enumerate(phones):
        if phone.symbol in VOWELS:
            drive = np.array([0.35 * (emphasis[k] - 0.45), *_drift(phone.symbol)]) * _DEGREE
            rotation += _sway(times, phone.start_s, speed)[:, None] * (drive * min(phone.duration_s / 0.1, 1.5))
    return rotation


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


def _bump(times: Floats, at: float, shape: tuple[float, float, float]) -> Floats:
    """Return a smooth rise and fall ``[T]`` to 1: from ``shape[0]`` before, peak ``shape[1]`` after, over by then."""
    before, peak, after = shape
    rise = coarticulation.smoothstep((times - at + before) / (before + peak))
    fall = coarticulation.smoothstep((times - at - peak) / after)
    return rise * (1.0 - fall)


def _drift(symbol: str) -> tuple[float, float]:
    """Return how a vowel turns and tilts the head, in degrees: front against round, open against close."""
    named = np.mean([target.values for target in visemes.targets_of(symbol)], axis=0)
    front = named[visemes.ARTICULATOR["stretch"]] - named[visemes.ARTICULATOR["pucker"]]
    openness = (named[visemes.ARTICULATOR["jaw"]] - 0.105) / 0.1
    return 1.1 * float(front - 0.1), 0.6 * float(openness)


def _sway(times: Floats, at: float, speed: float) -> Floats:
    """Return the slow answer ``[T]`` of the head to a vowel: quick to begin, slow to end, over after `_SWAY_S`."""
    x = np.clip((times - at + 0.05) * speed / _SWAY_S, 0.0, 1.0)
    return np.asarray(6.75 * x * np.square(1.0 - x) * coarticulation.smoothstep(4.0 * x))
