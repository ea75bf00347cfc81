"""Tensors from files, without executing anything in them; a file that cannot be read is told in plain words.

Of what people save as a checkpoint much is none: a web page with an error, a pointer of
Git LFS, half of a download. Each is recognised, and the released files are known by size
and SHA-256, which is computed only after reading failed.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .assets import ReleasedFile, file_sha256, released_file
from .errors import CheckpointError

WRAPPERS = ("model", "state_dict")  # under which training programs put the weights
ZIP_MAGIC = b"PK\x03\x04"


def load_tensors(path: Path, is_mapped: bool = False) -> dict[str, Tensor]:
    """Read all tensors of a file, by name; reduced floats become float32.

    Args:
        path: the file.
        is_mapped: see ``read_tensor_file``.

    Raises:
        CheckpointError: if the file is missing, damaged or no checkpoint.
    """
    tensors = _named_tensors(path, read_tensor_file(path, is_mapped))
    for name, value in tensors.items():
        if value.is_floating_point():
            tensors[name] = value.float()  # one by one, so that the shorter ones are let go
    return tensors


def tensor_names(path: Path) -> list[str]:
    """List the tensors of a file without reading them.

    Raises:
        CheckpointError: as ``load_tensors`` does.
    """
    return list(_named_tensors(path, read_tensor_file(path, is_mapped=True)))


def read_tensor_file(path: Path, is_mapped: bool = False) -> Any:
    """Read a PyTorch or ``.safetensors`` file as it is.

    Args:
        path: the file.
        is_mapped: leave tensors in the file until they are looked at. For weights that all are used this saves
            nothing: a processor's packed copy of them then lies in memory beside the mapped ones.

    Raises:
        CheckpointError: if the file is missing, damaged or of another kind.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint at {path}", "Check the path of the checkpoint.")
    try:
        return _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path, is_mapped)
    except PermissionError as exc:
        raise CheckpointError(f"{path.name} cannot be opened", "Check that your user may read it.") from exc
    except Exception as exc:  # readers fail in many ways on damaged files
        raise _explained(path, exc) from exc


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(path)


def _read_torch(path: Path, is_mapped: bool) -> Any:
    is_mapped = is_mapped and _is_zip(path)  # the format before PyTorch 1.6 is none
    return torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)


def _named_tensors(path: Path, content: Any) -> dict[str, Tensor]:
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise CheckpointError(f"{path.name} is not a model's state: it holds other things than named tensors")
    return {str(name): value for name, value in content.items()}


def _explained(path: Path, exc: Exception) -> CheckpointError:
    """Say in one sentence why a file cannot be read."""
    size, released = path.stat().st_size, released_file(path.name)
    foreign = _foreign_content(path)
    if foreign:
        return CheckpointError(f"{path.name} is {foreign}", "Fetch the file itself again.")
    asked = re.search(r"GLOBAL ([\w.]+)", str(exc))
    if asked and isinstance(exc, pickle.UnpicklingError):
        return _refused(path, asked[1])
    if released and size != released.size:
        return CheckpointError(
            f"{path.name} is {size:,} bytes, and the released file has {released.size:,}", "Fetch it again."
        )
    if released:
        return _compared(path, released, exc)
    if path.suffix != ".safetensors" and _starts_with(path, ZIP_MAGIC) and not _is_zip(path):
        return CheckpointError(f"{path.name} is cut short: its end is missing", "Fetch it again.")
    if isinstance(exc, pickle.UnpicklingError):  # at length, and of choices that nobody has here
        return CheckpointError(f"{path.name} is damaged or no checkpoint")
    return CheckpointError(f"{path.name} is damaged or no checkpoint ({_first_line(exc)})")


def _foreign_content(path: Path) -> str:
    """Recognise what is saved in a checkpoint's place; ``""`` if it may be one."""
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if not start:
        return "an empty file"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, not the file that it points to"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page, perhaps one that asks to log in, and no checkpoint"
    if start.startswith((b"{", b"[")) and b"\0" not in start:
        return "a text, perhaps an error of the server, and no checkpoint"
    return ""


def _refused(path: Path, asked: str) -> CheckpointError:
    """Name what a pickle wanted to call."""
    return CheckpointError(
        f"{path.name} asks to run {asked}, which no weights need; it was not executed",
        "Save only the model's state_dict, or use a file from a source that you trust.",
    )


def _compared(path: Path, released: ReleasedFile, exc: Exception) -> CheckpointError:
    """Tell a damaged copy of a released file, all of whose bytes are there, from a fault of the reader."""
    found = file_sha256(path)
    if found != released.sha256:
        return CheckpointError(
            f"{path.name} is damaged: its SHA-256 begins {found[:12]}, and the released file's {released.sha256[:12]}",
            "Fetch it again.",
        )
    return CheckpointError(
        f"{path.name} is the released file, and yet cannot be read ({_first_line(exc)})",
        "Install the engine's packages again.",
    )


def _is_zip(path: Path) -> bool:
    """Say whether a file ends as an archive does."""
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # it is one, with nonsense at its end
        return False


def _starts_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _first_line(exc: Exception) -> str:
    return str(exc).strip().split("\n")[0][:200] or type(exc).__name__
