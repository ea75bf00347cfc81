"""Which syllables stand out, from lexical stress and from the sound itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .phones import VOWELS, Phone

Floats = NDArray[np.float64]

SAMPLE_RATE_HZ = 16_000
_BY_STRESS = (0.15, 0.70, 0.40)  # none, primary, secondary
_BY_LOUDNESS = 0.3  # for a vowel `_LOUDNESS_RANGE_DB` louder than the vowels around it
_LOUDNESS_RANGE_DB = 6.0
_AROUND_S = 1.5  # within which vowels are compared: a listener, too, knows no more


def emphasis(phones: Sequence[Phone], waveform: NDArray[np.float32]) -> Floats:
    """Return how much each phone stands out, ``[N]`` from 0 to 1; consonants and pauses get 0.

    Args:
        phones: in order of time.
        waveform: ``[S]`` at 16 kHz.
    """
    is_vowel = np.array([phone.symbol in VOWELS for phone in phones], dtype=bool)
    if not is_vowel.any():
        return np.zeros(len(phones))
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    edges = np.array([[phone.start_s, phone.end_s] for phone in phones]) * SAMPLE_RATE_HZ
    first, last = np.clip(edges.astype(np.int64), 0, len(waveform)).T
    power = (energy[last] - energy[first]) / np.maximum(last - first, 1)
    loudness_db = 10.0 * np.log10(power + 1e-10)
    middles = edges.mean(axis=1) / SAMPLE_RATE_HZ
    near = np.exp(-np.square((middles[:, None] - middles[is_vowel]) / _AROUND_S)) + 1e-9  # [N, vowels]
    around_db = near @ loudness_db[is_vowel] / near.sum(axis=1)
    above = np.clip((loudness_db - around_db) / _LOUDNESS_RANGE_DB, -1.0, 1.0)
    by_stress = np.array([_BY_STRESS[phone.stress] for phone in phones])
    return np.where(is_vowel, np.clip(by_stress + _BY_LOUDNESS * above, 0.0, 1.0), 0.0)
