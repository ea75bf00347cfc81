"""A head that turns on shoulders that stay.

The avatar was trained with cameras that go around it, shoulders and all. Here its Gaussians turn instead: above the
neck with the head, below it not at all, and between more and more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from artalk_engine.face.skinning import rotation_matrices

from .network import AvatarGaussians
from .painting import Pose

ROOT, NECK = 0, 1  # joints at the neck's lower and upper end


def turned(heads: Tensor, joints: Tensor, avatar: AvatarGaussians, global_orient: Tensor, cameras: Tensor) -> Pose:
    """Turn an avatar's Gaussians by the height at which they are.

    Args:
        heads: vertices of heads that look straight ahead, ``[B, V, 3]``.
        joints: of the head at rest, ``[J, 3]``.
        avatar: its Gaussians.
        global_orient: of the head, axis-angle, ``[B, 3]``.
        cameras: ``[B, 3, 4]``.
    """
    pivot, vertices = joints[ROOT], heads.shape[1]
    straight = torch.cat([heads, avatar.plane_points.expand(len(heads), -1, -1)], dim=1)
    height = (straight[..., 1:2] - joints[ROOT, 1]) / (joints[NECK, 1] - joints[ROOT, 1])
    share = height.clamp(0, 1)
    amounts = share * share * (3 - 2 * share) * global_orient[:, None]  # [B, G, 3]
    means = (rotation_matrices(amounts) @ (straight - pivot)[..., None])[..., 0] + pivot
    own = avatar.gaussians.rotations.clone()
    # The head's quaternions are so short that they turn nothing; so that the turn alone remains.
    own[:vertices] = own.new_tensor([1.0, 0.0, 0.0, 0.0])
    return Pose(means, _product(_quaternions(amounts), own.expand(len(heads), -1, -1)), cameras)


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
