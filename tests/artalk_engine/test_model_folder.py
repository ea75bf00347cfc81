import json

import numpy as np
import pytest
import torch

from artalk_engine import ARTAvatarInferEngine, FLAMEModel
from artalk_engine.checkpoints import load_generator, load_style, read_config
from artalk_engine.errors import CheckpointError, ConfigError, RigMismatchError
from artalk_engine.model_folder import builtin_model, find_model
from tests.artalk_engine.released_layout import small_config, write_model, write_style
from tests.golden.golden import buzz

DOCUMENT = {"depth": 16, "context_windows": 2, "codec_depth": 6}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ARTalk")
    write_model(folder / "assets")
    return folder


def test_upstreams_folder_is_found_from_it_from_above_and_from_the_checkpoint(released):
    assets = released / "assets"
    model = find_model(assets)
    assert (model.weights, model.config) == (assets / "ARTalk_wav2vec.pt", assets / "config.json")
    assert (model.flame, model.styles) == (assets / "FLAME_with_eye.pt", (assets / "style_motion",))
    assert find_model(released) == find_model(assets / "ARTalk_wav2vec.pt") == model


def test_a_folder_may_hold_no_more_than_weights(tmp_path):
    (tmp_path / "model.safetensors").touch()
    model = find_model(tmp_path)
    assert (model.flame, model.styles) == (None, ())


def test_the_builtin_model_has_everything():
    model = builtin_model()
    assert model.weights.is_file()
    assert model.config.is_file()
    assert model.flame is not None
    assert model.flame.is_file()
    assert any(folder.glob("*.npy") for folder in model.styles)
    assert read_config(model).rig == "builtin"


def test_missing_models_say_so(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint in"):
        find_model(tmp_path)
    with pytest.raises(CheckpointError, match="no model at"):
        find_model(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("encoder", "sizes"), [("wav2vec", {}), ("wav2vec", DOCUMENT), ("mimi", {}), ("mimi", DOCUMENT)]
)
def test_weights_load_with_a_config_that_names_no_encoder(tmp_path, encoder, sizes):
    saved = write_model(tmp_path, encoder, **sizes)
    model = find_model(tmp_path)
    config = read_config(model)
    assert config.audio_encoder == encoder
    loaded = load_generator(model.weights, config)
    assert loaded.state_dict().keys() == saved.state_dict().keys()
    batch = {"audio": buzz(5.0), "style_motion": None}
    assert torch.equal(loaded.inference(batch), saved.inference(batch))


OLDER_NAMES = {
    "wav2vec": {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"},
    "mimi": {
        "model.encoder.encoder_seanet.": "model.encoder.",
        "model.encoder.encoder_transformer.": "model.encoder_transformer.",
        "model.encoder.downsample.": "model.downsample.",
        "model.decoder.decoder_seanet.": "model.decoder.",
        "model.decoder.decoder_transformer.": "model.decoder_transformer.",
        "model.decoder.upsample.": "model.upsample.",
    },
}


@pytest.mark.parametrize("encoder", OLDER_NAMES)
def test_weights_saved_under_older_names_load(tmp_path, encoder):
    saved = write_model(tmp_path, encoder)
    model, older = find_model(tmp_path), {}
    for name, value in saved.state_dict().items():
        for new, old in OLDER_NAMES[encoder].items():
            name = name.replace(new, old)
        older[name] = value
    assert older.keys() != saved.state_dict().keys()
    torch.save(older, model.weights)
    loaded = load_generator(model.weights, read_config(model))
    batch = {"audio": buzz(2.0), "style_motion": None}
    assert torch.equal(loaded.inference(batch), saved.inference(batch))


def test_the_first_tensors_that_do_not_fit_are_named(released):
    model = find_model(released)
    deeper = read_config(model, small_config("wav2vec", depth=3))
    with pytest.raises(CheckpointError, match=r"it lacks attn_blocks\.2\.\S+ and 13 more$"):
        load_generator(model.weights, deeper)
    longer = read_config(model, small_config("wav2vec", context_windows=2))
    with pytest.raises(CheckpointError, match=r"has shape \[1, 181, 32\] where \[1, 362, 32\] is expected"):
        load_generator(model.weights, longer)


def test_the_engine_takes_the_released_files_as_they_are(released):
    engine = ARTAvatarInferEngine(checkpoint=released, device="cpu", threads=1)
    assert engine.rig == "flame"
    assert engine.styles() == ("natural_0",)
    engine.set_style_motion("natural_0")
    motion = engine.inference(buzz(1.0)[0])
    assert motion.shape == (25, 106)
    assert np.isfinite(motion).all()
    assert FLAMEModel(model_path=find_model(released).flame).get_faces().shape == (9976, 3)


def test_a_config_that_names_another_encoder_than_the_weights_hold_says_so(released):
    model = find_model(released)
    config = small_config("wav2vec")
    config["AR_CONFIG"]["AUDIO_ENCODER"] = "mimi"
    with pytest.raises(ConfigError, match=r"names the audio encoder mimi, and ARTalk_wav2vec\.pt holds wav2vec"):
        load_generator(model.weights, read_config(model, config))


def test_a_model_for_another_head_says_so(released, tmp_path):
    model = find_model(released)
    assert read_config(model, rig="flame").rig == "flame"
    with pytest.raises(RigMismatchError, match="speaks to the flame rig, and the builtin rig") as caught:
        read_config(model, rig="builtin")
    assert (caught.value.code, caught.value.found, caught.value.wanted) == ("rig_mismatch", "flame", "builtin")
    with pytest.raises(RigMismatchError, match="speaks to the builtin rig"):
        read_config(builtin_model(), rig="flame")
    with pytest.raises(ConfigError, match="RIG must be"):
        read_config(model, {**small_config("wav2vec"), "RIG": "metahuman"})


def test_missing_configs_say_where_they_belong(released, tmp_path):
    (tmp_path / "ARTalk_wav2vec.pt").write_bytes((released / "assets" / "ARTalk_wav2vec.pt").read_bytes())
    model = find_model(tmp_path)
    with pytest.raises(ConfigError, match="no config at") as caught:
        read_config(model)
    assert "beside the checkpoint" in caught.value.remedy
    other = tmp_path / "other.json"
    other.write_text(json.dumps(small_config("wav2vec")))
    assert read_config(model, other) == read_config(find_model(released))


@pytest.mark.parametrize("turn", [lambda clip: clip, lambda clip: clip.t().contiguous().t()])
def test_style_clips_are_read_through_offset_and_strides(tmp_path, turn):
    expected = write_style(tmp_path / "style_motion" / "natural_0.pt")
    assert np.array_equal(load_style(tmp_path / "style_motion" / "natural_0.pt"), expected)
    torch.save(turn(torch.from_numpy(expected)), tmp_path / "turned.pt")
    clip = load_style(tmp_path / "turned.pt")
    assert np.array_equal(clip, expected)
    assert clip.flags.c_contiguous
