"""Where the lips of a head are: as its file names them, or by rule on any head in FLAME's format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from artalk_engine.errors import FlameFileError

from .flame_files import FlameData, load_flame

Indices = npt.NDArray[np.int64]

LIPS = "lips"  # the region's name in the built-in head
_JAW = 2  # the joint
_UPPER, _LOWER = 0.4, 0.6  # at most, at least so much does a lip follow the jaw
_PARTED_M = 0.004  # lips of a head at rest
_REACH_M = 0.006  # of a lip around its inner edge


@dataclass(frozen=True, eq=False, slots=True)
class Lips:
    """Vertices of a mouth.

    Attributes:
        vertices: all that belong to the lips, ``[N]``.
        upper: of the upper lip where it meets the lower, ``[K]``.
        lower: those that they meet, ``[K]``.
    """

    vertices: Indices
    upper: Indices
    lower: Indices


def find_lips(path: Path) -> Lips:
    """Find the lips of a head model.

    Raises:
        FlameFileError: if it cannot be read, or has no lips.
    """
    head = load_flame(path)
    lips = _named_lips(path) or lips_by_rule(head)
    if not len(lips.upper):
        raise FlameFileError(f"{path.name} has no lips: nothing that follows the jaw meets anything that does not")
    return lips


def lips_by_rule(head: FlameData) -> Lips:
    """Find lips where skin that follows the jaw touches skin that does not without being joined to it."""
    place, share = head.template, head.weights[:, _JAW]
    above, below = np.flatnonzero(share < _UPPER), np.flatnonzero(share > _LOWER)
    if not len(above) or not len(below):
        return Lips(*(np.zeros(0, np.int64) for _ in range(3)))
    gap, nearest = cKDTree(place[above]).query(place[below])
    upper, lower = above[nearest], below
    meets = (gap < _PARTED_M) & ~_are_joined(head, upper, lower)
    upper, lower = upper[meets], lower[meets]
    if not len(upper):
        return Lips(upper, upper, lower)
    away, _ = cKDTree(place[np.concatenate([upper, lower])]).query(place)
    return Lips(np.flatnonzero(away < _REACH_M), upper, lower)


def _named_lips(path: Path) -> Lips | None:
    """Read what the built-in head's file says of its lips; None if another head's says nothing."""
    if path.suffix.lower() != ".npz":
        return None
    with np.load(path, allow_pickle=False) as file:
        if "lip_seam" not in file or "vertex_regions" not in file:
            return None
        lips = file["vertex_regions"] == list(file["region_names"]).index(LIPS)
        upper, lower = file["lip_seam"].astype(np.int64)
        return Lips(np.flatnonzero(lips), upper, lower)


def _are_joined(head: FlameData, first: Indices, second: Indices) -> npt.NDArray[np.bool_]:
    """Say of each pair of vertices whether an edge joins them."""
    count = len(head.template)
    edges = np.concatenate([head.faces[:, [0, 1]], head.faces[:, [1, 2]], head.faces[:, [2, 0]]]).astype(np.int64)
    numbers = edges.min(axis=1) * count + edges.max(axis=1)
    joined: npt.NDArray[np.bool_] = np.isin(np.minimum(first, second) * count + np.maximum(first, second), numbers)
    return joined
