"""Poses the model as FLAME does, in plain numpy, for the generator's own checks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .design import EXPRESSION_COUNT, IDENTITY_COUNT, JAW, PARENTS, Floats
from .model import BuiltinHead
from .units import EXPRESSIONS


def pose_head(head: BuiltinHead, coefficients: Floats, rotations: Floats) -> Floats:
    """Return the vertices ``[5023, 3]`` in metres, as FLAME computes them.

    Args:
        head: the model.
        coefficients: ``[400]``, identity then expression.
        rotations: ``[5, 3]``, axis times angle of each joint in radians.

    References:
        Li et al., "Learning a model of facial shape and expression from 4D scans", 2017.
    """
    shaped = head.v_template + head.shapedirs @ coefficients
    joints = head.J_regressor @ shaped
    matrices = np.stack([rotation_matrix(rotation) for rotation in rotations])
    shaped = shaped + head.posedirs @ (matrices[1:] - np.eye(3)).ravel()
    world: list[tuple[Floats, Floats]] = []
    for joint, parent in enumerate(head.parents):
        turn, origin = (np.eye(3), np.zeros(3)) if parent < 0 else world[parent]
        shift = origin + turn @ joints[joint] - turn @ matrices[joint] @ joints[joint]
        world.append((turn @ matrices[joint], shift))
    posed = np.stack([shaped @ turn.T + shift for turn, shift in world], axis=1)
    return np.asarray(np.einsum("vj,vjk->vk", head.weights, posed))


def rotation_matrix(rotation: Floats) -> Floats:
    """Return the matrix ``[3, 3]`` of an axis times an angle in radians, by Rodrigues' formula."""
    angle = float(np.linalg.norm(rotation))
    x, y, z = rotation / max(angle, 1e-12)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross)


def posed_by(head: BuiltinHead, units: dict[str, float], jaw: float = 0.0) -> Floats:
    """Return the vertices in millimetres under named expression units and a jaw angle in radians."""
    names = [unit.name for unit in EXPRESSIONS]
    coefficients = np.zeros(IDENTITY_COUNT + EXPRESSION_COUNT)
    for name, amount in units.items():
        coefficients[IDENTITY_COUNT + names.index(name)] = amount
    rotations = np.zeros((len(PARENTS), 3))
    rotations[JAW, 0] = jaw
    return 1e3 * pose_head(head, coefficients, rotations)


def seam_gap(vertices: Floats, seam: NDArray[np.int32]) -> Floats:
    """Return the heights of the upper over the lower side of a seam, ``[N]``."""
    return np.asarray(vertices[seam[0], 1] - vertices[seam[1], 1])
