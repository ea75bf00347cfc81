"""Contacts that must be seen: lips on lips for p, b, m, the lower lip at the teeth for f, v.

Blending averages; a closed mouth is not an average. So contacts are laid over the blended curves: for each one a hold,
in which the mouth takes the contact's pose, and ramps to and from it. Everything is done on the motion's own frames,
because a closure that lasts two frames must still be closed after the Savitzky-Golay smoothing that playback applies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS

from . import coarticulation
from .phones import PAUSE, Phone
from .visemes import CONTACTS, Contact

Floats = NDArray[np.float64]

_FEWEST_FRAMES = 2  # in contact, for each contact
_ROOM_FRAMES = 3  # between two contacts, if there is a way: fewer hardly show the vowel
_LEAK_MM = 0.12  # what smoothing may carry of a neighbouring frame's opening into a contact
_LARGEST_PRESSURE_MM = 0.6
_RAMP_S: dict[Contact, tuple[float, float]] = {"lips": (0.085, 0.075), "teeth": (0.065, 0.065)}  # into a hold, and out
_EARLY_S: dict[Contact, float] = {"lips": 0.025, "teeth": 0.015}  # contact is made before its sound begins
_RELEASE = {"p": 0.60, "b": 0.70, "m": 0.90, "f": 0.85, "v": 0.85}  # part of the sound after which contact is let go
_PRESS = {"p": 1.0, "b": 0.8, "m": 0.55}
_PRESS_MARGIN_S = 0.03
_BURST = {"p": 1.0, "b": 0.6}
_BURST_AFTER_S, _BURST_WIDTH_S = 0.07, 0.09
_AT_REST_S = 0.20  # a how far a contact is held into a pause beside it


def freedom(phones: Sequence[Phone], kind: Contact, frames: int, sharpness: float) -> Floats:
    """Return how far the mouth is free from a kind of contact on each frame.

    Args:
        phones: in order of time.
        kind: the contact.
        frames: number of frames at 25 fps, T.
        sharpness: factor on the speed of the ramps; they follow it only downwards, quicker ones would not survive.

    Returns:
        ``[T]``: 0 in contact, 1 free.
    """
    times = np.arange(frames) / FPS
    free = np.ones(frames)
    into, out = _RAMP_S[kind]
    for start, end in holds(phones, kind):
        away = np.maximum((start - times) / into, (times - end) / out)
        free = np.minimum(free, coarticulation.smoothstep(away * min(sharpness, 1.0)))
    return free


def press(phones: Sequence[Phone], frames: int) -> Floats:
    """Return how hard the lips press on p, b and m, ``[T]`` from 0 to 1: most in the middle of the sound, p most."""
    times = np.arange(frames) / FPS
    pressing = np.zeros(frames)
    for phone in phones:
        if phone.symbol in _PRESS:
            far = (times - 0.5 * (phone.start_s + phone.end_s)) / (0.5 * phone.duration_s + _PRESS_MARGIN_S)
            pressing = np.maximum(pressing, _PRESS[phone.symbol] * np.exp(-np.square(far)))
    return pressing


def bursts(phones: Sequence[Phone], frames: int) -> Floats:
    """Return how far the lips spring apart after p and b, ``[T]`` from 0 to 1: a frame or two behind the release."""
    times = np.arange(frames) / FPS
    burst = np.zeros(frames)
    for phone, after in pairwise(phones):
        if phone.symbol in _BURST and after.symbol != PAUSE and after.symbol not in CONTACTS:
            release = phone.start_s + _RELEASE[phone.symbol] * phone.duration_s
            near = 1.0 - np.abs(times - release - _BURST_AFTER_S) / _BURST_WIDTH_S
            burst = np.maximum(burst, _BURST[phone.symbol] * coarticulation.smoothstep(near))
    return burst


def sealed(free: Floats, opening_mm: Floats) -> Floats:
    """Return ``free`` lowered beside contacts until smoothing leaves the contacts themselves closed.

    Between two contacts in quick succession that makes a vowel small, as it is in the mouth.

    Args:
        free: ``[T]``, 0 in contact.
        opening_mm: ``[T]``, how far the lips would be apart on each frame if they were free.
    """
    held = free <= 0.0
    gentle = free.copy()
    for _ in range(12):
        leak = _neighbours(gentle * opening_mm, -3.0, 12.0)
        near = _neighbours(gentle * opening_mm, 0.0, 12.0)
        keep = np.where(held & (leak > _LEAK_MM), 1.0 - (leak - _LEAK_MM) / np.maximum(near, 1e-9), 1.0)
        if np.all(keep == 1.0):
            break
        around = np.pad(np.clip(keep, 0.0, 1.0), 1, constant_values=1.0)
        gentle *= np.minimum(around[:-2], around[2:])
    return gentle


def pressure(opening_mm: Floats, held: NDArray[np.bool_]) -> Floats:
    """Return how hard the lips press in contacts so that smoothing leaves them just closed, ``[T]`` in millimetres.

    Smoothing adds to a contact some of the next frame's opening and takes away some of the one after that; pressure
    (negative where the lips must ease off) makes up for both.

    Args:
        opening_mm: ``[T]``, zero in contacts.
        held: ``[T]``, where there is contact.
    """
    pressing = np.zeros(len(opening_mm))
    for _ in range(12):
        gap = opening_mm - pressing
        smoothed = 17.0 / 35.0 * gap + _neighbours(gap, -3.0, 12.0)
        pressing = np.clip(pressing + held * smoothed, -_LARGEST_PRESSURE_MM, _LARGEST_PRESSURE_MM)
    return pressing


def _neighbours(values: Floats, second: float, first: float) -> Floats:
    """Return ``[T]`` what a Savitzky-Golay fit over five frames adds to each frame from its neighbours."""
    padded = np.pad(values, 2, mode="edge")
    return np.asarray((second * (padded[:-4] + padded[4:]) + first * (padded[1:-3] + padded[3:-1])) / 35.0)


def holds(phones: Sequence[Phone], kind: Contact) -> list[tuple[float, float]]:
    """Return start and end in seconds of each hold of a kind of contact; contacts in a row share one.

    Each lasts long enough to fill its frames, however the frames fall. Where there is silence beside a contact it is
    held into it: the lips are together there anyway.
    """
    found: list[tuple[float, float]] = []
    places: list[tuple[int, int]] = []  # the first and the last phone of each hold
    for k, phone in enumerate(phones):
        if CONTACTS.get(phone.symbol) != kind or phone.duration_s <= 0.0:
            continue
        start, end = _hold(phone, kind)
        if places and places[-1][1] == k - 1:
            found[-1], places[-1] = (found[-1][0], max(found[-1][1], end)), (places[-1][0], k)
        else:
            found.append((start, end))
            places.append((k, k))
    rests = [_is_pause(phones, first - 1) or _is_pause(phones, last + 1) for first, last in places]
    firm = [(math.floor(phones[first].end_s * FPS), math.ceil(phones[last].start_s * FPS)) for first, last in places]
    fewest = [1 if kind == "lips" and is_beside_rest else _FEWEST_FRAMES for is_beside_rest in rests]
    spans = _make_room(found, firm, fewest)
    if kind == "teeth":
        return spans
    return [
        (
            start - _AT_REST_S * _is_pause(phones, first - 1),
            phones[last].end_s + _AT_REST_S if _is_pause(phones, last + 1) else end,
        )
        for (start, end), (first, last) in zip(spans, places, strict=True)
    ]


def _hold(phone: Phone, kind: Contact) -> tuple[float, float]:
    """Return start and end of one sound's contact."""
    start = phone.start_s - _EARLY_S[kind]
    end = phone.start_s + _RELEASE[phone.symbol] * phone.duration_s
    lacking = max(_FEWEST_FRAMES / FPS - (end - start), 0.0)
    return start - 0.6 * lacking, end + 0.4 * lacking


