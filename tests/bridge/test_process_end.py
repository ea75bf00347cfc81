import subprocess
import sys

import pytest

from bridge.process_end import ending, log_tail


@pytest.mark.parametrize(
    ("code", "words"),
    [("0", "exit code 0"), ("3", "exit code 3")],
)
def test_an_exit_code_is_told(code, words):
    assert ending(subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])) in (
        words,
        "it closed its output",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_signal_is_told_by_its_name():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process.kill()
    process.wait()
    assert ending(process) == "killed by SIGKILL"


def test_a_process_that_runs_on_is_not_waited_for():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert ending(process) == "it closed its output"
    process.kill()
    process.wait()


def test_only_the_end_of_a_log_is_returned(tmp_path):
    log = tmp_path / "engine.log"
    log.write_bytes(b"".join(b"line %d \xff\n" % index for index in range(10_000)))
    assert log_tail(log, lines=2) == "line 9998 \ufffd\nline 9999 \ufffd"
    assert len(log_tail(log)) <= 4096


def test_a_log_that_is_not_there_is_empty(tmp_path):
    assert log_tail(tmp_path / "no.log") == ""
