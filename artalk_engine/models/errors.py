"""What can go wrong with released files.

ModelFileError
├── UnknownFileError       no released file of this name
├── LicenceError           its terms were not accepted
├── ManualFileError        its user has to fetch it
├── DownloadError          no server gives it
│   └── ChecksumError          what came is another file
├── DownloadStoppedError   it was asked to stop
└── DiskError              no space, or no permission, to write it
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from artalk_engine.errors import EngineError


class ModelFileError(EngineError):
    """A released file cannot be had, read or written."""

    code = "model_file"


class UnknownFileError(ModelFileError):
    """There is no released file of a name."""

    code = "unknown_file"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        remedy = f"Did you mean {', '.join(near)}?" if near else "Choose one that `artalk models list` shows."
        super().__init__(f"There is no released file {name!r}.", remedy)


class LicenceError(ModelFileError):
    """The terms of a file were not accepted.

    Attributes:
        licence: their name.
        text: what is known of them.
    """

    code = "licence"

    def __init__(self, licence: str, text: str) -> None:
        super().__init__(
            f"The terms {licence!r} have not been accepted: {text}", f"If you accept them: --accept-licence {licence}"
        )
        self.licence, self.text = licence, text


class ManualFileError(ModelFileError):
    """A file is handed out by its owner alone."""

    code = "manual_file"

    def __init__(self, name: str, text: str) -> None:
        super().__init__(
            f"{name} cannot be downloaded: {text}", "Then take it in with: artalk models import FLAME FILE"
        )


class DownloadError(ModelFileError):
    """No server gave a file."""

    code = "download"
    default_remedy = "Check the connection and try again, which goes on where this ended; or choose a --mirror."


class ChecksumError(DownloadError):
    """What came is not the file that its authors list."""

    code = "checksum"
    default_remedy = "Try again, or choose another --mirror."


class DownloadStoppedError(ModelFileError):
    """A download was asked to stop; what had come is kept."""

    code = "cancelled"
    default_remedy = "Download again, which goes on where this ended."

    def __init__(self) -> None:
        super().__init__("The download was stopped; what had come is kept.")


class DiskError(ModelFileError):
    """A file cannot be written."""

    code = "disk"
    default_remedy = "Free some space, or choose another folder with --folder."
