"""A head that turns on shoulders that stay.

The avatar was trained with cameras that go around it, shoulders and all. Here its Gaussians turn instead, above the
neck with the head, below not at all, and between more and more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from artalk_engine.face.skinning import rotation_matrices

from .network import AvatarGaussians
from .painting import Pose

ROOT, NECK = 0, 1
BELOW, ABOVE = -0.35, 0.25  # of the way between them: where turning begins and is whole, in the avatar's units


def turned(heads: Tensor, joints: Tensor, avatar: AvatarGaussians, global_orient: Tensor, cameras: Tensor) -> Pose:
    """Turn an avatar's Gaussians by the height at which they are.

    Args:
        heads: vertices of heads that look straight ahead, ``[B, V, 3]``.
        joints: of the head at rest, ``[J, 3]``.
        avatar: its Gaussians.
        global_orient: of the head, axis-angle, ``[B, 3]``.
        cameras: ``[B, 3, 4]``.
    """
    pivot, points = joints[ROOT], avatar.plane_points
    height = (points[:, 1] - joints[NECK, 1] - BELOW) / (ABOVE - BELOW)
    share = height.clamp(0, 1)
    share = share * share * (3 - 2 * share)
    amounts = share[None, :, None] * global_orient[:, None]  # [B, P, 3]
    planes = (rotation_matrices(amounts) @ (points - pivot)[..., None])[..., 0]
    heads = (heads - pivot) @ rotation_matrices(global_orient).transpose(1, 2)
    vertices = heads.shape[1]
    amounts = torch.cat([global_orient[:, None].expand(-1, vertices, -1), amounts], dim=1)
    own = avatar.gaussians.rotations.clone()
    # The head's quaternions are so short that they turn nothing; so that the turn alone remains.
    own[:vertices] = own.new_tensor([1.0, 0.0, 0.0, 0.0])
    rotations = _product(_quaternions(amounts), own.expand(len(amounts), -1, -1))
    return Pose(torch.cat([heads, planes], dim=1) + pivot, rotations, cameras)


def _quaternions(axis_angle: Tensor) -> Tensor:
    """Write axis-angle vectors ``[..., 3]`` as quaternions w, x, y, z."""
    half = axis_angle.norm(dim=-1, keepdim=True) / 2
    return torch.cat([half.cos(), axis_angle / 2 * torch.sinc(half / torch.pi)], dim=-1)


def _product(first: Tensor, second: Tensor) -> Tensor:
    """Multiply quaternions ``[..., 4]``: what turns by the second, then by the first."""
    w1, x1, y1, z1 = first.unbind(-1)
    w2, x2, y2, z2 = second.unbind(-1)
    return torch.stack(
        [
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        ],
        dim=-1,
    )
