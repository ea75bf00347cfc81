from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.taking import add_take, curves_of

pytest.importorskip("bpy")

from blender_addon.steps import finish
from blender_addon.takes import whole_frames as placing
from blender_addon.takes.placing import set_whole_frames
from blender_addon.takes.record import take_details
from blender_addon.takes.resampling import blended, motion_at, rotations_at
from blender_addon.takes.rig_tools import face_tools
from blender_addon.takes.whole_frames import times_of, whole_frames
from bridge.rotations import angle_between, from_axis_angle

BLINKS = slice(18, 20)  # of the built-in head's expressions
RATES = [24.0, 24 / 1.001, 30 / 1.001, 30.0, 60.0]
CLOSED, BLINKING = np.array([7, 19, 20, 33, 52, 71, 96, 110, 128]), np.array([12, 47, 88, 89, 120])


def motion_on_frames(*asked):
    return finish(placing.motion_on_frames(*asked))


def shut_events(*asked):
    return finish(placing.shut_events(*asked))


@pytest.fixture
def talk() -> np.ndarray:
    """Six seconds of an open mouth and open eyes that shut on single frames and on two in a row. ``[150, 106]``"""
    motion = np.zeros((150, 106), np.float32)
    motion[:, 103] = 0.15 + 0.05 * np.sin(np.arange(150) * 0.9)
    motion[CLOSED, 103] = 0.0
    motion[BLINKING, BLINKS] = 1.0
    motion[:, 101] = 0.4 * np.sin(np.arange(150) * 0.2)
    return motion


def runs(flags):
    return int(np.sum(flags & ~np.concatenate([[False], flags[:-1]])))


def shut(ruler, motion):
    """How often the lips and the lids are shut."""
    return runs(ruler.lip_gap(motion) < 1.0), runs(ruler.lid_gaps(motion).max(axis=1) < 0.5)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("start", [1.0, 7.37])
def test_no_closure_and_no_blink_is_lost_on_whole_frames(head, talk, rate, start):
    ruler = face_tools(head).ruler
    shown = motion_on_frames(talk, rate, start, shut_events(ruler, talk))
    assert shut(ruler, talk) == (8, 4)
    assert shut(ruler, shown) == (8, 4)


@pytest.mark.parametrize("rate", [24.0, 30.0, 60.0])
def test_without_that_care_some_would_be_lost(head, talk, rate):
    ruler = face_tools(head).ruler
    shown = motion_on_frames(talk, rate, 7.37, [])
    assert shut(ruler, shown)[0] < 8
    assert shut(ruler, shown)[1] < 4


def test_at_twelve_frames_a_second_closures_are_kept_too(head, talk):
    ruler = face_tools(head).ruler
    shown = motion_on_frames(talk, 12.0, 1.0, shut_events(ruler, talk))
    assert shut(ruler, shown)[0] == 8


def test_a_closed_frame_is_closed_on_the_nearest_scene_frame(head, talk):
    ruler, rate, start = face_tools(head).ruler, 24.0, 3.2
    gaps = ruler.lip_gap(motion_on_frames(talk, rate, start, shut_events(ruler, talk)))
    frames = whole_frames(len(talk), rate, start)
    for frame in CLOSED:
        nearest = np.floor(start + frame * rate / 25 + 0.5)
        assert gaps[frames == nearest] < 1.0


def test_the_head_s_turn_and_the_open_face_are_only_interpolated(head, talk):
    events = shut_events(face_tools(head).ruler, talk)
    frames = whole_frames(len(talk), 30.0, 1.0)
    plain, shown = motion_on_frames(talk, 30.0, 1.0, []), motion_on_frames(talk, 30.0, 1.0, events)
    np.testing.assert_array_equal(shown[:, 100:103], plain[:, 100:103])
    far = np.min(np.abs(times_of(frames, 30.0, 1.0)[:, None] - np.concatenate([CLOSED, BLINKING])), axis=1) > 1
    np.testing.assert_array_equal(shown[far], plain[far])


def test_a_take_goes_onto_whole_frames_and_back(head, talk):
    take, _ = add_take(head, talk, start=1.4, rate=30.0)
    before = curves_of(head, take)
    set_whole_frames(head, take, True)
    assert take_details(take).on_whole_frames
    for places in curves_of(head, take).values():
        is_still = (places[:, 1] == places[0, 1]).all()
        np.testing.assert_array_equal(places[:, 0], [1, 180] if is_still else np.arange(1, 181))
    set_whole_frames(head, take, False)
    assert all((before[name] == places).all() for name, places in curves_of(head, take).items())


@pytest.mark.parametrize("count", [1, 2])
def test_the_shortest_motions_have_a_frame(head, talk, count):
    assert len(motion_on_frames(talk[:count], 24.0, 1.0, shut_events(face_tools(head).ruler, talk[:count]))) in (1, 2)


class TestResampling:
    def test_a_motion_on_its_own_frames_is_itself(self, motion):
        np.testing.assert_allclose(motion_at(motion, np.arange(50.0)), motion, atol=1e-6)

    def test_before_and_after_it_is_held(self, motion):
        held = motion_at(motion, np.array([-3.0, 80.0]))
        np.testing.assert_allclose(held, motion[[0, -1]], atol=1e-6)

    def test_rotations_take_the_short_way(self):
        turns = np.array([[0.0, 0.0, 3.1], [0.0, 0.0, -3.1]])
        between = rotations_at(turns, np.array([0.5]))
        angles = angle_between(from_axis_angle(between), from_axis_angle(turns[:1]))
        assert angles[0] == pytest.approx(np.pi - 3.1, abs=1e-6)

    def test_a_blend_of_rotations_is_half_way(self):
        here, there = np.zeros((3, 106), np.float32), np.zeros((3, 106), np.float32)
        there[:, 102], there[:, 7] = 1.0, 2.0
        mixed = blended(here, there, np.array([0.0, 0.5, 1.0]))
        np.testing.assert_allclose(mixed[:, 102], [0.0, 0.5, 1.0], atol=1e-6)
        np.testing.assert_allclose(mixed[:, 7], [0.0, 1.0, 2.0], atol=1e-6)
