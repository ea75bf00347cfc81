"""A head that can be watched in a browser on this machine while its motion is made.

sound ─► as the model hears it, a WAV file ─┐
motion, piece by piece ─► pictures ─────────┴─► a small server ─► the player, which keeps them in step
"""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from artalk_engine.audio.recording import Recording
from artalk_engine.config import SAMPLE_RATE_HZ
from artalk_engine.performance import Motion
from artalk_engine.render.heads import Head
from artalk_engine.render.mesh import available_threads
from artalk_engine.render.mesh_pictures import TOGETHER, MeshPainter

from .live import LONGEST_SIDE, LivePictures
from .small_server import SmallServer

FAREWELL_S = 10.0  # that a browser gets beyond the length of the sound


class Screen:
    """Shows one head.

    Attributes:
        address: to open in a browser.
    """

    def __init__(self, server: SmallServer, pictures: LivePictures, duration_s: float) -> None:
        self.address = server.address
        self._server, self._pictures, self._duration_s = server, pictures, duration_s

    def wait_for_onlooker(self, seconds: float) -> bool:
        """Wait until somebody looks, so long at most; say whether anybody does."""
        return self._server.was_opened.wait(seconds)

    def shown(self, pieces: Iterator[Motion], head: Head) -> Iterator[Motion]:
        """Pass pieces of motion on, each as soon as it has been shown; where nobody looks, nothing is drawn."""
        painter = MeshPainter(head, None, LONGEST_SIDE, is_smooth=True, threads=available_threads())
        for piece in pieces:
            for rows in (piece[first : first + TOGETHER] for first in range(0, len(piece), TOGETHER)):
                for picture in painter.draw(rows) if self._pictures.is_watched else [None] * len(rows):
                    self._pictures.show(picture)
            yield piece
        self._pictures.end()

    def play_out(self) -> bool:
        """Wait until the browser has shown everything, or is closed; say whether there was anything to wait for."""
        if not self._server.was_opened.is_set():
            return False
        return self._server.was_seen.wait(self._duration_s + FAREWELL_S)


@contextmanager
def opened_screen(recording: Recording) -> Iterator[Screen]:
    """Begin to serve a recording and the head that is going to say it; the end of the block ends it.

    Raises:
        AudioError: if the recording cannot be read.
    """
    pictures = LivePictures()
    with tempfile.TemporaryDirectory(prefix="artalk-") as folder:
        sound = Path(folder, "sound.wav")
        duration_s = _write_heard(recording, sound)
        server = SmallServer(pictures, sound)
        with server.serving():
            try:
                yield Screen(server, pictures, duration_s)
            finally:
                pictures.end()


def _write_heard(recording: Recording, path: Path) -> float:
    """Write what the model hears, and return its length in seconds."""
    samples = 0
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        for block in recording.blocks():
            sound.writeframes((np.clip(block, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes())
            samples += len(block)
    return samples / SAMPLE_RATE_HZ
