from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.taking import add_take, curves_of, fcurves_of

bpy = pytest.importorskip("bpy")

from blender_addon import actions
from blender_addon.takes import curves
from blender_addon.takes.channels import channels_of
from blender_addon.takes.curves import (
    Owners,
    accept_as_written,
    changed_by_hand,
    count_keys,
    named_values,
    places_of,
    write_channels,
    write_curves,
)

ROOT = 'pose.bones["root"].rotation_quaternion'


def write(head, take, motion, turned=None):
    frames = np.arange(len(motion)) + 1.0
    return write_channels(head, take, frames, channels_of(motion, head.joint_offsets, turned))


def test_only_curves_that_change_are_written(head, motion):
    take, _ = add_take(head, motion)
    assert write(head, take, motion) == 0
    changed = motion.copy()
    changed[:, 5] += 0.5
    # The fifth unit moves no joint, so that no location changes with it.
    assert 1 <= write(head, take, changed) <= 7
    np.testing.assert_allclose(
        curves_of(head, take)[f'key_blocks["{head.expression_keys[5]}"].value', 0][:, 1], changed[:, 5], atol=1e-6
    )


@pytest.mark.parametrize("how", ["value", "frame", "interpolation", "added", "removed", "curve removed"])
def test_a_change_by_hand_is_noticed(head, motion, how):
    take, _ = add_take(head, motion)
    assert changed_by_hand(head, take) == []
    curve = fcurves_of(head, take)[ROOT, 2]
    points = curve.keyframe_points
    if how == "value":
        points[7].co.y += 0.01
    elif how == "frame":
        points[7].co.x += 0.25
    elif how == "interpolation":
        points[7].interpolation = "BEZIER"
    elif how == "added":
        points.insert(3.5, 0.0)
    elif how == "removed":
        points.remove(points[4])
    else:
        actions.curve_owner(take, head.rig, curves.RIG_SLOT).fcurves.remove(curve)
    assert changed_by_hand(head, take) == [ROOT]
    accept_as_written(head, take)
    assert changed_by_hand(head, take) == ([ROOT] if how == "curve removed" else [])


def test_a_changed_curve_is_written_again_although_its_new_keys_are_the_last_ones(head, motion):
    take, _ = add_take(head, motion)
    fcurves_of(head, take)[ROOT, 2].keyframe_points[7].co.y += 0.01
    assert write(head, take, motion) == 1
    assert changed_by_hand(head, take) == []


def test_bones_that_are_no_longer_turned_lose_their_curves_and_the_artist_s_stay(head, motion):
    take, _ = add_take(head, motion)
    owner = actions.curve_owner(take, head.rig, curves.RIG_SLOT)
    actions.write_curve(owner, 'pose.bones["eye_l"].scale', 0, np.array([1.0, 9.0]), np.array([1.0, 2.0]))
    before = set(curves_of(head, take))
    write(head, take, motion, {"neck": np.zeros((len(motion), 3)), "eye_r": np.zeros((len(motion), 3))})
    added = set(curves_of(head, take)) - before
    assert {path.split('"')[1] for path, _ in added} == {"neck", "eye_r"}
    write(head, take, motion)
    assert set(curves_of(head, take)) == before


def test_keys_are_counted_over_bones_and_face(head, motion):
    take, _ = add_take(head, motion)
    found = curves_of(head, take)
    still = [places for places in found.values() if len(places) == 2]
    assert all((places[:, 1] == places[0, 1]).all() for places in still)
    assert count_keys(head, take) == len(motion) * (len(found) - len(still)) + 2 * len(still)


def test_a_curve_that_stays_still_has_two_keys(head, motion):
    motion = motion.copy()
    motion[:, 7] = 0.25
    take, _ = add_take(head, motion)
    places = curves_of(head, take)[f'key_blocks["{head.expression_keys[7]}"].value', 0]
    np.testing.assert_array_equal(places, [[1.0, 0.25], [len(motion), 0.25]])


def test_curves_may_have_different_keys(head, motion):
    take, _ = add_take(head, motion)
    frames = np.arange(len(motion)) + 1.0
    values = named_values(head, channels_of(motion, head.joint_offsets))
    rows = {name: np.array([0, 10, 49]) if name.part == "face" else np.arange(50) for name in values}
    write_curves(
        Owners.of(head, take), {name: places_of(frames[rows[name]], values[name][rows[name]]) for name in values}
    )
    assert {len(places) for (path, _), places in curves_of(head, take).items() if path.startswith("key")} == {3}
    assert changed_by_hand(head, take) == []
