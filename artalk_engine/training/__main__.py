"""``python -m artalk_engine.training``: build the built-in voice, or judge it."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from artalk_engine import assets
from artalk_engine.errors import EngineError

from . import build, evaluate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m artalk_engine.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build.add_arguments(commands.add_parser("build", help="make corpus and voice; carries on where it stopped"))
    evaluate.add_arguments(commands.add_parser("evaluate", help="judge a voice on speech that training never saw"))
    demo = commands.add_parser("demo-speech", help="speak the demonstration's sentence")
    demo.add_argument("path", nargs="?", type=Path, help="where; assets/demo/speech.wav if left out")
    parsed = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        if parsed.command == "build":
            return build.run(parsed)
        if parsed.command == "evaluate":
            return evaluate.run(parsed)
    except EngineError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 2
    build.write_demo(parsed.path or assets.assets_folder() / "demo" / "speech.wav")
    return 0


if __name__ == "__main__":
    sys.exit(main())
