"""What all users of the page share: the model, the heads, the voices for texts, and limits of length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from artalk_engine.audio.recording import Recording
from artalk_engine.audio.windows import frame_count
from artalk_engine.avatar.filming import film_avatar
from artalk_engine.avatar.look import AvatarLook
from artalk_engine.config import FLAME_RIG
from artalk_engine.engine import ARTAvatarInferEngine
from artalk_engine.errors import OptionError
from artalk_engine.generation import Voice, WarmEngine
from artalk_engine.options import DEFAULT_STYLE, TakeChanges
from artalk_engine.performance import Motion
from artalk_engine.preview import avatar_names
from artalk_engine.render.camera import CameraName
from artalk_engine.render.film import FilmOptions, make_film
from artalk_engine.render.mesh import Bytes
from artalk_engine.render.mesh_pictures import MeshPainter
from artalk_engine.speech import SpeakOptions, speak_to_file
from artalk_engine.speech.voices import piper_voices
from bridge.motion import CHANNELS, FPS
from bridge.phones import Phones

from .live import encode_jpeg

CAMERA_NAMES: dict[str, CameraName] = {"Mesh, front": "front", "Mesh, three-quarter": "three-quarter"}
ESPEAK = "espeak-ng"  # which speaks all languages
MOST_SPEAKERS = 30  # of one voice that are listed
AVATAR = "Avatar "  # before its name
LETTERS_A_MINUTE = 1000  # of speech, about


@dataclass(frozen=True, eq=False)
class Wish:
    """What a user asks for: a sound, or a text to be spoken.

    Attributes:
        sound: file of one speaker; None if there is a text.
        text: what to say.
        language: code of the text's language.
        voice: that speaks it, one of the studio's; ``""`` is the usual one.
        appearance: who is seen, and from where; one of the studio's.
        changes: how to speak.
        is_draft: an avatar without the networks that make it a photograph.
    """

    sound: Path | None
    text: str
    language: str
    voice: str
    appearance: str
    changes: TakeChanges
    is_draft: bool = False

    def __post_init__(self) -> None:
        if self.sound is None and not self.text.strip():
            raise OptionError("There is nothing to say yet.", "Choose or record a sound, or write a text.")


class Studio:
    """Makes what jobs ask for, one job at a time."""

    def __init__(self, voice: Voice, size: int, most_minutes: float, voices: Path | None = None) -> None:
        """Load nothing yet.

        Args:
            voice: the model, and where to compute.
            size: pixels of a film's sides.
            most_minutes: of a sound or a text.
            voices: folder of Piper voices; None is the usual one.
        """
        self._voice, self._warm, self._size = voice, WarmEngine(), size
        self._most_minutes, self._voices = most_minutes, voices

    def engine(self) -> ARTAvatarInferEngine:
        """Return the model, loaded when first asked for."""
        return self._warm.get(self._voice)

    def styles(self) -> list[str]:
        """Name the styles."""
        return [DEFAULT_STYLE, *self.engine().styles()]

    def appearances(self) -> list[str]:
        """Name who can be seen."""
        return [*CAMERA_NAMES, *(f"{AVATAR}{name}" for name in self.avatars())]

    @cached_property
    def head_at_rest(self) -> bytes:
        """A picture of the head before it speaks, as JPEG.

        Raises:
            AssetMissingError: if it is FLAME's and does not lie in the model's folder.
        """
        painter = MeshPainter(self.engine().head, None, self._size, is_smooth=True)
        return encode_jpeg(painter.draw(np.zeros((1, CHANNELS), np.float32))[0])

    def avatars(self) -> tuple[str, ...]:
        """Name the photographic avatars, which follow the motion of FLAME's rig alone."""
        return avatar_names(self._voice.model) if self.engine().rig == FLAME_RIG else ()

    def voices(self) -> dict[str, tuple[str, str]]:
        """Name who speaks texts, each with the file of a Piper voice and its speaker; espeak-ng has neither."""
        found = {ESPEAK: ("", "")}
        for voice in piper_voices(self._voices):
            for speaker in voice.speakers[:MOST_SPEAKERS] or ("",):
                found[f"{', '.join(filter(None, (voice.name, speaker)))} ({voice.language})"] = str(voice.path), speaker
        return found

    def speak(self, wish: Wish, path: Path, tell: Callable[[int, int], None]) -> tuple[Path, Phones]:
        """Let a text be spoken into a file.

        Raises:
            SpeechError: if it cannot be.
            OptionError: if it is too long, or nobody has this voice.
        """
        most = round(LETTERS_A_MINUTE * self._most_minutes)
        if len(wish.text) > most:
            raise OptionError(
                f"This text has {len(wish.text):,} letters, and this page takes {most:,} at most.", "Shorten it."
            )
        spoken = speak_to_file(wish.text, path, self._manner(wish), tell=tell)
        return spoken.path, spoken.phones

    def _manner(self, wish: Wish) -> SpeakOptions:
        """Say how a text is to be spoken; a Piper voice knows one language, its own."""
        known = self.voices()
        if wish.voice and wish.voice not in known:
            raise OptionError(f"there is no voice {wish.voice!r}", f"Choose {' or '.join(known)}.")
        path, speaker = known[wish.voice or ESPEAK]
        return SpeakOptions(language="" if path else wish.language, voice=path, speaker=speaker)

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

    def prepare(self, wish: Wish, engine: ARTAvatarInferEngine, tell: Callable[[int, int], None]) -> None:
        """Load who is to be seen, where that takes time.

        Raises:
            OptionError: if there is nobody of this name.
            EngineError: if an avatar cannot be used.
        """
        if wish.appearance not in self.appearances():
            raise OptionError(
                f"there is nobody called {wish.appearance!r}", f"Choose {' or '.join(self.appearances())}."
            )
        name = wish.appearance.removeprefix(AVATAR)
        if name != wish.appearance and engine.avatar.avatar_id != name:
            engine.avatar.set_avatar_id(name, tell)

    def film(
        self,
        wish: Wish,
        engine: ARTAvatarInferEngine,
        motion: Iterable[Motion],
        recording: Recording,
        path: Path,
        on_picture: Callable[[Bytes | None], None],
    ) -> None:
        """Film a motion as it is made, an avatar as soon as it is made; whoever is to be seen is prepared."""
        camera = CAMERA_NAMES.get(wish.appearance)
        if camera is not None:
            options = FilmOptions(size=self._size, camera=camera)
            make_film(path, motion, engine.head, recording, options, on_picture=on_picture)
            return
        look = AvatarLook("draft" if wish.is_draft else "full", is_marked=True)
        options = FilmOptions(size=self._size)
        film_avatar(path, motion, engine.avatar, engine.head.flame, recording, options, look, on_picture)
