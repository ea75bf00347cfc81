from __future__ import annotations

import dataclasses
import os
import signal

import numpy as np
import pytest

from tests.blender_addon.conftest import wait_for

bpy = pytest.importorskip("bpy")

from blender_addon import jobs, notices, reasons
from blender_addon.engine_process import engine
from blender_addon.properties import style_name
from blender_addon.rig.parts import rig_parts
from blender_addon.takes import sound, strips
from blender_addon.takes.record import take_details, take_motion, takes_of
from blender_addon.takes.take import current_take
from bridge.messages import Generate

FRAMES = 80  # of the stand-in engine's motion


def start():
    """Press the button: the operator cannot be invoked without windows, so do what it does."""
    from blender_addon.operators.generate import order_of
    from blender_addon.preferences import engine_python

    jobs.start(order_of(bpy.context), engine_python(bpy.context))


def finish():
    wait_for(lambda: jobs.current() is None and not jobs.leaving())  # a job that was cancelled writes on
    return notices.shown()


def wait_for_first_keys(head):
    wait_for(lambda: bool(takes_of(head.rig_id)))


def assert_engine_still_serves(ask):
    """Whatever went wrong, the next take is made as if nothing had been."""
    ask("again")
    assert bpy.ops.artalk.generate() == {"FINISHED"}


def test_a_script_gets_a_whole_take(scene, head, ask):
    ask()
    scene.artalk.style, scene.artalk.seed, scene.artalk.start_frame = "NONE", 7, 11.0
    assert bpy.ops.artalk.generate() == {"FINISHED"}
    take = current_take(head.rig)
    details = take_details(take)
    assert len(take_motion(take)) == FRAMES
    assert (details.speech.seed, details.start, details.rate_hz, details.is_complete) == (7, 11.0, 24.0, True)
    assert (details.speech.audio, details.engine_version) == (scene.artalk.sound, "0.stand-in")
    assert jobs.current() is None


def test_the_timer_makes_the_same_take_as_a_script(scene, head, ask):
    ask()
    bpy.ops.artalk.generate()
    start()
    assert finish().text.startswith("Take 2: 3.2 s")
    first, second = takes_of(head.rig_id)
    np.testing.assert_array_equal(take_motion(first), take_motion(second))
    assert take_details(first).rate_hz == take_details(second).rate_hz


def test_the_scene_lasts_as_long_as_the_take(scene, head, ask):
    ask()
    scene.frame_end = 10
    bpy.ops.artalk.generate()
    assert scene.frame_end == 77  # 3.2 s at 24 frames a second


@pytest.mark.skipif(not sound.can_play_sound(), reason="this build of Blender has no sound library")
def test_the_sound_is_in_the_sequencer(scene, head, ask):
    ask()
    bpy.ops.artalk.generate()
    assert [strip.sound.filepath for strip in scene.sequence_editor.strips_all] == [scene.artalk.sound]
    assert scene.sync_mode == "AUDIO_SYNC"


def test_a_build_without_sound_says_so_and_makes_the_take(scene, head, ask, monkeypatch):
    monkeypatch.setattr(strips, "can_play_sound", lambda: False)
    ask()
    assert bpy.ops.artalk.generate() == {"FINISHED"}
    assert "without sound" in notices.shown().text
    assert current_take(head.rig) is not None


def test_first_keys_lie_on_the_timeline_while_the_rest_is_made(head, ask):
    ask("wait")
    start()
    wait_for_first_keys(head)
    take = current_take(head.rig)
    assert 0 < len(take_motion(take)) < FRAMES
    assert not take_details(take).is_complete
    assert jobs.current().stage == "Generating"
    wait_for(lambda: 0 < jobs.current().fraction < 1)  # the next step is told after the first one's motion
    jobs.cancel()
    finish()


def test_cancelling_keeps_what_has_arrived(head, ask):
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    assert bpy.ops.artalk.cancel() == {"FINISHED"}
    assert reasons.no_cancelling(bpy.context) == "It is being cancelled"
    notice = finish()
    assert not notice.is_error
    assert "The first 1.2 s are kept as take 1" in notice.text
    take = current_take(head.rig)
    assert len(take_motion(take)) == 30
    assert not take_details(take).is_complete
    assert_engine_still_serves(ask)


def test_cancelling_at_once_leaves_nothing(head, ask):
    ask("wait")
    start()
    jobs.cancel()
    assert finish().text == "Cancelled."
    assert len(bpy.data.actions) == 0
    assert head.rig.animation_data is None
    assert_engine_still_serves(ask)


def test_a_second_job_is_refused_while_one_runs(head, ask):
    ask("wait")
    start()
    with pytest.raises(RuntimeError, match="engine is at work"):
        bpy.ops.artalk.generate()
    jobs.cancel()
    finish()


