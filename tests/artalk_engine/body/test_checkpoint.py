"""Codecs on disk: both published layouts, strictly, with the JSON that tells what weights cannot."""

import json
import pickle
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from artalk_engine.body.checkpoint import (
    BodyCodec,
    about_path,
    build_model,
    demonstration_path,
    load_codec,
    save_codec,
)
from artalk_engine.body.features import PARTS, Standard
from artalk_engine.errors import CheckpointError
from tests.artalk_engine.body.small_codec import SMALL, small_codec, small_model
from tests.golden.rvq import CONFIGS, build_state

SIZES = ["noproj_upper", *(name for name in CONFIGS if name.startswith(("small", "train")))]


@pytest.fixture
def codec():
    return small_codec()


@pytest.fixture
def saved(codec, tmp_path):
    save_codec(tmp_path / "c.pth", codec)
    return tmp_path / "c.pth"


def rewrite(path, change):
    about = json.loads(about_path(path).read_text())
    change(about)
    about_path(path).write_text(json.dumps(about))


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_told_by_the_tensors(name):
    sizes = CONFIGS[name]["rvq"]
    about = {key: sizes[key] for key in ("activation", "norm", "dilation_growth_rate")}
    config = build_model(build_state(name), about, name).config
    assert {key: getattr(config, key) for key in sizes if key != "stride_t"} == {
        key: value for key, value in sizes.items() if key != "stride_t"
    }


def test_batch_norm_is_told_by_its_running_mean():
    assert build_model(small_model(norm="BN").state_dict(), {}, "x").config.norm == "BN"


def test_a_codec_comes_back_as_it_was_saved(codec, saved):
    loaded = load_codec(saved)
    assert (loaded.part, loaded.fps, loaded.name) == (codec.part, codec.fps, "c")
    assert loaded.fingerprint == codec.fingerprint
    np.testing.assert_allclose(loaded.standard.mean, codec.standard.mean, rtol=1e-6)
    for name, value in codec.model.quantizer.statistics().items():
        assert torch.equal(loaded.model.quantizer.statistics()[name], value)
    assert loaded.model.quantizer.is_counted


def test_a_codec_with_other_numbers_beside_its_weights_is_another_one(codec, saved):
    rewrite(saved, lambda about: about.update(std=[2 * value for value in about["std"]]))
    assert load_codec(saved).fingerprint != codec.fingerprint


def test_weights_are_saved_as_published_with_statistics_under_a_key_of_their_own(codec, saved):
    content = torch.load(saved, weights_only=True)
    assert list(content["net"]) == list(codec.model.state_dict())
    assert set(content["ema"]) == {f"layers.{i}.{name}" for i in range(3) for name in ("code_sum", "code_count")}


@pytest.mark.parametrize("form", ["net.pth", "bare.pt", "plain.safetensors"])
def test_every_published_form_is_read(codec, saved, tmp_path, form):
    state = {name: value.clone() for name, value in codec.model.state_dict().items()}
    path = tmp_path / form
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"net": state} if form.startswith("net") else state, path)
    about_path(path).write_bytes(about_path(saved).read_bytes())
    loaded = load_codec(path)
    assert loaded.fingerprint == codec.fingerprint
    assert not loaded.model.quantizer.is_counted


def test_half_precision_is_smaller_and_nearly_the_same(codec, saved, tmp_path):
    save_codec(tmp_path / "half.pth", codec, half=True)
    assert (tmp_path / "half.pth").stat().st_size < 0.7 * saved.stat().st_size
    motion = torch.randn(1, 40, 78, generator=torch.Generator().manual_seed(0))
    made = load_codec(tmp_path / "half.pth").model.map2latent(motion)
    torch.testing.assert_close(made, codec.model.map2latent(motion), atol=2e-2, rtol=2e-2)


def test_the_shipped_codec_is_small_and_says_what_it_is():
    path = demonstration_path()
    assert path.stat().st_size + about_path(path).stat().st_size < 1_500_000
    codec = load_codec(path)
    assert codec.part.name == "upper"
    assert "made-up" in codec.note


def drop_mean(about):
    del about["mean"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop_mean, "does not say the checkpoint's 'mean'"),
        (lambda about: about.update(body_part="hands"), "takes 78 channels.*hands has 180"),
        (lambda about: about.update(body_part="tail"), "no body part 'tail'"),
        (lambda about: about.update(std=[0.0] * 78), "above zero"),
        (lambda about: about.update(mean="none"), "makes no sense"),
        (lambda about: about.update(activation="tanh"), "do not belong together"),
        (lambda about: about.update(format="other"), "does not describe"),
    ],
)
def test_a_json_that_does_not_fit_is_one_sentence(saved, change, words):
    rewrite(saved, change)
    with pytest.raises(CheckpointError, match=words) as caught:
        load_codec(saved)
    assert "adopt" in caught.value.remedy or "body part" in caught.value.remedy


def test_a_checkpoint_without_mean_and_std_says_how_to_add_them(saved):
    about_path(saved).unlink()
    with pytest.raises(CheckpointError, match=re.escape("mean and std are missing")) as caught:
        load_codec(saved)
    assert "adopt" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("decoder.model.6.bias"), "lacks decoder.model.6.bias"),
        (lambda state: state.pop("encoder.model.0.weight"), "lacks 'encoder.model.0.weight'"),
        (lambda state: state.update({"head.weight": torch.zeros(1)}), "unknown head.weight"),
        (lambda state: state.update({"encoder.model.4.bias": torch.zeros(3)}), "encoder.model.4.bias is"),
        (lambda state: state.clear(), "lacks"),
    ],
)
def test_foreign_weights_are_named(codec, saved, change, words):
    state = codec.model.state_dict()
    change(state)
    torch.save({"net": state}, saved)
    with pytest.raises(CheckpointError, match=words):
        load_codec(saved)


class Trap:
    def __reduce__(self):
        return (open, ("trap-was-sprung", "w"))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", pickle.dumps({"net": Trap()}, protocol=2)])
def test_a_damaged_or_hostile_checkpoint_is_refused_and_not_run(saved, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or no checkpoint") as caught:
        load_codec(saved)
    assert "GestureLSM" in caught.value.remedy  # a body codec has no config.json to choose
    assert not (tmp_path / "trap-was-sprung").exists()


def test_a_checkpoint_of_objects_is_refused(saved):
    torch.save({"net": {"a": 1}}, saved)
    with pytest.raises(CheckpointError, match="other things"):
        load_codec(saved)


def test_statistics_of_another_codec_are_refused(codec, saved):
    torch.save({"net": codec.model.state_dict(), "ema": {"layers.0.code_sum": torch.zeros(1)}}, saved)
    with pytest.raises(CheckpointError, match="moving averages"):
        load_codec(saved)


def test_a_part_that_the_network_does_not_have_is_refused_in_memory_too(codec):
    with pytest.raises(CheckpointError, match="hands"):
        BodyCodec(codec.model, PARTS["hands"], Standard(np.zeros(180), np.ones(180)))


def test_bits_a_second_are_those_of_the_tokens(codec):
    assert codec.bits_per_second == 7.5 * SMALL["num_quantizers"] * 5
