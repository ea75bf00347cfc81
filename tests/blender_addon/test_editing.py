from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.blender_addon.faces import mixing, speech, tools
from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.taking import add_take, curves_of, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon import notices
from blender_addon.errors import TakeError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.build import build_rig
from blender_addon.rig.fidelity import evaluated_vertices, worst_vertex_error_mm
from blender_addon.rig.head_file import load_head
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.blinks import find_blinks
from blender_addon.takes.curves import changed_by_hand, count_keys
from blender_addon.takes.editing import change_edits, edits_of, reduced, take_quality
from blender_addon.takes.edits import Edits, RegionEdit, edited_motion
from blender_addon.takes.record import take_motion
from blender_addon.takes.rig_tools import edited, face_tools
from blender_addon.takes.take import rebake

JAW = 'pose.bones["jaw"].rotation_quaternion'


@pytest.fixture
def take(head):
    return add_take(head, speech())[0]


def shown_motion(head, take):
    return edited(head, edits_of(take).mapping, take_motion(take))[0]


def test_moving_a_slider_moves_the_face_at_once(scene, head, take):
    scene.frame_set(32)
    before = evaluated_vertices(head.rig, scene, 32)
    take.artalk_editing.jaw.gain = 2.0
    bpy.context.view_layer.update()
    assert head.rig.pose.bones["jaw"].rotation_quaternion.x == pytest.approx(np.sin(speech()[31, 103]), abs=1e-5)
    expected = flame_vertices(builtin_head_file(), shown_motion(head, take)[31:32])
    assert worst_vertex_error_mm(head.rig, scene, [32.0], expected) <= 0.01
    take.artalk_editing.jaw.gain = 1.0
    np.testing.assert_array_equal(evaluated_vertices(head.rig, scene, 32), before)


def test_sliders_show_what_the_take_keeps_and_nothing_else(head, take):
    sliders = take.artalk_editing
    assert (sliders.lips.gain, sliders.blink_strength, sliders.jaw_limit_deg) == (1.0, 1.0, 90.0)
    sliders.lips.offset_ms, sliders.brows.smoothing_ms, sliders.neck_share = -40.0, 80.0, 0.5
    assert edits_of(take) == Edits(
        lips=RegionEdit(offset_ms=-40.0), brows=RegionEdit(smoothing_ms=80.0), neck_share=0.5
    )
    rebake(head, take, {"eye_seed": 4})
    assert (sliders.eye_seed, sliders.neck_share, sliders.lips.offset_ms) == (4, 0.0, 0.0)


def test_every_take_has_edits_of_its_own(head, take):
    other, _ = add_take(head, speech())
    before = curves_of(head, other)
    take.artalk_editing.lips.gain = 0.0
    assert edits_of(other) == Edits()
    after = curves_of(head, other)
    assert all((before[name] == after[name]).all() for name in before)


def test_sliders_back_at_rest_give_the_first_keys_again(head, take):
    before = curves_of(head, take)
    for field, value in (("gain", 0.5), ("offset_ms", 25.0), ("smoothing_ms", 90.0)):
        setattr(take.artalk_editing.head, field, value)
    take.artalk_editing.eye_darts_deg = 5.0
    take.artalk_editing.neck_share = 1.0
    assert len(curves_of(head, take)) > len(before)
    bpy.ops.artalk.reset_edits()
    after = curves_of(head, take)
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)
    np.testing.assert_array_equal(take_motion(take), speech())


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_the_neck_turns_the_head_and_leaves_the_shoulders(scene, head, take, share):
    rest = evaluated_vertices(head.rig, scene, 1)
    lowest = np.argsort(rest[:, 1])[:50]
    still = rebake(head, take, {"head": {"gain": 5.0}, "neck_share": share}) or evaluated_vertices(head.rig, scene, 45)
    moved = rebake(head, take, {"head": {"gain": 5.0}}) or evaluated_vertices(head.rig, scene, 45)
    off = np.linalg.norm(still[lowest] - rest[lowest], axis=1).max()
    assert off < (1.0 - 0.8 * share) * np.linalg.norm(moved[lowest] - rest[lowest], axis=1).max()
    parts = [head.rig.pose.bones[name].rotation_quaternion.angle for name in ("root", "neck")]
    assert sum(parts) > 0


