# SPDX-License-Identifier: GPL-3.0-or-later
"""How a process beside Blender tells how far it is: a line of JSON each time, on standard output.

``{"progress": {"stage": "Downloading torch", "done": 3, "total": 9, "unit": "B", "fraction": 0.2}}``, at the end
``{"result": {…}}`` or ``{"error": {"code": …, "text": …, "remedy": …}}``. The engine's own command line speaks the
same language; lines that are no JSON are for the log.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

_EVERY_S = 0.1


class Teller:
    """Tells how far the work is, each stage being a share of the whole; it never goes back."""

    def __init__(self) -> None:
        self._low, self._high, self._told_s, self._fraction = 0.0, 1.0, 0.0, 0.0
        self._told = ("", 0)

    def enter(self, low: float, high: float) -> None:
        """Begin with the part of the work that lies between two fractions of the whole."""
        self._low, self._high = low, high

    def tell(self, stage: str, done: int = 0, total: int = 0, unit: str = "", part: float | None = None) -> None:
        """Say what is being done and how much of it is.

        Args:
            stage: what is being done.
            done: how much of it.
            total: how much there is of it; 0 is not known.
            unit: of both.
            part: how much of this part of the work is done, 0 to 1, where one of several stages does not tell.
        """
        now, is_same_stage = time.monotonic(), stage == self._told[0]
        if (stage, done) == self._told or (is_same_stage and done < total and now - self._told_s < _EVERY_S):
            return
        self._told, self._told_s = (stage, done), now
        if part is None:
            part = done / total if total else 0.0
        self._fraction = max(self._fraction, self._low + (self._high - self._low) * min(part, 1.0))
        say({"progress": {"stage": stage, "done": done, "total": total, "unit": unit, "fraction": self._fraction}})


def say(message: Mapping[str, Any]) -> None:
    """Write one message."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
