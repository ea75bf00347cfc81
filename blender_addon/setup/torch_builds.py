# SPDX-License-Identifier: GPL-3.0-or-later
"""Which build of PyTorch fits a machine.

An NVIDIA driver runs programs made for CUDA up to a version of its own; CUDA 13 has given up graphics cards older than
Turing, and cards as new as Blackwell need at least 12.8. Apple's graphics are in the only build for macOS.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

INDEX = "https://download.pytorch.org/whl"
CPU, CONFIGURED = "cpu", "configured"
_TURING = 7.5  # compute capability
_DRIVERS = ((580, "cu130"), (570, "cu128"), (525, "cu126"))  # the oldest driver for each, the same on Windows
GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class TorchBuild:
    """A build of PyTorch.

    Attributes:
        name: ``""`` for whichever fits.
        label: what people call it.
        tip: whom it is for.
        index: where pip finds it; ``""`` is where pip looks anyway.
        download: bytes to fetch, with all other packages.
        disk: bytes when installed, with all other packages.
    """

    name: str
    label: str
    tip: str
    index: str
    download: int
    disk: int


BUILDS = {
    build.name: build
    for build in (
        TorchBuild(
            CPU,
            "Processor",
            "The smallest, for machines without a graphics card to compute on",
            f"{INDEX}/cpu",
            GIGABYTE // 2,
            2 * GIGABYTE,
        ),
        TorchBuild(
            "cu126",
            "NVIDIA, CUDA 12.6",
            "For drivers from 525 on, and for cards older than Turing",
            f"{INDEX}/cu126",
            3 * GIGABYTE,
            7 * GIGABYTE,
        ),
        TorchBuild(
            "cu128", "NVIDIA, CUDA 12.8", "For drivers from 570 on", f"{INDEX}/cu128", 3 * GIGABYTE, 7 * GIGABYTE
        ),
        TorchBuild(
            "cu130", "NVIDIA, CUDA 13.0", "For drivers from 580 on", f"{INDEX}/cu130", 3 * GIGABYTE, 7 * GIGABYTE
        ),
        TorchBuild("apple", "Apple", "For Macs with Apple silicon", "", GIGABYTE // 2, 2 * GIGABYTE),
        TorchBuild(
            CONFIGURED,
            "As Configured",
            "From the index that your own settings of pip name",
            "",
            3 * GIGABYTE,
            7 * GIGABYTE,
        ),
    )
}


@dataclass(frozen=True)
class Graphics:
    """An NVIDIA graphics card as its driver describes it."""

    name: str
    driver: str
    capability: float  # 0 if the driver does not say


def fitting_build(graphics: Graphics | None, system: str = sys.platform) -> TorchBuild:
    """Choose a build of PyTorch.

    Args:
        graphics: the NVIDIA card, if there is one.
        system: as ``sys.platform`` names it.
    """
    if system == "darwin":
        return BUILDS["apple"]
    if graphics is None:
        return BUILDS[CPU]
    driver = int(re.match(r"\d*", graphics.driver)[0] or 0)  # type: ignore[index]
    name = next((name for oldest, name in _DRIVERS if driver >= oldest), CPU)
    if name == "cu130" and 0 < graphics.capability < _TURING:
        name = "cu126"
    return BUILDS[name]


def find_graphics(command: str | None = None) -> Graphics | None:
    """Ask the machine's NVIDIA driver about its first card; None if there is no driver.

    Args:
        command: the driver's program; None is looked for.
    """
    program = command or shutil.which("nvidia-smi") or _windows_program()
    if program is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(
            [program, "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            errors="replace",
        )
        return read_graphics(answer.stdout)
    return None


def read_graphics(text: str) -> Graphics | None:
    """Read the driver's answer: a line a card, of name, driver and compute capability."""
    for line in text.splitlines():
        parts = [part.strip() for part in line.rsplit(",", 2)]
        if len(parts) == 3 and parts[1][:1].isdigit():
            with suppress(ValueError):
                return Graphics(parts[0], parts[1], float(parts[2]))
            return Graphics(parts[0], parts[1], 0.0)
    return None


def has_wheels(system: str = sys.platform, machine: str | None = None) -> bool:
    """Return whether PyTorch is still made for such a machine; for Intel's Macs it is not."""
    return not (system == "darwin" and (machine or platform.machine()) == "x86_64")


def _windows_program() -> str | None:
    usual = Path("C:/Windows/System32/nvidia-smi.exe")  # not on everybody's PATH
    return str(usual) if usual.is_file() else None
