"""A text becomes a sound file, a strip and a take, with an engine of the tests' own and with the real one."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.blender_addon.conftest import wait_for
from tests.blender_addon.taking import strips_of

bpy = pytest.importorskip("bpy")

from blender_addon import jobs, notices, reasons, voices
from blender_addon.engine_process import engine
from blender_addon.speaking import sound_path
from blender_addon.takes.editing import take_quality
from blender_addon.takes.record import take_details, takes_of
from blender_addon.takes.sound import can_play_sound, sound_of
from blender_addon.takes.spoken import phones_of
from blender_addon.takes.take import current_take
from bridge.motion_file import load_motion


@pytest.fixture
def say(stand_in, head):
    """Write a text whose words tell the stand-in engine what to do."""

    def write(text: str = "Bob may map it.") -> None:
        bpy.context.scene.artalk_text.line = text

    return write


@pytest.fixture
def saved(tmp_path):
    """A .blend with a folder of its own."""
    folder = tmp_path / "my film ü"
    folder.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "film.blend"))
    return folder


def press():
    """Press the button: the operator cannot be invoked without windows, so do what it does."""
    from blender_addon.operators.speaking import ARTALK_OT_speak
    from blender_addon.preferences import engine_python

    jobs.start(ARTALK_OT_speak.order(None, bpy.context), engine_python(bpy.context))


def test_one_press_makes_sound_strip_and_take(scene, head, say, saved):
    say()
    scene.artalk.start_frame = 11.0
    assert bpy.ops.artalk.speak() == {"FINISHED"}
    take = current_take(head.rig)
    sound = saved / "bob_may_map_it.wav"
    assert take_details(take).speech.audio == str(sound)
    with wave.open(str(sound)) as opened:
        assert opened.getframerate() == 16_000
    strips = [getattr(strip, "content_start", None) or strip.frame_start for strip in strips_of(scene)]
    assert list(map(round, strips)) == [11] * can_play_sound()
    assert [symbol for symbol in phones_of(take).symbols if symbol] == ["b", "m"]
    assert "of 2 closures of p, b and m are reached." in notices.shown().text
    assert take_quality(take).spoken.total == 2


def test_sounds_are_never_overwritten(scene, say, saved):
    say()
    for _ in range(3):
        assert bpy.ops.artalk.speak() == {"FINISHED"}
    assert sorted(path.name for path in saved.glob("*.wav")) == [
        "bob_may_map_it.wav", "bob_may_map_it_2.wav", "bob_may_map_it_3.wav"
    ]  # fmt: skip


def test_without_a_folder_the_sound_is_packed_and_that_is_said(scene, head, say):
    say()
    scene.artalk.pack_sound = "NEVER"
    assert bpy.ops.artalk.speak() == {"FINISHED"}
    assert sound_of(current_take(head.rig)).packed_file is not None
    assert "packed" in notices.shown().text


def test_a_text_of_any_length_comes_from_the_text_editor(scene, head, say, saved):
    say()
    text = bpy.data.texts.new("script")
    text.write("Über alles gesprochen, Zeile für Zeile.\n" * 2000)
    scene.artalk_text.source, scene.artalk_text.text = "TEXT", text
    assert bpy.ops.artalk.speak() == {"FINISHED"}
    assert f"said {len(text.as_string())} letters" in (saved.parent / "engine.log").read_text()


def test_the_voice_chosen_is_the_one_asked_for(scene, say, saved):
    say()
    settings = scene.artalk_text
    settings.language, settings.voice, settings.rate, settings.pitch = "German [de]", "f3", 1.25, -2.0
    assert bpy.ops.artalk.speak() == {"FINISHED"}
    log = (saved.parent / "engine.log").read_text()
    assert "language='de', voice='f3', speaker='', rate=1.25, pitch=-2.0" in log


@pytest.mark.parametrize(("text", "stage"), [("wait speaking", "Speaking"), ("wait", "Generating")])
def test_it_can_be_cancelled_while_it_speaks_and_while_it_moves(scene, head, say, saved, text, stage):
    say(text)
    press()
    wait_for(lambda: jobs.current().stage == stage and (stage == "Speaking" or takes_of(head.rig_id)))
    jobs.cancel()
    wait_for(lambda: jobs.current() is None)
    assert notices.shown().text.startswith("Cancelled.")
    assert bool(takes_of(head.rig_id)) == (stage == "Generating")  # what has arrived is kept, marked incomplete
    say()
    assert bpy.ops.artalk.speak() == {"FINISHED"}


def test_what_the_engine_refuses_stands_in_the_panel_and_nothing_is_left(scene, head, say, saved):
    say("refuse")
    with pytest.raises(RuntimeError, match="no voice"):
        bpy.ops.artalk.speak()
    assert (notices.shown().is_error, notices.shown().remedy) == (True, "Choose another one.")
    assert not takes_of(head.rig_id)
    assert not list(saved.glob("*.wav"))


def test_it_is_one_step_to_undo(scene, head, say, saved):
    bpy.ops.ed.undo_push(message="before")
    say()
    bpy.ops.ed.undo_push(message="text written")
    assert bpy.ops.artalk.speak() == {"FINISHED"}
    bpy.ops.ed.undo()
    assert not [action for action in bpy.data.actions if "artalk_take" in action]
    assert bpy.context.scene.artalk_text.line == "Bob may map it."


def test_phones_leave_and_come_back_with_motion_files(scene, head, say, saved):
    say()
    bpy.ops.artalk.speak()
    before = phones_of(current_take(head.rig))
    path = saved / "motion.npz"
    bpy.ops.artalk.export_motion(filepath=str(path))
    assert load_motion(path).phones.symbols == before.symbols
    bpy.ops.artalk.import_motion(filepath=str(path))
    after = phones_of(current_take(head.rig))
    np.testing.assert_allclose(after.times, before.times, atol=1e-3)


def test_a_greyed_button_says_why(scene, stand_in):
    assert reasons.no_speaking(bpy.context)
    bpy.ops.artalk.create_head()
    assert reasons.no_speaking(bpy.context) == "Write what to say"
    scene.artalk_text.source = "TEXT"
    assert reasons.no_speaking(bpy.context) == "Choose a text with words in it"


def test_all_voices_are_listed_when_asked_for(scene, say):
    voices.forget()
    assert "German [de]" in voices.languages()
    assert bpy.ops.artalk.list_voices() == {"FINISHED"}
    assert voices.languages() == ["Klingon [piqd]"]
    assert (voices.is_piper("amy"), voices.is_piper("f3")) == (True, False)
    voices.forget()


@pytest.mark.parametrize(
    ("text", "name"), [("日本の 母", "日本の_母"), ("!!!", "speech"), ("a/b\\c:d", "a_b_c_d"), ("x" * 99, "x" * 40)]
)
def test_a_sound_is_named_after_its_first_words(scene, saved, text, name):
    assert sound_path(text) == (saved / f"{name}.wav", True)


def test_a_line_that_was_typed_is_heard_and_seen(scene, head, engine_python, saved):
    scene.artalk_text.line = "Hello, Pamela. Bob may map people."
    assert bpy.ops.artalk.speak() == {"FINISHED"}
    take = current_take(head.rig)
    assert phones_of(take).symbols[1:4] == ("h", "ə", "l")
    assert take_quality(take).spoken.total >= 7
    with wave.open(str(Path(take_details(take).speech.audio))) as sound:
        assert 2.0 < sound.getnframes() / 16_000 < 5.0
    assert bpy.ops.artalk.list_voices() == {"FINISHED"}
    assert len(voices.languages()) > 100
    voices.forget()
    assert engine.is_running
