"""Look loosely at pictures of the screen."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

CONTRAST = 60  # between letters and what is behind them, of 255


def read_png(path: Path) -> np.ndarray:
    """Return a PNG that ``inside/screen.py`` wrote, ``[H, W, 3]`` of bytes."""
    contents = path.read_bytes()
    width, height = struct.unpack(">II", contents[16:24])
    packed = contents[41 : 41 + struct.unpack(">I", contents[33:37])[0]]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    return rows[:, 1:].reshape(height, width, 3)


def drawn_share(picture: np.ndarray) -> float:
    """Return which part of a picture's pixels are the edges of letters and icons."""
    grey = picture.astype(np.int16).mean(-1)
    return float((np.abs(np.diff(grey, axis=1)) > CONTRAST).mean())
