import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from artalk_engine import BSQ, BitwiseVAE, FLAMEModel, MultiScaleBSQ
from artalk_engine.motion.quantizer import averages, resize_down

CONFIG = {"T_DEPTH": 1, "T_NUM_HEADS": 2, "T_HIDDEN_DIM": 16, "V_CODE_DIM": 8, "V_PATCH_NUMS": [1, 5, 20]}


def test_training_pass_has_gradients_everywhere():
    torch.manual_seed(0)
    codec = BitwiseVAE(CONFIG)
    previous, this = torch.randn(3, 20, 106), torch.randn(3, 20, 106)
    output = codec(previous, this)
    assert output.bits.shape == (3, 2, 26, 8)
    assert output.losses.shape == (3,)
    (
        (output.this - this).square().mean() + (output.previous - previous).square().mean() + output.losses.sum()
    ).backward()
    assert all(parameter.grad is not None for parameter in codec.parameters())
    assert codec.encoder.inp_mapping[0].weight.grad.abs().sum() > 0


def test_training_pass_gives_what_the_bits_decode_to():
    torch.manual_seed(0)
    codec = BitwiseVAE(CONFIG).eval()
    previous, this = torch.randn(2, 20, 106), torch.randn(2, 20, 106)
    with torch.no_grad():
        output = codec(previous, this)
    previous_bits, this_bits = codec.quant_to_vqidx(previous, this)
    assert torch.equal(output.bits, torch.stack([previous_bits, this_bits], dim=1))
    torch.testing.assert_close(
        torch.stack(codec.vqidx_to_motion(previous_bits, this_bits)), torch.stack([output.previous, output.this])
    )


def test_earlier_window_does_not_see_the_later():
    torch.manual_seed(0)
    codec = BitwiseVAE(CONFIG).eval()
    previous, this = torch.randn(1, 20, 106), torch.randn(1, 20, 106)
    torch.testing.assert_close(codec.encode(previous, this)[0], codec.encode(previous)[0])


def test_later_window_alone_decodes_to_what_it_is_beside_the_earlier():
    torch.manual_seed(0)
    codec = BitwiseVAE({**CONFIG, "T_DEPTH": 3}).eval()
    previous_bits, this_bits = torch.randint(0, 2, (2, 3, 26, 8))
    alone = codec.decode_this(previous_bits, this_bits)
    torch.testing.assert_close(alone, codec.vqidx_to_motion(previous_bits, this_bits)[1], rtol=0, atol=1e-6)


def test_bits_need_no_training_pass():
    torch.manual_seed(0)
    quantizer, features = MultiScaleBSQ(8, (1, 5, 20)), torch.randn(4, 20, 8)
    assert torch.equal(quantizer.features_to_bits(features), quantizer(features)[1])


@pytest.mark.parametrize(
    ("frames", "length"), [(199, 1), (199, 5), (199, 25), (199, 50), (199, 100), (100, 25), (7, 3)]
)
def test_averaging_by_a_matrix_is_averaging_by_spans(frames, length):
    window = torch.randn(2, frames, 6)
    torch.testing.assert_close(averages(frames, length, "cpu") @ window, resize_down(window, length), rtol=0, atol=1e-6)
    spans = F.adaptive_avg_pool1d(window.transpose(1, 2), length).transpose(1, 2)
    torch.testing.assert_close(resize_down(window, length), spans, rtol=0, atol=0)


def test_zero_counts_as_bit_zero():
    quantized, bits, _ = BSQ(4)(torch.tensor([[[0.0, 1.0, -1.0, 0.0]]]))
    assert bits.tolist() == [[[0, 1, 0, 0]]]
    torch.testing.assert_close(quantized, torch.tensor([[[-0.5, 0.5, -0.5, -0.5]]]))


def test_quantizer_passes_gradients_straight_through():
    features = torch.randn(1, 20, 8, requires_grad=True)
    MultiScaleBSQ(8, (1, 5, 20))(features)[0].sum().backward()
    assert features.grad.abs().sum() > 0


def test_motion_poses_a_head():
    codec, head = BitwiseVAE(CONFIG), FLAMEModel()
    motion = torch.zeros(2, 3, 106)
    motion[..., 100] = 0.3
    still = codec.get_flame_verts(head, torch.zeros(1, 300), motion)
    turned = codec.get_flame_verts(head, torch.zeros(2, 1, 300), motion, with_global=True)
    torch.testing.assert_close(still, head().expand(2, 3, -1, -1))
    assert (turned - still).abs().max() > 0.01
    assert motion[0, 0, 100] == 0.3
