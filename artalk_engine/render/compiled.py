"""Loops made into machine code, once, and kept for the next start where anything can be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers when it is first called.

    The code runs without Python's lock, so that threads share the work. It is kept beside the source, or in the
    user's cache folder where that is read-only; where neither can be written it is compiled at every start.
    Arithmetic is IEEE's, in the order written: results do not depend on the machine or the number of threads.
    Functions that call one another stand in one file, as only that file's date says whether kept code is still true.
    """
    try:
        return _compile(function, is_kept=True)
    except RuntimeError:  # numba has found no folder to keep it in
        return _compile(function, is_kept=False)


def _compile(function: Callable[P, R], is_kept: bool) -> Callable[P, R]:
    made: Callable[P, R] = numba.njit(nogil=True, cache=is_kept, error_model="numpy")(function)
    return made
