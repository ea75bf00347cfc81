"""What the codec promises beyond the published one: any length, pieces, and none of its faults."""

import copy

import pytest
import torch

import artalk_engine
from artalk_engine.body import rvq_vae
from artalk_engine.body.config import BodyCodecConfig
from artalk_engine.body.quantizer import QuantizerTraining
from artalk_engine.errors import ConfigError
from tests.artalk_engine.body.small_codec import small_model

STILL = QuantizerTraining(temperature=0.0, dropout=0.0)


def noise(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_it_is_one_of_the_public_names():
    assert artalk_engine.RVQVAE is rvq_vae.RVQVAE
    assert artalk_engine.RVQVAE().config == BodyCodecConfig()


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 63, 64, 66, 131])
def test_any_length_comes_back_as_long_as_it_was(frames):
    model, motion = small_model(), noise(1, frames, 12)
    reconstruction, _, _ = model(motion)
    assert reconstruction.shape == motion.shape
    codes, all_codes = model.encode(motion)
    tokens = -(-frames // 4)
    assert codes.shape == (1, tokens, 3)
    assert all_codes.shape == (3, 1, 16, tokens)
    torch.testing.assert_close(model.decode(codes, frames), reconstruction)
    torch.testing.assert_close(model.decode(codes)[:, :frames], reconstruction)


def test_a_length_of_whole_tokens_needs_no_padding():
    model, motion = small_model(), noise(2, 64, 12)
    assert torch.equal(model(motion)[0], model(motion, pad=False)[0])


@pytest.mark.parametrize(("norm", "down_t"), [(None, 2), (None, 1), (None, 3), ("LN", 2), ("BN", 2), ("GN", 2)])
def test_long_motion_in_pieces_has_the_numbers_of_one_piece(monkeypatch, norm, down_t):
    model, motion = small_model(norm=norm, down_t=down_t), noise(1, 701, 12)
    codes, _ = model.encode(motion)
    made = model.decode(codes)
    monkeypatch.setattr(rvq_vae, "PIECE", 16)
    in_pieces, _ = model.encode(motion)
    assert torch.equal(in_pieces, codes)
    torch.testing.assert_close(model.decode(codes), made, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("sizes", [{}, {"down_t": 3}, {"down_t": 1, "depth": 2}, {"dilation_growth_rate": 2}])
def test_margins_are_as_wide_as_the_network_sees_and_hardly_wider(sizes):
    model = small_model(**sizes)
    config = model.config
    per_code = config.frames_per_code
    margin, length = config.encoder_margin, 6 * config.encoder_margin
    motion = noise(1, length, 12).requires_grad_()
    middle = length // 2 // per_code
    model.encoder(motion.transpose(1, 2))[0, :, middle].sum().backward()
    seen = motion.grad.abs().sum(2)[0].nonzero().flatten()
    left, right = middle * per_code - int(seen.min()), int(seen.max()) - (middle + 1) * per_code + 1
    assert margin - per_code < max(left, right) <= margin

    features = noise(1, 16, 6 * config.decoder_margin).requires_grad_()
    middle = 3 * config.decoder_margin
    model.decoder(features)[0, :, middle * per_code : (middle + 1) * per_code].sum().backward()
    seen = features.grad.abs().sum(1)[0].nonzero().flatten()
    assert config.decoder_margin - 3 <= max(middle - int(seen.min()), int(seen.max()) - middle) <= config.decoder_margin


def test_encoding_changes_neither_codebooks_nor_mode_in_training_mode_either():
    model = small_model().train()
    before = copy.deepcopy(model.state_dict()), model.quantizer.statistics()["layers.0.code_sum"].clone()
    codes, _ = model.encode(noise(2, 40, 12))
    assert model.training
    assert torch.equal(model.eval().encode(noise(2, 40, 12))[0], codes)
    assert all(torch.equal(value, before[0][name]) for name, value in model.state_dict().items())
    assert torch.equal(model.quantizer.statistics()["layers.0.code_sum"], before[1])


@pytest.mark.parametrize("is_projected", [True, False])
def test_tokens_mean_what_the_reconstruction_was_made_of(is_projected):
    model, motion = small_model(projected_codebook=is_projected), noise(2, 64, 12)
    torch.testing.assert_close(model.decode(model.encode(motion)[0]), model(motion)[0])


def test_one_clip_can_be_trained_on():
    model = small_model(training=STILL).train().requires_grad_(True)
    reconstruction, commit, _ = model(noise(1, 64, 12))
    (reconstruction.square().mean() + commit).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(float(book.embedding_proj.weight.grad.abs().sum()) > 0 for book in model.quantizer.layers)


def test_training_on_from_weights_alone_keeps_the_codebooks():
    model = small_model(training=STILL)
    bare = rvq_vae.RVQVAE(model.config, STILL)
    bare.load_state_dict(model.state_dict())
    first = bare.quantizer.layers[0]
    before = first.codebook.clone()
    with torch.no_grad():
        bare.train()(noise(8, 32, 12, seed=5))
    assert (first.code_count >= 1.9).all()
    assert float((first.codebook - before).norm(dim=1).max()) < 0.2 * float(before.norm(dim=1).mean())


def test_training_on_with_statistics_is_as_if_never_interrupted():
    model = small_model(training=STILL)
    other = rvq_vae.RVQVAE(model.config, STILL)
    other.load_state_dict(model.state_dict())
    other.quantizer.load_statistics({k: v.clone() for k, v in model.quantizer.statistics().items()})
    for each in (model, other):
        torch.manual_seed(0)
        each.train()(noise(8, 32, 12))
    for name, value in model.quantizer.statistics().items():
        assert torch.equal(value, other.quantizer.statistics()[name])
    assert torch.equal(model.quantizer.layers[2].codebook, other.quantizer.layers[2].codebook)


@pytest.mark.parametrize("resets", [True, False])
def test_a_code_unused_for_ages_never_turns_into_no_number(resets):
    model = small_model(training=QuantizerTraining(temperature=0.0, dropout=0.0, resets_dead_codes=resets))
    book = model.quantizer.layers[0]
    book.code_count[3], book.code_sum[3], book.codebook[3] = 0.0, 0.0, 1e6
    model.train()(noise(8, 32, 12))
    assert torch.isfinite(book.codebook).all()
    assert (float(book.codebook[3].abs().max()) < 1e5) == resets


def test_layers_left_out_in_training_are_the_last_and_marked():
    model = small_model(training=QuantizerTraining(dropout=1.0)).train()
    torch.manual_seed(0)
    counts = {int((model.quantizer(noise(2, 16, 8)).codes >= 0).all(dim=0).all(dim=0).sum()) for _ in range(40)}
    assert counts == {1, 2, 3}


def test_each_layer_brings_the_sum_nearer():
    model, motion = small_model(projected_codebook=False, training=STILL), noise(4, 64, 12)
    for _ in range(20):
        model.train()(motion)
    features = model.map2latent(motion)
    _, all_codes = model.encode(motion)
    errors = [float((features.transpose(1, 2) - all_codes[:count].sum(0)).square().mean()) for count in (1, 2, 3)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(
    ("codes", "word"),
    [(torch.zeros(1, 4, 4).long(), "1 to 3"), (torch.full((1, 4, 3), 32), "below 32"), (torch.zeros(4, 3).long(), "B")],
)
def test_codes_that_there_are_not_are_refused(codes, word):
    with pytest.raises(ConfigError, match=word):
        small_model().decode(codes)


@pytest.mark.parametrize("motion", [noise(1, 0, 12), noise(1, 8, 11), noise(8, 12)])
def test_motion_of_another_shape_is_refused(motion):
    with pytest.raises(ConfigError):
        small_model().encode(motion)


@pytest.mark.parametrize(
    "sizes",
    [
        {"nb_code": 0},
        {"activation": "tanh"},
        {"norm": "XN"},
        {"stride_t": 3},
        {"colour": 1},
        {"norm": "GN", "width": 40},
    ],
)
def test_sizes_that_make_no_sense_are_refused(sizes):
    with pytest.raises(ConfigError):
        rvq_vae.RVQVAE(**sizes)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_a_gpu_gives_the_processors_codes():
    model, motion = small_model(), noise(2, 200, 12)
    codes, reconstruction = model.encode(motion)[0], model(motion)[0]
    on_gpu = model.cuda()
    assert torch.equal(on_gpu.encode(motion.cuda())[0].cpu(), codes)
    torch.testing.assert_close(on_gpu(motion.cuda())[0].cpu(), reconstruction, atol=1e-3, rtol=1e-3)
