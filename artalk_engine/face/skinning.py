"""Linear blend skinning: joint rotations move vertices, each by its weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def rotation_matrices(axis_angle: Tensor) -> Tensor:
    """Turn axis-angle vectors ``[..., 3]``, in radians, into rotations ``[..., 3, 3]``."""
    # Quirk: the small number goes to each component before the norm, so that no rotation is a tiny one.
    angle = (axis_angle + 1e-8).norm(dim=-1, keepdim=True)
    x, y, z = (axis_angle / angle).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))  # type: ignore[no-untyped-call]
    sine, cosine = angle.sin()[..., None], angle.cos()[..., None]
    identity = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    rotation: Tensor = identity + sine * cross + (1 - cosine) * (cross @ cross)
    return rotation


def joint_transforms(rotations: Tensor, joints: Tensor, parents: Sequence[int]) -> Tensor:
    """Chain rotations from the root outwards.

    Args:
        rotations: of each joint against its parent, ``[N, J, 3, 3]``.
        joints: rest positions, ``[N, J, 3]``.
        parents: index of each joint's parent, which comes before it; -1 for the root.

    Returns:
        ``[N, J, 3, 4]``: what each joint does to a point of the rest pose.
    """
    turns: list[Tensor] = []
    places: list[Tensor] = []  # of the joints, posed
    for joint, parent in enumerate(parents):
        if parent < 0:
            turns.append(rotations[:, joint])
            places.append(joints[:, joint])
            continue
        offset = joints[:, joint] - joints[:, parent]
        turns.append(turns[parent] @ rotations[:, joint])
        places.append(places[parent] + _apply(turns[parent], offset))
    turn, place = torch.stack(turns, dim=1), torch.stack(places, dim=1)
    return torch.cat([turn, (place - _apply(turn, joints))[..., None]], dim=-1)


def skin(vertices: Tensor, transforms: Tensor, weights: Tensor) -> Tensor:
    """Move vertices by their joints.

    Args:
        vertices: rest pose, ``[N, V, 3]``.
        transforms: ``[N, J, 3, 4]``.
        weights: ``[V, J]``, each row adding up to one.

    Returns:
        ``[N, V, 3]``.
    """
    blended = (weights @ transforms.flatten(2)).view(len(transforms), -1, 3, 4)
    return _apply(blended[..., :3], vertices) + blended[..., 3]


def _apply(rotations: Tensor, points: Tensor) -> Tensor:
    return (rotations @ points[..., None])[..., 0]
