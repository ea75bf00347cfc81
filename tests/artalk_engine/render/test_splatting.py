"""Gaussians on the processor: the reference's picture, whatever the scene, its order and the number of threads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from artalk_engine import rasterize_gaussians
from artalk_engine.render.splatting import blending, ordering, projection
from artalk_engine.render.splatting.projection import Footprints
from tests.artalk_engine.render.plain_splatting import camera_of, random_scene, reference
from tests.golden.golden import FOLDER

GOLDEN = ("plain_64", "mixed_64", "frontal_bg_64", "odd_45x70")
FRONT = torch.tensor([[-1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, -1.0, 10.0]])


def golden(name):
    """A scene of the reference's, and what it made of it."""
    with np.load(FOLDER / f"splat_{name}.npz") as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files}
    names = {"means": "xyz", "quaternions": "rotations", "features": "colors", "camera": "cam"}
    scene = {name: arrays[names.get(name, name)] for name in (*names, "scales", "opacities")}
    return scene, arrays, tuple(arrays["size"].tolist())


def draw(scene, size, **options):
    return rasterize_gaussians(**scene, size=size, **options)


def one(scale=0.02, opacity=0.8, mean=(0.0, 0.0, 0.0), features=(1.0, -2.0)):
    """A single round Gaussian before the camera."""
    return {
        "means": torch.tensor([mean]),
        "quaternions": torch.tensor([[1.0, 0, 0, 0]]),
        "scales": torch.full((1, 3), scale),
        "opacities": torch.tensor([[opacity]]),
        "features": torch.tensor([features]),
        "camera": FRONT,
    }


def several(*scenes):
    """Gaussians of several scenes, in this order."""
    return {key: torch.cat([scene[key] for scene in scenes]) for key in scenes[0] if key != "camera"} | {
        "camera": FRONT
    }


def assert_alike(picture, expected):
    """A Gaussian at a threshold may count in one and not in the other; on the whole they are one."""
    error = np.abs(np.asarray(picture, np.float64) - np.asarray(expected, np.float64))
    assert error.mean() <= 1e-6
    assert error.max() <= 2e-2


@pytest.mark.parametrize("name", GOLDEN)
def test_pictures_are_the_references(name):
    scene, arrays, size = golden(name)
    assert_alike(draw(scene, size, background=arrays["background"]), arrays["image"])


@pytest.mark.parametrize("name", GOLDEN)
def test_as_much_shines_through_as_in_the_reference(name):
    scene, arrays, size = golden(name)
    nothing = scene | {"features": torch.zeros(len(scene["means"]), 1)}
    assert_alike(draw(nothing, size, background=[1.0])[0], arrays["transmittance"])


@pytest.mark.parametrize("name", GOLDEN)
def test_radii_are_the_references_and_tiles_within_its_own(name):
    scene, arrays, (height, width) = golden(name)
    made = Footprints.empty(len(scene["means"]))
    gaussians = [scene[key].numpy() for key in ("means", "quaternions", "scales")] + [scene["opacities"][:, 0].numpy()]
    camera = scene["camera"].double().numpy()
    into = made.fields, made.depths, made.radii, made.tiles
    projection.project(0, len(made.radii), *gaussians, camera, 12.0, height, width, *into)
    assert np.array_equal(made.radii, arrays["radius"].numpy())
    is_drawn = (made.tiles[:, :2] < made.tiles[:, 2:]).all(axis=1)
    theirs = arrays["rect"].numpy()[is_drawn]
    assert (made.tiles[is_drawn, :2] >= theirs[:, :2]).all()
    assert (made.tiles[is_drawn, 2:] <= theirs[:, 2:]).all()
    assert is_drawn.sum() > 0.5 * len(is_drawn)


@pytest.mark.parametrize("seed", range(12))
def test_any_scene_in_any_size_is_the_plain_ones(seed):
    random = np.random.default_rng(100 + seed)
    channels = int(random.choice([1, 2, 3, 5, 32, 40]))
    scene, size = random_scene(seed, channels=channels), tuple(map(int, random.integers(1, 100, 2)))
    background, focal = random.normal(size=channels).astype(np.float32), float(random.uniform(4, 16))
    picture = draw(scene, size, focal=focal, background=background)
    assert picture.shape == (channels, *size)
    assert_alike(picture, reference(scene, size, focal, background))


def test_the_order_in_which_gaussians_come_does_not_matter():
    scene = random_scene(1, is_tame=True)
    mixed = torch.randperm(len(scene["means"]), generator=torch.Generator().manual_seed(0))
    other = {name: tensor if name == "camera" else tensor[mixed] for name, tensor in scene.items()}
    assert torch.equal(draw(scene, 64), draw(other, 64))


def test_of_equally_near_gaussians_the_first_is_before():
    red, blue = one(opacity=0.9, features=(1.0, 0.0)), one(opacity=0.9, features=(0.0, 1.0))
    for scene, first in ((several(red, blue), 0), (several(blue, red), 1)):
        middle = draw(scene, 33)[:, 16, 16]
        assert middle[first] == pytest.approx(0.9)
        assert middle[1 - first] == pytest.approx(0.1 * 0.9)


