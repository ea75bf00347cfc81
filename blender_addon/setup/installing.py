# SPDX-License-Identifier: GPL-3.0-or-later
"""Build an environment for the engine; it is used when it is whole, and not before.

Each is built in a folder of its own beside the one in use, so that an installation that fails, is cancelled or is cut
off by a power failure changes nothing. Whatever is found unfinished is removed at the next opportunity.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import pip, places
from .checking import judge, look
from .errors import DiskError, SetupError, WheelsError
from .lifeline import CHILDREN
from .places import Record
from .pythons import Python, ask_python, check_base, clean_variables, find_base, no_window
from .requirements import TORCH, read_pins, split_torch
from .telling import Teller
from .torch_builds import BUILDS, TorchBuild, find_graphics, fitting_build

_SPARE = 200_000_000  # bytes of disk to leave free
_OTHERS = 200_000_000  # bytes to fetch of all packages but PyTorch
_LOCK = "lock"


@dataclass(frozen=True)
class Order:
    """What to install, how and where.

    Attributes:
        root: the folder that holds the engine's code.
        requirements: the file that lists its packages.
        version: of the add-on.
        blenders_python: Blender's own Python, the last resort.
        python: the Python to build on; ``""`` is the best that is found.
        build: of PyTorch, by name; ``""`` is the one that fits the machine.
        wheels: folder of wheels to install from; ``""`` is the network.
        folder: of environments; ``""`` is the user's usual one.
    """

    root: str
    requirements: str
    version: str
    blenders_python: str
    python: str = ""
    build: str = ""
    wheels: str = ""
    folder: str = ""

    @property
    def place(self) -> Path:
        """The folder of environments."""
        return Path(self.folder) if self.folder else places.environments_folder()


def choose(order: Order) -> tuple[Python, TorchBuild]:
    """Choose what to build on, and the build of PyTorch.

    Raises:
        SetupError: if there is no Python that fits.
    """
    build = BUILDS.get(order.build) or fitting_build(find_graphics())
    if not order.python:
        return find_base(order.blenders_python), build
    python = ask_python(Path(order.python))
    check_base(python)
    return python, build


def install(order: Order, teller: Teller) -> Record:
    """Build an environment, check it, and let it take the place of the one before.

    Raises:
        SetupError: if that cannot be; the one before stays.
    """
    teller.enter(0.0, 0.05)
    teller.tell("Looking at this machine")
    pins = read_pins(Path(order.requirements))
    _check_wheels(order.wheels)
    python, build = choose(order)
    check_disk(order, build)
    with _told_disk(order.place), _alone(order.place), _log() as log:
        _remove_unused(order.place)
        folder, downloads = places.next_folder(order.place), order.place / places.DOWNLOAD
        downloads.mkdir(parents=True)
        try:
            record = _build(order, python, build, pins, folder, log, teller)
            places.write_record(folder, record)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(downloads, ignore_errors=True)
    return record


def check_disk(order: Order, build: TorchBuild) -> None:
    """Refuse to begin what the disk has no room for.

    Raises:
        DiskError: if there is too little, or the folder cannot be written.
    """
    there = existing(order.place)
    if not os.access(there, os.W_OK):
        raise DiskError(f"Nothing can be written into {there}.", "Give yourself the right to write into it.")
    needed, free = build.disk + (0 if order.wheels else build.download) + _SPARE, shutil.disk_usage(there).free
    if free < needed:
        raise DiskError(
            f"{needed / 1e9:.1f} GB are needed in {there}, and {free / 1e9:.1f} GB are free.",
            "Free some space and install again.",
        )


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def sweep(folder: Path) -> None:
    """Remove everything from a folder of environments but the one in use, unless another Blender is at work there."""
    with suppress(SetupError, OSError):
        if folder.is_dir():
            with _alone(folder):
                _remove_unused(folder)


def uninstall(folder: Path, teller: Teller) -> None:
    """Remove all environments, the record first, so that none is used that is half gone.

    Raises:
        SetupError: if they cannot be removed.
    """
    with _told_disk(folder):
        if not folder.is_dir():
            return
        with _alone(folder):
            while (environment := places.installed(folder)) is not None:
                (environment.folder / places.RECORD).unlink()
            teller.tell("Removing the engine's packages")
            _remove_unused(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_unused(folder: Path) -> None:
    for path in places.unfinished(folder):
        shutil.rmtree(path, ignore_errors=True)


def _build(
    order: Order,
    python: Python,
    build: TorchBuild,
    pins: tuple[str, ...],
    folder: Path,
    log: IO[str],
    teller: Teller,
) -> Record:
    """Make the environment and fill it."""
    log.write(f"Python {python.name} at {python.path}; PyTorch: {build.label}; into {folder}\n")
    teller.tell("Making the environment", 1, 2)
    _make_environment(python, folder, log)
    inside, downloads = places.environment_python(folder), order.place / places.DOWNLOAD
    torch, others = split_torch(pins)
    shares = (
        (torch, build.index, "PyTorch", build.download - _OTHERS, 0.05, 0.6),
        (others, "", "the other packages", _OTHERS, 0.6, 0.92),
    )
    for packages, index, what, expected, low, high in shares:
        teller.enter(low, high)
        if packages:
            source = pip.Source(order.wheels, index)
            pip.install(inside, packages, source, downloads, log, teller, what, expected)
    teller.enter(0.92, 1.0)
    teller.tell("Checking the packages")
    finding = look(inside, pins, Path(order.root))
    judge(finding, pins, order.version)
    return Record(order.version, python.name, finding.packages.get(TORCH, ""), build.name, pins, _size(folder))


def _make_environment(python: Python, folder: Path, log: IO[str]) -> None:
    with subprocess.Popen(
        [str(python.path), "-I", "-X", "utf8", "-m", "venv", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_variables(),
        encoding="utf-8",
        errors="replace",
        creationflags=no_window(),
    ) as maker:
        CHILDREN.add(maker)
        said, _ = maker.communicate()
        CHILDREN.discard(maker)
    log.write(said)
    if "No space left" in said:
        raise DiskError("The disk is full.", "Free some space and install again.")
    if maker.returncode or not places.environment_python(folder).exists():
        raise SetupError(f"{python.path} could not make a virtual environment.", "Choose another Python.")


def _check_wheels(folder: str) -> None:
    """Refuse a folder that holds no wheels."""
    if not folder:
        return
    place = Path(folder)
    if not place.is_dir():
        raise WheelsError(f"There is no folder {place}.", "Choose the folder that holds the wheels.")
    if not any(place.glob("*.whl")):
        remedy = "Choose another folder, or let `pip download` on a machine of the same kind fill it."
        raise WheelsError(f"There are no wheels in {place}.", remedy)


def _size(folder: Path) -> int:
    return sum((Path(place) / name).lstat().st_size for place, _, names in os.walk(folder) for name in names)


@contextmanager
def _log() -> Iterator[IO[str]]:
    path = places.log_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        yield stream


@contextmanager
def _told_disk(folder: Path) -> Iterator[None]:
    """Tell what the system says about writing."""
    try:
        yield
    except OSError as exc:
        raise DiskError(
            f"{exc.filename or folder} cannot be written ({exc.strerror or exc}).",
            "Give yourself the right to write into it, or free some space.",
        ) from exc


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep another Blender from installing at the same time.

    Raises:
        SetupError: if one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as stream:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            else:
                import fcntl

                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise SetupError("Another Blender is installing the engine.", "Wait until it is done.") from exc
        yield
        with suppress(OSError):
            stream.flush()
