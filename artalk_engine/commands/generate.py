"""``generate``: a motion file from each sound file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.console import progress
from artalk_engine.errors import OptionError
from artalk_engine.version import engine_version
from bridge.errors import MotionFileError
from bridge.motion import FPS
from bridge.motion_file import ENDINGS, MotionFile, save_motion

from .common import explain, load, writable
from .speaking import add_sound_options, add_take_options, changes_of, recording_of
from .watching import add_watch_options, watched

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artalk_engine.audio.recording import Recording
    from artalk_engine.engine import ARTAvatarInferEngine
    from artalk_engine.generation import Voice
    from artalk_engine.options import TakeChanges

    from .watching import Show


@dataclass(frozen=True)
class Take:
    """What ``generate`` reports of one sound."""

    output: str
    frames: int
    duration_s: float
    rig: str
    style: str
    device: str
    elapsed_s: float
    seam_ratio: float  # median step into a window of four seconds over the median step; 1 is no seam


EXAMPLES = """examples:
  artalk generate speech.wav                             motion in speech.npz
  artalk generate speech.mp3 -o speech.csv --style happy
  artalk generate interview.wav --start 12 --end 40 --channel left
  artalk generate lines/*.wav -o motions --model ~/ARTalk
  artalk generate speech.wav --watch                     and the head in the browser while it is made
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be said about the sound, the take and the output."""
    parser.set_defaults(command=run)
    explain(parser, EXAMPLES)
    parser.add_argument("audio", nargs="*", metavar="AUDIO", help="sound file of one speaker, or several such files")
    parser.add_argument("-a", "--audio", "--audio_path", dest="audio_option", default="", help=argparse.SUPPRESS)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="motion file to write, or a folder for several (default: AUDIO's name)"
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    add_sound_options(parser.add_argument_group("sound"))
    add_take_options(parser.add_argument_group("take"))
    add_watch_options(parser.add_argument_group("watching"))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Make the motion of each sound and write it; what can be refused is refused before a model is loaded."""
    sounds = _sounds_of(options)
    recordings = [recording_of(sound, options) for sound in sounds]
    outputs = _outputs_of(options, sounds)
    changes = changes_of(options)
    takes = []
    with watched(options, recordings) as show:
        begun = time.monotonic()
        engine, voice = load(options)
        for number, motion in _motions(engine, recordings, changes, options, show):
            contents = MotionFile(motion, engine.rig, sounds[number].name, engine_version(), options.style)
            save_motion(writable(outputs[number], options.force), contents)  # it may have come into being meanwhile
            took, begun = time.monotonic() - begun, time.monotonic()
            takes.append((number, _take(outputs[number], motion, options.style, engine, voice, took)))
    reports = [asdict(take) for _, take in sorted(takes, key=lambda take: take[0])]
    return reports[0] if len(reports) == 1 else {"takes": reports}


def _motions(
    engine: ARTAvatarInferEngine,
    recordings: list[Recording],
    changes: TakeChanges,
    options: argparse.Namespace,
    show: Show,
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Make the motion of one sound, or of several at once, with a bar that shows how far it is."""
    import numpy as np

    if len(recordings) > 1:
        with progress(options, "Making motion", len(recordings), "sound") as bar:
            yield from map(bar.passed, engine.batch(recordings, **changes))
        return
    with progress(options, "Making motion", engine.windows(recordings[0].length or 0), "window") as bar:
        pieces = show(engine.stream(recordings[0], **changes), lambda: engine.head)
        yield 0, np.concatenate([bar.passed(piece) for piece in pieces])


def _take(
    output: Path, motion: NDArray[np.float32], style: str, engine: ARTAvatarInferEngine, voice: Voice, took_s: float
) -> Take:
    from artalk_engine.motion.seams import seam_ratio

    return Take(
        output=str(output),
        frames=len(motion),
        duration_s=len(motion) / FPS,
        rig=engine.rig,
        style=style,
        device=f"{voice.name} on {engine.device}",
        elapsed_s=round(took_s, 3),
        seam_ratio=round(seam_ratio([motion]), 2),
    )


def _sounds_of(options: argparse.Namespace) -> list[Path]:
    names = [options.audio_option] if options.audio_option else options.audio
    if not names:
        raise OptionError("No sound file was given.", "Name one, as in: generate speech.wav -o motion.npz")
    return [Path(name) for name in names]


def _outputs_of(options: argparse.Namespace, sounds: list[Path]) -> list[Path]:
    """Name a file for each sound, refused if it cannot be written."""
    names = [sound.with_suffix(".npz").name for sound in sounds]
    if len(sounds) > 1:
        folder = Path(options.output or ".")
        if not folder.is_dir():
            raise MotionFileError(folder, "several motions go into a folder, and this is none", "Create the folder.")
        if len(set(names)) < len(names):
            raise OptionError("Two of the sounds have the same name.", "Generate them one by one.")
        return [writable(folder / name, options.force) for name in names]
    output = Path(options.output or names[0])
    if output.suffix.lower() not in ENDINGS:
        raise MotionFileError(output, f"a motion file's name ends in {', '.join(ENDINGS)}", "Choose such a name.")
    return [writable(output, options.force)]
