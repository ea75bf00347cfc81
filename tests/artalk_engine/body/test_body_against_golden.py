"""The body codec against golden arrays of the published modules: codes exactly, numbers within 1e-4."""

import numpy as np
import pytest
import torch

from artalk_engine.body import quantizer as quantizer_module
from artalk_engine.body.config import BodyCodecConfig
from artalk_engine.body.quantizer import Codebook, QuantizerTraining
from artalk_engine.body.rvq_vae import RVQVAE
from artalk_engine.body.training import TrainingOptions, make_optimizer, training_losses
from tests.golden.golden import Golden
from tests.golden.rvq import CONFIGS, MANIFEST, build_codec, shared_codec

PARTS = ["upper", "hands", "lower", "lower_trans", "face"]
SMALL = [name for name in CONFIGS if name.startswith("small_")]
PRESET = QuantizerTraining(temperature=0.0, dropout=0.0)


def near(found, expected, tolerance=1e-4):
    np.testing.assert_allclose(found.detach().numpy(), np.asarray(expected), rtol=0, atol=tolerance)


def same(found, expected):
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.fixture
def full():
    return Golden("rvq_full330")


@pytest.mark.parametrize("name", list(CONFIGS))
def test_state_dict_is_the_published_one(name):
    with torch.device("meta"):
        state = RVQVAE(CONFIGS[name]["rvq"]).state_dict()
    assert list(state) == list(CONFIGS[name]["tensors"])
    assert {key: list(value.shape) for key, value in state.items()} == {
        key: spec["shape"] for key, spec in CONFIGS[name]["tensors"].items()
    }


def test_every_stage_of_a_full_size_codec_is_the_references(full):
    codec, motion = shared_codec("proj_330"), full.tensor("x")
    with torch.no_grad():
        tap = motion.transpose(1, 2)
        for index, layer in enumerate(codec.encoder.model):
            tap = layer(tap)
            near(tap[:, :8], full.arrays[f"enc_tap{index}"])
        near(tap, full.arrays["z_e"])
        quantized = codec.quantizer(tap)
        tap = quantized.features
        for index, layer in enumerate(codec.decoder.model):
            tap = layer(tap)
            near(tap[:, :8], full.arrays[f"dec_tap{index}"])
    same(quantized.codes, full.arrays["indices"])
    near(quantized.layers, full.arrays["codes"])
    near(quantized.features, full.arrays["z_q"])
    near(tap.transpose(1, 2), full.arrays["rec"])


def test_the_three_public_calls_are_the_references(full):
    codec, motion = shared_codec("proj_330"), full.tensor("x")
    codes, all_codes = codec.encode(motion)
    same(codes, full.arrays["indices"])
    near(all_codes, full.arrays["codes"])
    near(codec.decode(codes), full.arrays["rec_from_indices"])
    reconstruction, commit_loss, perplexity = codec(motion)
    near(reconstruction, full.arrays["rec"])
    near(commit_loss, full.arrays["commit_loss"])
    near(perplexity, full.arrays["perplexity"], 1e-3)


def test_the_first_layers_decode_alone_and_unused_layers_add_nothing(full):
    codec, codes = shared_codec("proj_330"), torch.from_numpy(full.arrays["indices"]).long()
    for layers in (1, 3):
        near(codec.decode(codes[..., :layers]), full.arrays[f"rec_first{layers}"])
        padded = codes.clone()
        padded[..., layers:] = -1
        near(codec.decode(padded), full.arrays[f"rec_first{layers}"])


def test_decoding_tokens_does_not_forget_the_projection(full):
    codec, codes = shared_codec("proj_330"), torch.from_numpy(full.arrays["indices"]).long()
    fault = full.arrays["rec_upstream_forward_decoder_bug"]
    assert np.abs(codec.decode(codes)[:, : fault.shape[1]].numpy() - fault).max() > 1.0


def test_layers_left_out_are_marked_and_do_not_count(full):
    codec, motion = shared_codec("proj_330"), full.tensor("x")
    with torch.no_grad():
        quantized = codec.quantizer(codec.encoder(motion.transpose(1, 2)), layers=3)
    same(quantized.codes, full.arrays["forced_drop2_indices"])
    near(quantized.features, full.arrays["forced_drop2_z_q"])
    near(quantized.commit_loss, full.arrays["forced_drop2_commit"])
    near(quantized.perplexity, full.arrays["forced_drop2_perplexity"], 1e-3)


def test_without_padding_incomplete_tokens_are_dropped_as_published(full):
    codec, motion = shared_codec("proj_330"), full.tensor("x")
    codes, _ = codec.encode(motion[:, :66], pad=False)
    same(codes, full.arrays["indices_T66"])
    near(codec.decode(codes), full.arrays["rec_T66"])
    near(codec(motion[:, :66], pad=False)[0], full.arrays["rec_T66"])
    longer = torch.cat([motion, motion], dim=1)
    for frames, tokens, made in full.arrays["lengths_T_codes_out"]:
        codes, _ = codec.encode(longer[:, :frames], pad=False)
        assert (codes.shape[1], codec.decode(codes).shape[1]) == (tokens, made)


@pytest.mark.parametrize("part", PARTS)
def test_every_body_part_is_the_references(part):
    golden, codec = Golden("rvq_parts"), build_codec(f"proj_{part}")
    motion = golden.tensor(f"{part}_x")
    codes, _ = codec.encode(motion)
    same(codes, golden.arrays[f"{part}_indices"])
    near(codec.map2latent(motion), golden.arrays[f"{part}_z_e"])
    near(codec.latent2origin(codec.map2latent(motion)), golden.arrays[f"{part}_rec"])
    reconstruction, commit_loss, perplexity = codec(motion)
    near(reconstruction, golden.arrays[f"{part}_rec"])
    near(commit_loss, golden.arrays[f"{part}_commit"])
    near(perplexity, golden.arrays[f"{part}_perplexity"], 1e-3)


