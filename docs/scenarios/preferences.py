"""The add-on's preferences, as somebody finds them who has just installed it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import addon
import bpy
import numpy as np
import screen
import sidebar
from user import Steps, User

ABOVE_PX, BELOW_PX, RIGHT_PX = 300, 175, 1060  # around the mouse; of the window
HEADER_PX = 26  # from the last line, a box's, up to the middle of a closed section's name, at a scale of one


def steps(user: User) -> Steps:
    """Look at everything, allow the network, and begin to install."""
    sidebar.prepare()
    yield from user.show_preferences(addon.PACKAGE)
    yield from user.until(addon.module("released").shelf, "the models are listed")
    yield from user.until_drawn()
    region = user.region("WINDOW", "PREFERENCES")
    last = len(preferences(user)) - round(HEADER_PX * sidebar.SCALE)
    yield from user.move(region.x + region.width // 2, region.y + region.height - last)
    yield from user.click()
    yield from user.move(region.x + region.width // 2, region.y + 1)
    yield from user.until_drawn()
    screen.write_png(user.out / "preferences.png", preferences(user))
    bpy.context.preferences.system.use_online_access = True
    yield from user.press("artalk.install_engine", region)
    yield from user.until_drawn()
    row = len(user.pixels()) - user.mouse[1]
    screen.write_png(user.out / "install.png", user.pixels()[row - ABOVE_PX : row + BELOW_PX, :RIGHT_PX])


def preferences(user: User) -> np.ndarray:
    """Return what the preferences show of the add-on, without the list of their sections."""
    region = user.region("WINDOW", "PREFERENCES")
    return sidebar.filled(user.pixels(), region, region.width)
