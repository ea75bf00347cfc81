"""The command line: speech in, a motion file out.

    python -m artalk_engine generate speech.wav -o motion.npz --style happy
    python -m artalk_engine render speech.wav -o film.mp4
    python -m artalk_engine speak "Hello, how are you?" -o hello.mp4
    python -m artalk_engine render speech.wav --avatar 11.jpg --model DIR -o film.mp4
    python -m artalk_engine styles
    python -m artalk_engine style add weary --from motion.npz --at 3.2
    python -m artalk_engine describe

What goes to which output, and what the exit status says, is in ``console.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from artalk_engine.commands import avatar, describe, deviation, generate, render, serve, speak, style
from artalk_engine.commands.common import model_options
from artalk_engine.console import run
from artalk_engine.errors import AudioError, AvatarError, EngineError, OptionError, SpeechError, StyleError
from artalk_engine.version import engine_version
from bridge.errors import BridgeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: those of the command line; ``None`` for the process's own.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    return run(options, options.command, _readable, _is_bad_input)


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
        ("speak", speak.add_options, "say a text: its sound, its motion or a film of a head that says it"),
        ("serve", serve.add_options, "open a page in the browser that makes films from sounds and texts"),
        ("styles", style.add_list_options, "list the model's speaking styles"),
        ("avatars", avatar.add_list_options, "list the photographic avatars"),
        ("deviation", deviation.add_options, "measure what --precision fast changes, and what it saves"),
        ("describe", describe.add_options, "say which model, rig and device would be used"),
    ):
        add_options(commands.add_parser(name, parents=[common], help=text, description=f"{text.capitalize()}."))
    style.add_options(commands.add_parser("style", help="add a style of your own, or remove it"), common)
    avatar.add_options(
        commands.add_parser("avatar", help="add a photographic avatar of your own, or remove it"), common
    )
    return parser


def _is_bad_input(exc: EngineError | BridgeError) -> bool:
    return isinstance(exc, AudioError | AvatarError | SpeechError | StyleError | OptionError | BridgeError)


def _readable(result: dict[str, Any]) -> str:
    """Write a result for people: a list line by line, anything else as a table."""
    if list(result) in (["styles"], ["avatars"]):
        return "\n".join(*result.values())
    if list(result) == ["takes"]:
        return "\n".join(f"{take['output']}  {take['duration_s']:.2f} s" for take in result["takes"])
    lists = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in result.items()}
    width = max(map(len, lists))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lists.items())
