"""Judge a voice: its motion on speech that it never heard, against the rule's motion and against what the eye asks for.

    python -m artalk_engine.training evaluate
    python -m artalk_engine.training evaluate --audio speech.wav --transcript "What is said."

The voices and the sentences are those that the corpus keeps out of training. The rule knows every sound and its time,
the voice hears only the waveform; how near it comes is the measure. What must hold for any face (lips closed on p, b
and m, at rest in silence, blinks that shut, no step between windows) is measured on the voice's motion alone.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from artalk_engine.audio.continuity import Continuity
from artalk_engine.audio.recording import Recording
from artalk_engine.errors import ConfigError
from artalk_engine.motion.seams import seam_ratio
from artalk_engine.motion.smoothing import smooth
from bridge.motion import FPS

from . import alignment, drawing, espeak, measures, recordings, report, styles
from .emphasis import SAMPLE_RATE_HZ
from .head_ruler import FaceCurves, HeadRuler
from .phones import PAUSE, Phone
from .rule import make_motion

log = logging.getLogger(__name__)

Waveform = NDArray[np.float32]
Motion = NDArray[np.float32]
MotionMaker = Callable[["Utterance"], Motion]
Seen = tuple[FaceCurves, tuple[Phone, ...]]

NOISE_DB = -50.0  # full scale
_QUIET_S = 6.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech whose sounds are known.

    Attributes:
        waveform: ``[S]`` float32 mono at 16 kHz.
        phones: in order of time.
        voice: who speaks.
        text: what is said, if known.
        group: which kind of voice it is, among those that the evaluation tells apart.
    """

    waveform: Waveform
    phones: tuple[Phone, ...]
    voice: str
    text: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """An utterance with the motion of the voice and of the rule, and what each does to the face."""

    utterance: Utterance
    motion: Motion
    face: FaceCurves
    rule_motion: Motion
    rule_face: FaceCurves

    @property
    def by_the_rule(self) -> Judged:
        """The rule in the place of the voice."""
        return replace(self, motion=self.rule_motion, face=self.rule_face)


def evaluate(make: MotionMaker, utterances: Sequence[Utterance], style: str = "neutral") -> report.Report:
    """Judge a voice.

    Args:
        make: gives the smoothed motion ``[T, 106]`` of an utterance; a voice may look at the waveform only.
        utterances: what to speak.
        style: the rule's way of speaking, which should be the voice's.

    Returns:
        The figures, over all utterances together.
    """
    ruler = HeadRuler.load()
    return _all_figures(make, judge(make, utterances, ruler, style), ruler)


def judge(make: MotionMaker, utterances: Sequence[Utterance], ruler: HeadRuler, style: str = "neutral") -> list[Judged]:
    """Make and measure both motions of every utterance."""
    judged = []
    for k, utterance in enumerate(utterances, 1):
        motion = make(utterance)
        by_rule = rule_maker(style)(utterance)[: len(motion)]
        judged.append(Judged(utterance, motion, ruler.measure(motion), by_rule, ruler.measure(by_rule)))
        log.info("judged %d of %d: %s", k, len(utterances), utterance.voice)
    return judged


def by_group(judged: Sequence[Judged]) -> dict[str, report.Report]:
    """Judge each group of voices alone, by what it said; what happens when nobody speaks is the same for all."""
    names = dict.fromkeys(each.utterance.group for each in judged)
    return {name: _figures([each for each in judged if each.utterance.group == name]) for name in names}


def rule_maker(style: str) -> MotionMaker:
    """The rule as a voice: what a perfect pupil would do."""
    return lambda utterance: smooth(make_motion(utterance.phones, utterance.waveform, style, 0))


