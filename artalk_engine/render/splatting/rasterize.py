"""The one way to draw Gaussians, whatever draws them.

    picture = rasterize_gaussians(means, quaternions, scales, opacities, features, camera)  # [C, 512, 512]
"""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from artalk_engine.render.mesh import available_threads

from . import processor
from .scene import make_scene

Backend = Literal["auto", "cpu"]


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
    """Draw Gaussians."""
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
    pictures = processor.draw(scene, threads or available_threads())
    return pictures
