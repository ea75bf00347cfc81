"""The engine's process as Blender starts it, with a small model and real sound files."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from artalk_engine.audio.recording import Recording
from artalk_engine.engine import ARTAvatarInferEngine
from artalk_engine.version import engine_version
from bridge import process_end
from bridge.client import EngineClient, engine_command
from bridge.errors import EngineDiedError
from bridge.messages import (
    PROTOCOL,
    Describe,
    Description,
    Done,
    Failed,
    Generate,
    LoadRig,
    MotionWindow,
    Progress,
    Ready,
    RigReady,
)
from tests.artalk_engine.small_voice import make_voice

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    return str(make_voice(tmp_path_factory.mktemp("voice") / "small voice"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One warm engine for the tests that leave it as it was."""
    with EngineClient(engine_command(sys.executable, ROOT), tmp_path_factory.mktemp("log") / "engine.log") as client:
        yield client


def replies_of(client, request, timeout_s=180.0):
    return list(client.stream(client.send(request), timeout_s))


def motion_of(replies):
    return np.concatenate([reply.motion for reply in replies if isinstance(reply, MotionWindow)])


def test_ready_comes_first_and_before_the_libraries_are_loaded(tmp_path):
    client = EngineClient(engine_command(sys.executable, ROOT), tmp_path / "engine.log")
    client.start()
    start = time.monotonic()
    assert next(client.stream(1, 60.0)) == Ready(PROTOCOL, engine_version())
    until_ready = time.monotonic() - start
    replies_of(client, Describe(device="none"))
    assert until_ready < time.monotonic() - start  # that needed PyTorch
    client.close()


def test_the_model_describes_itself(shared, voice):
    *progress, description = replies_of(shared, Describe(model=voice))
    assert description == Description("cpu", ("small voice",), ("calm",), "builtin")
    assert all(isinstance(reply, Progress) for reply in progress)


def test_the_built_in_voice_needs_no_model_to_be_named(shared):
    description = replies_of(shared, Describe())[-1]
    assert description.models == ("built-in voice",)
    assert description.rig == "builtin"
    assert set(description.styles) == {"neutral", "happy", "angry", "sad", "surprised", "whisper"}


@pytest.mark.parametrize("style", ["", "calm"])
def test_motion_arrives_in_windows_and_is_the_engines_own(shared, voice, sound_file, style):
    sound = sound_file(9.3)
    replies = replies_of(shared, Generate(str(sound), style, model=voice))
    windows = [reply for reply in replies if isinstance(reply, MotionWindow)]
    engine = ARTAvatarInferEngine(checkpoint=voice, device="cpu")
    engine.set_style_motion(style or None)
    np.testing.assert_array_equal(motion_of(replies), engine.inference(sound))
    assert len(windows) >= 3
    starts = np.cumsum([0, *(len(window.motion) for window in windows)])
    assert [window.first_frame for window in windows] == list(starts[:-1])
    assert replies[-1] == Done(int(starts[-1]))
    making = [reply for reply in replies if isinstance(reply, Progress) and reply.stage == "Making motion"]
    assert [reply.done for reply in making] == [0, 1, 2, 3]
    assert {reply.total for reply in making} == {3}


def test_a_range_of_the_sound_gives_the_motion_of_that_range(shared, voice, sound_file):
    replies = replies_of(shared, Generate(str(sound_file(5.0)), start_s=1.0, end_s=3.0, model=voice))
    assert replies[-1] == Done(50)
    assert len(motion_of(replies)) == 50


def test_a_fixed_pose_keeps_the_head_still_and_is_forgotten_afterwards(shared, voice, sound_file):
    sound = str(sound_file(1.0))
    free = motion_of(replies_of(shared, Generate(sound, model=voice)))
    still = motion_of(replies_of(shared, Generate(sound, model=voice, fix_pose=True)))
    again = motion_of(replies_of(shared, Generate(sound, model=voice)))
    assert not still[:, 100:103].any()
    assert free[:, 100:103].any()
    np.testing.assert_array_equal(still[:, :100], free[:, :100])
    np.testing.assert_array_equal(again, free)


def test_everything_that_a_request_says_about_the_take_is_heeded(shared, voice, sound_file):
    sound, calm = sound_file(5.0, 16_000, 2), {"style": "calm", "style_strength": 30.0}
    engine = ARTAvatarInferEngine(checkpoint=voice, device="cpu")
    left = Recording(sound, channel="left")
    for choice in ({"temperature": 1.0, "seed": 4}, {"continuity": "none"}, calm):
        replies = replies_of(shared, Generate(str(sound), model=voice, channel="left", **choice))
        np.testing.assert_array_equal(motion_of(replies), np.concatenate(list(engine.stream(left, **choice))))
        assert not np.array_equal(motion_of(replies), engine.inference(left))


@pytest.mark.parametrize("seconds", [0.02, 0.0001, 0.2])
def test_a_very_short_sound_has_its_frame(shared, voice, sound_file, seconds):
    replies = replies_of(shared, Generate(str(sound_file(seconds)), model=voice))
    assert replies[-1].frames == len(motion_of(replies)) >= 1


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (48_000, 2), (44_100, 2)])
def test_any_rate_and_channels_give_the_same_number_of_frames(shared, voice, sound_file, rate_hz, channels):
    replies = replies_of(shared, Generate(str(sound_file(2.0, rate_hz, channels)), model=voice))
    assert replies[-1] == Done(50)


