"""What all users of the page share: the model, the heads, the voices for texts, and limits of length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from artalk_engine.audio.recording import Recording
from artalk_engine.audio.windows import frame_count
from artalk_engine.engine import ARTAvatarInferEngine
from artalk_engine.errors import OptionError
from artalk_engine.generation import Voice, WarmEngine
from artalk_engine.options import DEFAULT_STYLE, TakeChanges
from artalk_engine.performance import Motion
from artalk_engine.render.camera import CameraName
from artalk_engine.render.film import FilmOptions, make_film
from artalk_engine.render.mesh import Bytes
from artalk_engine.speech import SpeakOptions, speak_to_file
from bridge.motion import FPS
from bridge.phones import Phones

CAMERA_NAMES: dict[str, CameraName] = {"Mesh, front": "front", "Mesh, three-quarter": "three-quarter"}
LETTERS_A_MINUTE = 1000  # of speech, about


@dataclass(frozen=True, eq=False)
class Wish:
    """What a user asks for: a sound, or a text to be spoken.

    Attributes:
        sound: file of one speaker; None if there is a text.
        text: what to say.
        language: code of the text's language.
        voice: that speaks it; ``""`` is the usual one.
        appearance: who is seen, and from where; one of the studio's.
        changes: how to speak.
    """

    sound: Path | None
    text: str
    language: str
    voice: str
    appearance: str
    changes: TakeChanges

    def __post_init__(self) -> None:
        if self.sound is None and not self.text.strip():
            raise OptionError("There is nothing to say yet.", "Choose or record a sound, or write a text.")


class Studio:
    """Makes what jobs ask for, one job at a time."""

    def __init__(self, voice: Voice, size: int, most_minutes: float) -> None:
        self._voice, self._warm, self._size = voice, WarmEngine(), size
        self._most_minutes = most_minutes

    def engine(self) -> ARTAvatarInferEngine:
        """Return the model, loaded when first asked for."""
        return self._warm.get(self._voice)

    def styles(self) -> list[str]:
        """Name the styles."""
        return [DEFAULT_STYLE, *self.engine().styles()]

    def appearances(self) -> list[str]:
        """Name who can be seen."""
        return list(CAMERA_NAMES)

    def speak(self, wish: Wish, path: Path, tell: Callable[[int, int], None]) -> tuple[Path, Phones]:
        """Let a text be spoken into a file.

        Raises:
            SpeechError: if it cannot be.
            OptionError: if it is too long.
        """
        most = round(LETTERS_A_MINUTE * self._most_minutes)
        if len(wish.text) > most:
            raise OptionError(
                f"This text has {len(wish.text):,} letters, and this page takes {most:,} at most.", "Shorten it."
            )
        spoken = speak_to_file(wish.text, path, SpeakOptions(language=wish.language, voice=wish.voice), tell=tell)
        return spoken.path, spoken.phones

    def expected_frames(self, recording: Recording) -> int:
        """Say how many frames a sound takes; 0 if only reading it will tell.

        Raises:
            AudioError: if it cannot be used.
            OptionError: if it is too long.
        """
        frames = frame_count(recording.length or 0)
        self.check_frames(frames)
        return frames

    def check_frames(self, frames: int) -> None:
        """Refuse a sound that is too long."""
        if frames > self._most_minutes * 60 * FPS:
            raise OptionError(
                f"This sound is longer than {self._most_minutes:g} minutes, which is the most that this page takes.",
                "Use a part of it, or the command line, which takes any length.",
            )

    def film(
        self,
        appearance: str,
        engine: ARTAvatarInferEngine,
        motion: Iterable[Motion],
        recording: Recording,
        path: Path,
        on_picture: Callable[[Bytes | None], None],
    ) -> None:
        """Film a motion as it is made.

        Raises:
            OptionError: if nobody looks like that.
        """
        if appearance not in CAMERA_NAMES:
            raise OptionError(f"there is nobody called {appearance!r}", f"Choose {' or '.join(self.appearances())}.")
        options = FilmOptions(size=self._size, camera=CAMERA_NAMES[appearance], antialias=2)
        make_film(path, motion, engine.head, recording, options, on_picture=on_picture)
