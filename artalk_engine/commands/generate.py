"""``generate``: a motion file from each sound file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.environment import needed_packages
from artalk_engine.errors import AudioMissingError, OptionError
from artalk_engine.version import engine_version
from bridge.errors import MotionFileError
from bridge.motion import FPS
from bridge.motion_file import MotionFile, save_motion

from .common import count, load, seconds, writable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artalk_engine.audio.recording import Recording
    from artalk_engine.engine import ARTAvatarInferEngine
    from artalk_engine.generation import Voice
    from artalk_engine.options import TakeChanges


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


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be said about the sound, the take and the output."""
    parser.set_defaults(command=run)
    parser.add_argument("audio", nargs="*", metavar="AUDIO", help="sound file of one speaker, or several such files")
    parser.add_argument("-a", "--audio", "--audio_path", dest="audio_option", default="", help=argparse.SUPPRESS)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="motion file to write, or a folder for several (default: AUDIO's name)"
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    _add_sound_options(parser.add_argument_group("sound"))
    _add_take_options(parser.add_argument_group("take"))


def _add_sound_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--start", type=seconds, default=0.0, metavar="S", help="begin at this second of the sound")
    group.add_argument("--end", type=seconds, metavar="S", help="end at this second of the sound")
    group.add_argument(
        "--channel",
        choices=("mix", "left", "right", "loudest"),
        default="mix",
        help="which channel speaks (default: mix)",
    )
    group.add_argument(
        "--continuity",
        choices=("auto", "none", "loudness", "context", "both"),
        default="auto",
        help="what of the sound around a window of four seconds counts for it: nothing, the loudness of the whole "
        "clip, what sounds just before and after, or both (default: auto, what suits the model)",
    )
    group.add_argument("-l", "--clip-length", "--clip_length", type=count, default=0, help=argparse.SUPPRESS)


def _add_take_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-s", "--style", "--style_id", default="", metavar="NAME", help="speaking style (default: the model's own)"
    )
    group.add_argument(
        "--style-strength", type=float, default=1.1, metavar="X", help="how much of the style to show (default: 1.1)"
    )
    group.add_argument("--seed", type=count, default=0, metavar="N", help="choose another take")
    group.add_argument(
        "--temperature",
        type=float,
        default=0.0,
        metavar="X",
        help="how far takes may differ: 0 is the model's best guess, 1 as it doubts (default: 0)",
    )
    group.add_argument(
        "--top-k", type=count, default=2, metavar="K", help="of a bit's two values, how many may be drawn"
    )
    group.add_argument(
        "--top-p", type=float, default=1.0, metavar="P", help="draw only bits that are less certain than this"
    )
    group.add_argument("--fix-pose", action="store_true", help="keep the head still")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Make the motion of each sound and write it; what can be refused is refused before a model is loaded."""
    sounds = _sounds_of(options)
    outputs = _outputs_of(options, sounds)
    recordings = [_recording(sound, options) for sound in sounds]
    begun = time.monotonic()
    engine, voice = load(options)
    takes = []
    for number, motion in _motions(engine, recordings, options):
        contents = MotionFile(motion, engine.rig, sounds[number].name, engine_version(), options.style)
        save_motion(writable(outputs[number], options.force), contents)  # it may have come into being meanwhile
        took, begun = time.monotonic() - begun, time.monotonic()
        takes.append((number, _take(outputs[number], motion, options.style, engine, voice, took)))
    reports = [asdict(take) for _, take in sorted(takes, key=lambda take: take[0])]
    return reports[0] if len(reports) == 1 else {"takes": reports}


def _motions(
    engine: ARTAvatarInferEngine, recordings: list[Recording], options: argparse.Namespace
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Make the motion of one sound, or of several at once, with a bar that shows how far it is."""
    import numpy as np
    from tqdm import tqdm

    changes = _changes(options)
    if len(recordings) > 1:
        made = engine.batch(recordings, **changes)
        yield from tqdm(made, "Making motion", len(recordings), unit="sound", disable=None, leave=False)
        return
    windows = engine.windows(recordings[0].length or 0) or None
    pieces = engine.stream(recordings[0], **changes)
    bar = tqdm(pieces, "Making motion", windows, unit="window", disable=None, leave=False)
    yield 0, np.concatenate(list(bar))


def _changes(options: argparse.Namespace) -> TakeChanges:
    return {
        "style": options.style,
        "style_strength": options.style_strength,
        "seed": options.seed,
        "temperature": options.temperature,
        "top_k": options.top_k,
        "top_p": options.top_p,
        "continuity": options.continuity,
        "fix_pose": options.fix_pose,
    }


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
    paths = [Path(name) for name in names]
    for path in paths:
        if not path.is_file():
            raise AudioMissingError(f"There is no sound file {path}.")
    return paths


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
    if output.suffix.lower() != ".npz":
        raise MotionFileError(output, "a motion file's name ends in .npz", "Choose such a name.")
    return [writable(output, options.force)]


def _recording(sound: Path, options: argparse.Namespace) -> Recording:
    """Say what to hear of a file, having looked whether it can be heard."""
    with needed_packages():
        from artalk_engine.audio.recording import Recording

    # ARTalk's own --clip_length counts frames.
    ends = [options.end, options.start + options.clip_length / FPS if options.clip_length else None]
    recording = Recording(sound, options.start, min((e for e in ends if e is not None), default=None), options.channel)
    next(recording.blocks())
    return recording
