"""Frames: how a header and a few arrays travel through a pipe.

A frame is a preamble of twelve bytes, a JSON object and raw array bytes, all little-endian::

    b"ARTK" | header length, uint32 | payload length, uint32 | header, UTF-8 JSON | payload

The header's ``"arrays"`` lists name, dtype and shape of each array; their bytes follow
each other in the payload, in C order. Both lengths are bounded, so a reader never holds
more than one frame's worth of a sender that has gone wrong, and the four letters let it
find the next frame after one. Nothing in a frame is ever executed.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import FrameError, StrayBytesError

MAGIC = b"ARTK"
PREAMBLE = struct.Struct("<4sII")
HEADER_LIMIT = 128 * 1024  # bytes
PAYLOAD_LIMIT = 16 * 1024 * 1024  # bytes
DTYPES = ("<f4", "<f8", "<i4", "<i8", "|u1")

Fields = Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Frame:
    """One unit of transport.

    Attributes:
        fields: what JSON can hold; the key ``"arrays"`` is the frame's own.
        arrays: arrays by name; after decoding they are read-only views of the frame's bytes.
    """

    fields: Fields
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


def encode(frame: Frame) -> bytes:
    """Turn a frame into bytes.

    Args:
        frame: what to send; the arrays' types must be among ``DTYPES``.

    Returns:
        The preamble, header and payload in one piece.

    Raises:
        FrameError: if the frame is larger than the limits or holds what a frame cannot carry.
    """
    arrays = {name: _little_endian(name, array) for name, array in frame.arrays.items()}
    shapes = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    try:
        header = json.dumps({**frame.fields, "arrays": shapes}, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError) as exc:
        raise FrameError(f"These fields cannot be sent: {exc}.") from exc
    payload = b"".join(array.tobytes() for array in arrays.values())
    _check_lengths(len(header), len(payload))
    return PREAMBLE.pack(MAGIC, len(header), len(payload)) + header + payload


class FrameDecoder:
    """Finds the frames in a stream that arrives in pieces of any size.

    After an error the decoder has already left the bad bytes behind: calling
    :meth:`next` again goes on with the rest of the stream.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_within_frame(self) -> bool:
        """Whether the beginning of a frame is here and its end is not."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Append what has arrived; call :meth:`next` until it returns ``None`` afterwards."""
        self._buffer += data

    def next(self) -> Frame | None:
        """Take the next frame out of the stream.

        Returns:
            The frame, or ``None`` if its end has not arrived yet.

        Raises:
            StrayBytesError: if bytes lay before the next frame; they are gone now.
            FrameError: if the next frame is too large or malformed; it is gone now.
        """
        self._drop_stray_bytes()
        if len(self._buffer) < PREAMBLE.size:
            return None
        _, header_length, payload_length = PREAMBLE.unpack_from(self._buffer)
        try:
            _check_lengths(header_length, payload_length)
        except FrameError:
            del self._buffer[: len(MAGIC)]  # the lengths say nothing, so look for the next frame's letters
            raise
        payload_at = PREAMBLE.size + header_length
        end = payload_at + payload_length
        if len(self._buffer) < end:
            return None
        header, payload = bytes(self._buffer[PREAMBLE.size : payload_at]), bytes(self._buffer[payload_at:end])
        del self._buffer[:end]
        return _decode(header, payload)

    def _drop_stray_bytes(self) -> None:
        start = self._buffer.find(MAGIC)
        if start < 0:  # keep an end that may be the beginning of the letters
            start = len(self._buffer) - _beginning_of_magic(self._buffer)
        if start:
            stray = bytes(self._buffer[:start])
            del self._buffer[:start]
            raise StrayBytesError(f"{len(stray)} bytes belong to no frame: {stray[:40]!r}.")


def _beginning_of_magic(buffer: bytearray) -> int:
    """Count the bytes at the end of ``buffer`` with which ``MAGIC`` may begin."""
    return next((count for count in range(len(MAGIC) - 1, 0, -1) if buffer.endswith(MAGIC[:count])), 0)


def _check_lengths(header: int, payload: int) -> None:
    if header > HEADER_LIMIT or payload > PAYLOAD_LIMIT:
        raise FrameError(
            f"A frame of {header} + {payload} bytes is beyond the limits of {HEADER_LIMIT} + {PAYLOAD_LIMIT}."
        )


def _little_endian(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in DTYPES:
        raise FrameError(f"The array {name} is {array.dtype}; a frame carries {', '.join(DTYPES)}.")
    return array.astype(dtype, copy=False)


def _decode(header: bytes, payload: bytes) -> Frame:
    try:
        fields = json.loads(header, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:  # UnicodeDecodeError is a ValueError
        raise FrameError("A frame's header is not JSON.") from exc
    if not isinstance(fields, dict):
        raise FrameError("A frame's header is not a JSON object.")
    return Frame(fields, _split(fields.pop("arrays", None), payload))


def _split(shapes: object, payload: bytes) -> dict[str, NDArray[np.generic]]:
    """Cut the payload into its arrays."""
    arrays: dict[str, NDArray[np.generic]] = {}
    offset = 0
    for name, dtype, shape in _entries(shapes):
        size = math.prod(shape) * dtype.itemsize
        if name in arrays or offset + size > len(payload):
            raise FrameError(f"A frame's array {name!r} does not fit its payload.")
        arrays[name] = np.frombuffer(payload[offset : offset + size], dtype).reshape(shape)
        offset += size
    if offset != len(payload):
        raise FrameError(f"A frame holds {len(payload) - offset} bytes more than its arrays.")
    return arrays


def _entries(shapes: object) -> list[tuple[str, np.dtype[np.generic], tuple[int, ...]]]:
    if not isinstance(shapes, list) or len(shapes) > 64:
        raise FrameError("A frame does not list its arrays.")
    return [_entry(item) for item in shapes]


def _entry(item: Any) -> tuple[str, np.dtype[np.generic], tuple[int, ...]]:
    match item:
        case [str(name), str(dtype), list(shape)] if (
            dtype in DTYPES
            and len(shape) <= 8
            and all(type(count) is int and count >= 0 for count in shape)
            and math.prod(max(count, 1) for count in shape) <= PAYLOAD_LIMIT
        ):
            return name, np.dtype(dtype), tuple(shape)
    raise FrameError("A frame describes an array that it cannot carry.")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
