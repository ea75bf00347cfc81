"""The three trainings at toy size, on invented clips: each must really learn, and carry on after an interruption."""

import logging
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from artalk_engine import assets
from artalk_engine.audio.log_mel import LogMelConfig
from artalk_engine.motion.quantizer import MultiScaleBSQ
from artalk_engine.training import build, loop, train_codec, train_encoder, train_generator, voices
from artalk_engine.training.corpus import Clip
from artalk_engine.training.phones import PAUSE, SYMBOLS, Phone
from artalk_engine.training.rule import make_motion
from artalk_engine.training.windows import STYLE_NAMES, WindowSource, quiet_clips, steps_of

SCALES = (1, 5, 25, 50, 100)


def invented_clip(index):
    """Two tones, one for an open vowel and one for closed lips, in random order."""
    rng = np.random.default_rng(index)
    phones, pieces, start_s = [], [], 0.0
    for k in range(30):
        symbol = ("aa", "m")[k % 2]
        length_s = float(rng.uniform(0.15, 0.3))
        times = np.arange(int(length_s * 16_000)) / 16_000
        pieces.append(0.1 * np.sin(2 * np.pi * (700.0 if symbol == "aa" else 200.0) * times))
        phones.append(Phone(symbol, start_s, start_s + len(times) / 16_000))
        start_s = phones[-1].end_s
    waveform = np.concatenate(pieces).astype(np.float32)
    style = STYLE_NAMES[index % len(STYLE_NAMES)]
    neutral, styled = (make_motion(phones, waveform, name, 0) for name in ("neutral", style))
    return Clip(waveform, waveform, tuple(phones), neutral, styled, style, "tones")


@pytest.fixture(scope="module")
def source():
    return WindowSource([*map(invented_clip, range(8)), *quiet_clips(4, np.random.default_rng(0))])


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def schedule(steps, batch=4):
    return loop.LoopConfig(steps=steps, batch=batch, warm_up=5, report_every=2, save_every=5, memory=0.8)


ENCODER = train_encoder.EncoderTraining(
    encoder=LogMelConfig(width=20, groups=5, fine_dilations=(1,), coarse_dilations=(1, 2), dropout=0.0),
    loop=schedule(60),
)
CODEC = train_codec.CodecTraining(code_bits=8, width=32, depth=1, heads=2, loop=schedule(30))
GENERATOR = train_generator.GeneratorTraining(
    codec=CODEC, width=32, depth=1, heads=2, style_width=16, loop=replace(schedule(24), report_every=8)
)


def losses_in(caplog, name):
    return [float(found) for found in re.findall(rf"\b{name} (-?[0-9.]+)", caplog.text)]


