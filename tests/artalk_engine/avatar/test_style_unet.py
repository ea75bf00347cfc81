"""Modulated convolutions and their quicker forms."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from artalk_engine.avatar.network import AvatarNetwork
from artalk_engine.avatar.painting import product_type
from artalk_engine.avatar.style_unet import ModulatedConv, fresh_noises, prepare
from artalk_engine.errors import OptionError
from artalk_engine.precision import can_pack
from tests.golden import gagavatar


@pytest.fixture
def network():
    made = AvatarNetwork(gagavatar.SMALL)
    made.load_state_dict(gagavatar.small_state())
    return made.eval().requires_grad_(False)


def test_scaling_inputs_and_outputs_says_what_scaling_each_pictures_weights_does():
    torch.manual_seed(0)
    conv, image, latent = ModulatedConv(6, 5, 3, 4), torch.randn(3, 6, 8, 8), torch.randn(3, 4)
    torch.nn.init.normal_(conv.weight)
    style = conv.modulation(latent)
    weight = conv.weight * style[:, None, :, None, None]
    weight = weight * torch.rsqrt(weight.square().sum([2, 3, 4], keepdim=True) + 1e-8)
    expected = torch.cat([F.conv2d(one[None], own, padding=1) for one, own in zip(image, weight, strict=True)])
    torch.testing.assert_close(conv(image, latent, math.sqrt(2)), math.sqrt(2) * expected, rtol=1e-5, atol=1e-5)


def test_a_prepared_network_draws_the_same_pictures(network):
    splatted = torch.from_numpy(gagavatar.splat_image(size=128))
    plain = network.photograph(splatted)
    prepare(network.upsampler, torch.device("cpu"), torch.float32)
    torch.testing.assert_close(network.photograph(splatted), plain, rtol=0, atol=1e-5)


@pytest.mark.skipif(not can_pack(torch.bfloat16), reason="this processor does not multiply bfloat16")
def test_reduced_precision_stays_near(network):
    splatted = torch.from_numpy(gagavatar.splat_image(size=128))
    plain = network.photograph(splatted)
    prepare(network.upsampler, torch.device("cpu"), torch.bfloat16)
    found = network.photograph(splatted)
    assert found.dtype == torch.float32
    assert 0 < (found - plain).abs().max() < 0.05


def test_exact_precision_is_float32_and_others_are_refused():
    assert product_type("exact", torch.device("cpu")) == torch.float32
    with pytest.raises(OptionError, match="exact or fast"):
        product_type("quick", torch.device("cpu"))


def test_fresh_noise_belongs_to_its_frame_and_has_the_shapes_of_the_learnt_one(network):
    own = list(network.upsampler.stylegan_decoder.noises.buffers())
    alone, among = fresh_noises(gagavatar.SMALL, [7]), fresh_noises(gagavatar.SMALL, [3, 7])
    assert [noise.shape[1:] for noise in alone] == [noise.shape[1:] for noise in own]
    assert all(torch.equal(one[0], many[1]) for one, many in zip(alone, among, strict=True))
    assert not torch.equal(among[-1][0], among[-1][1])


def test_several_pictures_at_once_are_those_of_one_by_one(network):
    splatted = torch.from_numpy(gagavatar.splat_image(size=128))
    both = network.photograph(torch.cat([splatted, splatted.flip(3)]))
    one = network.photograph(splatted.flip(3))
    torch.testing.assert_close(both[1:], one, rtol=0, atol=1e-5)
