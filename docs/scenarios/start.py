"""The five-minute start, step by step as ``docs/start.md`` tells it, by mouse; each step has its picture."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import addon
import bpy
import screen
import sidebar
from user import Steps, User


def steps(user: User) -> Steps:
    """Do what the document says."""
    sidebar.prepare()
    yield from user.show_tab("ARTalk")
    yield from sidebar.photograph(user, "start_empty")
    yield from user.press("artalk.create_head")
    yield from user.move(*away(user))
    yield from sidebar.photograph(user, "start_head")
    yield from user.press("artalk.choose_sound")
    yield from user.choose_file(os.environ["ARTALK_SOUND"])
    yield from user.move(*away(user))
    yield from sidebar.photograph(user, "start_sound")
    yield from user.press("artalk.generate")
    rig, jobs = bpy.context.scene.artalk.rig, addon.module("jobs")
    yield from user.until(lambda: jobs.current() is None, "the take is whole", 300.0)
    yield from user.move(*away(user))
    yield from sidebar.photograph(user, "start_take")
    yield from user.look_at(rig)
    yield from user.go_to_frame(1 + sidebar.widest(rig.animation_data.action))
    yield from user.until_drawn()
    area = user.area()
    shown = user.pixels()[::-1][area.y : area.y + area.height, area.x : area.x + area.width][::-1]
    screen.write_png(user.out / "start_window.png", shown)


def away(user: User) -> tuple[int, int]:
    """Return a place for the mouse where it lights nothing up."""
    region = user.region("WINDOW")
    return region.x + region.width // 2, region.y + region.height // 2
