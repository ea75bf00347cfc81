from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.taking import add_take, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon.errors import TakeError
from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import worst_vertex_error_mm
from blender_addon.takes.curves import changed_by_hand
from blender_addon.takes.punch_in import Passage, punch_in
from blender_addon.takes.record import take_motion
from blender_addon.takes.take import rebake

PASSAGE = Passage(15.3, 40.0, 4.0)
EYE = ('key_blocks["blink_l"].value', 0)


@pytest.fixture
def takes(head, motion):
    """Two takes: one at 25 frames a second, another at 24 that begins elsewhere; the first plays."""
    first, _ = add_take(head, motion)
    second, _ = add_take(head, motion[::-1].copy() * np.float32(0.7), start=3.25, rate=24.0)
    return first, second


def sampled(head, take, frames):
    return {name: np.array([curve.evaluate(f) for f in frames]) for name, curve in fcurves_of(head, take).items()}


def edit_by_hand(head, take):
    """Bend a curve with Bezier keys on both sides of where the passage begins and ends."""
    points = fcurves_of(head, take)[EYE].keyframe_points
    for index in (3, 12, 14, 38, 40, 45):
        points[index].co.y += 0.5
        points[index].interpolation = "BEZIER"
        points[index].handle_left_type = points[index].handle_right_type = "AUTO_CLAMPED"
    fcurves_of(head, take)[EYE].update()


def outside(step=0.1):
    frames = np.arange(-5, 70, step)
    return frames[(frames < PASSAGE.first) | (frames > PASSAGE.last)]


@pytest.mark.parametrize("by_hand", [False, True])
def test_outside_the_passage_nothing_changes(head, takes, by_hand):
    first, second = takes
    if by_hand:
        edit_by_hand(head, first)
    before = sampled(head, first, outside())
    kept = sampled(head, second, outside())
    punch_in(head, first, second, PASSAGE)
    after = sampled(head, first, outside())
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values, atol=2e-5, err_msg=str(name))
    for name, values in sampled(head, second, outside()).items():
        np.testing.assert_array_equal(values, kept[name])


def test_between_the_fades_the_head_is_the_other_take_s(scene, head, takes, motion):
    first, second = takes
    punch_in(head, first, second, PASSAGE)
    inner = np.arange(20.0, 36.0, 0.7)
    for name, values in sampled(head, second, inner).items():
        played = sampled(head, first, inner)[name]
        if "quaternion" not in name[0]:
            np.testing.assert_allclose(played, values, atol=1e-5)
    head.rig.animation_data.action = first
    expected = flame_vertices(builtin_head_file(), take_motion(second)[[20]])
    frames = [3.25 + 20 * 24 / 25]
    from blender_addon.takes.take import show_take

    show_take(head, first, (1, 250))
    assert worst_vertex_error_mm(head.rig, scene, frames, expected) <= 0.05


def test_a_fade_goes_evenly_from_one_to_the_other(head, takes):
    first, second = takes
    frames = [PASSAGE.first + 2.0]
    mine, other = sampled(head, first, frames), sampled(head, second, frames)
    punch_in(head, first, second, PASSAGE)
    mixed = sampled(head, first, frames)
    for name in mixed:
        if name[0].startswith("key_blocks"):
            np.testing.assert_allclose(mixed[name], (mine[name] + other[name]) / 2, atol=0.2)


def test_the_raw_motion_takes_the_passage_over_so_that_later_edits_keep_it(head, takes):
    first, second = takes
    punch_in(head, first, second, PASSAGE)
    assert changed_by_hand(head, first) == []
    inner, punched = np.arange(20.0, 36.0), sampled(head, first, np.arange(20.0, 36.0))
    rebake(head, first, {})
    for name, values in sampled(head, first, inner).items():
        if "quaternion" not in name[0]:
            np.testing.assert_allclose(values, punched[name], atol=0.4)


def test_the_raw_motion_can_be_punched_in_over_changes_by_hand(head, takes, motion):
    first, _ = takes
    raw = sampled(head, first, np.arange(20.0, 36.0))[EYE]
    edit_by_hand(head, first)
    fcurves_of(head, first)[EYE].keyframe_points[25].co.y += 3.0
    count = len(bpy.data.actions)
    punch_in(head, first, first, PASSAGE)
    np.testing.assert_allclose(sampled(head, first, np.arange(20.0, 36.0))[EYE], raw, atol=1e-5)
    np.testing.assert_array_equal(take_motion(first), motion)
    assert len(bpy.data.actions) == count


@pytest.mark.parametrize(("first", "last", "fade"), [(10, 10, 1), (10, 5, 1), (10, 20, 6), (10, 20, 0), (10, 20, -1)])
def test_a_passage_that_is_none_is_refused(first, last, fade):
    with pytest.raises(TakeError):
        Passage(first, last, fade)


@pytest.mark.parametrize(("first", "last"), [(-10.0, 10.0), (40.0, 90.0), (-20.0, 90.0)])
def test_a_passage_that_reaches_beyond_the_take_leaves_the_take_as_long_as_it_is(head, takes, first, last):
    take, source = takes
    before, outside_it = tuple(take.frame_range), np.array([11.0, 30.0])
    kept = sampled(head, take, outside_it)
    punch_in(head, take, source, Passage(first, last, 4.0))
    assert tuple(take.frame_range) == before
    if last < 11.0:
        for name, values in sampled(head, take, outside_it).items():
            np.testing.assert_allclose(values, kept[name], atol=2e-5, err_msg=str(name))


@pytest.mark.parametrize(("first", "last"), [(-30.0, 0.0), (60.0, 90.0)])
def test_a_passage_outside_the_take_is_refused(head, takes, first, last):
    take, source = takes
    keys = {name: len(curve.keyframe_points) for name, curve in fcurves_of(head, take).items()}
    with pytest.raises(TakeError, match="lies on frames 1 to 50"):
        punch_in(head, take, source, Passage(first, last, 4.0))
    assert keys == {name: len(curve.keyframe_points) for name, curve in fcurves_of(head, take).items()}
