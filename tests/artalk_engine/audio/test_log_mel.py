import math

import pytest
import torch

from artalk_engine.audio.log_mel import LogMelConfig, LogMelEncoder, mel_filters, moved, two_views
from artalk_engine.errors import ConfigError

SMALL = {"width": 20, "groups": 5, "fine_dilations": [1], "coarse_dilations": [1, 2]}


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return LogMelEncoder(SMALL).eval()


def noise(level_db):
    waveform = torch.randn(1, 64_000, generator=torch.Generator().manual_seed(1))
    return waveform * 10 ** (level_db / 20)


def test_a_window_becomes_two_hundred_steps(encoder):
    features = encoder(noise(-20).expand(3, -1))
    assert features.shape == (3, 200, 20)
    assert encoder.feature_dim == 20


@pytest.mark.parametrize("level_db", [-10.0, -50.0])
def test_the_picture_holds_the_power_of_the_waveform(encoder, level_db):
    power = encoder.log_mel(noise(level_db)).exp().sum(dim=1).mean()
    assert 10 * math.log10(power) == pytest.approx(level_db, abs=0.5)


def test_speech_sounds_the_same_at_any_gain(encoder):
    loud, soft = (encoder(noise(level_db)) for level_db in (-12.0, -30.0))
    torch.testing.assert_close(loud, soft, atol=3e-2, rtol=0)


def test_silence_and_faint_noise_stay_apart_from_speech(encoder):
    for waveform in (torch.zeros(1, 64_000), noise(-50.0)):
        views = two_views(encoder.log_mel(waveform))
        speech = two_views(encoder.log_mel(noise(-20.0)))
        assert bool(views.isfinite().all())
        assert float(views[:, :80].mean()) < float(speech[:, :80].mean()) - 0.4


def test_every_filter_hears_something():
    assert float(mel_filters(80).sum(dim=1).min()) > 0


def test_a_moved_picture_is_that_of_a_smaller_or_larger_speaker():
    bands = torch.arange(5.0)[None, :, None].expand(2, 5, 3)
    assert moved(bands, 2)[0, :, 0].tolist() == [0, 0, 0, 1, 2]
    assert moved(bands, -1)[1, :, 2].tolist() == [1, 2, 3, 4, 4]


@torch.no_grad()
def test_what_is_heard_more_than_once_is_heard_as_the_mean(encoder):
    waveform = noise(-20.0)
    often = LogMelEncoder({**SMALL, "shifts": [-2, 0, 2]}).eval()
    often.load_state_dict(encoder.state_dict())
    bands = encoder.log_mel(waveform)
    hearings = torch.stack([encoder.encode(moved(bands, shift)) for shift in (-2, 0, 2)])
    assert torch.equal(encoder(waveform), hearings[1])
    assert float((hearings[0] - hearings[2]).abs().max()) > 0.1
    torch.testing.assert_close(often(waveform), hearings.mean(dim=0))


@pytest.mark.parametrize("shifts", [[], [0, 80], [-80]])
def test_hearings_that_cannot_be_are_an_error(shifts):
    with pytest.raises(ConfigError, match="shifts must name a hearing"):
        LogMelEncoder({"shifts": shifts})


def test_gradients_reach_every_weight(encoder):
    encoder.train()
    encoder(noise(-20.0).expand(2, -1)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_a_field_that_does_not_exist_is_an_error():
    with pytest.raises(ConfigError, match="no field hidden_size"):
        LogMelEncoder({"hidden_size": 3})
    with pytest.raises(ConfigError, match="groups"):
        LogMelConfig(width=10, groups=3)
