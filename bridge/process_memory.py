"""How much memory this process takes, asked of the system without any package."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

_RUSAGE_V0 = struct.Struct("=16s10Q")  # what macOS knows of a process: its identity, then ten numbers
_RESIDENT = 7  # among them
_RUSAGE_INFO_V0 = 0


def resident_bytes() -> int:
    """Return the bytes of this process that lie in memory, 0 where the system does not tell."""
    try:
        if sys.platform == "win32":
            return _on_windows()
        if sys.platform == "darwin":
            return _on_macos()
        return pages_of(Path("/proc/self/statm").read_text()) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def pages_of(statm: str) -> int:
    """Read Linux's line about a process: the second number is that of its pages in memory."""
    return int(statm.split()[1])


def resident_of(rusage: bytes) -> int:
    """Read the bytes in memory out of macOS's ``rusage_info_v0``."""
    return int(_RUSAGE_V0.unpack(rusage)[_RESIDENT])


if sys.platform == "darwin":

    def _on_macos() -> int:
        import ctypes

        buffer = ctypes.create_string_buffer(_RUSAGE_V0.size)
        system = ctypes.CDLL("/usr/lib/libSystem.B.dylib")
        if system.proc_pid_rusage(os.getpid(), _RUSAGE_INFO_V0, buffer):
            return 0
        return resident_of(buffer.raw)


if sys.platform == "win32":

    def _on_windows() -> int:
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = (
                ("cb", wintypes.DWORD),
                ("page_faults", wintypes.DWORD),
                *((name, ctypes.c_size_t) for name in ("peak_working_set", "working_set")),
                *((f"quota_{number}", ctypes.c_size_t) for number in range(4)),
                *((name, ctypes.c_size_t) for name in ("pagefile", "peak_pagefile")),
            )

        counters = Counters()
        counters.cb = ctypes.sizeof(counters)
        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.GetCurrentProcess.restype = wintypes.HANDLE
        kernel32.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
        if not kernel32.K32GetProcessMemoryInfo(kernel32.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
            return 0
        return int(counters.working_set)
