from __future__ import annotations

import numpy as np
import pytest

from blender_addon.timing import key_frames, last_scene_frame, scene_frame, scene_rate, split_frame


@pytest.mark.parametrize(
    ("fps", "base", "rate"), [(24, 1.0, 24.0), (25, 1.0, 25.0), (24, 1.001, 23.976024), (60, 1.001, 59.940060)]
)
def test_a_scene_s_rate_is_its_nominal_rate_over_its_base(fps, base, rate):
    assert scene_rate(fps, base) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize(("fps", "base"), [(0, 1.0), (24, 0.0), (-25, 1.0)])
def test_a_rate_that_is_not_positive_is_refused(fps, base):
    with pytest.raises(ValueError, match="positive"):
        scene_rate(fps, base)


@pytest.mark.parametrize("rate", [23.976024, 24.0, 25.0, 29.970030, 30.0, 50.0, 59.940060, 120.0])
@pytest.mark.parametrize("start", [0.0, 1.0, 1001.25, -12.5])
def test_motion_frame_k_lies_k_25ths_of_a_second_after_the_start(rate, start):
    frames = key_frames(15_000, rate, start)
    np.testing.assert_allclose((frames - start) / rate, np.arange(15_000) / 25, atol=1e-9)


def test_no_motion_frame_is_dropped_at_a_lower_rate():
    frames = key_frames(100, 12.0, 1.0)
    assert len(frames) == 100
    assert (np.diff(frames) > 0).all()


@pytest.mark.parametrize(
    ("count", "rate", "start", "last"),
    [(25, 25.0, 1.0, 25), (25, 24.0, 1.0, 24), (1, 25.0, 1.0, 1), (1, 24.0, 1.0, 1), (26, 24.0, 1.0, 25),
     (100, 60 / 1.001, 1.0, 240), (25, 25.0, 1.5, 26), (1500, 30 / 1.001, 1.0, 1799)],
)  # fmt: skip
def test_the_last_scene_frame_still_sounds_and_the_next_does_not(count, rate, start, last):
    assert last_scene_frame(count, rate, start) == last
    end = scene_frame(count / 25, rate, start)
    assert last < end <= last + 1 or last == int(start)


@pytest.mark.parametrize(("frame", "whole", "rest"), [(3.0, 3, 0.0), (3.25, 3, 0.25), (-0.25, -1, 0.75)])
def test_a_frame_splits_into_a_whole_frame_and_a_positive_rest(frame, whole, rest):
    assert split_frame(frame) == (whole, pytest.approx(rest))