@pytest.mark.parametrize("when", ["at once", "with keys"])
def test_a_head_deleted_while_generating_leaves_nothing(scene, head, ask, when):
    ask("wait" if when == "with keys" else "sound")
    rig_id = head.rig_id
    start()
    if when == "with keys":
        wait_for(lambda: jobs.current().fraction > 0.3)
    for thing in (head.surface, head.rig):
        bpy.data.objects.remove(thing)
    if when == "with keys":
        jobs.cancel()
    notice = finish()
    assert "deleted" in notice.text
    assert notice.remedy
    assert takes_of(rig_id) == []
    bpy.ops.artalk.create_head()
    assert_engine_still_serves(ask)


def test_a_head_taken_out_of_the_scene_counts_as_deleted(scene, head, ask):
    ask()
    start()
    for collection in head.rig.users_collection:
        collection.objects.unlink(head.rig)
    assert "deleted" in finish().text


def test_a_killed_engine_leaves_a_valid_take_and_starts_again(head, ask):
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    os.kill(engine._client._connection.process.pid, signal.SIGKILL)
    notice = finish()
    assert notice.is_error
    assert "stopped unexpectedly" in notice.text
    assert "kept as take 1" in notice.text
    assert notice.remedy
    assert len(take_motion(current_take(head.rig))) == 30
    assert_engine_still_serves(ask)


def test_an_engine_that_dies_by_itself_raises_in_a_script(head, ask):
    ask("die")
    with pytest.raises(RuntimeError, match="stopped unexpectedly"):
        bpy.ops.artalk.generate()
    assert len(take_motion(current_take(head.rig))) == 30
    assert_engine_still_serves(ask)


def test_the_engine_s_own_words_reach_the_user(head, ask):
    ask("unreadable")
    with pytest.raises(RuntimeError, match=r"This is not a sound file\. Choose another file\."):
        bpy.ops.artalk.generate()
    assert len(bpy.data.actions) == 0
    assert_engine_still_serves(ask)


def test_a_failure_half_way_keeps_what_has_arrived(head, ask):
    ask("fail")
    start()
    notice = finish()
    assert notice.text == "The sound breaks off. The first 1.2 s are kept as take 1."
    assert notice.is_error


@pytest.mark.parametrize(("how", "said"), [("skip", "frame 1 where frame 0"), ("nothing", "0 frames of motion")])
def test_an_engine_that_contradicts_itself_is_not_believed(head, ask, how, said):
    ask(how)
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.artalk.generate()
    assert len(bpy.data.actions) == 0


def test_a_voice_for_another_kind_of_rig_is_refused(head, ask, monkeypatch):
    monkeypatch.setenv("STAND_IN_RIG", "flame")
    ask()
    with pytest.raises(RuntimeError, match="speaks to a rig of the kind 'flame'"):
        bpy.ops.artalk.generate()
    assert len(bpy.data.actions) == 0


def test_a_missing_sound_is_refused_before_the_engine_starts(scene, head, ask, tmp_path):
    ask()
    scene.artalk.sound = str(tmp_path / "nowhere.wav")
    with pytest.raises(RuntimeError, match="no sound file"):
        bpy.ops.artalk.generate()
    assert not engine.is_running


def test_a_python_that_is_none_says_what_to_do(scene, head, ask, monkeypatch, sound_file):
    ask()
    monkeypatch.setenv("ARTALK_ENGINE_PYTHON", str(sound_file()))
    with pytest.raises(RuntimeError, match="cannot be started"):
        bpy.ops.artalk.generate()
    monkeypatch.setenv("ARTALK_ENGINE_PYTHON", "/nowhere/python")
    with pytest.raises(RuntimeError, match="There is no Python at /nowhere/python"):
        bpy.ops.artalk.generate()
    monkeypatch.delenv("ARTALK_ENGINE_PYTHON")
    with pytest.raises(RuntimeError, match="preferences"):
        bpy.ops.artalk.generate()


def test_opening_another_file_ends_the_job(scene, head, ask):
    ask("wait")
    start()
    wait_for_first_keys(head)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert jobs.current() is None
    assert "Another file was opened" in notices.shown().text
    jobs.tick()
    assert len(bpy.data.actions) == 0
    bpy.ops.artalk.create_head()
    assert_engine_still_serves(ask)


def test_a_take_is_one_step_back(scene, head, ask):
    ask()
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.artalk.generate()
    assert len(takes_of(rig_parts(scene.artalk.rig).rig_id)) == 1
    bpy.ops.ed.undo()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    assert takes_of(parts.rig_id) == []
    assert len(bpy.data.actions) == 0
    assert parts.rig.animation_data is None
    bpy.ops.ed.redo()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    assert len(take_motion(current_take(parts.rig))) == FRAMES


