"""``completion``: a script that lets a shell complete the commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from artalk_engine.errors import EngineError

from .common import explain

SHELLS = ("bash", "zsh", "tcsh")
EXAMPLES = """examples:
  artalk completion bash > ~/.local/share/bash-completion/completions/artalk
  artalk completion zsh > ~/.zfunc/_artalk              with ~/.zfunc in fpath, before compinit
"""


class CompletionError(EngineError):
    """The package that writes completions is not here."""

    code = "completion"


def add_options(parser: argparse.ArgumentParser, make_parser: Callable[[], argparse.ArgumentParser]) -> None:
    """Add which shell to write for.

    Args:
        parser: of this command.
        make_parser: makes the parser of all commands.
    """
    explain(parser, EXAMPLES)
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(command=lambda options: _run(options, make_parser()), json=False, verbose=False)


def _run(options: argparse.Namespace, commands: argparse.ArgumentParser) -> dict[str, Any]:
    try:
        import shtab
    except ImportError as exc:
        text = "shtab, which writes completions, is not installed in the engine's Python."
        raise CompletionError(text, "Install it there: python -m pip install shtab") from exc
    commands.prog = "artalk"
    return {"script": shtab.complete(commands, shell=options.shell)}