def falls(losses, share):
    third = max(1, len(losses) // 3)
    return np.mean(losses[-third:]) < share * np.mean(losses[:third])


def test_windows_are_cut_with_the_sound_around_them(source):
    batch = source.draw(6, np.random.default_rng(0))
    assert batch.waveform.shape == (6, 160 * 640)
    assert batch.phones.shape == (6, 320)
    assert batch.neutral.shape == (6, 160, 106)
    assert batch.previous.shape == batch.styled.shape == (6, 100, 106)


def test_before_a_clip_there_is_silence_and_its_first_face():
    batch = WindowSource(map(invented_clip, range(4))).draw(40, np.random.default_rng(0))
    at_start = (batch.previous == 0).flatten(1).all(dim=1)
    assert at_start.any()
    assert not batch.waveform[at_start, : 30 * 640].any()
    assert (batch.phones[at_start, :60] == SYMBOLS.index(PAUSE)).all()
    assert torch.equal(batch.neutral[at_start, 0], batch.neutral[at_start, 30])


def test_a_clip_whose_last_frame_has_too_little_sound_is_no_whole_window():
    enough = quiet_clips(1, np.random.default_rng(0))[0]
    enough = replace(
        enough, clean=enough.clean[:128_000], augmented=enough.augmented[:128_000], styled=enough.styled[:200]
    )
    short = replace(enough, clean=enough.clean[:-10], augmented=enough.augmented[:-10])
    waveforms, symbols, styled, styles = WindowSource([short, enough, short]).clips_from_start(3, 2)
    shapes = [tensor.shape for tensor in (waveforms, symbols, styled, styles)]
    assert shapes == [(1, 128_000), (1, 400), (1, 200, 106), (1,)]


def test_steps_take_the_sound_in_their_middle():
    phones = [Phone("aa", 0.0, 0.05), Phone("m", 0.05, 0.1)]
    assert len(set(steps_of(phones, 2).tolist())) == 1
    assert len(set(steps_of(phones, 5).tolist())) == 2


def test_each_training_learns_and_the_voice_can_be_written(source, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    head = assets.head_path()
    taught = train_encoder.train(ENCODER, source, source, head, tmp_path / "encoder.pt")
    assert falls(losses_in(caplog, "phones")[::2], 0.8)
    caplog.clear()
    codec = train_codec.train(CODEC, source, source, head, tmp_path / "codec.pt")
    opening = losses_in(caplog, "opening")  # correlation after the codec
    assert opening[-1] > opening[0] + 0.2
    caplog.clear()
    audio = build.audio_mapping(ENCODER)
    state = tmp_path / "generator.pt"
    heard_before = {name: tensor.clone() for name, tensor in taught.encoder.state_dict().items()}
    model = train_generator.train(GENERATOR, taught, audio, codec, source, source, head, state)
    assert len(losses_in(caplog, "bits")) == 3
    frozen = codec.state_dict(prefix="basic_vae.")
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in frozen.items())
    heard = model.audio_encoder.state_dict()
    assert not torch.equal(heard["stem.weight"], heard_before["stem.weight"])  # it goes on learning
    assert torch.equal(heard["fine.0.layers.0.running_mean"], heard_before["fine.0.layers.0.running_mean"])

    build.write_voice(model, GENERATOR.mapping(audio), tmp_path / "voice")
    from artalk_engine.engine import ARTAvatarInferEngine

    engine = ARTAvatarInferEngine(checkpoint=tmp_path / "voice")
    assert set(engine.styles()) == set(STYLE_NAMES)
    engine.set_style_motion("happy")
    assert engine.inference(invented_clip(0).clean[:32_000]).shape == (50, 106)


def test_a_build_goes_on_from_the_voice_that_it_is_given(source, tmp_path):
    head, earlier = assets.head_path(), voices.load_voice(assets.assets_folder() / "voice")
    config = build.going_on(build.BuildConfig(), earlier)
    encoder, codec, generator = (
        replace(part, loop=replace(part.loop, steps=0)) for part in (config.encoder, config.codec, config.generator)
    )
    taught = train_encoder.train(encoder, source, source, head, tmp_path / "encoder.pt", earlier.audio_encoder)
    coder = train_codec.train(codec, source, source, head, tmp_path / "codec.pt", earlier.basic_vae)
    state, audio = tmp_path / "generator.pt", build.audio_mapping(encoder)
    model = train_generator.train(generator, taught, audio, coder, source, source, head, state, earlier)
    changed = {
        name
        for name, tensor in model.state_dict().items()
        if not torch.equal(tensor, earlier.state_dict()[name]) and "motion_" not in name
    }
    assert {name.removeprefix("basic_vae.") for name in changed} <= {
        "decoder.out_mapping.weight",  # channels that do not move in these clips
        "decoder.out_mapping.bias",
    }


def test_an_encoder_that_went_on_lies_between_what_it_was_and_what_it_became(source, tmp_path):
    head, config = assets.head_path(), replace(ENCODER, loop=schedule(6))
    earlier = train_encoder.train(config, source, source, head, tmp_path / "earlier.pt").encoder
    config = replace(config, loop=replace(config.loop, seed=2))
    state = tmp_path / "encoder.pt"
    mixed = train_encoder.train(config, source, source, head, state, earlier).encoder.stem.weight
    learned = torch.load(state, weights_only=True)["average"]["module.encoder.stem.weight"]
    assert (learned - earlier.stem.weight).abs().max() > 1e-3
    torch.testing.assert_close(mixed, 0.6 * learned + 0.4 * earlier.stem.weight)


def test_what_comes_out_is_the_average_of_the_last_weights(tmp_path):
    module = torch.nn.Linear(1, 1, bias=False)
    module.weight.data.zero_()
    seen = []

    def step(_):
        seen.append(float(module.weight.detach()))
        return {"error": -module.weight.sum()}  # always up

    config = loop.LoopConfig(steps=9, batch=1, warm_up=1, memory=0.5)
    loop.run(module, config, step, tmp_path / "state.pt")
    assert seen[1] < float(module.weight.detach()) < float(torch.load(tmp_path / "state.pt")["module"]["weight"])


def test_the_statistics_of_norms_are_averaged_with_the_weights_and_masks_stay(tmp_path):
    module = torch.nn.Sequential(torch.nn.BatchNorm1d(1))
    module.register_buffer("mask", torch.tensor([0.0, -torch.inf]))
    means = []

    def step(rng):
        error = module[0](torch.from_numpy(rng.random((8, 1), np.float32))).square().sum()
        means.append(float(module[0].running_mean))
        return {"error": error}

    loop.run(module, loop.LoopConfig(steps=9, batch=1, warm_up=1, memory=0.5), step, tmp_path / "state.pt")
    assert means[0] < float(module[0].running_mean) < means[-1]
    assert module.mask.tolist() == [0.0, -float("inf")]


def test_a_part_that_is_trained_gently_moves_less(tmp_path):
    parts = torch.nn.ModuleList([torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)])
    before = [float(part.weight.detach()) for part in parts]
    config = loop.LoopConfig(steps=5, batch=1, warm_up=1, weight_decay=0.0)
    step = lambda _: {"error": sum(part.weight.sum() for part in parts)}  # noqa: E731
    loop.run(parts, config, step, tmp_path / "state.pt", gently=loop.Gently(parts[0], 0.1))
    moved = [abs(float(part.weight.detach()) - old) for part, old in zip(parts, before, strict=True)]
    assert moved[0] == pytest.approx(0.1 * moved[1], rel=1e-3)


