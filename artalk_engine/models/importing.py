"""Take in a file that its user has fetched: FLAME of any format, or a released file as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from artalk_engine.assets import ReleasedFile
from bridge.whole_file import whole_file

from .errors import ChecksumError, DiskError, ModelFileError
from .folder import FileState, ModelsFolder, State
from .hashing import CHUNK, sha256_of

Tell = Callable[[int, int], None]


def import_file(
    folder: ModelsFolder, file: ReleasedFile, source: Path, *, is_forced: bool = False, tell: Tell | None = None
) -> FileState:
    """Put a file of the user's where the model wants it; the original stays.

    FLAME is read without executing anything in it. As its authors of ARTalk hand it out it is copied, any other format
    or version is written in that format. All other files have to be exactly those that are listed.

    Args:
        folder: that takes the file.
        file: what it is.
        source: where it is.
        is_forced: replace one that is there.
        tell: called with the bytes read and all of them.

    Raises:
        ModelFileError: if it is another file, is there already, or cannot be copied.
        FlameFileError: if it is no FLAME model.
    """
    place = folder.place(file)
    if not source.is_file():
        raise ModelFileError(f"There is no file {source}.", "Check its path.")
    if place.exists() and not is_forced and folder.state(file).state != "corrupt":
        raise ModelFileError(f"{place} is there already.", "Replace it with --force, or leave it.")
    try:
        is_listed = source.stat().st_size == file.size and sha256_of(source, tell) == file.sha256
        if not is_listed and file.kind != "head":
            raise ChecksumError(f"{source.name} is not the released {file.path.name}.", "Fetch it again.")
        place.parent.mkdir(parents=True, exist_ok=True)
        if is_listed:
            _copy(source, place, file)
        else:
            _write_flame(source, place)
    except OSError as exc:
        raise DiskError(f"{exc.filename or place} cannot be read or written ({exc.strerror or exc}).") from exc
    state: State = "verified" if is_listed else "imported"
    folder.note(file, state)
    return FileState(file, state, place.stat().st_size)


def _copy(source: Path, place: Path, file: ReleasedFile) -> None:
    """Copy a file and check the copy as it is made."""
    digest = hashlib.sha256()
    with source.open("rb") as original, whole_file(place) as copy:
        while chunk := original.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        if digest.hexdigest() != file.sha256:
            raise ChecksumError(f"{source.name} changed while it was copied.", "Try again.")


def _write_flame(source: Path, place: Path) -> None:
    """Write a FLAME model of any format the way ARTalk keeps it: a PyTorch file of plain tensors."""
    import torch

    from artalk_engine.face.flame_files import load_flame

    head = load_flame(source)
    tree = np.array([[parent % 2**32 for parent in head.parents], range(len(head.parents))], np.int64)
    arrays = {
        "v_template": head.template,
        "shapedirs": head.shape_directions,
        "posedirs": head.pose_directions,
        "J_regressor": head.joint_regressor,
        "kintree_table": tree,
        "weights": head.weights,
        "f": head.faces,
    }
    with whole_file(place) as stream:
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        torch.save({"flame_model": tensors}, stream)
