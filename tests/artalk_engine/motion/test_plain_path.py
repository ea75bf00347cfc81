"""What the engine computes once equals what the published way computes over and over."""

from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import torch

from artalk_engine import BitwiseARModel, precision
from artalk_engine.audio.waveform import load_waveform
from tests.artalk_engine.plain_path import plain_windows
from tests.golden.golden import Golden, recording, shared_model

SPEECH = Path(__file__).parents[3] / "assets/demo/speech.wav"
DOCUMENT = {
    "AR_CONFIG": {
        "T_DEPTH": 16,
        "T_NUM_HEADS": 4,
        "T_HIDDEN_DIM": 64,
        "STYLE_DIM": 16,
        "PREV_RATIO": 2,
        "AUDIO_ENCODER": "log_mel",
    },
    "VAE_CONFIG": {"V_CODE_DIM": 32, "T_DEPTH": 6, "T_NUM_HEADS": 4, "T_HIDDEN_DIM": 64},
    "AUDIO_CONFIG": {"width": 40},
}


@cache
def model_named(name, is_prepared=False):
    model = document_model() if name == "document" else shared_model(name)
    if is_prepared:
        model = deepcopy(model)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(precision, "FEWEST_WEIGHTS", 0)  # also prepare what is too small to gain
            precision.use_precision(model, "exact", model.device)
    return model


def document_model():
    """The depth and memory that ARTalk's document tells of, narrow, with weights large enough to decide bits."""
    # Of this seed no logit lies nearer to a tie than 5e-5, more than ten times what rounding does.
    torch.manual_seed(6)
    model = BitwiseARModel(DOCUMENT).eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.normal_(0, module.in_features**-0.5)
    return model


@cache
def speech():
    """The shipped sentence, said twice: three windows."""
    return torch.from_numpy(load_waveform(SPEECH)).repeat(2)[None]


def style_clip():
    return Golden("artalk_tiny_dev").tensor("input_style_motion")


def both_ways(name, is_prepared, audio, clip):
    """Windows of the engine with the logits it decided by, and those of the plain path."""
    model, logits = model_named(name, is_prepared), []
    hook = model.logits_head.register_forward_hook(lambda *call: logits.append(call[2]))
    windows = list(model.windows(audio, clip))
    hook.remove()
    plain = list(plain_windows(model_named(name), audio, clip))
    scales = len(model.config.codec.scales)
    found = [torch.cat(logits[k : k + scales], dim=1).unflatten(-1, (-1, 2)) for k in range(0, len(logits), scales)]
    return windows, found, plain


def check_equal(windows, logits, plain):
    assert len(windows) == len(logits) == len(plain)
    for window, found, expected in zip(windows, logits, plain, strict=True):
        assert torch.equal(window.context_bits, expected.context_bits)
        torch.testing.assert_close(found, expected.logits, rtol=0, atol=2e-5)
        assert torch.equal(window.bits, expected.bits)
        torch.testing.assert_close(window.motion, expected.motion, rtol=0, atol=2e-5)


@pytest.mark.parametrize("is_prepared", [False, True], ids=["loaded", "prepared"])
@pytest.mark.parametrize("with_style", [True, False], ids=["style", "nostyle"])
@pytest.mark.parametrize("name", ["tiny", "tiny_prev2", "document"])
def test_bits_logits_and_motion_are_the_plain_paths(name, is_prepared, with_style):
    windows, logits, plain = both_ways(name, is_prepared, speech(), style_clip() if with_style else None)
    assert len(windows) == 3
    check_equal(windows, logits, plain)


@pytest.mark.parametrize("is_prepared", [False, True], ids=["loaded", "prepared"])
@pytest.mark.parametrize("name", ["tiny", "document"])
def test_a_batch_is_the_plain_paths_too(name, is_prepared):
    audio = torch.cat([speech(), speech().flip(1), speech().roll(40_000, 1) * 0.1])
    clips = torch.cat([style_clip(), style_clip().flip(2), style_clip() * 0.5])
    check_equal(*both_ways(name, is_prepared, audio, clips))


@pytest.mark.parametrize("name", ["tiny", "tiny_prev2"])
def test_the_plain_path_is_the_references(name):
    golden = Golden(f"artalk_{name}_dev")
    windows = list(plain_windows(shared_model(name), recording(), golden.tensor("input_style_motion")))
    assert torch.equal(torch.cat([window.bits for window in windows]), golden.bits("out_style_pred_bits"))
    assert torch.equal(torch.cat([window.context_bits for window in windows]), golden.bits("out_style_context_bits"))
    torch.testing.assert_close(windows[0].logits.flatten(2), golden.tensor("logits_chunk0_scale4"), rtol=0, atol=2e-5)
    motion = torch.cat([window.motion for window in windows], dim=1)[0, :258]
    torch.testing.assert_close(motion, golden.tensor("out_style_motion"), rtol=0, atol=2e-5)
