from __future__ import annotations

import json

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices, rotation_matrix
from tests.blender_addon.taking import RANGE, add_take, curves_of

bpy = pytest.importorskip("bpy")

from blender_addon import actions
from blender_addon.errors import RigError, TakeError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import worst_vertex_error_mm
from blender_addon.rig.parts import rig_parts
from blender_addon.takes import timeline
from blender_addon.takes.channels import channels_of, quaternions, rotate
from blender_addon.takes.curves import RIG_SLOT
from blender_addon.takes.record import Speech, take_details, take_motion, takes_of
from blender_addon.takes.take import (
    current_take,
    next_number,
    rebake,
    remove_take,
    show_take,
)
from blender_addon.timing import key_frames

RATES = [(12, 1.0), (24, 1.001), (24, 1.0), (25, 1.0), (30, 1.001), (60, 1.001), (120, 1.0)]


@pytest.mark.parametrize(("fps", "base"), RATES)
def test_a_take_is_exact_on_every_key_at_any_rate(scene, head, motion, fps, base):
    scene.render.fps, scene.render.fps_base = fps, base
    rate = timeline.rate_of(scene)
    add_take(head, motion, start=7.25, rate=rate)
    frames = key_frames(len(motion), rate, 7.25)
    chosen = slice(0, None, 7)
    expected = flame_vertices(builtin_head_file(), motion[chosen])
    assert worst_vertex_error_mm(head.rig, scene, frames[chosen], expected) <= 0.01


def test_all_keys_are_linear_and_lie_on_motion_frames(head, motion):
    take, _ = add_take(head, motion, start=3.5, rate=24.0)
    curves = curves_of(head, take)
    assert len(curves) == 100 + 2 * (4 + 3)
    frames = key_frames(len(motion), 24.0, 3.5)
    for places in curves.values():
        is_still = (places[:, 1] == places[0, 1]).all()
        np.testing.assert_allclose(places[:, 0], frames[[0, -1]] if is_still else frames, rtol=1e-6)
    for curve in actions.curve_owner(take, head.rig, RIG_SLOT).fcurves:
        assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
        assert curve.group.name in {"root", "jaw"}


def test_a_second_take_leaves_the_first_as_it_is(head, motion):
    first, _ = add_take(head, motion)
    before = curves_of(head, first)
    second, moved = add_take(head, motion[::-1])
    after = curves_of(head, first)
    assert not moved
    assert (first.name, second.name) == ("Head · take 1", "Head · take 2")
    assert before.keys() == after.keys()
    assert all((before[key] == after[key]).all() for key in before)
    assert current_take(head.rig) == second
    assert takes_of(head.rig_id) == [first, second]
    np.testing.assert_array_equal(take_motion(first), motion)


def test_an_earlier_take_can_be_shown_again(scene, head, motion):
    first, _ = add_take(head, motion)
    add_take(head, np.zeros_like(motion))
    show_take(head, first, RANGE)
    assert current_take(head.rig) == first
    expected = flame_vertices(builtin_head_file(), motion[10:11])
    assert worst_vertex_error_mm(head.rig, scene, [11.0], expected) <= 0.01
    assert head.rig.animation_data.nla_tracks.values() == []


def key_by_hand(animated, path, index, places):
    """Animate as an artist does, in an Action of their own."""
    data = animated.animation_data or animated.animation_data_create()
    if data.action is None:
        actions.assign(animated, bpy.data.actions.new(f"my {animated.name}"))
    owner = actions.curve_owner(data.action, animated)
    frames, values = zip(*places, strict=True)
    actions.write_curve(owner, path, index, np.array(frames), np.array(values))
    return data.action


def test_the_artists_animation_is_kept_and_goes_on_playing(scene, head, motion):
    walk = key_by_hand(head.rig, "location", 0, [(5.0, 0.0), (15.5, 1.0)])
    face = key_by_hand(head.keys, 'key_blocks["blink_l"].value', 0, [(1.0, 0.0), (10.0, 1.0)])
    head.surface.shape_key_add(name="freckles", from_mix=False).value = 0.0
    key_by_hand(head.keys, 'key_blocks["freckles"].value', 0, [(3.0, 0.0), (20.0, 1.0)])

    def played():
        values = []
        for frame in (-20, 1, 5, 11, 15, 16, 40, 250):
            scene.frame_set(frame)
            values.append((head.rig.location.x, head.keys.key_blocks["freckles"].value))
        return np.array(values)

    before = played()
    take, moved = add_take(head, motion)
    assert moved == sorted([walk.name, face.name])
    np.testing.assert_allclose(played(), before, atol=1e-6)
    assert walk.use_fake_user
    assert face.use_fake_user
    expected = flame_vertices(builtin_head_file(), motion[5:6])
    assert worst_vertex_error_mm(head.rig, scene, [6.0], expected) <= 0.01
    add_take(head, motion)
    assert len(head.rig.animation_data.nla_tracks) == 1
    assert take.use_fake_user


def test_an_action_in_tweak_mode_is_kept_too(scene, head, motion):
    walk = key_by_hand(head.rig, "location", 0, [(5.0, 0.0), (15.0, 1.0)])
    actions.push_down(head.rig, RANGE)
    data = head.rig.animation_data
    data.nla_tracks[0].strips[0].select = True
    data.nla_tracks.active = data.nla_tracks[0]
    data.use_tweak_mode = True
    take, _ = add_take(head, motion)
    assert current_take(head.rig) == take
    assert [strip.action for track in data.nla_tracks for strip in track.strips] == [walk]


