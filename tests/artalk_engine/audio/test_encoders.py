import subprocess
import sys

import pytest
import torch

from artalk_engine.audio.encoders import build_audio_encoder, encoder_of, normalise
from artalk_engine.audio.resample import resample
from artalk_engine.errors import ConfigError
from tests.artalk_engine.released_layout import MIMI
from tests.golden.golden import Golden, recording
from tests.golden.seeded_weights import MANIFEST

WAV2VEC = {
    **MANIFEST["tiny_prev2"]["wav2vec2"],
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_conv_pos_embeddings": 16,
}


def test_normalised_window_is_the_references():
    window = recording()[:, :64_000]
    torch.testing.assert_close(
        normalise(window)[:, :64], Golden("artalk_tiny_dev").tensor("audio_norm_first64"), rtol=2e-6, atol=0
    )


def test_normalising_uses_the_unbiased_deviation_and_all_samples():
    window = torch.tensor([[1.0, -1.0, 0.0, 0.0]])
    torch.testing.assert_close(normalise(window), window / ((2 / 3) ** 0.5 + 1e-6))
    assert torch.equal(normalise(torch.zeros(1, 8)), torch.zeros(1, 8))


@pytest.mark.parametrize(
    ("name", "config", "steps"), [("wav2vec", WAV2VEC, 199), ("mimi", MIMI, 50), ("log_mel", {}, 200)]
)
def test_encoders_keep_their_contract(name, config, steps):
    torch.manual_seed(0)
    encoder = build_audio_encoder(name, config).eval()
    windows = torch.randn(2, 64_000)
    with torch.no_grad():
        features = encoder(windows)
        assert features.shape == (2, steps, encoder.feature_dim)
        torch.testing.assert_close(encoder(windows[1:]), features[1:], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("name", "config"), [("wav2vec", WAV2VEC), ("log_mel", {})])
def test_encoders_can_be_trained(name, config):
    encoder = build_audio_encoder(name, config)
    encoder(torch.randn(1, 64_000)).sum().backward()
    assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in encoder.parameters())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_hidden_layers": 2, "num_conv_pos_embeddings": 15},
        {"feat_extract_norm": "group", "conv_bias": False, "do_stable_layer_norm": False, "mask_time_prob": 0.0},
    ],
    ids=["XLS-R", "odd kernel", "base"],
)
def test_wav2vec_is_transformers_own_model_behind_the_normalisation(changes):
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    reference = Wav2Vec2Model(Wav2Vec2Config(**{**WAV2VEC, **changes})).eval()
    encoder = build_audio_encoder("wav2vec", {**WAV2VEC, **changes}).eval()
    assert list(encoder.state_dict()) == list(reference.state_dict())
    encoder.load_state_dict(reference.state_dict(), strict=True)
    window = torch.randn(2, 64_000)
    with torch.no_grad():
        expected = reference(normalise(window)).last_hidden_state
        torch.testing.assert_close(encoder(window), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_act": "relu"}, "other than gelu"),
        ({"add_adapter": True}, "adapter"),
        ({"conv_stride": [5]}, "differ in length"),
        ({"num_attention_heads": 5}, "into 5 heads"),
        ({"feat_extract_norm": "batch"}, "layer or group"),
    ],
)
def test_wav2vec_of_other_kinds_says_so(changes, said):
    with pytest.raises(ConfigError, match=said):
        build_audio_encoder("wav2vec", {**WAV2VEC, **changes})


def test_mimi_is_transformers_own_model_up_to_its_quantizer():
    from transformers import MimiConfig, MimiModel

    torch.manual_seed(0)
    encoder = build_audio_encoder("mimi", MIMI).eval()
    for name, buffer in encoder.named_buffers():
        if name.endswith("embed_sum"):  # untrained codebooks are all zero
            buffer.normal_()
    reference = MimiModel(MimiConfig(**MIMI)).eval()
    state = {name.removeprefix("acoustic_model."): value for name, value in encoder.state_dict().items()}
    reference.load_state_dict(state, strict=True)
    window = 0.1 * torch.randn(2, 64_000)
    with torch.no_grad():
        codes = reference.encode(resample(window, 16_000, 24_000)[:, None]).audio_codes
        features = encoder(window)
        assert codes.unique().numel() > 4
        assert torch.equal(features, reference.quantizer.decode(codes).transpose(1, 2))


@pytest.mark.parametrize("name", ["wav2vec", "mimi", "log_mel"])
def test_encoders_are_recognised_by_their_tensors(name):
    config = {"wav2vec": WAV2VEC, "mimi": MIMI, "log_mel": {}}[name]
    names = [f"audio_encoder.{key}" for key in build_audio_encoder(name, config).state_dict()]
    assert encoder_of(["lvl_embed.weight", *names]) == name
    assert encoder_of(["lvl_embed.weight"]) is None


def test_older_weight_norm_names_are_read():
    encoder = build_audio_encoder("wav2vec", WAV2VEC)
    parts = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    state = encoder.state_dict()
    older = {}
    for key, value in state.items():
        for new, old in parts.items():
            key = key.replace(new, old)
        older[key] = value + 1
    assert set(older) != set(state)
    encoder.load_state_dict(older, strict=True)
    assert all(
        torch.equal(value, older_value)
        for value, older_value in zip(encoder.state_dict().values(), older.values(), strict=True)
    )


def test_older_mimi_names_are_read():
    encoder = build_audio_encoder("mimi", MIMI)
    older = {
        key.replace("encoder.encoder_seanet.", "encoder.")
        .replace("encoder.encoder_transformer.", "encoder_transformer.")
        .replace("encoder.downsample.", "downsample.")
        .replace("decoder.decoder_seanet.", "decoder.")
        .replace("decoder.decoder_transformer.", "decoder_transformer.")
        .replace("decoder.upsample.", "upsample."): value
        for key, value in encoder.state_dict().items()
    }
    assert any(".encoder.layers." in key for key in older)
    encoder.load_state_dict(older, strict=True)


def test_transformers_is_loaded_only_for_the_encoders_that_need_it():
    code = (
        "import sys, time; import artalk_engine; assert 'torch' not in sys.modules;"
        "from artalk_engine import ARTAvatarInferEngine;"
        "from artalk_engine.audio.encoders import build_audio_encoder; build_audio_encoder('log_mel', {});"
        f"build_audio_encoder('wav2vec', {WAV2VEC});"
        "assert 'transformers' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)
