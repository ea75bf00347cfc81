"""The engine starts when it is needed, shows how it is, and stops when nobody needs it or when it answers no more."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="needs a Python with Blender")

from blender_addon import engine_process, engine_state, engine_watch, jobs, notices
from blender_addon.engine_process import engine
from blender_addon.engine_state import State, engine_view, state_of
from blender_addon.operators.generate import order_of
from blender_addon.preferences import engine_python
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import take_details, takes_of
from blender_addon.takes.take import current_take
from tests.blender_addon.conftest import wait_for
from tests.blender_addon.kills import Blender, is_alive, make_sound, stand_in_root

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="freezes a process, as POSIX can")


@pytest.fixture
def begin(scene, head, ask):
    """Begin a take of a sound whose name says how the engine behaves; returns the file of the sound."""

    def start(how: str = "sound") -> Path:
        ask(how)
        jobs.start(order_of(bpy.context), engine_python(bpy.context))
        return Path(bpy.context.scene.artalk.sound)

    return start


def finish() -> None:
    wait_for(lambda: jobs.current() is None)


def freeze(process: int) -> None:
    """Stop a child, and return when it has stopped."""
    os.kill(process, signal.SIGSTOP)
    os.waitpid(process, os.WUNTRACED)


def look_until(condition) -> None:
    """Do what both of Blender's timers do until something is so."""
    wait_for(lambda: (engine_watch.tick(), condition())[1])


def see(state: State) -> engine_state.EngineView:
    """Look until the engine is in a state, which it must not leave by itself: nobody looks all the time."""
    look_until(lambda: state_of(engine) is state)
    return engine_view(engine)


def test_no_engine_runs_before_it_is_needed_and_the_panel_says_so(stand_in, head):
    assert not engine.is_running
    view = engine_view(engine)
    assert view.state is State.OFF
    assert "when it is needed" in view.hint
    assert view.action == "Start Engine"


def test_an_engine_stays_warm_from_take_to_take_and_shows_its_memory(begin):
    begin()
    finish()
    first = engine.process_id
    sound = begin("hold")
    assert see(State.BUSY).text.startswith("Busy")
    look_until(lambda: engine.memory_bytes > 0)
    assert engine_view(engine).text.endswith(" MB")
    sound.with_suffix(".go").touch()
    finish()
    assert engine.process_id == first
    assert see(State.READY).text.startswith("Ready: ")


@needs_signals
def test_a_frozen_engine_is_noticed_and_a_restart_keeps_what_had_arrived(begin, monkeypatch):
    begin("wait")
    wait_for(lambda: len(takes_of(rig_id())) == 1)
    freeze(engine.process_id)
    monkeypatch.setattr(engine_state, "STILL_S", 0.3)
    monkeypatch.setattr(engine_process, "SILENT_S", 0.2)
    frozen, view = engine.process_id, see(State.NOT_ANSWERING)
    assert view.text.startswith("Not answering for")
    assert view.action == "Restart Engine"
    began = time.monotonic()
    assert bpy.ops.artalk.restart_engine() == {"FINISHED"}
    finish()
    assert time.monotonic() - began < 15.0
    assert not is_alive(frozen)
    assert any(notice.is_error and "restarted" in notice.text for notice in notices.standing())
    (take,) = takes_of(rig_id())
    assert not take_details(take).is_complete
    begin()
    finish()
    assert take_details(current_take(bpy.context.scene.artalk.rig)).is_complete


@needs_signals
def test_a_job_does_not_wait_for_ever_for_an_engine_that_is_lost(begin, monkeypatch):
    begin("wait")
    wait_for(lambda: len(takes_of(rig_id())) == 1)
    freeze(engine.process_id)
    monkeypatch.setattr(engine_process, "LOST_S", 0.5)
    monkeypatch.setattr(engine_process, "SILENT_S", 0.2)
    finish()
    said = notices.shown()
    assert said.is_error
    assert "has not answered" in said.text
    assert said.remedy


@needs_signals
def test_an_idle_engine_that_is_killed_is_told_and_the_next_take_is_made(begin):
    begin()
    finish()
    os.kill(engine.process_id, signal.SIGKILL)
    view = see(State.STOPPED)
    assert view.action == "Restart Engine"
    assert view.hint
    begin()
    finish()
    assert not notices.shown().is_error


def test_an_engine_that_nobody_uses_ends_after_a_while_and_never_at_work(begin, monkeypatch):
    monkeypatch.setattr(engine_watch, "idle_stop_s", lambda _: 0.2)
    begin("slow")
    look_until(lambda: jobs.current() is None)
    assert not notices.shown().is_error
    see(State.OFF)
    assert not engine.is_running


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux does")
def test_two_blenders_live_side_by_side_and_the_end_of_one_is_nothing_to_the_other(tmp_path):
    root = str(stand_in_root(tmp_path / "engine"))
    blenders = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "work").mkdir(parents=True)
        (folder / "sound").mkdir()
        make_sound(folder / "sound" / "slow.wav")
        blenders.append(Blender(sys.executable, folder, root, sys.executable))
    one, two = blenders
    for blender in blenders:
        blender.hear("ready")
    engines = []
    for blender in blenders:
        blender.tell(do="whole", job="generate")
        assert blender.hear("done")["frames"] == 80
        blender.tell(do="round", job="generate", cold=False, lasts_s=1.0, saves_at=9.0)
        engines.append(int(blender.hear("begun")["engine"]))
    assert engines[0] != engines[1]
    one.process.kill()
    one.process.wait()
    wait_until(lambda: not is_alive(engines[0]))
    assert two.hear("done")["made"] == "whole"
    assert is_alive(engines[1])
    two.close()
    wait_until(lambda: not is_alive(engines[1]))


def wait_until(condition, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def rig_id() -> str:
    return rig_parts(bpy.context.scene.artalk.rig).rig_id
