"""What can be said about how to speak a text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artalk_engine.errors import OptionError

SLOWEST, FASTEST = 0.5, 2.5  # what all synthesizers can
MOST_PITCH = 6.0  # semitones, as far as espeak-ng goes


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """How to speak a text.

    Attributes:
        language: code or English name; ``""`` is the voice's own, or American English.
        voice: ``""`` is espeak-ng's voice of the language; the name of one of espeak-ng's variants; the name or the
            path of a Piper voice; or ``"gtts"``.
        speaker: of a Piper voice that has several: name or number; ``""`` is its first.
        rate: how fast, 1 being the voice's own.
        pitch: how much higher, in semitones; only espeak-ng's voices can change theirs.
        folder: of Piper voices; None is the usual one.
        allow_online: whether a voice may send the text to a service on the internet.
    """

    language: str = ""
    voice: str = ""
    speaker: str = ""
    rate: float = 1.0
    pitch: float = 0.0
    folder: Path | None = None
    allow_online: bool = False

    def __post_init__(self) -> None:
        if not SLOWEST <= self.rate <= FASTEST:
            raise OptionError(f"rate cannot be {self.rate:g}", f"Choose from {SLOWEST:g} to {FASTEST:g}; 1 is normal.")
        if not -MOST_PITCH <= self.pitch <= MOST_PITCH:
            raise OptionError(f"pitch cannot be {self.pitch:g} semitones", "Choose from -6 to 6; 0 is normal.")
