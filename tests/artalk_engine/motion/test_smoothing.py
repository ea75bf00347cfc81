import numpy as np
import pytest

from artalk_engine.motion.smoothing import StreamingSmoother, savgol, smooth
from bridge.motion import GLOBAL_ORIENT

LENGTHS = [*range(1, 24), 100, 258]


@pytest.fixture
def motion():
    return lambda frames: np.random.default_rng(frames).normal(size=(frames, 106)).astype(np.float32)


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize("piece", [1, 2, 4, 7, 100])
def test_streaming_equals_one_shot_bit_for_bit(motion, frames, piece):
    raw, smoother = motion(frames), StreamingSmoother()
    parts = [smoother.push(raw[start : start + piece]) for start in range(0, frames, piece)]
    streamed = np.concatenate([*parts, smoother.finish()])
    assert streamed.tobytes() == smooth(raw).tobytes()
    assert len(streamed) == frames


@pytest.mark.parametrize("frames", [9, 10, 258])
def test_smoothing_is_savitzky_golays(motion, frames):
    signal = pytest.importorskip("scipy.signal")
    raw = motion(frames)
    expected = signal.savgol_filter(raw.astype(float), 5, 2, axis=0)
    expected[:, GLOBAL_ORIENT] = signal.savgol_filter(raw[:, GLOBAL_ORIENT].astype(float), 9, 3, axis=0)
    np.testing.assert_allclose(smooth(raw), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("frames", range(1, 9))
def test_short_clips_come_back_as_they_are_where_a_fit_needs_more(motion, frames):
    raw = motion(frames)
    smoothed = smooth(raw)
    assert np.array_equal(smoothed[:, GLOBAL_ORIENT], raw[:, GLOBAL_ORIENT])
    assert np.array_equal(smoothed, raw) == (frames < 5)


def test_polynomials_are_left_alone():
    time = np.arange(30, dtype=np.float32)[:, None] / 30
    np.testing.assert_allclose(savgol(time**2, 5, 2), time**2, atol=1e-6)


def test_argument_stays_as_it_is(motion):
    raw = motion(20)
    before = raw.copy()
    smooth(raw)
    assert np.array_equal(raw, before)


def test_even_spans_are_refused(motion):
    with pytest.raises(ValueError, match="odd"):
        savgol(motion(20), 4, 2)
