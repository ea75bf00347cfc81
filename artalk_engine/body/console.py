"""What the commands of this package share: options, exit status, errors in one sentence.

Standard output carries the result only (with ``--json`` as one JSON object), everything else goes to standard error.

    0    done
    1    an error that nobody expected; --verbose shows where
    2    a wrong option, or a clip or an output that cannot be used
    3    a checkpoint or a part of the installation that cannot be used
    130  interrupted
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from artalk_engine.environment import IncompleteEnvironmentError, needed_packages
from artalk_engine.errors import AssetMissingError, CheckpointError, EngineError
from bridge.errors import BridgeError, as_sentence

from .devices import BodyDeviceError

DONE, UNEXPECTED, BAD_INPUT, BAD_MODEL, INTERRUPTED = 0, 1, 2, 3, 130
MODEL_ERRORS = (AssetMissingError, BodyDeviceError, CheckpointError, IncompleteEnvironmentError)


def run(options: argparse.Namespace, command: Callable[[argparse.Namespace], dict[str, Any]]) -> int:
    """Run a command and report what it gives; returns the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if options.verbose else logging.WARNING)
    try:
        with needed_packages():
            _use_threads(options.threads)
            result = command(options)
    except KeyboardInterrupt as exc:
        sys.stderr.write(f"{exc}\n" if exc.args else "Interrupted; what was not finished is not written.\n")
        return INTERRUPTED
    except (EngineError, BridgeError) as exc:
        status = BAD_MODEL if isinstance(exc, MODEL_ERRORS) else BAD_INPUT
        return _fail(options, exc.code, str(exc), exc.remedy, status)
    except Exception as exc:
        if options.verbose:
            raise
        text = f"An unexpected error stopped this command ({type(exc).__name__}: {exc})."
        return _fail(options, "internal", text, "Run it again with --verbose and report what it prints.", UNEXPECTED)
    sys.stdout.write((json.dumps(result) if options.json else readable(result)) + "\n")
    return DONE


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


def _fail(options: argparse.Namespace, code: str, text: str, remedy: str, status: int) -> int:
    text, remedy = as_sentence(text), as_sentence(remedy)
    if options.json:
        sys.stdout.write(json.dumps({"error": {"code": code, "text": text, "remedy": remedy}}) + "\n")
    sys.stderr.write(f"error: {text} {remedy}".rstrip() + "\n")
    return status


def _count(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value <= 1024:
        raise argparse.ArgumentTypeError(f"{text} is not a number of threads")
    return value
