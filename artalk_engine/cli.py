"""The command line: speech in, a motion file out.

    python -m artalk_engine generate speech.wav -o motion.npz --style happy
    python -m artalk_engine styles
    python -m artalk_engine describe

Standard output carries the result only (with ``--json`` as one JSON object), everything
else goes to standard error. The exit status says what kind of thing went wrong:

    0    done
    1    an error that nobody expected; --verbose shows where
    2    a wrong option, or a sound, a style or an output that cannot be used
    3    a model or a part of the installation that cannot be used
    130  interrupted
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.environment import needed_packages
from artalk_engine.errors import AudioError, AudioMissingError, EngineError, StyleError
from artalk_engine.version import engine_version
from bridge.errors import BridgeError, MotionFileError, as_sentence
from bridge.motion import FPS
from bridge.motion_file import MotionFile, save_motion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artalk_engine.engine import ARTAvatarInferEngine
    from artalk_engine.generation import Voice

DONE, UNEXPECTED, BAD_INPUT, BAD_MODEL, INTERRUPTED = 0, 1, 2, 3, 130


class OptionError(EngineError):
    """An option that argparse accepts and the command cannot."""

    code = "option"
    default_remedy = "See --help."


@dataclass(frozen=True)
class Take:
    """What ``generate`` reports."""

    output: str
    frames: int
    duration_s: float
    rig: str
    style: str
    device: str
    elapsed_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: those of the command line; ``None`` for the process's own.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if options.verbose else logging.ERROR)
    try:
        result = options.command(options)
    except KeyboardInterrupt:
        _say("Interrupted; nothing was written.")
        return INTERRUPTED
    except (EngineError, BridgeError) as exc:
        return _fail(options, exc.code, str(exc), exc.remedy, _status(exc))
    except Exception as exc:
        if options.verbose:
            raise
        text = f"An unexpected error stopped this command ({type(exc).__name__}: {exc})."
        return _fail(options, "internal", text, "Run it again with --verbose and report what it prints.", UNEXPECTED)
    print(json.dumps(result) if options.json else _readable(result))
    return DONE


def _generate(options: argparse.Namespace) -> dict[str, Any]:
    audio, output = _audio_of(options), _output_of(options)
    start = time.monotonic()
    waveform = _waveform(audio, options)
    engine, voice = _load(options)
    motion = _motion(engine, waveform, options)
    contents = MotionFile(motion, engine.rig, audio.name, engine_version(), options.style)
    _refuse_existing(output, options.force)  # it may have come into being meanwhile
    save_motion(output, contents)
    return asdict(
        Take(
            output=str(output),
            frames=len(motion),
            duration_s=len(motion) / FPS,
            rig=engine.rig,
            style=options.style,
            device=f"{voice.name} on {engine.device}",
            elapsed_s=round(time.monotonic() - start, 3),
        )
    )


def _motion(
    engine: ARTAvatarInferEngine, waveform: NDArray[np.float32], options: argparse.Namespace
) -> NDArray[np.float32]:
    import numpy as np
    from tqdm import tqdm

    from artalk_engine.generation import speak

    pieces = speak(engine, waveform, options.style, options.seed, options.fix_pose)
    bar = tqdm(pieces, "Making motion", engine.windows(len(waveform)), unit="window", disable=None, leave=False)
    return np.concatenate(list(bar))


def _waveform(audio: Path, options: argparse.Namespace) -> NDArray[np.float32]:
    with needed_packages():
        from artalk_engine.audio.waveform import load_waveform

    return load_waveform(audio, options.start, _end_of(options))


def _styles(options: argparse.Namespace) -> dict[str, Any]:
    engine, _ = _load(options)
    return {"styles": list(engine.styles())}


def _describe(options: argparse.Namespace) -> dict[str, Any]:
    engine, voice = _load(options)
    return {
        "version": engine_version(),
        "model": voice.name,
        "rig": engine.rig,
        "device": str(engine.device),
        "styles": list(engine.styles()),
    }


def _load(options: argparse.Namespace) -> tuple[ARTAvatarInferEngine, Voice]:
    """Load the model that the options name; its libraries are imported here and not before."""
    _say("Loading the model …")
    with needed_packages():
        from artalk_engine.generation import Voice, WarmEngine

    voice = Voice(options.model, options.device, options.threads)
    return WarmEngine().get(voice), voice


def _audio_of(options: argparse.Namespace) -> Path:
    """Return the sound file, refused before anything is loaded if it is not there."""
    name = options.audio_option or options.audio
    if not name:
        raise OptionError("No sound file was given.", "Name one, as in: generate speech.wav -o motion.npz")
    path = Path(name)
    if not path.is_file():
        raise AudioMissingError(f"There is no sound file {path}.")
    return path


def _end_of(options: argparse.Namespace) -> float | None:
    """Return the second at which to end, by ``--end`` or by ARTalk's own ``--clip_length`` in frames."""
    ends = [options.end, options.start + options.clip_length / FPS if options.clip_length else None]
    return min((end for end in ends if end is not None), default=None)


