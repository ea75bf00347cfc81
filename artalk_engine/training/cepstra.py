"""Mel cepstra: what a short piece of speech sounds like, in 13 numbers.

References:
    Davis and Mermelstein, Comparison of parametric representations for monosyllabic word recognition, 1980.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.signal import savgol_filter, stft

from .speech import SAMPLE_RATE_HZ

Floats = NDArray[np.float64]

STEP_S = 0.01
CEPSTRA = 13
_BANDS = 30
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 6000.0
_FLOOR_DB = 60.0  # below the loudest frame, nothing is told apart


def cepstra(waveform: NDArray[np.float32]) -> Floats:
    """Return mel cepstra ``[A, 13]`` every 10 ms of ``[S]`` at 16 kHz; the first grows with the level."""
    hop = round(STEP_S * SAMPLE_RATE_HZ)
    _, _, spectrum = stft(waveform, fs=SAMPLE_RATE_HZ, nperseg=2 * hop + hop // 2, noverlap=hop + hop // 2, nfft=512)
    power = _filters(spectrum.shape[0]) @ np.abs(spectrum) ** 2
    levels = np.log(power + power.max() * 10.0 ** (-_FLOOR_DB / 10.0) + 1e-12).T
    return np.asarray(dct(levels, norm="ortho", axis=1)[:, :CEPSTRA])


def with_slopes(values: Floats) -> Floats:
    """Return values ``[A, C]`` with how fast they rise over five frames and how that changes, ``[A, 3 C]``."""
    slopes = _slopes(values)
    return np.concatenate([values, slopes, _slopes(slopes)], axis=1)


def _slopes(values: Floats) -> Floats:
    """Slope of the line through each frame and two neighbours on either side."""
    return np.asarray(savgol_filter(values, 5, 1, deriv=1, axis=0, mode="nearest"))


def _filters(bins: int) -> Floats:
    """Return triangles ``[30, bins]``, evenly spaced in mel."""
    lowest, highest = (2595.0 * np.log10(1.0 + limit_hz / 700.0) for limit_hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges_mel = np.linspace(lowest, highest, _BANDS + 2)
    edges = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    places_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2.0, bins)
    rising = (places_hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - places_hz) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))
