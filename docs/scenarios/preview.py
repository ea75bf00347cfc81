"""The preview's window with a take in it."""

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
    """Make a take, and look at it in the second window."""
    sidebar.prepare()
    yield from user.show_tab("ARTalk")
    bpy.ops.artalk.create_head()
    scene, preview = bpy.context.scene, addon.module("preview_window")
    scene.artalk.sound, scene.artalk_preview.quality = os.environ["ARTALK_SOUND"], "full"
    bpy.ops.artalk.generate()
    scene.frame_set(1 + sidebar.widest(scene.artalk.rig.animation_data.action))
    before = set(bpy.context.window_manager.windows)
    bpy.ops.artalk.open_preview()
    yield from user.until(lambda: preview.state().factor == 1.0, "all pictures are drawn", 600.0)
    yield from user.until_drawn()
    (window,) = set(bpy.context.window_manager.windows) - before
    bottom = len(user.pixels()) - window.y
    shown = user.pixels()[max(0, bottom - window.height) : bottom, max(0, window.x) : window.x + window.width]
    screen.write_png(user.out / "preview_window.png", shown)
