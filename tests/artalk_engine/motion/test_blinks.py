import numpy as np
import pytest

from artalk_engine.motion.blinks import AFTER_PAUSE_S, BLINK, BLINK_UNITS, SHORTEST_S, Blinker
from artalk_engine.motion.smoothing import smooth
from bridge.motion import CHANNELS, EXPRESSION, FPS

WINDOW, SAMPLES = 100, 64_000


def speech(seconds, pauses=()):
    """Noise like speech, with silences from and to these seconds."""
    waveform = np.random.default_rng(0).normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)
    for start, end in pauses:
        waveform[int(start * 16_000) : int(end * 16_000)] *= 0.001
    return waveform


def lids_of(waveform, seed=0):
    blinker, total, pieces = Blinker(seed), len(waveform) // 640, []
    for first in range(0, total, WINDOW):
        frames = min(WINDOW, total - first)
        sound = waveform[first * 640 : (first + frames) * 640]
        pieces.append(blinker.add(np.zeros((frames, CHANNELS), np.float32), sound))
    return np.concatenate(pieces)[:, EXPRESSION][:, list(BLINK_UNITS)]


def onsets(lids):
    shut = lids[:, 0] >= 1.0
    return np.flatnonzero(shut & ~np.concatenate([[False], shut[:-1]])) - 2


@pytest.mark.parametrize("seed", range(4))
def test_blinks_come_as_often_as_people_blink_and_irregularly(seed):
    pauses = [(t, t + 0.5) for t in np.random.default_rng(seed).uniform(0, 118, 25)]
    found = onsets(lids_of(speech(120, pauses), seed))
    gaps = np.diff(found) / FPS
    assert 15 <= len(found) / 2 <= 26
    assert gaps.min() >= SHORTEST_S
    assert gaps.std() > 0.15 * gaps.mean()


def test_every_blink_shuts_both_eyes_also_after_smoothing():
    lids = lids_of(speech(60))
    motion = np.zeros((len(lids), CHANNELS), np.float32)
    motion[:, EXPRESSION][:, list(BLINK_UNITS)] = lids
    smoothed = smooth(motion)[:, EXPRESSION][:, list(BLINK_UNITS)]
    for onset in onsets(lids):
        assert smoothed[onset : onset + len(BLINK)].min(axis=1).max() > 0.98
    np.testing.assert_array_equal(lids[:, 0], lids[:, 1])


def test_a_pause_is_a_moment_to_blink():
    blinked = 0
    for seed in range(20):
        found = onsets(lids_of(speech(12, [(6.0, 6.6)]), seed)) / FPS
        before = found[found < 6.0]
        if not len(before) or 6.2 - before[-1] > AFTER_PAUSE_S:
            blinked += bool(np.any((found >= 6.1) & (found <= 6.4)))
    assert blinked >= 8


def test_no_blink_is_cut_by_the_end():
    for seed in range(30):
        lids = lids_of(speech(7.0), seed)
        assert lids[-1, 0] <= BLINK[-1]


def test_every_blink_is_whole_within_its_window():
    """No more may follow after any window, since a live stream can end there."""
    for seed in range(40):
        lids = lids_of(speech(40), seed)[:, 0]
        for onset in onsets(lids[:, None]):
            assert onset % WINDOW + len(BLINK) <= WINDOW
            np.testing.assert_allclose(lids[onset : onset + len(BLINK)], BLINK, atol=1e-6)


def test_eyes_that_squint_give_way_and_the_mouth_is_left_alone():
    motion = np.full((WINDOW, CHANNELS), 0.5, np.float32)
    changed = Blinker().add(motion, speech(4.0))
    shut = changed[:, 18] == 1.0
    assert shut.any()
    assert np.all(changed[shut, 20] == 0.0)
    np.testing.assert_array_equal(np.delete(changed, [18, 19, 20, 21, 22, 23, 34], axis=1), 0.5)
    assert np.all(motion == 0.5)
