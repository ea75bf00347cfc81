# SPDX-License-Identifier: GPL-3.0-or-later
"""Let pip install packages into an environment, and tell how far it is.

pip's versions tell their progress differently, and the older ones only people. So what can be seen is measured: the
file that grows in pip's folder of downloads, and the packages that appear in the environment.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .lifeline import CHILDREN
from .pip_errors import explain
from .pythons import clean_variables, no_window
from .telling import Teller

_EVERY_S = 0.2
_FETCHING = 0.5  # of the work, about, the rest being to unpack what was fetched
_UNITS = {"B": 1, "bytes": 1, "kB": 1000, "MB": 1_000_000, "GB": 1_000_000_000}
_DOWNLOADING = re.compile(r"Downloading (?:\S*/)?(\S+?\.whl)\S* \(([\d.]+) ?(\w+)\)")
_COLLECTING = re.compile(r"(?:Collecting|Processing) (?:\S*/)?([A-Za-z0-9_.]+)")
_INSTALLING = re.compile(r"Installing collected packages: (.+)")
# pip's own settings (mirrors, proxies, certificates) are the user's and hold; these would install elsewhere or nothing.
_HARMFUL = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN", "PIP_PYTHON")


@dataclass(frozen=True)
class Source:
    """Where pip finds packages.

    Attributes:
        wheels: a folder that holds all of them; ``""`` is the network.
        index: address of an index to use instead of the usual one; ``""`` is the usual one.
    """

    wheels: str = ""
    index: str = ""

    @property
    def options(self) -> list[str]:
        """What to tell pip. Wheels only: nothing of a package is executed while it is installed."""
        if self.wheels:
            return ["--isolated", "--no-index", "--find-links", self.wheels, "--only-binary", ":all:"]
        return ["--only-binary", ":all:", *(["--index-url", self.index] if self.index else [])]


@dataclass
class _Doing:
    """What pip is at, as far as its output says."""

    stage: str = "Looking for packages"
    file: str = ""
    size: int = 0
    fetched: int = 0  # bytes of the files before this one
    packages: int = 0
    found: int = 0
    said: list[str] = field(default_factory=list)


def install(
    python: Path,
    pins: Sequence[str],
    source: Source,
    downloads: Path,
    log: IO[str],
    teller: Teller,
    what: str,
    expected: int,
) -> None:
    """Install packages and what they need.

    Args:
        python: of the environment.
        pins: the requirements.
        source: where from.
        downloads: folder for what is being fetched; the system's own may be too small for PyTorch.
        log: takes all that pip says.
        teller: is told how far it is.
        what: what people call these packages.
        expected: bytes to fetch, about; pip itself finds out by and by.

    Raises:
        SetupError: if they cannot be installed.
    """
    command = [str(python), "-I", "-X", "utf8", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--no-warn-script-location", "--progress-bar", "off", *source.options, *pins]
    log.write(f"$ {' '.join(command)}\n")
    doing, ended = _Doing(), threading.Event()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_variables(downloads),
        cwd=downloads,
        encoding="utf-8",
        errors="replace",
        creationflags=no_window(),
    ) as pip:
        CHILDREN.add(pip)
        watched = doing, python, downloads, teller, what, expected, ended
        watch = threading.Thread(target=_watch, args=watched, daemon=True)
        watch.start()
        for line in pip.stdout or ():
            log.write(line)
            log.flush()
            _notice(line.strip(), doing)
        pip.wait()
        CHILDREN.discard(pip)
    ended.set()
    watch.join()
    if pip.returncode:
        raise explain(doing.said, source.wheels)


def _variables(downloads: Path) -> dict[str, str]:
    place = str(downloads)
    variables = clean_variables(TMPDIR=place, TEMP=place, TMP=place, PYTHONIOENCODING="utf-8")
    return {name: value for name, value in variables.items() if name.upper() not in _HARMFUL}


def _notice(line: str, doing: _Doing) -> None:
    """Understand a line of pip's."""
    doing.said.append(line)
    if found := _INSTALLING.match(line):
        doing.packages, doing.file = len(found[1].split(",")), ""
    elif found := _DOWNLOADING.match(line):
        doing.fetched += doing.size
        doing.size, doing.file = int(float(found[2]) * _UNITS.get(found[3], 1)), found[1]
    elif found := _COLLECTING.match(line):
        doing.found, doing.file = doing.found + 1, ""
        doing.stage = f"Looking for {found[1].split('-')[0]}"


def _watch(
    doing: _Doing,
    python: Path,
    downloads: Path,
    teller: Teller,
    what: str,
    expected: int,
    ended: threading.Event,
) -> None:
    """Tell how far pip is until it has ended."""
    before = _count_packages(python)
    while not ended.wait(_EVERY_S):
        if doing.packages:
            count = min(_count_packages(python) - before, doing.packages)
            part = _FETCHING + (1.0 - _FETCHING) * max(count, 0) / doing.packages
            teller.tell(f"Installing {what}", max(count, 0), doing.packages, "package", part)
        elif doing.file:
            here = min(_largest(downloads, doing.file), doing.size)
            part = _FETCHING * min((doing.fetched + here) / expected, 1.0)
            teller.tell(f"Downloading {doing.file.split('-')[0]}", here, doing.size, "B", part)
        else:
            teller.tell(doing.stage, 0, 0, "package")


def _count_packages(python: Path) -> int:
    """Count what is installed in an environment."""
    root = python.parent.parent
    return sum(1 for pattern in ("lib/python*", "Lib") for _ in root.glob(f"{pattern}/site-packages/*.dist-info"))


def _largest(folder: Path, name: str) -> int:
    """Return the size of a file that is being fetched somewhere in a folder."""
    size = 0
    with suppress(OSError):
        for place, _, files in os.walk(folder):
            if name in files:
                size = max(size, (Path(place) / name).stat().st_size)
    return size
