from __future__ import annotations

import numpy as np
import pytest

from blender_addon.takes.channels import quaternions
from blender_addon.takes.head_motion import limited_jaw, split_at_neck
from blender_addon.takes.signals import axis_angles, edited_rotation, shifted, smoothed

WAVE = np.sin(np.arange(50) / 5.0)[:, None]


def test_whole_frames_are_shifted_without_loss_and_the_ends_are_held():
    later = shifted(WAVE, 120.0)
    np.testing.assert_allclose(later[3:], WAVE[:-3], atol=1e-12)
    np.testing.assert_array_equal(later[:3], np.repeat(WAVE[:1], 3, 0))
    np.testing.assert_allclose(shifted(WAVE, -40.0)[:-1], WAVE[1:], atol=1e-12)


def test_an_offset_between_frames_lies_between_them():
    np.testing.assert_allclose(shifted(WAVE, 10.0)[1:], 0.75 * WAVE[1:] + 0.25 * WAVE[:-1], atol=1e-12)


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_short_motions_are_shifted_and_smoothed_too(length):
    assert shifted(WAVE[:length], 500.0).shape == (length, 1)
    assert smoothed(WAVE[:length], 500.0).shape == (length, 1)


def test_smoothing_has_the_width_that_it_is_called_by():
    pulse = np.zeros((101, 1))
    pulse[50] = 1.0
    result = smoothed(pulse, 400.0)[:, 0]
    assert result.sum() == pytest.approx(1.0)
    assert result[55] == pytest.approx(result[50] / 2, rel=0.01)  # 200 ms to a side
    np.testing.assert_allclose(result, result[::-1])


def test_smoothing_leaves_a_held_value_alone():
    np.testing.assert_allclose(smoothed(np.full((20, 2), 0.7), 300.0), 0.7, atol=1e-12)


def test_a_rotation_s_gain_scales_its_angle_about_its_own_axis():
    turns = np.random.default_rng(0).normal(0.0, 0.4, (30, 3))
    half = edited_rotation(turns, 0.5, 0.0, 0.0)
    np.testing.assert_allclose(np.cross(half, turns), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(half, axis=1), 0.5 * np.linalg.norm(turns, axis=1))


def test_axis_angles_are_the_inverse_of_quaternions():
    turns = np.random.default_rng(0).uniform(-1.7, 1.7, (200, 3))
    turns[0], turns[1] = 0.0, (1e-9, 0.0, 0.0)
    np.testing.assert_allclose(axis_angles(quaternions(turns)), turns, atol=1e-9)


def test_a_moved_rotation_takes_the_short_way():
    turns = np.array([[0.0, 3.1, 0.0], [0.0, -3.1, 0.0]])  # neighbours across half a turn
    middle = edited_rotation(turns, 1.0, -20.0, 0.0)[0]
    assert abs(middle[1]) == pytest.approx(np.pi, abs=1e-6)


def test_the_jaw_is_limited_softly_and_left_alone_below():
    turns = np.zeros((50, 3))
    turns[:, 0] = np.linspace(0.0, 0.8, 50)
    limited = limited_jaw(turns, 20.0)
    limit = np.radians(20.0)
    below = turns[:, 0] <= 0.8 * limit
    np.testing.assert_array_equal(limited[below], turns[below])
    assert limited.max() <= limit
    assert (np.diff(limited[:, 0]) >= 0).all()
    assert (np.diff(limited[turns[:, 0] < limit, 0]) > 0).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_root_and_neck_together_turn_the_head_as_before(share):
    turns = np.random.default_rng(1).normal(0.0, 0.5, (20, 3))
    root, neck = split_at_neck(turns, share)
    np.testing.assert_allclose(root + neck, turns, atol=1e-12)
    np.testing.assert_allclose(np.cross(root, neck), 0.0, atol=1e-12)
