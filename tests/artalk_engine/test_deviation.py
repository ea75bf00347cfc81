import dataclasses

import numpy as np
import pytest
import torch

from artalk_engine import precision
from artalk_engine.assets import head_path, voice_folder
from artalk_engine.audio.waveform import load_waveform
from artalk_engine.checkpoints import load_config, load_generator
from artalk_engine.deviation import compare_lips, measure_deviation
from artalk_engine.errors import AudioEmptyError
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.face.lips import find_lips
from bridge.motion import CHANNELS, GLOBAL_ORIENT, JAW_POSE

SPEECH = voice_folder().parent / "demo/speech.wav"


def voice():
    return load_generator(voice_folder() / "model.safetensors", load_config(voice_folder() / "config.json"))


def use_type(monkeypatch, dtype):
    """Let ``fast`` compute in this type, whatever the machine is quick with and however small the model."""
    monkeypatch.setattr(precision, "shorter_type", lambda _: dtype)
    monkeypatch.setattr(precision, "FEWEST_WEIGHTS", 0)


def test_exact_does_not_deviate_from_itself(monkeypatch):
    use_type(monkeypatch, torch.float32)
    found = measure_deviation(voice, load_waveform(SPEECH), head_path())
    assert found.type == "float32"
    assert found.frames == 142
    assert found.bits == (0.0, 0.0)
    assert (found.lips_worst_mm, found.lve_mm, found.opening_worst_mm) == (0.0, 0.0, 0.0)
    assert found.exact_s > 0


def test_the_built_in_voice_in_16_bits_moves_its_lips_by_tenths_of_millimetres(monkeypatch):
    use_type(monkeypatch, torch.bfloat16)
    found = measure_deviation(voice, load_waveform(SPEECH), head_path())
    assert found.type == "bfloat16"
    assert 0 < max(found.bits) < 0.1
    assert found.lips_median_mm < 0.1
    assert found.lips_median_mm <= found.lips_95th_mm <= found.lips_worst_mm < 5.0
    assert 0 < found.lve_mm <= found.lips_worst_mm
    assert 0 < found.opening_mean_mm <= found.opening_worst_mm <= 2 * found.lips_worst_mm
    assert dataclasses.asdict(found).keys() >= {"exact_s", "fast_s"}


def test_lips_are_compared_in_millimetres_with_the_head_still():
    head, lips = FLAMEModel(), find_lips(head_path())
    still, opened = np.zeros((2, 300, CHANNELS), np.float32)
    opened[:, JAW_POSE.start] = 0.1
    opened[:, GLOBAL_ORIENT] = 0.5
    away_mm, wider_mm = compare_lips(head, lips, still, opened)
    assert away_mm.shape == (300, len(lips.vertices))
    expected = head(pose_params=torch.tensor([[0.1, 0.0, 0.0]]))[0] - head()[0]
    np.testing.assert_allclose(away_mm[0], expected[lips.vertices].norm(dim=1) * 1000, rtol=1e-3, atol=1e-3)
    assert 5 < wider_mm[0] < 20
    np.testing.assert_allclose(wider_mm, wider_mm[0], rtol=1e-6)


def test_a_waveform_without_samples_is_an_error():
    with pytest.raises(AudioEmptyError):
        measure_deviation(voice, np.zeros(0, np.float32), head_path())
