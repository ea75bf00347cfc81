"""The figures of a voice: as tables with what was promised, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .measures import Closures, Rest


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

    def table(self, ceiling: Report | None = None) -> str:
        """Return the figures with what was promised, as text.

        Args:
            ceiling: the figures of the rule itself, by the same measures: no pupil of its can be better.
        """
        lines = [("figure", "found", "the rule", "first version", "", "goal", "")]
        for row in ROWS:
            value, best = row.value(self), row.shown(ceiling) if ceiling else ""
            met = ["yes" if wanted(value) else "NO" for wanted in (row.first, row.goal)]
            lines.append((row.name, row.shown(self), best, row.first_text, met[0], row.goal_text, met[1]))
        return "\n".join([*columns(lines), "", self._more()])

    def figures(self) -> dict[str, object]:
        """Return all figures, and what follows from them, as JSON has them."""
        return asdict(self) | {
            "closure_recall": self.closures.recall,
            "sealed_recall": self.sealed.recall,
            "closures_elsewhere": self.closures.share_elsewhere,
            "passes_first_version": self.passes_first_version,
            "passes_goal": all(row.goal(row.value(self)) for row in ROWS),
        }

    def _more(self) -> str:
        """Return what was measured besides."""
        return (
            f"{self.seconds:.0f} s of {len(self.voices)} voices: {', '.join(self.voices)}\n"
            f"lips within 0.5 mm on {self.sealed.recall:.0%} of p, b, m; "
            f"width correlates {self.width_correlation:.2f}; "
            f"jerk {self.jitter / max(self.rule_jitter, 1e-9):.2f} times the rule's; "
            f"blink intervals vary by {self.blink_interval_spread:.0%}"
        )


def columns(lines: Sequence[Sequence[str]]) -> list[str]:
    """Set lines of words in columns, with a rule under the first."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return [text[0], "  ".join("-" * width for width in widths), *text[1:]]


def table_of_groups(groups: Mapping[str, Report]) -> str:
    """Return the figures that depend on who speaks, a line for each group of voices, with the goal's."""
    lines: list[tuple[str, ...]] = [
        ("voices", "opening", "lag", "width", "closures", "within 0.5 mm", "elsewhere", "goal")
    ]
    for name, found in groups.items():
        met = [row.goal(row.value(found)) for row in ROWS[:_ROWS_OF_GROUPS]]
        lines.append((name, *(shown(found) for shown in _GROUPED_COLUMNS), "yes" if all(met) else "NO"))
    return "\n".join(columns(lines))


def write_json(path: Path, found: Report, ceiling: Report, groups: Mapping[str, Report]) -> None:
    """Write all figures: of the voice, of the rule by the same measures, and of the voice on each group."""
    named = {name: group.figures() for name, group in groups.items()}
    everything = found.figures() | {"of_the_rule": ceiling.figures(), "groups": named}
    path.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")


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

_ROWS_OF_GROUPS = 4  # of `ROWS`: opening, lag, closures, closures elsewhere
_GROUPED_TITLES = ("voices", "opening", "lag", "width", "closures", "within 0.5 mm", "elsewhere", "goal")
_GROUPED_COLUMNS: tuple[Callable[[Report], str], ...] = (
    lambda r: f"{r.opening_correlation:.3f}",
    lambda r: f"{r.lag_frames:+d}",
    lambda r: f"{r.width_correlation:.2f}",
    lambda r: f"{r.closures.recall:.1%} of {r.closures.sounds}",
    lambda r: f"{r.sealed.recall:.1%}",
    lambda r: f"{r.closures.share_elsewhere:.1%} of {r.closures.events}",
)
