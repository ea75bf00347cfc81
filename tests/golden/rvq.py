"""Golden arrays of the body codec, and the seeded models that they belong to.

``rvq_*.npz`` were made by running the published modules (GestureLSM's with a projection on every codebook, MoMask's
and SynTalker's without) in float32 with weights that ``rvq_manifest.json`` describes; randomness was off or preset.
The manifest's ``cases`` says what each array is.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import torch

from artalk_engine.body.quantizer import QuantizerTraining
from artalk_engine.body.rvq_vae import RVQVAE
from tests.golden.seeded_weights import build_tensor

MANIFEST = json.loads(Path(__file__).with_name("rvq_manifest.json").read_text(encoding="utf-8"))
CONFIGS = MANIFEST["configs"]
SALT = "dev-1"


def build_state(name: str) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(build_tensor(key, spec, SALT)) for key, spec in CONFIGS[name]["tensors"].items()}


def build_codec(name: str, training: QuantizerTraining | None = None) -> RVQVAE:
    with torch.device("meta"):
        codec = RVQVAE(CONFIGS[name]["rvq"], training)
    codec.load_state_dict(build_state(name), strict=True, assign=True)
    for book in codec.quantizer.layers:  # not part of a state dict
        book.code_sum = torch.zeros_like(book.codebook)
        book.code_count = torch.zeros(len(book.codebook))
    return codec.eval()


@cache
def shared_codec(name: str) -> RVQVAE:
    """A codec that several tests may read."""
    return build_codec(name)
