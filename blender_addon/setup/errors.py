# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while setting up.

::

    SetupError
    ├── PythonError              no Python, or none that the engine can run in
    ├── BrokenEnvironmentError   an environment lacks packages, or cannot load them
    ├── WheelsError              the folder of wheels is missing or incomplete
    ├── NetworkError             nothing can be fetched
    ├── DamagedFileError         what was fetched or given is no whole package
    └── DiskError                no space, or no permission to write

``str(error)`` is one sentence for the user, ``remedy`` says what to do about it, ``code`` names the kind.
"""

from __future__ import annotations


class SetupError(Exception):
    """The root of every error of setting up.

    Attributes:
        code: the kind of failure, stable across versions.
        remedy: what the user can do, one sentence.
    """

    code = "setup"

    def __init__(self, text: str, remedy: str = "The log has the details.") -> None:
        super().__init__(text)
        self.remedy = remedy


class PythonError(SetupError):
    """There is no Python, or not one that the engine can run in."""

    code = "python"


class BrokenEnvironmentError(SetupError):
    """An environment lacks packages, has others, or cannot load them."""

    code = "environment"


class WheelsError(SetupError):
    """The folder of wheels is missing or incomplete."""

    code = "wheels"


class NetworkError(SetupError):
    """Nothing can be fetched."""

    code = "network"


class DamagedFileError(SetupError):
    """What was fetched or given is no whole package."""

    code = "damaged"


class DiskError(SetupError):
    """There is no space, or no permission to write."""

    code = "disk"
