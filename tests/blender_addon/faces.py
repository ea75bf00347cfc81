"""Heads and speech to edit: the built-in head, and one like FLAME's whose every expression moves the whole face."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from blender_addon.paths import builtin_head_file
from blender_addon.rig.head_file import load_head
from blender_addon.takes.face_model import FaceModel
from blender_addon.takes.face_tools import FaceTools
from bridge.motion_file import load_motion

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
KINDS = ["builtin", "flame"]


@cache
def speech() -> np.ndarray:
    """What the built-in voice makes of the demo's sound: five seconds, one blink. ``[142, 106]``"""
    motion = load_motion(GOLDEN / "speech_motion.npz").motion
    motion.flags.writeable = False
    return motion


@cache
def builtin_model() -> FaceModel:
    head = load_head(builtin_head_file())
    return FaceModel(
        kind="builtin",
        rest=head.vertices.astype(np.float32),
        directions=np.moveaxis(head.expressions, 0, 2).astype(np.float32),
        correctives=np.moveaxis(head.correctives, 0, 2).astype(np.float32),
        weights=head.weights.astype(np.float32),
        joints=head.joints.astype(np.float32),
        joint_offsets=head.joint_offsets.astype(np.float32),
        expression_names=head.expression_names,
    )


@cache
def seams() -> tuple[np.ndarray, np.ndarray]:
    with np.load(builtin_head_file()) as arrays:
        return arrays["lip_seam"].astype(np.int64), arrays["lid_seam"].astype(np.int64)


@cache
def mixing() -> np.ndarray:
    """An orthonormal matrix ``[100, 100]``: expressions of the mixed head are ``units @ mixing``."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(100, 100)))[0].astype(np.float32)


@cache
def mixed_model() -> FaceModel:
    """The built-in head with its units mixed as principal components are: each moves everything."""
    model = builtin_model()
    return replace(
        model,
        kind="flame",
        directions=model.directions @ mixing(),
        joint_offsets=model.joint_offsets @ mixing(),
        expression_names=tuple(f"expression_{number:03d}" for number in range(100)),
    )


@cache
def tools(kind: str) -> FaceTools:
    lips, lids = seams()
    if kind == "builtin":
        return FaceTools.of(builtin_model(), lips, lids)
    return FaceTools.of(mixed_model(), lips)  # its lids are found by where they are


def motion_for(kind: str, motion: np.ndarray) -> np.ndarray:
    """The same movement in a head's own expressions."""
    if kind == "builtin":
        return motion.copy()
    mixed = motion.copy()
    mixed[:, :100] = motion[:, :100] @ mixing()
    return mixed


def in_units(kind: str, motion: np.ndarray) -> np.ndarray:
    """A motion's expression in the built-in head's units, ``[T, 100]``."""
    return motion[:, :100] if kind == "builtin" else motion[:, :100] @ mixing().T
