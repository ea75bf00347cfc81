"""wav2vec 2.0: convolutions over the waveform, then a transformer over their steps.

Modules have the names of the checkpoints' tensors. Nothing here is for training: neither
masks nor dropout.

References:
    Baevski et al., wav2vec 2.0, 2020; Babu et al., XLS-R, 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.parametrizations import weight_norm

from artalk_engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Wav2VecConfig:
    """Sizes of wav2vec 2.0, under the names of its published configs; defaults are XLS-R-300M's."""

    hidden_size: int = 1024
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    intermediate_size: int = 4096
    hidden_act: str = "gelu"
    conv_dim: tuple[int, ...] = (512,) * 7
    conv_kernel: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    conv_stride: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    conv_bias: bool = True
    feat_extract_norm: str = "layer"  # or "group": after the first convolution only
    feat_extract_activation: str = "gelu"
    num_conv_pos_embeddings: int = 128
    num_conv_pos_embedding_groups: int = 16
    do_stable_layer_norm: bool = True  # norms before attention and MLP, not after them
    layer_norm_eps: float = 1e-5
    mask_time_prob: float = 0.075  # above zero, a checkpoint has an embedding of masked steps
    mask_feature_prob: float = 0.0
    add_adapter: bool = False

    def __post_init__(self) -> None:
        if not len(self.conv_dim) == len(self.conv_kernel) == len(self.conv_stride) > 0:
            raise ConfigError("conv_dim, conv_kernel and conv_stride of AUDIO_CONFIG differ in length")
        if self.hidden_size % self.num_attention_heads:
            raise ConfigError(f"hidden_size {self.hidden_size} does not divide into {self.num_attention_heads} heads")
        if {self.hidden_act, self.feat_extract_activation} != {"gelu"} or self.add_adapter:
            raise ConfigError("AUDIO_CONFIG asks for an activation other than gelu, or for an adapter")
        if self.feat_extract_norm not in ("layer", "group"):
            raise ConfigError(f"feat_extract_norm must be layer or group, not {self.feat_extract_norm!r}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Wav2VecConfig:
        """Read ``AUDIO_CONFIG``; fields that only matter in training are passed over."""
        known: dict[str, Any] = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **lists})


class FeatureExtractor(nn.Module):
    """Seven convolutions: 20 ms of waveform to a step of features."""

    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.conv_layers = nn.ModuleList(_ConvLayer(config, number) for number in range(len(config.conv_dim)))

    def forward(self, windows: Tensor) -> Tensor:
        """``[B, S]`` to ``[B, C, A]``."""
        features = windows[:, None]
        for layer in self.conv_layers:
            features = layer(features)
        return features


class _ConvLayer(nn.Module):
    def __init__(self, config: Wav2VecConfig, number: int) -> None:
        super().__init__()
        before, after = (1, *config.conv_dim)[number : number + 2]
        kernel, stride = config.conv_kernel[number], config.conv_stride[number]
        self.conv = nn.Conv1d(before, after, kernel, stride, bias=config.conv_bias)
        self.layer_norm: nn.Module | None = None
        self.is_over_channels = config.feat_extract_norm == "layer"
        if self.is_over_channels:
            self.layer_norm = nn.LayerNorm(after)
        elif number == 0:
            self.layer_norm = nn.GroupNorm(after, after)

    def forward(self, features: Tensor) -> Tensor:
        features = self.conv(features)
        if self.layer_norm is not None and self.is_over_channels:
            features = self.layer_norm(features.transpose(1, 2)).transpose(1, 2)
        elif self.layer_norm is not None:
            features = self.layer_norm(features)
        return F.gelu(features)


class FeatureProjection(nn.Module):
    """Norm, and a linear layer to the transformer's width."""

    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(config.conv_dim[-1], eps=config.layer_norm_eps)
        self.projection = nn.Linear(config.conv_dim[-1], config.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        """``[B, A, C]`` to ``[B, A, F]``."""
        projected: Tensor = self.projection(self.layer_norm(features))
        return projected


class TransformerEncoder(nn.Module):
    """Positions by convolution, then attention and MLPs."""

    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.is_norm_first = config.do_stable_layer_norm
        self.pos_conv_embed = _PositionalConv(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))

    def forward(self, steps: Tensor) -> Tensor:
        """``[B, A, F]`` to the same."""
        steps = steps + self.pos_conv_embed(steps)
        if not self.is_norm_first:
            steps = self.layer_norm(steps)
        for layer in self.layers:
            steps = layer(steps)
        if self.is_norm_first:
            steps = self.layer_norm(steps)
        return steps


class _PositionalConv(nn.Module):
    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        width, kernel = config.hidden_size, config.num_conv_pos_embeddings
        conv = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=config.num_conv_pos_embedding_groups)
        self.conv = weight_norm(conv, dim=2)  # one norm for each place in the kernel

    def forward(self, steps: Tensor) -> Tensor:
        embedded = self.conv(steps.transpose(1, 2))[..., : steps.shape[1]]  # an even kernel gives one step more
        return F.gelu(embedded).transpose(1, 2)


class _Layer(nn.Module):
    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.is_norm_first = config.do_stable_layer_norm
        self.attention = _Attention(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.feed_forward = FeedForward(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, steps: Tensor) -> Tensor:
        if self.is_norm_first:
            steps = steps + self.attention(self.layer_norm(steps))
            steps = steps + self.feed_forward(self.final_layer_norm(steps))
        else:
            steps = self.layer_norm(steps + self.attention(steps))
            steps = self.final_layer_norm(steps + self.feed_forward(steps))
        return steps


class _Attention(nn.Module):
    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.k_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.v_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.out_proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, steps: Tensor) -> Tensor:
        queries, keys, values = (
            projection(steps).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        seen = F.scaled_dot_product_attention(queries, keys, values)  # [B, heads, A, F / heads]
        mixed: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return mixed


class FeedForward(nn.Module):
    """The MLP of a layer."""

    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.intermediate_act_fn: nn.Module = nn.GELU()
        self.output_dense = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, steps: Tensor) -> Tensor:
        """``[B, A, F]`` to the same."""
        out: Tensor = self.output_dense(self.intermediate_act_fn(self.intermediate_dense(steps)))
        return out