def bad_sound(kind, folder):
    path = folder / "speech.wav"
    match kind:
        case "empty":
            path.touch()
        case "text":
            path.write_text("This is no sound.")
        case "folder":
            path.mkdir()
        case "relative":
            return "speech.wav"
        case "zero byte":
            return "/spe\0ech.wav" if os.name == "posix" else "C:/spe\0ech.wav"
        case "lone surrogate":
            return str(folder / "spe\ud800ech.wav")
    return str(path)


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder", "relative", "zero byte", "lone surrogate"])
def test_a_bad_sound_is_named_with_a_remedy_and_the_engine_goes_on(shared, voice, tmp_path, kind):
    failed = replies_of(shared, Generate(bad_sound(kind, tmp_path), model=voice))[-1]
    assert isinstance(failed, Failed)
    assert failed.code.startswith("audio"), failed
    assert failed.text.endswith(".")
    assert failed.remedy
    assert "Traceback" not in failed.text
    assert isinstance(replies_of(shared, Describe(model=voice))[-1], Description)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"style": "furious"}, "style"),
        ({"style": "../../etc/passwd"}, "style"),
        ({"start_s": 9.0}, "audio_empty"),
        ({"start_s": 0.5, "end_s": 0.25}, "audio_range"),
        ({"device": "abacus"}, "device"),
        ({"model": "/no/such/folder"}, "checkpoint"),
    ],
)
def test_a_wrong_request_is_named_with_a_remedy(shared, voice, sound_file, wrong, code):
    failed = replies_of(shared, Generate(**{"audio": str(sound_file(1.0)), "model": voice} | wrong))[-1]
    assert (failed.code, bool(failed.remedy)) == (code, True)


def test_a_running_job_is_cancelled_within_a_window_and_the_engine_stays_warm(shared, voice, sound_file):
    sound = str(sound_file(120.0))
    job = shared.send(Generate(sound, model=voice))
    arrived = []
    for reply in shared.stream(job, 180.0):
        arrived.append(reply)
        if isinstance(reply, MotionWindow):
            shared.cancel(job)
    assert arrived[-1].code == "cancelled"
    assert len([reply for reply in arrived if isinstance(reply, MotionWindow)]) < 30
    stages = [
        reply.stage
        for reply in replies_of(shared, Generate(sound, end_s=1.0, model=voice))[:-1]
        if isinstance(reply, Progress)
    ]
    assert "Loading the model" not in stages


def test_a_head_is_converted_once_and_without_its_source_being_executed(shared, tmp_path):
    source = ROOT / "assets" / "head.npz"
    assert replies_of(shared, LoadRig(str(source)))[-1] == RigReady(str(source))
    (tmp_path / "flame.pkl").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    failed = replies_of(shared, LoadRig(str(tmp_path / "flame.pkl")))[-1]
    assert (failed.code, bool(failed.remedy)) == ("flame_file", True)


@pytest.mark.skipif(os.name != "posix", reason="uses POSIX signals")
@pytest.mark.parametrize("wait_s", [0.05, 0.8, 2.0])
def test_a_killed_engine_is_told_and_starts_again(tmp_path, voice, sound_file, wait_s, monkeypatch):
    monkeypatch.setattr(process_end, "REAP_S", 60.0)  # a busy machine takes its time to bury a process
    client = EngineClient(engine_command(sys.executable, ROOT), tmp_path / "engine.log")
    client.start()
    job = client.send(Generate(str(sound_file(60.0)), model=voice))
    time.sleep(wait_s)
    client._connection.process.send_signal(signal.SIGKILL)
    with pytest.raises(EngineDiedError, match="SIGKILL"):
        list(client.stream(job, 60.0))
    client.start()
    assert isinstance(next(client.stream(1, 60.0)), Ready)
    client.close()


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_a_parent_that_is_killed_takes_a_computing_engine_with_it(tmp_path, voice, sound_file):
    parent = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from bridge import process_end
from bridge.client import EngineClient, engine_command
from bridge.messages import Generate, MotionWindow
client = EngineClient(engine_command(sys.executable, {str(ROOT)!r}), {str(tmp_path / "engine.log")!r})
client.start()
job = client.send(Generate({str(sound_file(120.0))!r}, model={voice!r}))
next(reply for reply in client.stream(job, 180.0) if isinstance(reply, MotionWindow))
print(client._connection.process.pid, flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    status = Path("/proc", process.stdout.readline().decode().strip(), "status")
    assert status.exists()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 120
    while status.exists() and "(zombie)" not in status.read_text():
        assert time.monotonic() < deadline, "the engine is an orphan"
        time.sleep(0.01)


def test_a_python_without_the_libraries_is_named(tmp_path, monkeypatch):
    bare = [sys.executable, "-S", *engine_command(sys.executable, ROOT)[1:]]
    numpy_only = tmp_path / "site"
    numpy_only.mkdir()
    (numpy_only / "numpy").symlink_to(Path(np.__file__).parent, target_is_directory=True)
    if (libraries := Path(np.__file__).parent.parent / "numpy.libs").is_dir():
        (numpy_only / "numpy.libs").symlink_to(libraries, target_is_directory=True)
    bare[-1] = f"import sys; sys.path.append({str(numpy_only)!r}); " + bare[-1]
    with EngineClient(bare, tmp_path / "engine.log") as client:
        failed = replies_of(client, Describe())[-1]
    assert failed.code == "environment"
    assert "torch" in failed.text
    assert failed.remedy
