"""Collects the vertices and triangles of all pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .design import MIRROR_X, Floats, Ints
from .rings import Part, fan_faces, strip_faces


class MeshBuilder:
    """Collects vertices and faces; every ``add`` returns the indices of what it added."""

    def __init__(self) -> None:
        self._vertices: list[Floats] = []
        self._faces: list[Ints] = []
        self._regions: list[Ints] = []
        self.count = 0

    def add_points(self, points: Floats, region: int) -> Ints:
        """Add ``[..., 3]`` vertices of one region."""
        index = self.count + np.arange(points[..., 0].size).reshape(points.shape[:-1])
        self._vertices.append(points.reshape(-1, 3))
        self._regions.append(np.full(index.size, region))
        self.count += index.size
        return index

    def add_rings(
        self, rings: Floats, regions: Sequence[int], split: NDArray[np.bool_], mirrored: bool = False
    ) -> Ints:
        """Add a patch of ``[R, N, 3]`` rings with a region each."""
        sides = rings * MIRROR_X if mirrored else rings
        index = np.stack([self.add_points(ring, region) for ring, region in zip(sides, regions, strict=True)])
        self.add_faces(strip_faces(index, split), mirrored)
        return index

    def add_cap(self, ring: Ints, apex: Floats, region: int, mirrored: bool = False) -> int:
        """Close a ring of vertices with a fan to a new vertex."""
        point = apex * MIRROR_X if mirrored else apex
        index = int(self.add_points(point[None], region)[0])
        self.add_faces(fan_faces(ring, index), mirrored)
        return index

    def add_faces(self, faces: Ints, mirrored: bool = False) -> None:
        """Add faces over vertices that are already there."""
        self._faces.append(faces[:, ::-1] if mirrored else faces)

    def add_part(self, part: Part) -> Ints:
        """Add a closed part."""
        index = self.count + np.arange(len(part.vertices))
        self._vertices.append(part.vertices)
        self._regions.append(part.regions)
        self._faces.append(part.faces + self.count)
        self.count += len(index)
        return index

    def vertices(self) -> Floats:
        """Return all vertices so far, ``[V, 3]``."""
        return np.concatenate(self._vertices)

    def part(self) -> Part:
        """Return everything as one part."""
        return Part(self.vertices(), np.concatenate(self._faces), np.concatenate(self._regions))
