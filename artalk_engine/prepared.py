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
STEPS_TOGETHER = 256  # of a convolution: so many stay near the processor
MIDDLE_BYTE = 128  # what stands for 0 where bytes have no sign


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

    Processors multiply unsigned bytes by signed ones. A token's are therefore sent with ``MIDDLE_BYTE`` added, which
    the product takes off again.

    Attributes:
        dtype: of what is multiplied.
        gelu: the activation that follows, computed here.
    """

    dtype = torch.int8

    def __init__(self, weight: Tensor, bias: Tensor | None, gelu: Gelu = Gelu.NONE) -> None:
        """Round a weight ``[M, N]`` to 8 bits, with a bias ``[M]``."""
        super().__init__()
        self.gelu = gelu
        scale = _scale(weight)
        self._scale = scale[:, 0].contiguous()
        self._blocks: Tensor = torch.ops.onednn.qlinear_prepack((weight / scale).round_().to(torch.int8), None)
        self._no_shift = torch.zeros(len(weight), dtype=torch.int32)
        self._bias = torch.zeros(len(weight)) if bias is None else bias.clone()

    def forward(self, tokens: Tensor) -> Tensor:
        """``[..., N]`` to ``[..., M]``."""
        rows = tokens.reshape(-1, tokens.shape[-1])
        scale = _scale(rows)
        out = self._product((rows / scale).add_(MIDDLE_BYTE + 0.5).to(torch.uint8))
        torch.addcmul(self._bias, out, scale, out=out)
        if self.gelu is not Gelu.NONE:
            torch.ops.aten.gelu_(out, approximate=self.gelu.value)
        return out.view(*tokens.shape[:-1], -1)

    def _product(self, whole: Tensor) -> Tensor:
        no_numbers: list[Any] = []
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, 1.0, MIDDLE_BYTE, self._blocks, self._scale, self._no_shift, None,
            1.0, 0, torch.float32, "none", no_numbers, "",
        )  # fmt: skip
        return out


class EightBitConv(nn.Module):
    """A convolution over time without margins as a linear layer in 8 bits, of which each step sees a few moments.

    In and out go ``[B, C, T]`` as a transposed view of ``[B, T, C]``, which is how the norms around it want them.
    """

    def __init__(self, conv: nn.Conv1d) -> None:
        super().__init__()
        self.kernel, self.stride = conv.kernel_size[0], conv.stride[0]
        bias = None if conv.bias is None else conv.bias.detach()
        self.linear = EightBitLinear(conv.weight.detach().transpose(1, 2).flatten(1), bias)

    def forward(self, channels: Tensor) -> Tensor:
        """``[B, C, T]`` to ``[B, C', T']``."""
        width = channels.shape[1]
        moments = channels.transpose(1, 2).flatten(1)  # [B, T * C]
        seen = moments.unfold(1, self.kernel * width, self.stride * width)  # [B, T', K * C], a view
        parts = (seen[:, start : start + STEPS_TOGETHER] for start in range(0, seen.shape[1], STEPS_TOGETHER))
        return torch.cat([self.linear(part) for part in parts], dim=1).transpose(1, 2)


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


def _scale(rows: Tensor) -> Tensor:
    """Say what of each row ``[L, N]`` becomes 1, so that its largest number becomes 127: ``[L, 1]``."""
    largest = torch.maximum(rows.amax(dim=1, keepdim=True), rows.amin(dim=1, keepdim=True).neg_())
    return largest.clamp_min_(1e-12).div_(LARGEST_BYTE)
