"""Sizes of the models, read once from a checkpoint's ``config.json``.

The keys are ARTalk's own. Widths that it fixes in code (768 and 128) may be given
here, and default to its values, so that a small model is the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.motion import CHANNELS, FPS

from .errors import ConfigError

SAMPLE_RATE_HZ = 16_000
STYLE_FRAMES = 50  # length of a style clip
BUILTIN_RIG, FLAME_RIG = "builtin", "flame"
RIGS = (BUILTIN_RIG, FLAME_RIG)


@dataclass(frozen=True, slots=True)
class CodecConfig:
    """Sizes of the motion codec (``VAE_CONFIG``); defaults are the released model's."""

    scales: tuple[int, ...] = (1, 5, 25, 50, 100)  # frames at each scale, coarse to fine
    motion_channels: int = CHANNELS
    code_bits: int = 32
    depth: int = 8
    heads: int = 8
    width: int = 512

    def __post_init__(self) -> None:
        if not self.scales or self.scales[0] != 1:
            raise ConfigError(f"the first scale must be 1 (the style token stands for it), not {self.scales[:1]}")
        if list(self.scales) != sorted(set(self.scales)):
            raise ConfigError(f"scales must grow from coarse to fine, but are {self.scales}")
        _check_positive(self, "motion_channels", "code_bits", "depth", "heads", "width")
        _check_heads("T_HIDDEN_DIM of VAE_CONFIG", self.width, self.heads)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> CodecConfig:
        """Read ``VAE_CONFIG``."""
        default = cls()
        return cls(
            scales=_integers(values, "V_PATCH_NUMS", default.scales),
            motion_channels=_integer(values, "MOTION_DIM", default.motion_channels),
            code_bits=_integer(values, "V_CODE_DIM", default.code_bits),
            depth=_integer(values, "T_DEPTH", default.depth),
            heads=_integer(values, "T_NUM_HEADS", default.heads),
            width=_integer(values, "T_HIDDEN_DIM", default.width),
        )

    @property
    def window(self) -> int:
        """Frames that are made together."""
        return self.scales[-1]

    @property
    def tokens(self) -> int:
        """Tokens over all scales."""
        return sum(self.scales)

    @property
    def window_samples(self) -> int:
        """Audio samples that one window covers."""
        return int(self.window / FPS * SAMPLE_RATE_HZ)


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """Sizes of the whole model; defaults are the released model's."""

    codec: CodecConfig = field(default_factory=CodecConfig)
    depth: int = 12
    heads: int = 12
    width: int = 768
    style_width: int = 128
    context_windows: int = 1
    audio_encoder: str = "wav2vec"
    audio: Mapping[str, Any] = field(default_factory=dict)  # the encoder's own fields
    rig: str = FLAME_RIG

    def __post_init__(self) -> None:
        _check_positive(self, "depth", "heads", "width", "style_width", "context_windows")
        _check_heads("T_HIDDEN_DIM of AR_CONFIG", self.width, self.heads)
        if self.rig not in RIGS:
            raise ConfigError(f"RIG must be {' or '.join(RIGS)}, not {self.rig!r}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> GeneratorConfig:
        """Read a whole ``config.json``.

        Raises:
            ConfigError: naming the first field that is missing or makes no sense.
        """
        generator, codec = _section(values, "AR_CONFIG"), _section(values, "VAE_CONFIG")
        default = cls()
        return cls(
            codec=CodecConfig.from_mapping(codec),
            depth=_integer(generator, "T_DEPTH", default.depth),
            heads=_integer(generator, "T_NUM_HEADS", default.heads),
            width=_integer(generator, "T_HIDDEN_DIM", default.width),
            style_width=_integer(generator, "STYLE_DIM", default.style_width),
            context_windows=_integer(generator, "PREV_RATIO", default.context_windows),
            audio_encoder=str(generator.get("AUDIO_ENCODER", default.audio_encoder)),
            audio=_section(values, "AUDIO_CONFIG") if values.get("AUDIO_CONFIG") is not None else {},
            rig=str(values.get("RIG", default.rig)),
        )


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = values.get(name)
    if not isinstance(section, Mapping):
        raise ConfigError(f"the model's config has no section {name}")
    return section


def _integer(values: Mapping[str, Any], name: str, default: int) -> int:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} must be a whole number, not {value!r}")
    return value


def _integers(values: Mapping[str, Any], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    value = values.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(item, int) for item in value):
        raise ConfigError(f"{name} must be a list of whole numbers, not {value!r}")
    return tuple(value)


def _check_positive(config: object, *names: str) -> None:
    for name in names:
        if getattr(config, name) < 1:
            raise ConfigError(f"{name} must be at least 1, not {getattr(config, name)}")


def _check_heads(name: str, width: int, heads: int) -> None:
    if width % heads:
        raise ConfigError(f"{name}: width {width} does not divide into {heads} heads")
