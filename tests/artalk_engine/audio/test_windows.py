import numpy as np
import pytest

from artalk_engine.audio.windows import WindowCutter, frame_count, window_count
from artalk_engine.config import CodecConfig

S = CodecConfig().window_samples


def cut(sound, context=0, piece=None):
    cutter = WindowCutter(CodecConfig(), context)
    pieces = [sound] if piece is None else [sound[at : at + piece] for at in range(0, len(sound), piece)]
    return [window for part in pieces for window in cutter.push(part)] + cutter.finish()


def sound_of(samples):
    return np.random.default_rng(samples).standard_normal(samples).astype(np.float32)


@pytest.mark.parametrize("context", [0, 19_200])
@pytest.mark.parametrize("samples", [1, 640, 35_200, S - 1, S, S + 1, 2 * S + 19_200, 3 * S - 5])
def test_windows_hold_all_of_the_sound_with_what_sounds_around_it(samples, context):
    sound = sound_of(samples)
    windows = cut(sound, context)
    padded = np.concatenate([np.zeros(context), sound, np.zeros(context + S)]).astype(np.float32)
    assert len(windows) == window_count(samples, 100)
    assert sum(window.frames for window in windows) == frame_count(samples)
    for number, window in enumerate(windows):
        heard = padded[number * S : number * S + 2 * context + S]
        np.testing.assert_array_equal(window.heard[: len(heard)], heard)
        assert not window.heard[len(heard) :].any()
        np.testing.assert_array_equal(window.samples, window.heard[context : context + S])


@pytest.mark.parametrize("context", [0, 19_200])
@pytest.mark.parametrize("piece", [1_000, 63_999, S, S + 1, 200_000])
def test_pieces_make_no_difference(piece, context):
    sound = sound_of(150_001)
    for whole, split in zip(cut(sound, context), cut(sound, context, piece), strict=True):
        np.testing.assert_array_equal(whole.heard, split.heard)
        assert whole.frames == split.frames


def test_a_window_comes_as_soon_as_it_has_been_heard():
    cutter = WindowCutter(CodecConfig())
    assert cutter.push(sound_of(S - 1)) == []
    assert len(cutter.push(sound_of(1))) == 1
    assert cutter.finish() == []
