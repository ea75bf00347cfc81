"""What the screen shows: the memory of Xvfb's screen, which it keeps as a file in X's own dump format."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

NAME = "Xvfb_screen0"
_HEADER = struct.Struct(">25I")
_SIZE, _HEIGHT, _LINE, _COLOURS = 0, 5, 12, 19  # places in the header: its own bytes, rows, bytes a row, colour entries
_COLOUR_BYTES = 12


def pixels(folder: Path) -> np.ndarray:
    """Return the whole screen, ``[H, W, 3]`` of bytes, the highest row first."""
    contents = (folder / NAME).read_bytes()
    header = _HEADER.unpack_from(contents)
    first = header[_SIZE] + header[_COLOURS] * _COLOUR_BYTES
    rows = np.frombuffer(contents, np.uint8, header[_HEIGHT] * header[_LINE], first)
    blue_green_red_none = rows.reshape(header[_HEIGHT], -1, 4)
    return blue_green_red_none[..., 2::-1]


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write ``[H, W, 3]`` bytes as a PNG."""
    height, width = picture.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = picture.reshape(height, -1)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
