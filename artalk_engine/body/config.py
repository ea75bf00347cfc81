"""Sizes of the body codec; the names are those of its published training options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from artalk_engine.errors import CheckpointError, ConfigError

ACTIVATIONS = ("relu", "silu", "gelu")
NORMS = (None, "LN", "GN", "BN")
STRIDE = 2  # of every step down and up in time
FADE_S = 0.3  # on either side of a seam, unless asked otherwise
SPAN, ORDER = 9, 3  # frames and degree of the smoothing, likewise


class BodyConfigError(ConfigError):
    """A size, an option or a file of numbers for the body codec makes no sense."""

    default_remedy = "Correct that, and try again."


class BodyCheckpointError(CheckpointError):
    """Weights of a body codec cannot be read, or do not belong to what lies beside them."""

    default_remedy = "Choose a checkpoint of GestureLSM, SynTalker or MoMask, or one that was trained here."


@dataclass(frozen=True, slots=True)
class BodyCodecConfig:
    """Sizes of an ``RVQVAE``; defaults are those of GestureLSM's upper body."""

    input_width: int = 78  # channels of a frame
    nb_code: int = 1024  # codes in each codebook
    code_dim: int = 128
    width: int = 512
    down_t: int = 2  # each halves the rate of the tokens
    depth: int = 3  # residual blocks at each rate
    dilation_growth_rate: int = 3
    num_quantizers: int = 6
    activation: str = "relu"
    norm: str | None = None
    projected_codebook: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int" and (type(value) is not int or value < 1):
                raise BodyConfigError(f"{field.name} of a body codec must be a whole number from 1 up, not {value!r}")
        if self.activation not in ACTIVATIONS:
            raise BodyConfigError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {self.activation!r}")
        if self.norm not in NORMS:
            raise BodyConfigError(f"norm must be none, LN, GN or BN, not {self.norm!r}")
        if self.norm == "GN" and self.width % 32:
            raise BodyConfigError(f"GN has 32 groups, into which a width of {self.width} does not divide")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> BodyCodecConfig:
        """Read sizes by name; a ``stride_t`` is accepted where it is the only one there is.

        Raises:
            BodyConfigError: for an unknown name or a value that makes no sense.
        """
        known = {field.name for field in fields(cls)}
        sizes = {name: value for name, value in values.items() if name != "stride_t"}
        if values.get("stride_t", STRIDE) != STRIDE:
            raise BodyConfigError(f"stride_t must be {STRIDE}, not {values['stride_t']!r}")
        if unknown := sorted(set(sizes) - known):
            raise BodyConfigError(f"a body codec has no size called {unknown[0]}")
        return cls(**sizes)

    @property
    def frames_per_code(self) -> int:
        """Frames that one token stands for."""
        return int(STRIDE**self.down_t)

    @property
    def dilations(self) -> tuple[int, ...]:
        """Of the residual blocks at one rate, the widest first."""
        return tuple(int(self.dilation_growth_rate**level) for level in reversed(range(self.depth)))

    @property
    def encoder_margin(self) -> int:
        """Frames on either side of a code's own that it depends on, at most; whole codes."""
        reach, frames = 1 + self.frames_per_code, 1  # of the first and last convolution; frames of one step
        for _ in range(self.down_t):
            reach += frames * (1 + STRIDE * sum(self.dilations))
            frames *= STRIDE
        return -(-reach // frames) * frames

    @property
    def decoder_margin(self) -> int:
        """Codes on either side of a frame's own that it depends on, at most."""
        reach, codes = 1.0, 1.0  # of the first convolution; codes of one step
        for _ in range(self.down_t):
            reach += codes * sum(self.dilations) + codes / STRIDE
            codes /= STRIDE
        return int(reach + 2 * codes) + 2
