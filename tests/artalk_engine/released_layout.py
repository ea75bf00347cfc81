"""Small models in files as ARTalk's authors lay theirs out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artalk_engine.motion.generator import BitwiseARModel
from tests.golden import synthetic_flame

WAV2VEC = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
}  # fmt: skip
MIMI = {
    "hidden_size": 32, "num_filters": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
    "head_dim": 16, "intermediate_size": 32, "codebook_size": 16, "codebook_dim": 16, "num_quantizers": 4,
    "vector_quantization_hidden_dimension": 16, "upsample_groups": 32,
}  # fmt: skip
ENCODERS = {"wav2vec": WAV2VEC, "mimi": MIMI, "log_mel": {"width": 20}}


def small_config(encoder: str, depth: int = 2, context_windows: int = 1, codec_depth: int = 1) -> dict[str, Any]:
    """Make a config in upstream's form, which names no encoder, with the widths that it fixes made small."""
    return {
        "AR_CONFIG": {
            "T_DEPTH": depth, "T_NUM_HEADS": 2, "PREV_RATIO": context_windows, "T_HIDDEN_DIM": 32, "STYLE_DIM": 16,
        },
        "VAE_CONFIG": {
            "MOTION_DIM": 106, "V_CODE_DIM": 8, "T_DEPTH": codec_depth, "T_NUM_HEADS": 2, "T_HIDDEN_DIM": 16,
            "V_PATCH_NUMS": [1, 5, 25, 50, 100],
        },
        "AUDIO_CONFIG": ENCODERS[encoder],
    }  # fmt: skip


def small_model(config: dict[str, Any], encoder: str) -> BitwiseARModel:
    torch.manual_seed(0)
    named = {**config, "AR_CONFIG": {**config["AR_CONFIG"], "AUDIO_ENCODER": encoder}}
    return BitwiseARModel(named).eval().requires_grad_(False)


def write_model(folder: Path, encoder: str = "wav2vec", **sizes: int) -> BitwiseARModel:
    """Write weights, config, head and one style, and give the model that they were made of."""
    config = small_config(encoder, **sizes)
    model = small_model(config, encoder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(model.state_dict(), folder / f"ARTalk_{encoder}.pt")
    synthetic_flame.save_pt(folder / "FLAME_with_eye.pt", 0)
    write_style(folder / "style_motion" / "natural_0.pt")
    return model


def write_style(path: Path, frames: int = 920, first: int = 300) -> np.ndarray:
    """Save 50 frames as published ones are, a view into a longer recording, and give them."""
    path.parent.mkdir(exist_ok=True)
    recording = torch.from_numpy(np.random.default_rng(0).normal(size=(frames, 106)).astype(np.float32))
    torch.save(recording[first : first + 50], path)
    assert path.stat().st_size > frames * 106 * 4  # the whole recording is in the file
    return recording[first : first + 50].numpy()
