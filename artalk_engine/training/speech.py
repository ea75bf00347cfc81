"""What a synthesizer hands over: a waveform and the phones in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from .phones import PAUSE, Phone

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Speech:
    """A spoken sentence whose sounds are known.

    Attributes:
        waveform: ``[S]`` float32 mono at 16 kHz.
        phones: gapless and in order, from 0 to the end of the waveform.
    """

    waveform: NDArray[np.float32]
    phones: tuple[Phone, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / SAMPLE_RATE_HZ


def to_16_khz(waveform: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float32]:
    """Resample ``[S]`` to 16 kHz."""
    if sample_rate_hz == SAMPLE_RATE_HZ:
        return waveform
    divisor = int(np.gcd(sample_rate_hz, SAMPLE_RATE_HZ))
    resampled = resample_poly(waveform, SAMPLE_RATE_HZ // divisor, sample_rate_hz // divisor)
    return np.asarray(resampled, np.float32)


def gapless(phones: Sequence[Phone], duration_s: float) -> tuple[Phone, ...]:
    """Cut phones to a clip, merge neighbouring pauses, and let pauses fill what is left at either end."""
    inside = [replace(p, end_s=min(p.end_s, duration_s)) for p in phones if p.start_s < duration_s]
    if not inside:
        return (Phone(PAUSE, 0.0, duration_s),)
    if inside[0].start_s > 0.0:
        inside.insert(0, Phone(PAUSE, 0.0, inside[0].start_s))
    if inside[-1].end_s < duration_s:
        inside.append(Phone(PAUSE, inside[-1].end_s, duration_s))
    merged: list[Phone] = []
    for phone in inside:
        if merged and phone.symbol == PAUSE == merged[-1].symbol:
            merged[-1] = replace(merged[-1], end_s=phone.end_s)
        else:
            merged.append(phone)
    return tuple(merged)


def join(parts: Sequence[Speech]) -> Speech:
    """Speak one part after the other."""
    phones: list[Phone] = []
    start_s = 0.0
    for part in parts:
        phones += [replace(p, start_s=p.start_s + start_s, end_s=p.end_s + start_s) for p in part.phones]
        start_s += part.duration_s
    waveform = np.concatenate([part.waveform for part in parts])
    return Speech(waveform, gapless(phones, len(waveform) / SAMPLE_RATE_HZ))
