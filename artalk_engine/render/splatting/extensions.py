"""Gaussians drawn by what the user may have installed for an NVIDIA GPU.

Nothing of it comes with this project. diff_gaussian_rasterization_32d is what GAGAvatar was trained with; its licence
allows research only. gsplat draws nearly the same: it stops a pixel one Gaussian later or earlier, and cuts Gaussians
where alpha ends instead of at three standard deviations. Triton, which comes with PyTorch, compiles our own kernel.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from artalk_engine.errors import OptionError

from .geometry import axes_of, covariances
from .projection import BLUR, NEAR, TILE
from .scene import Scene, View, make_scene

log = logging.getLogger(__name__)

INRIA = "diff_gaussian_rasterization_32d"
INRIA_CHANNELS = 32  # compiled in
Z_NEAR, Z_FAR = 0.01, 100.0  # of the projection matrix; they decide nothing about the picture


def has_inria() -> bool:
    """Say whether diff_gaussian_rasterization_32d is installed."""
    return find_spec(INRIA) is not None


@cache
def has_gsplat() -> bool:
    """Say whether gsplat is installed together with its CUDA code, which it may compile when asked."""
    if find_spec("gsplat") is None:
        return False
    try:
        with contextlib.redirect_stdout(sys.stderr):  # it reports on standard output, which is the protocol's
            return importlib.import_module("gsplat.cuda._backend")._C is not None
    except Exception as exc:  # whatever its compiler, or the lack of one, brings up
        log.warning("gsplat cannot be used: %s", exc)
        return False


@cache
def has_triton() -> bool:
    """Say whether Triton, which comes with PyTorch for NVIDIA's GPUs, is installed and can compile our kernel."""
    if find_spec("triton") is None:
        return False
    try:
        draw_with_triton(_one_gaussian())
    except Exception as exc:  # such as a missing C compiler, which it needs to call what it has compiled
        log.warning("Triton cannot be used: %s", exc)
        return False
    return True


def draw_with_triton(scene: Scene) -> Tensor:
    """Draw pictures ``[B, C, H, W]`` with our own kernel.

    Raises:
        OptionError: if Triton is not installed.
    """
    if find_spec("triton") is None:
        raise OptionError("Triton is not installed", "Install PyTorch for CUDA, which brings it, or choose auto.")
    kernel = importlib.import_module(".kernel", __package__)
    with _current(scene.device):
        pictures: Tensor = kernel.draw(scene)
    return pictures


def _one_gaussian() -> Scene:
    """Return the smallest scene, on the GPU."""
    sizes = {"means": 3, "quaternions": 4, "scales": 3, "opacities": 1, "features": 3}
    content = {name: torch.ones(1, size, device="cuda") for name, size in sizes.items()}
    return make_scene({**content, "camera": torch.eye(3, 4, device="cuda")}, 12.0, TILE)


def draw_with_inria(scene: Scene) -> Tensor:
    """Draw pictures ``[B, 32, H, W]`` with diff_gaussian_rasterization_32d.

    Raises:
        OptionError: if it is not installed, or there are not 32 channels.
    """
    if not has_inria():
        raise OptionError(f"{INRIA} is not installed", "Install it beside PyTorch, or choose auto.")
    if scene.channels != INRIA_CHANNELS:
        raise OptionError(
            f"{INRIA} draws {INRIA_CHANNELS} channels, not {scene.channels}", "Choose another backend, or auto."
        )
    extension = importlib.import_module(INRIA)
    with _current(scene.device):
        return torch.stack([_draw_with_inria(view, scene, extension) for view in scene])


def _current(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Make a GPU the one that extensions draw on."""
    return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()


def _draw_with_inria(view: View, scene: Scene, extension: Any) -> Tensor:
    rotation, translation = axes_of(view.camera)
    viewed = torch.eye(4, device=scene.device)  # for points as rows
    viewed[:3, :3], viewed[3, :3] = rotation, translation
    projection = torch.zeros(4, 4, device=scene.device)
    projection[0, 0] = projection[1, 1] = scene.focal
    projection[2, 2], projection[3, 2] = Z_FAR / (Z_FAR - Z_NEAR), -Z_FAR * Z_NEAR / (Z_FAR - Z_NEAR)
    projection[2, 3] = 1
    settings = extension.GaussianRasterizationSettings(
        image_height=scene.height,
        image_width=scene.width,
        tanfovx=1 / scene.focal,
        tanfovy=1 / scene.focal,
        bg=view.background,
        scale_modifier=1.0,
        viewmatrix=viewed,
        projmatrix=viewed @ projection,
        sh_degree=0,
        campos=-translation @ rotation.mT,
        prefiltered=False,
        debug=False,
    )
    picture: Tensor = extension.GaussianRasterizer(raster_settings=settings)(
        means3D=view.means,
        means2D=torch.zeros_like(view.means),
        shs=None,
        colors_precomp=view.features,
        opacities=view.opacities,
        scales=view.scales,
        rotations=view.quaternions,
        cov3D_precomp=None,
    )[0]
    return picture


def draw_with_gsplat(scene: Scene) -> Tensor:
    """Draw pictures ``[B, C, H, W]`` with gsplat.

    Raises:
        OptionError: if it is not installed, or its CUDA code is not.
    """
    if not has_gsplat():
        raise OptionError(
            "gsplat is not installed, or has no CUDA code", "Install one of its wheels with CUDA, or choose auto."
        )
    gsplat = importlib.import_module("gsplat")
    with _current(scene.device):
        return torch.stack([_draw_with_gsplat(view, scene, gsplat) for view in scene])


def _draw_with_gsplat(view: View, scene: Scene, gsplat: Any) -> Tensor:
    rotation, translation = axes_of(view.camera)
    viewed = torch.eye(4, device=scene.device)  # for points as columns
    viewed[:3, :3], viewed[:3, 3] = rotation.mT, translation
    half_width, half_height = scene.width / 2, scene.height / 2
    lens = [[scene.focal * half_width, 0, half_width], [0, scene.focal * half_height, half_height], [0, 0, 1]]
    picture: Tensor = gsplat.rasterization(
        means=view.means,
        quats=None,
        scales=None,
        covars=covariances(view.quaternions, view.scales),  # gsplat itself would make quaternions of length 1
        opacities=view.opacities[:, 0],
        colors=view.features,
        viewmats=viewed[None],
        Ks=torch.tensor(lens, device=scene.device)[None],
        width=scene.width,
        height=scene.height,
        near_plane=NEAR,
        eps2d=BLUR,
        packed=False,
        tile_size=TILE,
        backgrounds=view.background[None],
        rasterize_mode="classic",
    )[0]
    return picture[0].permute(2, 0, 1)
