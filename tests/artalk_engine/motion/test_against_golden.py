"""Every stage of the generator against golden arrays of the reference."""

import numpy as np
import pytest
import torch

from artalk_engine.motion.smoothing import smooth
from bridge.motion import JAW_YAW_ROLL
from tests.golden.golden import Golden, buzz, recording, shared_model

TINY = ["tiny", "tiny_prev2"]


@pytest.fixture(params=TINY)
def name(request):
    return request.param


@pytest.fixture
def golden(name):
    return Golden(f"artalk_{name}_dev")


@pytest.fixture
def model(name):
    return shared_model(name)


def near(found, expected, tolerance):
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=tolerance)


def test_style_token_is_the_references(model, golden):
    clip = golden.tensor("input_style_motion")
    near(model.style_encoder(clip), golden.tensor("style_feat"), 5e-6)
    near(model.embed_style(clip), golden.tensor("style_token_raw"), 5e-6)
    near(model.style_token(clip), golden.tensor("style_token"), 5e-6)


def test_order_of_style_frames_does_not_matter(model, golden):
    clip = golden.tensor("input_style_motion")
    near(model.style_encoder(clip.flip(1)), model.style_encoder(clip), 5e-6)


def test_codec_encodes_one_window_or_two(model, golden):
    codec = model.basic_vae
    previous, this = golden.tensor("vae_motion_prev"), golden.tensor("vae_motion_this")
    joint = torch.cat(codec.encode(previous, this), dim=1)
    near(joint, golden.tensor("vae_enc_joint"), 2e-5)
    near(codec.encode(previous)[0], golden.tensor("vae_enc_alone"), 2e-5)
    previous_bits, this_bits = codec.quant_to_vqidx(previous, this)
    assert torch.equal(previous_bits, golden.bits("vae_bits_prev_joint"))
    assert torch.equal(this_bits, golden.bits("vae_bits_this_joint"))
    alone, nothing = codec.quant_to_vqidx(previous)
    assert nothing is None
    assert torch.equal(alone, golden.bits("vae_bits_prev_alone"))
    assert torch.equal(codec.quant_to_vqidx(torch.zeros_like(previous))[0], golden.bits("vae_bits_zero_motion"))


def test_codec_decodes_two_windows(model, golden):
    previous, this = model.basic_vae.vqidx_to_motion(golden.bits("bits_a"), golden.bits("bits_b"))
    near(previous, golden.tensor("vae_decoded_prev"), 2e-5)
    near(this, golden.tensor("vae_decoded_this"), 2e-5)


def test_bits_become_inputs_of_the_next_scales(model, golden):
    codec, bits = model.basic_vae, golden.bits("bits_a")
    near(codec.quantize.bits_to_window(bits), golden.tensor("vq_feat_a"), 1e-6)
    near(codec.vqidx_to_ms_vqfeat(bits), golden.tensor("vq_multiscale_a"), 1e-6)
    for scale, tokens in enumerate((1, 6, 31, 81)):
        near(codec.vqidx_to_ar_vqfeat(scale, bits[:, :tokens]), golden.tensor(f"vq_next_input_a_{scale}"), 1e-6)


def test_quantizer_is_the_references_with_its_losses(model, golden):
    quantized, bits, losses = model.basic_vae.quantize(golden.tensor("bsq_in"))
    near(quantized, golden.tensor("bsq_out"), 1e-6)
    assert torch.equal(bits, golden.bits("bsq_bits"))
    near(losses, golden.tensor("bsq_losses"), 1e-5)


def test_first_window_follows_from_audio_features(model, golden, monkeypatch):
    features = golden.tensor("audio_feat_0")
    near(model.audio_tokens(features)[..., ::16], golden.tensor("audio_cond_0_c16"), 1e-5)
    monkeypatch.setattr(model.audio_encoder, "forward", lambda _: features)
    clip = golden.tensor("input_style_motion")
    window = model.step(model.start(clip, 1), model.hear(torch.zeros(1, 64_000)))
    assert torch.equal(window.context_bits, golden.bits("out_style_context_bits")[:1])
    assert torch.equal(window.bits, golden.bits("out_style_pred_bits")[:1])
    near(window.motion[0], golden.tensor("out_style_motion")[:100], 2e-5)


