import numpy as np
import pytest

from artalk_engine.motion.blinks import AFTER_PAUSE_S, BLINK, BLINK_UNITS, SHORTEST_S, Blinker
from artalk_engine.motion.smoothing import smooth
from bridge.motion import CHANNELS, EXPRESSION, FPS, GLOBAL_ORIENT

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
    assert blinked >= 6


def test_without_occasions_most_gaps_are_short_and_a_few_are_long():
    gaps = np.concatenate([np.diff(onsets(lids_of(speech(240), seed))) for seed in range(6)]) / FPS
    logarithms = np.log(gaps)
    assert 3.0 < np.median(gaps) < 4.1
    assert gaps.mean() > 1.04 * np.median(gaps)
    assert 0.25 < logarithms.std() < 0.5
    assert gaps.max() > 6.0


def test_lids_fall_faster_than_they_rise():
    shut = np.flatnonzero(BLINK >= 1.0)
    assert shut[0] < 0.6 * (len(BLINK) - 1 - shut[-1])


def test_a_quick_turn_of_the_head_is_a_moment_to_blink():
    turning = np.zeros((WINDOW, CHANNELS), np.float32)
    turning[:, GLOBAL_ORIENT.start + 1] = np.radians(8.0) * np.clip((np.arange(WINDOW) - 50) / 10.0, 0.0, 1.0)
    blinked = 0
    for seed in range(20):
        before = Blinker(seed).add(np.zeros_like(turning), speech(4.0))[:70, BLINK_UNITS[0]]
        after = Blinker(seed).add(turning, speech(4.0))[:70, BLINK_UNITS[0]]
        blinked += bool(after[50:55].any()) and not before[50:55].any()
    assert blinked >= 4


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
