"""Disturbed pictures must stay the same speech: as long, silent where it is silent, another speaker each time."""

import numpy as np
import torch

from artalk_engine.training.phones import SYMBOLS
from artalk_engine.training.pictures import bend, blot, colour_nasals, disturb, interrupt, warp


def picture():
    bands = torch.full((3, 80, 200), -20.0)
    bands[:, 30:40, 50:150] = -5.0  # a formant
    return bands


def said(*symbols):
    """Each sound for 20 frames of the picture, and vowels after them."""
    steps = [SYMBOLS.index(symbol) for symbol in symbols for _ in range(10)]
    return torch.tensor([steps + [SYMBOLS.index("aa")] * (100 - len(steps))] * 3)


def test_nasals_alone_are_coloured_and_alike_throughout_a_picture():
    coloured = colour_nasals(picture(), said("aa", "m", "b", "n", "d", "ng"), torch.Generator().manual_seed(0))
    colour = coloured - picture()
    for first, is_nasal in ((0, False), (20, True), (40, False), (60, True), (80, False), (100, True), (120, False)):
        inside = colour[..., first + 3 : first + 17]
        assert (inside != 0).any() == is_nasal
        if is_nasal:
            torch.testing.assert_close(inside, colour[..., 25:26].expand_as(inside), atol=1e-5, rtol=0.0)
    assert (colour[..., 25].std(dim=1) > 0.05).all()
    assert colour.abs().max() < 6.0


def test_a_bent_picture_keeps_its_times_and_moves_its_formants():
    bent = bend(picture(), torch.Generator().manual_seed(0))
    assert (bent[..., :50] == -20.0).all()
    middles = (bent[..., 100] + 20.0) @ torch.arange(80.0) / (bent[..., 100] + 20.0).sum(dim=1)
    assert middles.std() > 0.3
    assert (middles - 34.5).abs().max() < 10.0


def test_warping_keeps_the_shape_and_changes_each_picture_differently():
    picture = torch.randn(1, 80, 40, generator=torch.Generator().manual_seed(0)).expand(3, -1, -1)
    warped = warp(picture, torch.Generator().manual_seed(1))
    assert warped.shape == picture.shape
    assert not torch.allclose(warped[0], warped[1])


def test_blots_hide_bands_and_leave_silence_silent():
    blotted = blot(picture(), torch.Generator().manual_seed(1))
    assert (blotted[..., :50] == -20.0).all()
    changed = (blotted != picture()).any(dim=2)
    assert 0 < changed.sum() < 3 * 24


def test_interruptions_hide_short_stretches_in_all_bands():
    heard = picture() + torch.linspace(0.0, 1.0, 200)
    changed = interrupt(heard, torch.Generator().manual_seed(2)) != heard
    assert (changed.any(dim=1) == changed.all(dim=1)).all()
    share = changed.any(dim=1).float().mean()
    assert 0.0 < share < 0.1


def test_each_step_disturbs_in_its_own_way_and_always_the_same():
    first, again = (disturb(picture(), said("m"), np.random.default_rng(5)) for _ in range(2))
    other = disturb(picture(), said("m"), np.random.default_rng(6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
