"""The command line: speech in, a motion file out.

    python -m artalk_engine generate speech.wav -o motion.npz --style happy
    python -m artalk_engine render speech.wav -o film.mp4
    python -m artalk_engine styles
    python -m artalk_engine style add weary --from motion.npz --at 3.2
    python -m artalk_engine describe

Standard output carries the result only (with ``--json`` as one JSON object), everything
else goes to standard error. The exit status says what kind of thing went wrong:

    0    done
    1    an error that nobody expected; --verbose shows where
    2    a wrong option, or a sound, a style or an output that cannot be used
    3    a model or a part of the installation that cannot be used
    130  interrupted
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from artalk_engine.commands import describe, deviation, generate, render, style
from artalk_engine.commands.common import model_options, say
from artalk_engine.errors import AudioError, EngineError, OptionError, StyleError
from artalk_engine.version import engine_version
from bridge.errors import BridgeError, as_sentence

DONE, UNEXPECTED, BAD_INPUT, BAD_MODEL, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: those of the command line; ``None`` for the process's own.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if options.verbose else logging.ERROR)
    try:
        result = options.command(options)
    except KeyboardInterrupt:
        say("Interrupted; what was not finished is not written.")
        return INTERRUPTED
    except (EngineError, BridgeError) as exc:
        return _fail(options, exc.code, str(exc), exc.remedy, _status(exc))
    except Exception as exc:
        if options.verbose:
            raise
        text = f"An unexpected error stopped this command ({type(exc).__name__}: {exc})."
        return _fail(options, "internal", text, "Run it again with --verbose and report what it prints.", UNEXPECTED)
    _print(json.dumps(result) if options.json else _readable(result))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m artalk_engine",
        description="Speech becomes motion of a FLAME head.",
        epilog="Exit status: 0 done, 1 unexpected error, 2 bad option, sound, style or output, "
        "3 bad model or installation, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=engine_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = model_options()
    for name, add_options, text in (
        ("generate", generate.add_options, "make a motion file from a sound file, or from each of several"),
        ("render", render.add_options, "make a film of the speaking head from a sound or a motion file"),
        ("styles", style.add_list_options, "list the model's speaking styles"),
        ("deviation", deviation.add_options, "measure what --precision fast changes, and what it saves"),
        ("describe", describe.add_options, "say which model, rig and device would be used"),
    ):
        add_options(commands.add_parser(name, parents=[common], help=text, description=f"{text.capitalize()}."))
    style.add_options(commands.add_parser("style", help="add a style of your own, or remove it"), common)
    return parser


def _status(exc: EngineError | BridgeError) -> int:
    return BAD_INPUT if isinstance(exc, AudioError | StyleError | OptionError | BridgeError) else BAD_MODEL


def _fail(options: argparse.Namespace, code: str, text: str, remedy: str, status: int) -> int:
    text, remedy = as_sentence(text), as_sentence(remedy)
    if options.json:
        _print(json.dumps({"error": {"code": code, "text": text, "remedy": remedy}}))
    say(f"error: {text} {remedy}".rstrip())
    return status


def _print(text: str) -> None:
    """Write the result, whichever letters the output knows and whether or not anybody still reads it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:  # as in `styles | head -1`; what was made is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again at its end


def _readable(result: dict[str, Any]) -> str:
    """Write a result for people: a list line by line, anything else as a table."""
    if list(result) == ["styles"]:
        return "\n".join(result["styles"])
    if list(result) == ["takes"]:
        return "\n".join(f"{take['output']}  {take['duration_s']:.2f} s" for take in result["takes"])
    lists = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in result.items()}
    width = max(map(len, lists))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lists.items())