def test_an_interrupted_training_ends_like_one_in_a_piece(tmp_path):
    def train(steps, path):
        torch.manual_seed(0)
        module = torch.nn.Linear(3, 1)
        config = loop.LoopConfig(steps=10, batch=1, warm_up=2, save_every=5)

        def step(rng):
            if len(taken) == steps:
                raise KeyboardInterrupt
            taken.append(1)
            return {"error": module(torch.from_numpy(rng.random(3, np.float32))).square().sum()}

        taken = []
        try:
            loop.run(module, config, step, path)
        except KeyboardInterrupt:
            return None
        return module.weight.detach()

    whole = train(-1, tmp_path / "whole.pt")
    assert train(7, tmp_path / "broken.pt") is None
    torch.testing.assert_close(train(-1, tmp_path / "broken.pt"), whole)


def test_corrections_of_right_bits_are_these_bits_and_of_wrong_ones_come_nearer():
    quantizer = MultiScaleBSQ(8, SCALES)
    features = torch.randn(4, 100, 8, generator=torch.Generator().manual_seed(0))
    bits = quantizer(features)[1]
    assert torch.equal(train_generator.corrections(quantizer, features, bits), bits)
    wrong = bits.clone()
    wrong[:, :31] = 1 - wrong[:, :31]
    corrected = train_generator.corrections(quantizer, features, wrong)
    assert torch.equal(corrected[:, :1], bits[:, :1])
    assert not torch.equal(corrected[:, 31:], bits[:, 31:])


def test_drift_joins_the_two_windows_and_fades():
    generator = torch.Generator().manual_seed(0)
    previous, this = torch.randn(2, 3, 100, 106, generator=generator)
    torch.manual_seed(0)
    before, after = train_generator.drift(previous, this, 0.5)
    offset_before, offset_after = before - previous, after - this
    torch.testing.assert_close(offset_before[:, 0], torch.zeros(3, 106), atol=1e-4, rtol=0)
    torch.testing.assert_close(offset_after[:, -1], torch.zeros(3, 106), atol=1e-4, rtol=0)
    ratio = offset_after[:, 0] / offset_before[:, -1]
    torch.testing.assert_close(ratio, torch.full_like(ratio, float(np.exp(-1 / 3))), rtol=1e-2, atol=1e-2)
