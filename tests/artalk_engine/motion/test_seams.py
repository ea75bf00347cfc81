import numpy as np
import pytest

from artalk_engine.motion.seams import seam_ratio, seam_steps
from bridge.motion import CHANNELS


@pytest.fixture
def even():
    """Motion that goes on evenly."""
    return np.cumsum(np.full((300, CHANNELS), 0.01, np.float32), axis=0)


def test_even_motion_has_no_seams(even):
    assert seam_ratio([even]) == pytest.approx(1.0, rel=1e-3)
    np.testing.assert_allclose(seam_steps(even), 1.0, rtol=1e-3)


def test_steps_between_windows_are_found(even):
    even[100:] += 0.02
    even[200:] += 0.04
    np.testing.assert_allclose(seam_steps(even), [3.0, 5.0], rtol=1e-3)
    assert seam_ratio([even]) == pytest.approx(4.0, rel=1e-3)


def test_a_clip_of_one_window_or_without_movement_has_no_seams(even):
    assert seam_ratio([even[:50]]) == 1.0
    assert len(seam_steps(even[:100])) == 0
    assert seam_ratio([np.zeros((300, CHANNELS), np.float32)]) == 1.0
    np.testing.assert_array_equal(seam_steps(np.zeros((300, CHANNELS), np.float32)), 1.0)
