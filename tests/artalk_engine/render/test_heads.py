"""Heads that films show, and identities as people give them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from artalk_engine import FLAMEModel
from artalk_engine.errors import AssetMissingError, OptionError
from artalk_engine.render.heads import REGIONS, SKIN, load_head, read_betas
from tests.golden import synthetic_flame


def test_the_built_in_head_knows_the_colours_of_its_parts():
    head = load_head("builtin", None)
    assert head.colours is not None
    assert head.colours.shape == (9976, 3, 3)
    assert head.colours.min() >= 0
    assert head.colours.max() <= 1
    shown = {tuple(np.round(colour, 4)) for colour in head.colours.reshape(-1, 3)}
    assert {tuple(np.round(np.float32(colour), 4)) for colour in (SKIN, *REGIONS.values())} <= shown


def test_a_motion_poses_the_head_as_flame_does():
    motion = np.random.default_rng(0).normal(scale=0.3, size=(4, 106)).astype(np.float32)
    rows, betas = torch.from_numpy(motion), torch.full((1, 300), 0.2)
    expected = FLAMEModel()(betas, rows[:, :100], rows[:, 100:])
    assert torch.equal(load_head("builtin", None).vertices(motion, betas), expected)


def test_flames_head_comes_from_its_file_and_is_missed_without(tmp_path):
    synthetic_flame.save_pt(tmp_path / "FLAME_with_eye.pt", 0)
    head = load_head("flame", tmp_path / "FLAME_with_eye.pt")
    assert head.colours is None
    assert head.vertices(np.zeros((2, 106), np.float32)).shape == (2, 5023, 3)
    with pytest.raises(AssetMissingError, match=r"FLAME_with_eye\.pt") as caught:
        load_head("flame", None)
    assert "checkpoint" in caught.value.remedy


@pytest.mark.parametrize("given", [[0.5, -1], np.array([[0.5, -1]]), torch.tensor([[0.5, -1]], requires_grad=True)])
def test_an_identity_may_be_short_a_row_or_a_tensor(given):
    betas = read_betas(given)
    assert betas.shape == (1, 300)
    assert betas[0, :3].tolist() == [0.5, -1, 0]


@pytest.mark.parametrize(
    "given", [np.zeros((2, 300)), np.zeros(301), np.zeros((1, 1, 3)), [np.nan], ["tall"], np.zeros(()), 1.0]
)
def test_what_is_no_identity_is_said(given):
    with pytest.raises(OptionError, match="identity"):
        read_betas(given)


def test_no_identity_is_the_mean_one():
    assert read_betas(None) is None
