# SPDX-License-Identifier: GPL-3.0-or-later
"""All keys of a curve as arrays: what an artist set by hand survives when keys are moved, cut and put in."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LINEAR, BEZIER, FREE = 1, 2, 0  # numbers of interpolations and of a handle's type
_NEAR = 1e-4  # frames within which two keys are one
_PLACES = {"co": 2, "handle_left": 2, "handle_right": 2}
_NUMBERS = ("interpolation", "easing", "type", "handle_left_type", "handle_right_type")
_VALUES = ("back", "amplitude", "period")


@dataclass(eq=False)
class KeyTable:
    """The keys of one curve.

    Attributes:
        columns: ``[N]`` or, for ``co`` and the handles, ``[N, 2]`` by the name that Blender gives them.
    """

    columns: dict[str, NDArray[np.generic]]

    @classmethod
    def of(cls, curve: bpy.types.FCurve) -> KeyTable:
        """Read all keys of a curve."""
        count = len(curve.keyframe_points)
        columns: dict[str, NDArray[np.generic]] = {}
        for name in (*_PLACES, *_NUMBERS, *_VALUES):
            column = np.empty(count * _PLACES.get(name, 1), np.int32 if name in _NUMBERS else np.float32)
            curve.keyframe_points.foreach_get(name, column)
            columns[name] = column.reshape(count, 2) if name in _PLACES else column
        return cls(columns)

    def write(self, curve: bpy.types.FCurve) -> None:
        """Let a curve have these keys and no others."""
        points = curve.keyframe_points
        if len(points) != len(self):
            points.clear()
            points.add(len(self))
        for name, column in self.columns.items():
            points.foreach_set(name, np.ascontiguousarray(column).ravel())
        curve.update()

    def __len__(self) -> int:
        return len(self.columns["co"])

    @property
    def frames(self) -> Floats:
        """Return the scene frames ``[N]`` of the keys."""
        return self.columns["co"][:, 0].astype(np.float64)

    def moved(self, before: float, after: float, scale: float = 1.0) -> KeyTable:
        """Return the keys with what lay on the frame ``before`` on ``after``, and ``scale`` times as far apart."""
        columns = {name: column.copy() for name, column in self.columns.items()}
        for name in _PLACES:
            columns[name][:, 0] = after + (self.columns[name][:, 0].astype(np.float64) - before) * scale
        return KeyTable(columns)

    def with_linear(self, frames: Floats, values: Floats) -> KeyTable:
        """Return the keys with linear ones in place of all from the first to the last of ``frames``.

        The curve outside keeps its shape: where a Bezier segment reaches beyond, it is cut at the first or last frame.
        Only a segment with an easing by name, such as a bounce, is squeezed into what is left of it.

        Args:
            frames: ``[K]``, ascending.
            values: ``[K]``; the first and the last are on the curve.
        """
        first, last = frames[0], frames[-1]
        before = self._rows(self.frames < first - _NEAR)
        after = self._rows(self.frames > last + _NEAR)
        new = _linear_keys(frames, values)
        self._cut(first, before, new, 0, is_left=True)
        self._cut(last, after, new, -1, is_left=False)
        names = self.columns
        return KeyTable({name: np.concatenate([t.columns[name] for t in (before, new, after)]) for name in names})

    def _rows(self, chosen: NDArray[np.bool_]) -> KeyTable:
        return KeyTable({name: column[chosen] for name, column in self.columns.items()})

    def _cut(self, frame: float, kept: KeyTable, new: KeyTable, row: int, *, is_left: bool) -> None:
        """Let the part of the segment across ``frame`` that is kept have its shape still."""
        right = int(np.searchsorted(self.frames, frame - _NEAR if is_left else frame + _NEAR))
        if not 0 < right < len(self):
            return  # the curve begins or ends here
        interpolation = self.columns["interpolation"][right - 1]
        if not is_left:
            new.columns["interpolation"][row] = interpolation
        if interpolation != BEZIER:
            return
        near, far = _split_bezier(*self._segment(right), frame)
        edge, shaped, pinned = (-1, "handle_right", near) if is_left else (0, "handle_left", far)
        kept.columns[shaped][edge] = pinned[1] if is_left else pinned[2]
        new.columns["handle_left" if is_left else "handle_right"][row] = pinned[2] if is_left else pinned[1]
        for table, key in ((kept, edge), (new, row)):
            table.columns["handle_left_type"][key] = table.columns["handle_right_type"][key] = FREE

    def _segment(self, right: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the control points of the segment that ends with a key, as Blender draws it."""
        start, end = (self.columns["co"][key].astype(np.float64) for key in (right - 1, right))
        leaving = self.columns["handle_right"][right - 1].astype(np.float64) - start
        arriving = self.columns["handle_left"][right].astype(np.float64) - end
        reach = abs(leaving[0]) + abs(arriving[0])
        if reach > end[0] - start[0]:  # Blender shortens handles that would let the curve run backwards
            leaving, arriving = (handle * ((end[0] - start[0]) / reach) for handle in (leaving, arriving))
        return start, start + leaving, end + arriving, end


def _linear_keys(frames: Floats, values: Floats) -> KeyTable:
    count = len(frames)
    places = np.stack([frames, values], axis=1).astype(np.float32)
    columns: dict[str, NDArray[np.generic]] = {name: places.copy() for name in _PLACES}
    columns |= {name: np.zeros(count, np.int32) for name in _NUMBERS}
    columns |= {name: np.zeros(count, np.float32) for name in _VALUES}
    columns["interpolation"][:] = LINEAR
    return KeyTable(columns)


def _split_bezier(a: Floats, b: Floats, c: Floats, d: Floats, frame: float) -> tuple[list[Floats], list[Floats]]:
    """Return the control points of both parts of a cubic segment that is cut at a frame."""
    low, high = 0.0, 1.0
    for _ in range(50):
        t = 0.5 * (low + high)
        place = (1 - t) ** 3 * a[0] + 3 * (1 - t) ** 2 * t * b[0] + 3 * (1 - t) * t**2 * c[0] + t**3 * d[0]
        low, high = (t, high) if place < frame else (low, t)
    ab, bc, cd = (p + t * (q - p) for p, q in ((a, b), (b, c), (c, d)))
    abc, bcd = ab + t * (bc - ab), bc + t * (cd - bc)
    middle = abc + t * (bcd - abc)
    return [a, ab, abc, middle], [middle, bcd, cd, d]
