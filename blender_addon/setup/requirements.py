# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that the engine needs, in the versions that it was tested with."""

from __future__ import annotations

from pathlib import Path

from .errors import SetupError

TORCH = "torch"
MINIMUM_PYTHON = (3, 11)
TESTED_PYTHONS = ((3, 13), (3, 12), (3, 11))  # the best first


def read_pins(path: Path) -> tuple[str, ...]:
    """Read requirements such as ``numpy==2.4.6``, one a line; what follows a ``#`` is for people.

    Raises:
        SetupError: if the file is missing, as in a development checkout, or empty.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as exc:
        raise SetupError(
            f"The list of the engine's packages cannot be read ({path}).",
            "Install the add-on from its zip; in a checkout, build_addon.py makes the engine's environment.",
        ) from exc
    pins = tuple(line.split("#")[0].strip() for line in lines)
    return tuple(filter(None, pins))


def split_torch(pins: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the requirement of PyTorch, which comes from an index of its own, and all others."""
    torch = tuple(pin for pin in pins if name_of(pin) == TORCH)
    return torch, tuple(pin for pin in pins if pin not in torch)


def name_of(pin: str) -> str:
    """Return the package that a requirement names."""
    return pin.partition("==")[0].strip()


def version_of(pin: str) -> str:
    """Return the version that a requirement asks for."""
    return pin.partition("==")[2].strip()
