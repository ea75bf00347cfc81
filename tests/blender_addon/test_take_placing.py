from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.taking import add_take, curves_of, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon.takes.curves import changed_by_hand
from blender_addon.takes.key_table import KeyTable
from blender_addon.takes.placing import is_at_scene_rate, move_take, retime
from blender_addon.takes.record import take_details
from blender_addon.timing import key_frames

BLINK = ('key_blocks["blink_l"].value', 0)


def test_a_take_is_retimed_to_the_scene_and_keeps_its_values(scene, head, motion):
    take, _ = add_take(head, motion, start=3.5, rate=24.0)
    before = curves_of(head, take)
    scene.render.fps, scene.render.fps_base = 30, 1.001
    assert not is_at_scene_rate(scene, take_details(take))
    retime(scene, head, take)
    assert is_at_scene_rate(scene, take_details(take))
    frames = key_frames(len(motion), 30 / 1.001, 3.5)
    for name, places in curves_of(head, take).items():
        is_still = (places[:, 1] == places[0, 1]).all()
        np.testing.assert_allclose(places[:, 0], frames[[0, -1]] if is_still else frames, rtol=1e-6)
        np.testing.assert_array_equal(places[:, 1], before[name][:, 1])
    assert changed_by_hand(head, take) == []


def test_changes_by_hand_move_along(scene, head, motion):
    take, _ = add_take(head, motion, rate=24.0)
    point = fcurves_of(head, take)[BLINK].keyframe_points[10]
    point.co.y, point.interpolation, point.handle_right_type = 3.0, "BEZIER", "FREE"
    reach = point.handle_right.x - point.co.x
    scene.render.fps = 48
    retime(scene, head, take)
    point = fcurves_of(head, take)[BLINK].keyframe_points[10]
    assert (point.co.y, point.interpolation) == (3.0, "BEZIER")
    assert point.co.x == pytest.approx(1 + 10 * 48 / 25)
    assert point.handle_right.x - point.co.x == pytest.approx(2 * reach, rel=1e-4)
    assert changed_by_hand(head, take) == [BLINK[0]]


def test_a_take_on_whole_frames_lies_on_whole_frames_again(scene, head, motion):
    take, _ = add_take(head, motion, rate=24.0, on_whole_frames=True)
    scene.render.fps = 60
    retime(scene, head, take)
    np.testing.assert_array_equal(curves_of(head, take)[BLINK][:, 0], np.arange(1, 120))


def test_a_take_begins_where_it_is_moved(scene, head, motion):
    take, _ = add_take(head, motion, start=1.0)
    move_take(scene, head, take, 100.25)
    assert take_details(take).start == 100.25
    np.testing.assert_allclose(curves_of(head, take)[BLINK][[0, -1], 0], [100.25, 149.25])


def test_curves_of_the_artist_s_own_in_the_take_move_too(scene, head, motion):
    take, _ = add_take(head, motion)
    head.rig.pose.bones["eye_l"].rotation_mode = "QUATERNION"
    head.rig.pose.bones["eye_l"].keyframe_insert("rotation_quaternion", frame=12)
    move_take(scene, head, take, 11.0)
    assert curves_of(head, take)['pose.bones["eye_l"].rotation_quaternion', 0][0, 0] == 22.0


def test_a_table_of_keys_goes_back_as_it_came(head, motion):
    take, _ = add_take(head, motion)
    curve = fcurves_of(head, take)[BLINK]
    kinds = ("BEZIER", "SINE", "CONSTANT", "BOUNCE")
    for index, kind in enumerate(kinds):
        curve.keyframe_points[index].interpolation = kind
        curve.keyframe_points[index].easing = "EASE_IN"
    frames = np.arange(0, 12, 0.05)
    before = [curve.evaluate(frame) for frame in frames]
    table = KeyTable.of(curve)
    curve.keyframe_points.clear()
    table.write(curve)
    assert [point.interpolation for point in curve.keyframe_points[:4]] == list(kinds)
    np.testing.assert_allclose([curve.evaluate(frame) for frame in frames], before, atol=1e-6)
