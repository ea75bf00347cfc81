"""The figures of a voice: as a table with what was promised, as JSON, and as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import EngineError
from bridge.motion import FPS

from .emphasis import SAMPLE_RATE_HZ
from .head_ruler import FaceCurves
from .measures import CLOSED_MM, Closures
from .phones import BILABIALS, PAUSE, Phone


@dataclass(frozen=True, slots=True)
class Rest:
    """How many silences there were, and in how many the mouth was closed, and still, all through."""

    silences: int
    closed: int
    still: int

    @property
    def is_kept(self) -> bool:
        """Whether the mouth rested in every silence."""
        return self.closed == self.still == self.silences


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, over all utterances together.

    Attributes:
        voices: who spoke.
        seconds: how long.
        opening_correlation: of the mouth's opening with the rule's, at the best lag, averaged over utterances.
        lag_frames: the best lag; positive is late.
        width_correlation: of the mouth's width with the rule's, at that lag.
        closures: on p, b and m, lips within a millimetre.
        sealed: the same within half a millimetre.
        silences: rest in silences of at least 0.3 s.
        noisy_silences: the same with noise at -50 dB of full scale under the speech.
        blinks_per_minute: rate.
        full_blinks: share of blinks that close both eyes.
        blink_interval_spread: standard deviation of the time between blinks over its mean.
        seam_ratio: median step into a window over the median step.
        jitter: mean absolute jerk of the opening, mm/s³.
        rule_jitter: the same of the rule's motion.
    """

    voices: tuple[str, ...]
    seconds: float
    opening_correlation: float
    lag_frames: int
    width_correlation: float
    closures: Closures
    sealed: Closures
    silences: Rest
    noisy_silences: Rest
    blinks_per_minute: float
    full_blinks: float
    blink_interval_spread: float
    seam_ratio: float
    jitter: float
    rule_jitter: float

    @property
    def passes_first_version(self) -> bool:
        """Whether every figure of the first version is reached."""
        return all(row.first(row.value(self)) for row in ROWS)

    def table(self) -> str:
        """Return the figures with what was promised, as text."""
        lines = [("figure", "found", "first version", "", "goal", "")]
        for row in ROWS:
            value = row.value(self)
            met = ["yes" if wanted(value) else "NO" for wanted in (row.first, row.goal)]
            lines.append((row.name, row.shown(self), row.first_text, met[0], row.goal_text, met[1]))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rule = "  ".join("-" * width for width in widths)
        text = ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([*text[:1], rule, *text[1:], "", self._more()])

    def write_json(self, path: Path) -> None:
        """Write all figures."""
        figures = asdict(self) | {
            "closure_recall": self.closures.recall,
            "sealed_recall": self.sealed.recall,
            "closures_elsewhere": self.closures.share_elsewhere,
            "passes_first_version": self.passes_first_version,
            "passes_goal": all(row.goal(row.value(self)) for row in ROWS),
        }
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")

    def _more(self) -> str:
        """Return what was measured besides."""
        return (
            f"{self.seconds:.0f} s of {len(self.voices)} voices: {', '.join(self.voices)}\n"
            f"lips within 0.5 mm on {self.sealed.recall:.0%} of p, b, m; "
            f"width correlates {self.width_correlation:.2f}; "
            f"jerk {self.jitter / max(self.rule_jitter, 1e-9):.2f} times the rule's; "
            f"blink intervals vary by {self.blink_interval_spread:.0%}"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: where its value is, how it is shown, and what is promised of it."""

    name: str
    value: Callable[[Report], float]
    shown: Callable[[Report], str]
    first: Callable[[float], bool]
    first_text: str
    goal: Callable[[float], bool]
    goal_text: str


ROWS: tuple[Row, ...] = (
    Row(
        "correlation of mouth opening with the rule's",
        lambda r: r.opening_correlation,
        lambda r: f"{r.opening_correlation:.3f}",
        lambda v: v >= 0.70,
        ">= 0.70",
        lambda v: v >= 0.90,
        ">= 0.90",
    ),
    Row(
        "its lag, frames",
        lambda r: r.lag_frames,
        lambda r: f"{r.lag_frames:+d}",
        lambda v: abs(v) <= 1,
        "within 1",
        lambda v: abs(v) <= 1,
        "within 1",
    ),
    Row(
        "p, b, m closed within 60 ms",
        lambda r: r.closures.recall,
        lambda r: f"{r.closures.recall:.1%} of {r.closures.sounds}",
        lambda v: v >= 0.80,
        ">= 80 %",
        lambda v: v >= 0.97,
        ">= 97 %",
    ),
    Row(
        "closures elsewhere",
        lambda r: r.closures.share_elsewhere,
        lambda r: f"{r.closures.share_elsewhere:.1%} of {r.closures.events}",
        lambda v: v < 0.25,
        "< 25 %",
        lambda v: v < 0.05,
        "< 5 %",
    ),
    Row(
        "closed and still in silence",
        lambda r: r.silences.is_kept,
        lambda r: f"{r.silences.closed} and {r.silences.still} of {r.silences.silences}",
        bool,
        "all",
        bool,
        "all",
    ),
    Row(
        "the same with noise at -50 dB",
        lambda r: r.noisy_silences.is_kept,
        lambda r: f"{r.noisy_silences.closed} and {r.noisy_silences.still} of {r.noisy_silences.silences}",
        bool,
        "all",
        bool,
        "all",
    ),
    Row(
        "blinks a minute",
        lambda r: r.blinks_per_minute,
        lambda r: f"{r.blinks_per_minute:.1f}",
        lambda v: 10.0 <= v <= 30.0,
        "10 to 30",
        lambda v: 15.0 <= v <= 26.0,
        "15 to 26",
    ),
    Row(
        "full blinks",
        lambda r: r.full_blinks,
        lambda r: f"{r.full_blinks:.1%}",
        lambda v: v >= 1.0,
        "all",
        lambda v: v >= 1.0,
        "all",
    ),
    Row(
        "step at window seams over the median step",
        lambda r: r.seam_ratio,
        lambda r: f"{r.seam_ratio:.2f}",
        lambda v: v <= 2.0,
        "<= 2",
        lambda v: v <= 1.2,
        "<= 1.2",
    ),
)


def draw(
    path: Path,
    waveform: NDArray[np.float32],
    phones: Sequence[Phone],
    face: FaceCurves,
    rule_face: FaceCurves,
    title: str,
    longest_s: float = 6.0,
) -> None:
    """Draw opening and lip gap of a voice and of the rule under the spectrogram, with the phones.

    Args:
        path: the picture's file.
        waveform: ``[S]`` at 16 kHz.
        phones: in order of time.
        face: what the voice does.
        rule_face: what the rule does.
        title: stands above.
        longest_s: how much of the beginning is drawn.

    Raises:
        EngineError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EngineError("the picture needs matplotlib", "Install matplotlib, or leave --picture out.") from error
    figure = Figure(figsize=(15.0, 8.0), layout="constrained")
    sound, opening, gap = figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 1.3))
    dithered = waveform + 1e-5 * np.random.default_rng(0).standard_normal(
        len(waveform)
    )  # digital silence has no logarithm
    times = np.arange(len(face.opening)) / FPS
    length = min(longest_s, len(waveform) / SAMPLE_RATE_HZ)
    sound.specgram(dithered, NFFT=512, Fs=SAMPLE_RATE_HZ, noverlap=384, cmap="magma", vmin=-120.0)
    sound.set(title=title, ylabel="Hz", ylim=(0, 6000), xlim=(0.0, length))
    for curve, label, colour in ((rule_face, "rule", "0.55"), (face, "voice", "tab:blue")):
        opening.plot(times, curve.opening[: len(times)], label=label, color=colour)
        gap.plot(times, curve.lip_gap[: len(times)], label=label, color=colour, marker=".", markersize=3)
    opening.set(ylabel="opening, mm")
    opening.legend(loc="upper right")
    gap.axhline(CLOSED_MM, color="tab:red", linewidth=0.7)
    gap.set(ylabel="lip gap, mm", ylim=(-1.0, 5.0), xlabel="seconds")
    for phone in phones:
        if phone.start_s >= length or phone.symbol == PAUSE:
            continue
        middle = 0.5 * (phone.start_s + phone.end_s)
        sound.text(middle, 5500, phone.symbol, color="white", ha="center", fontsize=8, clip_on=True)
        if phone.symbol in BILABIALS:
            for axes in (opening, gap):
                axes.axvspan(phone.start_s, phone.end_s, color="tab:red", alpha=0.15)
    figure.savefig(path, dpi=90)
