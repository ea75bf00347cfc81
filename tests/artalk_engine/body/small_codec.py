"""A small body codec with random weights and codebooks from real motion, and files of it."""

from __future__ import annotations

import torch

from artalk_engine.body import dataset
from artalk_engine.body.checkpoint import BodyCodec
from artalk_engine.body.features import PARTS
from artalk_engine.body.procedural import make_clip
from artalk_engine.body.quantizer import QuantizerTraining
from artalk_engine.body.rvq_vae import RVQVAE

SMALL = {"nb_code": 32, "code_dim": 16, "width": 32, "num_quantizers": 3}


def small_model(input_width: int = 12, seed: int = 0, training: QuantizerTraining | None = None, **sizes) -> RVQVAE:
    """A codec that has seen one batch of noise, so that its codebooks hold something."""
    torch.manual_seed(seed)
    model = RVQVAE({"input_width": input_width, **SMALL, **sizes}, training or QuantizerTraining(dropout=0.0))
    model.train()(torch.randn(8, 32, input_width))
    return model.eval().requires_grad_(False)


def small_codec(part: str = "upper", **sizes) -> BodyCodec:
    """A codec for a part of the body, standardised as its made-up clips are."""
    clips = [make_clip(seed, seconds=3.0) for seed in range(4)]
    standard = dataset.measure(clips, PARTS[part])
    return BodyCodec(small_model(PARTS[part].width, **sizes), PARTS[part], standard, name="small")
