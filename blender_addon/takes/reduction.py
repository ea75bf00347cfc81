# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave out keys of a take as long as its vertices stay where they were; needs no Blender.

A curve may be off by some slack in millimetres, told by how far it moves vertices, so that all curves are off by about
the same. The slack is made as large as the bound on 95 of 100 posed vertices allows. Then the curves that are farthest
off get further keys on frames where the worst vertex, closed lips or shut eyes ask for more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .blinks import FULL_MM
from .channels import Channels
from .closures import CLOSED_MM
from .face_model import FaceModel
from .face_ruler import FaceRuler, heights
from .thinning import Flags
from .tracks import Tracks

Floats = NDArray[np.float64]

_TO_MM = 1000.0
_EVERY = 16  # which other vertices are looked at while keys are chosen
_TRIES = 6  # of finding the slack
_AIM = 0.97  # of the bound
_MENDED = 0.3  # tracks this far off, as a share of the farthest, get a key on a frame that needs some
_BINS_PER_MM, _BINS = 1000, 50_000  # in which distances are counted
_FRAMES_AT_ONCE, _MOST_KEPT = 250, 8_000_000  # so that hours of speech need no more memory; frames times vertices
_SLACK_MM = 0.1  # by which closed lips and shut eyes may be further open


@dataclass(frozen=True)
class Bound:
    """How far vertices may be from where every key would have them.

    Attributes:
        p95_mm: 95 of 100 vertices, over all frames.
        lips_p95_mm: 95 of 100 vertices of the lips.
        worst_mm: any vertex on any frame.
    """

    p95_mm: float = 0.3
    lips_p95_mm: float = 0.5
    worst_mm: float = 1.0

    @classmethod
    def of(cls, p95_mm: float) -> Bound:
        """Return a bound in the default's proportions."""
        default, share = cls(), p95_mm / cls.p95_mm
        return cls(p95_mm, share * default.lips_p95_mm, share * default.worst_mm)


@dataclass(frozen=True, eq=False)
class Errors:
    """How far vertices are from where every key would have them, in millimetres.

    Attributes:
        p95_mm: 95th percentile of all distances.
        lips_p95_mm: of those of the lips' vertices; 0 where they are not known.
        by_frame_mm: ``[T]``, the largest on each frame.
    """

    p95_mm: float
    lips_p95_mm: float
    by_frame_mm: Floats

    @property
    def worst_mm(self) -> float:
        """The largest distance of all."""
        return float(self.by_frame_mm.max())

    def load(self, bound: Bound) -> float:
        """Return the percentiles as a share of the bound; above 1 they break it."""
        return max(self.p95_mm / bound.p95_mm, self.lips_p95_mm / bound.lips_p95_mm)


@dataclass(frozen=True, eq=False)
class Reduction:
    """Which keys a take keeps.

    Attributes:
        rows: by track, the numbers of the kept keys.
        before: keys of all curves with every key.
        after: those that are kept.
        errors: what leaving out the others costs.
    """

    rows: dict[str, NDArray[np.int64]]
    before: int
    after: int
    errors: Errors


def reduce_keys(
    frames: Floats,
    channels: Channels,
    model: FaceModel,
    ruler: FaceRuler,
    pivots: tuple[str, ...] = (),
    bound: Bound | None = None,
) -> Reduction:
    """Choose the keys to keep.

    Args:
        frames: ``[T]`` scene frames of the keys, ascending.
        channels: what the take keys on them.
        model: of the head.
        ruler: of the head.
        pivots: joints whose drift is keyed in place of a location.
        bound: how far vertices may be off.

    Returns:
        The kept rows of the tracks ``"<joint>.rotation"``, ``"<joint>.location"``, ``"<joint>.drift"`` and
        ``"expression.<number>"``.
    """
    bound = bound or Bound()
    tracks = Tracks.of(frames, channels, model, pivots)
    telling = _Probe.of(channels, model.subset(_telling_vertices(model)), ruler)
    kept, _ = _mended(tracks, telling, bound, _sparse(tracks, telling, bound))
    return _reduction(tracks, *_mended(tracks, _Probe.of(channels, model, ruler), bound, kept))


@dataclass(frozen=True, eq=False)
class _Probe:
    """Some vertices with every key in place, to compare with.

    Attributes:
        full: the channels with every key.
        model: the vertices.
        ruler: of the head.
        vertices: ``[T, V, 3]`` metres; ``None`` where they are too many to be kept.
        lip_gap: ``[T]`` mm, largest height between the lips.
        lid_gap: ``[T]`` mm, likewise between the lids.
    """

    full: Channels
    model: FaceModel
    ruler: FaceRuler
    vertices: NDArray[np.float32] | None
    lip_gap: Floats
    lid_gap: Floats

    @classmethod
    def of(cls, full: Channels, model: FaceModel, ruler: FaceRuler) -> _Probe:
        """Pose the vertices."""
        is_small = len(full.expression) * len(model.rest) <= _MOST_KEPT
        return cls(full, model, ruler, model.pose(full) if is_small else None, *_gaps(full, ruler))

    def errors(self, channels: Channels) -> Errors:
        """Compare channels with those that have every key, some frames at a time."""
        by_frame, counts, lips = [], np.zeros(_BINS, np.int64), np.zeros(_BINS, np.int64)
        for first in range(0, len(channels.expression), _FRAMES_AT_ONCE):
            rows = slice(first, first + _FRAMES_AT_ONCE)
            shown, full = channels.rows(rows), self.full.rows(rows)
            off = _distances(
                self.model.pose(shown), self.model.pose(full) if self.vertices is None else self.vertices[rows]
            )
            by_frame.append(off.max(axis=1).astype(np.float64))
            counts += _counted(off)
            if self.ruler.knows_lips:
                lips += _counted(_distances(self.ruler.lips.pose(shown), self.ruler.lips.pose(full)))
        return Errors(_percentile(counts), _percentile(lips), np.concatenate(by_frame))

    def opened(self, channels: Channels) -> NDArray[np.bool_]:
        """Return the frames ``[T]`` on which lips or eyes are no longer shut."""
        gaps = zip(_gaps(channels, self.ruler), (self.lip_gap, self.lid_gap), (CLOSED_MM, FULL_MM), strict=True)
        return np.logical_or.reduce(
            [(full <= closed) & (gap > np.maximum(full, closed) + _SLACK_MM) for gap, full, closed in gaps]
        )


