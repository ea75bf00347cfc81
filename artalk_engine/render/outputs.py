"""What all outputs have in common: they appear whole or not at all, replace nothing unasked, and say what they are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artalk_engine.errors import OutputError
from bridge.whole_file import unfinished as noted_as_unfinished

MARK = "Synthetic: the face was animated by ARTalk from speech."


def check_output(path: Path, is_forced: bool) -> None:
    """Make sure that an output may be written.

    Raises:
        OutputError: if its folder is missing, or it exists and is not to be replaced.
    """
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", "Create the folder, or choose another.")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"nothing can be written into the folder {path.parent}")
    is_taken = any(path.iterdir()) if path.is_dir() and not path.suffix else path.exists()
    if is_taken and (not is_forced or (path.is_dir() and path.suffix)):
        raise OutputError(f"{path} exists already", "Choose another name, or ask for it to be replaced (--force).")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to, which becomes ``path`` at the end of the block, or goes if the block fails.

    Raises:
        OutputError: if the system does not let it be written.
    """
    path = path.absolute()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with noted_as_unfinished(unfinished):
            yield unfinished
        if not path.is_dir():  # a folder that is there has taken in what was made
            unfinished.replace(path)
    except OSError as exc:  # FFmpeg's own errors of files are such, too
        raise OutputError(f"{path} cannot be written ({exc.strerror or exc})") from exc
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)
