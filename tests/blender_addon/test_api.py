"""What scripts may rely on, and that what the documents say about scripting works as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import api
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import take_details
from blender_addon.takes.take import current_take

ROOT = Path(api.__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "scripting.md"


@pytest.fixture
def rig(stand_in):
    return api.create_head(name="Anna")


def test_a_sound_becomes_a_take_as_the_arguments_say(scene, rig, sound_file):
    first = api.generate(rig, sound_file(3.2, name="sound.wav"), style="", seed=3, start_frame=7.5, still_head=True)
    second = api.generate(rig, sound_file(3.2, name="sound.wav"), style="", on_whole_frames=True)
    assert rig.name == "Anna"
    assert api.takes(rig) == [first, second]
    assert current_take(rig) == second
    details = take_details(first)
    assert (details.speech.seed, details.start, details.speech.fix_pose) == (3, 7.5, True)
    assert take_details(second).on_whole_frames
    api.show(first)
    assert (current_take(rig), scene.artalk.rig) == (first, rig)


def test_functions_work_on_the_head_they_are_given_whatever_the_panel_has_chosen(scene, rig, sound_file):
    other = api.create_head()
    assert scene.artalk.rig == other
    take = api.generate(rig, sound_file(3.2, name="sound.wav"), style="")
    assert (current_take(rig), current_take(other)) == (take, None)


def test_a_text_becomes_a_take(rig):
    take = api.speak(rig, "Bob may map it.", style="")
    assert Path(take_details(take).speech.audio).name == "bob_may_map_it.wav"


def test_motion_goes_out_and_comes_in_again(scene, rig, motion, sound_file):
    sound = sound_file(2.0)
    take = api.add_take(rig, motion.tolist(), start_frame=11.0, sound=sound)
    np.testing.assert_array_equal(api.motion_of(take), motion)
    assert take_details(take).speech.audio == str(sound)
    take.artalk_editing.head.gain = 0.0
    np.testing.assert_array_equal(api.motion_of(take), motion)
    assert np.abs(api.motion_of(take, with_edits=True)[:, 100:103]).max() < 1e-6


def test_a_flame_file_becomes_a_head(stand_in, flame_file):
    rig = api.create_head(flame_file)
    assert (rig.name, rig_parts(rig).kind) == ("flame", "flame")


@pytest.mark.parametrize(
    ("fail", "code", "words"),
    [
        (lambda rig, sound: api.generate(rig, "/nowhere/speech.wav"), "sound", "no sound file"),
        (lambda rig, sound: api.generate(rig, sound, style="angelic"), "addon", "no style 'angelic'"),
        (lambda rig, sound: api.generate(rig, sound.with_name("fail.wav"), style=""), "audio_unreadable", ""),
        (lambda rig, sound: api.generate(bpy.data.objects["surface"], sound), "rig", "neither a head"),
        (lambda rig, sound: api.speak(rig, "  "), "sound", "no text"),
        (lambda rig, sound: api.add_take(rig, np.zeros((0, 106))), "take", "no frames"),
        (lambda rig, sound: api.add_take(rig, np.full((3, 106), np.nan)), "take", "no numbers"),
        (lambda rig, sound: api.create_head("/nowhere/head.npz"), "head_file", ""),
    ],
)
def test_what_goes_wrong_is_raised_with_its_code_and_a_remedy(rig, sound_file, fail, code, words):
    rig.children[0].name = "surface"
    sound = sound_file(3.2, name="sound.wav")
    shutil.copy(sound, sound.with_name("fail.wav"))
    with pytest.raises(api.ERRORS, match=words or None) as caught:
        fail(rig, sound)
    assert caught.value.code == code
    assert caught.value.remedy


def test_an_array_of_another_shape_is_a_mistake_of_the_script(rig):
    with pytest.raises(ValueError, match=r"\[3, 5\]"):
        api.add_take(rig, np.zeros((3, 5)))


def test_the_documents_scripts_run_as_they_stand(scene, engine_python, tmp_path):
    """Those of ``docs/scripting.md``, one after the other, with the sound that comes with the engine."""
    text = DOCUMENT.read_text("utf-8")
    shutil.copy(ROOT / "assets" / "demo" / "speech.wav", tmp_path / "line1.wav")
    names: dict[str, object] = {}
    scripts = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(scripts) > 3
    for script in scripts:
        here = script.replace("bl_ext.user_default.artalk", "blender_addon").replace("/recordings", str(tmp_path))
        exec(compile(here, str(DOCUMENT), "exec"), names)  # noqa: S102 - our own document
    assert len(api.takes(names["head"])) == 4  # one generated, one added, one of many lines, one by the operator
    assert (tmp_path / "line1.npz").is_file()
