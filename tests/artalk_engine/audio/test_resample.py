import numpy as np
import pytest
import torch

from artalk_engine.audio.resample import Resampler, resample
from tests.golden.golden import Golden

GOLDEN = Golden("resample")
CASES = [name for name in GOLDEN.arrays if name.startswith("out_")]


@pytest.mark.parametrize("name", CASES)
def test_resampling_is_the_references(name):
    _, rate, _, new_rate = name.split("_")
    stereo = torch.from_numpy(GOLDEN.arrays["in_stereo_int16"].astype(np.float32) / 32768).T
    made = resample(stereo, int(rate), int(new_rate)).mean(dim=0)
    np.testing.assert_allclose(made.numpy(), GOLDEN.arrays[name], rtol=0, atol=5e-6)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000, 44_099])
@pytest.mark.parametrize("block", [1, 50, 977])
def test_blocks_equal_the_whole(rate, block):
    waveform = torch.sin(torch.arange(2_000) * 0.05)
    resampler = Resampler(rate, 16_000)
    parts = [*(resampler.push(part) for part in waveform.split(block)), resampler.finish()]
    assert torch.equal(torch.cat(parts), resample(waveform, rate, 16_000))


def test_equal_rates_return_the_input():
    waveform = torch.randn(100)
    assert resample(waveform, 16_000, 16_000) is waveform


def test_tones_keep_pitch_and_level():
    time = torch.arange(48_000) / 48_000
    made = resample(torch.sin(2 * torch.pi * 440 * time), 48_000, 16_000)
    expected = torch.sin(2 * torch.pi * 440 * torch.arange(16_000) / 16_000)
    torch.testing.assert_close(made[100:-100], expected[100:-100], rtol=0, atol=2e-3)
