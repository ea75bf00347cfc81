"""Pictures of a film while it is made, for whoever looks on; while nobody does, they cost nothing.

picture ─► JPEG ─► the newest few, each with its number ─► any number of browsers

A browser that is slow misses pictures and nobody waits for it: each picture says which one it is, and the browser shows
it when the sound is there. So memory stays flat, and the film does not depend on being watched.
"""

from __future__ import annotations

import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av

NEWEST = 128  # pictures that are kept: two seconds of work of a fast machine
LONGEST_SIDE = 512
QUALITY = 4  # of JPEG as FFmpeg counts it: 2 is best, 31 is worst
END = struct.pack("<II", 0xFFFFFFFF, 0)

Picture = tuple[int, bytes]


class LivePictures:
    """What one film looks like so far."""

    def __init__(self) -> None:
        self._newest: deque[Picture] = deque(maxlen=NEWEST)
        self._lock = threading.Lock()
        self._watchers = self._shown = 0
        self.has_ended = False

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks."""
        return self._watchers > 0

    def show(self, picture: NDArray[np.uint8] | None) -> None:
        """Take the next picture, ``[H, W, 3]``; None counts without one."""
        number, self._shown = self._shown, self._shown + 1
        if picture is not None and self.is_watched:
            content = encode_jpeg(picture)
            with self._lock:
                self._newest.append((number, content))

    def end(self) -> None:
        """Say that no more come."""
        self.has_ended = True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look on while the block lasts."""
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1

    def after(self, number: int) -> list[Picture]:
        """Return the newest pictures behind one; -1 is before the first."""
        with self._lock:
            return [picture for picture in self._newest if picture[0] > number]


class Watcher:
    """One browser's way through the pictures: bytes to send, until the end."""

    def __init__(self, pictures: LivePictures) -> None:
        self._pictures, self._last = pictures, -1
        self.watching = pictures.watching
        self.has_all = False

    def news(self) -> bytes:
        """Return what came since the last call: for each picture its number, its size and its JPEG; at last an end."""
        ended = self._pictures.has_ended  # asked before, so that the last picture is not missed
        made = self._pictures.after(self._last)
        if made:
            self._last = made[-1][0]
        self.has_all = ended
        records = b"".join(struct.pack("<II", number, len(content)) + content for number, content in made)
        return records + END if ended else records


def encode_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture ``[H, W, 3]`` as JPEG, its longer side 512 pixels at most."""
    import av

    height, width = picture.shape[:2]
    shrunk = min(1.0, LONGEST_SIDE / max(height, width))
    encoder: av.VideoCodecContext = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = max(1, round(height * shrunk)), max(1, round(width * shrunk))
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuvj420p", Fraction(1, 25), 1
    encoder.qmin = encoder.qmax = QUALITY
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    # Averaging shrinks without patterns, and unlike the usual way it leaves white white.
    frame = frame.reformat(encoder.width, encoder.height, "yuvj420p", interpolation="AREA")
    return b"".join(bytes(packet) for step in (frame, None) for packet in encoder.encode(step))
