"""What can be said about a sound and how to speak it, for every command that makes motion."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from artalk_engine.environment import needed_packages
from artalk_engine.errors import AudioMissingError
from bridge.motion import FPS

from .common import count, seconds

if TYPE_CHECKING:
    from artalk_engine.audio.recording import Recording
    from artalk_engine.options import TakeChanges


def add_sound_options(group: argparse._ArgumentGroup) -> None:
    """Add what to hear of a sound file."""
    group.add_argument("--start", type=seconds, default=0.0, metavar="S", help="begin at this second of the sound")
    group.add_argument("--end", type=seconds, metavar="S", help="end at this second of the sound")
    group.add_argument(
        "--channel",
        choices=("mix", "left", "right", "loudest"),
        default="mix",
        help="which channel speaks (default: mix)",
    )
    add_continuity_option(group)
    group.add_argument("-l", "--clip-length", "--clip_length", type=count, default=0, help=argparse.SUPPRESS)


def add_continuity_option(group: argparse._ActionsContainer) -> None:
    """Add how windows of motion are heard in each other's light."""
    group.add_argument(
        "--continuity",
        choices=("auto", "none", "loudness", "context", "both"),
        default="auto",
        help="what of the sound around a window of four seconds counts for it: nothing, the loudness of the whole "
        "clip, what sounds just before and after, or both (default: auto, what suits the model)",
    )


def add_take_options(group: argparse._ArgumentGroup) -> None:
    """Add how to speak."""
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


def changes_of(options: argparse.Namespace) -> TakeChanges:
    """Return how to speak, as the options say.

    Raises:
        OptionError: if some make no sense for any model.
    """
    with needed_packages():
        from artalk_engine.options import TakeOptions

    changes: TakeChanges = {
        "style": options.style,
        "style_strength": options.style_strength,
        "seed": options.seed,
        "temperature": options.temperature,
        "top_k": options.top_k,
        "top_p": options.top_p,
        "continuity": options.continuity,
        "fix_pose": options.fix_pose,
    }
    TakeOptions(**changes)
    return changes


def recording_of(sound: Path, options: argparse.Namespace) -> Recording:
    """Return what to hear of a file, as the options say, having looked whether it can be heard.

    Raises:
        AudioError: if it cannot.
    """
    if not sound.is_file():
        raise AudioMissingError(f"There is no sound file {sound}.")
    with needed_packages():
        from artalk_engine.audio.recording import Recording

    # ARTalk's own --clip_length counts frames.
    ends = [options.end, options.start + options.clip_length / FPS if options.clip_length else None]
    recording = Recording(sound, options.start, min((e for e in ends if e is not None), default=None), options.channel)
    next(recording.blocks())
    return recording
