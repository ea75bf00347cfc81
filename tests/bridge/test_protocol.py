"""Both sides' rules, without a process between them."""

from contextlib import suppress

import numpy as np
import pytest

from bridge import framing
from bridge.errors import FrameError, MessageError, OrderError, ProtocolError, VersionError
from bridge.messages import (
    PROTOCOL,
    Cancel,
    Describe,
    Description,
    Done,
    Failed,
    Generate,
    Hello,
    LoadRig,
    Log,
    MotionWindow,
    Progress,
    Ready,
    RigReady,
    Shutdown,
)
from bridge.protocol import NO_JOB, ClientProtocol, EngineProtocol

REQUESTS = [Describe(), LoadRig("/f.pkl"), Generate("/a.wav"), Cancel(2), Shutdown()]


@pytest.fixture
def blender():
    return ClientProtocol()


@pytest.fixture
def engine():
    return EngineProtocol()


def ask(blender, engine, request):
    """Let a request travel and return its job as the engine sees it."""
    job, data = blender.request(request)
    engine.feed(data)
    assert engine.next() == (job, request)
    return job


def answer(blender, engine, job, reply):
    blender.feed(engine.reply(job, reply))
    return blender.next()


def test_a_whole_conversation(blender, engine):
    hello = ask(blender, engine, Hello())
    assert answer(blender, engine, hello, Ready(PROTOCOL, "1")) == (1, Ready(PROTOCOL, "1"))
    job = ask(blender, engine, Generate("/a.wav"))
    assert blender.open_jobs == (job,)
    answer(blender, engine, job, Progress("motion", 0, 1))
    _, window = answer(blender, engine, job, MotionWindow(0, np.ones((5, 106), np.float32)))
    assert window.motion.sum() == 530
    ask(blender, engine, Cancel(job))
    assert answer(blender, engine, job, Done(5)) == (job, Done(5))
    assert blender.open_jobs == ()


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_every_request_arrives_as_it_was(blender, engine, request_):
    ask(blender, engine, Hello())
    ask(blender, engine, request_)


def test_hello_comes_first_and_shutdown_may_come_at_any_time(blender, engine):
    engine.feed(blender.request(Describe())[1])
    with pytest.raises(OrderError, match="before Hello"):
        engine.next()
    ask(blender, engine, Shutdown())


def test_another_version_is_named_and_a_right_one_may_follow(blender, engine):
    engine.feed(blender.request(Hello(protocol=999))[1])
    with pytest.raises(VersionError, match="999") as caught:
        engine.next()
    assert caught.value.job == 1
    ask(blender, engine, Hello())


def test_a_repeated_job_number_is_refused_without_ending_the_first(blender, engine):
    ask(blender, engine, Hello())
    job, data = blender.request(Generate("/a.wav"))
    engine.feed(data + data)
    assert engine.next() == (job, Generate("/a.wav"))
    with pytest.raises(OrderError) as caught:
        engine.next()
    assert caught.value.job == NO_JOB
    assert answer(blender, engine, job, Done(0)) == (job, Done(0))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"job": 2},
        {"job": "2", "content": {"message": "Describe"}},
        {"job": -1, "content": {"message": "Describe"}},
        {"job": 2**63, "content": {"message": "Describe"}},
        {"job": 2, "content": ["Describe"]},
        {"job": 2, "content": {"message": "Exec"}},
        {"job": 2, "content": {"message": "Done", "frames": 1}},
    ],
)
def test_a_malformed_request_is_an_error_and_the_next_is_read(blender, engine, fields):
    ask(blender, engine, Hello())
    engine.feed(framing.encode(framing.Frame(fields)))
    with pytest.raises(MessageError):
        engine.next()
    ask(blender, engine, Describe())


def test_failed_and_log_may_concern_no_job(blender, engine):
    for reply in (Failed("frame", "Bad bytes."), Log("hello")):
        assert answer(blender, engine, NO_JOB, reply) == (NO_JOB, reply)


@pytest.mark.parametrize("reply", [RigReady("/x"), Ready(PROTOCOL, "1")])
def test_an_engine_cannot_send_a_wrong_answer(blender, engine, reply):
    ask(blender, engine, Hello())
    job = ask(blender, engine, Generate("/a.wav"))
    with pytest.raises(OrderError):
        engine.reply(job, reply)
    assert answer(blender, engine, job, Done(0)) == (job, Done(0))


def test_an_engine_cannot_go_on_after_the_end(blender, engine):
    ask(blender, engine, Hello())
    job = ask(blender, engine, Describe())
    engine.reply(job, Description("cpu", (), (), "builtin"))
    with pytest.raises(OrderError):
        engine.reply(job, Progress("late", 1, 1))


def test_a_request_too_large_to_send_opens_no_job(blender):
    with pytest.raises(FrameError):
        blender.request(Generate("\u1234" * 8000, "\u1234" * 8000, model="\u1234" * 8000))
    assert blender.open_jobs == ()
    assert blender.request(Describe())[0] == 1


@pytest.mark.parametrize("seed", range(100))
def test_random_conversations_raise_nothing_but_protocol_errors(seed):
    generator = np.random.default_rng(seed)
    blender, engine = ClientProtocol(), EngineProtocol()
    stream = bytearray(b"".join(blender.request(request)[1] for request in [Hello(), *REQUESTS, *REQUESTS]))
    for place in generator.integers(0, len(stream), 12):
        stream[place] = generator.integers(0, 256)
    for side in (engine, blender):
        side.feed(bytes(stream))
        while True:
            with suppress(ProtocolError):
                if side.next() is None:
                    break
