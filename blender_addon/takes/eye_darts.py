# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the eyes dart: small irregular saccades, most of all where somebody begins to speak; needs no Blender.

A motion says nothing about gaze, and eyes that never move look dead. Speakers look away for a moment as a phrase begins
and back at the listener in its course; in between the gaze wanders a little. Timing and sizes are drawn from a seed, so
that the same take always looks the same way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.motion import FPS

from .blinks import runs

Floats = NDArray[np.float64]

_RESTING_MM, _PAUSE_S = 1.0, 0.3  # lips nearer than this for so long: a pause, and a phrase begins after it
_AT_PHRASES = 0.75  # share of the phrases that begin with a glance away
_AWAY_S = (0.3, 0.9)  # for how long
_WANDER_S, _SHORTEST_S = 1.4, 0.3  # mean time from one small saccade to the next, and the least
_SMALL = 0.35  # size of a small saccade, of the largest
_UP = 0.45  # sizes upwards and downwards, of those sideways
_SPEED_DEG_S = 300.0  # of an eye in a saccade


def phrase_starts(lip_gap: Floats) -> list[int]:
    """Return the frames on which the mouth begins to speak after a pause.

    Args:
        lip_gap: ``[T]`` mm.
    """
    pauses = [run for run in runs(lip_gap < _RESTING_MM) if run[1] + 1 - run[0] >= _PAUSE_S * FPS or run[0] == 0]
    return [last + 1 for _, last in pauses if last + 1 < len(lip_gap)]


def eye_darts(phrases: list[int], frames: int, size_deg: float, seed: int) -> Floats:
    """Return how both eyes turn, ``[T, 3]`` axis-angle in radians, from looking straight ahead.

    Args:
        phrases: frames on which phrases begin.
        frames: length of the motion.
        size_deg: the largest turn.
        seed: chooses among equally natural gazes.
    """
    random = np.random.default_rng(seed)
    targets = sorted(_glances(random, phrases) + _wandering(random, frames))
    gaze, here = np.zeros((frames, 2)), np.zeros(2)
    for number, (frame, target) in enumerate(targets):
        until = targets[number + 1][0] if number + 1 < len(targets) else frames
        way = np.array(target) * size_deg - here
        steps = max(int(np.ceil(np.linalg.norm(way) / _SPEED_DEG_S * FPS)), 1)
        shares = np.minimum(np.arange(1, max(until - frame, 0) + 1) / steps, 1.0)
        gaze[frame:until] = here + shares[:, None] * way
        here = gaze[until - 1].copy() if until > frame else here
    turns = np.zeros((frames, 3))
    turns[:, 1], turns[:, 0] = np.radians(gaze[:, 0]), np.radians(gaze[:, 1])
    return turns


def _glances(random: np.random.Generator, phrases: list[int]) -> list[tuple[int, tuple[float, float]]]:
    """Return frames and targets of glances away as phrases begin, and back; a target of length one is the farthest."""
    found: list[tuple[int, tuple[float, float]]] = []
    for frame in phrases:
        away_s, side, up, is_taken = random.uniform(*_AWAY_S), *random.uniform(-1.0, 1.0, 2), random.random()
        if is_taken < _AT_PHRASES:
            far = np.copysign(0.6 + 0.4 * abs(side), side)
            found += [(frame, (float(far), float(_UP * up))), (frame + round(away_s * FPS), (0.0, 0.0))]
    return found


def _wandering(random: np.random.Generator, frames: int) -> list[tuple[int, tuple[float, float]]]:
    """Return frames and targets of small saccades around the middle, at irregular times."""
    found = []
    second = _SHORTEST_S + random.exponential(_WANDER_S)
    while second * FPS < frames:
        side, up = random.normal(0.0, 0.5 * _SMALL, 2).clip(-_SMALL, _SMALL)
        found.append((round(second * FPS), (float(side), float(_UP * up))))
        second += _SHORTEST_S + random.exponential(_WANDER_S)
    return [target for target in found if target[0] < frames]
