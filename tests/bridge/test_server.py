# ruff: noqa: S311 - seeded randomness is what a repeatable fuzz test needs
"""The server in a real process, spoken to in raw bytes."""

import random
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from bridge import framing, server
from bridge.errors import OrderError
from bridge.messages import (
    PROTOCOL,
    Alive,
    Cancel,
    Describe,
    Description,
    Done,
    Failed,
    Generate,
    Hello,
    Preview,
    Ready,
    Shutdown,
)
from bridge.protocol import NO_JOB, ClientProtocol

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="waits on pipes with select")


class RawEngine:
    """The small engine and a protocol that does not mind what it is told."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", str(Path(__file__).with_name("small_engine.py")), str(ROOT)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.protocol = ClientProtocol()

    def write(self, data):
        self.process.stdin.write(data)

    def ask(self, request):
        job, data = self.protocol.request(request)
        self.write(data)
        return job

    def next(self, timeout_s=60.0, with_beats=False):
        deadline = time.monotonic() + timeout_s
        while (item := self.protocol.next()) is None or (isinstance(item[1], Alive) and not with_beats):
            if item is not None:
                continue
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the engine says nothing"
            data = self.process.stdout.read(65536)
            assert data, "the engine has ended"
            self.protocol.feed(data)
        return item


@pytest.fixture
def engine():
    raw = RawEngine()
    yield raw
    raw.process.kill()
    raw.process.wait()


@pytest.fixture
def greeted(engine):
    assert engine.ask(Hello()) == 1
    assert engine.next() == (1, Ready(PROTOCOL, "0.test"))
    return engine


def assert_it_still_works(engine):
    """Ask for a description and let answers to earlier damage pass, even under numbers that were damaged too."""
    job = engine.ask(Describe())
    while True:
        with suppress(OrderError):
            answered, reply = engine.next()
            if answered == job:
                assert reply == Description("cpu", ("small",), ("neutral",), "builtin")
                return


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "stray_bytes"),
        (framing.PREAMBLE.pack(framing.MAGIC, 2**32 - 1, 2**32 - 1), "frame"),
        (framing.PREAMBLE.pack(framing.MAGIC, 2, 0) + b"no", "frame"),
        (framing.encode(framing.Frame({"no": "job"})), "message"),
        (framing.encode(framing.Frame({"job": 0, "content": {"message": "Describe"}})), "order"),
    ],
)
def test_what_is_no_message_is_answered_by_an_error_outside_any_job(greeted, data, code):
    greeted.write(data)
    job, reply = greeted.next()
    assert (job, reply.code, bool(reply.text), bool(reply.remedy)) == (NO_JOB, code, True, True)
    assert_it_still_works(greeted)


@pytest.mark.parametrize(
    "content",
    [
        {"message": "Exec", "code": "import os"},
        {"message": "Generate"},
        {"message": "Generate", "audio": 1},
        {"message": "Done", "frames": 1},
    ],
)
def test_an_unknown_or_malformed_request_is_answered_by_an_error_of_its_job(greeted, content):
    greeted.write(framing.encode(framing.Frame({"job": 2, "content": content})))
    job, reply = greeted.next()
    assert (job, reply.code) == (2, "message")
    assert_it_still_works(greeted)


def test_another_version_is_answered_by_an_error_and_nothing_is_done(engine):
    engine.ask(Hello(protocol=7))
    job, reply = engine.next()
    assert (job, reply.code) == (1, "version")
    assert "7" in reply.text
    job = engine.ask(Describe())
    assert engine.next() == (job, Failed("order", "A Describe came before Hello.", reply.remedy))


def test_a_repeated_job_number_does_not_end_the_job_that_has_it(greeted):
    request = framing.encode(
        framing.Frame({"job": 2, "content": {"message": "Generate", "audio": "", "style": "wait"}})
    )
    greeted.protocol.request(Generate("", "wait"))
    greeted.write(request + request)
    job, reply = greeted.next()
    assert (job, reply.code) == (NO_JOB, "order")
    greeted.write(framing.encode(framing.Frame({"job": 3, "content": {"message": "Cancel", "job": 2}})))
    job, reply = greeted.next()
    assert (job, reply.code) == (2, "cancelled")


@pytest.mark.parametrize("seed", range(5))
def test_a_flood_of_damaged_requests_does_not_stop_the_engine(greeted, seed):
    chance = random.Random(seed)
    for _ in range(100):
        data = bytearray(greeted.protocol.request(Generate("/a.wav", "none"))[1])
        data[chance.randrange(12, len(data))] ^= 1 << chance.randrange(8)  # the lengths stay, or it would wait for more
        greeted.write(bytes(data))
    assert_it_still_works(greeted)


def next_beat(engine):
    while not isinstance((item := engine.next(with_beats=True))[1], Alive):
        pass
    return item


def test_a_job_that_does_not_say_a_word_is_told_by_heartbeats(greeted):
    greeted.ask(Generate("/a.wav", "wait"))
    while next_beat(greeted)[1].quiet_s < 1.0:
        pass
    job, beat = next_beat(greeted)
    assert (job, beat.quiet_s > 1.5) == (NO_JOB, True)
    assert beat.memory_bytes > 1 << 20 or not sys.platform.startswith("linux")


def test_the_heart_is_silent_while_nobody_waits(greeted):
    job = greeted.ask(Describe())
    assert greeted.next()[0] == job
    beats = 0
    while select.select([greeted.process.stdout], [], [], 2.5)[0]:
        assert isinstance(greeted.next(with_beats=True)[1], Alive)
        beats += 1
        assert beats < 4  # at the beginning, during the job, and once more after it


def test_no_heart_beats_for_one_who_speaks_another_version(engine):
    engine.ask(Hello(protocol=7))
    engine.next()
    ready, _, _ = select.select([engine.process.stdout], [], [], 1.5)
    assert not ready


def a_preview():
    """The small engine draws nothing: it waits until it has company."""
    none = np.zeros(0, np.int64)
    return Preview(motion="/m.npy", rate_hz=25.0, pictures="/p", frames=none, slots=none, stamps=none)


def test_pictures_are_drawn_while_motion_is_made_and_neither_waits_for_the_other(greeted):
    preview = greeted.ask(a_preview())
    described = greeted.ask(Describe())
    assert greeted.next()[0] == described
    generated = greeted.ask(Generate("/a.wav", "wait"))
    assert greeted.next() == (preview, Done(0))
    greeted.ask(Cancel(generated))
    assert greeted.next()[1].code == "cancelled"


def test_pictures_can_be_cancelled_like_anything_else(greeted):
    preview = greeted.ask(a_preview())
    greeted.ask(Cancel(preview))
    assert greeted.next()[1].code == "cancelled"
    assert_it_still_works(greeted)


def test_the_end_of_the_channel_is_the_end_of_the_process(greeted):
    greeted.process.stdin.close()
    assert greeted.process.wait(30) == 0


def test_a_busy_engine_leaves_when_asked_to(greeted):
    greeted.ask(Generate("/a.wav", "spin"))
    greeted.next()
    greeted.ask(Shutdown())
    assert greeted.process.wait(30) == 0


def test_an_engine_that_nobody_listens_to_leaves_when_it_next_speaks(greeted):
    greeted.process.stdout.close()
    greeted.ask(Describe())
    assert greeted.process.wait(30) == 0


def test_a_thread_that_tidies_up_behind_blender_is_not_cut_off_by_another(monkeypatch):
    done = []

    def tidy(_):
        done.append("begun")
        time.sleep(0.05)
        done.append("tidy")

    monkeypatch.setattr(server, "remove_if_abandoned", tidy)
    monkeypatch.setattr(server, "_leave", done.append)
    leaving = server.Server(server.Channel(0, 1), "0.test")
    leaving._scratch = Path("somewhere")
    threads = [threading.Thread(target=leaving._leave_alone, args=("left",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["begun", "tidy", "left"] * 2
