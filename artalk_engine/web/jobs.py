"""One user's film, from what was wished for to the files, with its progress and an end at any time.

text ─► sound ─┐
sound ─────────┴─► motion, window by window ─► pictures ─► film
                                       │            └────► whoever watches
                                       └─► motion file, glTF
"""

from __future__ import annotations

import itertools
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artalk_engine.audio.recording import Recording
from artalk_engine.errors import EngineError
from artalk_engine.performance import Motion
from artalk_engine.render.film import make_film
from artalk_engine.render.mesh import Bytes
from artalk_engine.version import engine_version
from bridge.errors import BridgeError, as_sentence
from bridge.motion import FPS
from bridge.motion_file import MotionFile, save_motion

from .live import LivePictures
from .studio import Studio, Wish

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done, and how far it is."""

    name: str
    done: int = 0
    total: int = 0  # 0 is not known
    begun_s: float = 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until it is done, as far as can be told."""
        took_s = time.monotonic() - self.begun_s
        if not self.total or not self.done or took_s < 0.3:
            return None
        return took_s * (self.total - self.done) / self.done


@dataclass(frozen=True, slots=True)
class Results:
    """Files that a job made, and what can be said about them."""

    film: Path
    motion: Path
    head: Path
    duration_s: float
    took_s: float


class Cancelled(Exception):  # noqa: N818 - no error
    """The user has had enough."""


class Job:
    """A wish on its way.

    Attributes:
        folder: for its files.
        pictures: what the film looks like so far.
        stage: what is being done.
        sound: what is heard, as soon as there is any.
        results: the files, at the end.
        problem: what went wrong and what to do about it, two sentences; ``("", "")`` for nothing.
    """

    def __init__(self, number: str, wish: Wish, folder: Path) -> None:
        self.number, self.wish, self.folder = number, wish, folder
        self.pictures = LivePictures()
        self.stage = Stage("Waiting for a turn")
        self.sound: Path | None = None
        self.results: Results | None = None
        self.problem = ("", "")
        self._stop, self._finished = threading.Event(), threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self._finished.is_set()

    @property
    def is_cancelled(self) -> bool:
        """Whether it is to end."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask it to end; what it has made goes."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; say whether it has come."""
        return self._finished.wait(seconds)

    def run(self, studio: Studio) -> None:
        """Do it all; whatever goes wrong becomes its ``problem``."""
        try:
            self._check()
            self.results = self._make(studio)
        except Cancelled:
            log.info("job %s was cancelled", self.number)
        except (EngineError, BridgeError) as exc:
            self.problem = as_sentence(str(exc)), as_sentence(exc.remedy)
        except Exception as exc:
            log.exception("job %s failed", self.number)
            kind = type(exc).__name__
            self.problem = f"Something unexpected stopped this ({kind}).", "Try again; the page's terminal says more."

    def close(self) -> None:
        """Say that nothing more happens."""
        self.pictures.end()
        self._finished.set()

    def tell(self, name: str) -> Callable[[int, int], None]:
        """Begin a stage; return what takes how far it is."""
        begun_s = time.monotonic()
        self.stage = Stage(name, begun_s=begun_s)

        def reached(done: int, total: int) -> None:
            self._check()
            self.stage = Stage(name, done, total, begun_s)

        return reached

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled

    def _make(self, studio: Studio) -> Results:
        begun_s, phones = time.monotonic(), None
        sound = self.wish.sound
        if sound is not None:
            sound = _linked(sound, self.folder)  # an upload may go while it is used
        else:
            sound, phones = studio.speak(self.wish, self.folder / "speech.wav", self.tell("Speaking the text"))
        self.sound = sound
        recording = Recording(sound)
        expected = studio.expected_frames(recording)
        self.tell("Loading the model")
        engine = studio.engine()
        studio.prepare(self.wish, engine, self.tell("Preparing the avatar"))
        film, motion = self.folder / f"{sound.stem}_artalk.mp4", list[Motion]()
        pieces = self._kept(engine.stream(recording, lambda: self.is_cancelled, **self.wish.changes), motion, studio)
        reached, made = self.tell("Making motion and pictures"), itertools.count(1)

        def on_picture(picture: Bytes | None) -> None:
            self.pictures.show(picture)
            reached(next(made), expected)

        studio.film(self.wish, engine, pieces, recording, film, on_picture)
        self.tell("Writing the files")
        rows = np.concatenate(motion)
        style = str(self.wish.changes.get("style") or "")
        contents = MotionFile(rows, engine.rig, sound.name, engine_version(), style, phones)
        save_motion(film.with_suffix(".npz"), contents)
        make_film(film.with_suffix(".glb"), contents, engine.head)
        self._check()
        return Results(
            film=film,
            motion=film.with_suffix(".npz"),
            head=film.with_suffix(".glb"),
            duration_s=len(rows) / FPS,
            took_s=time.monotonic() - begun_s,
        )

    def _kept(self, pieces: Iterator[Motion], motion: list[Motion], studio: Studio) -> Iterator[Motion]:
        """Pass pieces of motion on, and keep them for the files."""
        frames = 0
        for piece in pieces:
            self._check()
            motion.append(piece)
            frames += len(piece)
            studio.check_frames(frames)
            yield piece
        self._check()  # a stream that was told to stop ends like a whole one


def _linked(sound: Path, folder: Path) -> Path:
    """Give a sound a second name in a folder, or copy it where that cannot be."""
    own = folder / sound.name
    try:
        own.hardlink_to(sound)
    except OSError:
        shutil.copyfile(sound, own)
    return own
