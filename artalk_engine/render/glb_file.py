"""The container of a glTF scene: one file with a description in JSON and the arrays that it speaks of.

References:
    Khronos Group, glTF 2.0 specification, sections 3.6 (binary data) and 4 (GLB).
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]
Kind = Literal["SCALAR", "VEC3", "VEC4", "MAT4"]

COMPONENTS = {"f": 5126, "I": 5125, "H": 5123, "B": 5121}  # glTF's numbers of numpy's types
VERTICES, INDICES = 34962, 34963  # what a buffer view is for
SPARSE_BELOW = 0.4  # of the rows moving, a list of them is smaller than all


class GlbFile:
    """Arrays in the making; each gets a number, an accessor in glTF's words, by which the scene names it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._views: list[Json] = []
        self._accessors: list[Json] = []

    def add(self, values: NDArray[Any], kind: Kind, target: int | None = None, *, has_bounds: bool = False) -> int:
        """Add an array whose rows are numbers, vectors or matrices.

        Args:
            values: ``[N]`` or ``[N, K]`` of float32 or unsigned integers.
            kind: what a row is.
            target: `VERTICES`, `INDICES` or None for other data.
            has_bounds: state the least and the greatest row, which positions and times need.
        """
        accessor = self._described(values, kind) | {"bufferView": self._view(values, target)}
        if has_bounds:
            accessor |= _bounds(values)
        return self._numbered(accessor)

    def add_offsets(self, values: NDArray[np.float32]) -> int:
        """Add what a morph adds to each vertex, ``[V, 3]``: as a list of those that move, where most do not."""
        moving = np.flatnonzero(values.any(axis=1))
        accessor = self._described(values, "VEC3") | _bounds(values)
        if len(moving) > SPARSE_BELOW * len(values):
            return self._numbered(accessor | {"bufferView": self._view(values, VERTICES)})
        if len(moving):  # where nothing moves, an accessor without data is all zeros
            numbers = moving.astype(np.uint16 if len(values) <= 2**16 else np.uint32)
            accessor["sparse"] = {
                "count": len(moving),
                "indices": {"bufferView": self._view(numbers), "componentType": COMPONENTS[numbers.dtype.char]},
                "values": {"bufferView": self._view(values[moving])},
            }
        return self._numbered(accessor)

    def write(self, stream: BinaryIO, scene: Json) -> None:
        """Write the file.

        Args:
            stream: to write to.
            scene: the rest of the description, which names the arrays by their numbers.
        """
        arrays = {"buffers": [{"byteLength": self._size}], "bufferViews": self._views, "accessors": self._accessors}
        text = json.dumps(scene | arrays, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        stream.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + self._size))
        stream.write(struct.pack("<I4s", len(text), b"JSON") + text)
        stream.write(struct.pack("<I4s", self._size, b"BIN\0"))
        for part in self._parts:
            stream.write(part)

    def _view(self, values: NDArray[Any], target: int | None = None) -> int:
        content = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        view = {"buffer": 0, "byteOffset": self._size, "byteLength": len(content)}
        self._views.append(view if target is None else view | {"target": target})
        self._parts.append(content + b"\0" * (-len(content) % 4))
        self._size += len(self._parts[-1])
        return len(self._views) - 1

    def _described(self, values: NDArray[Any], kind: Kind) -> Json:
        return {"componentType": COMPONENTS[values.dtype.char], "count": len(values), "type": kind}

    def _numbered(self, accessor: Json) -> int:
        self._accessors.append(accessor)
        return len(self._accessors) - 1


def _bounds(values: NDArray[Any]) -> Json:
    rows = values.reshape(len(values), -1)
    return {"min": rows.min(axis=0).tolist(), "max": rows.max(axis=0).tolist()}
