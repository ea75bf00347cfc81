"""Speech from SVOX Pico, whose six voices are made of recordings of people.

The package ``ttspico`` (Apache License 2.0) builds from source, so it is none of the engine's requirements. It does not
say where its sounds lie: `alignment` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

import numpy as np

from . import alignment
from .speech import Speech

# Of each voice, its language in `languages` and the accent of espeak-ng that says how its texts sound.
VOICES: dict[str, tuple[str, str]] = {
    "en-US": ("en", "en-us"),
    "en-GB": ("en", "en-gb-x-rp"),
    "de-DE": ("de", "de"),
    "es-ES": ("es", "es"),
    "fr-FR": ("fr", "fr"),
    "it-IT": ("it", "it"),
}


@dataclass(frozen=True, slots=True)
class PicoVoice:
    """How Pico is to speak.

    Attributes:
        name: one of ``VOICES``.
        rate: of speech, in percent.
        pitch: in percent.
    """

    name: str
    rate: int = 100
    pitch: int = 100


def is_installed() -> bool:
    """Whether the package can be imported."""
    return find_spec("ttspico") is not None


def is_found(text: str, voice: PicoVoice) -> bool:
    """Whether the sounds of a text are found in what the voice says."""
    return _spoken(text, voice) is not None


def speak(text: str, voice: PicoVoice) -> Speech:
    """Speak one text.

    Raises:
        ValueError: if Pico is missing, or the sounds are not found.
    """
    spoken = _spoken(text, voice)
    if spoken is None:
        raise ValueError(f"the sounds of {text!r} are not found in what Pico says as {voice.name}")
    return spoken


@lru_cache(16)  # whoever asks whether a text is found wants it spoken next
def _spoken(text: str, voice: PicoVoice) -> Speech | None:
    if not is_installed():
        raise ValueError("SVOX Pico is not installed; install it with: pip install ttspico")
    from ttspico import TtsEngine

    engine = TtsEngine(voice.name)
    engine.rate, engine.pitch = voice.rate, voice.pitch
    waveform = np.frombuffer(engine.speak(text), np.int16).astype(np.float32) / 32768.0  # at 16 kHz
    _, accent = VOICES[voice.name]
    return alignment.find(text, accent, waveform)
