"""What ties the engine's process to Blender's, and keeps Blender's terminal, console and windows out of it.

Everywhere the engine leaves when its standard input ends (``server.py``). Beside that:

- On Linux and macOS it leads a process group of its own: Ctrl-C in Blender's terminal does not reach it. If it is
  *stopped* while Blender dies, it must be woken to notice. The system does so for any process group that is orphaned,
  from the first moment on: a hang-up, which ends an engine that has not begun yet, and then the order to continue.
  Linux is asked besides (``wake_when_orphaned``), because no group is orphaned there that is adopted by a process of
  Blender's own session.
- On Windows it has no console, and belongs to a job object that Blender alone holds: the system ends whoever is in it
  when Blender is gone, however that came about.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from contextlib import suppress
from ctypes import c_int64, c_size_t, c_uint32, c_uint64
from typing import Any, TypedDict

CREATE_NO_WINDOW = 0x0800_0000
CREATE_NEW_PROCESS_GROUP = 0x0000_0200
KILL_ON_JOB_CLOSE = 0x2000
PR_SET_PDEATHSIG = 1
EXTENDED_LIMIT_INFORMATION = 9  # which kind of facts about a job object


class ProcessOptions(TypedDict, total=False):
    """Arguments of ``subprocess.Popen``."""

    process_group: int
    creationflags: int


def process_options(platform: str = sys.platform) -> ProcessOptions:
    """Return how to start the engine on a platform, named as Python names it."""
    if platform == "win32":
        return {"creationflags": CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def wake_when_orphaned() -> None:
    """Have Linux continue this process, should it be stopped when its parent dies; a running one notices nothing."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGCONT)


class BasicLimits(ctypes.Structure):
    """``JOBOBJECT_BASIC_LIMIT_INFORMATION``."""

    _fields_ = (
        ("per_process_user_time_limit", c_int64),
        ("per_job_user_time_limit", c_int64),
        ("limit_flags", c_uint32),
        ("minimum_working_set_size", c_size_t),
        ("maximum_working_set_size", c_size_t),
        ("active_process_limit", c_uint32),
        ("affinity", c_size_t),
        ("priority_class", c_uint32),
        ("scheduling_class", c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """``JOBOBJECT_EXTENDED_LIMIT_INFORMATION``."""

    _fields_ = (
        ("basic", BasicLimits),
        ("io_counters", c_uint64 * 6),
        ("process_memory_limit", c_size_t),
        ("job_memory_limit", c_size_t),
        ("peak_process_memory_used", c_size_t),
        ("peak_job_memory_used", c_size_t),
    )


def tie(process: subprocess.Popen[bytes]) -> int | None:
    """Let the system end a process with this one, where it has to be asked to.

    Args:
        process: the engine.

    Returns:
        A handle that must stay open as long as the engine is to live; None where there is none. Nothing is closed
        by hand: the handle goes with this process, which is what it is for.
    """
    if sys.platform != "win32":
        return None
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    for name in ("CreateJobObjectW", "OpenProcess"):
        getattr(kernel32, name).restype = ctypes.c_void_p
    return put_into_job(kernel32, int(vars(process)["_handle"]))  # which has all rights


def put_into_job(kernel32: Any, process: int) -> int | None:
    """Put a process into a new job object that ends with its last handle.

    Args:
        kernel32: the library.
        process: handle of the process.

    Returns:
        The job's handle, None if the system refuses: then only the end of its input ends the engine.
    """
    job = kernel32.CreateJobObjectW(None, None)
    if not job:
        return None
    limits = ExtendedLimits()
    limits.basic.limit_flags = KILL_ON_JOB_CLOSE
    handle = ctypes.c_void_p(job)
    is_limited = kernel32.SetInformationJobObject(
        handle, EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
    )
    if is_limited and kernel32.AssignProcessToJobObject(handle, ctypes.c_void_p(process)):
        return int(job)
    kernel32.CloseHandle(handle)
    return None
