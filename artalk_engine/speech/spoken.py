"""What a synthesizer hands over: a waveform and the sounds in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bridge.phones import PAUSE, Phones

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound of a speech.

    Attributes:
        symbol: in the International Phonetic Alphabet, ``""`` for a pause.
        start_s: where it begins, in seconds.
        end_s: where it ends, in seconds.
    """

    symbol: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A text as it was spoken.

    Attributes:
        waveform: ``[S]`` float32 mono at 16 kHz.
        phones: in the order of time; none where the synthesizer does not tell.
        language: code of the language spoken.
        voice: name of the voice that spoke.
    """

    waveform: NDArray[np.float32]
    phones: tuple[Phone, ...]
    language: str
    voice: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / SAMPLE_RATE_HZ

    def followed_by_silence(self, seconds: float) -> Speech:
        """Return the same speech with a pause after it."""
        silence = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
        pause = Phone(PAUSE, self.duration_s, self.duration_s + seconds)
        phones = (*self.phones, pause) if self.phones and seconds else self.phones
        return replace(self, waveform=np.concatenate([self.waveform, silence]), phones=phones)


def to_16_khz(waveform: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Resample ``[S]`` to 16 kHz."""
    from scipy.signal import resample_poly  # loads ten times as fast as PyTorch, which sound alone does not need

    divisor = math.gcd(rate_hz, SAMPLE_RATE_HZ)
    if rate_hz == SAMPLE_RATE_HZ or not waveform.size:
        return waveform
    return np.asarray(resample_poly(waveform, SAMPLE_RATE_HZ // divisor, rate_hz // divisor), np.float32)


def later(phones: Sequence[Phone], seconds: float) -> list[Phone]:
    """Return phones that begin some seconds later."""
    return [replace(phone, start_s=phone.start_s + seconds, end_s=phone.end_s + seconds) for phone in phones]


def as_phones(phones: Sequence[Phone]) -> Phones:
    """Return phones the way motion files and messages hold them."""
    times = np.array([(phone.start_s, phone.end_s) for phone in phones], np.float32).reshape(-1, 2)
    return Phones(tuple(phone.symbol for phone in phones), times)
