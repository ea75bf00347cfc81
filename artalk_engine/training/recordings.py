"""Judge a voice on the recording of a person, where nobody knows how the face should move.

What can be said without knowing: the mouth rests where nobody speaks, opens when the speech is loud, does not tremble,
does not step between windows, and the eyes blink as eyes do. With a transcript, the sounds are looked for by
`alignment`, and lips that close on p, b and m are counted.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artalk_engine.motion.seams import seam_ratio
from bridge.motion import FPS

from . import measures, report
from .head_ruler import FaceCurves
from .phones import PAUSE, Phone
from .speech import SAMPLE_RATE_HZ, gapless

Floats = NDArray[np.float64]

_RANGE_DB = 40.0  # below the loudest, level no longer counts
_FLOOR, _LOUD = 1.0, 95.0  # percentiles of level: of the room alone, and of vowels
_QUIET_SHARE = 0.5  # of the way from the floor to the loud frames: no louder where nobody speaks
_STILL_SHARE = 0.35  # and most of a pause, with its first and its last frame, no louder than this; breaths may be
_LEAST_RANGE_DB = 12.0  # from floor to loud frames, in which speech can be told from the room


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was measured on a recording.

    Attributes:
        seconds: its length.
        correlation: of the mouth's opening with the speech's loudness, at the best lag.
        lag_frames: that lag; positive is a late mouth.
        silences: rest in silences of at least 0.3 s, found by level.
        blinks_per_minute: rate.
        full_blinks: share that close both eyes.
        blink_interval_spread: standard deviation of the time between blinks over its mean.
        seam_ratio: median step into a window over the median step.
        jitter: mean absolute jerk of the opening, mm/s³.
        closures: on p, b and m of the transcript; none without one.
    """

    seconds: float
    correlation: float
    lag_frames: int
    silences: measures.Rest
    blinks_per_minute: float
    full_blinks: float
    blink_interval_spread: float
    seam_ratio: float
    jitter: float
    closures: measures.Closures | None

    @property
    def is_good(self) -> bool:
        """Whether lag, correlation, rest and seams are as promised."""
        return (
            abs(self.lag_frames) <= 1 and self.correlation >= 0.5 and self.silences.is_kept and self.seam_ratio <= 1.2
        )

    def table(self) -> str:
        """Return the figures with what was promised, as text."""
        rest = self.silences
        lines = [
            ("figure", "found", "goal"),
            ("mouth opening against loudness", f"{self.correlation:.3f}", ">= 0.5"),
            ("its lag, frames", f"{self.lag_frames:+d}", "within 1"),
            ("closed and still in silence", f"{rest.closed} and {rest.still} of {rest.silences}", "all"),
            ("blinks a minute", f"{self.blinks_per_minute:.1f}", "15 to 26"),
            ("full blinks", f"{self.full_blinks:.1%}", "all"),
            ("spread of the time between blinks", f"{self.blink_interval_spread:.0%}", "irregular"),
            ("step at window seams over the median step", f"{self.seam_ratio:.2f}", "<= 1.2"),
            ("jerk of the opening, mm/s3", f"{self.jitter:.0f}", ""),
        ]
        if self.closures:
            found = self.closures
            lines += [
                ("p, b, m closed (aligned)", f"{found.recall:.1%} of {found.sounds}", ">= 97 %"),
                ("closures elsewhere (aligned)", f"{found.share_elsewhere:.1%} of {found.events}", "< 5 %"),
            ]
        return "\n".join(report.columns(lines))

    def write_json(self, path: Path) -> None:
        """Write all figures."""
        path.write_text(json.dumps(asdict(self) | {"is_good": self.is_good}, indent=2) + "\n", encoding="utf-8")


def judge(
    waveform: NDArray[np.float32], motion: NDArray[np.float32], face: FaceCurves, phones: tuple[Phone, ...] = ()
) -> Judgement:
    """Measure a motion made for a recording.

    Args:
        waveform: ``[S]`` at 16 kHz.
        motion: ``[T, 106]``.
        face: what the motion does.
        phones: of the transcript, aligned; empty without one.
    """
    frames = len(motion)
    levels_db = loudness_db(waveform, frames)
    lags = measures.lagged_correlations(face.opening, _smoothed(levels_db))
    blinks = measures.blinks(face.lid_gaps)
    intervals = np.diff([frame for frame, _ in blinks])
    return Judgement(
        seconds=len(waveform) / SAMPLE_RATE_HZ,
        correlation=float(lags.max()),
        lag_frames=int(lags.argmax()) - len(lags) // 2,
        silences=measures.rest([(face, quiet_stretches(waveform, frames))]),
        blinks_per_minute=60.0 * len(blinks) * FPS / frames,
        full_blinks=float(np.mean([is_full for _, is_full in blinks])) if blinks else 0.0,
        blink_interval_spread=float(intervals.std() / intervals.mean()) if len(intervals) > 1 else 0.0,
        seam_ratio=seam_ratio([motion]),
        jitter=measures.jitter(face.opening),
        closures=measures.closures(face.lip_gap, phones) if phones else None,
    )


def loudness_db(waveform: NDArray[np.float32], frames: int) -> Floats:
    """Return the level around each frame ``[T]`` in decibels, no lower than 40 below the loudest."""
    size = SAMPLE_RATE_HZ // FPS
    padded = np.zeros(frames * size)
    padded[: min(len(waveform), len(padded))] = waveform[: len(padded)]
    levels_db = 10.0 * np.log10((padded.reshape(frames, size) ** 2).mean(axis=1) + 1e-12)
    return np.asarray(np.maximum(levels_db, levels_db.max() - _RANGE_DB))


def quiet_stretches(waveform: NDArray[np.float32], frames: int) -> tuple[Phone, ...]:
    """Return the recording as pauses, where nobody speaks, and one sound or another elsewhere.

    What is quiet depends on the recording: a pause stays in the lower half between floor and loud frames, and most of
    it lies near the floor. Sound of one level all through is one pause.
    """
    duration_s = len(waveform) / SAMPLE_RATE_HZ
    phones: list[Phone] = []
    for first, last in measures.runs(~_is_pause(loudness_db(waveform, frames))):
        start_s = phones[-1].end_s if phones else 0.0
        phones += [Phone(PAUSE, start_s, first / FPS), Phone("ax", first / FPS, (last + 1) / FPS)]
    return gapless(phones, duration_s)


def _is_pause(levels_db: Floats) -> NDArray[np.bool_]:
    """Tell which frames ``[T]`` lie in pauses of at least 0.3 s, by level."""
    floor_db, loud_db = np.percentile(levels_db, (_FLOOR, _LOUD))
    if loud_db - floor_db < _LEAST_RANGE_DB:
        return np.ones(len(levels_db), bool)
    height = (levels_db - floor_db) / (loud_db - floor_db)
    pauses = np.zeros(len(levels_db), bool)
    for first, last in measures.runs(height <= _QUIET_SHARE):
        near_floor = first + np.flatnonzero(height[first : last + 1] <= _STILL_SHARE)
        if 2 * len(near_floor) > last - first and np.ptp(near_floor) + 1 >= measures.SHORTEST_SILENCE_S * FPS:
            pauses[near_floor[0] : near_floor[-1] + 1] = True
    return pauses


def _smoothed(levels_db: Floats) -> Floats:
    """Return the mean over three frames: a mouth does not follow every syllable's bump."""
    return np.convolve(np.pad(levels_db, 1, mode="edge"), np.full(3, 1.0 / 3.0), mode="valid")
