"""FLAME models from the files that people have, without executing anything in them.

Read are ``.npz`` (also the built-in head's), ``.safetensors``, ``.pt`` and the
authors' ``.pkl``. A pickle is a program; the reader here runs it with a handful of
harmless makers of arrays, and refuses every other name in it.
"""

from __future__ import annotations

import codecs
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from artalk_engine.errors import FlameFileError

SHAPES = 300  # shape directions; expression directions follow them
# What a file with so many directions holds: (of shape, of expression). Tools that shorten FLAME keep the first ones.
SPLITS = {400: (300, 100), 350: (300, 50), 200: (100, 100), 150: (100, 50)}
NAMES = ("v_template", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "f")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FlameData:
    """A FLAME model, in float32 and metres.

    Attributes:
        template: vertices at rest, ``[V, 3]``.
        shape_directions: 300 of shape, then those of expression, ``[V, 3, S]``; shape directions
            that a shortened file lacks are zero.
        pose_directions: correctives, ``[V, 3, 9 * (J - 1)]``.
        joint_regressor: ``[J, V]``.
        weights: of skinning, ``[V, J]``.
        parents: of each joint; -1 for the root.
        faces: ``[F, 3]``.
    """

    template: Floats
    shape_directions: Floats
    pose_directions: Floats
    joint_regressor: Floats
    weights: Floats
    parents: tuple[int, ...]
    faces: npt.NDArray[np.int64]


def load_flame(path: Path) -> FlameData:
    """Read a FLAME model of any known format.

    Raises:
        FlameFileError: if the file is missing, damaged, or no FLAME model.
    """
    if not path.is_file():
        raise FlameFileError(f"there is no head model at {path}", "Check the path of the FLAME file.")
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors, ".pt": _read_pt, ".pth": _read_pt}
    reader = readers.get(path.suffix.lower(), _read_pickle)
    try:
        arrays = reader(path)
    except FlameFileError:
        raise
    except Exception as exc:  # every format fails in its own ways
        raise FlameFileError(f"{path.name} cannot be read as a FLAME model") from exc
    return _check(path.name, arrays)


def _read_npz(path: Path) -> Mapping[str, Any]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in NAMES if name in archive}


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors.numpy import load_file

    return load_file(path)


def _read_pt(path: Path) -> Mapping[str, Any]:
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    model = content.get("flame_model", content) if isinstance(content, Mapping) else {}
    return {name: np.asarray(model[name]) for name in NAMES if name in model}


def _read_pickle(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        content = _ArrayUnpickler(file, encoding="latin1").load()
    if not isinstance(content, Mapping):
        raise FlameFileError(f"{path.name} holds no FLAME model")
    return {name: _plain(content[name]) for name in NAMES if name in content}


def _check(name: str, arrays: Mapping[str, Any]) -> FlameData:
    missing = [key for key in NAMES if key not in arrays]
    if missing:
        raise FlameFileError(f"{name} is no FLAME model: it has no {missing[0]}")
    try:
        template, shape, pose, regressor, weights = (
            np.ascontiguousarray(arrays[key], dtype=np.float32)
            for key in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")
        )
        faces = np.ascontiguousarray(arrays["f"]).astype(np.int64)
        tree = np.asarray(arrays["kintree_table"]).astype(np.int64)
    except (TypeError, ValueError) as exc:
        raise FlameFileError(f"{name} is no FLAME model: an array holds no numbers ({exc})") from exc
    vertices, joints = len(template), len(regressor)
    expected: dict[str, tuple[object, object]] = {
        "v_template": (template.shape, (vertices, 3)),
        "shapedirs": (shape.shape, (vertices, 3, shape.shape[-1] if shape.ndim else 0)),
        "posedirs": (pose.shape, (vertices, 3, 9 * (joints - 1))),
        "J_regressor": (regressor.shape, (joints, vertices)),
        "weights": (weights.shape, (vertices, joints)),
        "kintree_table": (tree.shape, (2, joints)),
        "f": (faces.shape, (len(faces), 3)),
    }
    for key, (found, wanted) in expected.items():
        if found != wanted:
            raise FlameFileError(f"{name} is no FLAME model: {key} has shape {found} where {wanted} is expected")
    for key, array in {"v_template": template, "shapedirs": shape, "posedirs": pose, "weights": weights}.items():
        if not np.isfinite(array).all():
            raise FlameFileError(f"{name} is damaged: {key} has values that are not finite")
    # The root's parent is written as -1, or as the same bits without a sign.
    parents = (-1, *(int(parent) for parent in tree[0, 1:]))
    if any(not 0 <= parent < joint for joint, parent in enumerate(parents) if joint):
        raise FlameFileError(f"{name} is no FLAME model: its joints form no tree")
    if faces.size and not 0 <= faces.min() <= faces.max() < vertices:
        raise FlameFileError(f"{name} is no FLAME model: a face names a vertex that is not there")
    return FlameData(template, _filled(name, shape), pose, regressor, weights, parents, faces)


def _filled(name: str, directions: Floats) -> Floats:
    """Put zeros where a shortened file has no shape directions."""
    count = directions.shape[-1]
    if count not in SPLITS:
        known = ", ".join(map(str, SPLITS))
        raise FlameFileError(f"{name} has {count} shape and expression directions; known are files with {known}")
    shapes, _ = SPLITS[count]
    missing = np.zeros((*directions.shape[:2], SHAPES - shapes), np.float32)
    return np.concatenate([directions[..., :shapes], missing, directions[..., shapes:]], axis=-1)


class _Foreign:
    """Stands for an object of a library that is not needed; keeps its state, does nothing."""

    kind = ""  # the class that it stands for, without its module
    state: dict[str, Any]

    def __new__(cls, *_: Any) -> _Foreign:
        made = super().__new__(cls)
        made.state = {}
        return made

    def __setstate__(self, state: Any) -> None:
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, dict):
                self.state.update(part)


