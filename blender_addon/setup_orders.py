# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preferences ask for, as orders for the processes that set up."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import bpy

from . import released, setup_tasks
from .paths import engine_root, requirements_file
from .preferences import models_folder, preferences
from .released import size_text
from .setup.installing import Order
from .setup.machine import without_name
from .setup.places import environments_folder
from .setup_tasks import Task

_plan: dict[str, Any] | None = None
_plan_is_for: Order | None = None
_files_asked_of: str | None = None


@cache
def addon_version() -> str:
    """Return the version of the add-on, ``""`` in a development checkout."""
    try:
        manifest = (Path(__file__).parent / "blender_manifest.toml").read_text(encoding="utf-8")
    except OSError:
        return ""
    return str(tomllib.loads(manifest)["version"])


def order_of(context: bpy.types.Context) -> Order:
    """Return what the preferences say about an installation."""
    settings = preferences(context)
    build = settings.torch_build.lower() if settings is not None else "auto"
    return Order(
        root=str(engine_root()),
        requirements=str(requirements_file()),
        version=addon_version(),
        blenders_python=str(setup_tasks.blenders_python()),
        python=_absolute(settings.base_python if settings is not None else ""),
        build="" if build == "auto" else build,
        wheels=_absolute(settings.wheels_folder if settings is not None else ""),
        folder=str(environments_folder()),
    )


def plan(context: bpy.types.Context) -> dict[str, Any] | None:
    """Return what an installation would be made of; None while that is being found out.

    It is found out anew when the preferences have changed.
    """
    global _plan_is_for
    order = order_of(context)
    if order != _plan_is_for:
        _plan_is_for = order
        _remember_plan(None)
        setup_tasks.start(
            Task("Looking at this machine", "survey", asdict(order), finish=_remember_plan, is_quiet=True)
        )
    return _plan


def plan_lines(context: bpy.types.Context) -> list[str]:
    """Write what an installation would be made of, a fact a line."""
    found = plan(context)
    if found is None:
        return ["Looking at this machine…"]
    if not found["python"]:
        return [str(found["problem"])]
    room = f"{size_text(found['disk'])} on disk"
    if not order_of(context).wheels:
        room = f"About {size_text(found['download'])} to download, {room}"
    return [
        f"Python {found['python']} ({without_name(found['path'])})",
        f"PyTorch: {found['build']}",
        room,
        f"{size_text(found['free'])} are free in {without_name(str(environments_folder().parent))}",
    ]


def forget_plan() -> None:
    """Look at the machine again next time."""
    global _plan_is_for
    _plan_is_for = None


def models_task(title: str, context: bpy.types.Context, *arguments: str, **how: Any) -> Task:
    """Return a task of the engine's command for released files.

    Args:
        title: what people call it.
        context: with the preferences.
        arguments: of the command.
        how: the rest of the task.
    """
    folder = models_folder(context)
    where = ("--folder", folder) if folder else ()
    return Task(
        title,
        "models",
        {"root": str(engine_root()), "arguments": [*arguments, *where]},
        finish=how.pop("finish", _remember_files),
        **how,
    )


def ask_for_files(context: bpy.types.Context) -> None:
    """Ask which released files are here, unless that was asked already."""
    global _files_asked_of
    folder = models_folder(context)
    if released.shelf() is None and _files_asked_of != folder:
        _files_asked_of = folder
        setup_tasks.start(models_task("Listing the models", context, "list", is_quiet=True))


def _remember_plan(found: dict[str, Any] | None) -> None:
    global _plan
    _plan = found


def _remember_files(said: dict[str, Any]) -> None:
    released.remember(said)


def _absolute(path: str) -> str:
    return str(Path(bpy.path.abspath(path)).absolute()) if path else ""
