import numpy as np
import pytest

from artalk_engine.training import delivery
from artalk_engine.training.phones import Phone
from artalk_engine.training.speech import SAMPLE_RATE_HZ, Speech


@pytest.fixture
def buzz():
    """A voice of 125 Hz, a second long, silent in the middle."""
    times_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    waveform = 0.02 * sum(np.sin(2 * np.pi * 125 * k * times_s) for k in range(1, 30))
    waveform[6000:9000] = 0.0
    phones = (Phone("aa", 0.0, 0.375), Phone("pau", 0.375, 0.5625), Phone("iy", 0.5625, 1.0))
    return Speech(waveform.astype(np.float32), phones)


def harmonicity(waveform):
    part = waveform[:5600].astype(np.float64)
    return np.corrcoef(part[128:], part[:-128])[0, 1]  # 128 samples are one period


def test_a_whisper_has_no_voice_but_the_same_pauses_and_level(buzz):
    whispered = delivery.whisper(buzz, np.random.default_rng(0))
    assert harmonicity(buzz.waveform) > 0.95
    assert abs(harmonicity(whispered.waveform)) < 0.3
    assert whispered.phones == buzz.phones
    assert np.abs(whispered.waveform[6600:8400]).max() < 0.1 * np.abs(whispered.waveform).max()
    assert np.std(whispered.waveform) == pytest.approx(np.std(buzz.waveform), rel=1e-3)


def test_a_shout_has_less_of_its_low_tones(buzz):
    shouted = delivery.shout(buzz, np.random.default_rng(0))
    plain, pressed = (np.abs(np.fft.rfft(x.waveform)) ** 2 for x in (buzz, shouted))
    assert pressed[:700].sum() / pressed.sum() < 0.7 * plain[:700].sum() / plain.sum()


def test_a_smaller_head_speaks_higher_and_shorter_with_its_phones_in_step(buzz):
    small = delivery.resize(buzz, 1.25)
    assert len(small.waveform) == pytest.approx(0.8 * SAMPLE_RATE_HZ, abs=2)
    assert small.phones[1].start_s == pytest.approx(0.3)
    assert small.phones[-1].end_s == pytest.approx(small.duration_s)
    peak_hz = np.abs(np.fft.rfft(small.waveform[:4000]))[10:60].argmax() * SAMPLE_RATE_HZ / 4000 + 40
    assert peak_hz == pytest.approx(156, abs=5)
