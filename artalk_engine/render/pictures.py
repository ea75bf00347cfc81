"""Each picture of a film as a PNG of its own, in a folder: for compositing, and for checking frame by frame."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .outputs import MARK, written_whole

if TYPE_CHECKING:
    import av

NAME = "frames_%05d.png"
HEADER = 33  # bytes of a PNG before the place for remarks


def write_pictures(folder: Path, pictures: Iterable[NDArray[np.uint8]]) -> int:
    """Write pictures ``frames_00000.png``, ``frames_00001.png`` ... into a folder.

    The folder appears with all of them or not at all; in a folder that is there already they replace those of an
    earlier film, and nothing else.

    Args:
        folder: where to write.
        pictures: each ``[H, W, 3]`` sRGB.

    Returns:
        The number of pictures written.

    Raises:
        OutputError: if they cannot be written.
    """
    count = 0
    with written_whole(folder) as unfinished:
        unfinished.mkdir()
        for picture in pictures:
            (unfinished / (NAME % count)).write_bytes(encode_png(picture))
            count += 1
        if folder.is_dir():
            _move_in(unfinished, folder)
    return count


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture ``[H, W, 3]`` as a PNG file that says it is synthetic."""
    import av

    encoder: av.VideoCodecContext = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "rgb24", Fraction(1, 25), 1
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    content = b"".join(bytes(packet) for step in (frame, None) for packet in encoder.encode(step))
    remark = b"tEXtComment\x00" + MARK.encode("latin-1")
    chunk = struct.pack(">I", len(remark) - 4) + remark + struct.pack(">I", zlib.crc32(remark))
    return content[:HEADER] + chunk + content[HEADER:]


def _move_in(made: Path, folder: Path) -> None:
    """Move a film's pictures into a folder, from which those of an earlier film go."""
    for old in folder.glob("frames_[0-9]*.png"):
        old.unlink()
    for picture in made.iterdir():
        picture.replace(folder / picture.name)