def _output_of(options: argparse.Namespace) -> Path:
    """Return the file to write, refused before anything is loaded if it cannot be written."""
    name = options.audio_option or options.audio
    output = Path(options.output or Path(name).with_suffix(".npz").name)
    if output.suffix.lower() != ".npz":
        raise MotionFileError(output, "a motion file's name ends in .npz", "Choose such a name.")
    if not output.parent.is_dir():
        raise MotionFileError(output, "its folder does not exist", "Create the folder, or choose another.")
    _refuse_existing(output, options.force)
    return output


def _refuse_existing(output: Path, is_forced: bool) -> None:
    if output.is_dir() or (output.exists() and not is_forced):
        raise MotionFileError(output, "this exists already", "Choose another name, or give --force to replace a file.")


def _status(exc: EngineError | BridgeError) -> int:
    return BAD_INPUT if isinstance(exc, AudioError | StyleError | OptionError | BridgeError) else BAD_MODEL


def _fail(options: argparse.Namespace, code: str, text: str, remedy: str, status: int) -> int:
    text, remedy = as_sentence(text), as_sentence(remedy)
    if options.json:
        print(json.dumps({"error": {"code": code, "text": text, "remedy": remedy}}))
    _say(f"error: {text} {remedy}".rstrip())
    return status


def _readable(result: dict[str, Any]) -> str:
    """Write a result for people: a list line by line, anything else as a table."""
    if list(result) == ["styles"]:
        return "\n".join(result["styles"])
    lists = {name: ", ".join(value) if isinstance(value, list) else value for name, value in result.items()}
    return "\n".join(f"{name:<11} {value}" for name, value in lists.items())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m artalk_engine",
        description="Speech becomes motion of a FLAME head.",
        epilog="Exit status: 0 done, 1 unexpected error, 2 bad option, sound, style or output, "
        "3 bad model or installation, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=engine_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = _common_options()
    generate = commands.add_parser("generate", parents=[common], help="make a motion file from a sound file")
    _add_generate_options(generate)
    generate.set_defaults(command=_generate)
    for name, command, text in (
        ("styles", _styles, "list the model's speaking styles"),
        ("describe", _describe, "say which model, rig and device would be used"),
    ):
        commands.add_parser(name, parents=[common], help=text).set_defaults(command=command)
    return parser


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--model", default="", metavar="DIR", help="folder of a checkpoint (default: the built-in voice)"
    )
    common.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    common.add_argument("--threads", type=_count, default=0, metavar="N", help="processor threads (default: all)")
    common.add_argument("--json", action="store_true", help="print the result as one JSON object")
    common.add_argument("-v", "--verbose", action="store_true", help="say more, and show where errors come from")
    return common


def _add_generate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", nargs="?", default="", metavar="AUDIO", help="sound file of one speaker")
    parser.add_argument("-a", "--audio", "--audio_path", dest="audio_option", default="", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", metavar="FILE", help="motion file to write (default: AUDIO's name, .npz)")
    parser.add_argument(
        "-s", "--style", "--style_id", default="", metavar="NAME", help="speaking style (default: the model's own)"
    )
    parser.add_argument("--start", type=_seconds, default=0.0, metavar="S", help="begin at this second of the sound")
    parser.add_argument("--end", type=_seconds, metavar="S", help="end at this second of the sound")
    parser.add_argument("-l", "--clip-length", "--clip_length", type=_count, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=_count, default=0, metavar="N", help="choose another of equally good takes")
    parser.add_argument("--fix-pose", action="store_true", help="keep the head still")
    parser.add_argument("-f", "--force", action="store_true", help="replace the output if it exists")


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 upwards")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value
