import json
import os

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from artalk_engine import ARTAvatarInferEngine
from artalk_engine.devices import choose_threads
from artalk_engine.errors import (
    AudioEmptyError,
    AudioFormatError,
    AudioMissingError,
    CheckpointError,
    DeviceError,
    OptionError,
    StyleError,
)
from artalk_engine.motion.blinks import BLINK_UNITS, LID_UNITS
from artalk_engine.motion.generator import BitwiseARModel
from artalk_engine.motion.idle import HOVERING, PAIRS
from artalk_engine.motion.smoothing import smooth
from bridge.motion import GLOBAL_ORIENT, JAW_YAW_ROLL
from tests.golden.golden import buzz

CONFIG = {
    "AR_CONFIG": {"T_DEPTH": 2, "T_NUM_HEADS": 2, "PREV_RATIO": 1, "AUDIO_ENCODER": "log_mel", "T_HIDDEN_DIM": 32},
    "VAE_CONFIG": {
        "V_CODE_DIM": 8,
        "T_DEPTH": 1,
        "T_NUM_HEADS": 2,
        "T_HIDDEN_DIM": 16,
        "V_PATCH_NUMS": [1, 5, 25, 50, 100],
    },
    "AUDIO_CONFIG": {"width": 20},
    "RIG": "builtin",
}


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voice")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    torch.manual_seed(0)
    save_file(BitwiseARModel(CONFIG).state_dict(), folder / "model.safetensors")
    (folder / "styles").mkdir()
    for name in ("happy", "angry"):
        np.save(
            folder / "styles" / f"{name}.npy",
            np.random.default_rng(len(name)).normal(size=(50, 106)).astype(np.float32),
        )
    return folder


@pytest.fixture
def engine(voice):
    return ARTAvatarInferEngine(checkpoint=voice, device="cpu", threads=1)


@pytest.fixture
def waveform():
    return buzz(9.3)[0].numpy()


def test_motion_has_a_frame_for_every_40_ms(engine, waveform):
    motion = engine.inference(waveform)
    assert motion.shape == (233, 106)
    assert motion.dtype == np.float32
    assert np.isfinite(motion).all()
    assert not motion[:, JAW_YAW_ROLL].any()
    assert engine.rig == "builtin"
    assert engine.windows(len(waveform)) == 3


@pytest.mark.parametrize("samples", [1, 320, 5_000, 63_999, 64_000, 64_001, 66_560, 148_800])
def test_stream_equals_inference_bit_for_bit(engine, waveform, samples):
    engine.set_style_motion("happy")
    pieces = list(engine.stream(waveform[:samples]))
    assert len(pieces) == engine.windows(samples)
    assert np.concatenate(pieces).tobytes() == engine.inference(waveform[:samples]).tobytes()


def test_motion_for_flame_is_the_models_smoothed(voice, waveform):
    flame = {key: value for key, value in CONFIG.items() if key != "RIG"}
    engine = ARTAvatarInferEngine(checkpoint=voice, config=flame, device="cpu", threads=1)
    assert engine.rig == "flame"
    raw = engine._model.inference({"audio": torch.from_numpy(waveform)[None], "style_motion": None})[0].numpy()
    expected = smooth(raw)
    expected[:, JAW_YAW_ROLL] = 0
    assert np.array_equal(engine.inference(waveform), expected)
    assert np.array_equal(engine.smooth_motion_savgol(torch.from_numpy(raw)), smooth(raw))


def test_the_seed_decides_when_the_builtin_head_blinks_and_how_it_idles_and_nothing_else(engine, voice, waveform):
    first = engine.inference(waveform)
    assert np.array_equal(engine.inference(waveform), first)
    second = ARTAvatarInferEngine(checkpoint=voice, device="cpu", threads=1, seed=7).inference(waveform)
    assert not np.array_equal(second[:, list(BLINK_UNITS)], first[:, list(BLINK_UNITS)])
    idle = {unit for units in HOVERING for unit in units} | {unit for pair in PAIRS for unit in pair}
    others = np.setdiff1d(np.arange(106), [*BLINK_UNITS, *LID_UNITS, *idle, *range(100, 103)])
    assert np.array_equal(second[:, others], first[:, others])
    turned = second[:, GLOBAL_ORIENT] - first[:, GLOBAL_ORIENT]
    assert 0.0 < np.degrees(np.abs(turned)).max() < 2.0