def test_keys_changed_by_hand_are_not_overwritten_until_the_user_says_so(head, take):
    fcurves_of(head, take)[JAW, 1].keyframe_points[9].co.y = 0.5
    take.artalk_editing.lips.gain = 0.3
    assert "by hand" in notices.shown().text
    assert notices.shown().remedy
    assert edits_of(take) == Edits()
    assert curves_of(head, take)[JAW, 1][9, 1] == 0.5
    with pytest.raises(TakeError, match="by hand"):
        change_edits(take, Edits(neck_share=1.0))
    with pytest.raises(RuntimeError, match="by hand"):
        bpy.ops.artalk.reset_edits()
    with pytest.raises(RuntimeError, match="by hand"):
        bpy.ops.artalk.add_blink()
    bpy.ops.artalk.restore_take(keep_edits=True)
    assert changed_by_hand(head, take) == []
    take.artalk_editing.lips.gain = 0.3
    assert edits_of(take).lips.gain == 0.3


def blinks(head, take):
    return [blink.frame for blink in find_blinks(face_tools(head).ruler.lid_gaps(shown_motion(head, take)))]


def test_blinks_come_and_go_at_the_playhead(scene, head):
    take, _ = add_take(head, speech(), start=11.0, rate=24.0)
    scene.frame_set(11 + 72)  # three seconds
    bpy.ops.artalk.add_blink()
    assert blinks(head, take) == pytest.approx([46, 75], abs=1)
    scene.frame_set(11 + 44)
    bpy.ops.artalk.remove_blink()
    assert blinks(head, take) == pytest.approx([75], abs=1)
    scene.frame_set(11 + 73)
    bpy.ops.artalk.remove_blink()
    assert blinks(head, take) == []
    assert edits_of(take).added_blinks == ()
    with pytest.raises(RuntimeError, match="no blink here"):
        bpy.ops.artalk.remove_blink()


def test_a_blink_is_added_where_it_is_seen_although_the_lids_are_late(scene, head, take):
    take.artalk_editing.lids.offset_ms = 200.0
    scene.frame_set(101)
    bpy.ops.artalk.add_blink()
    assert blinks(head, take) == pytest.approx([51, 100], abs=1)
    bpy.ops.artalk.remove_blink()
    assert blinks(head, take) == pytest.approx([51], abs=1)
    scene.frame_set(52)
    bpy.ops.artalk.remove_blink()
    assert blinks(head, take) == []


def test_reducing_keys_tells_what_it_did_until_the_next_change(head, take):
    assert reduced(take) is None
    every = count_keys(head, take)
    bpy.ops.artalk.reduce_keys()
    found = reduced(take)
    assert found.after == count_keys(head, take) < 0.35 * found.before
    assert (found.p95_mm <= 0.3, found.worst_mm <= 1.0) == (True, True)
    assert changed_by_hand(head, take) == []
    take.artalk_editing.lips.gain = 1.2
    assert reduced(take) is None
    assert count_keys(head, take) == every
    bpy.ops.artalk.reduce_keys()
    bpy.ops.artalk.all_keys()
    assert reduced(take) is None
    assert count_keys(head, take) == every


def test_keys_on_whole_frames_are_reduced_on_whole_frames(head):
    take, _ = add_take(head, speech(), start=3.0, rate=30.0, on_whole_frames=True)
    bpy.ops.artalk.reduce_keys()
    frames = np.concatenate([places[:, 0] for places in curves_of(head, take).values()])
    np.testing.assert_array_equal(frames, frames.round())
    assert reduced(take).worst_mm <= 1.0


def test_edits_and_reduction_survive_saving(scene, head, take, tmp_path):
    take.artalk_editing.lips.gain = 1.25
    take.artalk_editing.key_bound_mm = 0.5
    bpy.ops.artalk.reduce_keys()
    before, report = curves_of(head, take), reduced(take)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    parts = rig_parts(bpy.context.scene.artalk.rig)
    (take,) = (action for action in bpy.data.actions if "artalk_take" in action)
    assert (take.artalk_editing.lips.gain, take.artalk_editing.key_bound_mm) == (1.25, 0.5)
    assert reduced(take) == report
    after = curves_of(parts, take)
    assert all((before[name] == after[name]).all() for name in before)


