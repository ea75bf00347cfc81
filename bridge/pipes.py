"""The two ends of the engine's pipes that Blender holds, used without ever waiting.

Neither threads nor sockets: on Linux and macOS the descriptors are switched to
non-blocking, on Windows the pipe is asked how much it holds before it is read.
"""

from __future__ import annotations

import errno
import os
import sys
import time

READ_SIZE = 64 * 1024  # what a pipe holds on Linux

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _ERROR_BROKEN_PIPE = 109
    _PIPE_NOWAIT = 1
    _PAUSE_S = 0.002
    _WRITE_SIZE = 1024  # a pipe takes a piece whole or not at all, so pieces stay below its buffer
    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.PeekNamedPipe.argtypes = [
        wintypes.HANDLE,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.LPDWORD,
        wintypes.LPDWORD,
        wintypes.LPDWORD,
    ]
    _kernel32.SetNamedPipeHandleState.argtypes = [
        wintypes.HANDLE,
        wintypes.LPDWORD,
        wintypes.LPDWORD,
        wintypes.LPDWORD,
    ]
else:
    import select

    _WRITE_SIZE = 64 * 1024


class ReadPipe:
    """The end from which replies come."""

    def __init__(self, descriptor: int) -> None:
        """Take over the reading of a pipe.

        Args:
            descriptor: file descriptor of the pipe's reading end; whoever opened it closes it.
        """
        self._descriptor = descriptor
        if sys.platform != "win32":
            os.set_blocking(descriptor, False)

    def read(self) -> bytes | None:
        """Return what is there, at most ``READ_SIZE`` bytes: ``None`` if nothing, ``b""`` at the end."""
        if sys.platform == "win32":
            available = _bytes_available(self._descriptor)
            if available == 0:
                return None
            return os.read(self._descriptor, min(available, READ_SIZE)) if available > 0 else b""
        try:
            return os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return None

    def wait(self, timeout_s: float) -> None:
        """Return when there is something to read, the end included, or after ``timeout_s`` seconds."""
        if sys.platform == "win32":
            deadline = time.monotonic() + timeout_s
            while _bytes_available(self._descriptor) == 0 and time.monotonic() < deadline:
                time.sleep(_PAUSE_S)
        else:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            poll.poll(max(timeout_s, 0.0) * 1000.0)


class WritePipe:
    """The end into which requests go; what the pipe cannot take yet is kept."""

    def __init__(self, descriptor: int) -> None:
        """Take over the writing of a pipe.

        Args:
            descriptor: file descriptor of the pipe's writing end; whoever opened it closes it.
        """
        self._descriptor = descriptor
        self._waiting = bytearray()
        if sys.platform == "win32":
            mode = wintypes.DWORD(_PIPE_NOWAIT)
            handle = msvcrt.get_osfhandle(descriptor)
            if not _kernel32.SetNamedPipeHandleState(handle, ctypes.byref(mode), None, None):
                raise ctypes.WinError(ctypes.get_last_error())
        else:
            os.set_blocking(descriptor, False)

    @property
    def has_waiting(self) -> bool:
        """Whether something is kept that the pipe has not taken."""
        return bool(self._waiting)

    def write(self, data: bytes) -> None:
        """Write ``data`` after what is kept, as far as the pipe takes it now.

        Args:
            data: the bytes; ``b""`` to try again with what is kept.

        Raises:
            BrokenPipeError: if nobody reads any more.
        """
        self._waiting += data
        while self._waiting:
            taken = self._take(bytes(self._waiting[:_WRITE_SIZE]))
            if not taken:
                return
            del self._waiting[:taken]

    def _take(self, piece: bytes) -> int:
        try:
            return os.write(self._descriptor, piece)
        except BlockingIOError:
            return 0
        except OSError as exc:
            if exc.errno == errno.ENOSPC:  # how Windows says that the pipe is full
                return 0
            raise BrokenPipeError(exc.errno, exc.strerror) from exc


if sys.platform == "win32":

    def _bytes_available(descriptor: int) -> int:
        """Return how many bytes a pipe holds, -1 when it is empty and its other end is closed."""
        count = wintypes.DWORD()
        handle = msvcrt.get_osfhandle(descriptor)
        if _kernel32.PeekNamedPipe(handle, None, 0, None, ctypes.byref(count), None):
            return count.value
        if ctypes.get_last_error() == _ERROR_BROKEN_PIPE:
            return -1
        raise ctypes.WinError(ctypes.get_last_error())
