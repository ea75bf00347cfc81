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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .config import ACTIVATIONS, FADE_S, SPAN
from .console import add_common_options, run
from .features import PARTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    return run(_parser().parse_args(arguments), _command)


def _command(options: argparse.Namespace) -> dict[str, Any]:
    from . import commands  # needs PyTorch, which neither help nor wrong options should wait for

    made: dict[str, Any] = getattr(commands, options.command)(options)
    return made


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m artalk_engine.body", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compress = _add(commands, "compress", "write a clip as tokens", ["clip"])
    compress.add_argument("--keep-rest", action="store_true", help="keep what the codec does not know, unchanged")
    decompress = _add(commands, "decompress", "write tokens as a clip", ["tokens"])
    decompress.add_argument("--onto", type=Path, metavar="CLIP", help="gives what the tokens do not hold")
    detail = _add(commands, "detail", "send a clip through the codec", ["clip"])
    for command in (compress, decompress, detail):
        command.add_argument("--layers", type=int, default=0, metavar="K", help="coarse to fine (default: all)")
    for command in (decompress, detail):
        command.add_argument("--smooth", action="store_true", help="smooth what comes out of the codec")
    join = _add(commands, "join", "put one clip after another", ["first", "second"])
    join.add_argument("--fade", type=float, default=FADE_S, metavar="S", help="seconds on either side of the seam")
    join.add_argument("--cross-fade", action="store_true", help="only cross-fade, without a codec")
    smooth = _add(commands, "smooth", "smooth a clip against jitter", ["clip"], has_codec=False)
    smooth.add_argument("--span", type=int, default=SPAN, metavar="FRAMES", help="of each fit, odd")
    describe = _add(commands, "describe", "say what a file is", [], is_writing=False)
    describe.add_argument("file", type=Path, nargs="?", help="checkpoint, token file or clip")
    _add_adopt(_add(commands, "adopt", "describe a published checkpoint", ["checkpoint"], is_writing=False))
    return parser


def _add(
    commands: Any,
    name: str,
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
    parser.set_defaults(command=name)
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
    parser.add_argument("--note", default="", help="what to say about this checkpoint")
    parser.add_argument("-f", "--force", action="store_true", help="replace the JSON if it exists")


if __name__ == "__main__":
    sys.exit(main())
