import numpy as np
import pytest

from artalk_engine.motion.rest import SHORTEST, SPEECH_UNITS, Rest
from artalk_engine.motion.smoothing import smooth
from bridge.motion import JAW_POSE, WINDOW

SAMPLES = 640  # a frame
rng = np.random.default_rng(3)


def talking(frames):
    """A mouth that never rests."""
    motion = np.zeros((frames, 106), np.float32)
    motion[:, list(SPEECH_UNITS)] = 0.6
    motion[:, JAW_POSE.start] = 0.1
    motion[:, [7, 8, 18, 24]] = 0.4  # smiles, a lid, a brow
    return motion


def sound(loud, noise_db=-120.0, speech_db=-20.0):
    """White sound, loud on frames where ``loud`` holds."""
    gain = np.repeat(10.0 ** (np.where(loud, speech_db, noise_db) / 20.0), SAMPLES)
    return (rng.standard_normal(len(gain)) * gain).astype(np.float32)


def settle(motion, waveform, known_after=0):
    """Settle window by window, of which so many frames of sound after each are known."""
    rest = Rest()
    pieces = [
        rest.settle(motion[k : k + WINDOW], waveform[k * SAMPLES : (k + WINDOW + known_after) * SAMPLES])
        for k in range(0, len(motion), WINDOW)
    ]
    return np.concatenate(pieces)


def speech_with_pause(frames, first, end):
    loud = np.ones(frames, bool)
    loud[first:end] = False
    return loud


@pytest.mark.parametrize("noise_db", [-120.0, -50.0])
@pytest.mark.parametrize(("first", "end"), [(30, 45), (95, 110), (100, 130), (180, 200), (60, 220)])
def test_the_mouth_is_closed_and_still_in_pauses_also_across_windows(noise_db, first, end):
    motion = talking(250)
    settled = smooth(settle(motion, sound(speech_with_pause(250, first, end), noise_db)))
    begins = 100 if first < 100 < first + SHORTEST else first  # what is too short in its window waits for the next
    rested = slice(begins + 4, end - 4)
    assert np.abs(settled[rested, JAW_POSE.start]).max() < 0.004
    assert np.abs(settled[rested][:, list(SPEECH_UNITS)]).max() < 0.03
    np.testing.assert_allclose(settled[rested][:, [7, 8, 18, 24]], 0.4, atol=1e-5)


@pytest.mark.parametrize("known_after", [SHORTEST, 30, 100])
def test_with_what_follows_known_windows_rest_as_the_whole_clip_does(known_after):
    motion = talking(650)
    loud = np.ones(650, bool)
    for first, end in ((94, 102), (196, 203), (198, 240), (299, 305), (388, 400), (400, 401), (495, 520), (598, 650)):
        loud[first:end] = False
    settled = settle(motion, sound(loud), known_after)
    assert np.array_equal(settled, Rest().settle(motion, sound(loud)))
    assert settled[101, JAW_POSE.start] != motion[101, JAW_POSE.start]  # preparing, in the window after
    assert settled[96, JAW_POSE.start] < 0.3 * motion[96, JAW_POSE.start]  # settling, in the window before
    assert np.array_equal(settled[299:305], motion[299:305])  # too short


def test_speech_and_closures_inside_words_are_left_alone():
    motion = talking(200)
    loud = np.ones(200, bool)
    for start in (20, 50, 97, 150):
        loud[start : start + 5] = False  # a fifth of a second
    assert np.array_equal(settle(motion, sound(loud)), motion)


def test_faint_recordings_are_not_taken_for_silence():
    motion = talking(200)
    loud = speech_with_pause(200, 60, 61)
    assert np.array_equal(settle(motion, sound(loud, noise_db=-70.0, speech_db=-55.0)), motion)


def test_a_clip_begins_at_rest_and_the_argument_stays_as_it_was():
    motion = talking(100)
    before = motion.copy()
    settled = settle(motion, sound(np.arange(100) >= 5))
    assert not settled[:2, JAW_POSE.start].any()
    assert np.array_equal(settled[5:], motion[5:])
    assert np.array_equal(motion, before)


def test_quiet_at_the_end_of_a_clip_is_a_pause_however_short():
    motion = talking(95)
    waveform = sound(np.arange(95) < 90)
    settled = Rest().settle(motion, waveform, is_last=True)
    assert np.array_equal(settled[:90], motion[:90])
    assert not settled[93:, JAW_POSE.start].any()
    assert np.array_equal(Rest().settle(motion, waveform), motion)
