"""How neighbouring sounds share the mouth: articulator curves from phones.

Every target pulls its articulators with a strength that decays with the time from its sound, and each articulator goes
to the average of all targets weighted by those pulls. Rounding decays slowly and so spreads over neighbours; the
tongue's decays fast. What a sound does not care about it leaves to its neighbours: through an /s/ the lips are already
as round as the /u/ after it, while an /i/ between them holds them spread. The curves run ahead of the sound, as the
face does: the tongue hardly, the jaw a little, the lips by one frame or two, their rounding by more.

References:
    Cohen and Massaro, Modeling coarticulation in synthetic visual speech, 1993.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import visemes
from .phones import PAUSE, VOWELS, Phone

Floats = NDArray[np.float64]

OPENING_S, CLOSING_S = 0.11, 0.13  # from rest before the first sound; to rest after the last
SHORT_PAUSE_S = 0.16  # in shorter pauses the mouth does not return to rest

# In seconds: how far an articulator runs ahead of the sound, and in which time a target's pull falls to 1/e, before its
# sound (anticipation) and after it (carry-over).
_TIMING = {
    "jaw": (0.030, 0.060, 0.055),
    "lower_lip_depress": (0.040, 0.048, 0.045),
    "upper_lip_raise": (0.040, 0.048, 0.045),
    "pucker": (0.065, 0.115, 0.080),
    "funnel": (0.055, 0.075, 0.055),
    "stretch": (0.045, 0.085, 0.070),
    "smile": (0.045, 0.100, 0.090),
    "tongue_up": (0.020, 0.035, 0.035),
    "tongue_out": (0.020, 0.035, 0.030),
    "tongue_back_up": (0.020, 0.040, 0.040),
}
_LEAD_S = np.array([_TIMING[name][0] for name in visemes.ARTICULATORS])  # [P]
_REACH_S = np.array([_TIMING[name][1:] for name in visemes.ARTICULATORS]).T  # [2, P]
_GIVES_WAY = np.array([0.3 if name in ("pucker", "funnel") else 1.0 for name in visemes.ARTICULATORS])  # [P], to stress
_CORE = 0.3  # the middle part of a sound over which its pull is full
_RANGE_S = 0.45  # beyond it a pull is neglected
_ROUNDING_S = 0.05  # width of the window that takes the corners off the blended curves
_FULL_LENGTH_S = 0.09  # shorter vowels pull less: they are undershot


def articulate(
    phones: Sequence[Phone], emphasis: Floats, times: Floats, jaw: float, lips: float, sharpness: float
) -> Floats:
    """Blend the targets of all phones.

    Args:
        phones: in order of time.
        emphasis: ``[N]`` for each phone, 0 to 1: how much a vowel stands out.
        times: ``[K]`` seconds at which to sample, evenly spaced.
        jaw: factor on the jaw's opening.
        lips: factor on the other articulators' values.
        sharpness: factor on the speed of change.

    Returns:
        ``[K, P]`` values of `visemes.ARTICULATORS`, at rest (exactly zero) in pauses.
    """
    reach = _REACH_S / sharpness
    size = np.full(len(visemes.ARTICULATORS), lips)
    size[visemes.ARTICULATOR["jaw"]] = jaw
    pull_sum = np.full((len(times), len(size)), 1e-9)
    value_sum = np.zeros_like(pull_sum)
    for phone, stands_out in zip(phones, emphasis, strict=True):
        for start, end, target in _in_time(phone):
            low, high = np.searchsorted(times, (start - _RANGE_S, end + _RANGE_S))
            pull = _pull(times[low:high], start, end, reach) * target.dominance
            value_sum[low:high] += pull * (target.values * size * _gain(phone, stands_out))
            pull_sum[low:high] += pull
    rounded = _round_off(value_sum / pull_sum, times)
    return rounded * rest_gate(phones, times)[:, None]


def rest_gate(phones: Sequence[Phone], times: Floats) -> Floats:
    """Return ``[K]``: 1 while somebody speaks, 0 in pauses, smooth in between."""
    gate = np.zeros(len(times))
    for start, end in stretches_of_speech(phones):
        rise = smoothstep((times - start) / OPENING_S + 1.0)
        fall = smoothstep((end - times) / CLOSING_S + 1.0)
        gate = np.maximum(gate, np.minimum(rise, fall))
    return gate


def stretches_of_speech(phones: Sequence[Phone], shortest_pause_s: float = SHORT_PAUSE_S) -> list[tuple[float, float]]:
    """Return start and end in seconds of each run of sounds between pauses that are long enough to count."""
    stretches: list[tuple[float, float]] = []
    for phone in phones:
        if phone.symbol == PAUSE or phone.duration_s <= 0.0:
            continue
        if stretches and phone.start_s - stretches[-1][1] < shortest_pause_s:
            stretches[-1] = (stretches[-1][0], phone.end_s)
        else:
            stretches.append((phone.start_s, phone.end_s))
    return stretches


def smoothstep(x: Floats) -> Floats:
    """Return a smooth rise from 0 at ``x = 0`` to 1 at ``x = 1``, level outside."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))


def _in_time(phone: Phone) -> list[tuple[float, float, visemes.Target]]:
    """Return start, end and target of each part of a phone."""
    parts = []
    start = phone.start_s
    for target in visemes.targets_of(phone.symbol):
        end = start + target.share * phone.duration_s
        parts.append((start, end, target))
        start = end
    return parts


def _pull(times: Floats, start: float, end: float, reach: Floats) -> Floats:
    """Return the strength ``[K, P]`` with which a target at ``start`` to ``end`` pulls."""
    margin = 0.5 * (1.0 - _CORE) * (end - start)
    early = times[:, None] + _LEAD_S
    before = np.maximum(start + margin - early, 0.0)
    after = np.maximum(early - (end - margin), 0.0)
    return np.asarray(np.exp(-before / reach[0] - after / reach[1]))


def _gain(phone: Phone, stands_out: float) -> Floats:
    """Return how large a sound is spoken ``[P]``: vowels grow with emphasis and shrink when they are short.

    The jaw most of all; lips that are to be round or spread are nearly so in an unstressed vowel, too.
    """
    if phone.symbol not in VOWELS:
        return np.ones(len(_GIVES_WAY))
    length = min(phone.duration_s / _FULL_LENGTH_S, 1.0)
    return 1.0 + _GIVES_WAY * ((0.78 + 0.34 * stands_out) * (0.75 + 0.25 * length) - 1.0)


def _round_off(curves: Floats, times: Floats) -> Floats:
    """Return the curves ``[K, P]`` averaged under a short raised cosine."""
    if len(times) < 2:
        return curves
    count = 2 * round(0.5 * _ROUNDING_S / (times[1] - times[0])) + 1
    window = np.hanning(count + 2)[1:-1]
    padded = np.pad(curves, ((count // 2, count // 2), (0, 0)), mode="edge")
    kernel = window / window.sum()
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)
