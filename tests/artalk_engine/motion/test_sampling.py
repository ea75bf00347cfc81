import numpy as np
import pytest
import torch

from artalk_engine.errors import OptionError
from artalk_engine.motion.sampling import LIKELIEST, Sampling


def logits_of(probability, tokens=400, bits=32):
    """Logits of bits that are 1 with this probability."""
    logits = torch.zeros(1, tokens, bits, 2)
    logits[..., 1] = float(np.log(probability / (1 - probability)))
    return logits


def share_of_ones(sampling, probability):
    logits = logits_of(probability)
    return sampling.choose(logits, sampling.draw((3,), (0,), 400, 32)).float().mean().item()


@pytest.mark.parametrize("probability", [0.2, 0.5, 0.9])
def test_temperature_one_draws_as_the_model_believes(probability):
    assert share_of_ones(Sampling(temperature=1.0), probability) == pytest.approx(probability, abs=0.02)


def test_higher_temperature_doubts_more_and_lower_less():
    shares = [share_of_ones(Sampling(temperature=t), 0.8) for t in (0.25, 1.0, 4.0)]
    assert shares[0] > 0.98 > shares[1] > 0.7 > shares[2] > 0.5


@pytest.mark.parametrize("sampling", [LIKELIEST, Sampling(temperature=1.0, top_k=1)])
def test_without_temperature_or_choice_the_likelier_value_is_taken_and_a_tie_is_zero(sampling):
    assert sampling.draw((0,), (0,), 4, 8) is None
    assert share_of_ones(sampling, 0.51) == 1.0
    assert share_of_ones(sampling, 0.5) == 0.0


def test_top_p_leaves_certain_bits_alone():
    sampling = Sampling(temperature=1.0, top_p=0.85)
    assert share_of_ones(sampling, 0.9) == 1.0
    assert share_of_ones(sampling, 0.8) == pytest.approx(0.8, abs=0.02)


def test_draws_depend_on_seed_and_window_alone():
    sampling = Sampling(temperature=1.0)
    together = sampling.draw((1, 2, 1), (0, 5, 7), 181, 32)
    for row, (seed, window) in enumerate([(1, 0), (2, 5), (1, 7)]):
        assert torch.equal(together[row : row + 1], sampling.draw((seed,), (window,), 181, 32))
    assert not torch.equal(together[0], together[2])


@pytest.mark.parametrize(
    "choice",
    [{"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": 3}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}],
)
def test_senseless_choices_are_named(choice):
    with pytest.raises(OptionError, match=next(iter(choice))):
        Sampling(**choice)
