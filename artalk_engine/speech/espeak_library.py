"""espeak-ng's library from the ``espeakng-loader`` wheel, driven through its C interface.

The library calls back with pieces of sound and with events; a phoneme event says at which sample a sound begins. It
keeps its state in globals, so one process has one synthesizer, and one thread at a time may use it.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artalk_engine.environment import needed_packages
from artalk_engine.errors import VoiceError

WORDS_A_MINUTE = 175  # espeak-ng's own
LEAST_WORDS, MOST_WORDS = 80, 450
MIDDLE = 50  # of pitch and its range, 0 to 100


@dataclass(frozen=True, slots=True)
class Manner:
    """How the library is to speak.

    Attributes:
        voice: a language with a variant, such as ``"en-us+f3"``.
        rate: words a minute.
        pitch: 0 to 100.
        pitch_range: 0 (monotone) to 100.
        is_ipa: whether sounds are named in the International Phonetic Alphabet, rather than by espeak-ng's mnemonics.
    """

    voice: str
    rate: int = WORDS_A_MINUTE
    pitch: int = MIDDLE
    pitch_range: int = MIDDLE
    is_ipa: bool = False


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """One of the library's languages.

    Attributes:
        code: by which it is chosen.
        name: in English.
        path: of its file in the library's data.
    """

    code: str
    name: str
    path: str


class EspeakLibrary:
    """The library, loaded and listening."""

    def __init__(self) -> None:
        with needed_packages():
            import espeakng_loader

        self._lock = threading.Lock()
        self._data = str(espeakng_loader.get_data_path())
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._callback = _CALLBACK(self._listen)  # kept: the library holds a bare pointer
        self._is_ipa = False
        self._should_stop: Callable[[], bool] | None = None
        self._pieces: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, str]] = []
        self.sample_rate_hz = self._initialize(is_ipa=False)

    @property
    def data_path(self) -> str:
        """Folder of the library's languages and variants."""
        return self._data

    def run(
        self,
        text: str,
        manner: Manner,
        should_stop: Callable[[], bool] | None = None,
        reads_phonemes: bool = False,
    ) -> tuple[NDArray[np.int16], list[tuple[int, str]]]:
        """Speak.

        Args:
            text: of any length, though all of its sound is held.
            manner: who speaks, and how.
            should_stop: asked between pieces of sound; true ends the speech early.
            reads_phonemes: whether what stands in double square brackets names sounds.

        Returns:
            samples ``[S]`` and ``(first sample, name)`` of each sound.

        Raises:
            VoiceError: if the library has no such voice.
        """
        data = text.replace("\0", " ").encode()
        with self._lock:
            self._set(manner)
            self._pieces, self._events, self._should_stop = [], [], should_stop
            flags = _UTF8 | (_PHONEMES_IN_BRACKETS if reads_phonemes else 0)
            self._synthesize(data, flags)
            pieces, events = self._pieces, self._events
            self._pieces, self._events, self._should_stop = [], [], None
        return np.concatenate([*pieces, np.zeros(0, np.int16)]), events

    def transcribe(self, text: str, manner: Manner) -> str:
        """Name the sounds of a text without speaking it, joined by underscores, stress marks in front of them."""
        with self._lock:
            self._set(manner)
            pointer = ctypes.c_char_p(text.replace("\0", " ").encode())
            parts = []
            while pointer.value:
                clause = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _SEPARATED)
                parts.append((clause or b"").decode())
            # What is transcribed is kept as if it were to be spoken, and after some hundred texts the next speech would
            # lose the names of its first sounds; speaking nothing forgets it.
            self._synthesize(b" ", _UTF8)
            self._pieces, self._events = [], []
        return " ".join(parts)

    def list_voices(self) -> list[EspeakVoice]:
        """List the languages in alphabetical order of their codes."""
        with self._lock:
            listed = self._library.espeak_ListVoices(None)
            found, number = [], 0
            while listed[number]:
                voice = listed[number].contents
                code = ctypes.string_at(voice.languages + 1).decode()  # behind a byte for its priority
                found.append(EspeakVoice(code, voice.name.decode().strip(), voice.identifier.decode()))
                number += 1
        return sorted(found, key=lambda voice: voice.code)

    def _synthesize(self, data: bytes, flags: int) -> None:
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, flags, None, None)
        self._library.espeak_Synchronize()

    def _initialize(self, is_ipa: bool) -> int:
        options = _PHONEME_EVENTS | _DONT_EXIT | (_PHONEME_IPA if is_ipa else 0)
        rate_hz = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, self._data.encode(), options))
        if rate_hz <= 0:
            raise VoiceError("espeak-ng's library cannot find its voices.", "Install the espeakng-loader wheel again.")
        self._library.espeak_SetSynthCallback(self._callback)
        self._is_ipa = is_ipa
        return rate_hz

    def _set(self, manner: Manner) -> None:
        if manner.is_ipa != self._is_ipa:  # how sounds are named can be said only here; it takes half a millisecond
            self._initialize(manner.is_ipa)
        if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
            raise VoiceError(f"espeak-ng has no voice {manner.voice!r}.", "Choose one that is listed.")
        for parameter, value in ((_RATE, manner.rate), (_PITCH, manner.pitch), (_RANGE, manner.pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _listen(self, samples: Any, count: int, events: Any) -> int:
        """Keep what the library has made; anything but 0 tells it to stop."""
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events[number].type != _LIST_END:
            if events[number].type == _PHONEME:
                # A name that fills its eight bytes may end in half a letter.
                self._events.append((events[number].sample, events[number].name.decode(errors="ignore")))
            number += 1
        return int(self._should_stop is not None and self._should_stop())


@cache
def espeak_library() -> EspeakLibrary:
    """Return the process's one synthesizer, loaded when first asked for."""
    return EspeakLibrary()


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


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT = 0x0001, 0x0002, 0x8000
_LIST_END, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8 = 1
_PHONEMES_IN_BRACKETS = 0x0100
_SEPARATED = ord("_") << 8
