from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.faces import KINDS, motion_for, speech, tools
from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.taking import add_take

bpy = pytest.importorskip("bpy")

from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import evaluated_vertices
from blender_addon.takes.blinks import find_blinks
from blender_addon.takes.channels import channels_of
from blender_addon.takes.closures import CLOSED_MM, find_closures
from blender_addon.takes.curves import count_keys
from blender_addon.takes.editing import reduce_take
from blender_addon.takes.face_ruler import FaceRuler
from blender_addon.takes.reduction import Bound, reduce_keys
from blender_addon.takes.thinning import between_keys, kept_keys


def reduced(kind, bound=None):
    motion, found = motion_for(kind, speech()), tools(kind)
    channels = channels_of(motion, found.model.joint_offsets)
    return reduce_keys(np.arange(len(motion)) * 0.96 + 1.0, channels, found.model, found.ruler, bound=bound)


def random_curves(count=300, columns=6, seed=0):
    random = np.random.default_rng(seed)
    places = np.cumsum(random.uniform(0.5, 1.5, count))
    return places, np.cumsum(random.normal(0.0, 0.3, (count, columns)), axis=0)


@pytest.mark.parametrize("starts", [[0, 1, 2, 3, 4, 5], [0, 4], [0]])
def test_lines_between_kept_keys_stay_within_the_tolerance(starts):
    places, values = random_curves()
    tolerance = np.random.default_rng(1).uniform(0.1, 0.8, values.shape)
    kept = kept_keys(places, values, tolerance, np.array(starts))
    assert kept[[0, -1]].all()
    assert 0.02 < kept.mean() < 0.7
    assert (np.abs(between_keys(places, values, kept, np.array(starts)) - values) <= tolerance + 1e-9).all()


def test_nothing_more_than_its_ends_is_left_of_a_line():
    places, _ = random_curves()
    kept = kept_keys(places, places[:, None] * 3.0, np.full((len(places), 1), 1e-9), np.array([0]))
    assert kept.sum() == 2


def test_no_tolerance_keeps_every_key():
    places, values = random_curves()
    assert kept_keys(places, values, np.zeros(values.shape), np.arange(6)).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_curves_keep_their_keys(count):
    places, values = random_curves(count)
    assert kept_keys(places, values, np.ones(values.shape), np.arange(6))[[0, -1]].all()


@pytest.mark.parametrize("kind", KINDS)
def test_speech_needs_a_third_of_its_keys_at_most(kind):
    found = reduced(kind)
    assert found.errors.p95_mm <= 0.3
    assert found.errors.lips_p95_mm <= 0.5
    assert found.errors.worst_mm <= 1.0
    assert found.after <= 0.35 * found.before


def test_a_tighter_bound_keeps_more_keys():
    tight, loose = reduced("builtin", Bound.of(0.1)), reduced("builtin", Bound.of(1.0))
    assert tight.errors.p95_mm <= 0.1
    assert loose.after < reduced("builtin").after < tight.after


def test_a_still_curve_has_one_key():
    found = reduced("builtin")
    assert len(found.rows["expression.99"]) == 1
    assert len(found.rows["root.rotation"]) > 2


def all_vertices(head, scene, frames):
    return np.stack([evaluated_vertices(head.rig, scene, frame) for frame in frames])


def test_the_bound_holds_on_what_blender_shows(scene, head):
    take, _ = add_take(head, speech(), start=3.5, rate=24.0)
    report = reduce_take(head, take, Bound())
    assert count_keys(head, take) == report.after < 0.35 * report.before
    chosen = np.arange(0, len(speech()), 3)
    shown = all_vertices(head, scene, 3.5 + chosen * 24.0 / 25.0)
    off = 1000.0 * np.linalg.norm(shown - flame_vertices(builtin_head_file(), speech()[chosen]), axis=2)
    assert np.percentile(off, 95) <= 0.3
    assert off.max() <= 1.0
    assert off.max() > 0.1  # something was left out


def test_closures_and_blinks_are_kept(scene, head):
    take, _ = add_take(head, speech())
    reduce_take(head, take, Bound.of(0.6))
    ruler = tools("builtin").ruler
    closures = find_closures(ruler.lip_gap(speech()), CLOSED_MM)
    (blink,) = find_blinks(ruler.lid_gaps(speech()))
    frames = [first for first, _ in closures] + [blink.frame]
    shown = all_vertices(head, scene, np.array(frames) + 1.0)
    with np.load(builtin_head_file()) as arrays:
        upper, lower = arrays["lip_seam"]
        lids = arrays["lid_seam"]
    assert 1000.0 * (shown[:-1, upper, 1] - shown[:-1, lower, 1]).max() <= CLOSED_MM + 0.2  # turned with the head
    assert 1000.0 * (shown[-1, lids[:, 0], 1] - shown[-1, lids[:, 1], 1]).max() <= 0.7


@pytest.mark.parametrize("edits", [{"neck_share": 1.0, "eye_darts_deg": 6.0}])
def test_neck_and_eyes_are_reduced_too(scene, head, edits):
    take, _ = add_take(head, speech(), edits=edits)
    frames = np.arange(1, 140, 9)
    full = all_vertices(head, scene, frames)
    report = reduce_take(head, take, Bound())
    off = 1000.0 * np.linalg.norm(all_vertices(head, scene, frames) - full, axis=2)
    assert off.max() <= 1.0
    assert report.after < 0.35 * report.before


def test_a_head_without_known_lips_is_reduced_all_the_same():
    found, motion = tools("flame"), motion_for("flame", speech())
    blind = FaceRuler(found.model.subset(np.arange(0)), found.model.subset(np.arange(0)))
    result = reduce_keys(np.arange(142.0), channels_of(motion, found.model.joint_offsets), found.model, blind)
    assert result.errors.p95_mm <= 0.3
    assert result.errors.lips_p95_mm == 0.0
