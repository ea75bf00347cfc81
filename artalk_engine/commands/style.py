"""``styles`` and ``style add``, ``style remove``: ways of speaking, the model's and the user's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .common import load, seconds


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
    engine, _ = load(options)
    return {"styles": list(engine.styles())}


def _add(options: argparse.Namespace) -> dict[str, Any]:
    from bridge.motion_file import load_motion

    contents = load_motion(options.source)
    engine, _ = load(options)
    path = engine.add_style(options.name, contents.motion, options.at, contents.rig, replace=options.force)
    return {"style": options.name, "rig": engine.rig, "file": str(path)}


def _remove(options: argparse.Namespace) -> dict[str, Any]:
    engine, _ = load(options)
    return {"removed": options.name, "file": str(engine.remove_style(options.name))}
