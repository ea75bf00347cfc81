"""A clock that stands still while the process that reads it does.

How long the other side has been silent is judged by this clock. Who was stopped for a minute, by a debugger, a closed
lid or a long render, has not listened for a minute, and must not conclude anything from having heard nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_S = 2.0  # the longest that one look at the clock may count; whoever listens looks more often


class AwakeClock:
    """Seconds during which somebody looked at the clock every now and then."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin at zero.

        Args:
            monotonic: the clock that goes on whatever happens, in seconds.
        """
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._awake_s = 0.0

    def now(self) -> float:
        """Return the seconds so far; a longer pause since the last look counts as ``STEP_S``."""
        looked_at, self._looked_at = self._looked_at, self._monotonic()
        self._awake_s += min(max(self._looked_at - looked_at, 0.0), STEP_S)
        return self._awake_s
