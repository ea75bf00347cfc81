"""From a text to its sound: the whole way on one screen.

text -> pieces of a few sentences -> a synthesizer -> speech with its pauses -> an array, or a WAV file
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from artalk_engine.errors import OutputError
from bridge.errors import JobCancelledError
from bridge.phones import Phones
from bridge.whole_file import whole_file

from .espeak import EspeakSynthesizer
from .online import OnlineSynthesizer
from .options import SpeakOptions
from .piper import PiperSynthesizer
from .spoken import SAMPLE_RATE_HZ, Phone, Speech, as_phones, later
from .text import pieces
from .voices import find_language, find_voice

Told = Callable[[int, int], None]  # of letters spoken, and of all


class Synthesizer(Protocol):
    """Somebody who can speak a few sentences.

    Attributes:
        language: code of the language.
        voice: name of the voice.
        pause_scale: how much longer than usual its pauses are.
    """

    language: str
    voice: str
    pause_scale: float

    def check(self, text: str) -> None:
        """Refuse a text that cannot be read, before any of it is spoken."""

    def speak(self, text: str, should_stop: Callable[[], bool] | None = None) -> Speech:
        """Speak a few sentences."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A text that was spoken into a file.

    Attributes:
        path: of the sound.
        duration_s: its length.
        phones: what is spoken when; without entries where the synthesizer does not tell.
        language: code of the language spoken.
        voice: name of the voice that spoke.
    """

    path: Path
    duration_s: float
    phones: Phones
    language: str
    voice: str


def load_synthesizer(options: SpeakOptions) -> Synthesizer:
    """Find the synthesizer that options ask for.

    Raises:
        SpeechError: if there is no such language or voice.
        OptionError: if it cannot speak that way.
    """
    voice = find_voice(options.voice, options.folder)
    if voice.kind == "piper":
        return PiperSynthesizer(voice, options)
    language = find_language(options.language)
    return (
        OnlineSynthesizer(language, options) if voice.kind == "online" else EspeakSynthesizer(language, voice, options)
    )


def stream_speech(
    text: str,
    options: SpeakOptions | None = None,
    should_stop: Callable[[], bool] | None = None,
    tell: Told | None = None,
) -> Iterator[Speech]:
    """Speak a text of any length a few sentences at a time, each with the pause that follows it.

    Args:
        text: to speak.
        options: how; None is espeak-ng's American English.
        should_stop: asked now and then; true ends the work.
        tell: called with the number of letters spoken and of all.

    Raises:
        SpeechError: if the text or the voice cannot be used; all that can be refused is refused before the first piece.
        JobCancelledError: if it was to stop.
    """
    synthesizer = load_synthesizer(options or SpeakOptions())
    parts = list(pieces(text))
    synthesizer.check(text)
    total, done = sum(len(part.text) for part in parts), 0
    for part in parts:
        if should_stop is not None and should_stop():
            raise JobCancelledError
        speech = synthesizer.speak(part.text, should_stop)
        yield speech.followed_by_silence(part.pause_s * synthesizer.pause_scale)
        done += len(part.text)
        if tell is not None:
            tell(done, total)


def speak(text: str, options: SpeakOptions | None = None) -> Speech:
    """Speak a text and return all of it.

    Args:
        text: to speak.
        options: how; None is espeak-ng's American English.

    Raises:
        SpeechError: if the text or the voice cannot be used.
    """
    spoken = list(stream_speech(text, options))
    waveform = np.concatenate([part.waveform for part in spoken])
    return Speech(waveform, tuple(_in_order(spoken)), spoken[0].language, spoken[0].voice)


def speak_to_file(
    text: str,
    path: Path,
    options: SpeakOptions | None = None,
    *,
    is_forced: bool = False,
    should_stop: Callable[[], bool] | None = None,
    tell: Told | None = None,
) -> Spoken:
    """Speak a text into a WAV file, 16 kHz mono; memory does not grow with its length.

    Args:
        text: to speak.
        path: the file, which appears when all is spoken.
        options: how; None is espeak-ng's American English.
        is_forced: replace a file that exists.
        should_stop: asked now and then; true ends the work.
        tell: called with the number of letters spoken and of all.

    Raises:
        SpeechError: if the text or the voice cannot be used.
        OutputError: if the file exists, or cannot be written.
        JobCancelledError: if it was to stop; no file is written then.
    """
    check_sound_output(path, is_forced)
    phones: list[Phone] = []
    samples = 0
    try:
        with whole_file(path) as stream, wave.open(stream, "wb") as sound:
            sound.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            for part in stream_speech(text, options, should_stop, tell):
                phones += later(part.phones, samples / SAMPLE_RATE_HZ)
                samples += len(part.waveform)
                sound.writeframes((np.clip(part.waveform, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes())
                language, voice = part.language, part.voice
    except OSError as exc:
        raise OutputError(f"{path} cannot be written ({exc.strerror or exc})") from exc
    return Spoken(path, samples / SAMPLE_RATE_HZ, as_phones(phones), language, voice)


def check_sound_output(path: Path, is_forced: bool) -> None:
    """Make sure that a sound file may be written.

    Raises:
        OutputError: if its folder is missing, or it exists and is not to be replaced.
    """
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", "Create the folder, or choose another.")
    if path.is_dir() or (path.exists() and not is_forced):
        raise OutputError(f"{path} exists already", "Choose another name, or ask for it to be replaced (--force).")


def _in_order(spoken: list[Speech]) -> Iterator[Phone]:
    start_s = 0.0
    for part in spoken:
        yield from later(part.phones, start_s)
        start_s += part.duration_s