def test_an_undo_while_generating_does_no_harm(scene, head, ask):
    bpy.ops.ed.undo_push(message="one")
    scene.frame_end = 99
    bpy.ops.ed.undo_push(message="two")
    ask("wait")
    start()
    wait_for(lambda: jobs.current().fraction > 0.3)
    bpy.ops.ed.undo()
    jobs.cancel()
    finish()
    parts = rig_parts(bpy.context.scene.artalk.rig)
    assert len(take_motion(current_take(parts.rig))) == 30


def test_a_frame_rate_changed_while_generating_moves_all_keys(scene, head, ask):
    ask()
    start()
    wait_for_first_keys(head)
    scene.render.fps = 50
    finish()
    assert take_details(current_take(head.rig)).rate_hz in (24.0, 50.0)


def test_a_copy_of_a_head_speaks_for_itself(scene, head, ask):
    ask()
    bpy.ops.artalk.generate()
    first = current_take(head.rig)
    for thing in (head.rig, head.surface):
        thing.select_set(True)
    bpy.ops.object.duplicate()
    copy = bpy.context.active_object
    assert copy != head.rig
    scene.artalk.rig = copy
    ask("other")
    bpy.ops.artalk.generate()
    assert current_take(head.rig) == first
    assert rig_parts(copy).rig_id != head.rig_id
    assert [take_details(take).number for take in takes_of(rig_parts(copy).rig_id)] == [1, 2]
    assert takes_of(head.rig_id) == [first]
    if sound.can_play_sound():
        assert [strip.mute for strip in scene.sequence_editor.strips_all] == [False, False]


def test_a_mistake_of_ours_ends_the_job_and_not_the_timer(head, ask, monkeypatch):
    ask()
    start()
    monkeypatch.setattr(jobs.current(), "_accept", lambda reply: 1 // 0)
    assert "unexpected error" in finish().text
    assert_engine_still_serves(ask)


def test_switching_the_addon_off_ends_everything(head, ask):
    import blender_addon

    ask("wait")
    start()
    wait_for_first_keys(head)
    process = engine._client._connection.process
    blender_addon.unregister()
    try:
        assert process.poll() is not None
        assert jobs.current() is None
        assert not bpy.app.timers.is_registered(jobs.tick)
    finally:
        blender_addon.register()


def test_a_sound_beside_the_file_is_found_by_its_relative_path(scene, head, ask, tmp_path):
    ask()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.context.scene.artalk.sound = "//sound.wav"
    assert bpy.ops.artalk.generate() == {"FINISHED"}
    details = take_details(current_take(bpy.context.scene.artalk.rig))
    assert details.speech.audio == str(tmp_path / "sound.wav")


def test_all_settings_reach_the_engine_and_stay_with_the_take(scene, head, ask, monkeypatch, tmp_path):
    from blender_addon.operators import generate

    monkeypatch.setattr(generate, "voice_folder", lambda _: "/voices/mine")
    monkeypatch.setattr(generate, "engine_precision", lambda _: "fast")
    ask()
    settings = scene.artalk
    settings.style, settings.style_strength, settings.temperature, settings.seed = "happy", 1.5, 0.25, 9
    settings.continuity = "none"
    settings.start_s, settings.end_s, settings.channel, settings.fix_pose = 0.5, 2.5, "left", True
    settings.on_whole_frames, settings.sync_playback = True, False
    assert bpy.ops.artalk.generate() == {"FINISHED"}
    log = (tmp_path / "engine.log").read_text()
    assert "Describe(model='/voices/mine', device='auto', precision='fast')" in log
    details = take_details(current_take(head.rig))
    asked = Generate(**dataclasses.asdict(details.speech), device="auto")
    assert repr(asked) in log
    speech = details.speech
    assert (speech.start_s, speech.end_s, speech.channel, speech.fix_pose) == (0.5, 2.5, "left", True)
    assert (speech.style_strength, speech.temperature, speech.seed) == (1.5, 0.25, 9)
    assert speech.continuity == "none"
    assert (speech.model, speech.precision, details.on_whole_frames) == ("/voices/mine", "fast", True)
    assert scene.sync_mode == "NONE"


def test_the_styles_to_choose_from_are_those_of_the_voice(scene, head, ask):
    scene.artalk.style = "sad"
    scene.artalk.style = "NONE"
    ask()
    bpy.ops.artalk.generate()
    with pytest.raises(TypeError, match="sad"):
        scene.artalk.style = "sad"
    scene.artalk.style = "happy"
    engine.close()
    scene.artalk.style = "sad"
    assert style_name(scene.artalk) == "sad"


@pytest.mark.parametrize(("chosen", "is_packed"), [("SMALL", True), ("NEVER", False)])
def test_the_sound_is_packed_as_the_panel_says(scene, head, ask, chosen, is_packed):
    ask()
    scene.artalk.pack_sound = chosen
    bpy.ops.artalk.generate()
    assert (sound.sound_of(current_take(head.rig)).packed_file is not None) == is_packed
