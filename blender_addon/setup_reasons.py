# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a button of setting up cannot be used right now; ``""`` means that it can."""

from __future__ import annotations

from pathlib import Path

import bpy

from . import jobs, released, setup_tasks
from .errors import AddonError
from .preferences import engine_python, voice_folder
from .reasons import explained
from .setup.places import installed
from .setup_orders import order_of, plan


def no_setting_up() -> str:
    """Return why no task of setting up can begin."""
    running = setup_tasks.current()
    return "" if running is None else f"{running.task.title} is still at work"


def no_installing(context: bpy.types.Context) -> str:
    """Return why the engine cannot be installed."""
    reason = no_setting_up()
    if reason:
        return reason
    order = order_of(context)
    if not Path(order.requirements).is_file():
        return "This is a development checkout: build_addon.py makes the engine's environment"
    if not order.wheels and not bpy.app.online_access:
        return "Allow online access in Preferences > System, or choose a folder of wheels"
    found = plan(context)
    return str(found["problem"]).rstrip(".") if found is not None else ""


def no_uninstalling(_: bpy.types.Context) -> str:
    """Return why no installed engine can be removed."""
    reason = no_setting_up()
    if reason:
        return reason
    if jobs.current() is not None:
        return "The engine is at work"
    return "" if installed() is not None else "Nothing is installed"


def no_checking_python(context: bpy.types.Context) -> str:
    """Return why the engine's Python cannot be looked at."""
    try:
        engine_python(context)
    except AddonError as exc:
        return explained(exc)
    return no_setting_up()


def no_downloading() -> str:
    """Return why no released files can be downloaded."""
    reason = no_setting_up()
    return reason or ("" if bpy.app.online_access else "Allow online access in Preferences > System")


def no_verifying() -> str:
    """Return why no released files can be compared with their checksums."""
    reason = no_setting_up()
    if reason:
        return reason
    files = shelf.files if (shelf := released.shelf()) is not None else ()
    return "" if any(file.here and file.state != "partial" for file in files) else "No released file is here yet"


def no_using_models(context: bpy.types.Context) -> str:
    """Return why the released models cannot be the voice."""
    shelf = released.shelf()
    if shelf is None or not shelf.is_usable:
        return "Download or locate all required files first"
    return "They are the voice already" if voice_folder(context) == shelf.folder else ""