class _Maker:
    """A function that a pickle may call, but not alter."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise FlameFileError("the head model's pickle tries to change how it is read")


def _make_array(*_: Any) -> npt.NDArray[Any]:
    return np.empty(0)  # its state, which follows, gives it shape and content


def _make_scalar(kind: np.dtype[Any], data: bytes | str) -> Any:
    if kind.hasobject:
        raise FlameFileError("the head model's pickle holds objects where numbers are expected")
    return np.frombuffer(_bytes(data), dtype=kind, count=1)[0]


def _from_buffer(data: Any, kind: np.dtype[Any], shape: Any, order: str = "C") -> npt.NDArray[Any]:
    return np.frombuffer(data, dtype=kind).reshape(shape, order="F" if order == "F" else "C").copy()


def _make_object(kind: Any, *_: Any) -> _Foreign:
    if not (isinstance(kind, type) and issubclass(kind, _Foreign)):
        raise FlameFileError("the head model's pickle makes an object of an unknown kind")
    return kind()


def _encode(text: str, encoding: str = "latin1", *_: Any) -> bytes:
    if codecs.lookup(encoding).name != "iso8859-1":
        raise FlameFileError(f"the head model's pickle asks for the encoding {encoding!r}")
    return text.encode("latin1")


def _bytes(data: bytes | str) -> bytes:
    return data.encode("latin1") if isinstance(data, str) else data


_MAKERS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _make_array,
    ("numpy.core.multiarray", "scalar"): _make_scalar,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): _Foreign,  # named only as an argument of _reconstruct
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
    ("copy_reg", "_reconstructor"): _make_object,  # also how Python 2 made objects with protocol 0
    ("copyreg", "_reconstructor"): _make_object,
    ("__builtin__", "set"): set,  # chumpy keeps sets of names and dictionaries with its arrays
    ("builtins", "set"): set,
    ("collections", "OrderedDict"): dict,
    ("__builtin__", "object"): _Foreign,
    ("builtins", "object"): _Foreign,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Runs a pickle in which nothing but arrays can be made."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy._core", "numpy.core")
        if module.split(".")[0] == "chumpy" or module.startswith("scipy.sparse"):
            return type(name, (_Foreign,), {"kind": name})
        if (module, name) not in _MAKERS:
            raise FlameFileError(
                f"the head model's pickle asks for {module}.{name}, which no FLAME file needs; it was not executed",
                "Use a FLAME file from its authors; this one may be harmful.",
            )
        maker = _MAKERS[module, name]
        return maker if maker is np.dtype or maker is _Foreign else _Maker(maker)


def _plain(value: Any) -> npt.NDArray[Any]:
    """Take the numbers out of an array, a chumpy array or a sparse matrix."""
    if not isinstance(value, _Foreign):
        return np.asarray(value)
    state = value.state
    if value.kind in _CHUMPY:
        return _CHUMPY[value.kind](state)
    if {"data", "indices", "indptr"} <= state.keys():
        return _from_compressed(state, by_rows=value.kind.startswith("csr"))
    if "data" in state and ("coords" in state or {"row", "col"} <= state.keys()):
        return _from_coordinates(state)
    raise FlameFileError(f"the head model holds an array of an unknown kind ({value.kind or 'object'})")


def _concatenated(state: Mapping[str, Any]) -> npt.NDArray[Any]:
    return np.concatenate([_plain(state[name]) for name in state["dterms"]], axis=int(state.get("axis", 0)))


def _selected(state: Mapping[str, Any]) -> npt.NDArray[Any]:
    chosen = _plain(state["a"]).ravel()[_plain(state["idxs"]).astype(np.int64)]
    return chosen.reshape(state.get("preferred_shape", chosen.shape))


# What chumpy computes of other arrays by reordering them, from the terms that it keeps.
_CHUMPY: dict[str, Callable[[Mapping[str, Any]], npt.NDArray[Any]]] = {
    "Ch": lambda state: _plain(state["x"]),
    "transpose": lambda state: np.transpose(_plain(state["a"]), state.get("axes")),
    "swapaxes": lambda state: np.swapaxes(_plain(state["a"]), int(state["axis1"]), int(state["axis2"])),
    "rollaxis": lambda state: np.rollaxis(_plain(state["a"]), int(state["axis"]), int(state.get("start", 0))),
    "Reshape": lambda state: _plain(state["a"]).reshape(state["newshape"]),
    "Select": _selected,
    "Concatenate": _concatenated,
}


def _from_compressed(state: Mapping[str, Any], *, by_rows: bool) -> npt.NDArray[Any]:
    """Lay out a matrix that is stored by columns, or by rows."""
    rows, columns = cast("tuple[int, int]", state.get("_shape", state.get("shape")))
    starts = np.asarray(state["indptr"])
    lines, others = np.repeat(np.arange(len(starts) - 1), np.diff(starts)), np.asarray(state["indices"])
    return _filled_at((rows, columns), (lines, others) if by_rows else (others, lines), state["data"])


def _from_coordinates(state: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Lay out a matrix that is stored as places and values."""
    places = state["coords"] if "coords" in state else (state["row"], state["col"])
    return _filled_at(state.get("_shape", state.get("shape")), tuple(map(np.asarray, places)), state["data"])


def _filled_at(shape: Any, places: tuple[npt.NDArray[Any], ...], values: Any) -> npt.NDArray[Any]:
    matrix = np.zeros(tuple(map(int, shape)))
    np.add.at(matrix, places, values)  # a place may be named twice
    return matrix