def test_logits_of_each_scale_are_the_references(model, golden):
    bits = golden.bits("out_style_pred_bits")[:1]
    context = golden.bits("out_style_context_bits")[:1].repeat(1, model.config.context_windows, 1)
    style = model.style_token(golden.tensor("input_style_motion"))
    logits = model.teacher_forced_logits(golden.tensor("audio_feat_0"), style, context, bits).flatten(2)
    for scale, tokens in enumerate((1, 6, 31, 81, 181)):
        near(logits[:, :tokens], golden.tensor(f"logits_chunk0_scale{scale}"), 2e-5)


def test_first_block_is_the_references(model, golden):
    block = model.attn_blocks[0]
    style = model.style_token(golden.tensor("input_style_motion"))
    state = model.start(golden.tensor("input_style_motion"), 1)
    newest = model._encode_context(state.style, state.motion)[1]
    context = torch.cat([state.context, newest], dim=1) + model._context_positions()
    near(context[..., ::16], golden.tensor("block0_context_chunk0_c16"), 2e-5)
    inputs = model.basic_vae.vqidx_to_ms_vqfeat(golden.bits("out_style_pred_bits")[:1])
    tokens = torch.cat([style, model.vqfeat_embed(inputs)], dim=1) + model._positions()
    out = block(tokens, context, model.audio_tokens(golden.tensor("audio_feat_0")), model.attn_bias_for_masking)
    near(out[..., ::4], golden.tensor("block0_out_chunk0_scale4_c4"), 2e-5)


@pytest.mark.parametrize("with_style", [True, False], ids=["style", "nostyle"])
def test_whole_recording_becomes_the_references_motion(model, golden, with_style):
    _check_recording(model, golden, with_style)


@pytest.mark.slow
@pytest.mark.parametrize("with_style", [True, False], ids=["style", "nostyle"])
def test_whole_recording_at_released_size(with_style):
    recording()  # skips before five gigabytes are made
    _check_recording(shared_model("released"), Golden("artalk_released_dev"), with_style)


def _check_recording(model, golden, with_style):
    prefix = "out_style" if with_style else "out_nostyle"
    clip = golden.tensor("input_style_motion") if with_style else None
    windows = list(model.windows(recording(), clip))
    near(model.audio_encoder(next(model.split(recording()))), golden.tensor("audio_feat_0"), 2e-5)
    assert torch.equal(torch.cat([w.bits for w in windows]), golden.bits(f"{prefix}_pred_bits"))
    assert torch.equal(torch.cat([w.context_bits for w in windows]), golden.bits(f"{prefix}_context_bits"))
    motion = torch.cat([w.motion for w in windows], dim=1)[0, :258]
    near(motion, golden.tensor(f"{prefix}_motion"), 2e-5)
    smoothed = smooth(motion.numpy())
    np.testing.assert_allclose(smoothed, golden.arrays[f"{prefix}_smoothed"], rtol=0, atol=2e-5)
    smoothed[:, JAW_YAW_ROLL] = 0
    np.testing.assert_allclose(smoothed, golden.arrays[f"{prefix}_final"], rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", ["style", "nostyle"])
def test_synthetic_sound_becomes_the_pinned_motion(kind):
    model, pinned = shared_model("tiny"), Golden("artalk_tiny_buzz")
    clip = Golden("artalk_tiny_dev").tensor("input_style_motion") if kind == "style" else None
    near(model.audio_encoder(next(model.split(buzz())))[0, ::8], pinned.tensor("features_s8"), 1e-4)
    windows = list(model.windows(buzz(), clip))
    assert torch.equal(torch.cat([w.bits for w in windows]), pinned.bits(f"{kind}_bits"))
    near(torch.cat([w.motion for w in windows], dim=1)[0, :225], pinned.tensor(f"{kind}_motion"), 1e-4)
