# SPDX-License-Identifier: GPL-3.0-or-later
"""Look a motion over for what a viewer would complain about; needs no Blender.

All measures need the motion alone. Each finding names the frames on which it can be seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bridge.motion import CHANNELS, EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE, WINDOW
from bridge.phones import Closures, Phones, check_closures

from ..steps import Steps, finish
from .blinks import find_blinks, runs
from .closures import CLOSED_MM, find_closures
from .face_ruler import FaceRuler, measured

Floats = NDArray[np.float64]
Motion = NDArray[np.float32]

KEY_RANGE = 10.0  # the widest range that Blender gives a shape key
MEANT_MM = 2.0  # lips that come this near were meant to close
SEAM = 2.0  # times the step around it: a jump where windows of the generator meet
JERK_MM, JERKY = 6.0, 8.0  # third difference of the opening from frame to frame, and times the usual one
STARE_S = 8.0  # without a blink
FAR_DEG = 30.0  # of the head

_AROUND = 12  # frames to either side of a seam whose steps are its like


@dataclass(frozen=True)
class Finding:
    """Something to look at.

    Attributes:
        kind: ``"seam"``, ``"jitter"``, ``"closure"``, ``"blink"``, ``"stare"``, ``"head"`` or ``"range"``.
        first: first motion frame on which it can be seen.
        last: the last one.
        text: what it is, in a few words.
    """

    kind: str
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Quality:
    """What a motion is like.

    Attributes:
        seconds: how long it is.
        seam_ratio: median step where windows meet over the median step anywhere; 1 where there are none.
        jitter: mean third difference of the lips' opening, millimetres per second cubed.
        closures: how often the lips come near to each other as if to close; ``None`` where lips cannot be measured.
        open_closures: how often they then stay open.
        spoken: how many of the p, b and m that are spoken find the lips closed; ``None`` where neither is known.
        blinks: how many there are; ``None`` where lids cannot be measured.
        full_blinks: those that shut both eyes.
        blinks_per_minute: of all of them.
        head_deg: by axis, pitch, yaw and roll, the smallest and the largest angle.
        out_of_range: coefficients, over all frames, that a shape key cannot take.
        findings: by frame.
    """

    seconds: float
    seam_ratio: float
    jitter: float | None
    closures: int | None
    open_closures: int | None
    spoken: Closures | None
    blinks: int | None
    full_blinks: int | None
    blinks_per_minute: float | None
    head_deg: Mapping[str, tuple[float, float]]
    out_of_range: int
    findings: tuple[Finding, ...]

    def mapping(self) -> dict[str, object]:
        """Return everything in JSON's types."""
        return dataclasses.asdict(self)


def quality_of(motion: Motion, ruler: FaceRuler, neck: Floats | None = None, phones: Phones | None = None) -> Quality:
    """Look a motion over at once; see :func:`quality_in_steps`."""
    return finish(quality_in_steps(motion, ruler, neck, phones))


def quality_in_steps(
    motion: Motion, ruler: FaceRuler, neck: Floats | None = None, phones: Phones | None = None
) -> Steps[Quality]:
    """Look a motion over, a few milliseconds at a time.

    Args:
        motion: ``[T, 106]`` at 25 frames a second, at least one frame.
        ruler: of the head that it is shown on.
        neck: ``[T, 3]`` rotation that the neck adds to the root's about the same axis, axis-angle.
        phones: what is spoken when, if that is known.
    """
    head = np.degrees(motion[:, GLOBAL_ORIENT] + (0.0 if neck is None else neck))
    findings = [*_seams(motion), *_far_heads(head), *_out_of_range(motion)]
    yield
    jitter = closures = blinks = spoken = None
    if ruler.knows_lips:
        gaps = yield from measured(ruler.lip_gaps, motion)
        gap, opening = gaps.max(axis=1), gaps.mean(axis=1)
        closures, jitter = find_closures(gap, MEANT_MM), _jitter(opening)
        spoken = check_closures(phones, gap, CLOSED_MM) if phones is not None else None
        findings += [*_open_closures(gap, closures), *_jerks(opening)]
    if ruler.knows_lids:
        blinks = find_blinks((yield from measured(ruler.lid_gaps, motion)))
        findings += [
            Finding("blink", blink.frame, blink.frame, "Half a blink") for blink in blinks if not blink.is_full
        ]
        findings += _stares([blink.frame for blink in blinks], len(motion))
    seconds = len(motion) / FPS
    opened = [finding for finding in findings if finding.kind == "closure"]
    return Quality(
        seconds=seconds,
        seam_ratio=_seam_ratio(motion),
        jitter=jitter,
        closures=None if closures is None else len(closures),
        open_closures=None if closures is None else len(opened),
        spoken=spoken,
        blinks=None if blinks is None else len(blinks),
        full_blinks=None if blinks is None else sum(blink.is_full for blink in blinks),
        blinks_per_minute=None if blinks is None else 60.0 * len(blinks) / seconds,
        head_deg={
            axis: (float(angles.min()), float(angles.max()))
            for axis, angles in zip(("pitch", "yaw", "roll"), head.T, strict=True)
        },
        out_of_range=int((np.abs(motion[:, EXPRESSION]) > KEY_RANGE).sum()),
        findings=tuple(sorted(findings, key=lambda finding: finding.first)),
    )


