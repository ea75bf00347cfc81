import numpy as np
import pytest

from artalk_engine.audio.continuity import choose_hearing, measure_level
from artalk_engine.config import GeneratorConfig
from artalk_engine.errors import OptionError

RELEASED = GeneratorConfig()


def test_released_weights_hear_each_window_alone_unless_asked():
    assert choose_hearing("auto", RELEASED) == choose_hearing("none", RELEASED)
    assert not choose_hearing("auto", RELEASED).context
    assert not choose_hearing("auto", RELEASED).is_levelled


def test_loudness_and_context_can_be_had_alone_and_together():
    assert (choose_hearing("loudness", RELEASED).is_levelled, choose_hearing("loudness", RELEASED).context) == (True, 0)
    assert (choose_hearing("context", RELEASED).is_levelled, choose_hearing("context", RELEASED).context) == (
        False,
        19_200,
    )
    assert choose_hearing("both", RELEASED).is_levelled
    assert choose_hearing("both", RELEASED).context == 19_200


def test_what_a_model_cannot_do_is_said():
    with pytest.raises(OptionError, match="log_mel"):
        choose_hearing("loudness", GeneratorConfig(audio_encoder="log_mel", rig="builtin"))
    with pytest.raises(OptionError, match="'all'"):
        choose_hearing("all", RELEASED)


def test_level_is_that_of_the_whole_whatever_the_blocks():
    sound = np.random.default_rng(0).normal(0.1, 0.3, 50_000).astype(np.float32)
    level = measure_level(np.array_split(sound, 7))
    assert level.mean == pytest.approx(sound.mean(dtype=float), rel=1e-6)
    assert level.deviation == pytest.approx(sound.std(ddof=1, dtype=float), rel=1e-6)
