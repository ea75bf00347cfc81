"""Every stage of the avatar, at the released size, against golden arrays of the reference."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from artalk_engine.avatar.config import AvatarConfig
from artalk_engine.avatar.features import resize
from artalk_engine.avatar.gaussians import direction_code, sight
from artalk_engine.avatar.head import FOREHEAD, PosedHead, calmed, turned_camera
from artalk_engine.avatar.network import AvatarNetwork
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.render.splatting.rasterize import rasterize_gaussians
from bridge.motion import EXPRESSION, GLOBAL_ORIENT, JAW_POSE
from tests.golden import gagavatar, synthetic_flame
from tests.golden.golden import Golden

PLANE = 296 * 296
HEAD = 5023


@pytest.fixture(scope="module")
def golden():
    return Golden("gagavatar_seed0")


@pytest.fixture(scope="module")
def made():
    """One portrait on its way to Gaussians, with all that lies between."""
    network, portrait = gagavatar.shared_network(), gagavatar.tracked()
    taps = {}
    maps = network.base_model
    stages = {f"layer_rn{n}": layer for n, layer in enumerate(maps.layer_rn)}
    stages |= {f"refine{n}": layer for n, layer in enumerate(maps.refinenet)}
    stages |= {"dino": maps.dino_model, "features": maps}

    def tap(name):
        return lambda _module, given, out: taps.update({name: out, f"{name}.in": given[0]})

    hooks = [stage.register_forward_hook(tap(name)) for name, stage in stages.items()]
    with torch.inference_mode():
        avatar = network.gaussians(*map(torch.from_numpy, (portrait["image"], portrait["transform_matrix"])))
    for hook in hooks:
        hook.remove()
    return SimpleNamespace(taps=taps, avatar=avatar, parts=avatar.gaussians)


@pytest.fixture(scope="module")
def flame(tmp_path_factory):
    path = tmp_path_factory.mktemp("flame") / "FLAME_with_eye.pt"
    synthetic_flame.save_pt(path, 0)
    return FLAMEModel(model_path=path)


def near(found, expected, tolerance):
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=tolerance)


def test_state_dict_is_the_released_one():
    with torch.device("meta"):
        state = AvatarNetwork(AvatarConfig()).state_dict()
    expected = [(entry["key"], entry["shape"]) for entry in gagavatar.MANIFEST]
    assert [(key, list(value.shape)) for key, value in state.items()] == expected
    assert len(expected) == 561
    assert AvatarConfig.of(state) == AvatarConfig()
    assert AvatarConfig.of(gagavatar.small_state()) == gagavatar.SMALL


def test_portrait_is_resized_as_the_references(golden):
    image = torch.from_numpy(gagavatar.tracked()["image"])[None]
    near(resize(image, 518)[0, :, ::37, ::11], golden.tensor("resized518"), 1e-6)


@pytest.mark.parametrize("layer", range(4))
def test_transformer_and_pyramid_are_the_references(made, golden, layer):
    deviation = golden.arrays[f"dino{layer}.stats"][1]
    near(made.taps["dino"][layer][0, ::61], golden.tensor(f"dino{layer}"), 1e-4 * deviation)
    for name, found in (
        (f"layer_in{layer}", made.taps[f"layer_rn{layer}.in"]),
        (f"refine{layer}", made.taps[f"refine{layer}"]),
    ):
        assert list(found.shape) == golden.arrays[f"{name}.shape"].tolist()
        near(found[0, ::29, ::11, ::13], golden.tensor(name), 1e-4 * golden.arrays[f"{name}.stats"][1])
    near(made.taps[f"layer_rn{layer}"][0, ::29, ::11, ::13], golden.tensor(f"layer_rn{layer}"), 1e-4)


def test_features_are_the_references(made, golden):
    features, whole = made.taps["features"]
    near(features[0, ::8, ::16, ::16], golden.tensor("feature0"), 1e-4)
    near(whole, golden.tensor("feature1"), 1e-4)
    transform = torch.from_numpy(gagavatar.tracked()["transform_matrix"])
    near(direction_code(sight(transform))[None], golden.tensor("direnc"), 1e-6)


@pytest.mark.parametrize("part", ["colors", "opacities", "scales", "rotations"])
def test_gaussians_are_the_references(made, golden, part):
    found = getattr(made.parts, {"colors": "colours"}.get(part, part))
    head, pixel = golden.tensor("index_g"), golden.tensor("index_l")
    for name, rows in (("g", head), ("l0", HEAD + pixel), ("l1", HEAD + PLANE + pixel)):
        near(found[rows], golden.tensor(f"{name}.{part}"), 1e-4 * golden.arrays[f"{name}.{part}.stats"][1])


def test_planes_stand_where_the_references_do(made, golden):
    pixel = golden.tensor("index_l")
    near(made.avatar.plane_points[pixel], golden.tensor("xyz_l0"), 1e-5)
    near(made.avatar.plane_points[PLANE + pixel], golden.tensor("xyz_l1"), 1e-5)
    assert len(made.parts) == HEAD + 2 * PLANE == 180_255


def test_head_and_camera_follow_motion_as_the_references(flame, golden):
    motion, portrait = golden.tensor("motions"), gagavatar.tracked()
    assert list(FOREHEAD) == golden.arrays["forehead_indices"].tolist()
    head = PosedHead(flame, torch.from_numpy(portrait["shapecode"])[None])
    vertices = head(motion[:, EXPRESSION], motion[:, JAW_POSE])
    index = golden.tensor("index_g")
    vertices[:, FOREHEAD] = calmed(vertices[:, FOREHEAD])
    near(vertices[0, index], golden.tensor("xyz_g"), 1e-6)
    near(vertices[:, golden.tensor("t_points_index")], golden.tensor("t_points_ema"), 1e-6)
    cameras = turned_camera(motion[:, GLOBAL_ORIENT], torch.from_numpy(portrait["transform_matrix"])[:, 3])
    near(cameras, golden.tensor("t_transform"), 1e-6)
    near(cameras[:1], golden.tensor("cam_matrix"), 1e-6)


def test_a_new_avatar_begins_with_its_own_forehead_where_the_reference_keeps_the_old(flame, golden):
    new, motion = gagavatar.tracked(1000), golden.tensor("motions")[5:]
    # The golden motion is the one that the reference had changed meanwhile: only its head's rotation.
    assert np.array_equal(motion[:, 106 - 3 :].numpy(), golden.arrays["motions_after"][5:, 106 - 3 :])
    head = PosedHead(flame, torch.from_numpy(new["shapecode"])[None], FOREHEAD)
    own = head(motion[:, EXPRESSION], motion[:, JAW_POSE])
    last = golden.tensor("t_points_ema")[5]
    places = {vertex: place for place, vertex in enumerate(golden.arrays["t_points_index"].tolist())}
    kept = [number for number, vertex in enumerate(FOREHEAD) if vertex in places]
    before = own[0].clone()
    before[kept] = torch.stack([last[places[FOREHEAD[number]]] for number in kept])
    near(calmed(own, before)[0, kept], golden.tensor("switch.t_points_forehead")[kept], 1e-6)
    near(calmed(own)[0], own[0], 1e-6)


def test_photograph_of_a_given_picture_is_the_references(golden):
    network, splatted = gagavatar.shared_network(), torch.from_numpy(gagavatar.splat_image())
    unet, taps = network.upsampler, {}

    def tap(name):
        return lambda _module, _given, out: taps.update({name: out.clone()})

    hooks = [unet.final_linear.register_forward_hook(tap("style_code"))]
    hooks += [unet.stylegan_decoder.style_mlp.register_forward_hook(tap("latent"))]
    for kind, blocks in (("down", unet.conv_body_down), ("up", unet.conv_body_up)):
        hooks += [block.register_forward_hook(tap(f"up.{kind}{n}")) for n, block in enumerate(blocks)]
    with torch.inference_mode():
        picture = network.photograph(splatted)
    for hook in hooks:
        hook.remove()
    for name in ("style_code", "latent"):
        near(taps.pop(name), golden.tensor(name), 1e-5)
    for name, found in taps.items():
        step = max(1, found.shape[-1] // 16)
        near(found[0, ::8, ::step, ::step], golden.tensor(name), 1e-4 * golden.arrays[f"{name}.stats"][1])
    near(picture[0, :, ::4, ::4], golden.tensor("upsampled_fixed_noise"), 1e-5)


def test_whole_way_from_portrait_and_motion_to_picture_is_the_references(made, flame, golden):
    end, motion, portrait = Golden("gagavatar_e2e_seed0"), golden.tensor("motions")[:1], gagavatar.tracked()
    head = PosedHead(flame, torch.from_numpy(portrait["shapecode"])[None])(motion[:, EXPRESSION], motion[:, JAW_POSE])
    camera = turned_camera(motion[:, GLOBAL_ORIENT], torch.from_numpy(portrait["transform_matrix"])[:, 3])
    means, part = torch.cat([head[0], made.avatar.plane_points]), made.parts
    splatted = rasterize_gaussians(means, part.rotations, part.scales, part.opacities, part.colours, camera[0])
    difference = (splatted[:, ::8, ::8] - end.tensor("features")).abs()
    # At a splat's rim one processor's rounding leaves off what another's keeps: 1/255 of its colour, here and there.
    assert difference.max() < part.colours.abs().max() / 255
    assert (difference.amax(dim=0) > 1e-3).float().mean() < 3e-3  # of the pixels
    assert difference.mean() < 1e-5
    with torch.inference_mode():
        picture = gagavatar.shared_network().photograph(splatted[None])
    difference = (picture[0, :, ::2, ::2] - end.tensor("image")).abs()
    assert difference.max() < 1e-3  # a quarter of an 8-bit step
    assert (difference > 1e-4).float().mean() < 5e-4
