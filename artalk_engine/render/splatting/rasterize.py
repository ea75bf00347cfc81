"""The one way to draw Gaussians, whatever draws them.

    picture = rasterize_gaussians(means, quaternions, scales, opacities, features, camera)  # [C, 512, 512]

Any argument may have an axis for pictures before its others, and those without one are shared: with ``[B, 3, 4]``
cameras the same Gaussians are drawn from ``B`` places in one call.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor

from artalk_engine.errors import DeviceError, OptionError
from artalk_engine.render.mesh import available_threads

from . import extensions, processor, tensors
from .scene import Scene, make_scene

Backend = Literal["auto", "cpu", "torch", "triton", "gsplat", "diff_gaussian_rasterization_32d"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)


@torch.no_grad()
def rasterize_gaussians(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    opacities: Tensor,
    features: Tensor,
    camera: Tensor,
    focal: float = 12.0,
    size: int | tuple[int, int] = (512, 512),
    background: Any = None,
    *,
    backend: Backend = "auto",
    threads: int | None = None,
) -> Tensor:
    """Draw Gaussians, the nearest first, as GAGAvatar was trained with.

    A Gaussian is seen through whatever is before it: its features are weighted by its alpha and by the light that is
    left, until next to none is. It is drawn in the tiles of 16 x 16 pixels that a square of three standard deviations
    around it touches, where its alpha is at least 1/255. Nothing nearer than 0.2 is drawn.

    Args:
        means: ``[G, 3]``, in the world; this and each of the following may have an axis ``B`` of pictures before.
        quaternions: ``[G, 4]``, the real part first. Quirk: they are used as long as they are; GAGAvatar's are not
            of length 1.
        scales: ``[G, 3]``, standard deviations.
        opacities: ``[G, 1]``; alpha is at most 0.99.
        features: ``[G, C]``, any number of channels.
        camera: ``[3, 4]``, a rotation for points as rows and a translation: left, up and away from the camera is
            ``point @ camera[:, :3] + camera[:, 3]``.
        focal: in halves of the picture's width and height.
        size: height and width in pixels, or the side of a square.
        background: ``[C]``; None is zeros.
        backend: who draws. ``"auto"`` takes ``"cpu"`` for tensors on the processor; on an NVIDIA GPU the first that
            is installed of ``"diff_gaussian_rasterization_32d"`` (32 channels only), ``"gsplat"`` and ``"triton"``,
            our own kernel; in all other cases ``"torch"``, which runs anywhere.
        threads: of the processor, for ``"cpu"``; None is all that this process may use.

    Returns:
        ``[C, H, W]`` or, where any argument has pictures, ``[B, C, H, W]``: float32, on the arguments' device,
        without gradients.

    Raises:
        GaussiansError: if an argument has a wrong shape, or values that are no finite numbers.
        OptionError: if size, focal length or backend make no sense.
        DeviceError: if the arguments are on several devices, or on one where the backend cannot be used.

    References:
        Kerbl et al., 3D Gaussian Splatting for Real-Time Radiance Field Rendering, 2023.
        Chu and Harada, Generalizable and Animatable Gaussian Head Avatar, 2024.
    """
    arguments = {
        "means": means,
        "quaternions": quaternions,
        "scales": scales,
        "opacities": opacities,
        "features": features,
        "camera": camera,
        "background": background,
    }
    scene = make_scene(arguments, focal, size)
    pictures = _draw(scene, backend, threads)
    return pictures if scene.pictures else pictures[0]


DRAWN_BY = {
    "triton": extensions.draw_with_triton,
    "gsplat": extensions.draw_with_gsplat,
    extensions.INRIA: extensions.draw_with_inria,
}


def choose_backend(device: torch.device, channels: int) -> Backend:
    """Return who draws when nobody is asked for."""
    if device.type == "cpu":
        return "cpu"
    if device.type == "cuda" and channels == extensions.INRIA_CHANNELS and extensions.has_inria():
        return "diff_gaussian_rasterization_32d"
    if device.type == "cuda" and extensions.has_gsplat():
        return "gsplat"
    return "triton" if device.type == "cuda" and extensions.has_triton() else "torch"


def _draw(scene: Scene, backend: Backend, threads: int | None) -> Tensor:
    if backend not in BACKENDS:
        raise OptionError(f"there is no backend {backend!r}", f"Choose one of {', '.join(BACKENDS)}.")
    if threads is not None and threads < 1:
        raise OptionError(f"threads must be at least 1, not {threads}", "Leave it out to use all processors.")
    if backend == "auto":
        backend = choose_backend(scene.device, scene.channels)
    if backend == "cpu":
        return processor.draw(scene, threads or available_threads())
    if backend == "torch":
        return tensors.draw(scene)
    if scene.device.type != "cuda":
        raise DeviceError(
            f"{backend} draws on NVIDIA GPUs, and the Gaussians are on {scene.device}", "Move them, or choose auto."
        )
    return DRAWN_BY[backend](scene)
