"""The command line: speech or text in; motion, sound and films out.

    artalk generate speech.wav -o motion.npz --style happy
    artalk render speech.wav -o film.mp4
    artalk render speech.wav --avatar 11.jpg --model DIR -o film.mp4
    artalk speak "Hello, how are you?" -o hello.mp4
    artalk serve
    artalk models download --accept-licence artalk
    artalk style add weary --from motion.npz --at 3.2
    artalk -a speech.wav -s happy_0                       as ARTalk's own inference.py

``python -m artalk_engine`` is the same. What goes to which output, and what the exit status says, is in ``console.py``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from artalk_engine.commands import (
    avatar,
    completion,
    describe,
    deviation,
    generate,
    models,
    render,
    serve,
    speak,
    style,
    upstream,
)
from artalk_engine.commands.common import explain, model_options, output_options
from artalk_engine.console import BAD_INPUT, run
from artalk_engine.errors import AudioError, AvatarError, EngineError, OptionError, SpeechError, StyleError
from artalk_engine.version import engine_version
from bridge.errors import BridgeError

EPILOG = """examples:
  artalk generate speech.wav                        motion in speech.npz, for Blender's "Import Motion"
  artalk render speech.wav -o film.mp4              a film of the built-in head
  artalk speak "Hello, how are you?" -o hello.mp4   the same from a text, offline, in a hundred languages
  artalk serve --open                               all of that in a browser
  artalk models list                                ARTalk's released weights: which are here, and how to get them
  artalk COMMAND --help                             what a command can do, with examples

ARTalk's own options work too: artalk -a speech.wav -s happy_0 -i mesh, and artalk --run_app.

exit status:
  0 done   1 unexpected error   2 bad option, sound, text, style or output   3 bad model, download or installation
  130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: those of the command line; ``None`` for the process's own.

    Returns:
        The exit status.
    """
    said, parser = list(sys.argv[1:] if arguments is None else arguments), _parser()
    if not said:
        parser.exit(BAD_INPUT, parser.format_help())
    options = parser.parse_args(upstream.translate(said) if upstream.is_upstream(said) else said)
    return run(options, options.command, _readable, _is_bad_input)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_program(), description="Speech becomes motion of a FLAME head.")
    explain(parser, EPILOG)
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
    models.add_options(
        commands.add_parser("models", help="list, download, verify and import ARTalk's released files"),
        output_options(),
    )
    completion.add_options(commands.add_parser("completion", help="write a completion script for a shell"), _parser)
    return parser


def _program() -> str:
    """Return what the program was called as."""
    name = Path(sys.argv[0]).stem
    return name if name == "artalk" else "python -m artalk_engine"


def _is_bad_input(exc: EngineError | BridgeError) -> bool:
    return isinstance(exc, AudioError | AvatarError | SpeechError | StyleError | OptionError | BridgeError)


def _readable(result: dict[str, Any]) -> str:
    """Write a result for people: a list line by line, anything else as a table."""
    if "files" in result and "folder" in result:
        return models.readable(result)
    if "languages" in result and "voices" in result:
        return speak.readable(result)
    if list(result) in (["styles"], ["avatars"]):
        return "\n".join(*result.values())
    if list(result) == ["script"]:
        return str(result["script"])
    if list(result) == ["takes"]:
        return "\n".join(f"{take['output']}  {take['duration_s']:.2f} s" for take in result["takes"])
    lists = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in result.items()}
    lists = {name: value for name, value in lists.items() if value != ""}
    width = max(map(len, lists))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lists.items())
