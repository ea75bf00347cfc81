"""The audio encoders: a window of waveform becomes features at some 50 (or 12.5) a second.

Each is a module with ``feature_dim``, ``hop``, ``steps(samples)`` and ``forward(windows [B, S]) -> [B, A, F]``,
and normalises the window itself as its weights expect. Nothing here touches the
network: weights come with the checkpoint.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from artalk_engine.config import SAMPLE_RATE_HZ
from artalk_engine.errors import ConfigError

from .resample import resample
from .wav2vec import FeatureExtractor, FeatureProjection, TransformerEncoder, Wav2VecConfig

MIMI_RATE_HZ = 24_000

# Names that other versions of transformers (and of PyTorch) give the same tensors: pattern, name here.
KEY_RENAMES: tuple[tuple[str, str], ...] = (
    (r"pos_conv_embed\.conv\.weight_g$", r"pos_conv_embed.conv.parametrizations.weight.original0"),
    (r"pos_conv_embed\.conv\.weight_v$", r"pos_conv_embed.conv.parametrizations.weight.original1"),
    (r"acoustic_model\.encoder\.layers\.", r"acoustic_model.encoder.encoder_seanet.layers."),
    (r"acoustic_model\.encoder_transformer\.", r"acoustic_model.encoder.encoder_transformer."),
    (r"acoustic_model\.downsample\.", r"acoustic_model.encoder.downsample."),
    (r"acoustic_model\.decoder\.layers\.", r"acoustic_model.decoder.decoder_seanet.layers."),
    (r"acoustic_model\.decoder_transformer\.", r"acoustic_model.decoder.decoder_transformer."),
    (r"acoustic_model\.upsample\.", r"acoustic_model.decoder.upsample."),
)


# By which tensors each encoder is recognised in a checkpoint.
ENCODER_TENSORS = {
    "wav2vec": "audio_encoder.feature_extractor.",
    "mimi": "audio_encoder.acoustic_model.",
    "log_mel": "audio_encoder.coarse.",
}


class AudioEncoder(nn.Module):
    """What the generator asks of an audio encoder.

    Attributes:
        feature_dim: width ``F`` of the features.
        hop: samples from one step of the features to the next.
    """

    feature_dim: int
    hop: int

    def steps(self, samples: int) -> int:
        """Say how many steps ``A`` a number of samples gives."""
        return samples // self.hop


def build_audio_encoder(name: str, audio_cfg: Mapping[str, Any]) -> AudioEncoder:
    """Build an encoder without weights.

    Args:
        name: ``wav2vec``, ``mimi`` or ``log_mel``.
        audio_cfg: the encoder's own fields; those left out keep their defaults.

    Raises:
        ConfigError: if there is no such encoder, or its fields make no sense.
    """
    if name not in ENCODER_TENSORS:
        raise ConfigError(f"AUDIO_ENCODER must be wav2vec, mimi or log_mel, not {name!r}")
    try:
        return _build(name, audio_cfg)
    except (TypeError, ValueError, IndexError, ZeroDivisionError, RuntimeError) as exc:  # how layers refuse sizes
        reason = str(exc).strip().split("\n")[0]
        raise ConfigError(f"AUDIO_CONFIG makes no {name} encoder ({reason})") from exc


def _build(name: str, audio_cfg: Mapping[str, Any]) -> AudioEncoder:
    if name == "wav2vec":
        return Wav2VecEncoder(audio_cfg)
    if name == "mimi":
        return MimiEncoder(audio_cfg)
    from .log_mel import LogMelEncoder

    return cast("AudioEncoder", LogMelEncoder(audio_cfg))


def encoder_of(tensors: Iterable[str]) -> str | None:
    """Tell by the names of a checkpoint's tensors which audio encoder it holds; None if that is not known here."""
    found = (encoder for name in tensors for encoder, start in ENCODER_TENSORS.items() if name.startswith(start))
    return next(found, None)


class Wav2VecEncoder(AudioEncoder):
    """wav2vec 2.0; XLS-R-300M unless the config says otherwise."""

    def __init__(self, audio_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        config = Wav2VecConfig.from_mapping(audio_cfg)
        self.feature_dim = config.hidden_size
        self._kernels, self._strides = config.conv_kernel, config.conv_stride
        self.hop = math.prod(self._strides)
        if config.mask_time_prob > 0 or config.mask_feature_prob > 0:  # for training only, but checkpoints have it
            self.masked_spec_embed = nn.Parameter(torch.rand(config.hidden_size))
        self.feature_extractor = FeatureExtractor(config)
        self.feature_projection = FeatureProjection(config)
        self.encoder = TransformerEncoder(config)
        self.register_load_state_dict_pre_hook(_rename_keys)  # type: ignore[no-untyped-call]

    def steps(self, samples: int) -> int:
        """Say how many steps ``A`` a number of samples gives: 199 for 64,000, as no kernel reaches beyond the ends."""
        for kernel, stride in zip(self._kernels, self._strides, strict=True):
            samples = (samples - kernel) // stride + 1
        return samples

    def forward(self, windows: Tensor, level: Tensor | None = None) -> Tensor:
        """Encode ``[B, S]`` at 16 kHz into ``[B, A, F]``.

        Args:
            windows: of waveform.
            level: mean and deviation of each whole clip, ``[B, 2]``; None takes the window's own, as upstream does.
        """
        features = self.feature_extractor(normalise(windows, level)).transpose(1, 2)
        encoded: Tensor = self.encoder(self.feature_projection(features))
        return encoded


class MimiEncoder(AudioEncoder):
    """The Mimi speech codec, up to and including its quantizer."""

    def __init__(self, audio_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        from transformers import MimiConfig, MimiModel

        with torch.device("cpu"):  # its rotary tables are no part of a checkpoint, so they need real values
            self.acoustic_model = MimiModel(MimiConfig(**audio_cfg))
        self.feature_dim = int(self.acoustic_model.config.hidden_size)
        self.hop = round(SAMPLE_RATE_HZ / self.acoustic_model.config.frame_rate)
        self.register_load_state_dict_pre_hook(_rename_keys)  # type: ignore[no-untyped-call]

    def forward(self, windows: Tensor) -> Tensor:
        """Encode ``[B, S]`` at 16 kHz into ``[B, A, F]``; 64,000 samples give 50 steps."""
        waveform = resample(windows, SAMPLE_RATE_HZ, MIMI_RATE_HZ)
        codes = self.acoustic_model.encode(waveform[:, None]).audio_codes
        decoded: Tensor = self.acoustic_model.quantizer.decode(codes)
        return decoded.transpose(1, 2)


def _rename_keys(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Give the tensors of a checkpoint the names that they have in this module."""
    own = {prefix + key for key in module.state_dict()}
    for key in [key for key in state if key.startswith(prefix) and key not in own]:
        for pattern, name in KEY_RENAMES:
            renamed = re.sub(pattern, name, key)
            if renamed in own:
                state[renamed] = state.pop(key)
                break


def normalise(windows: Tensor, level: Tensor | None = None) -> Tensor:
    """Bring each window ``[B, S]`` to mean 0 and deviation 1, padding included; silence stays zero.

    Args:
        windows: of waveform.
        level: mean and deviation ``[B, 2]`` to take instead of the window's own.
    """
    if level is None:
        # Quirk: the unbiased deviation, and epsilon outside the root, unlike wav2vec's own preprocessing.
        level = torch.stack([windows.mean(dim=-1), windows.std(dim=-1)], dim=-1)
    mean, deviation = level[:, :1], level[:, 1:]
    return (windows - mean) / (deviation + 1e-6)