def _steps(motion: Motion) -> Floats:
    """Return how far all channels together go from one frame to the next, ``[T - 1]``."""
    return np.linalg.norm(np.diff(motion.astype(np.float64), axis=0), axis=1)


def _seam_ratio(motion: Motion) -> float:
    steps = _steps(motion)
    at_seams = steps[WINDOW - 1 :: WINDOW]
    usual = float(np.median(steps)) if len(steps) else 0.0
    return float(np.median(at_seams)) / usual if len(at_seams) and usual > 0.0 else 1.0


def _seams(motion: Motion) -> list[Finding]:
    """Return steps into a new window that stand out among those around them and among all, of the face or the head."""
    found = []
    numbers = np.arange(CHANNELS)
    face, head = np.concatenate([numbers[EXPRESSION], numbers[JAW_POSE]]), numbers[GLOBAL_ORIENT]
    for part, channels in (("face", face), ("head", head)):
        steps = _steps(motion[:, channels])
        unusual = float(np.percentile(steps, 95.0)) if len(steps) else 0.0
        for frame in range(WINDOW, len(motion), WINDOW):
            around = float(np.median(steps[max(frame - 1 - _AROUND, 0) : frame + _AROUND]))
            if steps[frame - 1] > max(SEAM * around, unusual):
                times = steps[frame - 1] / max(around, 1e-9)
                found.append(Finding("seam", frame - 1, frame, f"The {part} jumps, {times:.1f} times the usual"))
    return found


def _jitter(opening: Floats) -> float:
    return float(np.abs(np.diff(opening, 3)).mean()) * FPS**3 if len(opening) > 3 else 0.0


def _jerks(opening: Floats) -> list[Finding]:
    """Return frames on which the lips jerk: back and forth within three frames."""
    jerks = np.abs(np.diff(opening, 3))
    usual = float(np.median(jerks)) if len(jerks) else 0.0
    found = runs(jerks > max(JERKY * usual, JERK_MM))
    return [Finding("jitter", first + 1, last + 2, "The lips jerk") for first, last in found]


def _open_closures(gap: Floats, closures: list[tuple[int, int]]) -> list[Finding]:
    """Return closures that stay open."""
    nearest = {(first, last): float(gap[first : last + 1].min()) for first, last in closures}
    return [
        Finding("closure", first, last, f"The lips stay {mm:.1f} mm open")
        for (first, last), mm in nearest.items()
        if mm > CLOSED_MM
    ]


def _stares(blinks: list[int], frames: int) -> list[Finding]:
    """Return long times without a blink, before, between and after blinks."""
    borders = [0, *blinks, frames - 1]
    gaps = [(first, last) for first, last in pairwise(borders) if last - first > STARE_S * FPS]
    return [Finding("stare", first, last, f"No blink for {(last - first) / FPS:.0f} s") for first, last in gaps]


def _far_heads(head_deg: Floats) -> list[Finding]:
    angles = np.linalg.norm(head_deg, axis=1)
    return [
        Finding("head", first, last, f"The head turns {angles[first : last + 1].max():.0f}° away")
        for first, last in runs(angles > FAR_DEG)
    ]


def _out_of_range(motion: Motion) -> list[Finding]:
    beyond = np.asarray(np.abs(motion[:, EXPRESSION]).max(axis=1) > KEY_RANGE)
    text = f"Values beyond ±{KEY_RANGE:g} are cut off"
    return [Finding("range", first, last, text) for first, last in runs(beyond)]