def test_one_gaussian_has_the_pixels_of_its_formula():
    size, scale, opacity = 65, 0.03, 0.7
    picture = draw(one(scale, opacity), size, background=[0.0, 0.5])
    pixels = (np.arange(size) - (size - 1) / 2) ** 2
    variance = (scale * 12 * size / 2 / 10) ** 2 + 0.3
    alpha = opacity * np.exp(-(pixels[:, None] + pixels) / (2 * variance))
    alpha *= alpha >= 1 / 255
    np.testing.assert_allclose(picture[0], alpha, atol=1e-6)
    np.testing.assert_allclose(picture[1], -2 * alpha + 0.5 * (1 - alpha), atol=1e-6)


@pytest.mark.parametrize(("mean", "row", "column"), [((0.4, 0, 0), 32, 48), ((0, 0.4, 0), 16, 32)])
def test_the_cameras_right_and_up_are_the_pictures(mean, row, column):
    picture = draw(one(mean=tuple(map(float, mean))), 65)[0]
    highest = divmod(int(picture.argmax()), 65)
    assert max(abs(highest[0] - row), abs(highest[1] - column)) <= 1


def test_the_background_is_exact_where_nothing_is_drawn():
    background = torch.tensor([0.1, -3.3])
    hidden = several(one(mean=(0.0, 0.0, 9.9)), one(mean=(0.0, 0.0, 30.0)), one(opacity=0.0039), one(opacity=-1.0))
    assert torch.equal(draw(hidden, (20, 37), background=background), background[:, None, None].expand(2, 20, 37))


def test_no_gaussian_hides_all_and_the_last_light_is_not_spent():
    behind = [one(opacity=o, mean=(0.0, 0.0, -i / 10), features=(i + 1.0, 0.0)) for i, o in enumerate((5.0, 0.98, 0.9))]
    middle = draw(several(*behind), 33)[0, 16, 16]
    # The third would leave 0.00002 of the light: less than 0.0001, so that it ends the pixel undrawn.
    assert middle == pytest.approx(0.99 * 1 + 0.01 * 0.98 * 2, rel=1e-3)
    assert middle < 0.99 * 1 + 0.01 * 0.98 * 2 + 1e-4


def test_a_call_for_several_pictures_gives_those_of_several_calls():
    scene = random_scene(3)
    cameras = torch.from_numpy(np.stack([camera_of([0, turn, 0], [0, 0, 9.5]) for turn in (-0.5, 0.0, 0.4)])).float()
    means = scene["means"] + torch.tensor([0.0, 0.1, 0.2])[:, None, None]
    together = draw(scene | {"camera": cameras, "means": means}, (40, 50))
    assert together.shape == (3, 4, 40, 50)
    for n in range(3):
        assert torch.equal(together[n], draw(scene | {"camera": cameras[n], "means": means[n]}, (40, 50)))
    assert draw(scene | {"camera": cameras[:1]}, 20).shape == (1, 4, 20, 20)


@pytest.mark.parametrize("threads", [2, 7])
def test_threads_change_nothing(threads):
    scene = random_scene(4, channels=32)
    assert torch.equal(draw(scene, 80, threads=threads), draw(scene, 80, threads=1))


def test_arguments_may_be_of_any_kind_and_are_left_alone():
    scene = random_scene(5)
    expected = draw(scene, 48)
    kept = {name: tensor.clone() for name, tensor in scene.items()}
    others = {
        **scene,
        "means": scene["means"].clone().requires_grad_(),
        "features": scene["features"].double(),
        "scales": scene["scales"].T.contiguous().T,
        "camera": scene["camera"].numpy(),
    }
    made = draw(others, (48, 48))
    assert torch.equal(made, expected)
    assert not made.requires_grad
    assert all(torch.equal(scene[name], kept[name]) for name in scene)


def test_absurd_numbers_make_no_other():
    wild = several(*(one(scale, 3e38, (0.0, 0.0, z)) for scale in (3e38, 1e20, 1e7) for z in (0.0, -3e38, 3e38)))
    wild["quaternions"][::2] = 1e30
    picture = draw(several(wild, one(mean=(3e38, -3e38, 1.0))), (30, 50))
    assert picture.isfinite().all()


def test_nearest_first_is_a_stable_sort():
    random = np.random.default_rng(0)
    depths = random.choice(random.uniform(0.2, 1e4, 500), 3000).astype(np.float32)
    tiles = np.zeros((3000, 4), np.int32)
    tiles[:, 2:] = random.random((3000, 1)) < 0.8
    is_shown = tiles[:, 2] > 0
    expected = np.flatnonzero(is_shown)[np.argsort(depths[is_shown], kind="stable")]
    assert np.array_equal(ordering.nearest_first(depths, tiles), expected)


def test_the_exponential_is_good_to_float32():
    exponents = -np.logspace(-6, math.log10(79), 400, dtype=np.float32)
    made = np.array([blending._exp(exponent) for exponent in exponents])
    np.testing.assert_allclose(made, np.exp(exponents.astype(np.float64)), rtol=2.5e-7)