def test_a_take_survives_saving_and_loading(scene, head, motion, tmp_path):
    speech = Speech("/sounds/line 7.wav", "happy", 2**40, start_s=0.5, end_s=2.5, temperature=0.3)
    details = {"speech": speech, "edits": {"lips": {"gain": 1.0}}, "engine_version": "0.1.0"}
    first, _ = add_take(head, motion, start=3.5, rate=24.0, **details)
    kept = take_details(first)
    add_take(head, motion[:10])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    parts = rig_parts(bpy.context.scene.artalk.rig)
    first, second = takes_of(parts.rig_id)
    assert take_details(first) == kept
    np.testing.assert_array_equal(take_motion(first), motion)
    assert current_take(parts.rig) == second
    show_take(parts, first, RANGE)
    frames = key_frames(len(motion), 24.0, 3.5)[::10]
    expected = flame_vertices(builtin_head_file(), motion[::10])
    assert worst_vertex_error_mm(parts.rig, bpy.context.scene, frames, expected) <= 0.01


def test_a_removed_take_leaves_nothing(head, motion):
    take, _ = add_take(head, motion)
    remove_take(take)
    assert len(bpy.data.actions) == 0
    assert next_number(head.rig_id) == 1


def test_a_linked_head_says_what_to_do(scene, head, tmp_path):
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {head.rig, head.surface})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["Head"]
    with pytest.raises(RigError, match="linked") as caught:
        rig_parts(wanted.objects[0])
    assert "override" in caught.value.remedy


def test_a_library_override_can_be_animated(head, motion, tmp_path):
    path = str(tmp_path / "library.blend")
    collection = bpy.data.collections.new("character")
    for thing in (head.rig, head.surface):
        collection.objects.link(thing)
    bpy.data.libraries.write(path, {collection})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.collections = ["character"]
    override = wanted.collections[0].override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    parts = rig_parts(override.objects["Head"])
    add_take(parts, motion)
    expected = flame_vertices(builtin_head_file(), motion[4:6])
    assert worst_vertex_error_mm(parts.rig, scene, [5.0, 6.0], expected) <= 0.01


def test_a_damaged_take_is_left_out_of_the_list_and_says_so(head, motion):
    take, _ = add_take(head, motion)
    take["artalk_take"] = "{}"
    assert takes_of(head.rig_id) == []
    with pytest.raises(TakeError):
        take_details(take)
    take["artalk_motion"] = b"short"
    with pytest.raises(TakeError):
        take_motion(take)


def test_the_scene_grows_with_a_take_and_never_shrinks(scene):
    timeline.make_room(scene, 400)
    assert scene.frame_end == 400
    timeline.make_room(scene, 100)
    assert scene.frame_end == 400


@pytest.mark.slow
def test_ten_minutes_are_written_in_about_a_second(head):
    import time

    motion = np.random.default_rng(0).normal(0, 0.3, (15_000, 106)).astype(np.float32)
    before = time.process_time()
    add_take(head, motion)
    assert time.process_time() - before < 4.0  # a busy machine; 0.9 s on an idle core


def test_quaternions_are_those_of_the_rotations_and_never_jump():
    turns = np.linspace(-9, 9, 400)[:, None] * np.array([[0.2, 0.9, -0.3]])
    rotations = quaternions(turns)
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=1), 1.0, atol=1e-12)
    assert (np.einsum("ti,ti->t", rotations[1:], rotations[:-1]) > 0).all()
    vectors = np.random.default_rng(0).normal(size=(400, 3))
    expected = np.stack([rotation_matrix(turn) @ vector for turn, vector in zip(turns, vectors, strict=True)])
    np.testing.assert_allclose(rotate(rotations, vectors), expected, atol=1e-12)


def test_the_smallest_rotations_are_exact():
    tiny = np.array([[0.0, 0.0, 0.0], [1e-12, 0.0, 0.0], [0.0, -1e-7, 0.0]])
    np.testing.assert_allclose(quaternions(tiny)[:, 1:], tiny / 2, rtol=1e-9)


def test_a_motion_is_left_as_it_was(motion):
    before = motion.copy()
    channels_of(motion, np.zeros((5, 3, 100), np.float32))
    np.testing.assert_array_equal(motion, before)


class TestEarlierVersions:
    def test_a_take_written_before_records_had_versions_opens(self, head, motion):
        take, _ = add_take(head, motion)
        old = {"rig_id": head.rig_id, "rig_kind": "builtin", "number": 1, "audio": "/a.wav", "style": "sad", "seed": 3}
        take["artalk_take"] = json.dumps({**old, "start": 2.5, "rate_hz": 24.0, "is_complete": False})
        details = take_details(take)
        assert details.speech == Speech("/a.wav", "sad", 3)
        assert (details.start, details.rate_hz, details.is_complete, details.edits) == (2.5, 24.0, False, {})
        rebake(head, take)
        np.testing.assert_allclose(curves_of(head, take)['key_blocks["blink_l"].value', 0][0, 0], 2.5)

    def test_a_take_of_a_later_version_says_so(self, head, motion):
        take, _ = add_take(head, motion)
        take["artalk_take"] = json.dumps({**json.loads(take["artalk_take"]), "version": 99})
        with pytest.raises(TakeError, match="later version"):
            take_details(take)


def test_a_take_baked_anew_is_as_it_was(head, motion):
    take, _ = add_take(head, motion, start=3.5, rate=30.0)
    before = curves_of(head, take)
    for curve in actions.curve_owner(take, head.rig, RIG_SLOT).fcurves:
        curve.keyframe_points.clear()
    rebake(head, take, {"lips": {"gain": 1.0}})
    after = curves_of(head, take)
    assert before.keys() == after.keys()
    assert all((before[key] == after[key]).all() for key in before)
    assert take_details(take).edits == {"lips": {"gain": 1.0}}
    np.testing.assert_array_equal(take_motion(take), motion)
