"""A take on whole frames is worked out a little at a time, and anew when it is to lie elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.blender_addon.faces import speech
from tests.blender_addon.taking import curves_of

bpy = pytest.importorskip("bpy")

from blender_addon.steps import begin_era, finish
from blender_addon.takes.curves import named_values, places_of
from blender_addon.takes.growing import GrowingTake
from blender_addon.takes.record import TakeDetails, take_motion
from blender_addon.takes.take import baked, new_take

RANGE = (1, 250)


@pytest.fixture
def details(head):
    return TakeDetails(head.rig_id, head.kind, 1, rate_hz=24.0, on_whole_frames=True)


@pytest.fixture
def growing():
    take = GrowingTake()
    take.add(speech()[:100])
    return take


def write(growing, head, details):
    action, _ = new_take(head, 1, RANGE)
    growing.write(head, action, details, float("inf"))
    return action


def check(head, action, details, motion):
    frames, channels = finish(baked(head, details, motion))
    found = curves_of(head, action)
    for name, values in named_values(head, channels).items():
        np.testing.assert_allclose(found[name.path, name.index], places_of(frames, values), atol=1e-5)


def test_it_takes_many_short_steps(head, details, growing):
    steps = 1
    while not growing.convert(head, details, 0.0):
        steps += 1
    assert steps > len(head.expression_keys)
    check(head, write(growing, head, details), details, speech()[:100])


def test_what_arrives_meanwhile_is_left_to_the_next_time(head, details, growing):
    growing.convert(head, details, 0.0)
    growing.add(speech()[100:])
    action = write(growing, head, details)
    assert (growing.written, growing.arrived) == (100, len(speech()))
    np.testing.assert_array_equal(take_motion(action), speech()[:100])
    check(head, action, details, speech()[:100])
    growing.write(head, action, details, float("inf"))
    assert growing.written == growing.arrived
    np.testing.assert_array_equal(take_motion(action), speech())
    check(head, action, details, speech())


@pytest.mark.parametrize("change", [{"rate_hz": 30.0}, {"start": 7.5}, {"edits": {"blink_strength": 0.5}}])
def test_it_begins_anew_when_the_take_is_to_be_another(head, details, growing, change):
    while not growing.convert(head, details, 0.0):
        pass
    changed = replace(details, **change)
    assert not growing.convert(head, changed, 0.0)
    check(head, write(growing, head, changed), changed, speech()[:100])


def test_it_begins_anew_when_the_rig_is_another(head, details, growing):
    while not growing.convert(head, details, 0.0):
        pass
    moved = replace(head, shifts=head.shifts + 0.01)
    assert not growing.convert(moved, details, 0.0)


def test_it_begins_anew_after_an_undo(head, details, growing):
    while not growing.convert(head, details, 0.0):
        pass
    begin_era()
    assert not growing.convert(head, details, 0.0)
    check(head, write(growing, head, details), details, speech()[:100])
