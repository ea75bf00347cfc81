# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell apart what an expression does to the lips, brows, lids and cheeks; needs no Blender.

The built-in head's expressions are named units, each of one region: there the shares are exact.

FLAME's expressions are principal components, and each moves the whole face. What one does to a region is found on the
vertices: its displacement is masked to the region, and the coefficients that come nearest to the masked displacement
are a share of it. Exact is that shares and remainder add up to the expression, so that what nobody edits stays as it
was. Approximate is the share itself: a hundred components cannot move one region and hold all others perfectly still.
How far a share captures its region is measured, and a region that it captures too badly is not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..rig.naming import JOINTS
from .face_model import FaceModel
from .face_ruler import eye_distance

Floats = NDArray[np.float64]

FACE_REGIONS = ("lips", "brows", "lids", "cheeks")  # of expressions
REGIONS = ("lips", "jaw", "brows", "lids", "cheeks", "head")
UNIT_REGIONS = {  # by the beginning of a unit's name; all others belong to the lips, the tongue's too
    "blink": "lids",
    "squint": "lids",
    "wide": "lids",
    "brow": "brows",
    "cheek": "cheeks",
    "nose": "cheeks",
    "nostril": "cheeks",
}
LEAST_CAPTURED = 0.6  # share of a region's movement, in squares, below which it is not offered

_RIDGE = 1e-4  # of the mean squared movement of a component
# Where a region's middles lie and how far it reaches, sideways and up, from between the eyes in eye distances; both
# sides are meant. Beyond its reach a mask falls off smoothly.
_PLACES = {
    "lips": (((0.0, -1.05),), (0.55, 0.42)),
    "brows": (((0.25, 0.55), (0.6, 0.55)), (0.45, 0.3)),
    "lids": (((0.5, 0.0),), (0.36, 0.24)),
    "cheeks": (((0.62, -0.6), (0.0, -0.45)), (0.42, 0.38)),
}


@dataclass(frozen=True, eq=False)
class Separation:
    """How an expression is made up of regions.

    Attributes:
        shares: by region, ``[E, E]``; ``expression @ share`` are the coefficients of the region's part.
        captured: by region, which share of its movement, in squares, its part makes; 1 where it is exact.
        reasons: by region, why it is not offered.
    """

    shares: Mapping[str, Floats]
    captured: Mapping[str, float]
    reasons: Mapping[str, str] = field(default_factory=dict)


def separation_of(model: FaceModel) -> Separation:
    """Return how a head's expressions are made up of regions."""
    return _by_units(model.expression_names) if model.kind == "builtin" else by_vertices(model)


def by_vertices(model: FaceModel) -> Separation:
    """Separate expressions by what they do to the vertices of each region."""
    count = model.directions.shape[2]
    basis = model.directions.reshape(-1, count).astype(np.float64)
    gram = basis.T @ basis
    ridge = _RIDGE * np.trace(gram) / count * np.eye(count)
    shares, captured, reasons = {}, {}, {}
    for region, mask in masks(model).items():
        masked = basis * np.repeat(mask, 3)[:, None]
        share = np.linalg.solve(gram + ridge, basis.T @ masked)  # [E, E], coefficients in columns
        missed = np.square(masked - basis @ share).sum() / max(np.square(masked).sum(), 1e-30)
        shares[region], captured[region] = share.T, 1.0 - float(missed)
        if captured[region] < LEAST_CAPTURED:
            percent = round(100 * max(captured[region], 0.0))
            reasons[region] = f"This head's expressions move the {region} with the rest ({percent} % can be told apart)"
    return Separation(shares, captured, reasons)


def masks(model: FaceModel) -> dict[str, Floats]:
    """Return how far each vertex belongs to each region, ``[V]``; at most one in sum."""
    places = _face_places(model)
    front = 1.0 / (1.0 + np.exp(-8.0 * (places[:, 2] + 0.3)))
    raw = {
        region: front * np.max([_bell(places, middle, reach) for middle in middles], axis=0)
        for region, (middles, reach) in _PLACES.items()
    }
    total = np.maximum(sum(raw.values()), 1.0)
    return {region: mask / total for region, mask in raw.items()}


def _by_units(names: tuple[str, ...]) -> Separation:
    regions = [_region_of(name) for name in names]
    shares = {region: np.diag([float(of == region) for of in regions]) for region in FACE_REGIONS}
    return Separation(shares, dict.fromkeys(FACE_REGIONS, 1.0))


def _region_of(name: str) -> str:
    return next((region for start, region in UNIT_REGIONS.items() if name.startswith(start)), "lips")


def _face_places(model: FaceModel) -> Floats:
    """Return vertices ``[V, 3]`` from between the eyes, in distances between them; x is the way from the middle."""
    eyes = [JOINTS.index("eye_l"), JOINTS.index("eye_r")]
    places = (model.rest - model.joints[eyes].mean(axis=0)).astype(np.float64) / eye_distance(model)
    places[:, 0] = np.abs(places[:, 0])
    return places


def _bell(places: Floats, middle: tuple[float, float], reach: tuple[float, float]) -> Floats:
    """Return one inside an ellipse and ever less beyond it, ``[V]``."""
    away = np.square((places[:, :2] - middle) / reach).sum(axis=1)
    return np.exp(-(away**2))
