import numpy as np
import pytest

from artalk_engine.training import augmentation as aug
from artalk_engine.training.phones import PAUSE, Phone
from artalk_engine.training.speech import SAMPLE_RATE_HZ, Speech


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def tone():
    return (0.1 * np.sin(np.arange(2 * SAMPLE_RATE_HZ) * 0.2)).astype(np.float32)


@pytest.mark.parametrize("seed", range(8))
def test_augmented_speech_keeps_length_type_and_range(tone, seed):
    changed = aug.augment(tone, aug.AugmentationConfig(), np.random.default_rng(seed))
    assert changed.shape == tone.shape
    assert changed.dtype == np.float32
    assert np.abs(changed).max() <= 1.0


def test_a_room_does_not_delay_the_direct_sound(rng):
    click = np.zeros(8000, np.float32)
    click[4000] = 1.0
    assert int(np.abs(aug.add_room(click, 0.3, rng)).argmax()) == 4000


def test_noise_has_the_level_asked_for(rng):
    noise = aug.coloured_noise(SAMPLE_RATE_HZ, -50.0, rng)
    assert 10 * np.log10(np.mean(noise.astype(np.float64) ** 2)) == pytest.approx(-50.0, abs=0.1)


def test_level_is_that_of_the_loud_part(tone):
    half = np.concatenate([tone, np.zeros_like(tone)])
    assert aug.level_db(half) == pytest.approx(aug.level_db(tone), abs=0.2)
    assert aug.level_db(aug.set_level(half, -30.0)) == pytest.approx(-30.0, abs=0.01)


def test_pauses_move_the_phones_with_the_sound(tone, rng):
    part = Speech(tone, (Phone("aa", 0.0, 2.0, 1),))
    joined = aug.with_pauses([part, part], rng)
    vowels = [phone for phone in joined.phones if phone.symbol == "aa"]
    assert joined.phones[0].symbol == joined.phones[-1].symbol == PAUSE
    for vowel in vowels:
        inside = joined.waveform[int(vowel.start_s * SAMPLE_RATE_HZ) + 1 : int(vowel.end_s * SAMPLE_RATE_HZ) - 1]
        assert np.sqrt(np.mean(inside**2)) == pytest.approx(0.0707, rel=0.01)


def test_a_breath_may_follow_the_speech_at_once_or_reach_up_to_the_next_and_is_softer(tone):
    part, rng = Speech(tone, (Phone("aa", 0.0, 2.0, 1),)), np.random.default_rng(0)
    after, before, neither = 0, 0, 0
    for _ in range(100):
        joined = aug.with_pauses([part, part], rng)
        vowels = [phone for phone in joined.phones if phone.symbol == "aa"]
        pause = joined.waveform[round(vowels[0].end_s * SAMPLE_RATE_HZ) : round(vowels[1].start_s * SAMPLE_RATE_HZ)]
        assert aug.level_db(pause) < aug.level_db(tone) - 6.0
        edge = SAMPLE_RATE_HZ // 20
        after += bool(pause[:edge].any())
        before += bool(pause[-edge:].any())
        neither += not pause.any()
    assert after > 15
    assert before > 15
    assert neither > 30
