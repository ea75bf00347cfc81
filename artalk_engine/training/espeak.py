"""Speech from espeak-ng, with the time of every phone.

The library of the ``espeakng-loader`` wheel is driven through its C interface: it calls back with pieces of sound and
with events, and a phoneme event says at which sample a sound begins. The library keeps its state in globals, so one
process has one synthesizer.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    synthesizer = _synthesizer()
    samples, events = synthesizer.run(text, voice)
    if not events or not len(samples):
        raise ValueError(f"espeak-ng said nothing for {text!r} as {voice.name}")
    rate_hz = synthesizer.sample_rate_hz
    waveform = to_16_khz(samples.astype(np.float32) / 32768.0, rate_hz)
    duration_s = len(waveform) / SAMPLE_RATE_HZ
    phones = gapless(_phones(events, rate_hz, duration_s, voice.language), duration_s)
    return Speech(waveform, _with_closures(phones, waveform))


def transcribe(text: str, voice: EspeakVoice) -> tuple[tuple[str, int], ...]:
    """The sounds of a text as ``(symbol, stress)``, without speaking it."""
    sounds: list[tuple[str, int]] = []
    for name in _synthesizer().transcribe(text, voice).replace(" ", "_").replace("\n", "_").split("_"):
        sounds += (
            _sounds(name, voice.language) if name.strip(":") else []
        )  # the colon is what is left of a pause's name
    return tuple(sounds)


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


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_PHONEME_EVENTS, _DONT_EXIT = 0x0001, 0x8000
_LIST_END, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8 = 1
_PHONEMES_IN_BRACKETS = 0x0100
_SEPARATED = ord("_") << 8


class _Synthesizer:
    """The library, loaded and listening."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        data = str(espeakng_loader.get_data_path()).encode()
        options = _PHONEME_EVENTS | _DONT_EXIT
        self.sample_rate_hz = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, options))
        if self.sample_rate_hz <= 0:
            raise ValueError("espeak-ng's library could not be initialised")
        self._pieces: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, str]] = []
        self._callback = _CALLBACK(self._listen)  # kept: the library holds a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def run(self, text: str, voice: EspeakVoice) -> tuple[NDArray[np.int16], list[tuple[int, str]]]:
        """Samples ``[S]`` and ``(first sample, phoneme name)`` of each sound."""
        self._set(voice)
        self._pieces, self._events = [], []
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8 | _PHONEMES_IN_BRACKETS, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate([*self._pieces, np.zeros(0, np.int16)])
        return samples, self._events

    def transcribe(self, text: str, voice: EspeakVoice) -> str:
        """Phoneme names joined by underscores, stress marks in front of them."""
        self._set(voice)
        pointer = ctypes.c_char_p(text.encode())
        parts = []
        while pointer.value:
            clause = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _SEPARATED)
            parts.append((clause or b"").decode())
        return " ".join(parts)

    def _set(self, voice: EspeakVoice) -> None:
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice.name}")
        for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _listen(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        k = 0
        while events[k].type != _LIST_END:
            if events[k].type == _PHONEME:
                self._events.append((events[k].sample, events[k].name.decode(errors="replace")))
            k += 1
        return 0


@cache
def _synthesizer() -> _Synthesizer:
    return _Synthesizer()
