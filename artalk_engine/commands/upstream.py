"""ARTalk's own way of being called, ``-a speech.wav -s happy_0``, in this program's words.

ARTalk's ``inference.py`` has no commands, but options alone: ``-a`` the sound, ``-l`` the most frames, ``-i`` who is
shown (``mesh`` or an avatar), ``-s`` the style, and ``--run_app`` for its web page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

OPTIONS = ("-a", "--audio", "--audio_path", "-l", "--clip_length", "-i", "--shape_id", "-s", "--style_id", "--run_app")
MESH = "mesh"


def is_upstream(arguments: Sequence[str]) -> bool:
    """Return whether a command line begins as ARTalk's does."""
    first = arguments[0] if arguments else ""
    return first.partition("=")[0] in OPTIONS or (first[:2] in ("-a", "-l", "-i", "-s") and not first.startswith("--"))


def translate(arguments: Sequence[str]) -> list[str]:
    """Say the same as a command: a film of the sound, named after it and its style, or the web page.

    Args:
        arguments: ARTalk's, among which may be this program's own, such as ``--force``.
    """
    parser = argparse.ArgumentParser(prog="artalk", add_help=False, allow_abbrev=False)
    parser.add_argument("-a", "--audio_path", "--audio", default="", dest="audio")
    parser.add_argument("-l", "--clip_length", type=int, default=0)
    parser.add_argument("-i", "--shape_id", default=MESH)
    parser.add_argument("-s", "--style_id", default="")
    parser.add_argument("--run_app", action="store_true")
    options, rest = parser.parse_known_args(list(arguments))
    if options.run_app:
        return ["serve", *rest]
    if not options.audio:
        parser.error("a sound is needed: -a speech.wav")
    style = "" if options.style_id == "default" else options.style_id
    name = "_".join(filter(None, (Path(options.audio).stem, style, options.shape_id)))
    film = ["render", options.audio, "--clip-length", str(options.clip_length)]
    film += ["--style", style] if style else []
    film += ["--avatar", options.shape_id] if options.shape_id != MESH else []
    film += [] if "-o" in rest or "--output" in rest else ["-o", f"{name}.mp4"]
    return [*film, *rest]
