"""What can go wrong between Blender and the engine.

::

    BridgeError
    ├── MotionFileError        a motion file cannot be read or written
    ├── ClipFileError          a body clip cannot be read or written
    ├── PictureMapError        the file for pictures cannot be made or used
    ├── EngineStartError       the engine's Python cannot be started
    ├── EngineDiedError        the engine's process ended by itself
    │   └── EngineUnfitError       it ended before it could say anything
    ├── ScratchError           there is no folder for temporary files
    ├── EngineStoppedError     the engine was ended while somebody waited for it
    ├── EngineTimeoutError     the engine has been silent for too long
    ├── JobCancelledError      a job ended because it was asked to
    └── ProtocolError          one side said what the other cannot accept
        ├── FrameError         bytes that are not a frame
        │   └── StrayBytesError    bytes between frames
        ├── MessageError       a frame that is not a message
        ├── OrderError         a message at the wrong time
        └── VersionError       the two sides speak different versions

``str(error)`` is one sentence for the user, ``remedy`` says what to do about it,
``code`` names the kind of failure for programs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class BridgeError(Exception):
    """The root of every error that this package raises.

    Attributes:
        code: the kind of failure, stable across versions.
        remedy: what the user can do, one sentence; ``""`` where there is nothing.
    """

    code = "bridge"

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error cross to another process whatever its class is made from."""
        return _remade, (type(self), self.args), self.__dict__


def _remade(kind: type[BridgeError], args: tuple[Any, ...]) -> BridgeError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class MotionFileError(BridgeError):
    """A motion file is missing, damaged, of another kind, or cannot be written."""

    code = "motion_file"

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}.", remedy)
        self.path = path


class ClipFileError(BridgeError):
    """A body clip is missing, damaged, of another kind, or cannot be written."""

    code = "clip_file"

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}.", remedy)
        self.path = path


class PictureMapError(BridgeError):
    """The file through which pictures pass cannot be made, opened or written."""

    code = "picture_map"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}.", "Make room in the folder for temporary files, and open it anew.")
        self.path = path


class EngineStartError(BridgeError):
    """The command that starts the engine cannot be run."""

    code = "engine_start"

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(
            f"The engine cannot be started with {program}: {reason}.",
            "Choose the Python of the engine's environment in the add-on's preferences.",
        )
        self.program = program


class EngineDiedError(BridgeError):
    """The engine's process ended although nobody asked it to.

    Attributes:
        log_path: where the engine wrote its log.
        log_tail: the log's last lines, for a details view.
    """

    code = "engine_died"

    def __init__(self, ending: str, log_path: Path, log_tail: str) -> None:
        super().__init__(f"The engine stopped unexpectedly ({ending}).", f"Start it again; its log is {log_path}.")
        self.log_path = log_path
        self.log_tail = log_tail


class EngineUnfitError(EngineDiedError):
    """The engine's process ended before it spoke: its Python is too old, or its environment is broken."""

    code = "engine_unfit"

    def __init__(self, program: str, reason: str, ending: str, log_path: Path, log_tail: str) -> None:
        super().__init__(ending, log_path, log_tail)
        self.args = (f"The engine cannot run with {program}: {reason} ({ending}).",)
        self.remedy = f"Repair the engine or choose another Python in the preferences; the log is {log_path}."


class ScratchError(BridgeError):
    """There is no room for temporary files, or nobody may write there."""

    code = "scratch"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Temporary files cannot be written to {path}: {reason}.",
            "Make room there, or choose another folder in Blender's preferences under File Paths.",
        )
        self.path = path


class EngineStoppedError(BridgeError):
    """The engine was ended on request although a job waited for it."""

    code = "engine_stopped"

    def __init__(self) -> None:
        super().__init__("The engine was restarted.", "Generate again.")


class EngineTimeoutError(BridgeError):
    """The engine runs but has not said anything for longer than allowed."""

    code = "engine_timeout"

    def __init__(self, silent_s: float, log_path: Path) -> None:
        super().__init__(
            f"The engine has not answered for {silent_s:.1f} seconds.",
            f"Stop it and start it again; its log is {log_path}.",
        )
        self.log_path = log_path


class JobCancelledError(BridgeError):
    """A job ended because it was asked to."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The job was cancelled.")


class ProtocolError(BridgeError):
    """One side sent what the other cannot accept.

    Attributes:
        job: the job that it belongs to, 0 if to none that can be told.
    """

    code = "protocol"
    job = 0

    def __init__(self, text: str, remedy: str = "Use an add-on and an engine of the same release.") -> None:
        super().__init__(text, remedy)


class FrameError(ProtocolError):
    """Bytes that begin like a frame but are none, or are larger than allowed."""

    code = "frame"


class StrayBytesError(FrameError):
    """Bytes that belong to no frame, such as a print on the wrong channel."""

    code = "stray_bytes"


class MessageError(ProtocolError):
    """A well-formed frame whose content is no known message."""

    code = "message"


class OrderError(ProtocolError):
    """A known message at a moment, or for a job, where it has no place."""

    code = "order"


class VersionError(ProtocolError):
    """The two sides speak different versions of the protocol."""

    code = "version"

    def __init__(self, ours: int, theirs: int) -> None:
        super().__init__(f"This side speaks version {ours} of the protocol, the other side version {theirs}.")
        self.ours = ours
        self.theirs = theirs


def as_sentence(text: str) -> str:
    """Write an error's text the way a panel shows it: a capital first, a full stop last.

    Args:
        text: as an exception holds it; a name at its beginning keeps its spelling.
    """
    text = text.strip()
    first, _, _ = text.partition(" ")
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else text + "."
