"""Prepared layers compute what the layers they are made from compute."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from artalk_engine.precision import can_pack, is_sound
from artalk_engine.prepared import ChannelsLastConv, EightBitConv, EightBitLinear, Gelu, PackedLinear, ReducedLinear

needs_bytes = pytest.mark.skipif(not is_sound(torch.int8), reason="this processor's sums of 8 bits overflow")
TOLERANCES = [(torch.float32, 2e-6), (torch.bfloat16, 0.03), (torch.float16, 0.004)]


def needs(kind, dtype):
    if kind is PackedLinear and not can_pack(dtype):
        pytest.skip(f"oneDNN does not multiply in {dtype} here")


@pytest.mark.parametrize("kind", [ReducedLinear, PackedLinear])
@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("gelu", list(Gelu))
@pytest.mark.parametrize("shape", [(96,), (1, 96), (2, 7, 96)])
def test_linear_layers_compute_the_same_with_the_activation_after_them(kind, dtype, tolerance, gelu, shape):
    needs(kind, dtype)
    torch.manual_seed(0)
    linear, tokens = nn.Linear(96, 64).requires_grad_(False), torch.randn(shape)
    expected = linear(tokens)
    if gelu is not Gelu.NONE:
        expected = F.gelu(expected, approximate=gelu.value)
    found = kind(linear, dtype, gelu)(tokens)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@needs_bytes
@pytest.mark.parametrize("gelu", list(Gelu))
@pytest.mark.parametrize("shape", [(1, 96), (2, 7, 96)])
def test_eight_bits_say_nearly_the_same_of_loud_and_of_faint_tokens(gelu, shape):
    torch.manual_seed(0)
    linear = nn.Linear(96, 64).requires_grad_(False)
    tokens = torch.randn(shape) * torch.logspace(-2, 2, shape[-2])[:, None]
    expected = linear(tokens)
    if gelu is not Gelu.NONE:
        expected = F.gelu(expected, approximate=gelu.value)
    layer = EightBitLinear(linear.weight, linear.bias, gelu)
    error = (layer(tokens) - expected).norm(dim=-1) / expected.norm(dim=-1)
    assert error.max() < 0.02
    assert layer(tokens * 0).isfinite().all()


@needs_bytes
def test_a_token_in_eight_bits_does_not_depend_on_its_company():
    layer, tokens = EightBitLinear(torch.randn(64, 96), None), torch.randn(1, 5, 96)
    loud = torch.cat([tokens, tokens * 100], dim=1)
    torch.testing.assert_close(layer(loud)[:, :5], layer(tokens), rtol=0, atol=1e-5)


@needs_bytes
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (2, 2), (4, 1)])
def test_convolutions_in_eight_bits_hear_nearly_the_same_of_every_clip(kernel, stride, has_bias):
    torch.manual_seed(0)
    conv = nn.Conv1d(16, 32, kernel, stride, bias=has_bias).requires_grad_(False)
    waves = torch.randn(2, 25, 16).transpose(1, 2)
    found, expected = EightBitConv(conv)(waves), conv(waves)
    assert ((found - expected).norm(dim=1) / expected.norm(dim=1)).max() < 0.02
    assert found.transpose(1, 2).is_contiguous()


@pytest.mark.parametrize("kind", [ReducedLinear, PackedLinear])
def test_inner_layers_hand_their_shorter_type_on(kind):
    needs(kind, torch.bfloat16)
    layer = kind(nn.Linear(8, 8, bias=False).requires_grad_(False), torch.bfloat16, is_inner=True)
    assert layer(torch.randn(3, 8)).dtype == torch.bfloat16


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv1d(1, 32, 10, stride=5),
        nn.Conv1d(16, 32, 3, stride=2),
        nn.Conv1d(16, 16, 8, padding=4, groups=4),
        nn.Conv1d(16, 8, 3, padding=2, dilation=2),
    ],
)
def test_convolutions_keep_the_channels_of_a_moment_together(conv, dtype, tolerance):
    conv = conv.requires_grad_(False)
    waves = torch.randn(2, 100, conv.in_channels).transpose(1, 2)
    found = ChannelsLastConv(conv, dtype)(waves)
    torch.testing.assert_close(found, conv(waves), rtol=0, atol=tolerance)
    assert found.transpose(1, 2).is_contiguous()
