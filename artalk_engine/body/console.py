"""What the commands of this package share: options, errors, and how results read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from artalk_engine import console
from artalk_engine.environment import IncompleteEnvironmentError
from artalk_engine.errors import AssetMissingError, CheckpointError, DeviceError

MODEL_ERRORS = (AssetMissingError, CheckpointError, DeviceError, IncompleteEnvironmentError)


def run(options: argparse.Namespace, command: Callable[[argparse.Namespace], dict[str, Any]]) -> int:
    """Run a command and report what it gives; returns the exit status, see `artalk_engine.console`."""

    def prepared(options: argparse.Namespace) -> dict[str, Any]:
        try:
            _use_threads(options.threads)
            return command(options)
        except ImportError as exc:
            raise IncompleteEnvironmentError(exc.name) from exc

    return console.run(options, prepared, readable, lambda exc: not isinstance(exc, MODEL_ERRORS))


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command has."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    parser.add_argument("--threads", type=_count, default=0, metavar="N", help="processor threads (default: all)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more, and show where errors come from")


def readable(result: dict[str, Any]) -> str:
    """Write a result for people, as a table."""
    lines = []
    for name, value in result.items():
        if isinstance(value, dict):
            value = [f"{key} {figure}" for key, figure in value.items()]
        text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        lines.append(f"{name.replace('_', ' '):<18} {text}")
    return "\n".join(lines)


def _use_threads(count: int) -> None:
    if count:
        import torch

        torch.set_num_threads(count)


def _count(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value <= 1024:
        raise argparse.ArgumentTypeError(f"{text} is not a number of threads")
    return value
