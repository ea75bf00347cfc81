# ruff: noqa: S311 - seeded randomness is what a repeatable test needs
"""The client against real engine processes that behave and misbehave."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from bridge import process_end
from bridge.awake_clock import STEP_S
from bridge.client import EngineClient, engine_command
from bridge.connection import engine_environment
from bridge.errors import (
    EngineDiedError,
    EngineStartError,
    EngineTimeoutError,
    EngineUnfitError,
    OrderError,
    ProtocolError,
    VersionError,
)
from bridge.messages import (
    PROTOCOL,
    Describe,
    Description,
    Done,
    Failed,
    Generate,
    LoadRig,
    MotionWindow,
    Ready,
    RigReady,
)

ROOT = Path(__file__).parents[2]
SMALL_ENGINE = [sys.executable, "-I", str(Path(__file__).with_name("small_engine.py")), str(ROOT)]
needs_signals = pytest.mark.skipif(os.name != "posix", reason="uses POSIX signals")


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """A busy machine may take its time between the end of a process's output and its own."""
    monkeypatch.setattr(process_end, "REAP_S", 60.0)


@pytest.fixture
def log_path(tmp_path):
    return tmp_path / "logs" / "engine.log"


@pytest.fixture
def client(log_path):
    with EngineClient(SMALL_ENGINE, log_path) as running:
        yield running


def replies_of(client, request, timeout_s=60.0):
    return list(client.stream(client.send(request), timeout_s))


def poll_until(client, wanted, timeout_s=60.0):
    """Poll as a timer does until a reply of the type ``wanted`` has come."""
    arrived, deadline = [], time.monotonic() + timeout_s
    while not any(isinstance(reply, wanted) for _, reply in arrived):
        assert time.monotonic() < deadline, arrived
        arrived += client.poll()
        time.sleep(0.005)
    return arrived


def repeat(action, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        action()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def freeze(pid):
    """Stop a child, and return when it has stopped."""
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)


def wait_for_end(pid, timeout_s=120.0):
    deadline = time.monotonic() + timeout_s
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is an orphan"
        time.sleep(0.005)


def engine_that_says(code):
    """Return the command of a process that greets and then runs ``code`` with the raw channel in hand."""
    script = f"""
        import os, sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from bridge import framing, protocol
        from bridge.messages import *
        def say(message, job=1):
            os.write(1, protocol._encode(job, message))
    """
    return [sys.executable, "-I", "-c", textwrap.dedent(script) + textwrap.dedent(code)]


def test_polling_brings_the_greeting_and_then_windows_in_order(client):
    job = client.send(Generate("/a.wav", "windows", seed=5))
    arrived = poll_until(client, Done)
    assert arrived[0] == (1, Ready(PROTOCOL, "0.test"))
    windows = [reply for number, reply in arrived if number == job and isinstance(reply, MotionWindow)]
    assert [window.first_frame for window in windows] == [0, 100, 200, 300, 400]
    assert all((window.motion == index).all() for index, window in enumerate(windows))
    assert not client.is_busy


def test_streaming_waits_for_one_job_and_keeps_the_others_replies(client):
    first, second = client.send(Generate("/a.wav", "windows", seed=2)), client.send(Describe())
    assert list(client.stream(second)) == [Description("cpu", ("small",), ("neutral",), "builtin")]
    assert isinstance(list(client.stream(first))[-1], Done)


def test_polling_an_idle_engine_takes_no_time(client):
    poll_until(client, Ready)
    start = time.perf_counter()
    for _ in range(100):
        assert client.poll(budget_s=1.0) == []
    assert time.perf_counter() - start < 20.0  # whoever waits for something to arrive takes 100 s


def test_polling_keeps_to_its_budget_while_much_arrives(client):
    job = client.send(Generate("/a.wav", "windows", seed=2000))  # 85 MB
    longest, frames, deadline = 0.0, None, time.monotonic() + 300
    while frames is None:
        assert time.monotonic() < deadline
        start = time.process_time()  # the machine may have other things to do meanwhile
        arrived = client.poll(budget_s=0.004)
        longest = max(longest, time.process_time() - start)
        frames = next((reply.frames for number, reply in arrived if number == job and isinstance(reply, Done)), None)
    assert frames == 200_000
    assert longest < 0.2  # 9 ms, where all of it takes more than a second


