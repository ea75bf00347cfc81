"""Speech that nobody spoke: random phones with a sound that follows them, quick to make and free of synthesizers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from artalk_engine.training.phones import BILABIALS, CONSONANTS, VOWELS, Phone

SAMPLE_RATE_HZ = 16_000


def invent(seed: int, seconds: float = 6.0, pace: float = 1.0) -> tuple[tuple[Phone, ...], NDArray[np.float32]]:
    """Make up phrases of syllables with pauses between them; a higher pace is quicker speech."""
    random = np.random.default_rng(seed)
    phones = [Phone("pau", 0.0, 0.3)]
    while phones[-1].end_s < seconds - 0.5:
        for _ in range(int(random.integers(4, 12))):
            among = sorted(BILABIALS if random.random() < 0.3 else CONSONANTS)
            _add(phones, str(random.choice(among)), random.uniform(0.05, 0.1) / pace)
            stress = int(random.choice([0, 0, 1, 2]))
            _add(phones, str(random.choice(sorted(VOWELS))), random.uniform(0.07, 0.18) / pace, stress)
        _add(phones, "pau", float(random.uniform(0.1, 0.7)))
    return tuple(phones), sound_of(phones)


def sound_of(phones: list[Phone] | tuple[Phone, ...]) -> NDArray[np.float32]:
    """Give vowels a loud hum, consonants a quiet one and pauses nothing."""
    waveform = np.zeros(round(phones[-1].end_s * SAMPLE_RATE_HZ), np.float32)
    for phone in phones:
        first, last = round(phone.start_s * SAMPLE_RATE_HZ), round(phone.end_s * SAMPLE_RATE_HZ)
        level = 0.0 if phone.symbol == "pau" else 0.2 + 0.1 * phone.stress if phone.symbol in VOWELS else 0.03
        waveform[first:last] = level * np.sin(np.arange(first, last) * 0.05)
    return waveform


def spoken(*sounds: tuple[str, float]) -> tuple[Phone, ...]:
    """Put symbols with their durations one after the other."""
    phones: list[Phone] = []
    for symbol, seconds in sounds:
        start = phones[-1].end_s if phones else 0.0
        phones.append(Phone(symbol, start, start + seconds))
    return tuple(phones)


def _add(phones: list[Phone], symbol: str, seconds: float, stress: int = 0) -> None:
    phones.append(Phone(symbol, phones[-1].end_s, phones[-1].end_s + seconds, stress))
