import os
import subprocess
import sys

from bridge.log_file import log_tail, open_log, shorten


def test_only_the_end_of_a_log_is_returned(tmp_path):
    log = tmp_path / "engine.log"
    log.write_bytes(b"".join(b"line %d \xff\n" % index for index in range(10_000)))
    assert log_tail(log, lines=2) == "line 9998 \ufffd\nline 9999 \ufffd"
    assert len(log_tail(log)) <= 4096


def test_a_log_that_is_not_there_is_empty(tmp_path):
    assert log_tail(tmp_path / "no.log") == ""


def test_the_log_before_is_kept_beside_a_new_one(tmp_path):
    path = tmp_path / "logs" / "engine.log"
    for words in (b"first", b"second"):
        with open_log(path) as log:
            log.write(words)
    assert path.read_bytes() == b"second"
    assert path.with_name("engine.log.old").read_bytes() == b"first"


def test_without_room_for_a_log_there_is_none(tmp_path):
    (tmp_path / "file").touch()
    with open_log(tmp_path / "file" / "engine.log") as log:
        assert log.name == os.devnull


def test_a_log_that_has_grown_too_long_begins_anew_while_it_is_written(tmp_path):
    path = tmp_path / "engine.log"
    with open_log(path) as log:
        process = subprocess.Popen([sys.executable, "-c", "input(); print('end')"], stdin=subprocess.PIPE, stdout=log)
        log.write(b"x" * 1000)
        log.flush()
        assert not shorten(log.fileno(), 1000)
        log.write(b"x")
        log.flush()
        assert shorten(log.fileno(), 1000)
        process.communicate(b"\n")
    assert path.read_text().splitlines() == ["(The log had grown too long; it begins anew here.)", "end"]


def test_what_is_no_file_is_not_shortened():
    reading, writing = os.pipe()
    assert not shorten(writing, 0)
    os.close(reading)
    os.close(writing)
    assert not shorten(writing)
