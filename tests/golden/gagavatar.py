"""Golden arrays of the avatar's networks, and the seeded weights, portraits and motions that they belong to.

``gagavatar_seed0.npz`` and ``gagavatar_e2e_seed0.npz`` were made by running GAGAvatar's published code with these
weights on the invented FLAME head of ``synthetic_flame.py``, with the noise that the weights hold. Large arrays are cut
to every N-th row or pixel, ``*.stats`` are mean, deviation, least and greatest of the whole.

Every tensor that ``gagavatar_manifest.json`` names is filled from its own name, so that anybody gets the same.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artalk_engine.avatar.config import AvatarConfig
from artalk_engine.avatar.network import AvatarNetwork
from tests.golden.seeded_weights import seeded

MANIFEST: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("gagavatar_manifest.json").read_text(encoding="utf-8")
)["state_dict"]
SEED = 0
SMALL = AvatarConfig(
    head_width=8, vit_width=64, vit_depth=4, vit_heads=1, vit_hidden=64, grid=5, pyramid=(8, 8, 8, 8), fused=8,
    vertex_hidden=8, branch_hidden=8, pixel_hidden=8, unet=(4,) * 6, decoder=(8,) * 6, style_width=16, style_depth=2,
)  # fmt: skip


def rule(key: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Give mean and deviation of a tensor, which keep every layer's output near deviation 1."""
    last = key.rsplit(".", 1)[-1]
    if ".noises." in key or key == "head_base" or key.endswith("constant_input.weight"):
        return 0.0, 1.0
    if last in ("pos_embed", "cls_token", "mask_token"):
        return 0.0, 0.02
    if last == "gamma":
        return 0.25, 0.05
    if (".norm" in key and last == "weight") or key.endswith("modulation.bias"):
        return 1.0, 0.1
    if ".condition_scale." in key and key.endswith(".2.bias"):
        return 1.0, 0.05
    if last == "bias":
        return 0.0, 0.05
    if len(shape) == 1 and last == "weight":
        return 0.0, 0.1
    if "resize_layers.0." in key or "resize_layers.1." in key:
        return 0.0, 1.0 / np.sqrt(shape[0])
    if key.endswith("modulated_conv.weight"):
        return 0.0, (0.3 if ".to_rgb" in key else 1.0) / np.sqrt(np.prod(shape[2:]))
    gain = np.sqrt(2.0) if key.startswith("gs_generator") else 1.0
    if ".condition_" in key and key.endswith(".2.weight"):
        gain = 0.1
    return 0.0, gain / np.sqrt(np.prod(shape[1:]))


def seeded_state(shapes: dict[str, tuple[int, ...]], seed: int = SEED) -> dict[str, torch.Tensor]:
    """Fill tensors of these names and shapes."""
    return {
        key: torch.from_numpy(seeded(f"gagavatar-{seed}/{key}", shape, *rule(key, shape)))
        for key, shape in shapes.items()
    }


def small_state(seed: int = SEED) -> dict[str, torch.Tensor]:
    """The weights of networks that are small, and otherwise like the released ones."""
    with torch.device("meta"):
        state = AvatarNetwork(SMALL).state_dict()
    return seeded_state({key: tuple(value.shape) for key, value in state.items()}, seed)


