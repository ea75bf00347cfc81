"""Set the engine up by *Install Engine*, from a folder of wheels, to its very end; then generate with it."""

from __future__ import annotations

import os

import addon
import bpy
from user import Steps, User


def steps(user: User) -> Steps:
    """Do what somebody does who has a head and a sound, and no engine yet."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    os.environ.pop("ARTALK_ENGINE_PYTHON")
    os.environ["XDG_DATA_HOME"] = str(user.out / "my data – ä 日本 🙂")
    addon.install()
    bpy.ops.artalk.create_head()
    bpy.context.scene.artalk.sound = os.environ["ARTALK_SOUND"]
    yield from user.show_tab("ARTalk")
    yield from user.until_drawn()
    user.take_picture("without_engine")
    yield from user.cannot_press("artalk.generate")
    yield from user.show_preferences(addon.PACKAGE)
    yield from _install(user)
    yield from user.hide_preferences()
    yield from _generate(user)


def _install(user: User) -> Steps:
    """Press the button, confirm, and watch the bar."""
    tasks, orders = addon.module("setup_tasks"), addon.module("setup_orders")
    settings = bpy.context.preferences.addons[addon.PACKAGE].preferences
    settings.wheels_folder = os.environ["ARTALK_WHEELS"]
    settings.base_python = os.environ["ARTALK_BASE_PYTHON"]
    yield from user.until(lambda: orders.plan(bpy.context), "the machine was looked at")
    yield from user.until(addon.module("released").shelf, "the models are listed")
    yield from user.until_drawn()
    yield from user.press("artalk.install_engine", user.region("WINDOW", "PREFERENCES"))
    yield from user.until_drawn()
    user.take_picture("dialog")
    yield from user.strike("RET")
    yield from user.until(lambda: tasks.current() is not None or tasks.outcome(), "the installation has begun")
    bars: list[tuple[str, float]] = []
    while (running := tasks.current()) is not None:
        if not bars or bars[-1] != (running.stage, running.fraction):
            bars.append((running.stage, running.fraction))
            if len(bars) == 3:
                user.take_picture("installing")
        yield 0.1
    user.notes["bars"] = bars
    outcome = tasks.outcome()
    user.notes["outcome"] = [outcome.is_error, outcome.text, outcome.remedy]
    user.notes["log"] = addon.module("setup_report").log_text()
    yield from user.until_drawn()
    user.take_picture("installed")


def _generate(user: User) -> Steps:
    """Generate with the engine that is there now."""
    settings, jobs = bpy.context.scene.artalk, addon.module("jobs")
    yield from user.show_tab("ARTalk")
    yield from user.until_drawn()
    yield from user.press("artalk.generate")
    yield from user.until(lambda: jobs.current() is None, "the take is whole")
    user.notes["notices"] = [[notice.is_error, notice.text] for notice in addon.module("notices").standing()]
    user.notes["used"] = str(addon.module("preferences").engine_python(bpy.context))
    take = settings.rig.animation_data.action if settings.rig.animation_data else None
    user.notes["keys"] = int(take.frame_range[1]) if take is not None else 0
    yield from user.until_drawn()
    user.take_picture("generated")
