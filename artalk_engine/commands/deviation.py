"""``deviation``: what ``--precision fast`` changes in what people see, and what it saves."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from artalk_engine.console import say
from artalk_engine.environment import needed_packages
from artalk_engine.errors import FlameFileError

from .common import seconds


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what to measure on."""
    parser.set_defaults(command=run)
    parser.add_argument("audio", metavar="AUDIO", help="sound file of one speaker")
    parser.add_argument("-s", "--style", default="", metavar="NAME", help="speaking style (default: the model's own)")
    parser.add_argument("--start", type=seconds, default=0.0, metavar="S", help="begin at this second of the sound")
    parser.add_argument("--end", type=seconds, metavar="S", help="end at this second of the sound")
    parser.add_argument("--head", type=Path, metavar="FILE", help="FLAME file (default: the one in the model's folder)")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Let the model speak in both precisions, and compare bits, lips and time."""
    with needed_packages():
        import torch

        from artalk_engine.audio.waveform import load_waveform
        from artalk_engine.checkpoints import load_generator, read_config
        from artalk_engine.deviation import measure_deviation
        from artalk_engine.devices import choose_device, choose_threads
        from artalk_engine.engine import find_files, find_style_clip
    waveform = load_waveform(options.audio, options.start, options.end)
    files = find_files(options.model or None)
    head = options.head or files.flame
    if head is None:
        raise FlameFileError(
            f"there is no head beside {files.weights.name} to measure on", "Name a FLAME file with --head."
        )
    config = read_config(files)
    clip = find_style_clip(options.style, files, config.rig)
    device = choose_device(options.device)
    torch.set_num_threads(choose_threads(options.threads))
    say("Speaking twice …")
    found = measure_deviation(lambda: load_generator(files.weights, config).to(device), waveform, head, clip)
    return {name: _rounded(value) for name, value in asdict(found).items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(each, 5) for each in value] if isinstance(value, tuple) else value
