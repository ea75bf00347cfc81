"""Golden arrays, and the seeded models that they belong to.

``artalk_*_dev.npz`` were made by running ARTalk's published code with seeded weights on a recording of 10.3 s; bits
are packed eight to a byte along the last axis, ``_sN`` keeps every N-th step and ``_cN`` every N-th channel.
``resample.npz`` and ``flame_seed0.npz`` come from the reference resampler and the reference FLAME layer.
``artalk_tiny_buzz.npz`` is this project's own answer to a synthetic sound, written when all of the above were met,
so that the way from waveform to motion is pinned where the recording is not at hand.
"""

from __future__ import annotations

import os
import wave
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from artalk_engine.motion.generator import BitwiseARModel
from tests.golden.seeded_weights import MANIFEST, build_torch_state

FOLDER = Path(__file__).parent
SALTS = {"tiny": "dev-8", "tiny_prev2": "dev-4", "released": "dev-1"}


class Golden:
    """One golden file."""

    def __init__(self, name: str) -> None:
        self.arrays = np.load(FOLDER / f"{name}.npz", allow_pickle=False)

    def tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[name])

    def bits(self, name: str) -> torch.Tensor:
        return torch.from_numpy(np.unpackbits(self.arrays[name], axis=-1)).long()


def model_config(name: str) -> dict[str, object]:
    return {**MANIFEST[name]["artalk"], "AUDIO_CONFIG": MANIFEST[name]["wav2vec2"]}


def build_model(name: str, salt: str | None = None) -> BitwiseARModel:
    with torch.device("meta"):
        model = BitwiseARModel(model_config(name))
    model.load_state_dict(build_torch_state(name, salt or SALTS[name]), strict=True, assign=True)
    return model.eval().requires_grad_(False)


@cache
def shared_model(name: str) -> BitwiseARModel:
    """A model that several tests may read."""
    return build_model(name)


def recording() -> torch.Tensor:
    """The recording that the golden arrays were made from, ``[1, S]``."""
    folder = os.environ.get("ARTALK_RECORDINGS")
    if not folder:
        pytest.skip("ARTALK_RECORDINGS does not name a folder with eng1_16k.wav")
    with wave.open(str(Path(folder) / "eng1_16k.wav")) as file:
        samples = np.frombuffer(file.readframes(-1), dtype="<i2")
    return torch.from_numpy(samples.astype(np.float32) / 32768)[None]


def buzz(seconds: float = 9.0) -> torch.Tensor:
    """A sawtooth that swells, fades and changes pitch, in exact integer steps, ``[1, S]``."""
    time = np.arange(round(seconds * 16_000), dtype=np.int64)
    pitch = 110 + 20 * ((time // 5_000) % 5)
    saw = (time * pitch) % 16_000 - 8_000
    loudness = np.abs((time % 4_000) - 2_000)
    return torch.from_numpy((saw * loudness // 1_000).astype(np.float32) / 32768)[None]
