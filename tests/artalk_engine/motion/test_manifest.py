"""State dicts have the released names, order, shapes and types, for every configuration."""

import pytest
import torch

from artalk_engine import BitwiseARModel
from tests.golden.golden import model_config
from tests.golden.seeded_weights import MANIFEST, build_tensor


@pytest.mark.parametrize("name", list(MANIFEST))
def test_state_dict_is_the_released_one(name):
    with torch.device("meta"):
        state = BitwiseARModel(model_config(name)).state_dict()
    found = {key: (list(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in state.items()}
    expected = {key: (spec["shape"], spec["dtype"]) for key, spec in MANIFEST[name]["tensors"].items()}
    assert found == expected
    assert list(found) == list(expected)


def test_state_dict_with_mimi_has_the_size_of_the_reference():
    config = model_config("released")
    config = {**config, "AR_CONFIG": {**config["AR_CONFIG"], "AUDIO_ENCODER": "mimi"}, "AUDIO_CONFIG": {}}
    with torch.device("meta"):
        model = BitwiseARModel(config)
    state, parameters = model.state_dict(), sum(value.numel() for value in model.parameters())
    assert (len(state), parameters) == (742, 224_310_251)
    assert sum(value.numel() for value in state.values()) - parameters == 17_025_711
    assert {value.dtype for value in state.values()} == {torch.float32, torch.int64}


def test_default_audio_encoder_is_the_released_one():
    config = {key: value for key, value in model_config("released").items() if key != "AUDIO_CONFIG"}
    with torch.device("meta"):
        state = BitwiseARModel(config).state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == {
        key: spec["shape"] for key, spec in MANIFEST["released"]["tensors"].items()
    }


@pytest.mark.parametrize("name", ["tiny", "tiny_prev2"])
def test_buffers_have_the_released_values(name):
    config = {**model_config(name), "AUDIO_CONFIG": {**MANIFEST[name]["wav2vec2"], "num_hidden_layers": 1}}
    state = BitwiseARModel(config).state_dict()
    for key, spec in MANIFEST[name]["tensors"].items():
        if "rule" in spec["init"]:
            torch.testing.assert_close(state[key], torch.from_numpy(build_tensor(key, spec, "")), rtol=0, atol=1e-6)
