"""Windows' part is tested against a library that only remembers: it has never run on Windows."""

import ctypes
import os
import subprocess
import sys

import pytest

from bridge.child_process import (
    CREATE_NEW_PROCESS_GROUP,
    CREATE_NO_WINDOW,
    EXTENDED_LIMIT_INFORMATION,
    KILL_ON_JOB_CLOSE,
    BasicLimits,
    ExtendedLimits,
    process_options,
    put_into_job,
    tie,
)


class FakeKernel:
    """Remembers what it was asked for."""

    def __init__(self, failing=""):
        self.failing = failing
        self.calls = []

    def _called(self, name, *facts):
        self.calls.append((name, *facts))
        return 0 if name == self.failing else 1

    def CreateJobObjectW(self, security, name):  # noqa: N802
        return 77 * self._called("create", security, name)

    def SetInformationJobObject(self, job, kind, limits, size):  # noqa: N802
        return self._called("limit", job.value, kind, limits._obj.basic.limit_flags, size)

    def AssignProcessToJobObject(self, job, process):  # noqa: N802
        return self._called("assign", job.value, process.value)

    def CloseHandle(self, handle):  # noqa: N802
        return self._called("close", handle.value)


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="sizes of 64-bit Windows")
def test_the_records_are_as_large_as_windows_has_them():
    assert (ctypes.sizeof(BasicLimits), ctypes.sizeof(ExtendedLimits)) == (64, 144)
    assert BasicLimits.limit_flags.offset == 16


def test_windows_ends_the_engine_with_the_last_handle_of_its_job():
    kernel = FakeKernel()
    assert put_into_job(kernel, 5) == 77
    size = ctypes.sizeof(ExtendedLimits)
    limit = ("limit", 77, EXTENDED_LIMIT_INFORMATION, KILL_ON_JOB_CLOSE, size)
    assert kernel.calls == [("create", None, None), limit, ("assign", 77, 5)]


@pytest.mark.parametrize(
    ("failing", "closed"), [("create", []), ("limit", [("close", 77)]), ("assign", [("close", 77)])]
)
def test_an_engine_without_a_job_object_is_none_the_worse(failing, closed):
    kernel = FakeKernel(failing)
    assert put_into_job(kernel, 5) is None
    assert [call for call in kernel.calls if call[0] == "close"] == closed


def test_on_windows_the_engine_has_no_console_and_a_group_of_its_own():
    assert process_options("win32") == {"creationflags": CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP}
    assert process_options("darwin") == process_options("linux") == {"process_group": 0}


@pytest.mark.skipif(os.name != "posix", reason="POSIX process groups")
def test_elsewhere_it_leads_a_process_group():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, **process_options()) as process:
        assert os.getpgid(process.pid) == process.pid
        assert tie(process) is None
        process.communicate(b"\n")