def held_out(count: int, voices: Sequence[str] = ()) -> list[Utterance]:
    """Speak sentences that training never saw in voices that it never heard.

    Args:
        count: how many utterances, of a few sentences each.
        voices: parts of the names of the voices or groups wanted, any of them; empty is all.

    Raises:
        ConfigError: if no voice kept out of training has such a name.
    """
    from . import corpus  # needs the synthesizers

    config = corpus.CorpusConfig(is_held_out=True)
    found: list[Utterance] = []
    for index in range(20 * count):
        speech, part = corpus.make_speech(config, index)
        if not voices or any(name in f"{part.name} {part.group}" for name in voices):
            found.append(Utterance(speech.waveform, speech.phones, part.name, " ".join(part.texts), part.group))
        if len(found) == count:
            return found
    if not found:
        raise ConfigError(f"no voice kept out of training is called {' or '.join(voices)}")
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``evaluate``."""
    parser.add_argument("--checkpoint", type=Path, help="file or folder of the voice; the built-in one if left out")
    parser.add_argument("--style", choices=tuple(styles.STYLES), default="neutral", help="how to speak (neutral)")
    parser.add_argument(
        "--continuity", choices=get_args(Continuity), default="auto", help="how windows are heard (auto)"
    )
    parser.add_argument("--clips", type=int, default=24, help="number of utterances (24)")
    parser.add_argument("--voices", nargs="+", default=[], metavar="NAME", help="only voices with this in their name")
    parser.add_argument("--rule", action="store_true", help="judge the rule itself: the best that can be learned")
    parser.add_argument("--audio", type=Path, metavar="FILE", help="judge on this recording of a person instead")
    parser.add_argument("--transcript", metavar="TEXT", help="what the recording says; its p, b and m are looked for")
    parser.add_argument("--language", default="en-us", help="espeak-ng's name of the transcript's language (en-us)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="also draw curves of one utterance here")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate as the options say, and print the table; the exit status is 1 if the first version's figures fail.

    On a recording, it is 1 if what was promised of recordings fails.
    """
    if arguments.audio:
        return _run_on_recording(arguments)
    make = rule_maker(arguments.style) if arguments.rule else _engine_maker(arguments)
    utterances = held_out(arguments.clips, arguments.voices)
    ruler = HeadRuler.load()
    judged = judge(make, utterances, ruler, arguments.style)
    figures = _all_figures(make, judged, ruler)
    ceiling = _all_figures(rule_maker(arguments.style), [each.by_the_rule for each in judged], ruler)
    groups = by_group(judged)
    sys.stdout.write(f"{figures.table(ceiling)}\n\n{report.table_of_groups(groups)}\n")
    if arguments.json:
        report.write_json(arguments.json, figures, ceiling, groups)
    if arguments.picture:
        shown = judged[0]
        speech = shown.utterance
        drawing.draw(arguments.picture, speech.waveform, speech.phones, shown.face, shown.rule_face, speech.voice)
    return 0 if figures.passes_first_version else 1


def _run_on_recording(arguments: argparse.Namespace) -> int:
    """Judge the voice on a recording, as the options say."""
    waveform = np.concatenate([np.zeros(0, np.float32), *Recording(arguments.audio).blocks()])
    motion = _engine_maker(arguments)(Utterance(waveform, (), arguments.audio.name))
    face = HeadRuler.load().measure(motion)
    phones = _aligned(waveform, arguments.transcript, arguments.language) if arguments.transcript else ()
    judgement = recordings.judge(waveform, motion, face, phones)
    sys.stdout.write(judgement.table() + "\n")
    if arguments.json:
        judgement.write_json(arguments.json)
    if arguments.picture:
        drawing.draw(arguments.picture, waveform, phones, face, None, arguments.audio.name, motion=motion)
    return 0 if judgement.is_good else 1


def _aligned(waveform: Waveform, transcript: str, accent: str) -> tuple[Phone, ...]:
    words = espeak.transcribe_words(transcript, espeak.EspeakVoice(accent))
    phones, fit = alignment.align(waveform, words, alignment.built_in_ear())
    if fit < alignment.LEAST_FIT:
        log.warning("the recording hardly says its transcript; check both, and the language")
    return phones