def test_a_path_that_is_not_unicode_arrives_as_it_is(client):
    path = os.fsdecode(b"/rigs/caf\xe9.pkl")
    assert replies_of(client, LoadRig(path)) == [RigReady(path)]


@pytest.mark.parametrize(
    ("style", "code"),
    [("refuse", "refused"), ("crash", "internal"), ("wrong-answer", "internal"), ("full", "no_room")],
)
def test_an_error_ends_the_job_with_a_sentence_and_the_engine_goes_on(client, style, code):
    (failed,) = replies_of(client, Generate("/a.wav", style))
    assert (failed.code, bool(failed.text), bool(failed.remedy)) == (code, True, True)
    assert "Traceback" not in failed.text
    assert isinstance(replies_of(client, Describe())[-1], Description)


def test_an_answer_too_large_to_send_ends_its_job_only(client):
    (failed,) = replies_of(client, Generate("/a.wav", "huge"))
    assert failed.code == "frame"
    assert client.is_running


def test_a_running_job_is_cancelled(client):
    job = client.send(Generate("/a.wav", "wait"))
    client.cancel(job)
    assert [reply.code for reply in client.stream(job, 60.0)] == ["cancelled"]
    client.cancel(job)  # too late, and harmless
    assert isinstance(replies_of(client, Describe())[-1], Description)


def test_a_waiting_job_is_cancelled_before_it_begins(client):
    running, waiting = client.send(Generate("/a.wav", "wait")), client.send(Generate("/a.wav", "die"))
    client.cancel(waiting)
    client.cancel(running)
    assert [reply.code for reply in client.stream(waiting, 60.0)] == ["cancelled"]


def test_too_many_waiting_jobs_are_refused(client):
    blocking = client.send(Generate("/a.wav", "wait"))
    jobs = [client.send(Describe()) for _ in range(80)]
    (failed,) = client.stream(jobs[-1], 60.0)
    assert failed.code == "busy"
    client.cancel(blocking)
    assert isinstance(next(client.stream(jobs[0], 60.0)), Description)


def test_stray_prints_reach_the_log_and_not_the_protocol(log_path):
    with EngineClient([*SMALL_ENGINE, "print-early"], log_path) as client:
        assert replies_of(client, Generate("/a.wav", "print")) == [Done(0)]
        assert isinstance(replies_of(client, Describe())[-1], Description)
    text = log_path.read_text()
    assert "printed" in text
    assert text.count("written to descriptor 1") == 1000


def test_the_end_of_the_engine_is_told_with_its_last_words(client, log_path):
    job = client.send(Generate("/a.wav", "die"))
    with pytest.raises(EngineDiedError, match="exit code 3") as caught:
        list(client.stream(job, 60.0))
    assert caught.value.log_tail.endswith("the last words")
    assert caught.value.remedy
    assert not client.is_running
    with pytest.raises(EngineDiedError):
        client.send(Describe())


def test_a_dead_engine_can_be_started_again(client, log_path):
    with pytest.raises(EngineDiedError):
        replies_of(client, Generate("/a.wav", "die"))
    client.start()
    assert isinstance(replies_of(client, Describe())[-1], Description)
    assert log_path.with_name("engine.log.old").read_text().endswith("the last words\n")


@needs_signals
@pytest.mark.parametrize("seed", range(40))
def test_killing_the_engine_at_any_moment_loses_nothing_that_arrived_and_hangs_nothing(tmp_path, seed):
    chance = random.Random(seed)
    client = EngineClient(SMALL_ENGINE, tmp_path / "engine.log")
    client.start()
    engine = client._connection.process
    job = client.send(Generate("/a.wav", "windows", seed=100_000))
    if seed % 4:
        next(client.stream(job, 60.0))
    windows, kill_at = [], time.monotonic() + chance.random() * 0.15

    def poll_and_kill():
        if time.monotonic() > kill_at:
            engine.kill()  # again and again, which does no harm
        windows.extend(reply for _, reply in client.poll() if isinstance(reply, MotionWindow))
        time.sleep(0.002)

    with pytest.raises(EngineDiedError, match="SIGKILL"):
        repeat(poll_and_kill)
    assert [window.first_frame for window in windows] == [100 * index for index in range(len(windows))]
    assert all((window.motion == index).all() for index, window in enumerate(windows))
    client.close()
    assert engine.returncode == -signal.SIGKILL


