"""A small model with seeded weights, as a folder that any door of the engine accepts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from artalk_engine.motion.generator import BitwiseARModel

CONFIG = {
    "AR_CONFIG": {
        "T_DEPTH": 2,
        "T_NUM_HEADS": 2,
        "T_HIDDEN_DIM": 32,
        "STYLE_DIM": 16,
        "PREV_RATIO": 1,
        "AUDIO_ENCODER": "log_mel",
    },
    "VAE_CONFIG": {
        "MOTION_DIM": 106,
        "V_CODE_DIM": 16,
        "T_DEPTH": 1,
        "T_NUM_HEADS": 2,
        "T_HIDDEN_DIM": 32,
        "V_PATCH_NUMS": [1, 5, 25, 50, 100],
    },
    "AUDIO_CONFIG": {},
    "RIG": "builtin",
}


def make_voice(folder: Path) -> Path:
    """Write the model's config, weights and one style called ``calm`` into a new folder."""
    (folder / "styles").mkdir(parents=True)
    torch.manual_seed(0)
    model = BitwiseARModel(CONFIG)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    clip = np.random.default_rng(0).standard_normal((50, 106)).astype(np.float32) * 0.1
    np.save(folder / "styles" / "calm.npy", clip)
    return folder
