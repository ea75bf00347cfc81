"""How exactly a model computes: as its weights say, or in shorter numbers where the machine is faster with them.

    exact   float32 everywhere: the same bits as the published way, only laid out for this processor
    fast    the large products of the audio encoder, and on processors of the generator, in 16 or 8 bits

Whatever lies between the products (norms, attention by angle, sums) stays float32, and so do the choice of bits and the
motion codec; only the audio encoder's attention follows its products. ``fast`` is never slower: where nothing shorter
is quick, or nothing is large, it is ``exact``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeGuard, get_args

import torch
from torch import nn

from .audio.encoders import Wav2VecEncoder
from .audio.wav2vec import FeedForward
from .errors import OptionError
from .motion.generator import BitwiseARModel
from .motion.transformer import AdaLNSelfAttn
from .prepared import LARGEST_BYTE, ChannelsLastConv, EightBitConv, EightBitLinear, Gelu, PackedLinear, ReducedLinear

Precision = Literal["exact", "fast"]

FULL = torch.float32
# What processors multiply fastest in, by their abilities, best first. A float16 is as quick as a bfloat16 and eight
# times as exact. Without tiles (AMX) 16 bits are not always quicker than 32; 8 bits are.
QUICK_TYPES = {"amx_fp16": torch.float16, "amx_bf16": torch.bfloat16, "avx512_vnni": torch.int8}
FIRST_CUDA_WITH_QUICK_HALVES = (7, 0)
ATTENDED = ("q_proj", "k_proj", "v_proj")  # of the audio encoder, whose attention bears 16 bits
FEWEST_WEIGHTS = 2**18  # of a layer that gains; smaller ones stay in a processor's cache as they are


def use_precision(model: BitwiseARModel, precision: Precision, device: torch.device) -> torch.dtype:
    """Prepare a loaded model, once, for the device that it is on.

    Its layers are exchanged one by one, so that no second copy of the weights comes into being. A prepared model can
    neither be trained nor saved.

    Returns:
        the type that large products are computed in; a small model has none, and stays exact.

    Raises:
        OptionError: if there is no such precision.
    """
    if precision not in get_args(Precision):
        raise OptionError(f"precision must be exact or fast, not {precision!r}")
    dtype = shorter_type(device) if precision == "fast" else FULL
    if device.type == "cpu":  # a GPU spends its time between the generator's products, not on them
        _exchange(model.attn_blocks, dtype, device)
    if isinstance(model.audio_encoder, Wav2VecEncoder):  # the others are small, or quantize what they hear
        _exchange(model.audio_encoder, dtype, device)
    if device.type == "cuda":
        _keep_convolutions_exact(model.audio_encoder)
    found = {module.dtype for module in model.modules() if isinstance(module, ReducedLinear | EightBitLinear)}
    return dtype if dtype in found else FULL


def shorter_type(device: torch.device) -> torch.dtype:
    """Say which type the device multiplies fastest in, as far as that is safe; float32 if nothing is faster."""
    if device.type == "cuda":
        is_quick = torch.cuda.get_device_capability(device) >= FIRST_CUDA_WITH_QUICK_HALVES
        return torch.float16 if is_quick else FULL
    if device.type == "mps":
        return torch.float16
    abilities = processor_abilities()
    quick = (dtype for ability, dtype in QUICK_TYPES.items() if abilities.get(ability) and is_sound(dtype))
    return next(quick, FULL)


def processor_abilities() -> Mapping[str, Any]:
    """List what the processor can do; nothing with a PyTorch that cannot tell."""
    return torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}


def is_sound(dtype: torch.dtype) -> bool:
    """Say whether the processor's library computes in a type at all, and without overflow."""
    if dtype != torch.int8:
        return can_pack(dtype)
    if not can_pack(FULL) or not hasattr(torch.ops.onednn, "qlinear_pointwise"):
        return False
    largest = torch.full((4, 64), float(LARGEST_BYTE))
    return bool((EightBitLinear(largest, None)(largest) == 64 * LARGEST_BYTE**2).all())


def can_pack(dtype: torch.dtype) -> bool:
    """Say whether oneDNN multiplies here in a type, and knows how to keep weights in its own layout."""
    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not has_onednn or processor_abilities().get("architecture") != "x86_64":
        return False
    onednn = torch.ops.mkldnn
    return hasattr(onednn, "_linear_pointwise") and (
        dtype == FULL
        or (dtype == torch.bfloat16 and bool(onednn._is_mkldnn_bf16_supported()))
        or (dtype == torch.float16 and bool(onednn._is_mkldnn_fp16_supported()))
    )


def _keep_convolutions_exact(encoder: nn.Module) -> None:
    """Keep cuDNN from rounding float32 to 10 bits (TF32), its default, while this encoder runs."""
    scopes: list[AbstractContextManager[None]] = []

    def enter(*_: object) -> None:
        scopes.append(torch.backends.cudnn.flags(enabled=True, allow_tf32=False))
        scopes[-1].__enter__()

    def leave(*_: object) -> None:
        scopes.pop().__exit__(None, None, None)

    encoder.register_forward_pre_hook(enter)
    encoder.register_forward_hook(leave, always_call=True)


def _exchange(module: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Put prepared layers in the place of all large linear layers and all convolutions below.

    The weight of a convolution whose weight is normed is computed here, once and not at every call.
    """
    _exchange_mlp(module, dtype, device)
    for name, child in module.named_children():
        if _is_large(child):
            setattr(module, name, _linear(child, dtype, device, is_inner=name in ATTENDED))
        elif isinstance(child, nn.Conv1d):
            if device.type != "mps":
                setattr(module, name, _convolution(child, dtype))
        else:
            _exchange(child, dtype, device)


def _exchange_mlp(module: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Let the first layer of an MLP compute the activation after it."""
    parent, gelu = module, Gelu.EXACT
    if isinstance(module, AdaLNSelfAttn):
        parent, first, activation, gelu = module.ffn, "0", "1", Gelu.TANH
    elif isinstance(module, FeedForward):
        first, activation = "intermediate_dense", "intermediate_act_fn"
    else:
        return
    linear = parent.get_submodule(first)
    if _is_large(linear):
        setattr(parent, first, _linear(linear, dtype, device, gelu, is_inner=True))
        setattr(parent, activation, nn.Identity())


def _is_large(module: nn.Module) -> TypeGuard[nn.Linear]:
    return isinstance(module, nn.Linear) and module.weight.numel() >= FEWEST_WEIGHTS


def _linear(
    linear: nn.Linear, dtype: torch.dtype, device: torch.device, gelu: Gelu = Gelu.NONE, is_inner: bool = False
) -> nn.Module:
    if dtype == torch.int8:
        bias = None if linear.bias is None else linear.bias.detach()
        return EightBitLinear(linear.weight.detach(), bias, gelu)
    kind = PackedLinear if device.type == "cpu" and can_pack(dtype) else ReducedLinear
    return kind(linear, dtype, gelu, is_inner)


def _convolution(conv: nn.Conv1d, dtype: torch.dtype) -> nn.Module:
    if dtype.is_floating_point:
        return ChannelsLastConv(conv, dtype)
    is_plain = conv.groups == 1 and conv.padding == (0,) and conv.dilation == (1,)
    return EightBitConv(conv) if is_plain and conv.weight.numel() >= FEWEST_WEIGHTS else ChannelsLastConv(conv, FULL)
