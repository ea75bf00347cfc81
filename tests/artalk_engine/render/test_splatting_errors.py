"""Gaussians that cannot be drawn are refused in one sentence that names the argument."""

from __future__ import annotations

import pytest
import torch

from artalk_engine import rasterize_gaussians
from artalk_engine.errors import DeviceError, GaussiansError, OptionError
from tests.artalk_engine.render.plain_splatting import random_scene

SCENE = random_scene(0, count=15, channels=3)


def spoilt(name, value):
    tensor = SCENE[name].clone()
    tensor.view(-1)[-1] = value
    return {**SCENE, name: tensor}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", SCENE)
def test_values_that_are_no_finite_numbers_are_named(name, value):
    with pytest.raises(GaussiansError, match=f"{name} has 1 value.* no finite number.* at ") as caught:
        rasterize_gaussians(**spoilt(name, value))
    assert caught.value.argument == name
    assert caught.value.remedy


def test_sums_beyond_float32_of_finite_numbers_are_no_reason_to_refuse():
    assert rasterize_gaussians(**{**SCENE, "features": torch.full((15, 3), 3e38)}, size=8).shape == (3, 8, 8)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("means", (15, 2)),
        ("means", (45,)),
        ("means", (1, 1, 15, 3)),
        ("quaternions", (15, 3)),
        ("scales", (14, 3)),
        ("opacities", (15,)),
        ("features", (16, 3)),
        ("features", (15,)),
        ("camera", (4, 4)),
        ("background", (4,)),
        ("background", ()),
    ],
)
def test_wrong_shapes_are_named(name, shape):
    with pytest.raises(GaussiansError, match=name) as caught:
        rasterize_gaussians(**{**SCENE, name: torch.zeros(shape)})
    assert str(list(shape)) in str(caught.value)


def test_counts_of_pictures_that_differ_are_named():
    cameras, means = SCENE["camera"].expand(2, 3, 4), SCENE["means"].expand(3, 15, 3)
    with pytest.raises(GaussiansError, match=r"camera must be .* with B = 3"):
        rasterize_gaussians(**{**SCENE, "camera": cameras, "means": means})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({name: SCENE[name][:0] for name in SCENE if name != "camera"}, "means has no Gaussian"),
        ({"features": torch.zeros(15, 0)}, "features has no channel"),
        ({"camera": torch.zeros(0, 3, 4)}, "camera has no picture"),
        ({"means": "far away"}, "means must be an array of numbers"),
        ({"means": SCENE["means"] * 1j}, "means must be real numbers"),
    ],
)
def test_nothing_to_draw_is_said(changes, match):
    with pytest.raises(GaussiansError, match=match):
        rasterize_gaussians(**SCENE | changes)


@pytest.mark.parametrize(
    "options",
    [
        {"size": 0},
        {"size": (4, -1)},
        {"size": (4, 4, 4)},
        {"size": 3.5},
        {"focal": 0.0},
        {"focal": float("nan")},
        {"backend": "opengl"},
        {"threads": 0},
    ],
)
def test_options_without_sense_are_refused(options):
    with pytest.raises(OptionError) as caught:
        rasterize_gaussians(**SCENE, **options)
    assert caught.value.remedy


def test_several_devices_are_named():
    elsewhere = SCENE["scales"].to("meta")
    with pytest.raises(DeviceError, match=r"several devices: .*on cpu, scales on meta"):
        rasterize_gaussians(**{**SCENE, "scales": elsewhere})


@pytest.mark.parametrize("backend", ["gsplat", "diff_gaussian_rasterization_32d"])
def test_extensions_are_for_nvidia_gpus(backend):
    with pytest.raises(DeviceError, match="NVIDIA"):
        rasterize_gaussians(**SCENE, backend=backend)
