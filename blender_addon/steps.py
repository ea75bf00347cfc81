# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work in short steps, so that it can be done a few milliseconds at a time; needs no Blender.

Such work is a generator that yields wherever it may be left alone for a while, and returns its result. An undo, a redo
or another file replaces the datablocks that it holds: what was begun before is given up then.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Generic, TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]

_era = 0  # counts how often datablocks were replaced


def era() -> int:
    """Return a number that changes when datablocks are replaced: while it is the same, those that are kept are good."""
    return _era


def begin_era() -> None:
    """Let nobody use the datablocks that were kept until now: they are about to be replaced."""
    global _era
    _era += 1


def finish(steps: Steps[Result]) -> Result:
    """Do a work to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


class Work(Generic[Result]):
    """A work that is under way.

    Attributes:
        result: what came of it, ``None`` until it is done.
        is_done: whether nothing is left to do.
    """

    def __init__(self, steps: Steps[Result]) -> None:
        self.result: Result | None = None
        self.is_done = False
        self._steps, self._era = steps, _era

    @property
    def is_outdated(self) -> bool:
        """Whether it must not be gone on with."""
        return self._era != _era

    def go_on(self, budget_s: float) -> bool:
        """Do some of it; whatever the work raises ends it.

        Args:
            budget_s: begin no further step after this many seconds.

        Returns:
            Whether it is done.
        """
        deadline = time.monotonic() + budget_s
        while not self.is_done:
            try:
                next(self._steps)
            except StopIteration as stop:
                self.result, self.is_done = stop.value, True
            if time.monotonic() >= deadline:
                break
        return self.is_done
