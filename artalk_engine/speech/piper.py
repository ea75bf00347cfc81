"""Speech from a Piper voice: natural, offline, one language and about 60 MB each.

A voice is ``NAME.onnx`` with ``NAME.onnx.json``, which its user has fetched. Voices that give the duration of each
phoneme as a second output tell when each sound is spoken; of others only the sound is known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from artalk_engine.errors import LanguageError, OptionError, TextError, VoiceError
from bridge.errors import JobCancelledError
from bridge.phones import PAUSE

from .options import SpeakOptions
from .spoken import Phone, Speech, later, to_16_khz
from .text import SENTENCE_PAUSE_S
from .voices import Voice, find_language

if TYPE_CHECKING:
    from piper import PiperVoice

_STRESS = "ˈˌ"  # phonemes of their own in Piper, a part of the sound that follows in IPA
_DOWNLOADS = "pinyin"  # the kind of phonemes whose dictionary Piper fetches when it is missing


class PiperSynthesizer:
    """A Piper voice, loaded."""

    def __init__(self, voice: Voice, options: SpeakOptions) -> None:
        """Load a voice.

        Args:
            voice: with its path.
            options: who of its speakers, and how fast.

        Raises:
            SpeechError: if it cannot be loaded, or speaks another language than the one asked for.
            OptionError: if its pitch is to be changed.
        """
        self.language, self.voice = voice.language, voice.name
        self.pause_scale = 1.0 / options.rate
        if options.pitch:
            raise OptionError(
                f"The pitch of {voice.name} cannot be changed.", "Leave it at 0, or choose another voice."
            )
        if options.language and not _is_same(find_language(options.language).code, voice.language):
            raise LanguageError(
                f"{voice.name} speaks {voice.language}, not {options.language}.",
                "Choose its language, or another voice.",
            )
        speaker = _speaker(voice, options.speaker)
        self._voice, self._config = _load(voice, options.allow_online)
        self._config.speaker_id = speaker
        self._config.length_scale = self._voice.config.length_scale / options.rate

    def check(self, text: str) -> None:
        """Accept every text; what a voice cannot read it leaves out."""

    def speak(self, text: str, should_stop: Callable[[], bool] | None = None) -> Speech:
        """Speak a few sentences.

        Raises:
            VoiceError: if the voice fails.
            TextError: if nothing in them can be spoken.
            JobCancelledError: if it was to stop.
        """
        spoken: list[Speech] = []
        try:
            for chunk in self._voice.synthesize(text, self._config, include_alignments=True):
                if should_stop is not None and should_stop():
                    raise JobCancelledError
                spoken.append(self._speech(chunk))
        except JobCancelledError:
            raise
        except Exception as exc:  # the model and each language's dictionary fail in their own ways
            raise VoiceError(
                f"The Piper voice {self.voice} cannot speak this ({exc}).", "Choose another voice."
            ) from exc
        if not spoken:
            raise TextError(f"{self.voice} has nothing to say for this text.", "Write it in the voice's language.")
        pause_s = SENTENCE_PAUSE_S * self.pause_scale
        parts = [*(speech.followed_by_silence(pause_s) for speech in spoken[:-1]), spoken[-1]]
        return _joined(parts)

    def _speech(self, chunk: Any) -> Speech:
        waveform = to_16_khz(np.asarray(chunk.audio_float_array, np.float32).reshape(-1), chunk.sample_rate)
        phones = _phones(chunk.phoneme_alignments or (), chunk.sample_rate)
        return Speech(waveform, tuple(phones), self.language, self.voice)


def _load(voice: Voice, allow_online: bool) -> tuple[PiperVoice, Any]:
    try:
        from piper import PiperVoice, SynthesisConfig
    except ImportError as exc:
        raise VoiceError(
            "Piper is not installed in the engine's Python.", "Install it there: python -m pip install piper-tts"
        ) from exc
    assert voice.path is not None  # noqa: S101 - every Piper voice has one
    try:
        # Piper can add the second output to a model if it can read it.
        loaded = PiperVoice.load(voice.path, download_dir=voice.path.parent, include_alignments=bool(find_spec("onnx")))
    except Exception as exc:  # whatever the runtime says of a damaged file
        raise VoiceError(f"The Piper voice {voice.name} cannot be loaded.", "Fetch both its files again.") from exc
    has_dictionary = (voice.path.parent / "g2pW").is_dir()
    if loaded.config.phoneme_type.value == _DOWNLOADS and not (allow_online or has_dictionary):
        text = f"{voice.name} needs a dictionary from the internet."
        raise VoiceError(text, "Allow online access once, or choose another voice.")
    return loaded, SynthesisConfig()


def _speaker(voice: Voice, wanted: str) -> int | None:
    """Return the number of a speaker by name or number."""
    if not wanted:
        return None
    if wanted in voice.speakers:
        return voice.speakers.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(voice.speakers):
        return int(wanted)
    known = ", ".join(voice.speakers[:20])
    remedy = f"It has: {known}." if known else "It has a single one; leave the speaker out."
    raise VoiceError(f"{voice.name} has no speaker {wanted!r}.", remedy)


def _phones(alignments: Iterable[Any], rate_hz: int) -> list[Phone]:
    """Make sounds of Piper's phonemes: stress goes to the sound after it, length and other marks to the one before."""
    phones: list[Phone] = []
    mark, start = "", 0
    for aligned in alignments:
        begin_s, end_s = start / rate_hz, (start + int(aligned.num_samples)) / rate_hz
        start += int(aligned.num_samples)
        name = str(aligned.phoneme)
        kind = unicodedata.category(name[0]) if name else "Po"
        if name in _STRESS:
            mark = name
            phones.append(Phone(PAUSE, begin_s, end_s))
        elif kind in ("Mn", "Lm", "Sk") and phones and phones[-1].symbol:
            phones[-1] = Phone(phones[-1].symbol + name, phones[-1].start_s, end_s)
        else:
            begin_s = phones.pop().start_s if mark else begin_s
            phones.append(Phone(mark + name if kind[0] == "L" else PAUSE, begin_s, end_s))
            mark = ""
    return phones


def _joined(parts: list[Speech]) -> Speech:
    phones: list[Phone] = []
    start_s = 0.0
    for part in parts:
        phones += later(part.phones, start_s)
        start_s += part.duration_s
    return Speech(np.concatenate([part.waveform for part in parts]), tuple(phones), parts[0].language, parts[0].voice)


def _is_same(first: str, second: str) -> bool:
    """Return whether two codes name one language, wherever it is spoken."""
    first, second = ("cmn" if code.startswith("zh") else code for code in (first, second))
    return first.partition("-")[0] == second.partition("-")[0]
