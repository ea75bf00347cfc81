"""``styles`` and ``style add``, ``style remove``: ways of speaking, the model's and the user's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.environment import needed_packages
from bridge.motion_file import load_motion

from .common import seconds

if TYPE_CHECKING:
    from artalk_engine.model_folder import ModelFolder


def add_list_options(parser: argparse.ArgumentParser) -> None:
    """Say what ``styles`` runs."""
    parser.set_defaults(command=_list)


def add_options(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Add what can be done with styles."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", parents=[common], help="make a style of two seconds of a motion file")
    add.add_argument("name", metavar="NAME", help="what to call it: letters, digits, - and _")
    add.add_argument("--from", dest="source", type=Path, required=True, metavar="FILE", help="motion file")
    add.add_argument("--at", type=seconds, default=0.0, metavar="S", help="second at which the example begins")
    add.add_argument("-f", "--force", action="store_true", help="replace a style of yours with this name")
    add.set_defaults(command=_add)
    remove = actions.add_parser("remove", parents=[common], help="remove a style of yours")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(command=_remove)


def _list(options: argparse.Namespace) -> dict[str, Any]:
    files, rig = _model(options)
    from artalk_engine.styles import list_styles

    return {"styles": list(list_styles(files, rig))}


def _add(options: argparse.Namespace) -> dict[str, Any]:
    contents = load_motion(options.source)
    _, rig = _model(options)
    from artalk_engine.styles import add_style

    motion_rig = contents.rig or None  # a table may not say
    path = add_style(options.name, contents.motion, options.at, rig, motion_rig=motion_rig, replace=options.force)
    return {"style": options.name, "rig": rig, "file": str(path)}


def _remove(options: argparse.Namespace) -> dict[str, Any]:
    _, rig = _model(options)
    from artalk_engine.styles import remove_style

    return {"removed": options.name, "file": str(remove_style(options.name, rig))}


def _model(options: argparse.Namespace) -> tuple[ModelFolder, str]:
    """Find the model's files and the rig that it speaks to, without loading it."""
    with needed_packages():
        from artalk_engine.checkpoints import read_config
        from artalk_engine.engine import find_files

    files = find_files(options.model or None)
    return files, read_config(files).rig