def _make_room(
    spans: Sequence[tuple[float, float]], firm: Sequence[tuple[int, int]], fewest: Sequence[int]
) -> list[tuple[float, float]]:
    """Shorten holds that leave too few frames between them.

    Args:
        spans: start and end of each hold in seconds.
        firm: the last frame on which each may begin, and the first on which it may end, so that no sound of a row is
            left out.
        fewest: the frames that each must keep.
    """
    edges = [[math.ceil(start * FPS - 1e-6), math.floor(end * FPS + 1e-6)] for start, end in spans]
    for k, (one, after) in enumerate(pairwise(edges)):
        while after[0] - one[1] - 1 < _ROOM_FRAMES:
            spare_one = min(one[1] - one[0] + 1 - fewest[k], one[1] - firm[k][1])
            spare_after = min(after[1] - after[0] + 1 - fewest[k + 1], firm[k + 1][0] - after[0])
            if max(spare_one, spare_after) <= 0:
                break
            if spare_one >= spare_after:
                one[1] -= 1
            else:
                after[0] += 1
    return [
        (max(start, (first - 0.5) / FPS), min(end, (last + 0.5) / FPS))
        for (start, end), (first, last) in zip(spans, edges, strict=True)
    ]


def _is_pause(phones: Sequence[Phone], k: int) -> bool:
    """Tell whether there is silence at place ``k``: a pause that counts, or the clip's end."""
    if not 0 <= k < len(phones):
        return True
    return phones[k].symbol == PAUSE and phones[k].duration_s >= coarticulation.SHORT_PAUSE_S
