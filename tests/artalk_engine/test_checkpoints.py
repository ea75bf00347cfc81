import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from artalk_engine.checkpoints import load_config, load_generator, load_style
from artalk_engine.config import GeneratorConfig
from artalk_engine.errors import CheckpointError, ConfigError, StyleError
from artalk_engine.motion.generator import BitwiseARModel

CONFIG = {
    "AR_CONFIG": {"T_DEPTH": 1, "T_NUM_HEADS": 2, "PREV_RATIO": 1, "AUDIO_ENCODER": "log_mel", "T_HIDDEN_DIM": 16},
    "VAE_CONFIG": {"V_CODE_DIM": 4, "T_DEPTH": 1, "T_NUM_HEADS": 2, "T_HIDDEN_DIM": 16, "V_PATCH_NUMS": [1, 5, 25]},
    "AUDIO_CONFIG": {"width": 20},
}
SIZES = GeneratorConfig.from_mapping(CONFIG)


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return BitwiseARModel(SIZES).state_dict()


def save(state, path):
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt"])
def test_every_tensor_arrives_and_nothing_is_left_without_values(tmp_path, state, name):
    model = load_generator(save(state, tmp_path / name), SIZES)
    assert not model.training
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key])
    assert not any(tensor.is_meta for tensor in [*model.parameters(), *model.buffers()])
    motion = model.inference({"audio": torch.zeros(1, 16_000), "style_motion": None})
    assert torch.isfinite(motion).all()


def test_half_precision_files_become_float32(tmp_path, state):
    half = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    model = load_generator(save(half, tmp_path / "model.safetensors"), SIZES)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_weights_of_a_training_program_are_found(tmp_path, state):
    torch.save({"model": state, "step": 3}, tmp_path / "model.pt")
    load_generator(tmp_path / "model.pt", SIZES)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("lvl_embed.weight"), "lacks lvl_embed.weight"),
        (lambda state: state.update(extra=torch.zeros(1)), "has unknown extra"),
        (lambda state: state.update({"pos_embed": torch.zeros(1, 2, 3)}), r"pos_embed has shape \[1, 2, 3\]"),
        (lambda state: state.update(other=3), "other things than named tensors"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, state, change, said):
    changed = dict(state)
    change(changed)
    with pytest.raises(CheckpointError, match=said):
        load_generator(save(changed, tmp_path / "model.pt"), SIZES)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load_generator(tmp_path / "model.pt", SIZES)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"AR_CONFIG": 3, "VAE_CONFIG": {}}'])
def test_bad_configs_say_so(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ConfigError):
        load_config(tmp_path / "config.json")


def test_config_is_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "RIG": "builtin"}))
    config = load_config(tmp_path / "config.json")
    assert (config.rig, config.width, config.style_width, config.codec.window) == ("builtin", 16, 128, 25)


def test_style_clips_may_be_views_into_long_recordings(tmp_path):
    recording = torch.randn(920, 106)
    torch.save(recording[300:350], tmp_path / "natural_5.pt")
    np.save(tmp_path / "natural_5.npy", recording[300:350].numpy())
    for name in ("natural_5.pt", "natural_5.npy"):
        clip = load_style(tmp_path / name)
        assert np.array_equal(clip, recording[300:350].numpy())
        assert clip.base is None


@pytest.mark.parametrize("clip", [np.zeros((49, 106)), np.zeros(50), np.full((50, 106), np.nan), np.array(["a"])])
def test_clips_that_are_no_style_say_so(tmp_path, clip):
    np.save(tmp_path / "style.npy", clip)
    with pytest.raises(StyleError):
        load_style(tmp_path / "style.npy")


def test_a_config_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8-sig")
    assert load_config(tmp_path / "config.json") == SIZES


def test_other_scales_of_the_same_total_are_told(tmp_path, state):
    config = dataclasses.replace(SIZES, codec=dataclasses.replace(SIZES.codec, scales=(1, 6, 24)))
    with pytest.raises(ConfigError, match=r"\[1, 6, 24\], and model.pt was trained with the scales \[1, 5, 25\]"):
        load_generator(save(state, tmp_path / "model.pt"), config)


@pytest.mark.parametrize(
    ("name", "kind"), [("logits_head.weight", torch.int64), ("pos_embed", torch.complex64), ("lvl_idx", torch.float32)]
)
def test_numbers_of_another_kind_are_named(tmp_path, state, name, kind):
    path = save({**state, name: state[name].to(kind)}, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=f"{name} holds {str(kind)[6:]} where (float32|int64) is expected"):
        load_generator(path, SIZES)


@pytest.mark.parametrize(
    ("encoder", "fields"),
    [("wav2vec", {"conv_dim": 5}), ("wav2vec", {"hidden_size": "x"}), ("mimi", {"hidden_size": 7})],
)
def test_an_audio_encoder_that_cannot_be_built_says_so(tmp_path, encoder, fields):
    config = dataclasses.replace(SIZES, audio_encoder=encoder, audio=fields)
    with pytest.raises(ConfigError, match=f"AUDIO_CONFIG makes no {encoder} encoder"):
        load_generator(save({}, tmp_path / "model.pt"), config)


@pytest.mark.parametrize("kind", [torch.nn.Parameter, torch.Tensor.bfloat16, torch.Tensor.double])
def test_style_clips_may_hold_any_kind_of_floats(tmp_path, kind):
    torch.save(kind(torch.ones(50, 106)), tmp_path / "ones.pt")
    assert np.array_equal(load_style(tmp_path / "ones.pt"), np.ones((50, 106)))


def test_a_damaged_style_is_not_called_a_wrong_checkpoint(tmp_path):
    (tmp_path / "calm.pt").write_bytes(b"nonsense")
    with pytest.raises(StyleError) as caught:
        load_style(tmp_path / "calm.pt")
    assert "checkpoint" not in caught.value.remedy
    assert "PyTorch" not in str(caught.value)
