from __future__ import annotations

import json

import numpy as np
import pytest

from blender_addon.takes.edits import Edits, RegionEdit, edited_motion
from blender_addon.takes.face_ruler import FaceRuler
from blender_addon.takes.quality import quality_of
from tests.blender_addon.faces import KINDS, motion_for, speech, tools


def looked_over(motion, kind="builtin", **more):
    return quality_of(motion, tools(kind).ruler, **more)


def kinds_of(quality):
    return {finding.kind for finding in quality.findings}


@pytest.mark.parametrize("kind", KINDS)
def test_good_speech_has_closures_that_close_and_a_full_blink(kind):
    quality = looked_over(motion_for(kind, speech()), kind)
    assert (quality.blinks, quality.full_blinks) == (1, 1)
    assert quality.closures >= 10
    assert quality.open_closures == 0
    assert quality.seconds == pytest.approx(5.68)
    assert quality.blinks_per_minute == pytest.approx(60 / 5.68)
    assert quality.findings == ()


def test_closures_that_stay_open_are_found_on_their_frames():
    opened = speech().copy()
    opened[60:66, 0] -= 0.3  # lip_close
    quality = looked_over(opened)
    found = [finding for finding in quality.findings if finding.kind == "closure"]
    assert len(found) == quality.open_closures >= 1
    assert all(60 <= finding.first <= finding.last < 66 for finding in found)


def test_half_blinks_and_stares_are_found():
    half = edited_motion(speech(), Edits(blink_strength=0.6), tools("builtin"))
    assert "blink" in kinds_of(looked_over(half))
    staring = np.concatenate([edited_motion(speech(), Edits(blink_strength=0.0), tools("builtin"))] * 3)
    quality = looked_over(staring)
    assert "stare" in kinds_of(quality)
    assert quality.blinks == 0


def test_a_jump_where_windows_meet_is_found_and_measured():
    jumping = np.concatenate([speech()] * 3)
    jumping[200:300, 100] += 0.2
    quality = looked_over(jumping)
    assert [(f.first, f.last) for f in quality.findings if f.kind == "seam"] == [(199, 200), (299, 300)]
    assert looked_over(speech() * np.where(np.arange(142) < 100, 1.0, 3.0)[:, None].astype(np.float32)).seam_ratio > 2.0


def test_lips_that_jerk_are_found():
    jerking = speech().copy()
    jerking[71, 103] += 0.2  # the jaw, for one frame
    quality = looked_over(jerking)
    (found,) = [finding for finding in quality.findings if finding.kind == "jitter"]
    assert found.first <= 71 <= found.last
    assert quality.jitter > looked_over(speech()).jitter


def test_the_head_s_range_counts_what_the_neck_does():
    turned = speech().copy()
    turned[:, 100:103] = 0.0
    neck = np.zeros((len(turned), 3))
    neck[50:60, 1] = np.radians(40.0)
    quality = looked_over(turned, neck=neck)
    assert quality.head_deg["yaw"] == pytest.approx((0.0, 40.0), abs=1e-4)
    (found,) = [finding for finding in quality.findings if finding.kind == "head"]
    assert (found.first, found.last) == (50, 59)


def test_values_beyond_a_slider_are_found():
    beyond = edited_motion(speech(), Edits(brows=RegionEdit(gain=5.0)), tools("builtin")).copy()
    assert looked_over(beyond).out_of_range == 0
    beyond[30:32, 40] = -10.5
    quality = looked_over(beyond)
    assert quality.out_of_range == 2
    assert (quality.findings[0].kind, quality.findings[0].first, quality.findings[0].last) == ("range", 30, 31)


def test_what_cannot_be_measured_is_left_open():
    model = tools("flame").model
    blind = FaceRuler(model.subset(np.arange(0)), model.subset(np.arange(0)))
    quality = quality_of(speech(), blind)
    assert quality.closures is quality.blinks is quality.jitter is None
    json.dumps(quality.mapping())


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_the_shortest_motions_have_a_quality(frames):
    assert looked_over(speech()[:frames]).seconds == pytest.approx(frames / 25)
