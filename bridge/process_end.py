"""How a process ended, in words."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

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


def log_tail(path: Path, size: int = 4096, lines: int = 20) -> str:
    """Return the end of a log file.

    Args:
        path: the file; one that cannot be read counts as empty.
        size: read at most this many bytes.
        lines: return at most this many lines.

    Returns:
        The last lines, ``""`` if there are none.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - size))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
