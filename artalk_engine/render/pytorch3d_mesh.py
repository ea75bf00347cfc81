"""The same picture by PyTorch3D itself, for those who have it: the reference, and quick on their GPU."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from artalk_engine.errors import OptionError

from .rasterizer import Floats

if TYPE_CHECKING:
    from .mesh import RenderMesh


def check_pytorch3d() -> None:
    """Make sure that PyTorch3D is there.

    Raises:
        OptionError: if it is not.
    """
    if find_spec("pytorch3d") is None:
        raise OptionError("PyTorch3D is not installed", "Leave the backend out, or install pytorch3d beside PyTorch.")


def draw(renderer: RenderMesh, vertices: Tensor, transforms: Floats, light: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Draw meshes ``[N, V, 3]``; see ``RenderMesh.forward``."""
    from pytorch3d.ops import interpolate_face_attributes
    from pytorch3d.renderer import (
        BlendParams,
        MeshRasterizer,
        PerspectiveCameras,
        PointLights,
        RasterizationSettings,
        hard_rgb_blend,
    )  # fmt: skip
    from pytorch3d.renderer.materials import Materials
    from pytorch3d.renderer.mesh.shading import phong_shading
    from pytorch3d.structures import Meshes

    device, count, samples = vertices.device, len(vertices), renderer.look.antialias
    placed = torch.from_numpy(transforms.copy()).to(device)
    cameras = PerspectiveCameras(renderer.look.camera.focal, R=placed[..., :3], T=placed[..., 3], device=device)
    settings = RasterizationSettings((renderer.height * samples, renderer.width * samples), bin_size=0)
    meshes = Meshes(vertices.float(), renderer.faces.to(device).expand(count, -1, -1))
    fragments = MeshRasterizer(cameras, settings)(meshes)
    colours = torch.from_numpy(renderer.corner_colours(vertices.shape[1])).to(device)
    shaded = phong_shading(
        meshes,
        fragments,
        PointLights(location=[light], device=device),
        cameras,
        Materials(specular_color=((0.6, 0.6, 0.6),), shininess=10, device=device),
        interpolate_face_attributes(fragments.pix_to_face, fragments.bary_coords, colours.repeat(count, 1, 1)),
    )
    picture = hard_rgb_blend(shaded, fragments, BlendParams(background_color=renderer.look.background))
    smaller = torch.nn.functional.avg_pool2d(picture.permute(0, 3, 1, 2), samples)  # [N, 4, H, W]
    return smaller[:, :3] * 255, smaller[:, 3:]
