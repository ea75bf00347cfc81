from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.faces import speech
from tests.blender_addon.taking import add_take, strips_of

bpy = pytest.importorskip("bpy")

from blender_addon.takes.edits import Edits, RegionEdit, edited_motion
from blender_addon.takes.record import Speech, take_details, take_motion, takes_of
from blender_addon.takes.rig_tools import face_tools
from blender_addon.takes.sound import can_play_sound
from blender_addon.takes.take import current_take
from bridge.motion_file import MotionFile, load_motion, save_motion

ENDINGS = [".npz", ".json", ".csv"]


def motion_file(path, rig="builtin", audio="", motion=None):
    save_motion(path, MotionFile(speech() if motion is None else motion, rig, audio, "0.9", "happy"))
    return path


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_motion_comes_back_from_a_file_as_a_new_take(scene, head, tmp_path, ending):
    first, _ = add_take(head, speech()[:30], speech=Speech(audio="/sounds/a.wav", style="happy"), engine_version="0.9")
    path = tmp_path / f"take{ending}"
    bpy.ops.artalk.export_motion(filepath=str(path), ending=ending, check_existing=False)
    scene.artalk.start_frame = 7.5
    bpy.ops.artalk.import_motion(filepath=str(path))
    second = current_take(head.rig)
    assert takes_of(head.rig_id) == [first, second]
    np.testing.assert_array_equal(take_motion(second), speech()[:30])
    details = take_details(second)
    assert (details.number, details.start, details.speech.style, details.engine_version) == (2, 7.5, "happy", "0.9")


def test_what_is_exported_is_the_edited_motion_with_the_head_s_turn(scene, head, tmp_path):
    take, _ = add_take(head, speech())
    take.artalk_editing.lips.gain = 1.4
    take.artalk_editing.neck_share = 1.0
    bpy.ops.artalk.export_motion(filepath=str(tmp_path / "m.npz"))
    found = load_motion(tmp_path / "m.npz")
    expected = edited_motion(speech(), Edits(lips=RegionEdit(gain=1.4)), face_tools(head))
    np.testing.assert_array_equal(found.motion, expected)
    assert found.rig == "builtin"


@pytest.mark.skipif(not can_play_sound(), reason="this build of Blender has no sound library")
def test_the_sound_beside_a_motion_comes_along(scene, head, sound_file, tmp_path):
    sound = sound_file(2.0)
    bpy.ops.artalk.import_motion(filepath=str(motion_file(tmp_path / "m.npz", audio=sound.name)))
    assert take_details(current_take(head.rig)).speech.audio == str(sound)
    (strip,) = strips_of(scene)
    assert strip.sound is not None


def test_a_sound_that_is_not_there_is_left_out(scene, head, tmp_path):
    bpy.ops.artalk.import_motion(filepath=str(motion_file(tmp_path / "m.npz", audio="../../gone.wav")))
    assert take_details(current_take(head.rig)).speech.audio == ""
    assert strips_of(scene) == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: motion_file(path / "m.npz", rig="flame"), "speaks to a rig of the kind 'flame'"),
        (lambda path: motion_file(path / "m.npz", motion=np.zeros((0, 106), np.float32)), "no frames"),
        (lambda path: path / "gone.npz", "no such file"),
        (lambda path: (path / "m.csv").write_text("a,b\n1,2\n") and path / "m.csv", "lacks the column"),
        (lambda path: (path / "m.pt").write_text("no archive") and path / "m.pt", "torch.save"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(scene, head, tmp_path, make, reason):
    with pytest.raises(RuntimeError, match=reason):
        bpy.ops.artalk.import_motion(filepath=str(make(tmp_path)))
    assert takes_of(head.rig_id) == []
    assert head.rig.animation_data is None or head.rig.animation_data.action is None


def test_pytorch_files_hold_flame_motion_alone(scene, head, tmp_path):
    add_take(head, speech())
    with pytest.raises(RuntimeError, match="FLAME"):
        bpy.ops.artalk.export_motion(filepath=str(tmp_path / "m.pt"), ending=".pt")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_folder_is_named(scene, head, tmp_path):
    add_take(head, speech())
    with pytest.raises(RuntimeError, match="nowhere"):
        bpy.ops.artalk.export_motion(filepath=str(tmp_path / "nowhere" / "m.npz"))