def _sparse(tracks: Tracks, probe: _Probe, bound: Bound) -> Flags:
    """Return the fewest keys ``[T, G]`` with which 95 of 100 vertices keep the bound."""
    best, slack = np.ones((len(tracks.frames), len(tracks.starts)), bool), bound.p95_mm
    least, most = 0.0, np.inf
    for _ in range(_TRIES):
        kept = tracks.kept(slack)
        load = probe.errors(tracks.shown(kept)).load(bound)
        if load <= 1.0:
            best, least = kept, slack
        else:
            most = slack
        guess = slack * _AIM / max(load, 0.1)
        slack = guess if least < guess < most else 0.5 * (least + most)
    return best


def _mended(tracks: Tracks, probe: _Probe, bound: Bound, kept: Flags) -> tuple[Flags, Errors]:
    """Return keys ``[T, G]`` with further ones on frames that need them, until none does, and what they cost."""
    kept = kept.copy()
    while True:
        shown = tracks.shown(kept)
        errors = probe.errors(shown)
        worst = errors.by_frame_mm
        needs = (worst > bound.worst_mm) | probe.opened(shown)
        needs |= (errors.load(bound) > 1.0) & (worst >= np.percentile(worst, 90.0))
        off = np.where(kept, -1.0, tracks.off(kept))
        if not needs.any() or off.max() <= 0.0:
            return kept, errors
        for frame in np.flatnonzero(_peaks(worst, needs)):
            kept[frame] |= off[frame] >= _MENDED * max(off[frame].max(), 0.0)


def _peaks(worst: Floats, needs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return those frames ``[T]`` that need keys most: none beside one that needs them more."""
    need = np.where(needs, worst, -1.0)
    beside = np.maximum(np.append(need[1:], -1.0), np.insert(need[:-1], 0, -1.0))
    return np.asarray(needs & (need >= beside))


def _telling_vertices(model: FaceModel) -> NDArray[np.int64]:
    """Return the vertices that expressions and turns move farthest, and every so many of the others."""
    farthest = np.linalg.norm(model.directions, axis=1).argmax(axis=0)
    ends = [extreme(model.rest[:, axis]) for axis in range(3) for extreme in (np.argmin, np.argmax)]
    return np.unique(np.concatenate([farthest, ends, np.arange(0, len(model.rest), _EVERY)]))


def _gaps(channels: Channels, ruler: FaceRuler) -> tuple[Floats, Floats]:
    """Return the largest gaps of lips and lids, ``[T]`` mm each; infinite where they are not known."""
    inner = replace(channels, bones={joint: track for joint, track in channels.bones.items() if joint == "jaw"})
    lips, lids = (
        heights(part.pose(inner)).max(axis=1) if len(part.rest) else np.full(len(channels.expression), np.inf)
        for part in (ruler.lips, ruler.lids)
    )
    return lips, lids


def _distances(vertices: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``[T, V]`` mm."""
    off = vertices - others
    return np.asarray(np.float32(_TO_MM) * np.sqrt(np.einsum("tvc,tvc->tv", off, off)))


def _counted(off: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return how many distances in mm fall into each bin; the last one takes all beyond."""
    bins = np.minimum(off * np.float32(_BINS_PER_MM), _BINS - 1).astype(np.int32)
    return np.bincount(bins.ravel(), minlength=_BINS)


def _percentile(counts: NDArray[np.int64]) -> float:
    """Return the upper end of the bin in mm below which 95 of 100 lie; 0 where there are none."""
    if not counts.any():
        return 0.0
    return float(np.searchsorted(np.cumsum(counts), 0.95 * counts.sum()) + 1) / _BINS_PER_MM


def _reduction(tracks: Tracks, kept: Flags, errors: Errors) -> Reduction:
    rows = {name: np.flatnonzero(kept[:, number]) for number, name in enumerate(tracks.names)}
    for name, part in zip(tracks.names, np.split(tracks.values, tracks.starts[1:], axis=1), strict=True):
        if (part == part[0]).all():
            rows[name] = rows[name][:1]  # a curve with one key is the same everywhere
    after = sum(int(width) * len(rows[name]) for name, width in zip(tracks.names, tracks.widths, strict=True))
    return Reduction(rows, int(tracks.values.size), after, errors)
