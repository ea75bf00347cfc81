"""How a process ended, in words."""

from __future__ import annotations

import re
import signal
import subprocess
from contextlib import suppress

REAP_S = 0.2  # between the end of a process's output and the end of the process


def ending(process: subprocess.Popen[bytes]) -> str:
    """Say how a process ended that has closed its output.

    Args:
        process: the process; waited for no longer than ``REAP_S`` seconds.

    Returns:
        Words such as ``"exit code 1"`` or ``"killed by SIGKILL"``.
    """
    with suppress(subprocess.TimeoutExpired):
        process.wait(REAP_S)
    code = process.returncode
    if code is None:
        return "it closed its output"
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def last_words(log: str) -> str:
    """Return why a program says that it ended: the last line of its log, without the name of a Python error."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return re.sub(r"^[\w.]+(Error|Exception): ", "", lines[-1]).rstrip(".") if lines else "it said nothing"
