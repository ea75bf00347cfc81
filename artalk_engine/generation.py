"""From a user's words to a loaded engine, for everyone who asks: Blender, shell, browser.

A request names a model and a device; here they become an engine, which stays loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from artalk_engine.engine import ARTAvatarInferEngine
from artalk_engine.precision import Precision

BUILTIN_MODEL = "built-in voice"


@dataclass(frozen=True)
class Voice:
    """Which model speaks, and on what it computes.

    Attributes:
        model: folder of a checkpoint, ``""`` for the built-in voice.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        precision: ``"exact"``, or ``"fast"`` for reduced precision where the device gains by it.
        threads: processor threads, 0 for the engine's own choice; no reason to load a model again.
    """

    model: str = ""
    device: str = "auto"
    precision: Precision = "exact"
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
    return ARTAvatarInferEngine(checkpoint=voice.model or None, device=voice.device, precision=voice.precision)
