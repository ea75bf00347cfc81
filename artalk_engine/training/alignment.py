"""Where the sounds of a transcript lie in a recording of somebody else saying it.

Espeak-ng says the transcript, with known times, and dynamic time warping matches what both sound like, frame by frame:
mel cepstra with the mean and the spread of each recording taken out, so that voice and microphone matter little. It is
rough: on another synthesizer's speech half of the sounds are found within a few hundredths of a second
(`tests/artalk_engine/training/test_alignment.py` says how near), on a person's the error is not known, so closures that
are missed by one frame or two may be the alignment's.

References:
    Sakoe and Chiba, Dynamic programming algorithm optimization for spoken word recognition, 1978.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from artalk_engine.render.compiled import compiled

from . import espeak
from .cepstra import STEP_S, Floats, cepstra
from .phones import Phone
from .speech import SAMPLE_RATE_HZ, gapless

_DETOUR = 1.3  # cost of a step that only one of the two takes, over that of a step which both take


def align(waveform: NDArray[np.float32], transcript: str, accent: str = "en-us") -> tuple[Phone, ...]:
    """Find the sounds of a transcript in a recording.

    Args:
        waveform: ``[S]`` at 16 kHz.
        transcript: what is said.
        accent: of espeak-ng, in the recording's language.

    Returns:
        Gapless phones from 0 to the end of the recording.
    """
    spoken = espeak.speak(transcript, espeak.EspeakVoice(accent, rate=150))
    there, here = _even(cepstra(spoken.waveform)), _even(cepstra(waveform))
    place = _warp(there, here)  # [A]
    times_s = np.arange(len(there)) * STEP_S

    def moved(time_s: float) -> float:
        return float(np.interp(time_s, times_s, place)) * STEP_S

    phones = [replace(p, start_s=moved(p.start_s), end_s=moved(p.end_s)) for p in spoken.phones]
    return gapless(phones, len(waveform) / SAMPLE_RATE_HZ)


def _even(values: Floats) -> Floats:
    """Give each coefficient ``[A, C]`` mean 0 and deviation 1 over the recording."""
    return np.asarray((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9))


def _warp(there: Floats, here: Floats) -> Floats:
    """Return for each frame of ``there`` the frame of ``here`` that it matches: the mean of several."""
    distances = np.sqrt(np.maximum(0.0, (there**2).sum(1)[:, None] + (here**2).sum(1) - 2.0 * there @ here.T))
    path = _cheapest_path(distances, _DETOUR)
    sums = np.bincount(path[:, 0], weights=path[:, 1], minlength=len(there))
    return np.asarray(sums / np.bincount(path[:, 0], minlength=len(there)))


@compiled
def _cheapest_path(distances: Floats, detour: float) -> NDArray[np.int64]:
    """Return the path ``[N, 2]`` from corner to corner with the least sum of distances."""
    rows, columns = distances.shape
    cost = np.full((rows + 1, columns + 1), np.inf)
    came = np.zeros((rows + 1, columns + 1), np.int8)
    cost[0, 0] = 0.0
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            step = distances[i - 1, j - 1]
            both = cost[i - 1, j - 1] + 2.0 * step
            down = cost[i - 1, j] + detour * step
            right = cost[i, j - 1] + detour * step
            cost[i, j] = min(both, down, right)
            came[i, j] = 0 if both <= min(down, right) else (1 if down <= right else 2)
    path = np.empty((rows + columns, 2), np.int64)
    count, i, j = 0, rows, columns
    while i > 0 and j > 0:
        path[count, 0], path[count, 1] = i - 1, j - 1
        count += 1
        if came[i, j] != 2:
            i -= 1
            if came[i + 1, j] == 0:
                j -= 1
        else:
            j -= 1
    return path[:count][::-1].copy()
