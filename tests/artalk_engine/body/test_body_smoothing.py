"""Smoothing of rotations: true to smooth movement, against jitter, whichever way things face."""

import dataclasses

import numpy as np
import pytest

from artalk_engine.body.metrics import joint_error
from artalk_engine.body.procedural import make_clip
from artalk_engine.body.smoothing import smooth, smooth_rotations
from artalk_engine.errors import ConfigError
from bridge import rotations


@pytest.fixture(scope="module")
def clip():
    return make_clip(3, seconds=6.0)


def shaken(clip, degrees):
    random = np.random.default_rng(0)
    noise = rotations.from_axis_angle(np.radians(degrees) * random.normal(size=clip.poses.shape) / 3**0.5)
    turned = rotations.multiply(rotations.from_axis_angle(clip.poses), noise)
    return dataclasses.replace(clip, poses=rotations.to_axis_angle(turned))


def test_a_clean_movement_hardly_changes(clip):
    assert joint_error(smooth(clip), clip, range(55)).mean < 0.1


@pytest.mark.parametrize("degrees", [2.0, 4.0])
def test_jitter_goes_and_the_movement_stays(clip, degrees):
    noisy = shaken(clip, degrees)
    before, after = (joint_error(each, clip, range(55)) for each in (noisy, smooth(noisy)))
    assert after.mean < 0.6 * before.mean
    assert after.jerk < 0.2 * before.jerk


def test_turning_everything_turns_the_result(clip):
    turned = rotations.from_axis_angle(clip.poses)
    by = rotations.from_axis_angle(np.array([2.0, -1.0, 2.5]))
    left, right = np.broadcast_to(by, turned.shape), np.broadcast_to(rotations.inverse(by), turned.shape)
    around = rotations.multiply(rotations.multiply(left, turned), right)
    here = rotations.multiply(rotations.multiply(left, smooth_rotations(turned, 9, 3)), right)
    assert rotations.angle_between(here, smooth_rotations(around, 9, 3)).max() < 1e-7


def test_an_even_turn_through_half_a_turn_stays_even():
    angles = np.linspace(2.0, 5.0, 60)
    turned = rotations.from_axis_angle(np.stack([angles, 0 * angles, 0 * angles], axis=1))
    turned[20:40] *= -1  # the other quaternion of the same rotation
    made = smooth_rotations(turned, 9, 3)
    assert np.degrees(rotations.angle_between(made, turned)).max() < 0.01


def test_joints_that_were_not_asked_for_and_the_face_stay(clip):
    noisy = dataclasses.replace(shaken(clip, 3.0), expressions=np.random.default_rng(0).normal(size=(180, 100)))
    made = smooth(noisy, joints=[3, 6])
    others = [joint for joint in range(55) if joint not in (3, 6)]
    np.testing.assert_array_equal(made.poses[:, others], noisy.poses[:, others])
    np.testing.assert_array_equal(made.trans, noisy.trans)
    np.testing.assert_array_equal(made.expressions, noisy.expressions)
    assert (made.poses[:, 3] != noisy.poses[:, 3]).any()


def test_a_clip_shorter_than_a_span_comes_back_as_it_is(clip):
    short = dataclasses.replace(clip, poses=clip.poses[:5], trans=clip.trans[:5])
    assert smooth(short) is short


@pytest.mark.parametrize(("span", "order"), [(8, 3), (3, 3), (0, 0), (-1, -2)])
def test_a_span_that_cannot_be_is_refused(clip, span, order):
    with pytest.raises(ConfigError, match="span"):
        smooth(clip, span, order)
