"""``python -m artalk_engine.body``: compress body clips, thin out their detail, join and smooth them.

    compress CLIP -o TOKENS       a few hundred bits a second; says what that costs in degrees
    decompress TOKENS -o CLIP     back again; --onto gives the joints that the codec does not know
    detail CLIP -o CLIP           through the codec and back; --layers 1 leaves only the broad movement
    join CLIP CLIP -o CLIP        one after the other, without a step at the seam
    smooth CLIP -o CLIP           against jitter; needs no codec
    describe FILE                 what a checkpoint, a token file or a clip is
    adopt CHECKPOINT --part ...   write the JSON that a published checkpoint needs beside it

Clips are .npz files of BEAT2, EMAGE or AMASS. Without --checkpoint the demonstration codec is used, which learned
made-up gestures of the upper body. Exit status: 0 done, 1 unexpected error, 2 bad option, clip or output,
3 bad checkpoint or installation, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from artalk_engine.errors import ConfigError
from bridge.clip_file import load_clip

from . import recoding
from .checkpoint import BodyCodec, build_model, demonstration_path, load_codec, load_weights, write_about
from .config import ACTIVATIONS
from .console import add_common_options, run
from .devices import find_device
from .features import PARTS, Standard, find_part
from .joining import FADE_S
from .recoding import Recoded
from .smoothing import SPAN
from .tokens import load_tokens

Command = Callable[[argparse.Namespace], dict[str, Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    return run(_parser().parse_args(arguments))


def _compress(options: argparse.Namespace) -> dict[str, Any]:
    out, codec = _output(options), _codec(options)
    done = recoding.compress(options.clip, out, codec, options.layers, options.keep_rest)
    return _told(done) | {"clip_bytes": options.clip.stat().st_size}


def _decompress(options: argparse.Namespace) -> dict[str, Any]:
    out, codec = _output(options), _codec(options)
    return _told(recoding.decompress(options.tokens, out, codec, options.onto, options.layers, options.smooth))


def _detail(options: argparse.Namespace) -> dict[str, Any]:
    return _told(recoding.detail(options.clip, _output(options), _codec(options), options.layers, options.smooth))


def _join(options: argparse.Namespace) -> dict[str, Any]:
    out, codec = _output(options), None if options.cross_fade else _codec(options)
    return _told(recoding.join_files(options.first, options.second, out, codec, options.fade))


def _smooth(options: argparse.Namespace) -> dict[str, Any]:
    return _told(recoding.smooth_file(options.clip, _output(options), options.span))


def _describe(options: argparse.Namespace) -> dict[str, Any]:
    """Say what a file is, by its contents where its name does not tell."""
    path = options.file or demonstration_path()
    if path.suffix != ".npz":
        return _about_codec(load_codec(path))
    if _is_token_file(path):
        held = load_tokens(path)
        return {
            "kind": "tokens",
            "codec": held.codec,
            "body_part": held.part,
            "frames": held.frames,
            "fps": held.fps,
            "tokens": f"{held.codes.shape[0]} x {held.codes.shape[1]} layers of {held.nb_code} codes",
            "has_rest": held.rest is not None,
            "bytes": path.stat().st_size,
        }
    clip = load_clip(path)
    return {
        "kind": clip.kind,
        "frames": len(clip.poses),
        "fps": clip.fps,
        "seconds": round(clip.seconds, 2),
        "betas": len(clip.betas),
        "has_expressions": clip.expressions is not None,
        "up_axis": clip.up_axis,
        "remarks": list(clip.notes),
    }


def _adopt(options: argparse.Namespace) -> dict[str, Any]:
    part = find_part(options.part)
    if options.trans_mean and not options.trans_std:
        raise ConfigError("--trans-mean needs --trans-std")
    trans = (options.trans_mean, options.trans_std) if options.trans_mean else None
    about = {
        "activation": options.vq_act,
        "dilation_growth_rate": options.dilation_growth_rate,
        "norm": None if options.vq_norm == "none" else options.vq_norm,
    }
    state, _ = load_weights(options.checkpoint)
    standard = Standard.from_files(options.mean, options.std, part, trans)
    model = build_model(state, about, options.checkpoint.name)
    codec = BodyCodec(model, part, standard, name=options.checkpoint.stem, note=options.note)
    return {"written": str(write_about(options.checkpoint, codec)), **_about_codec(codec)}


def _about_codec(codec: BodyCodec) -> dict[str, Any]:
    return {
        "kind": "codec",
        "name": codec.name,
        "body_part": codec.part.name,
        "fps": codec.fps,
        "bits_per_second": round(codec.bits_per_second),
        "parameters": sum(parameter.numel() for parameter in codec.model.parameters()),
        **asdict(codec.model.config),
        "note": codec.note,
    }


def _is_token_file(path: Path) -> bool:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return "about" in archive.files
    except Exception:  # not readable at all: whoever reads it says why
        return False


def _codec(options: argparse.Namespace) -> BodyCodec:
    return load_codec(options.checkpoint or demonstration_path(), find_device(options.device))


def _output(options: argparse.Namespace) -> Path:
    """Return the file to write, refused before anything is loaded if it cannot be written."""
    return recoding.check_output(options.output, options.force)


def _told(done: Recoded) -> dict[str, Any]:
    told: dict[str, Any] = {"output": str(done.path), "bytes": done.size, **done.figures}
    if done.error:
        told |= {"error_deg": round(done.error.mean, 3), "worst_deg": round(done.error.worst, 2)}
        told |= {"velocity_deg_s": round(done.error.velocity, 2), "jerk_ratio": round(done.error.jerk, 2)}
    return told | {"remarks": list(done.remarks)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m artalk_engine.body", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compress = _add(commands, "compress", _compress, "write a clip as tokens", ["clip"])
    compress.add_argument("--keep-rest", action="store_true", help="keep what the codec does not know, unchanged")
    decompress = _add(commands, "decompress", _decompress, "write tokens as a clip", ["tokens"])
    decompress.add_argument("--onto", type=Path, metavar="CLIP", help="gives what the tokens do not hold")
    detail = _add(commands, "detail", _detail, "send a clip through the codec", ["clip"])
    for command in (compress, decompress, detail):
        command.add_argument("--layers", type=int, default=0, metavar="K", help="coarse to fine (default: all)")
    for command in (decompress, detail):
        command.add_argument("--smooth", action="store_true", help="smooth what comes out of the codec")
    join = _add(commands, "join", _join, "put one clip after another", ["first", "second"])
    join.add_argument("--fade", type=float, default=FADE_S, metavar="S", help="seconds on either side of the seam")
    join.add_argument("--cross-fade", action="store_true", help="only cross-fade, without a codec")
    smooth = _add(commands, "smooth", _smooth, "smooth a clip against jitter", ["clip"], has_codec=False)
    smooth.add_argument("--span", type=int, default=SPAN, metavar="FRAMES", help="of each fit, odd")
    describe = _add(commands, "describe", _describe, "say what a file is", [], is_writing=False)
    describe.add_argument("file", type=Path, nargs="?", help="checkpoint, token file or clip")
    _add_adopt(_add(commands, "adopt", _adopt, "describe a published checkpoint", ["checkpoint"], is_writing=False))
    return parser


def _add(
    commands: Any,
    name: str,
    command: Command,
    text: str,
    files: list[str],
    has_codec: bool = True,
    is_writing: bool = True,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    for file in files:
        parser.add_argument(file, type=Path)
    if is_writing:
        parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="file to write")
        parser.add_argument("-f", "--force", action="store_true", help="replace the output if it exists")
        if has_codec:
            parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="codec (default: the demonstration)")
    add_common_options(parser)
    parser.set_defaults(command=command)
    return parser


def _add_adopt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--part", "--body-part", required=True, choices=list(PARTS))
    parser.add_argument("--mean", type=Path, required=True, help=".npy of 330 channels, or of the part's")
    parser.add_argument("--std", type=Path, required=True)
    parser.add_argument("--trans-mean", type=Path, help=".npy of the translation, for parts that have it")
    parser.add_argument("--trans-std", type=Path)
    parser.add_argument("--vq-act", default="relu", choices=ACTIVATIONS)
    parser.add_argument("--vq-norm", default="none", choices=["none", "LN", "GN", "BN"])
    parser.add_argument("--dilation-growth-rate", type=int, default=3, metavar="N")
    parser.add_argument("--note", default="")


if __name__ == "__main__":
    sys.exit(main())
