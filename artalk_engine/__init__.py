"""Speech to FLAME motion: a complete ARTalk with a head and a voice of its own.

The public names below are loaded when they are first asked for, so that
``import artalk_engine`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .avatar.gagavatar import GAGAvatar
    from .body.rvq_vae import RVQVAE
    from .engine import ARTAvatarInferEngine
    from .face.flame import FLAMEModel
    from .motion.generator import BitwiseARModel
    from .motion.quantizer import BSQ, MultiScaleBSQ
    from .motion.style import StyleEncoder
    from .motion.transformer import AdaLNSelfAttn
    from .motion.vae import BitwiseVAE
    from .render.mesh import RenderMesh
    from .render.splatting.rasterize import rasterize_gaussians
    from .streaming import ARTalkStreamer

__all__ = [
    "BSQ",
    "RVQVAE",
    "ARTAvatarInferEngine",
    "ARTalkStreamer",
    "AdaLNSelfAttn",
    "BitwiseARModel",
    "BitwiseVAE",
    "FLAMEModel",
    "GAGAvatar",
    "MultiScaleBSQ",
    "RenderMesh",
    "StyleEncoder",
    "rasterize_gaussians",
]

_HOMES = {
    "BSQ": "motion.quantizer",
    "GAGAvatar": "avatar.gagavatar",
    "RVQVAE": "body.rvq_vae",
    "ARTAvatarInferEngine": "engine",
    "ARTalkStreamer": "streaming",
    "AdaLNSelfAttn": "motion.transformer",
    "BitwiseARModel": "motion.generator",
    "BitwiseVAE": "motion.vae",
    "FLAMEModel": "face.flame",
    "MultiScaleBSQ": "motion.quantizer",
    "RenderMesh": "render.mesh",
    "StyleEncoder": "motion.style",
    "rasterize_gaussians": "render.splatting.rasterize",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
