# SPDX-License-Identifier: GPL-3.0-or-later
"""A process beside Blender ends with it: when standard input closes, it and its children go."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

CHILDREN: set[subprocess.Popen[str]] = set()  # that run now


def hold() -> None:
    """Watch standard input from now on; nothing is ever sent there."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    with suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    for child in list(CHILDREN):
        with suppress(OSError):
            child.kill()
    os._exit(1)
