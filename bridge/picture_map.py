"""Pictures that pass from the engine to Blender through a file that both keep in memory.

Blender makes the file, of a size that never changes, and removes it; the engine writes pictures into its slots. Only
numbers travel through the pipe. All numbers in the file are little-endian::

    "ARTKPICS" | slots, height, width as int64 | stamp of each slot, int64 | pixels of each slot, [H, W, 3] uint8 sRGB

A slot's stamp says which picture it holds. The engine takes it away before it touches the pixels and sets it after the
last one, and Blender shows a slot only under the stamp that it asked for. So whichever side ends in the middle of a
picture, or writes into a slot that has been promised to another since, no wrong picture is ever shown.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .errors import PictureMapError

MAGIC = b"ARTKPICS"
HEADER = struct.Struct("<8s3q")
EMPTY = 0  # the stamp of a slot without a picture
CHANNELS = 3
SIDE_LIMIT = 4096  # pixels
SLOT_LIMIT = 1_000_000

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class MapShape:
    """How many pictures a file holds, and of what size.

    Attributes:
        slots: places for pictures.
        height: of each, in pixels.
        width: of each, in pixels.
    """

    slots: int
    height: int
    width: int

    @property
    def is_sensible(self) -> bool:
        """Whether there can be such a file."""
        return 1 <= self.slots <= SLOT_LIMIT and 1 <= self.height <= SIDE_LIMIT and 1 <= self.width <= SIDE_LIMIT

    @property
    def picture_bytes(self) -> int:
        """Bytes of one picture."""
        return self.height * self.width * CHANNELS

    @property
    def bytes(self) -> int:
        """Bytes of the whole file."""
        return HEADER.size + self.slots * (8 + self.picture_bytes)


class PictureMap:
    """The file as either side has it in memory.

    Attributes:
        path: where it lies.
        shape: what it holds.
    """

    def __init__(self, path: Path, shape: MapShape, file: BinaryIO) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path, self.shape = path, shape
        self._file, self._memory = file, mmap.mmap(file.fileno(), shape.bytes)
        memory = self._memory
        # Made by `frombuffer`, arrays keep the memory while anybody looks at a picture.
        stamps = np.frombuffer(memory, "<i8", shape.slots, HEADER.size)
        pixels = np.frombuffer(memory, np.uint8, shape.slots * shape.picture_bytes, HEADER.size + stamps.nbytes)
        self._stamps: NDArray[np.int64] | None = stamps
        self._pixels: Pixels | None = pixels.reshape(shape.slots, shape.height, shape.width, CHANNELS)

    @classmethod
    def create(cls, path: Path, shape: MapShape) -> PictureMap:
        """Make the file, without any picture; on most systems it takes room on the disk only as pictures come.

        Raises:
            PictureMapError: if it cannot be made.
        """
        if not shape.is_sensible:
            raise PictureMapError(path, f"{shape.slots} pictures of {shape.width} x {shape.height} cannot be kept")
        try:
            file = path.open("x+b")
            try:
                file.truncate(shape.bytes)
                # The stamps are written, not left out: on a full disk even looking at what was left out can be fatal.
                file.write(HEADER.pack(MAGIC, shape.slots, shape.height, shape.width) + bytes(8 * shape.slots))
                file.flush()
                return cls(path, shape, file)
            except OSError:
                file.close()
                path.unlink(missing_ok=True)
                raise
        except OSError as exc:
            raise PictureMapError(path, f"it cannot be made ({exc.strerror or exc})") from exc

    @classmethod
    def open(cls, path: Path) -> PictureMap:
        """Open a file that the other side has made.

        Raises:
            PictureMapError: if it is not there, or is no such file.
        """
        try:
            file = path.open("r+b")
            try:
                shape = _shape_of(path, file.read(HEADER.size), os.fstat(file.fileno()).st_size)
                return cls(path, shape, file)
            except (OSError, PictureMapError):
                file.close()
                raise
        except OSError as exc:
            raise PictureMapError(path, f"it cannot be opened ({exc.strerror or exc})") from exc

    def __enter__(self) -> PictureMap:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, slot: int, stamp: int, picture: Pixels) -> None:
        """Put a picture into a slot.

        Args:
            slot: which one.
            stamp: says which picture it is; not ``EMPTY``.
            picture: ``[H, W, 3]`` sRGB.

        Raises:
            PictureMapError: if there is no such slot, the picture has another size, or the disk is full.
        """
        assert self._stamps is not None  # noqa: S101 - nobody writes after closing
        assert self._pixels is not None  # noqa: S101
        if not 0 <= slot < self.shape.slots or stamp == EMPTY:
            raise PictureMapError(self.path, f"there is no slot {slot} of {self.shape.slots} for a picture {stamp}")
        if picture.shape != self._pixels.shape[1:] or picture.dtype != np.uint8:
            wanted = list(self._pixels.shape[1:])
            raise PictureMapError(self.path, f"a picture is {wanted} bytes, not {picture.dtype} {list(picture.shape)}")
        self._reserve(slot)
        self._stamps[slot] = EMPTY
        self._pixels[slot] = picture
        self._stamps[slot] = stamp

    def read(self, slot: int, stamp: int) -> Pixels | None:
        """Return the picture ``[H, W, 3]`` in a slot without copying it, ``None`` if it is not the one asked for."""
        if self._stamps is None or self._pixels is None or stamp == EMPTY or self._stamps[slot] != stamp:
            return None
        picture: Pixels = self._pixels[slot]
        return picture

    def close(self) -> None:
        """Give the memory back; the file stays until :meth:`remove`."""
        self._stamps = self._pixels = None
        self._file.close()
        with contextlib.suppress(BufferError):  # somebody still looks at a picture; it goes with the last look
            self._memory.close()

    def remove(self) -> None:
        """Give the memory back and delete the file."""
        self.close()
        with contextlib.suppress(OSError):  # Windows keeps it while the engine has it; it goes with its folder
            self.path.unlink()

    def _reserve(self, slot: int) -> None:
        """Have room on the disk for a slot: the system ends a process that writes into memory without any.

        Linux tells beforehand whether there is room; Windows has it since the file was made.
        """
        if sys.platform != "linux":
            return
        offset = HEADER.size + 8 * self.shape.slots + slot * self.shape.picture_bytes
        try:
            os.posix_fallocate(self._file.fileno(), offset, self.shape.picture_bytes)
        except OSError as exc:
            raise PictureMapError(self.path, f"there is no room for another picture ({exc.strerror or exc})") from exc


def _shape_of(path: Path, head: bytes, size: int) -> MapShape:
    if len(head) == HEADER.size:
        magic, *numbers = HEADER.unpack(head)
        shape = MapShape(*numbers)
        if magic == MAGIC and shape.is_sensible and shape.bytes == size:
            return shape
    raise PictureMapError(path, "this is no file for pictures")
