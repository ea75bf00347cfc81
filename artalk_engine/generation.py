"""From a request for motion to the engine's call, for everyone who asks: Blender, shell, browser.

A request names a model, a device and a style in the user's words; here they become a loaded
engine, which stays loaded, and pieces of motion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from artalk_engine.engine import ARTAvatarInferEngine
from artalk_engine.errors import CheckpointError, EngineError

BUILTIN_MODEL = "built-in voice"


class DeviceError(EngineError):
    """The model is to run on something that this machine, or its PyTorch, does not have."""

    code = "device"
    default_remedy = "Choose another device, or auto."


@dataclass(frozen=True)
class Voice:
    """Which model speaks, and on what it computes.

    Attributes:
        model: folder of a checkpoint, ``""`` for the built-in voice.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        threads: processor threads, 0 for the engine's own choice; no reason to load a model again.
    """

    model: str = ""
    device: str = "auto"
    threads: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """What to call the model in lists."""
        return Path(self.model).name if self.model else BUILTIN_MODEL


class WarmEngine:
    """The engine in use: loaded when first asked for, kept until another is."""

    def __init__(self) -> None:
        self._voice: Voice | None = None
        self._engine: ARTAvatarInferEngine | None = None
        self._own_threads = 1

    def has(self, voice: Voice) -> bool:
        """Whether asking for this voice costs nothing."""
        return self._engine is not None and self._voice == voice

    def get(self, voice: Voice) -> ARTAvatarInferEngine:
        """Return the engine that speaks with a voice.

        Args:
            voice: the model and where to compute.

        Raises:
            EngineError: if the model cannot be loaded, or not on this device.
        """
        if self._engine is None or self._voice != voice:
            self._engine, self._voice = None, None  # two released models would not fit many machines
            self._engine, self._voice = load_engine(voice), voice
            self._own_threads = torch.get_num_threads()
        torch.set_num_threads(voice.threads or self._own_threads)
        return self._engine


def load_engine(voice: Voice) -> ARTAvatarInferEngine:
    """Load a model, with the engine's own choice of threads.

    Args:
        voice: the model and where to compute.

    Raises:
        EngineError: if the model cannot be loaded, or not on this device.
    """
    _check_device(voice.device)
    if voice.model and not Path(voice.model).exists():
        raise CheckpointError(
            f"There is no model at {voice.model}.", "Choose the folder that holds model.safetensors and config.json."
        )
    return ARTAvatarInferEngine(checkpoint=voice.model or None, device=voice.device)


def speak(
    engine: ARTAvatarInferEngine,
    waveform: NDArray[np.float32],
    style: str = "",
    seed: int = 0,
    fix_pose: bool = False,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Make motion in pieces, one a window; the same request gives the same motion.

    Args:
        engine: a loaded engine; the choices of its previous request are replaced by these.
        waveform: ``[S]`` mono samples at 16 kHz.
        style: name of a speaking style, ``""`` for none.
        seed: chooses among equally good takes: when the built-in voice blinks.
        fix_pose: keep the head still.
        should_stop: asked before each window; true ends the motion early.

    Yields:
        ``[T, 106]`` at 25 Hz; a short piece may be empty.

    Raises:
        StyleError: if there is no such style.
    """
    engine.set_style_motion(style or None)
    engine.fix_pose, engine.seed = fix_pose, seed
    yield from engine.stream(waveform, should_stop)


def _check_device(device: str) -> None:
    kind, _, _ = device.partition(":")
    available = {
        "auto": True,
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if kind not in available:
        raise DeviceError(f"There is no device called {device!r}.")
    if not available[kind]:
        raise DeviceError(f"PyTorch finds no {kind} device on this machine.")
