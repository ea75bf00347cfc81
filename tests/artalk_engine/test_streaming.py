"""Whole, live and among others: whichever way a clip is made, its bits are the same."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from artalk_engine import ARTAvatarInferEngine
from artalk_engine.errors import AudioEmptyError, AudioError, OptionError, StyleError
from artalk_engine.motion.generator import BitwiseARModel
from tests.golden.golden import buzz

CODEC = {"V_CODE_DIM": 8, "T_DEPTH": 1, "T_NUM_HEADS": 2, "T_HIDDEN_DIM": 16, "V_PATCH_NUMS": [1, 5, 25, 50, 100]}
GENERATOR = {"T_DEPTH": 2, "T_NUM_HEADS": 2, "T_HIDDEN_DIM": 32}
CONFIGS = {
    "builtin": {
        "AR_CONFIG": {**GENERATOR, "PREV_RATIO": 1, "AUDIO_ENCODER": "log_mel"},
        "VAE_CONFIG": CODEC,
        "AUDIO_CONFIG": {"width": 20},
        "RIG": "builtin",
    },
    "wav2vec": {
        "AR_CONFIG": {**GENERATOR, "PREV_RATIO": 2, "AUDIO_ENCODER": "wav2vec"},
        "VAE_CONFIG": CODEC,
        "AUDIO_CONFIG": {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
            "conv_dim": [16] * 7,
            "num_conv_pos_embedding_groups": 2,
        },
    },
}


@pytest.fixture(scope="module", params=CONFIGS)
def engine(request, tmp_path_factory):
    weights = tmp_path_factory.mktemp("voice") / "model.safetensors"
    torch.manual_seed(0)
    config = CONFIGS[request.param]
    state = BitwiseARModel(config).state_dict()
    state["style_cond_embed.weight"] *= 20  # a random model hardly listens to its style
    save_file({name: value.contiguous() for name, value in state.items()}, weights)
    return ARTAvatarInferEngine(checkpoint=weights, config=config, device="cpu", threads=1)


@pytest.fixture(scope="module")
def speech():
    rng = np.random.default_rng(0)
    sound = buzz(13.0)[0].numpy() + 0.01 * rng.standard_normal(208_000).astype(np.float32)
    sound[70_000:90_000] *= 0.001  # a pause, across the second window's beginning
    return sound


def split(sound, size, rng=None):
    at = 0
    while at < len(sound):
        step = size if rng is None else int(rng.integers(1, size))
        yield sound[at : at + step]
        at += step


def fed(engine, pieces, **options):
    live = engine.streamer(**options)
    return np.concatenate([*(live.feed(piece) for piece in pieces), live.finish()])


@pytest.mark.parametrize("size", [160, 640, 16_000, 63_999, 64_000, 64_001, 500_000])
def test_streaming_equals_one_shot_bit_for_bit(engine, speech, size):
    assert fed(engine, split(speech, size)).tobytes() == engine.inference(speech).tobytes()


@pytest.mark.parametrize("samples", [1, 320, 5_000, 63_999, 64_000, 64_001, 128_000, 129_000])
def test_a_stream_may_end_anywhere(engine, speech, samples):
    sound = speech[:samples]
    pieces = split(sound, 30_000, np.random.default_rng(samples))
    assert fed(engine, pieces).tobytes() == engine.inference(sound).tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.8, "seed": 5},
        {"temperature": 1.0, "top_p": 0.9, "seed": 2},
        {"continuity": "context"},
        {"clip_length": 130},
        {"clip_length": 0},
        {"fix_pose": True, "style": np.ones((50, 106), np.float32), "style_strength": 1.6},
    ],
    ids=str,
)
def test_streaming_equals_one_shot_whatever_is_asked(engine, speech, options):
    whole = np.concatenate([np.zeros((0, 106), np.float32), *engine.stream(speech, **options)])
    assert fed(engine, split(speech, 10_000), **options).tobytes() == whole.tobytes()


def test_a_window_comes_as_soon_as_it_is_heard_less_what_the_smoother_needs(engine, speech):
    live = engine.streamer(continuity="none")
    assert len(live.feed(speech[:63_999])) == 0
    assert len(live.feed(speech[63_999:64_000])) == 96
    assert len(live.feed(speech[64_000:128_000])) == 100


def test_the_engines_own_stream_begins_anew_after_its_end(engine, speech):
    for _ in range(2):
        pieces = [engine.feed(piece) for piece in split(speech, 50_000)]
        assert np.concatenate([*pieces, engine.finish()]).tobytes() == engine.inference(speech).tobytes()


def test_a_finished_or_empty_stream_says_so(engine, speech):
    live = engine.streamer()
    with pytest.raises(AudioEmptyError):
        live.finish()
    with pytest.raises(OptionError, match="finished"):
        live.feed(speech[:100])


def test_a_live_stream_cannot_be_levelled_over_what_is_to_come(engine):
    with pytest.raises(OptionError):
        engine.streamer(continuity="both")


@pytest.mark.parametrize("threads", [2, 1])  # and one for the tests that follow
def test_clips_made_together_are_those_made_alone(engine, speech, threads):
    """More clips than are made at once, of all lengths, in styles and seeds of their own."""
    torch.set_num_threads(threads)
    lengths = [1, 64_000, 208_000, 30_000, 128_001, 70_000, 64_001, 5_000, 100_000, 208_000, 640]
    styles = [None if number % 3 else np.full((50, 106), number / 10, np.float32) for number in range(len(lengths))]
    sounds = [speech[:length] for length in lengths]
    together = engine.inference_batch(sounds, styles=styles, seeds=range(len(lengths)), temperature=0.5)
    for number, (sound, style) in enumerate(zip(sounds, styles, strict=True)):
        alone = engine.inference(sound, style=style, seed=number, temperature=0.5)
        np.testing.assert_allclose(together[number], alone, rtol=0, atol=1e-4)


def test_clips_come_as_soon_as_they_are_finished(engine, speech):
    order = [number for number, _ in engine.batch([speech, speech[:64_000], speech[:128_000]])]
    assert order == [1, 2, 0]


def test_a_batch_needs_one_style_and_seed_for_each_sound(engine, speech):
    with pytest.raises(OptionError, match="2 seeds for 1 sounds"):
        engine.inference_batch([speech], seeds=[1, 2])
    assert engine.inference_batch([]) == []


def test_takes_differ_by_seed_and_repeat_by_it(engine, speech):
    first = engine.inference(speech, temperature=1.0, seed=1)
    assert np.array_equal(first, engine.inference(speech, temperature=1.0, seed=1))
    assert not np.array_equal(first, engine.inference(speech, temperature=1.0, seed=2))
    assert engine.defaults.temperature == 0.0


def test_strength_of_style_is_a_parameter(engine, speech):
    clip = np.random.default_rng(1).normal(size=(50, 106)).astype(np.float32)
    made = [engine.inference(speech[:64_000], style=clip, style_strength=s) for s in (0.0, 1.0, 1.1, 3.0)]
    assert np.array_equal(made[0], engine.inference(speech[:64_000]))  # none at all
    assert np.array_equal(made[2], engine.inference(speech[:64_000], style=clip))
    assert not np.array_equal(made[1], made[3])


def test_what_sounds_around_a_window_counts_by_default_for_the_built_in_voice_only(engine, speech):
    by_default, alone, in_context = (engine.inference(speech, continuity=c) for c in ("auto", "none", "context"))
    assert not np.array_equal(alone, in_context)
    assert np.array_equal(by_default, in_context if engine.rig == "builtin" else alone)


def test_levelled_over_the_clip_only_the_whole_clips_loudness_counts(engine, speech):
    if engine.rig == "builtin":
        with pytest.raises(OptionError, match="log_mel"):
            engine.inference(speech, continuity="loudness")
        return
    levelled = engine.inference(speech, continuity="loudness")
    assert not np.array_equal(levelled, engine.inference(speech, continuity="none"))
    np.testing.assert_allclose(levelled, engine.inference(speech * 0.25, continuity="loudness"), atol=1e-3)


def test_pieces_of_any_kind_are_heard(engine, speech):
    sound = speech[:70_000]
    live = engine.streamer()
    pieces = [
        live.feed(sound[:10].tolist()),
        live.feed([]),
        live.feed(torch.from_numpy(sound[10:500])),
        live.feed(torch.zeros(0)),
        live.feed(sound[500:].astype(np.float64)),
        live.finish(),
    ]
    assert np.concatenate(pieces).tobytes() == engine.inference(sound).tobytes()


@pytest.mark.parametrize("piece", [0.5, torch.tensor(0.5), np.zeros((2, 5)), np.zeros(5, np.int16), [np.nan], None])
def test_pieces_that_are_no_sound_say_so(engine, piece):
    with pytest.raises(AudioError):
        engine.streamer().feed(piece)


def test_a_stream_that_goes_on_after_its_last_frame_keeps_nothing(engine, speech):
    live = engine.streamer(clip_length=50)
    assert len(live.feed(speech)) == 50
    kept = len(live._clip.unheard)
    assert [len(live.feed(speech)) for _ in range(3)] == [0, 0, 0]
    assert len(live._clip.unheard) == kept
    assert len(live.finish()) == 0


def test_a_batch_takes_styles_and_seeds_as_arrays(engine, speech):
    sounds = [speech[:30_000], speech[30_000:60_000]]
    styles = np.random.default_rng(0).normal(size=(2, 50, 106)).astype(np.float32)
    both = engine.inference_batch(sounds, torch.from_numpy(styles), np.array([3, 4]), temperature=1.0)
    for sound, style, seed, motion in zip(sounds, styles, (3, 4), both, strict=True):
        alone = engine.inference(sound, style=style, seed=seed, temperature=1.0)
        np.testing.assert_allclose(motion, alone, atol=1e-5)


def test_an_unknown_style_in_a_batch_is_told_before_any_work_is_done(engine, speech):
    motions = engine.batch([speech[:400]] * 20, styles=[None] * 19 + ["furious"])
    with pytest.raises(StyleError, match="furious"):
        next(motions)
