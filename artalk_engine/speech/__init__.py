"""Text to speech: words in, a waveform and the time of every sound in it out."""

from __future__ import annotations

from .options import SpeakOptions
from .speaking import Spoken, speak, speak_to_file, stream_speech
from .spoken import Phone, Speech
from .voices import Language, Voice, languages, voices

__all__ = [
    "Language",
    "Phone",
    "SpeakOptions",
    "Speech",
    "Spoken",
    "Voice",
    "languages",
    "speak",
    "speak_to_file",
    "stream_speech",
    "voices",
]