@pytest.mark.parametrize("frames", [1, 99, 100, 150, 10_000])
def test_clip_length_cuts_the_same_motion(engine, voice, waveform, frames):
    whole = engine.inference(waveform)
    assert np.array_equal(engine.inference(waveform, clip_length=frames), whole[:frames])
    short = ARTAvatarInferEngine(checkpoint=voice, clip_length=frames, device="cpu", threads=1)
    assert np.array_equal(np.concatenate(list(short.stream(waveform))), whole[:frames])


def test_fixed_pose_stills_the_head_only(engine, voice, waveform):
    still = ARTAvatarInferEngine(checkpoint=voice, fix_pose=True, device="cpu", threads=1).inference(waveform)
    moving = engine.inference(waveform)
    assert not still[:, GLOBAL_ORIENT].any()
    moving[:, GLOBAL_ORIENT] = 0
    assert np.array_equal(still, moving)


def test_stream_stops_when_asked(engine, waveform):
    asked = iter([False, True])
    assert len(list(engine.stream(waveform, should_stop=lambda: next(asked)))) == 1


def test_styles_are_listed_and_change_the_motion(engine, voice, waveform):
    assert engine.styles() == ("angry", "happy")
    without = engine.inference(waveform)
    engine.set_style_motion("angry")
    angry = engine.inference(waveform)
    assert not np.array_equal(angry, without)
    engine.set_style_motion(np.load(voice / "styles" / "angry.npy"))
    assert np.array_equal(engine.inference(waveform), angry)
    engine.set_style_motion("default")
    assert np.array_equal(engine.inference(waveform), without)


@pytest.mark.parametrize("style", ["gloomy", "../styles/happy", "happy.npy", np.zeros((3, 106))])
def test_unknown_styles_say_so(engine, style):
    with pytest.raises(StyleError):
        engine.set_style_motion(style)


def test_files_are_read(engine, tmp_path):
    soundfile.write(tmp_path / "speech.wav", buzz(1.0)[0].numpy(), 16_000, subtype="FLOAT")
    assert np.array_equal(engine.inference(tmp_path / "speech.wav"), engine.inference(buzz(1.0)[0]))


@pytest.mark.parametrize(
    ("audio", "error"),
    [
        (np.zeros(0, np.float32), AudioEmptyError),
        (np.zeros((2, 16_000), np.float32), AudioFormatError),
        (np.zeros(16_000, np.int16), AudioFormatError),
        ("nothing.wav", AudioMissingError),
    ],
)
def test_sound_that_cannot_be_used_says_so(engine, audio, error):
    with pytest.raises(error):
        engine.inference(audio)


def test_silence_and_noise_stay_finite(engine):
    for level in (0.0, 1e-9, 1.0):
        noise = level * np.random.default_rng(0).normal(size=80_000).astype(np.float32)
        assert np.isfinite(engine.inference(noise)).all()


def test_folder_without_a_checkpoint_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint in"):
        ARTAvatarInferEngine(checkpoint=tmp_path)


@pytest.mark.parametrize(
    "options", [{"seed": 1.5}, {"seed": "1"}, {"seed": None}, {"clip_length": 1.5}, {"clip_length": -1}, {"seed": -1}]
)
def test_numbers_that_count_are_whole(engine, waveform, options):
    with pytest.raises(OptionError):
        engine.inference(waveform[:400], **options)


@pytest.mark.parametrize("device", ["moon", "cuda:99", "xpu", "cpu:x", None])
def test_devices_that_are_not_here_say_so(voice, device):
    with pytest.raises(DeviceError, match=r"device|finds"):
        ARTAvatarInferEngine(checkpoint=voice, device=device)


def test_threads_are_half_of_the_cores_that_may_be_used(voice, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    assert [choose_threads(given) for given in (None, 0, 5)] == [3, 3, 5]
    with pytest.raises(OptionError, match="-1"):
        ARTAvatarInferEngine(checkpoint=voice, threads=-1)


def test_a_style_may_be_in_short_floats(engine, waveform):
    clip = torch.ones(50, 106)
    motion = engine.inference(waveform[:400], style=clip.bfloat16())
    assert motion.tobytes() == engine.inference(waveform[:400], style=clip).tobytes()
    with pytest.raises(StyleError, match="numbers are expected"):
        engine.set_style_motion(np.full((50, 106), "a"))
