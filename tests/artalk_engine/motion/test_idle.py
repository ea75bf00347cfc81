import numpy as np
import pytest

from artalk_engine.motion.idle import PAIRS, UNEVEN, Idle
from artalk_engine.training.head_ruler import HeadRuler
from bridge.motion import CHANNELS, EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE

MINUTE = 60 * FPS


def frozen(frames=MINUTE):
    return np.zeros((frames, CHANNELS), np.float32)


def test_the_head_sways_by_less_than_a_degree_and_never_freezes():
    for seed in range(8):
        degrees = np.degrees(Idle(seed).add(frozen())[:, GLOBAL_ORIENT])
        assert np.abs(degrees).max() < 1.0
        assert (degrees.std(axis=0) > 0.1).all()
        seconds = degrees.reshape(-1, FPS, 3)
        assert (np.ptp(seconds, axis=1).max(axis=1) > 0.03).all()


def test_most_of_it_is_slower_than_one_hertz_and_slower_is_larger():
    power = np.zeros(MINUTE // 2 + 1)
    for seed in range(20):
        turn = Idle(seed).add(frozen())[:, GLOBAL_ORIENT][:, 1] * np.hanning(MINUTE)
        power += np.abs(np.fft.rfft(turn)) ** 2
    hertz = np.fft.rfftfreq(MINUTE, 1.0 / FPS)
    assert power[hertz < 1.0].sum() > 0.99 * power.sum()
    assert power[hertz < 0.25].sum() > 2.0 * power[(hertz > 0.25) & (hertz < 0.5)].sum()
    assert power[(hertz > 0.25) & (hertz < 0.5)].sum() > 2.0 * power[hertz > 0.5].sum()


def test_the_mouth_stays_as_it_is():
    alive = Idle(3).add(frozen())
    ruler = HeadRuler.load()
    at_rest, moving = ruler.measure(frozen(1)), ruler.measure(alive)
    np.testing.assert_allclose(moving.lip_gap, at_rest.lip_gap[0], atol=0.02)
    assert np.ptp(moving.width) < 0.1
    assert not alive[:, JAW_POSE].any()


@pytest.mark.parametrize("lengths", [(100,) * 15, (1, 7, 92, 400, 1000), (1500,)])
def test_windows_join_without_a_seam_however_they_are_cut(lengths):
    idle = Idle(5)
    pieces = np.concatenate([idle.add(frozen(length)) for length in lengths])
    np.testing.assert_allclose(pieces, Idle(5).add(frozen()), atol=1e-6)


def test_a_seed_moves_always_alike_and_another_seed_differently():
    one, again, other = (Idle(seed).add(frozen())[:, GLOBAL_ORIENT] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert abs(np.corrcoef(one[:, 1], other[:, 1])[0, 1]) < 0.9


def test_one_side_of_a_face_does_a_little_more_the_whole_take_long():
    motion = np.full((200, CHANNELS), 0.5, np.float32)
    expression = Idle(4).add(motion)[:, EXPRESSION]
    left, right = PAIRS[0]
    ratio = expression[:, left] / expression[:, right]
    assert np.ptp(ratio) < 1e-6
    assert 1e-3 < abs(ratio[0] - 1.0) < 2.5 * UNEVEN
    assert (motion == 0.5).all()
