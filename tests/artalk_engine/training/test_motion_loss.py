"""The losses on lips must see what the head's ruler sees, and must fall where an animator would be content."""

import numpy as np
import pytest
import torch

from artalk_engine import assets
from artalk_engine.motion.smoothing import smooth
from artalk_engine.training.head_ruler import HeadRuler
from artalk_engine.training.motion_loss import ClosureLoss, spread_loss
from artalk_engine.training.phones import Phone
from artalk_engine.training.rule import make_motion
from bridge.motion import GLOBAL_ORIENT, JAW_POSE


@pytest.fixture(scope="module")
def motion():
    symbols = ("pau", "m", "aa", "b", "iy", "p", "ow", "aa", "pau")
    phones = [Phone(symbol, 0.2 * k, 0.2 * (k + 1)) for k, symbol in enumerate(symbols)]
    waveform = 0.1 * np.random.default_rng(0).standard_normal(int(1.8 * 16_000)).astype(np.float32)
    return make_motion(phones, waveform, "neutral", 0)


@pytest.fixture(scope="module")
def closure_loss():
    return ClosureLoss(assets.head_path())


def test_the_gap_is_the_rulers_where_lips_are_nearly_closed(motion, closure_loss):
    gap = closure_loss.gap(torch.from_numpy(motion)[None])[0].numpy()
    measured = HeadRuler.load().measure(smooth(motion)).lip_gap[2:-2]
    near = measured < 2.0
    assert near.any()
    assert not near.all()
    np.testing.assert_allclose(gap[near], measured[near], atol=0.4)
    assert np.corrcoef(gap, measured)[0, 1] > 0.99


def test_a_missed_and_a_false_closure_cost_more_than_the_right_ones(motion, closure_loss):
    right = torch.from_numpy(motion)[None]
    always_open, always_closed = right.clone(), torch.zeros_like(right)
    always_open[..., JAW_POSE.start] += 0.1
    least = closure_loss(right, right)
    assert closure_loss(always_open, right) > 3 * least
    assert closure_loss(always_closed, right) > 3 * least


def test_a_head_that_turns_half_as_far_costs_and_one_that_turns_elsewhere_does_not():
    wanted = torch.randn(2, 100, 106, generator=torch.Generator().manual_seed(0))
    std = torch.ones(106)
    half = wanted.clone()
    half[..., GLOBAL_ORIENT] /= 2
    assert spread_loss(half, wanted, std) > 0.1
    assert spread_loss(-wanted, wanted, std) == pytest.approx(0.0, abs=1e-10)
