"""Speech from espeak-ng: offline, small, in a hundred languages, with the time of every sound."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from artalk_engine.errors import TextError
from bridge.errors import JobCancelledError
from bridge.phones import PAUSE

from .espeak_library import LEAST_WORDS, MIDDLE, MOST_WORDS, WORDS_A_MINUTE, Manner, espeak_library
from .options import SpeakOptions
from .spoken import Phone, Speech, to_16_khz
from .stops import with_closures
from .voices import Language, Voice

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff々]")
READS_HAN = ("cmn", "yue", "hak")
HIGHEST, LOWEST = 7.9, 6.0  # semitones from the middle to either end of espeak-ng's pitch, measured
_SWITCH = re.compile(r"\([a-z0-9-]*\)?")  # to another language and back, as for a foreign word
_VOICELESS_STOPS = ("p", "t", "k", "q", "c", "ʈ")


class EspeakSynthesizer:
    """One of espeak-ng's voices."""

    def __init__(self, language: Language, voice: Voice, options: SpeakOptions) -> None:
        """Prepare a voice.

        Args:
            language: to speak.
            voice: espeak-ng's own, or one of its variants.
            options: how fast and high.
        """
        self.language, self.voice = language.code, voice.name or "espeak"
        self.pause_scale = 1.0 / options.rate
        self._name = language.name
        self._manner = Manner(
            voice=f"{language.espeak}+{voice.name}" if voice.name else language.espeak,
            rate=int(np.clip(round(WORDS_A_MINUTE * options.rate), LEAST_WORDS, MOST_WORDS)),
            pitch=_pitch(options.pitch),
            is_ipa=True,
        )

    def check(self, text: str) -> None:
        """Refuse what espeak-ng would spell out as "Chinese letter".

        Raises:
            TextError: if there are Chinese characters in a text of another language.
        """
        found = HAN.search(text) if not self.language.startswith(READS_HAN) else None
        if found:
            raise TextError(
                f"espeak-ng cannot read {found[0]!r} in {self._name}.",
                "Write Japanese in kana, choose cmn or yue for Chinese, or choose a Piper voice of the language.",
            )

    def speak(self, text: str, should_stop: Callable[[], bool] | None = None) -> Speech:
        """Speak a few sentences.

        Raises:
            TextError: if nothing in them can be spoken.
            JobCancelledError: if it was to stop.
        """
        library = espeak_library()
        samples, events = library.run(text, self._manner, should_stop)
        if should_stop is not None and should_stop():
            raise JobCancelledError
        waveform = to_16_khz(samples.astype(np.float32) / 32768.0, library.sample_rate_hz)
        if not len(waveform) or not np.any(waveform):
            raise TextError(f"espeak-ng has nothing to say for {_brief(text)} in {self._name}.", "Choose its language.")
        starts = [(sample / library.sample_rate_hz, name) for sample, name in events]
        phones = _phones(starts, len(samples) / library.sample_rate_hz)
        return Speech(waveform, tuple(with_closures(phones, waveform, _is_voiceless_stop)), self.language, self.voice)


def _pitch(semitones: float) -> int:
    """Return espeak-ng's number for a pitch."""
    reach = HIGHEST if semitones > 0 else LOWEST
    return int(np.clip(round(MIDDLE * (1.0 + semitones / reach)), 0, 2 * MIDDLE - 1))


def _phones(starts: Sequence[tuple[float, str]], duration_s: float) -> list[Phone]:
    """Give each sound its time, make one pause of neighbouring ones, and leave out what takes none."""
    named = [(start_s, name) for start_s, name in starts if not _SWITCH.fullmatch(name)]
    ends_s = [start_s for start_s, _ in named[1:]] + [duration_s]
    phones = [Phone(PAUSE, 0.0, named[0][0])] if named and named[0][0] > 0.0 else []
    for (start_s, name), end_s in zip(named, ends_s, strict=True):
        if name == PAUSE and phones and phones[-1].symbol == PAUSE:
            phones[-1] = Phone(PAUSE, phones[-1].start_s, end_s)
        elif end_s > start_s:
            phones.append(Phone(name, start_s, end_s))
    return phones


def _is_voiceless_stop(symbol: str) -> bool:
    return symbol.lstrip("ˈˌ").startswith(_VOICELESS_STOPS)


def _brief(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
