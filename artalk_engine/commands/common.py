"""What all commands share: options about the model, and loading it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from artalk_engine.console import say
from artalk_engine.environment import needed_packages

if TYPE_CHECKING:
    from artalk_engine.engine import ARTAvatarInferEngine
    from artalk_engine.generation import Voice


def model_options() -> argparse.ArgumentParser:
    """Make a parent parser with the options that say which model speaks, and how its results are written."""
    common = argparse.ArgumentParser(add_help=False, parents=[output_options()])
    common.add_argument(
        "--model", default="", metavar="DIR", help="folder of a checkpoint (default: the built-in voice)"
    )
    common.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    common.add_argument(
        "--precision",
        choices=("exact", "fast"),
        default="exact",
        help="fast trades a little exactness for speed where the device can (default: exact)",
    )
    common.add_argument("--threads", type=count, default=0, metavar="N", help="processor threads (default: half)")
    return common


def output_options() -> argparse.ArgumentParser:
    """Make a parent parser with the options that say how results and errors are written."""
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print the result as one JSON object, progress as lines")
    output.add_argument("-v", "--verbose", action="store_true", help="say more, and show where errors come from")
    return output


def explain(parser: argparse.ArgumentParser, examples: str) -> None:
    """End a command's help with examples, whose lines stay as they are."""
    parser.epilog, parser.formatter_class = examples, argparse.RawDescriptionHelpFormatter


def load(options: argparse.Namespace) -> tuple[ARTAvatarInferEngine, Voice]:
    """Load the model that the options name; its libraries are imported here and not before.

    Raises:
        EngineError: if it cannot be loaded.
    """
    say("Loading the model …")
    with needed_packages():
        from artalk_engine.generation import Voice, WarmEngine

    voice = Voice(options.model, options.device, options.precision, options.threads)
    return WarmEngine().get(voice), voice


def count(text: str) -> int:
    """Read a number from 0 upwards."""
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 upwards")
    return value


def seconds(text: str) -> float:
    """Read a time."""
    value = float(text)
    if not 0.0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def writable(path: Path, is_forced: bool) -> Path:
    """Return a file to write.

    Raises:
        MotionFileError: if its folder is missing, or it exists and is not to be replaced.
    """
    from bridge.errors import MotionFileError

    if not path.parent.is_dir():
        raise MotionFileError(path, "its folder does not exist", "Create the folder, or choose another.")
    if path.is_dir() or (path.exists() and not is_forced):
        raise MotionFileError(path, "this exists already", "Choose another name, or give --force to replace a file.")
    return path
