import subprocess
import sys

import pytest

from bridge.process_end import ending, last_words


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


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "it said nothing"),
        ("Traceback ...\n  File\nModuleNotFoundError: No module named 'numpy'\n\n", "No module named 'numpy'"),
        ("one\nPython 3.8 is too old, the engine needs 3.11\n", "Python 3.8 is too old, the engine needs 3.11"),
        ("json.decoder.JSONDecodeError: Expecting value.", "Expecting value"),
    ],
)
def test_the_last_words_say_why(log, words):
    assert last_words(log) == words
