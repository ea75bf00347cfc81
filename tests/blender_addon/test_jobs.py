"""Jobs that wait for each other, what may happen meanwhile, and what the panel says of them."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from tests.blender_addon.conftest import wait_for

bpy = pytest.importorskip("bpy")

import blender_addon
from blender_addon import actions, details, jobs, notices, reasons, steps
from blender_addon.engine_job import EngineJob
from blender_addon.engine_process import engine
from blender_addon.operators.generate import order_of
from blender_addon.panels.progress import _progress
from blender_addon.preferences import engine_python
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.curves import changed_by_hand, named_values, places_of
from blender_addon.takes.growing import UNFINISHED
from blender_addon.takes.record import take_details, take_motion, takes_of
from blender_addon.takes.take import baked, current_take
from bridge.messages import Progress
from tests.blender_addon.taking import curves_of


def start() -> None:
    """Press the button: the operator cannot be invoked without windows, so do what it does."""
    jobs.start(order_of(bpy.context), engine_python(bpy.context))


def finish() -> None:
    wait_for(lambda: jobs.current() is None)


def takes() -> list[bpy.types.Action]:
    return takes_of(rig_parts(bpy.context.scene.artalk.rig).rig_id)


def spoken(action: bpy.types.Action) -> str:
    return os.path.basename(take_details(action).speech.audio)  # noqa: PTH119 - as the panel shows it


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(scene, head, ask):
    for name in ("first", "second", "third"):
        ask(name)
        start()
    assert [each.job.label for each in jobs.waiting()] == ["second.wav · Head", "third.wav · Head"]
    finish()
    assert [spoken(take) for take in takes()] == ["first.wav", "second.wav", "third.wav"]
    assert all(take_details(take).is_complete for take in takes())
    assert jobs.waiting() == ()


def test_each_job_keeps_its_own_head_and_settings(scene, head, ask):
    ask("first")
    start()
    bpy.ops.artalk.create_head()
    other = rig_parts(scene.artalk.rig)
    scene.artalk.start_frame = 21.0
    ask("second")
    start()
    scene.artalk.rig = head.rig
    finish()
    assert [spoken(take) for take in takes_of(head.rig_id)] == ["first.wav"]
    (take,) = takes_of(other.rig_id)
    assert (spoken(take), take_details(take).start) == ("second.wav", 21.0)


def test_a_job_that_waits_can_be_removed_and_the_others_go_on(scene, head, ask):
    for name in ("first", "second", "third"):
        ask(name)
        start()
    bpy.ops.artalk.remove_job(number=jobs.waiting()[0].number)
    finish()
    assert [spoken(take) for take in takes()] == ["first.wav", "third.wav"]


def test_a_job_that_fails_does_not_keep_the_next_one_from_its_turn(scene, head, ask):
    for name in ("unreadable", "second"):
        ask(name)
        start()
    finish()
    assert [spoken(take) for take in takes()] == ["second.wav"]
    made, failed = (notice.text for notice in notices.standing())
    assert made.startswith("Take 1: 3.2 s of motion.")
    assert failed == "This is not a sound file."


def test_a_job_whose_head_is_gone_says_so_when_its_turn_comes(scene, head, ask):
    ask("wait")
    start()
    bpy.ops.artalk.create_head()
    ask("second")
    start()
    other = rig_parts(scene.artalk.rig)
    for thing in (other.surface, other.rig):
        bpy.data.objects.remove(thing)
    scene.artalk.rig = head.rig
    jobs.cancel()
    finish()
    assert "deleted" in notices.shown().text


def test_a_cancelled_job_makes_room_at_once_although_the_engine_is_deaf(scene, head, ask, monkeypatch):
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    monkeypatch.setattr(engine, "cancel", lambda _: None)
    monkeypatch.setattr(jobs, "CANCEL_S", float("inf"))  # so that the engine is not ended instead
    began = time.monotonic()
    jobs.cancel()
    finish()
    assert time.monotonic() - began < 20.0  # it waits for a third of a second; the engine would never answer
    assert not take_details(current_take(head.rig)).is_complete


def cancel_in_the_midst(monkeypatch, ask) -> list[int]:
    """Cancel with much to be written; returns how many curves each tick writes from then on."""
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    monkeypatch.setattr(jobs, "BUDGET_S", 0.0)
    monkeypatch.setattr(jobs, "PATIENCE_S", -1.0)  # the engine's answer might come when all is written
    jobs.current()._growing.begin_anew()
    written, write, tick = [], actions.write_curve, jobs.tick

    def counted_write(*args: object) -> None:
        written[-1] += 1
        write(*args)

    def counted_tick() -> float | None:
        written.append(0)
        return tick()

    bpy.data.actions.remove(takes()[0])  # all of its curves are to be written again
    monkeypatch.setattr(actions, "write_curve", counted_write)
    monkeypatch.setattr(jobs, "tick", counted_tick)
    jobs.cancel()
    return written


def leave() -> None:
    wait_for(lambda: not jobs.leaving())


def test_a_cancelled_job_makes_room_at_once_and_writes_on_by_and_by(scene, head, ask, monkeypatch):
    written = cancel_in_the_midst(monkeypatch, ask)
    ask("wait")
    start()
    first = jobs.current()
    wait_for(lambda: jobs.current() is not first)
    assert jobs.current() is not None
    assert jobs.current().title != first.title
    assert jobs.leaving() == (first,)
    assert reasons.is_in_the_making(takes()[0])
    assert not is_even()
    jobs.cancel()
    leave()
    assert is_even()
    assert len(take_motion(takes()[0])) == 30
    assert not take_details(takes()[0]).is_complete
    assert sum(written) > 100
    assert max(written) <= 2  # one for each of the two jobs
    assert not reasons.is_in_the_making(takes()[0])


def test_a_file_saved_after_a_cancel_holds_all_that_had_arrived(scene, head, ask, monkeypatch, tmp_path):
    cancel_in_the_midst(monkeypatch, ask)
    finish()
    assert not is_even()
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    assert is_even()
    leave()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert is_even()
    assert (len(take_motion(takes()[0])), take_details(takes()[0]).is_complete) == (30, False)


def test_opening_a_file_ends_what_a_cancelled_job_writes(scene, head, ask, monkeypatch):
    cancel_in_the_midst(monkeypatch, ask)
    finish()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert jobs.leaving() == ()
    wait_for(lambda: jobs.tick() is None)  # when the engine has answered
    assert len(bpy.data.actions) == 0


def test_undoing_a_cancelled_take_ends_its_writing(scene, head, ask, monkeypatch):
    bpy.ops.ed.undo_push(message="before")
    cancel_in_the_midst(monkeypatch, ask)
    finish()
    bpy.ops.ed.undo_push(message="half a take")
    for _ in range(10):
        jobs.tick()
    bpy.ops.ed.undo()
    assert jobs.leaving() == ()
    assert takes() == []
    bpy.ops.ed.redo()
    assert is_even()  # mended


def test_a_head_deleted_after_a_cancel_leaves_nothing(scene, head, ask, monkeypatch):
    cancel_in_the_midst(monkeypatch, ask)
    finish()
    rig_id = head.rig_id
    for thing in (head.surface, head.rig):
        bpy.data.objects.remove(thing)
    leave()
    assert takes_of(rig_id) == []


def test_what_is_cancelled_while_its_last_keys_are_written_becomes_whole(scene, head, ask, monkeypatch):
    monkeypatch.setattr(jobs, "BUDGET_S", 0.0)
    ask("sound")
    start()
    wait_for(lambda: jobs.current().stage == "Writing keys")
    jobs.cancel()
    finish()
    assert notices.shown().text == "Take 1: 3.2 s of motion."
    leave()
    assert is_even()
    assert (len(take_motion(takes()[0])), take_details(takes()[0]).is_complete) == (80, True)


def test_an_engine_that_goes_on_with_what_was_cancelled_is_ended(scene, head, ask, monkeypatch):
    monkeypatch.setattr(jobs, "CANCEL_S", 0.6)
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    monkeypatch.setattr(engine, "cancel", lambda _: None)
    jobs.cancel()
    wait_for(lambda: jobs.tick() is None)
    assert not engine.is_running


def test_a_take_can_be_edited_while_another_one_is_made(scene, head, ask):
    ask("first")
    bpy.ops.artalk.generate()
    first = current_take(head.rig)
    ask("wait")
    start()
    wait_for(lambda: len(takes()) == 2)
    assert reasons.no_changing_take(bpy.context) == "This take is being made"
    bpy.ops.artalk.show_take(take=first.name)
    assert reasons.no_changing_take(bpy.context) == ""
    assert bpy.ops.artalk.duplicate_take() == {"FINISHED"}
    jobs.cancel()
    finish()
    assert [spoken(take) for take in takes()] == ["first.wav", "wait.wav", "first.wav"]


def test_a_copy_made_after_an_undo_is_not_taken_for_the_take_in_the_making(scene, head, ask):
    ask("first")
    bpy.ops.artalk.generate()
    bpy.ops.ed.undo_push(message="one take")
    ask("wait")
    start()
    wait_for(lambda: len(takes()) == 2)
    bpy.ops.ed.undo_push(message="two takes")
    bpy.ops.ed.undo()
    bpy.ops.artalk.duplicate_take()
    jobs.cancel()
    finish()
    assert sorted(map(spoken, takes())) == ["first.wav", "first.wav", "wait.wav"]


def test_undo_and_redo_in_the_middle_of_writing_leave_whole_curves(scene, head, ask, monkeypatch):
    monkeypatch.setattr(jobs, "BUDGET_S", 0.0)  # one curve a tick
    bpy.ops.ed.undo_push(message="before")
    ask("sound")
    start()
    wait_for(lambda: len(takes()) == 1)
    bpy.ops.ed.undo_push(message="a few curves")
    for _ in range(10):
        jobs.tick()
    bpy.ops.ed.undo()
    jobs.tick()
    bpy.ops.ed.redo()
    finish()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    take = current_take(parts.rig)
    assert changed_by_hand(parts, take) == []
    assert is_even()
    assert len(take_motion(take)) == 80
    assert take_details(take).is_complete


def half_write(monkeypatch, ask) -> None:
    """Stop in the middle of writing."""
    monkeypatch.setattr(jobs, "BUDGET_S", 0.0)  # one curve a tick
    ask("wait")
    start()
    wait_for(lambda: len(takes()) == 1 and UNFINISHED in takes()[0])
    assert not is_even()


def is_even() -> bool:
    """Whether every curve of the take is there and as long as its motion."""
    parts, take = rig_parts(bpy.context.scene.artalk.rig), takes()[0]
    found, motion = curves_of(parts, take), take_motion(take)
    frames, channels = steps.finish(baked(parts, take_details(take), motion))
    expected = {
        (name.path, name.index): places_of(frames, values) for name, values in named_values(parts, channels).items()
    }
    return found.keys() == expected.keys() and all(
        len(places) == len(expected[name]) and places[-1, 0] == pytest.approx(expected[name][-1, 0])
        for name, places in found.items()
    )


def test_a_file_that_is_saved_in_the_middle_of_writing_holds_whole_curves(scene, head, ask, monkeypatch, tmp_path):
    half_write(monkeypatch, ask)
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    assert jobs.current() is not None
    assert is_even()
    jobs.stop_all()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert is_even()


def test_curves_that_come_back_half_written_from_a_file_are_mended(scene, head, ask, monkeypatch, tmp_path):
    """Blender saves by itself, too, and tells nobody."""
    half_write(monkeypatch, ask)
    monkeypatch.setattr(jobs, "settle", lambda: None)
    path = str(tmp_path / "autosave.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    assert not is_even()
    jobs.stop_all()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert is_even()
    assert not take_details(takes()[0]).is_complete


def test_curves_that_come_back_half_written_from_the_undo_history_are_mended(scene, head, ask, monkeypatch):
    half_write(monkeypatch, ask)
    bpy.ops.ed.undo_push(message="half a take")
    jobs.cancel()
    finish()
    leave()
    bpy.ops.ed.undo_push(message="the whole take")
    bpy.ops.ed.undo()
    assert is_even()


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_switching_the_addon_off_in_the_middle_of_writing_leaves_whole_curves(
    scene, head, ask, monkeypatch, is_cancelled
):
    half_write(monkeypatch, ask)
    if is_cancelled:
        jobs.cancel()
        finish()
        assert jobs.leaving()
    assert not is_even()
    blender_addon.unregister()
    blender_addon.register()
    assert UNFINISHED not in takes()[0]
    assert is_even()
    assert not take_details(takes()[0]).is_complete


def test_switching_the_addon_off_drops_the_jobs_that_wait(scene, head, ask):
    for name in ("wait", "second"):
        ask(name)
        start()
    blender_addon.unregister()
    blender_addon.register()
    assert (jobs.current(), jobs.waiting(), jobs.leaving()) == (None, (), ())
    assert takes() == []


@pytest.mark.parametrize("is_whole", [False, True])
def test_a_take_that_grew_is_as_one_that_was_written_at_once(scene, head, ask, is_whole):
    ask("sound")
    scene.artalk.on_whole_frames = is_whole
    bpy.ops.artalk.generate()
    take = current_take(head.rig)
    frames, channels = steps.finish(baked(head, take_details(take), take_motion(take)))
    grown = curves_of(head, take)
    for name, values in named_values(head, channels).items():
        np.testing.assert_allclose(grown[name.path, name.index], places_of(frames, values), rtol=1e-6, atol=1e-6)


def test_a_file_that_is_saved_while_a_job_runs_holds_a_take_marked_incomplete(scene, head, ask, tmp_path):
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    assert jobs.current() is not None
    jobs.cancel()
    finish()
    bpy.ops.wm.open_mainfile(filepath=path)
    (take,) = takes()
    assert not take_details(take).is_complete
    assert len(take_motion(take)) > 0


def test_opening_a_file_ends_all_jobs_and_leaves_nothing_in_it(scene, head, ask, tmp_path):
    path = str(tmp_path / "other.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    for name in ("wait", "second"):
        ask(name)
        start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    bpy.ops.wm.open_mainfile(filepath=path)
    notice = notices.shown()
    assert (jobs.current(), jobs.waiting()) == (None, ())
    assert notice.is_error
    assert "Another file was opened" in notice.text
    assert "Waiting jobs were dropped: 1." in notice.text
    wait_for(lambda: jobs.tick() is None)
    assert len(bpy.data.actions) == 0


def test_a_file_that_cannot_be_opened_ends_no_job(scene, head, ask, tmp_path):
    ask("wait")
    start()
    broken = tmp_path / "broken.blend"
    broken.write_bytes(b"no file of Blender")
    with pytest.raises(RuntimeError):
        bpy.ops.wm.open_mainfile(filepath=str(broken))
    assert jobs.current() is not None
    wait_for(lambda: len(takes()) == 1)
    jobs.cancel()
    finish()


def test_errors_stand_until_they_are_put_away(scene, head, ask):
    ask("unreadable")
    start()
    finish()
    ask("second")
    start()
    finish()
    assert [notice.is_error for notice in notices.standing()] == [False, True]
    bpy.ops.artalk.create_head()
    assert [notice.is_error for notice in notices.standing()] == [True]
    bpy.ops.artalk.dismiss(index=0)
    assert notices.standing() == ()


def test_the_same_error_stands_once(scene, head, ask):
    for _ in range(2):
        ask("unreadable")
        start()
        finish()
    assert len(notices.standing()) == 1


def test_details_hold_versions_what_was_asked_the_chain_and_the_log(scene, head, ask, monkeypatch, tmp_path):
    monkeypatch.setattr(details, "engine_log_file", lambda: tmp_path / "engine.log")
    ask("unreadable")
    start()
    finish()
    text = notices.shown().details
    assert bpy.app.version_string in text
    assert "unreadable.wav" in text
    assert "[audio_unreadable]" in text
    assert "Choose another file." in text
    assert "EngineJobError" in text
    assert "Generate(audio=" in text  # the stand-in engine logs what it is asked
    notice = notices.shown()
    assert "Traceback" not in notice.text + notice.remedy


def test_the_bar_says_what_is_done_how_much_and_how_long_the_rest_takes(scene, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("blender_addon.engine_job.time.monotonic", lambda: clock[0])
    job = EngineJob(engine)
    job._accept(Progress("Making motion", 0, 10))
    clock[0] += 6.0
    job._accept(Progress("Making motion", 2, 10))
    assert _progress(job) == "Making motion · 20% · 0:24 left"
    clock[0] += 4.0
    assert _progress(job) == "Making motion · 20% · 0:20 left"


def test_a_strip_of_the_sequencer_is_spoken_as_it_is_trimmed(scene, head, sound_file):
    from blender_addon.takes.sound import can_play_sound

    if not can_play_sound():
        pytest.skip("this build of Blender has no sound library")
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    path = sound_file(3.2, name="strip.wav")
    strip = strips.new_sound("Speech", str(path), 1, 11)
    assert reasons.no_strip(bpy.context) == ""
    assert bpy.ops.artalk.use_strip(strip="Speech") == {"FINISHED"}
    settings = scene.artalk
    assert (settings.sound, settings.start_frame, settings.start_s, settings.end_s) == (str(path), 11.0, 0.0, 0.0)
    new = hasattr(strip, "left_handle_offset")
    setattr(strip, "left_handle_offset" if new else "frame_offset_start", 12)
    setattr(strip, "right_handle_offset" if new else "frame_offset_end", 24)
    bpy.ops.artalk.use_strip(strip="Speech")
    assert (settings.start_frame, settings.start_s) == (23.0, 0.5)
    assert settings.end_s == pytest.approx((77 - 24) / 24.0, abs=1 / 24)


def test_without_strips_the_button_says_so(scene, head):
    assert reasons.no_strip(bpy.context) == "The sequencer has no sound strips"