@needs_signals
@pytest.mark.parametrize("job", ["", "wait", "windows", "spin", "hang"])
def test_killing_the_parent_at_any_job_leaves_no_orphan(tmp_path, job):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from bridge.client import EngineClient
from bridge.messages import *
client = EngineClient({SMALL_ENGINE!r}, {str(tmp_path / "engine.log")!r})
client.start()
while not client.poll(): time.sleep(0.01)
if {job!r}: client.send(Generate("/a.wav", {job!r}, seed=10**6))
time.sleep(0.2)
print(client._connection.process.pid, flush=True)
time.sleep(600)
""",
        ],
        stdout=subprocess.PIPE,
    )
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    wait_for_end(pid)


@needs_signals
@pytest.mark.parametrize("wait", ["", "time.sleep(0.02)", "while not client.poll(): time.sleep(0.01)"])
def test_an_engine_that_was_stopped_when_its_parent_died_is_no_orphan(tmp_path, wait):
    """Be it before its Python has begun, before it has said a word, or while it waits for work."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import os, signal, sys, time
sys.path.insert(0, {str(ROOT)!r})
from bridge.client import EngineClient
client = EngineClient({SMALL_ENGINE!r}, {str(tmp_path / "engine.log")!r})
client.start()
{wait}
os.kill(client.process_id, signal.SIGSTOP)
os.waitpid(client.process_id, os.WUNTRACED)
print(client.process_id, flush=True)
time.sleep(600)
""",
        ],
        stdout=subprocess.PIPE,
    )
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    wait_for_end(pid)


def test_a_working_engine_is_never_silent_and_its_heartbeats_are_no_replies(client):
    job = client.send(Generate("/a.wav", "wait"))
    arrived, beats, deadline = [], [None], time.monotonic() + 60
    while len(beats) < 5 or beats[-1].quiet_s < 0.5:
        assert time.monotonic() < deadline, beats
        arrived += client.poll()
        if client.alive is not beats[-1]:
            beats.append(client.alive)
            assert client.silent_s <= STEP_S  # however long this process was kept waiting; the job says nothing
        time.sleep(0.01)
    assert [reply for number, reply in arrived if number == job] == []
    client.cancel(job)


@needs_signals
def test_time_in_which_nobody_listened_is_not_the_engines_silence(client, monkeypatch):
    poll_until(client, Ready)
    client.send(Generate("/a.wav", "wait"))
    hour_later = time.monotonic() + 3600
    monkeypatch.setattr(client._connection._clock, "_monotonic", lambda: hour_later)
    assert client.silent_s < 5


@needs_signals
def test_a_stopped_engine_is_noticed_by_its_silence_and_can_be_closed(client, log_path):
    poll_until(client, Ready)
    pid = client._connection.process.pid
    freeze(pid)
    job = client.send(Describe())
    with pytest.raises(EngineTimeoutError, match="has not answered"):
        list(client.stream(job, timeout_s=0.3))
    assert client.silent_s >= 0.3
    start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 60
    assert not is_alive(pid)


@needs_signals
def test_sending_never_waits_even_if_the_engine_reads_nothing(client):
    poll_until(client, Ready)
    freeze(client._connection.process.pid)
    longest = 0.0
    for _ in range(200):
        start = time.perf_counter()
        client.send(LoadRig("/" + "x" * 8000))
        longest = max(longest, time.perf_counter() - start)
    assert longest < 10.0  # a write that waits would wait for ever
    os.kill(client._connection.process.pid, signal.SIGCONT)
    assert isinstance(replies_of(client, Describe())[-1], Description | Failed)


@pytest.mark.parametrize("job", ["wait", "hang", "spin", "windows"])
def test_closing_an_engine_that_works_lets_it_leave_by_itself(log_path, job):
    client = EngineClient(SMALL_ENGINE, log_path)
    client.start()
    poll_until(client, Ready)
    client.send(Generate("/a.wav", job, seed=10**6))
    time.sleep(0.1)
    engine = client._connection.process
    client.close(grace_s=60.0)
    assert engine.returncode == 0  # neither terminated nor killed
    assert not client.is_running


def test_closing_twice_or_before_starting_is_harmless(log_path):
    client = EngineClient(SMALL_ENGINE, log_path)
    client.close()
    client.start()
    client.close()
    client.close()
    assert client.poll() == []
    with pytest.raises(OrderError):
        client.send(Describe())


def test_waiting_for_a_job_that_does_not_exist_is_an_error(client):
    with pytest.raises(OrderError, match="no open job 99"):
        next(client.stream(99))


def test_starting_twice_is_an_error(client):
    with pytest.raises(OrderError, match="running already"):
        client.start()


@pytest.mark.parametrize("program", ["/no/such/python", "", str(ROOT)])
def test_a_program_that_cannot_be_run_is_named(log_path, program):
    client = EngineClient([program], log_path)
    with pytest.raises(EngineStartError) as caught:
        client.start()
    assert caught.value.remedy
    assert not client.is_running


def test_a_program_that_is_no_engine_is_reported_with_its_output(log_path):
    client = EngineClient(engine_command(sys.executable, "/no/such/root"), log_path)
    client.start()
    with pytest.raises(EngineDiedError, match="exit code 1") as caught:
        poll_until(client, Ready)
    assert "ModuleNotFoundError" in caught.value.log_tail
    assert "No module named 'artalk_engine'" in str(caught.value)


@needs_signals
def test_a_python_that_is_too_old_says_so(tmp_path, log_path):
    old = tmp_path / "python3.8"  # this one, which takes itself for an old one
    pretend = "import sys; sys.version_info = (3, 8, 10, 'final', 0); exec(sys.argv[-1])"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -I -c "{pretend}" "$@"\n')
    old.chmod(0o755)
    client = EngineClient(engine_command(old, ROOT), log_path)
    client.start()
    with pytest.raises(EngineUnfitError, match=r"Python 3\.8 is too old, the engine needs 3\.11") as caught:
        poll_until(client, Ready)
    assert str(old) in str(caught.value)
    assert "choose another Python" in caught.value.remedy


def test_an_engine_runs_without_room_for_its_log(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with EngineClient(SMALL_ENGINE, tmp_path / "file" / "engine.log") as client:
        assert isinstance(replies_of(client, Describe())[-1], Description)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
@pytest.mark.parametrize("how", ["print", "crash", "windows"])
def test_an_engine_that_cannot_write_its_log_goes_on(log_path, monkeypatch, how):
    monkeypatch.setattr("bridge.connection.open_log", lambda _: open("/dev/full", "ab"))  # noqa: PTH123, SIM115
    with EngineClient(SMALL_ENGINE, log_path) as client:
        last = replies_of(client, Generate("/a.wav", how, seed=2))[-1]
        assert isinstance(last, Failed) == (how == "crash")
        assert isinstance(replies_of(client, Describe())[-1], Description)


def test_an_engine_of_another_version_is_refused(log_path):
    client = EngineClient(engine_that_says("say(Ready(999, '9'))\ntime.sleep(60)"), log_path)
    client.start()
    with pytest.raises(VersionError, match="version 999"):
        poll_until(client, Done)
    client.close()


@pytest.mark.parametrize(
    "code",
    [
        "os.write(1, framing.PREAMBLE.pack(b'ARTK', 2**31, 2**31))",
        "os.write(1, framing.PREAMBLE.pack(b'ARTK', 2, 0) + b'no')",
        "os.write(1, framing.encode(framing.Frame({'content': {'message': 'Exec'}, 'job': 1})))",
        "os.write(1, framing.encode(framing.Frame({'content': {'message': 'Done'}})))",
        "say(Done(3), job=1)",
        "say(Done(3), job=7)",
        "say(Shutdown())",
    ],
)
def test_an_engine_that_breaks_the_rules_is_stopped_and_named(log_path, code):
    client = EngineClient(engine_that_says(code + "\ntime.sleep(60)"), log_path)
    client.start()
    pid = client._connection.process.pid
    with pytest.raises(ProtocolError) as caught:
        poll_until(client, Done)
    assert caught.value.remedy
    client.close()
    assert not is_alive(pid)


def test_the_engine_inherits_nothing_that_steers_blenders_python():
    cleaned = engine_environment({"PYTHONHOME": "/b", "PYTHONPATH": "/c", "PATH": "/bin", "__PYVENV_LAUNCHER__": "x"})
    assert cleaned == {"PATH": "/bin"}


def test_motion_cannot_be_changed_in_the_receivers_hands(client):
    window = next(r for r in replies_of(client, Generate("/a.wav", "windows", seed=1)) if isinstance(r, MotionWindow))
    assert window.motion.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        window.motion[0, 0] = 1.0
