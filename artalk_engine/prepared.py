"""Layers that say the same in less time, made from those of a loaded model for the machine that it runs on.

A prepared layer keeps its weights as its processor reads them, and takes and gives float32 whatever it computes with,
so that everything between the layers stays as exact as it was.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

LARGEST_BYTE = 127


class Gelu(Enum):
    """The activation that follows a linear layer, by PyTorch's name for how it is approximated."""

    NONE = ""
    EXACT = "none"
    TANH = "tanh"


class ReducedLinear(nn.Module):
    """A linear layer in a shorter type, on any device.

    Attributes:
        gelu: the activation that follows, computed here.
        is_inner: whether the next layer is one of these, so that the shorter type is handed on.
    """

    def __init__(self, linear: nn.Linear, dtype: torch.dtype, gelu: Gelu = Gelu.NONE, is_inner: bool = False) -> None:
        super().__init__()
        self.dtype, self.gelu, self.is_inner = dtype, gelu, is_inner
        self.weight = nn.Parameter(linear.weight.detach().to(dtype), requires_grad=False)
        self.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().to(dtype), requires_grad=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[..., N]`` to ``[..., M]``."""
        out = self.compute(tokens.to(self.dtype))
        return out if self.is_inner else out.float()

    def compute(self, tokens: Tensor) -> Tensor:
        """Compute in the shorter type."""
        out = F.linear(tokens, self.weight, self.bias)
        return out if self.gelu is Gelu.NONE else F.gelu(out, approximate=self.gelu.value)


class PackedLinear(ReducedLinear):
    """A linear layer on a processor, its weight laid out in the blocks that oneDNN multiplies by, of any type.

    PyTorch lays a weight out anew at every call, which for a few tokens takes longer than the product.
    """

    def __init__(self, linear: nn.Linear, dtype: torch.dtype, gelu: Gelu = Gelu.NONE, is_inner: bool = False) -> None:
        super().__init__(linear, dtype, gelu, is_inner)
        self._blocks: Tensor = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach(), None)
        del self.weight

    def compute(self, tokens: Tensor) -> Tensor:
        """Compute in the layer's type."""
        name = "none" if self.gelu is Gelu.NONE else "gelu"
        no_numbers: list[Any] = []
        out: Tensor = torch.ops.mkldnn._linear_pointwise(
            tokens, self._blocks, self.bias, name, no_numbers, self.gelu.value
        )
        return out


class EightBitLinear(nn.Module):
    """A linear layer in whole numbers from -127 to 127; every token and every output has a scale of its own.

    Attributes:
        dtype: of what is multiplied.
        gelu: the activation that follows, computed here.
    """

    dtype = torch.int8

    def __init__(self, linear: nn.Linear, gelu: Gelu = Gelu.NONE) -> None:
        super().__init__()
        whole, scale = _as_whole(linear.weight.detach())
        self.gelu = gelu
        self.weight = nn.Parameter(whole, requires_grad=False)
        self.scale = nn.Parameter(scale[:, 0], requires_grad=False)
        self.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().clone(), requires_grad=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """``[..., N]`` to ``[..., M]``."""
        whole, scale = _as_whole(tokens.reshape(-1, tokens.shape[-1]))
        out = torch._int_mm(whole, self.weight.t()).float() * scale * self.scale
        if self.bias is not None:
            out = out + self.bias
        if self.gelu is not Gelu.NONE:
            out = F.gelu(out, approximate=self.gelu.value)
        return out.view(*tokens.shape[:-1], -1)


class ChannelsLastConv(nn.Module):
    """A convolution over time that keeps the channels of a moment together, as the norms around it want them.

    In and out go ``[B, C, T]`` as a transposed view of ``[B, T, C]``; nothing is turned round in memory.
    """

    def __init__(self, conv: nn.Conv1d, dtype: torch.dtype) -> None:
        super().__init__()
        self.stride, self.groups = (1, conv.stride[0]), conv.groups
        self.padding, self.dilation = (0, int(conv.padding[0])), (1, conv.dilation[0])
        weight = conv.weight.detach()[:, :, None].to(dtype, memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach().to(dtype), requires_grad=False)

    def forward(self, channels: Tensor) -> Tensor:
        """``[B, C, T]`` to ``[B, C', T']``."""
        image = channels[:, :, None].to(self.weight.dtype)
        out = F.conv2d(image, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return out.float()[:, :, 0]


def _as_whole(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Round rows ``[L, N]`` to 8 bits; return them, and their scales ``[L, 1]``."""
    scale = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / LARGEST_BYTE
    return (rows / scale).round().to(torch.int8), scale
