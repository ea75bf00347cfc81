"""What can be photographed of the sidebar: its panels as they are, open one at a time, cropped to what they show."""

from __future__ import annotations

from collections.abc import Callable

import addon
import bpy
import numpy as np
import screen
from user import Steps, User

SCALE = 1.4  # of the interface, to be read in a document
TABS = 21.5  # pixels at a scale of one, on the right
_shown: set[str] = set()


def prepare() -> None:
    """Install the add-on in an empty scene, in letters of a good size, with a sidebar that nothing shines through."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    preferences = bpy.context.preferences
    preferences.view.ui_scale = SCALE
    preferences.system.use_region_overlap = False
    addon.install()


def open_panels() -> None:
    """Let all panels be open, and those alone be there that `show_only` names; each in its own place."""
    classes = [cls for cls in addon.module("panels").CLASSES if issubclass(cls, bpy.types.Panel)]
    for cls in reversed(classes):
        bpy.utils.unregister_class(cls)
    for cls in classes:
        cls.bl_options = set(getattr(cls, "bl_options", ())) - {"DEFAULT_CLOSED"}
        cls.poll = classmethod(_poll_of(getattr(cls, "poll", None)))
        bpy.utils.register_class(cls)


def show_only(*names: str) -> None:
    """Choose the panels: ``"edit"`` for ``ARTALK_PT_edit``. Those above them have to be named too."""
    _shown.clear()
    _shown.update(f"ARTALK_PT_{name}" for name in names)


def _poll_of(own: Callable[[bpy.types.Context], bool] | None) -> Callable[[type, bpy.types.Context], bool]:
    def poll(cls: type, context: bpy.types.Context) -> bool:
        return cls.__name__ in _shown and (own is None or own(context))

    return poll


def photograph(user: User, name: str) -> Steps:
    """Take a picture of what the sidebar shows."""
    yield from user.until_drawn()
    screen.write_png(user.out / f"{name}.png", panels(user))


def photograph_section(user: User, name: str, above: tuple[str, ...] = (), within: tuple[str, ...] = ()) -> Steps:
    """Take a picture of one panel, without what stands above it.

    Args:
        user: who looks.
        name: of the panel, and of the picture.
        above: panels that it stands in.
        within: panels that stand in it.
    """
    show_only("main", *above)
    yield from user.until_drawn()
    top = len(panels(user))
    show_only("main", *above, name, *within)
    yield from user.until_drawn()
    yield from user.until(_is_found_out, "panels show what they look for", 60.0)
    yield from user.until_drawn()
    screen.write_png(user.out / f"{name}.png", panels(user)[top:])


def _is_found_out() -> bool:
    return not bpy.app.timers.is_registered(addon.module("looks").tick)


def photograph_now(user: User, name: str) -> Steps:
    """Take a picture of what changes all the time."""
    yield 0.3
    screen.write_png(user.out / f"{name}.png", panels(user))


def panels(user: User) -> np.ndarray:
    """Return the sidebar without its tabs, down to the last thing in it."""
    region = user.region()
    return filled(user.pixels(), region, region.width - round(TABS * SCALE))


def filled(window: np.ndarray, region: bpy.types.Region, width: int) -> np.ndarray:
    """Return a region's left part of a window's picture, down to the last row that is not of one colour."""
    part = window[::-1][region.y : region.y + region.height, region.x : region.x + width][::-1]
    is_varied = (part != part[:, :1]).any((1, 2))
    return part[: int(np.flatnonzero(is_varied)[-1]) + 1]


def widest(take: bpy.types.Action) -> int:
    """Return the frame of a motion on which the mouth is open most."""
    jaw = addon.module("bridge.motion").JAW_POSE
    return int(addon.module("takes.record").take_motion(take)[:, jaw][:, 0].argmax())
