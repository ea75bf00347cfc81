"""Tensors in PyTorch's file format, read and written without PyTorch.

``torch.save`` writes a zip archive: ``<name>/data.pkl`` is a pickle that says how each tensor looks into a storage, and
``<name>/data/<key>`` holds a storage's raw numbers. Here the pickle may call nothing but stand-ins for the few names
that a tensor needs, so that no file can run anything, and every look into a storage is checked against its size.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

MOST_PICKLE_BYTES = 1 << 20
MOST_STORAGE_BYTES = 1 << 30

_DTYPES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "IntStorage": "i4",
    "LongStorage": "i8",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "BFloat16Storage": "u2",  # the upper half of a float32; see `_numbers`
}
_BFLOAT16 = "BFloat16Storage"
_ORDERS = {b"little": "<", b"big": ">"}


def read_tensor(path: Path) -> NDArray[np.generic]:
    """Read a file that holds one tensor.

    Args:
        path: written by ``torch.save(tensor, path)``; views, parameters and any strides are understood.

    Returns:
        A new, contiguous array.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not such a file; says why.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            tensor = _Unpickler(archive).load()
    except zipfile.BadZipFile as exc:
        raise ValueError("it was not written by torch.save, or by one older than PyTorch 1.6") from exc
    except (pickle.UnpicklingError, zlib.error, KeyError, EOFError, IndexError, AttributeError, TypeError) as exc:
        raise ValueError(f"its tensor cannot be read: {str(exc).strip(chr(39))}") from exc
    if not isinstance(tensor, np.ndarray):
        raise ValueError(f"it holds a {type(tensor).__name__}, expected one tensor")
    return tensor


def write_tensor(stream: BinaryIO, values: NDArray[np.float32], name: str = "archive") -> None:
    """Write a float32 array as ``torch.save`` writes a tensor.

    Args:
        stream: where to write.
        values: of any shape.
        name: of the folder inside the archive.
    """
    entries = {
        "data.pkl": _pickled(values.shape),
        "byteorder": b"little",
        "data/0": np.ascontiguousarray(values, "<f4").tobytes(),
        "version": b"3\n",
    }
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for entry, content in entries.items():
            archive.writestr(zipfile.ZipInfo(f"{name}/{entry}"), content)


@dataclass(frozen=True)
class _StorageType:
    """Stands for a class such as ``torch.FloatStorage``."""

    name: str


class _Unpickler(pickle.Unpickler):
    """Reads ``data.pkl`` and, when a tensor asks for them, storages."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._sizes = {info.filename: info.file_size for info in archive.infolist()}
        self._folder = _folder(self._sizes)
        super().__init__(io.BytesIO(self._entry("data.pkl", MOST_PICKLE_BYTES)))

    def find_class(self, module: str, name: str) -> object:
        """Return what stands for one of the few names that a tensor needs."""
        if module in ("torch", "torch.storage") and name in _DTYPES:
            return _StorageType(name)
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: object) -> NDArray[np.generic]:
        """Return the numbers of a storage, ``[N]``."""
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage" and isinstance(pid[1], _StorageType)):
            raise pickle.UnpicklingError("it refers to something that is no storage")
        kind, key, count = pid[1], str(pid[2]), int(pid[4])
        order = "<"
        if f"{self._folder}byteorder" in self._sizes:
            order = _ORDERS[self._entry("byteorder", 16)]
        dtype = np.dtype(_DTYPES[kind.name]).newbyteorder(order)  # type: ignore[arg-type]
        data = self._entry(f"data/{key}", MOST_STORAGE_BYTES)
        if len(data) != count * dtype.itemsize:
            raise pickle.UnpicklingError(f"its storage {key} has {len(data)} bytes, expected {count * dtype.itemsize}")
        return _numbers(np.frombuffer(data, dtype), kind)

    def _entry(self, name: str, most: int) -> bytes:
        size = self._sizes[f"{self._folder}{name}"]
        if size > most:
            raise pickle.UnpicklingError(f"its entry {name} has {size} bytes, more than {most}")
        return self._archive.read(f"{self._folder}{name}")


def _folder(names: dict[str, int]) -> str:
    """Return what stands before the names of all entries."""
    found = [name.removesuffix("data.pkl") for name in names if name.endswith("data.pkl") and name.count("/") <= 1]
    if len(found) != 1:
        raise pickle.UnpicklingError("it lacks data.pkl")
    return found[0]


def _numbers(values: NDArray[np.generic], kind: _StorageType) -> NDArray[np.generic]:
    if kind.name != _BFLOAT16:
        return values.astype(values.dtype.newbyteorder("="))
    return (values.astype(np.uint32) << 16).view(np.float32)


def _tensor(
    storage: NDArray[np.generic], offset: int, size: Sequence[int], stride: Sequence[int], *_: object
) -> NDArray[np.generic]:
    """Stand in for ``torch._utils._rebuild_tensor_v2``: look into a storage, and copy what is seen."""
    numbers = (offset, *size, *stride)
    if not isinstance(storage, np.ndarray) or len(size) != len(stride):
        raise pickle.UnpicklingError("its tensor is damaged")
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise pickle.UnpicklingError("its tensor has impossible sizes")
    if math.prod(size) == 0:
        return np.zeros(size, storage.dtype)
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if last >= len(storage) or math.prod(size) * storage.itemsize > MOST_STORAGE_BYTES:
        raise pickle.UnpicklingError("its tensor reaches beyond its storage")
    strides = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], tuple(size), strides, writeable=False).copy()


def _parameter(tensor: object, *_: object) -> object:
    """Stand in for ``torch._utils._rebuild_parameter``: a parameter is its tensor."""
    return tensor


def _nothing(*_: object) -> None:
    """Stand in for ``collections.OrderedDict``, which here only says that there are no hooks."""


_NAMES = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("collections", "OrderedDict"): _nothing,
}


def _pickled(shape: Sequence[int]) -> bytes:
    """Return the pickle of a contiguous float tensor over storage 0, in protocol 2 as PyTorch reads it."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    storage = b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text("0") + _text("cpu")
    storage += _number(math.prod(shape)) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = storage + _number(0) + _numbers_tuple(shape) + _numbers_tuple(strides) + b"\x89" + hooks
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR."


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _number(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _numbers_tuple(numbers: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"
