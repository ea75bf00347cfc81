import json

import pytest
import torch

from artalk_engine.config import GeneratorConfig
from artalk_engine.errors import AudioEmptyError, ConfigError
from artalk_engine.motion.generator import BitwiseARModel, frame_count
from tests.golden.golden import Golden, buzz, shared_model

SMALL = {
    "AR_CONFIG": {
        "T_DEPTH": 2,
        "T_NUM_HEADS": 3,
        "PREV_RATIO": 2,
        "AUDIO_ENCODER": "log_mel",
        "T_HIDDEN_DIM": 48,
        "STYLE_DIM": 16,
    },
    "VAE_CONFIG": {
        "V_CODE_DIM": 8,
        "T_DEPTH": 1,
        "T_NUM_HEADS": 2,
        "T_HIDDEN_DIM": 24,
        "V_PATCH_NUMS": [1, 4, 10, 50],
    },
    "AUDIO_CONFIG": {"width": 20},
}


@pytest.fixture
def small():
    torch.manual_seed(0)
    return BitwiseARModel(SMALL).eval()


def test_widths_that_the_release_fixes_can_be_chosen(small):
    assert small.pos_embed.shape == (1, 65, 48)
    assert small.style_encoder(torch.zeros(2, 50, 106)).shape == (2, 16)
    assert small.inference({"audio": buzz(4.5), "style_motion": None}).shape == (1, 113, 106)


def test_batch_gives_what_its_members_give_alone():
    model, clip = shared_model("tiny"), Golden("artalk_tiny_dev").tensor("input_style_motion")
    audio = torch.cat([buzz(5.0), buzz(5.0).flip(1), buzz(5.0) * 0])
    clips = torch.cat([clip, clip.flip(2), clip * 0.5])
    together = model.inference({"audio": audio, "style_motion": clips})
    for row in range(3):
        alone = model.inference({"audio": audio[row : row + 1], "style_motion": clips[row : row + 1]})
        torch.testing.assert_close(together[row : row + 1], alone, rtol=0, atol=1e-4)


def test_one_style_clip_serves_a_batch(small):
    assert small.inference({"audio": torch.randn(3, 9_000), "style_motion": torch.randn(1, 50, 106)}).shape[0] == 3


def test_steps_equal_teacher_forced_logits(small):
    """What is made scale by scale from kept keys and values is what one masked pass finds."""
    clip, audio = torch.randn(2, 50, 106), torch.randn(2, 32_000)
    window = small.step(small.start(clip, 2), small.hear(audio))
    context = window.context_bits.repeat(1, 2, 1)
    with torch.no_grad():
        logits = small.teacher_forced_logits(small.audio_encoder(audio), small.style_token(clip), context, window.bits)
    assert torch.equal(logits.argmax(-1), window.bits)


def test_teacher_forced_logits_train_every_part_but_the_codec(small):
    small.train()
    bits = torch.randint(0, 2, (2, 65, 8))
    features = small.audio_encoder(torch.randn(2, 32_000))
    style = small.embed_style(torch.randn(2, 50, 106)) + small.null_style_cond
    logits = small.teacher_forced_logits(features, style, bits.repeat(1, 2, 1), bits)
    assert logits.shape == (2, 65, 8, 2)
    torch.nn.functional.cross_entropy(logits.flatten(0, 2), bits.flatten()).backward()
    without = {name for name, parameter in small.named_parameters() if parameter.grad is None}
    assert {name for name in without if not name.startswith("basic_vae.")} == set()


def test_finest_bits_do_not_reach_the_logits(small):
    audio, style = torch.randn(1, 32_000), small.style_token(None)
    bits, context = torch.randint(0, 2, (1, 65, 8)), torch.randint(0, 2, (1, 130, 8))
    other = bits.clone()
    other[:, 15:] = 1 - other[:, 15:]
    features = small.audio_encoder(audio)
    first = small.teacher_forced_logits(features, style, context, bits)
    assert torch.equal(first, small.teacher_forced_logits(features, style, context, other))


def test_digital_silence_stays_finite():
    motion = shared_model("tiny").inference({"audio": torch.zeros(1, 64_001), "style_motion": None})
    assert motion.shape == (1, 101, 106)
    assert torch.isfinite(motion).all()


def test_recorded_motion_comes_back_beside_the_generated(small):
    recorded, shape = torch.randn(1, 40, 106), torch.randn(1, 1, 300)
    batch = {"audio": buzz(2.0), "style_motion": None, "motion": recorded, "shape": shape}
    generated, target, shapes = small.inference(batch, with_gtmotion=True)
    assert torch.equal(generated, small.inference(batch)[:, :40])
    assert torch.equal(target, recorded)
    assert shapes.shape == (1, 40, 300)


def test_waveform_without_samples_is_an_error(small):
    with pytest.raises(AudioEmptyError):
        small.inference({"audio": torch.zeros(1, 0), "style_motion": None})


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (640, 1), (641, 2), (4480, 8), (8960, 15), (64_000, 100)])
def test_frames_are_counted_in_floating_point(samples, frames):
    assert frame_count(samples) == frames


@pytest.mark.parametrize(
    ("section", "field", "value", "said"),
    [
        ("AR_CONFIG", "T_NUM_HEADS", 7, "does not divide"),
        ("AR_CONFIG", "AUDIO_ENCODER", "whisper", "whisper"),
        ("AR_CONFIG", "T_DEPTH", "two", "T_DEPTH"),
        ("VAE_CONFIG", "V_PATCH_NUMS", [5, 1], "first scale"),
        ("VAE_CONFIG", "V_PATCH_NUMS", [1, 50, 25], "grow"),
        ("VAE_CONFIG", "V_CODE_DIM", 0, "code_bits"),
    ],
)
def test_senseless_config_is_named(section, field, value, said):
    config = json.loads(json.dumps(SMALL))
    config[section][field] = value
    with pytest.raises(ConfigError, match=said):
        BitwiseARModel(config)


def test_config_without_a_section_is_named():
    with pytest.raises(ConfigError, match="VAE_CONFIG"):
        GeneratorConfig.from_mapping({"AR_CONFIG": {}})
