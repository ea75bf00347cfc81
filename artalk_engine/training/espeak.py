"""Speech from espeak-ng, with the time of every phone.

The process's one synthesizer (``artalk_engine.speech.espeak_library``) says at which sample each sound begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import VoiceError
from artalk_engine.speech.espeak_library import Manner, espeak_library

from .espeak_names import from_espeak
from .phones import VOWELS, Phone, with_stress
from .speech import SAMPLE_RATE_HZ, Speech, gapless, to_16_khz

ACCENTS = ("en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """How espeak-ng is to speak.

    Attributes:
        accent: one of ``ACCENTS``, or another language of espeak-ng's.
        variant: a file of espeak-ng's ``voices/!v`` folder, or empty.
        rate: words a minute.
        pitch: 0 to 100.
        pitch_range: 0 (monotone) to 100.
    """

    accent: str = "en-us"
    variant: str = ""
    rate: int = 160
    pitch: int = 50
    pitch_range: int = 50

    @property
    def name(self) -> str:
        """Accent and variant as espeak-ng writes them."""
        return f"{self.accent}+{self.variant}" if self.variant else self.accent

    @property
    def language(self) -> str:
        """First part of the accent's name."""
        return self.accent.partition("-")[0]


def speak(text: str, voice: EspeakVoice) -> Speech:
    """Speak one text.

    Args:
        text: in the language of the voice.
        voice: who speaks, and how.

    Returns:
        The speech, 16 kHz.

    Raises:
        ValueError: if the voice does not exist or nothing was said.
    """
    samples, events = _run(text, voice)
    if not events or not len(samples):
        raise ValueError(f"espeak-ng said nothing for {text!r} as {voice.name}")
    rate_hz = espeak_library().sample_rate_hz
    waveform = to_16_khz(samples.astype(np.float32) / 32768.0, rate_hz)
    duration_s = len(waveform) / SAMPLE_RATE_HZ
    phones = gapless(_phones(events, rate_hz, duration_s, voice.language), duration_s)
    return Speech(waveform, _with_closures(phones, waveform))


def transcribe(text: str, voice: EspeakVoice) -> tuple[tuple[str, int], ...]:
    """The sounds of a text as ``(symbol, stress)``, without speaking it."""
    return tuple(sound for word in transcribe_words(text, voice) for sound in word)


def transcribe_words(text: str, voice: EspeakVoice) -> tuple[tuple[tuple[str, int], ...], ...]:
    """The sounds of each word of a text as ``(symbol, stress)``, without speaking it."""
    words = []
    for word in espeak_library().transcribe(text, _manner(voice)).split():
        names = [name.lstrip(":!") for name in word.split("_")]  # marks of pauses and of links go
        words.append(tuple(sound for name in names if name for sound in _sounds(name, voice.language)))
    return tuple(word for word in words if word)


def align_stress(phones: Sequence[Phone], sounds: Sequence[tuple[str, int]]) -> tuple[Phone, ...]:
    """Carry the stress of a transcription over to spoken phones, matching vowels in order.

    Vowels that the two do not share (reduced in running speech, or another dictionary's choice) take the stress of the
    vowel at the same place inside the stretch that differs.
    """
    spoken = [p.symbol for p in phones if p.symbol in VOWELS]
    written = [(symbol, stress) for symbol, stress in sounds if symbol in VOWELS]
    stresses = [0] * len(spoken)
    matcher = SequenceMatcher(None, [symbol for symbol, _ in written], spoken, autojunk=False)
    for _, i0, i1, j0, j1 in matcher.get_opcodes():
        for i, j in zip(range(i0, i1), range(j0, j1), strict=False):
            stresses[j] = written[i][1]
    return with_stress(phones, stresses)


def _phones(events: Sequence[tuple[int, str]], rate_hz: int, duration_s: float, language: str) -> list[Phone]:
    starts_s = [min(sample / rate_hz, duration_s) for sample, _ in events]
    ends_s = [*starts_s[1:], duration_s]
    phones: list[Phone] = []
    for (_, name), start_s, end_s in zip(events, starts_s, ends_s, strict=True):
        sounds = _sounds(name, language)
        edges_s = np.linspace(start_s, max(start_s, end_s), len(sounds) + 1)
        phones += [Phone(s, float(a), float(b), k) for (s, k), a, b in zip(sounds, edges_s, edges_s[1:], strict=False)]
    return phones


def _sounds(name: str, language: str) -> list[tuple[str, int]]:
    """Symbols of one phoneme name with their stress, which goes to its first vowel."""
    stress = 1 if "'" in name else 2 if "," in name else 0
    sounds = []
    for symbol in from_espeak(name, language):
        is_vowel = symbol in VOWELS
        sounds.append((symbol, stress if is_vowel else 0))
        stress = 0 if is_vowel else stress
    return sounds


def _with_closures(phones: Sequence[Phone], waveform: NDArray[np.float32]) -> tuple[Phone, ...]:
    """Give voiceless stops their closure.

    espeak-ng reports a voiceless stop at its burst and leaves the silence of the closure to the sound before. The
    closure is found as the quiet stretch that ends at the burst.
    """
    levels_db = _levels_db(waveform)
    quiet_db = float(np.percentile(levels_db, 90)) - _CLOSURE_DEPTH_DB
    timed = list(phones)
    for k in range(1, len(timed)):
        before, stop = timed[k - 1], timed[k]
        if stop.symbol not in _VOICELESS_STOPS:
            continue
        earliest_s = stop.start_s - min(_LONGEST_CLOSURE_S, _CLOSURE_SHARE * before.duration_s)
        step = round(stop.start_s / _STEP_S)
        while step > 0 and (step - 1) * _STEP_S >= earliest_s and levels_db[min(step, len(levels_db)) - 1] < quiet_db:
            step -= 1
        start_s = min(stop.start_s, max(step * _STEP_S, earliest_s))
        timed[k - 1], timed[k] = replace(before, end_s=start_s), replace(stop, start_s=start_s)
    return tuple(timed)


def _levels_db(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    size = round(_STEP_S * SAMPLE_RATE_HZ)
    count = max(1, len(waveform) // size)
    frames = np.resize(waveform, (count, size)).astype(np.float64)
    return np.asarray(10.0 * np.log10((frames**2).mean(axis=1) + 1e-10))


_VOICELESS_STOPS = frozenset(("p", "t", "k", "ch"))
_STEP_S = 0.005
_LONGEST_CLOSURE_S = 0.08
_CLOSURE_SHARE = 0.6  # of the sound before, at most
_CLOSURE_DEPTH_DB = 18.0  # below the level of the vowels


def _run(text: str, voice: EspeakVoice) -> tuple[NDArray[np.int16], list[tuple[int, str]]]:
    """Samples ``[S]`` and ``(first sample, phoneme name)`` of each sound."""
    try:
        return espeak_library().run(text, _manner(voice), reads_phonemes=True)
    except VoiceError as exc:
        raise ValueError(f"espeak-ng has no voice {voice.name}") from exc


def _manner(voice: EspeakVoice) -> Manner:
    return Manner(voice.name, voice.rate, voice.pitch, voice.pitch_range)
