import numpy as np
import pytest
from scipy.signal import welch

from artalk_engine.training import noises


def talk(samples, rng):
    return noises.babble(samples, [rng.standard_normal(3000).astype(np.float32)] * 2, rng)


@pytest.mark.parametrize(
    "make",
    [noises.coloured, noises.music, talk, noises.hum, noises.knocks, noises.breath],
    ids=lambda make: make.__name__,
)
@pytest.mark.parametrize("samples", [1, 700, 40_009])
def test_sounds_have_the_length_and_level_asked_for(make, samples):
    sound = make(samples, np.random.default_rng(3))
    assert sound.shape == (samples,)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    if samples > 1:
        assert np.sqrt(np.mean(sound.astype(np.float64) ** 2)) == pytest.approx(1.0, rel=1e-3)


def test_music_is_made_of_tones_and_knocks_of_bursts():
    rng = np.random.default_rng(0)
    spectrum = np.abs(np.fft.rfft(noises.music(32_000, rng))) ** 2
    assert np.sort(spectrum)[-len(spectrum) // 50 :].sum() > 0.3 * spectrum.sum()
    knocks = np.abs(noises.knocks(32_000, rng))
    assert np.median(knocks) < 0.05


def test_breaths_have_the_peaks_and_dips_of_a_throat_and_a_mouth():
    def range_db(seed):
        frequencies_hz, power = welch(noises.breath(16_000, np.random.default_rng(seed)), 16_000, nperseg=320)
        return np.ptp(10.0 * np.log10(power[(frequencies_hz > 300.0) & (frequencies_hz < 4000.0)]))

    assert np.median([range_db(seed) for seed in range(12)]) > 18.0