def test_the_layout_without_projections_is_the_references():
    golden, codec = Golden("rvq_noproj78"), build_codec("noproj_upper")
    motion = golden.tensor("x")
    codes, all_codes = codec.encode(motion)
    same(codes, golden.arrays["indices"])
    near(all_codes, golden.arrays["codes"])
    near(codec.decode(codes), golden.arrays["rec_from_indices"])
    reconstruction, commit_loss, perplexity = codec(motion)
    near(reconstruction, golden.arrays["rec"])
    near(commit_loss, golden.arrays["commit_loss"])
    near(perplexity, golden.arrays["perplexity"], 1e-3)


@pytest.mark.parametrize("name", SMALL)
def test_every_activation_norm_depth_and_growth_is_the_references(name):
    golden, codec = Golden("rvq_variants_small"), build_codec(name)
    short = name.removeprefix("small_")
    motion = golden.tensor(f"{short}_x")
    same(codec.encode(motion)[0], golden.arrays[f"{short}_indices"])
    near(codec(motion)[0], golden.arrays[f"{short}_rec"])


@pytest.mark.parametrize("variant", ["proj", "noproj"])
@pytest.mark.parametrize("case", ["gumbel", "argmax", "tile", "tile_init", "evalmode"])
def test_one_codebook_learns_as_the_references(variant, case, monkeypatch):
    golden, prefix = Golden("rvq_quantizer_unit"), f"{variant}_{case}_"
    take = lambda name: golden.tensor(prefix + name)  # noqa: E731
    motion = take("x")
    settings = QuantizerTraining(temperature=0.0 if case in ("argmax", "tile_init") else 0.5)
    book = Codebook(BodyCodecConfig(nb_code=32, code_dim=16, projected_codebook=variant == "proj"), settings)
    state = {"codebook": take("codebook0")}
    if variant == "proj":
        state |= {"embedding_proj.weight": take("proj_w"), "embedding_proj.bias": take("proj_b")}
    book.load_state_dict(state)
    book.code_sum.copy_(take("sum0"))
    book.code_count.copy_(take("count0"))
    book.is_filled = book.is_counted = case != "tile_init"
    normals = iter(["randn0", "randn1"])
    monkeypatch.setattr(quantizer_module, "_uniform", lambda _: take("u"))
    monkeypatch.setattr(quantizer_module, "_normal", lambda _: take(next(normals)))
    book.train(case != "evalmode")
    vectors, codes, loss, perplexity = book(motion.transpose(1, 2).flatten(0, 1))
    same(codes.view(len(motion), -1), golden.arrays[prefix + "idx"])
    near(vectors.view(len(motion), -1, 16).transpose(1, 2), golden.arrays[prefix + "x_d"])
    near(loss, golden.arrays[prefix + "commit"])
    near(perplexity, golden.arrays[prefix + "perplexity"], 1e-3)
    near(book.codebook, golden.arrays[prefix + "codebook1"])
    near(book.code_sum, golden.arrays[prefix + "sum1"])
    near(book.code_count, golden.arrays[prefix + "count1"])


@pytest.mark.parametrize("variant", ["proj", "noproj"])
def test_three_training_steps_are_the_references(variant):
    golden, options = Golden("rvq_train_steps"), TrainingOptions(loss_vel=0.0)
    codec = build_codec(f"train_{variant}", PRESET).train()
    for module in codec.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    codec.quantizer.start_over()
    parameters = dict(codec.named_parameters())
    order = MANIFEST["cases"]["rvq_train_steps.npz"]["params_order"][variant]
    assert sorted(order) == sorted(parameters)
    optimizer = make_optimizer(codec, options)
    for step in range(3):
        prefix = f"{variant}_s{step}_"
        take = lambda name, prefix=prefix: golden.arrays[prefix + name]  # noqa: E731
        motion = golden.tensor(prefix + "x")
        losses = training_losses(codec, motion, options)
        optimizer.zero_grad()
        losses.total.backward()
        near(losses.reconstruction.detach(), take("loss")[1])
        near(losses.commit, take("loss")[2])
        near(losses.perplexity, take("loss")[3], 1e-3)
        near(losses.total, take("loss")[0])
        norms = [-1.0 if parameters[name].grad is None else float(parameters[name].grad.norm()) for name in order]
        np.testing.assert_allclose(norms, take("grad_norms"), atol=1e-4)
        near(parameters["encoder.model.0.bias"].grad, take("grad_enc0_bias"))
        near(parameters["encoder.model.4.weight"].grad, take("grad_enc_last_weight"))
        for index, book in enumerate(codec.quantizer.layers):
            near(book.codebook, take(f"codebook{index}"))
            near(book.code_sum, take(f"code_sum{index}"))
            near(book.code_count, take(f"code_count{index}"))
            if variant == "proj":
                near(book.embedding_proj.weight.grad, take(f"grad_proj{index}"))
        optimizer.step()
        after = [float(parameters[name].detach().norm()) for name in order]
        np.testing.assert_allclose(after, take("param_norms_after"), atol=1e-4)
    near(codec.eval()(motion)[0], golden.arrays[f"{variant}_final_rec"])