@cache
def shared_network() -> AvatarNetwork:
    """Networks of the released size that several tests may read."""
    with torch.device("meta"):
        network = AvatarNetwork(AvatarConfig())
    state = seeded_state({entry["key"]: tuple(entry["shape"]) for entry in MANIFEST})
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def _rng(seed: int, tag: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{seed}:{tag}".encode())))


@cache
def face_image(size: int = 512, seed: int = SEED) -> np.ndarray:
    """Paint something like a face before black, ``[3, size, size]`` from 0 to 1."""
    r = _rng(seed, "face")
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size * 2 - 1
    image = np.zeros((3, size, size))

    def blob(cx: float, cy: float, rx: float, ry: float, rgb: Any, soft: float = 0.08) -> None:
        alpha = np.clip((1 - np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2)) / soft + 0.5, 0, 1)
        for channel in range(3):
            image[channel] += alpha * (rgb[channel] - image[channel])

    skin = 0.55 + 0.3 * r.random(3)
    skin[2] *= 0.75
    blob(0, 1.05, 0.75, 0.45, 0.2 + 0.5 * r.random(3))  # shoulders
    blob(0, -0.08, 0.58, 0.75, 0.1 + 0.3 * r.random(3))  # hair
    blob(0, 0.05, 0.45, 0.62, skin)
    for side in (-1, 1):
        blob(0.19 * side, -0.08, 0.09, 0.05, [0.95, 0.95, 0.95])
        blob(0.19 * side, -0.08, 0.04, 0.04, 0.5 * r.random(3))
        blob(0.19 * side, -0.20, 0.12, 0.025, 0.3 * r.random(3))
    blob(0, 0.10, 0.06, 0.16, skin * 0.85, 0.5)
    blob(0, 0.36, 0.17, 0.06, [0.7, 0.25, 0.25], 0.3)
    for _ in range(40):
        cx, cy, width = 2 * r.random() - 1, 2 * r.random() - 1, 0.02 + 0.05 * r.random()
        amount = (r.random(3) - 0.5) * 0.25
        spot = np.maximum(0, 1 - ((x - cx) ** 2 + (y - cy) ** 2) / (width * width)) ** 2
        image += spot * amount[:, None, None] * (image.sum(0) > 0)
    return np.round(np.clip(image, 0, 1), 6).astype(np.float32)


def tracked(seed: int = SEED) -> dict[str, np.ndarray]:
    """One entry of a file of tracked avatars."""
    r = _rng(seed, "tracked")
    rotation = _rotation((r.random(3) - 0.5) * 0.4) @ np.diag([-1.0, 1.0, -1.0])
    translation = np.array([0.15 * (r.random() - 0.5), 0.2 * (r.random() - 0.5), 9.4 + r.random()])
    shape = 1.5 * (2 * r.random(300) - 1) / np.sqrt(1 + 0.02 * np.arange(300))
    return {
        "image": face_image(512, seed),
        "transform_matrix": np.round(np.concatenate([rotation, translation[:, None]], 1), 6).astype(np.float32),
        "shapecode": np.round(shape, 6).astype(np.float32),
        "expcode": np.round(0.5 * (2 * r.random(100) - 1), 6).astype(np.float32),
        "posecode": np.zeros(6, np.float32),
        "eyecode": np.zeros(6, np.float32),
        "bbox": np.array([0.2, 0.15, 0.8, 0.85], np.float32),
    }


def motions(seed: int = SEED, frames: int = 6) -> np.ndarray:
    """Motion ``[T, 106]`` that changes little by little."""
    r = _rng(seed, "motions")
    base = 2 * r.random((frames, 106)) - 1
    time = np.arange(frames)[:, None] / max(frames - 1, 1)
    motion = 0.6 * base[:1] * (1 - time) + 0.6 * base[1:2] * time + 0.25 * base
    motion[:, 100:103] *= 0.35
    motion[:, 103] = 0.25 * np.abs(motion[:, 103])
    motion[:, 104:] *= 0.05
    return np.round(motion, 6).astype(np.float32)


def splat_image(seed: int = SEED, size: int = 512) -> np.ndarray:
    """What might have been splatted, ``[1, 32, size, size]``."""
    r = _rng(seed, "splat")
    small = r.random((32, 17, 17)) * 2 - 0.6
    place = np.arange(size) * 16 / (size - 1)
    first = np.minimum(place.astype(int), 15)
    share = place - first
    rows = small[:, first] * (1 - share)[None, :, None] + small[:, first + 1] * share[None, :, None]
    image = rows[:, :, first] * (1 - share)[None, None, :] + rows[:, :, first + 1] * share[None, None, :]
    image[:3] = np.clip(image[:3] * 0.5 + 0.4, 0, 1)
    image += 0.1 * (r.random(image.shape) - 0.5)
    return np.round(image, 6).astype(np.float32)[None]


def _rotation(vector: np.ndarray) -> np.ndarray:
    angle = float(np.sqrt((vector * vector).sum()))
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
