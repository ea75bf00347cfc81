from __future__ import annotations

import json

import numpy as np
import pytest

from blender_addon.errors import TakeError
from blender_addon.takes.blinks import added_blink, find_blinks
from blender_addon.takes.closures import CLOSED_MM, find_closures
from blender_addon.takes.edits import NO_LIMIT_DEG, Edits, RegionEdit, edited_motion, turned_bones
from blender_addon.takes.eye_darts import eye_darts, phrase_starts
from blender_addon.takes.regions import FACE_REGIONS
from bridge.motion import EXPRESSION, GLOBAL_ORIENT, JAW_POSE
from tests.blender_addon.faces import KINDS, in_units, motion_for, speech, tools

STRONG = RegionEdit(gain=1.5, offset_ms=30.0, smoothing_ms=60.0)


def shown(kind: str, edits: Edits) -> np.ndarray:
    return edited_motion(motion_for(kind, speech()), edits, tools(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_neutral_edits_give_the_raw_motion_back_bit_for_bit(kind):
    raw = motion_for(kind, speech())
    before = raw.copy()
    result = edited_motion(raw, Edits(), tools(kind))
    np.testing.assert_array_equal(result.view(np.uint32), raw.view(np.uint32))
    assert result is not raw
    assert not turned_bones(raw, Edits(), tools(kind))
    edited_motion(raw, Edits(lips=STRONG, head=STRONG, snap_lips_mm=2.0), tools(kind))
    np.testing.assert_array_equal(raw, before)


def test_a_region_s_edits_leave_every_other_unit_bit_for_bit():
    names = tools("builtin").model.expression_names
    for region in FACE_REGIONS:
        changed = (shown("builtin", Edits(**{region: STRONG})) != speech()).any(axis=0)
        share = np.diag(tools("builtin").separation.shares[region]).astype(bool)
        assert not changed[EXPRESSION][~share].any(), [names[k] for k in np.flatnonzero(changed[EXPRESSION] & ~share)]
        assert not changed[GLOBAL_ORIENT].any()
        assert not changed[JAW_POSE].any()
        assert changed[EXPRESSION][share].any() or region == "cheeks"


def test_gain_zero_holds_a_region_still():
    result = shown("builtin", Edits(brows=RegionEdit(gain=0.0)))
    names = tools("builtin").model.expression_names
    brows = [k for k, name in enumerate(names) if name.startswith("brow")]
    assert np.abs(result[:, brows]).max() < 1e-6
    assert np.abs(speech()[:, brows]).max() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_brows_can_be_doubled_on_any_head_without_opening_the_mouth(kind):
    result = shown(kind, Edits(brows=RegionEdit(gain=2.0)))
    names = tools("builtin").model.expression_names
    brows = [k for k, name in enumerate(names) if name.startswith("brow")]
    change = in_units(kind, result - motion_for(kind, speech()))
    error = change[:, brows] - speech()[:, brows]
    assert np.sqrt((error**2).mean()) < 0.5 * np.sqrt((speech()[:, brows] ** 2).mean())
    ruler = tools(kind).ruler
    assert np.abs(ruler.lip_gap(result) - ruler.lip_gap(motion_for(kind, speech()))).max() < 0.5


def test_an_offset_moves_the_jaw_in_time():
    result = shown("builtin", Edits(jaw=RegionEdit(offset_ms=80.0)))
    np.testing.assert_allclose(result[2:, 103], speech()[:-2, 103], atol=1e-6)


def test_smoothing_calms_the_head():
    rough = speech().copy()
    rough[:, 100] += np.random.default_rng(0).normal(0.0, 0.01, len(rough)).astype(np.float32)
    calm = edited_motion(rough, Edits(head=RegionEdit(smoothing_ms=300.0)), tools("builtin"))
    assert np.abs(np.diff(calm[:, 100], 2)).mean() < 0.1 * np.abs(np.diff(rough[:, 100], 2)).mean()


def test_the_jaw_s_limit_holds():
    wide = Edits(jaw=RegionEdit(gain=3.0), jaw_limit_deg=8.0)
    assert np.degrees(np.linalg.norm(shown("builtin", wide)[:, JAW_POSE], axis=1)).max() <= 8.0


def test_the_neck_takes_its_share_of_the_head():
    edits = Edits(neck_share=0.75)
    neck = turned_bones(speech(), edits, tools("builtin"))["neck"]
    np.testing.assert_allclose(shown("builtin", edits)[:, GLOBAL_ORIENT] + neck, speech()[:, GLOBAL_ORIENT], atol=1e-7)
    np.testing.assert_allclose(neck, 0.75 * speech()[:, GLOBAL_ORIENT].astype(np.float64), atol=1e-7)


# Blinks


@pytest.mark.parametrize("kind", KINDS)
def test_blinks_are_found_where_the_eyes_shut(kind):
    (blink,) = find_blinks(tools(kind).ruler.lid_gaps(motion_for(kind, speech())))
    assert blink.is_full
    assert blink.first < 44 < blink.frame < 50 < blink.last + 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_blink_is_left_at_strength_zero(kind):
    gaps = tools(kind).ruler.lid_gaps(shown(kind, Edits(blink_strength=0.0)))
    assert gaps.min() > 0.8 * gaps.max()


@pytest.mark.parametrize("kind", KINDS)
def test_a_weak_blink_is_half_and_a_strong_one_never_goes_through(kind):
    (half,) = find_blinks(tools(kind).ruler.lid_gaps(shown(kind, Edits(blink_strength=0.6))))
    assert not half.is_full
    gaps = tools(kind).ruler.lid_gaps(shown(kind, Edits(blink_strength=3.0)))
    raw = tools(kind).ruler.lid_gaps(motion_for(kind, speech()))
    assert gaps.min() > raw.min() - 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_blinks_are_added_and_taken_away_at_their_seconds(kind):
    ruler = tools(kind).ruler
    blinks = find_blinks(ruler.lid_gaps(shown(kind, Edits(added_blinks=(1.0, 3.5), removed_blinks=(1.9,)))))
    assert [round(blink.frame / 25, 1) for blink in blinks] == [1.0, 3.5]
    assert all(blink.is_full for blink in blinks)


@pytest.mark.parametrize("kind", KINDS)
def test_lids_smoothed_and_held_still_blink_in_full(kind):
    edits = Edits(lids=RegionEdit(gain=0.0, offset_ms=80.0, smoothing_ms=200.0))
    (blink,) = find_blinks(tools(kind).ruler.lid_gaps(shown(kind, edits)))
    (raw,) = find_blinks(tools(kind).ruler.lid_gaps(motion_for(kind, speech())))
    assert blink.is_full
    assert blink.frame == raw.frame + 2


def test_an_added_blink_shuts_fast_and_opens_slowly():
    shape = added_blink(np.arange(-10, 11) / 25)
    assert shape[[10, 9, 11]].min() == 1.0
    assert (shape[:10] > 0).sum() < (shape[11:] > 0).sum()
    assert shape[[0, -1]].max() == 0.0


# Closures


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "harm",
    [
        {"lips": RegionEdit(gain=0.5)},
        {"lips": RegionEdit(smoothing_ms=150.0)},
        {"jaw": RegionEdit(gain=1.8)},
        {"lips": RegionEdit(offset_ms=60.0), "jaw": RegionEdit(offset_ms=60.0, gain=1.5)},
    ],
)
def test_closures_that_edits_open_are_snapped_shut(kind, harm):
    ruler = tools(kind).ruler
    later = round(harm.get("lips", RegionEdit()).offset_ms / 40.0)
    meant = [(a + later, b + later) for a, b in find_closures(ruler.lip_gap(motion_for(kind, speech())), 2.0)]
    meant = [(a, b) for a, b in meant if b < len(speech())]
    harmed, mended = (ruler.lip_gap(shown(kind, Edits(**harm, snap_lips_mm=mm))) for mm in (0.0, 2.0))
    assert len(meant) >= 10
    opened = sum(harmed[a : b + 1].min() > CLOSED_MM for a, b in meant)
    assert opened > 0 or "jaw" not in harm
    assert all(mended[a : b + 1].max() <= CLOSED_MM for a, b in meant)


def test_snapping_leaves_frames_away_from_closures_alone():
    raw = tools("builtin").ruler.lip_gap(speech())
    result = shown("builtin", Edits(snap_lips_mm=2.0))
    away = np.ones(len(raw), bool)
    for first, last in find_closures(raw, 2.0):
        away[max(first - 2, 0) : last + 3] = False
    np.testing.assert_array_equal(result[away], speech()[away])


# Gaze


def test_eyes_look_ahead_until_they_are_asked_to_dart():
    turned = turned_bones(speech(), Edits(eye_darts_deg=5.0), tools("builtin"))
    assert turned.keys() == {"eye_l", "eye_r"}
    np.testing.assert_array_equal(turned["eye_l"], turned["eye_r"])
    assert 1.0 < np.degrees(np.abs(turned["eye_l"])).max() <= 5.0 + 1e-9


def test_gaze_is_the_seed_s_and_moves_in_jumps():
    gaze = eye_darts([3, 40, 90], 500, 6.0, seed=3)
    np.testing.assert_array_equal(gaze, eye_darts([3, 40, 90], 500, 6.0, seed=3))
    assert (gaze != eye_darts([3, 40, 90], 500, 6.0, seed=4)).any()
    moving = (np.diff(gaze, axis=0) != 0).any(axis=1)
    assert 5 < moving.sum() < 0.2 * len(gaze)
    assert not gaze[:, 2].any()


def test_phrases_begin_after_pauses():
    gap = np.array([0.2] * 10 + [5.0] * 20 + [0.3] * 3 + [6.0] * 10 + [0.2] * 12 + [4.0] * 5)
    assert phrase_starts(gap) == [10, 55]


# What a take keeps


def test_edits_survive_json_and_neutral_ones_are_nothing():
    edits = Edits(lips=STRONG, added_blinks=(1.25, 2.5), neck_share=0.5, eye_seed=7)
    assert Edits.of(json.loads(json.dumps(edits.mapping))) == edits
    assert Edits().mapping == {}
    assert Edits(jaw_limit_deg=NO_LIMIT_DEG).mapping == {}


@pytest.mark.parametrize(
    "mapping",
    [
        {"lisp": {}},
        {"lips": {"loudness": 2}},
        {"lips": 3},
        {"lips": {"gain": "much"}},
        {"blink_strength": float("nan")},
        {"added_blinks": ["soon"]},
        {"added_blinks": 3},
        {"neck_share": None},
        {"eye_seed": [1]},
    ],
)
def test_what_is_no_edit_is_refused_in_one_sentence(mapping):
    with pytest.raises(TakeError, match="cannot be read") as caught:
        Edits.of(mapping)
    assert caught.value.remedy


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_the_shortest_motions_can_be_edited(kind, frames):
    raw = motion_for(kind, speech())[:frames]
    edits = Edits(
        lips=STRONG, lids=STRONG, head=STRONG, jaw=STRONG, snap_lips_mm=2.0, blink_strength=0.5, added_blinks=(0.0,),
        eye_darts_deg=3.0, neck_share=1.0,
    )  # fmt: skip
    assert edited_motion(raw, edits, tools(kind)).shape == (frames, 106)
    assert {turn.shape for turn in turned_bones(raw, edits, tools(kind)).values()} == {(frames, 3)}
