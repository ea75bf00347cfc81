"""Deterministic stand-ins for the released weights, which cannot be shipped.

Every tensor named in ``artalk_manifest.json`` is filled from a PCG64 bit stream whose seed is the CRC-32 of
``"<salt>/<key>"``. Only raw generator words and float32 products and sums are used, no distribution routine, so the
result depends neither on numpy's version nor on the machine.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

MANIFEST = json.loads(Path(__file__).with_name("artalk_manifest.json").read_text(encoding="utf-8"))["configs"]


def build_state(config: str, salt: str) -> dict[str, np.ndarray]:
    """Make all tensors of a configuration, in the order of its state dict."""
    return {key: build_tensor(key, spec, salt) for key, spec in MANIFEST[config]["tensors"].items()}


def build_torch_state(config: str, salt: str) -> dict[str, torch.Tensor]:
    """Make the same as PyTorch tensors."""
    return {key: torch.from_numpy(value) for key, value in build_state(config, salt).items()}


def digest(state: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, shapes and bytes, to compare what two machines made."""
    sha = hashlib.sha256()
    for key in sorted(state):
        value = np.ascontiguousarray(state[key])
        sha.update(f"{key}{value.shape}{value.dtype.str}".encode())
        sha.update(value.data if value.size else b"")
    return sha.hexdigest()


def seeded(name: str, shape: tuple[int, ...], mean: float, std: float) -> np.ndarray:
    """Uniform noise of the given mean and standard deviation."""
    count = math.prod(shape)
    raw = np.random.PCG64(zlib.crc32(name.encode())).random_raw((count + 1) // 2)
    words = np.asarray(raw, dtype="<u8").view("<u4")[:count]
    values = (words >> np.uint32(8)).astype(np.float32)  # 24 bits: exact
    values *= np.float32(2.0**-23)
    values -= np.float32(1.0)
    values *= np.float32(std * math.sqrt(3.0))
    values += np.float32(mean)
    return values.reshape(shape)


def build_tensor(key: str, spec: dict[str, Any], salt: str) -> np.ndarray:
    init, shape = spec["init"], tuple(spec["shape"])
    if "rule" in init:
        value = BUFFERS[init["rule"]](init)
    else:
        value = seeded(f"{salt}/{key}", shape, init["mean"], init["std"])
        for index, number in init.get("set", []):  # single entries pinned on purpose
            value.reshape(-1)[index] = np.float32(number)
    value = value.astype(spec["dtype"], copy=False)
    assert value.shape == shape, f"{key}: {value.shape}, not {shape}"
    return value


def _levels(init: dict[str, Any]) -> np.ndarray:
    return np.repeat(np.arange(len(init["patch_nums"]), dtype=np.int64), init["patch_nums"])[None]


def _scale_mask(init: dict[str, Any]) -> np.ndarray:
    level = _levels(init)[0]
    own = np.where(level[:, None] >= level[None, :], 0.0, -np.inf)
    return np.concatenate([np.zeros((level.size, level.size * init["prev_ratio"])), own], axis=1)[None, None]


def _pair_mask(init: dict[str, Any]) -> np.ndarray:
    window = init["window"]
    mask = np.zeros((2 * window, 2 * window))
    mask[:window, window:] = -np.inf
    return mask[None, None]


def _sinusoids(init: dict[str, Any]) -> np.ndarray:
    length, dim = init["length"], init["dim"]
    angle = np.arange(length)[:, None] * np.exp(np.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(1, length, dim)


BUFFERS = {
    "level_of_token": _levels,
    "scale_causal_mask": _scale_mask,
    "two_window_mask": _pair_mask,
    "sinusoid_table": _sinusoids,
}
