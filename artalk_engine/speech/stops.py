"""When the closure of a voiceless stop begins, where a synthesizer reports its burst alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .spoken import SAMPLE_RATE_HZ

STEP_S = 0.005
LONGEST_CLOSURE_S = 0.08
CLOSURE_SHARE = 0.6  # of the sound before, at most
CLOSURE_DEPTH_DB = 18.0  # below the level of the vowels


def with_closures(phones: Sequence[Any], waveform: NDArray[np.float32], is_stop: Callable[[str], bool]) -> list[Any]:
    """Give voiceless stops the quiet stretch that ends at their burst, and take it from the sound before.

    Args:
        phones: dataclasses with ``symbol``, ``start_s`` and ``end_s``, in order of time.
        waveform: ``[S]`` at 16 kHz.
        is_stop: tells voiceless stops by their symbols.

    Returns:
        phones of the same kind.
    """
    levels_db = _levels_db(waveform)
    quiet_db = float(np.percentile(levels_db, 90)) - CLOSURE_DEPTH_DB
    timed = list(phones)
    for number in range(1, len(timed)):
        before, stop = timed[number - 1], timed[number]
        if not is_stop(stop.symbol):
            continue
        earliest_s = stop.start_s - min(LONGEST_CLOSURE_S, CLOSURE_SHARE * (before.end_s - before.start_s))
        step = round(stop.start_s / STEP_S)
        while step > 0 and (step - 1) * STEP_S >= earliest_s and levels_db[min(step, len(levels_db)) - 1] < quiet_db:
            step -= 1
        start_s = min(stop.start_s, max(step * STEP_S, earliest_s))
        timed[number - 1], timed[number] = replace(before, end_s=start_s), replace(stop, start_s=start_s)
    return timed


def _levels_db(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    size = round(STEP_S * SAMPLE_RATE_HZ)
    count = max(1, len(waveform) // size)
    frames = np.resize(waveform, (count, size)).astype(np.float64)
    return np.asarray(10.0 * np.log10((frames**2).mean(axis=1) + 1e-10))
