"""FLAME's own arithmetic in double precision, written apart from the add-on and the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

PARENTS = (-1, 0, 1, 1, 1)


def rotation_matrix(axis_angle: np.ndarray) -> np.ndarray:
    angle = np.linalg.norm(axis_angle)
    if angle == 0.0:
        return np.eye(3)
    x, y, z = axis_angle / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def flame_vertices(
    path: Path, motion: np.ndarray, betas: np.ndarray | None = None, turned: dict[int, np.ndarray] | None = None
) -> np.ndarray:
    """Vertices ``[N, V, 3]`` in metres of motion frames ``[N, 106]``; further joints turn by axis-angles ``[3]``."""
    with np.load(path) as archive:
        names = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")
        template, shapes, poses, regressor, weights = (archive[name].astype(np.float64) for name in names)
    identity = np.zeros(300)
    identity[: 0 if betas is None else len(betas)] = [] if betas is None else betas
    frames = []
    for frame in motion.astype(np.float64):
        shaped = template + shapes @ np.concatenate([identity, frame[:100]])
        joints = regressor @ shaped
        rotations = [np.eye(3)] * 5
        rotations[0], rotations[2] = rotation_matrix(frame[100:103]), rotation_matrix(frame[103:106])
        for joint, axis_angle in (turned or {}).items():
            rotations[joint] = rotation_matrix(axis_angle)
        posed = shaped + poses @ np.concatenate([(r - np.eye(3)).ravel() for r in rotations[1:]])
        turns, places = [], []
        for joint, parent in enumerate(PARENTS):
            if parent < 0:
                turns.append(rotations[joint])
                places.append(joints[joint])
            else:
                turns.append(turns[parent] @ rotations[joint])
                places.append(places[parent] + turns[parent] @ (joints[joint] - joints[parent]))
        moved = [(posed - joints[j]) @ turns[j].T + places[j] for j in range(5)]
        frames.append(np.einsum("vj,jvc->vc", weights, np.stack(moved)))
    return np.stack(frames)
