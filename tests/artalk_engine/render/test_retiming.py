"""Motion at other rates is the same motion."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from artalk_engine.errors import OptionError
from artalk_engine.render.retiming import Retimer, check_fps, frames_at
from bridge.motion import CHANNELS, EXPRESSION, GLOBAL_ORIENT, JAW_POSE
from bridge.rotations import angle_between, from_axis_angle


@pytest.fixture
def motion():
    return np.random.default_rng(0).normal(size=(53, CHANNELS)).astype(np.float32)


def retimed(motion, fps, piece=1000):
    retimer = Retimer(fps)
    pieces = [retimer.push(motion[start : start + piece]) for start in range(0, len(motion), piece)]
    return np.concatenate([*pieces, retimer.finish()])


def test_its_own_rate_changes_nothing(motion):
    assert retimed(motion, 25).tobytes() == motion.tobytes()


@pytest.mark.parametrize("fps", [Fraction(1), 12.5, 24, 29.97, 30, 60, 1000])
def test_pieces_of_any_size_give_the_same_frames(motion, fps):
    whole = retimed(motion, fps)
    assert len(whole) == frames_at(53, check_fps(fps))
    for piece in (1, 7, 25):
        assert retimed(motion, fps, piece).tobytes() == whole.tobytes()


def test_between_two_frames_expressions_and_rotations_are_half_way(motion):
    doubled = retimed(motion, 50)
    assert np.array_equal(doubled[::2], motion)
    middle = (motion[1:, EXPRESSION] + motion[:-1, EXPRESSION]) / 2
    np.testing.assert_allclose(doubled[1:-1:2, EXPRESSION], middle, atol=1e-6)
    for part in (GLOBAL_ORIENT, JAW_POSE):
        turns = from_axis_angle(doubled[:, part].astype(np.float64))
        steps = angle_between(turns[:-1], turns[1:])[:-1].reshape(-1, 2)
        np.testing.assert_allclose(steps[:, 0], steps[:, 1], atol=1e-5)
        np.testing.assert_allclose(steps.sum(axis=1), angle_between(turns[:-2:2], turns[2::2]), atol=1e-5)


def test_the_last_frame_stays_until_its_time_is_over(motion):
    fast = retimed(motion, 100)
    assert len(fast) == 212
    assert (fast[-4:] == motion[-1]).all()


@pytest.mark.parametrize(
    ("given", "exact"),
    [(29.97, Fraction(30_000, 1001)), (23.976, Fraction(24_000, 1001)), (5, 5), (12.5, Fraction(25, 2)), (30.0, 30)],
)
def test_the_rates_of_films_are_exact(given, exact):
    assert check_fps(given) == exact


@pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf"), 1001])
def test_what_is_no_rate_is_said(fps):
    with pytest.raises(OptionError, match="frames a second"):
        Retimer(fps)


def test_no_motion_stays_none():
    assert Retimer(30).finish().shape == (0, CHANNELS)
