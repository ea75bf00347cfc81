"""Measures the built-in head in millimetres: lips, corners and lids over a whole motion.

A few dozen vertices say all that the measures need, so those alone are posed: expression units, the jaw's corrective
and linear blend skinning, exactly as for the whole head. Measures are taken in the head's own axes, without the turn of
the head and the neck, which move everything alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artalk_engine.assets import head_path
from bridge.motion import EXPRESSION, EXPRESSIONS, JAW_POSE

Floats = NDArray[np.float64]
Motion = NDArray[np.float32]

_IDENTITIES = 300
_JAW = 2  # the joint
_JAW_FEATURES = slice(9, 18)  # of the pose correctives, after the neck's nine
_TO_MM = 1e3


@dataclass(frozen=True, slots=True)
class FaceCurves:
    """What a motion does to the face, frame by frame, in millimetres.

    Attributes:
        opening: ``[T]``, mean height of the gap between the lips over the middle half of the mouth.
        lip_gap: ``[T]``, largest height of the gap anywhere along the lips; 0.2 at rest, negative if they overlap.
        width: ``[T]``, between the corners of the mouth.
        protrusion: ``[T]``, how far the lips stand in front of where they are at rest.
        lid_gaps: ``[T, 2]``, largest height of the gap between the lids, left and right.
    """

    opening: Floats
    lip_gap: Floats
    width: Floats
    protrusion: Floats
    lid_gaps: Floats


@dataclass(frozen=True, slots=True)
class HeadRuler:
    """The vertices of the built-in head that are measured, and what moves them.

    Attributes:
        rest: ``[V, 3]`` in millimetres.
        directions: ``[V, 3, 100]``, of the expression units.
        corrective: ``[V, 3, 9]``, of the jaw's ``R - I``.
        jaw_weight: ``[V]``, share in the jaw's rotation.
        hinge: ``[3]`` the jaw's joint.
        hinge_directions: ``[3, 100]``, how the units move it.
        lips: ``[2, N]`` opposite vertices on the upper and the lower lip.
        lids: ``[2, 2, N]`` side, then opposite vertices on the upper and the lower lid.
    """

    rest: Floats
    directions: Floats
    corrective: Floats
    jaw_weight: Floats
    hinge: Floats
    hinge_directions: Floats
    lips: NDArray[np.int64]
    lids: NDArray[np.int64]

    @classmethod
    def load(cls, path: Path | None = None) -> HeadRuler:
        """Read the head model; by default the built-in one.

        Raises:
            AssetMissingError: if the built-in head is not there.
        """
        with np.load(path or head_path(), allow_pickle=False) as head:
            seams = np.concatenate([head["lip_seam"].ravel(), head["lid_seam"].ravel()])
            chosen, place = np.unique(seams, return_inverse=True)
            expression = slice(_IDENTITIES, _IDENTITIES + EXPRESSIONS)
            directions = head["shapedirs"][:, :, expression].astype(np.float64) * _TO_MM
            template = head["v_template"].astype(np.float64) * _TO_MM
            regressor = head["J_regressor"][_JAW].astype(np.float64)
            lips = head["lip_seam"].size
            return cls(
                rest=template[chosen],
                directions=directions[chosen],
                corrective=head["posedirs"][chosen][..., _JAW_FEATURES].astype(np.float64) * _TO_MM,
                jaw_weight=head["weights"][chosen, _JAW].astype(np.float64),
                hinge=regressor @ template,
                hinge_directions=np.tensordot(regressor, directions, axes=1),
                lips=place.ravel()[:lips].reshape(head["lip_seam"].shape),
                lids=place.ravel()[lips:].reshape(head["lid_seam"].shape),
            )

    def measure(self, motion: Motion) -> FaceCurves:
        """Measure a motion ``[T, 106]``."""
        vertices = self._posed(motion)
        upper, lower = vertices[:, self.lips[0]], vertices[:, self.lips[1]]
        gaps = upper[..., 1] - lower[..., 1]  # [T, N]
        count = gaps.shape[1]
        middle = slice(count // 4, count - count // 4)
        corners = 0.5 * (upper + lower)[:, [0, -1]]
        forward = 0.5 * (upper + lower)[:, middle, 2].mean(axis=1)
        at_rest = self.rest[self.lips][:, middle, 2].mean()
        lids = vertices[:, self.lids[:, 0], 1] - vertices[:, self.lids[:, 1], 1]  # [T, 2, N]
        return FaceCurves(
            opening=gaps[:, middle].mean(axis=1),
            lip_gap=gaps.max(axis=1),
            width=np.linalg.norm(corners[:, 0] - corners[:, 1], axis=-1),
            protrusion=forward - at_rest,
            lid_gaps=lids.max(axis=2),
        )

    def _posed(self, motion: Motion) -> Floats:
        """Return the vertices ``[T, V, 3]`` in millimetres."""
        units = motion[:, EXPRESSION].astype(np.float64)
        turn = _rotations(motion[:, JAW_POSE].astype(np.float64)) - np.eye(3)  # [T, 3, 3]
        shaped = self.rest + np.einsum("vck,tk->tvc", self.directions, units)
        hinge = self.hinge + units @ self.hinge_directions.T  # [T, 3]
        shaped += np.einsum("vcp,tp->tvc", self.corrective, turn.reshape(len(turn), 9))
        swung = np.einsum("tij,tvj->tvi", turn, shaped - hinge[:, None])
        return np.asarray(shaped + self.jaw_weight[:, None] * swung)


def _rotations(axis_angles: Floats) -> Floats:
    """Return the matrices ``[T, 3, 3]`` of axis-angle vectors ``[T, 3]``, by Rodrigues' formula."""
    angles = np.linalg.norm(axis_angles, axis=1)
    x, y, z = (axis_angles / np.maximum(angles, 1e-12)[:, None]).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    sine, versine = np.sin(angles)[:, None, None], (1.0 - np.cos(angles))[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + versine * (cross @ cross))
