"""Motion on disk, by the file's ending.

``.npz``, and every ending but the following: an archive with ``expression [T, 100]``, ``global_orient [T, 3]`` and
``jaw_pose [T, 3]`` in float32, and ``fps``, ``rig``, ``audio``, ``engine_version`` and ``style`` as scalars. Motion of
a text that was spoken also has ``phone_symbols [P]``, in the International Phonetic Alphabet, and
``phone_times [P, 2]`` in seconds.

``.json`` and ``.csv``: the same as text, see `motion_text`; tables have no phones.

``.pt`` and ``.pth``: a PyTorch tensor ``[T, 106]`` as ARTalk itself writes it, which always speaks to a FLAME head.

All are read without executing anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import motion as layout
from .errors import MotionFileError
from .motion_text import CHANNELS, Arrays, from_csv, from_json, to_csv, to_json
from .phones import Phones
from .torch_file import read_tensor, write_tensor
from .whole_file import whole_file

TEXTS = ("rig", "audio", "engine_version")
TORCH = (".pt", ".pth")
ENDINGS = (".npz", ".json", ".csv", *TORCH)
FLAME = "flame"  # the rig of every motion in a PyTorch file


@dataclass(frozen=True, eq=False)
class MotionFile:
    """A motion and where it comes from.

    Attributes:
        motion: ``[T, 106]`` float32 at 25 frames a second, as ``bridge.motion`` lays it out.
        rig: the rig that it speaks to, ``"builtin"`` or ``"flame"``; ``""`` where a table does not say.
        audio: name of the sound file that it was made from, without its folder.
        engine_version: version of the engine that made it.
        style: name of the speaking style, ``""`` for none.
        phones: what is spoken when, where that is known.
    """

    motion: NDArray[np.float32]
    rig: str
    audio: str
    engine_version: str
    style: str = ""
    phones: Phones | None = None

    def __post_init__(self) -> None:
        if self.motion.ndim != 2 or self.motion.shape[1] != layout.CHANNELS:
            raise ValueError(f"a motion is [T, {layout.CHANNELS}], this array is {list(self.motion.shape)}")
        if self.motion.dtype != np.float32:
            raise ValueError(f"a motion is float32, this array is {self.motion.dtype}")


def save_motion(path: Path, contents: MotionFile) -> None:
    """Write a motion file so that ``path`` holds either all of it or what it held before.

    Args:
        path: the file to write, taken as it is: no ending is added.
        contents: what to write.

    Raises:
        MotionFileError: if the folder or the file cannot be written, or a PyTorch file is to hold motion of another
            rig than FLAME's.
    """
    path = Path(path)
    if path.suffix.lower() in TORCH and contents.rig not in (FLAME, ""):
        reason = f"PyTorch files hold motion for FLAME heads, but this one speaks to a rig of the kind '{contents.rig}'"
        raise MotionFileError(path, reason, "Choose .npz, .json or .csv.")
    try:
        with whole_file(path) as stream:
            _write(stream, path, contents)
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def load_motion(path: Path) -> MotionFile:
    """Read a motion file and check all of it.

    Args:
        path: a file written by :func:`save_motion`.

    Returns:
        Its contents; the motion is a new array.

    Raises:
        MotionFileError: if the file is missing, damaged or not a motion file.
    """
    path = Path(path)
    try:
        return _contents(_read(path))
    except FileNotFoundError as exc:
        raise MotionFileError(path, "there is no such file", "Check the path.") from exc
    except UnicodeDecodeError as exc:
        raise _unreadable(path) from exc
    except ValueError as exc:
        remedy = f"Choose a file with {layout.CHANNELS} channels at {layout.FPS} frames a second."
        raise MotionFileError(path, f"this is not a motion file ({exc})", remedy) from exc
    except MotionFileError:
        raise
    except Exception as exc:  # a damaged archive raises whatever zipfile or zlib meets first
        raise _unreadable(path) from exc


def _write(stream: BinaryIO, path: Path, contents: MotionFile) -> None:
    texts = {name: str(getattr(contents, name)) for name in (*TEXTS, "style")}
    match path.suffix.lower():
        case ".json":
            stream.write(to_json(contents.motion, texts, contents.phones).encode())
        case ".csv":
            stream.write(to_csv(contents.motion, texts).encode())
        case ".pt" | ".pth":
            write_tensor(stream, contents.motion, path.stem)
        case _:
            arrays: Arrays = {name: contents.motion[:, channels] for name, channels in CHANNELS.items()}
            scalars = {name: np.array(text) for name, text in texts.items()}
            if contents.phones is not None:
                arrays |= {
                    "phone_symbols": np.array(contents.phones.symbols, str),
                    "phone_times": contents.phones.times,
                }
            np.savez_compressed(stream, allow_pickle=False, **arrays, **scalars, fps=np.array(layout.FPS))


def _read(path: Path) -> Arrays:
    """Return the entries of a motion file as they are."""
    match path.suffix.lower():
        case ".json":
            return from_json(path.read_text(encoding="utf-8"))
        case ".csv":
            return from_csv(path.read_text(encoding="utf-8"))
        case ".pt" | ".pth":
            return _tensor_entries(read_tensor(path))
        case _:
            return _archive(path)


def _archive(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as exc:  # what numpy says about other files helps nobody
        raise _unreadable(path) from exc


def _tensor_entries(tensor: NDArray[np.generic]) -> Arrays:
    if tensor.ndim != 2 or tensor.shape[1] != layout.CHANNELS:
        raise ValueError(f"its tensor is {list(tensor.shape)}, expected [T, {layout.CHANNELS}]")
    parts = {name: tensor[:, channels] for name, channels in CHANNELS.items()}
    texts = {"rig": FLAME, "audio": "", "engine_version": "", "style": ""}
    return {**parts, **{name: np.array(text) for name, text in texts.items()}, "fps": np.array(layout.FPS)}


def _contents(entries: Mapping[str, NDArray[np.generic]]) -> MotionFile:
    missing = [name for name in (*CHANNELS, *TEXTS, "fps") if name not in entries]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    fps = entries["fps"]
    if fps.ndim or fps != layout.FPS:
        raise ValueError(f"its rate is {fps}, expected {layout.FPS} frames a second")
    frames = entries["expression"].shape[0] if entries["expression"].ndim else 0
    motion = np.empty((frames, layout.CHANNELS), np.float32)
    for name, channels in CHANNELS.items():
        part, shape = entries[name], motion[:, channels].shape
        if part.shape != shape or part.dtype.kind != "f" or not np.isfinite(part).all():
            raise ValueError(f"{name} is {part.dtype}{list(part.shape)}, expected finite float{list(shape)}")
        motion[:, channels] = part
    texts = {name: _text(name, entries[name]) for name in (*TEXTS, "style") if name in entries}
    return MotionFile(motion, **texts, phones=_phones(entries))


def _phones(entries: Mapping[str, NDArray[np.generic]]) -> Phones | None:
    if "phone_symbols" not in entries or "phone_times" not in entries:
        return None
    symbols, times = entries["phone_symbols"], entries["phone_times"]
    if symbols.ndim != 1 or times.dtype.kind not in "fi" or (symbols.size and symbols.dtype.kind != "U"):
        raise ValueError(f"its phones are {symbols.dtype}{list(symbols.shape)} with {times.dtype}{list(times.shape)}")
    return Phones(tuple(map(str, symbols)), times.astype(np.float32).reshape(-1, 2))


def _text(name: str, value: NDArray[np.generic]) -> str:
    if value.ndim or value.dtype.kind != "U":
        raise ValueError(f"{name} is {value.dtype}{list(value.shape)}, expected a text")
    return str(value)


def _unreadable(path: Path) -> MotionFileError:
    return MotionFileError(path, "this is not a readable motion file", "Choose another file, or generate it again.")


def _unwritable(path: Path, exc: OSError) -> MotionFileError:
    return MotionFileError(path, f"cannot be written ({exc.strerror or exc})", "Choose a folder that you may write to.")