def _engine_maker(arguments: argparse.Namespace) -> MotionMaker:
    """Return a voice that hears waveforms through the engine."""
    from artalk_engine.engine import ARTAvatarInferEngine  # brings PyTorch

    engine = ARTAvatarInferEngine(checkpoint=arguments.checkpoint, continuity=arguments.continuity)
    engine.set_style_motion(arguments.style)
    return lambda utterance: engine.inference(utterance.waveform)


def _all_figures(make: MotionMaker, judged: Sequence[Judged], ruler: HeadRuler) -> report.Report:
    """Draw the figures together, with what the voice does when nobody speaks and when there is noise."""
    quiet = [_quiet(None)]
    noisy = [_quiet(NOISE_DB), *(_with_noise(each.utterance) for each in judged)]
    heard = [[(ruler.measure(make(utterance)), utterance.phones) for utterance in some] for some in (quiet, noisy)]
    return _figures(judged, *heard)


def _figures(judged: Sequence[Judged], quiet: Sequence[Seen] = (), noisy: Sequence[Seen] = ()) -> report.Report:
    """Draw the figures together; ``quiet`` and ``noisy`` are looked at for their silences only."""
    frames = sum(len(each.motion) for each in judged)
    blinks = [measures.blinks(each.face.lid_gaps) for each in judged]
    intervals = np.concatenate([np.diff([frame for frame, _ in found]) for found in blinks]) / FPS
    full = [is_full for found in blinks for _, is_full in found]
    opening = np.mean([measures.lagged_correlations(x.face.opening, x.rule_face.opening) for x in judged], axis=0)
    lag = int(opening.argmax()) - len(opening) // 2
    return report.Report(
        voices=tuple(sorted({each.utterance.voice for each in judged})),
        seconds=frames / FPS,
        opening_correlation=float(opening.max()),
        lag_frames=lag,
        width_correlation=_correlation_at(lag, [(x.face.width, x.rule_face.width) for x in judged]),
        closures=_closures(judged, measures.CLOSED_MM),
        sealed=_closures(judged, measures.SEALED_MM),
        silences=measures.rest([*((each.face, each.utterance.phones) for each in judged), *quiet]),
        noisy_silences=measures.rest(noisy),
        blinks_per_minute=60.0 * len(full) * FPS / frames,
        full_blinks=float(np.mean(full)) if full else 0.0,
        blink_interval_spread=float(intervals.std() / intervals.mean()) if len(intervals) > 1 else 0.0,
        seam_ratio=seam_ratio([each.motion for each in judged]),
        jitter=float(np.mean([measures.jitter(x.face.opening) for x in judged])),
        rule_jitter=float(np.mean([measures.jitter(x.rule_face.opening) for x in judged])),
    )


def _closures(judged: Sequence[Judged], closed_mm: float) -> measures.Closures:
    """Count closures over all utterances."""
    counts = [
        measures.closures(each.face.lip_gap, each.utterance.phones, closed_mm, each.rule_face.lip_gap)
        for each in judged
    ]
    return sum(counts, measures.Closures(0, 0, 0, 0))


def _correlation_at(lag: int, pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """Return the mean correlation of pairs of curves at one lag."""
    return float(np.mean([measures.lagged_correlations(*pair)[5 + lag] for pair in pairs]))


def _quiet(noise_db: float | None) -> Utterance:
    """Return an utterance in which nobody speaks."""
    nothing = Utterance(np.zeros(int(_QUIET_S * SAMPLE_RATE_HZ), np.float32), (Phone(PAUSE, 0.0, _QUIET_S),), "nobody")
    return nothing if noise_db is None else _with_noise(nothing, noise_db)


def _with_noise(utterance: Utterance, noise_db: float = NOISE_DB) -> Utterance:
    """Return the utterance with white noise under it."""
    noise = np.random.default_rng(0).standard_normal(len(utterance.waveform)) * 10.0 ** (noise_db / 20.0)
    return replace(utterance, waveform=(utterance.waveform + noise).astype(np.float32))
