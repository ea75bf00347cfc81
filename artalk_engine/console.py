"""What every command line of the engine does: run a command, write its result, tell errors in one sentence.

Standard output carries the result only (with ``--json`` as one JSON object), everything else goes to standard error.
Long work shows a bar where standard error is a terminal. With ``--json`` it writes a line of JSON there instead, five
times a second at most: ``{"progress": {"stage": "Filming", "done": 12, "total": 250, "unit": "picture"}}``, where a
total of 0 is not known; lines that do not begin with a brace are for people.

The exit status says what kind of thing went wrong:

    0    done
    1    an error that nobody expected; --verbose shows where
    2    a wrong option, or an input or an output that cannot be used
    3    a model or a part of the installation that cannot be used
    130  interrupted
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from bridge.errors import BridgeError, as_sentence

from .errors import EngineError

DONE, UNEXPECTED, BAD_INPUT, BAD_MODEL, INTERRUPTED = 0, 1, 2, 3, 130

Result = dict[str, Any]
Piece = TypeVar("Piece")

_EVERY_S = 0.2  # between two lines of progress


def run(
    options: argparse.Namespace,
    command: Callable[[argparse.Namespace], Result],
    readable: Callable[[Result], str],
    is_bad_input: Callable[[EngineError | BridgeError], bool],
) -> int:
    """Run a command and report what it gives.

    Args:
        options: with ``json`` and ``verbose``.
        command: does the work.
        readable: writes its result for people.
        is_bad_input: tells errors of the input from those of the model or the installation.

    Returns:
        The exit status.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if options.verbose else logging.WARNING)
    try:
        result = command(options)
    except KeyboardInterrupt as exc:
        say(str(exc) or "Interrupted; what was not finished is not written.")
        return INTERRUPTED
    except (EngineError, BridgeError) as exc:
        return _fail(options, exc.code, str(exc), exc.remedy, BAD_INPUT if is_bad_input(exc) else BAD_MODEL)
    except Exception as exc:
        if options.verbose:
            raise
        text = f"An unexpected error stopped this command ({type(exc).__name__}: {exc})."
        return _fail(options, "internal", text, "Run it again with --verbose and report what it prints.", UNEXPECTED)
    _print(json.dumps(result) if options.json else readable(result))
    return DONE


class Progress:
    """How far some long work is, for whoever watches."""

    def __init__(self, stage: str, total: int, unit: str, bar: Any) -> None:
        self._stage, self._total, self._unit, self._bar = stage, total, unit, bar
        self._done, self._told_s = 0, -_EVERY_S

    def advance(self, steps: int = 1) -> None:
        """Note that some more steps are done."""
        self.reach(self._done + steps, self._total)

    def passed(self, piece: Piece) -> Piece:
        """Note one more step, and return what it made."""
        self.advance()
        return piece

    def reach(self, done: int, total: int) -> None:
        """Note how many steps are done, of how many."""
        steps, self._done, self._total = done - self._done, done, total
        if self._bar is not None:
            self._bar.total = total or None
            self._bar.update(steps)
        elif time.monotonic() - self._told_s >= _EVERY_S or done == total:
            self._told_s = time.monotonic()
            said = {"stage": self._stage, "done": done, "total": total, "unit": self._unit}
            say(json.dumps({"progress": said}))


@contextmanager
def progress(
    options: argparse.Namespace, stage: str, total: int, unit: str, *, is_bytes: bool = False
) -> Iterator[Progress]:
    """Show how far the work within the block is.

    Args:
        options: with ``json``.
        stage: what is being done.
        total: steps in all; 0 if that is not known.
        unit: what a step is.
        is_bytes: whether steps are counted in thousands and millions.
    """
    if options.json:
        yield Progress(stage, total, unit, None)
        return
    from tqdm import tqdm

    how = {"unit_scale": True, "unit_divisor": 1000} if is_bytes else {}
    with tqdm(desc=stage, total=total or None, unit=unit, disable=None, leave=False, **how) as bar:
        yield Progress(stage, total, unit, bar)


def say(text: str) -> None:
    """Tell the user something that is no result."""
    sys.stderr.write(f"{text}\n")


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
