"""``describe``: what a model can do, and on what."""

from __future__ import annotations

import argparse
from typing import Any

from artalk_engine.version import engine_version

from .common import load


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what to run; there is nothing to choose but the model."""
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Describe the model that the options name."""
    engine, voice = load(options)
    from artalk_engine.preview import avatar_names

    return {
        "version": engine_version(),
        "model": voice.name,
        "rig": engine.rig,
        "device": str(engine.device),
        "precision": voice.precision,
        "styles": list(engine.styles()),
        "avatars": list(avatar_names(options.model)),
    }
