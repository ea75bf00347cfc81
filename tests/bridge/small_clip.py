"""A procedural clip: nothing recorded, every joint on its own slow wave."""

from __future__ import annotations

import numpy as np

from bridge.clip import Clip


def small_clip(frames: int = 40, fps: float = 30.0, with_face: bool = True, seed: int = 0) -> Clip:
    random = np.random.default_rng(seed)
    seconds = np.arange(frames)[:, None, None] / fps
    axes = random.normal(0.0, 0.35, (55, 3))
    poses = axes * np.sin(2 * np.pi * random.uniform(0.3, 1.2, (55, 1)) * seconds + random.uniform(0, 6, (55, 1)))
    trans = np.stack([0.3 * seconds[:, 0, 0], np.full(frames, 1.29), 0.1 * np.sin(seconds[:, 0, 0])], axis=1)
    expressions = random.normal(0.0, 1.0, (frames, 100)) if with_face else None
    return Clip(poses.astype(np.float32).astype(float), trans, fps, expressions, np.arange(300.0) / 300, "female")