def test_the_report_is_of_the_edited_motion_and_can_be_written(head, take, tmp_path):
    assert take_quality(take).blinks == 1
    assert take_quality(take) is take_quality(take)
    take.artalk_editing.blink_strength = 0.0
    assert take_quality(take).blinks == 0
    bpy.ops.artalk.export_quality(filepath=str(tmp_path / "report.json"))
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (written["blinks"], written["take"]) == (0, take.name)
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.artalk.export_quality(filepath=str(tmp_path / "nowhere" / "report.json"))


def test_a_finding_s_button_goes_to_its_frame(scene):
    bpy.ops.artalk.go_to_frame(frame=37.4)
    assert scene.frame_current == 37


def test_what_the_add_on_reads_from_a_rig_is_the_head_s_file(head):
    found, expected = face_tools(head), tools("builtin")
    for name in ("rest", "directions", "correctives", "weights", "joints"):
        np.testing.assert_allclose(getattr(found.model, name), getattr(expected.model, name), atol=2e-7, err_msg=name)
    np.testing.assert_allclose(found.ruler.lip_gap(speech()), expected.ruler.lip_gap(speech()), atol=1e-3)
    assert face_tools(head) is found


@pytest.fixture
def flame_head(scene, tmp_path):
    """A FLAME head: no named units, lips, lids or regions; every expression moves the whole face."""
    with np.load(builtin_head_file()) as arrays:
        names = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
        kept = {name: arrays[name] for name in names}
    kept["shapedirs"] = kept["shapedirs"].copy()
    kept["shapedirs"][..., 300:] = kept["shapedirs"][..., 300:] @ mixing()
    np.savez(tmp_path / "flame.npz", **kept)
    rig = build_rig(bpy.context, load_head(tmp_path / "flame.npz"), "Flame")
    scene.artalk.rig = rig
    return rig_parts(rig)


def test_a_flame_head_is_edited_by_what_its_expressions_do_to_vertices(scene, flame_head):
    raw = speech().copy()
    raw[:, :100] = raw[:, :100] @ mixing()
    take, _ = add_take(flame_head, raw)
    found = face_tools(flame_head)
    assert not any(found.no_region(region) for region in ("lips", "brows", "lids", "cheeks"))
    assert not found.no_blinks()
    assert "not found" in found.no_closures()  # FLAME's vertices are numbered in another way than this head's
    frame = 32
    before = evaluated_vertices(flame_head.rig, scene, frame)
    take.artalk_editing.brows.gain = 3.0
    moved = np.linalg.norm(evaluated_vertices(flame_head.rig, scene, frame) - before, axis=1)
    eyes, reach = found.model.joints[[3, 4]].mean(axis=0), 0.063
    is_above, is_below = (before[:, 1] > eyes[1] + 0.2 * reach, before[:, 1] < eyes[1] - 0.4 * reach)
    assert moved[is_above].max() > 4.0 * moved[is_below].max()
    bpy.ops.artalk.reset_edits()
    np.testing.assert_array_equal(evaluated_vertices(flame_head.rig, scene, frame), before)


def test_a_take_of_a_head_that_is_gone_says_so(scene, head, take):
    bpy.data.objects.remove(head.rig)
    take.artalk_editing.lips.gain = 2.0
    assert "gone" in notices.shown().text


def test_sliders_of_other_actions_do_no_harm(scene):
    action = bpy.data.actions.new("walk")
    assert action.artalk_editing.lips.gain == 1.0
    action.artalk_editing.lips.gain = 2.0
    assert action.artalk_editing.lips.gain == 1.0
    assert notices.shown().is_error


def test_damaged_edits_are_told_and_can_be_reset(head, take):
    record = json.loads(take["artalk_take"])
    take["artalk_take"] = json.dumps(record | {"edits": {"lips": {"gain": "much"}}})
    assert take.artalk_editing.lips.gain == 1.0
    with pytest.raises(TakeError, match="cannot be read"):
        edits_of(take)
    bpy.ops.artalk.reset_edits()
    assert edits_of(take) == Edits()


def test_edits_are_those_of_the_function(head, take):
    edits = replace(Edits(), lips=RegionEdit(1.3, 20.0, 40.0), snap_lips_mm=2.0, jaw_limit_deg=10.0)
    change_edits(take, edits)
    expected = edited_motion(speech(), edits, tools("builtin"))
    key = head.expression_keys[0]
    np.testing.assert_allclose(curves_of(head, take)[f'key_blocks["{key}"].value', 0][:, 1], expected[:, 0], atol=1e-4)
