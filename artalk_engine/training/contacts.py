"""Contacts that must be seen: lips on lips for p, b, m, the lower lip at the teeth for f, v.

Blending averages; a closed mouth is not an average. So contacts are laid over the blended curves: for each one a hold,
in which the mouth takes the contact's pose, and ramps to and from it. Everything is done on the motion's own frames,
because a closure that lasts two frames must still be closed after the Savitzky-Golay smoothing that playback applies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS

from . import coarticulation
from .phones import PAUSE, Phone
from .visemes import CONTACTS, Contact

Floats = NDArray[np.float64]

_FEWEST_FRAMES = {"lips": 2, "teeth": 2}
_RAMP_S = 0.10  # from the hold to the free mouth
_EARLY_S = 0.025  # contact is made this long before its sound begins
_RELEASE = {"p": 0.60, "b": 0.70, "m": 0.90, "f": 0.85, "v": 0.85}  # part of the sound after which contact is let go
_AT_REST_S = 0.20  # a contact beside a pause is held into it: the lips are together there anyway


def freedom(phones: Sequence[Phone], kind: Contact, frames: int, sharpness: float) -> Floats:
    """Return how far the mouth is free from a kind of contact on each frame.

    Args:
        phones: in order of time.
        kind: the contact.
        frames: number of frames at 25 fps, T.
        sharpness: factor on the speed of the ramps; they follow it only downwards, quicker ones would not survive.

    Returns:
        ``[T]``: 0 in contact, 1 free. The frame beside a hold has at most a quarter of the freedom of the next one:
        then smoothing by parabolas over five frames leaves the hold's own frames in contact.
    """
    times = np.arange(frames) / FPS
    free = np.ones(frames)
    for start, end in holds(phones, kind):
        away = np.maximum(np.maximum(start - times, times - end), 0.0)
        free = np.minimum(free, coarticulation.smoothstep(away * min(sharpness, 1.0) / _RAMP_S))
    return _take_off_gently(free)


def holds(phones: Sequence[Phone], kind: Contact) -> list[tuple[float, float]]:
    """Return start and end in seconds of each hold of a kind of contact, each long enough to fill its frames."""
    spans = []
    shortest = _FEWEST_FRAMES[kind] / FPS
    for k, phone in enumerate(phones):
        if CONTACTS.get(phone.symbol) != kind or phone.duration_s <= 0.0:
            continue
        start = phone.start_s - _EARLY_S
        end = phone.start_s + _RELEASE[phone.symbol] * phone.duration_s
        lacking = max(shortest - (end - start), 0.0)
        start, end = start - 0.6 * lacking, end + 0.4 * lacking
        if kind == "lips" and _is_pause(phones, k - 1):
            start -= _AT_REST_S
        if kind == "lips" and _is_pause(phones, k + 1):
            end = phone.end_s + _AT_REST_S
        spans.append((start, end))
    return spans


def _is_pause(phones: Sequence[Phone], k: int) -> bool:
    """Tell whether there is silence at place ``k``: a pause that counts, or the clip's end."""
    if not 0 <= k < len(phones):
        return True
    return phones[k].symbol == PAUSE and phones[k].duration_s >= coarticulation.SHORT_PAUSE_S


def _take_off_gently(free: Floats) -> Floats:
    """Limit each frame beside a hold to a quarter of the frame beyond it."""
    held = free <= 0.0
    beside = ~held & (np.roll(held, 1) | np.roll(held, -1))
    beyond = np.minimum(
        np.where(np.roll(held, 1), np.roll(free, -1), 1.0), np.where(np.roll(held, -1), np.roll(free, 1), 1.0)
    )
    return np.where(beside, np.minimum(free, 0.25 * beyond), free)
