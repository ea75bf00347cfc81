"""Pickles as chumpy, scipy and Python 2 wrote them, made without any of these: classes that only bear their names."""

from __future__ import annotations

import io
import pickle
import pickletools
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


@cache
def kind(module: str, name: str) -> type:
    return type(name, (), {"__module__": module})


def stand_in(module: str, name: str, **state: Any) -> Any:
    """An object that pickles as one of ``module.name`` with this state."""
    made = kind(module, name)()
    vars(made).update(state)
    return made


def chumpy(value: np.ndarray) -> Any:
    return stand_in("chumpy.ch", "Ch", x=value, _dirty_vars=set(), _itr=None, _cached_parents=None)


def nested(value: np.ndarray) -> Any:
    return chumpy(chumpy(value))


def transposed(value: np.ndarray) -> Any:
    order = tuple(range(value.ndim))[::-1]
    return stand_in("chumpy.reordering", "transpose", a=chumpy(np.ascontiguousarray(value.T)), axes=order)


def selected(value: np.ndarray) -> Any:
    """The array out of a larger one, as a slice of a chumpy array is kept."""
    larger = np.concatenate([value.ravel(), np.full(7, 9.9)])
    return stand_in(
        "chumpy.reordering", "Select", a=chumpy(larger), idxs=np.arange(value.size), preferred_shape=value.shape
    )


def concatenated(value: np.ndarray) -> Any:
    cut = value.shape[-1] // 2
    parts = {"m0": chumpy(value[..., :cut]), "m1": chumpy(value[..., cut:])}
    return stand_in("chumpy.reordering", "Concatenate", dterms=["m0", "m1"], axis=value.ndim - 1, **parts)


def reshaped(value: np.ndarray) -> Any:
    return stand_in("chumpy.reordering", "Reshape", a=chumpy(value.ravel()), newshape=value.shape)


def compressed(value: np.ndarray, module: str, name: str) -> Any:
    """A sparse matrix by columns, or by rows."""
    lines = value if name.startswith("csr") else value.T
    places = [np.flatnonzero(line) for line in lines]
    starts = np.concatenate([[0], np.cumsum([len(place) for place in places])]).astype(np.int32)
    data = np.concatenate([line[place] for line, place in zip(lines, places, strict=True)])
    indices = np.concatenate(places).astype(np.int32)
    return stand_in(module, name, _shape=value.shape, maxprint=50, indptr=starts, indices=indices, data=data)


def by_places(value: np.ndarray, module: str, is_new: bool) -> Any:
    row, col = (place.astype(np.int32) for place in np.nonzero(value))
    places = {"coords": (row, col)} if is_new else {"row": row, "col": col}
    return stand_in(module, "coo_matrix", _shape=value.shape, data=value[row, col], **places)


def save(path: Path, content: dict[str, Any], protocol: int) -> None:
    """Write a pickle; below protocol 2 as Python 2 did, with its names of modules."""
    with _importable(content):
        stream = io.BytesIO()
        pickle._Pickler(stream, protocol, fix_imports=True).dump(content)
    path.write_bytes(stream.getvalue())
    names = [arg for op, arg, _ in pickletools.genops(stream.getvalue()) if op.name == "GLOBAL"]
    assert protocol > 2 or not any(name.startswith(("builtins", "copyreg")) for name in names)


@contextmanager
def _importable(content: Any) -> Iterator[None]:
    """Let pickle find the stand-ins where they say that they are, whatever is really installed."""
    kinds = {*_kinds(content)}
    names = {".".join(kind.__module__.split(".")[:end]) for kind in kinds for end in (1, 2, 3)}
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: types.ModuleType(name) for name in names})
    for kind_ in kinds:
        setattr(sys.modules[kind_.__module__], kind_.__name__, kind_)
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name) if module is None else sys.modules.__setitem__(name, module)


def _kinds(content: Any) -> Iterator[type]:
    if isinstance(content, dict):
        for value in content.values():
            yield from _kinds(value)
    elif type(content).__module__.startswith(("chumpy", "scipy")):
        yield type(content)
        yield from _kinds(vars(content))
