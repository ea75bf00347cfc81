"""A user of Blender: looks at the window, finds buttons, moves the mouse, types.

Blender does not tell scripts where its buttons are. They are found as a user finds them, by looking: for one picture
they are painted in a colour of their own, then the mouse goes to each and asks Blender what it is (Ctrl C copies the
Python command of the button below the mouse).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import screen

SIGNAL = (1.0, 0.0, 1.0)  # a colour that Blender's interface does not have
SMALLEST_PX = 8
NEAR = 40  # of 255: what is drawn faintly, since it cannot be pressed, is farther off
STEADY_S = 1.5
Steps = Iterator[float]


class User:
    """What a scenario does with, and knows of, a running Blender.

    Attributes:
        out: folder for pictures.
        notes: what the scenario tells the tests; plain values.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.notes: dict[str, Any] = {}

    # Waiting

    def until(self, condition: Callable[[], Any], what: str, limit_s: float = 120.0, every_s: float = 0.05) -> Steps:
        """Wait for something, and note how long that took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > limit_s:
                raise AssertionError(f"waited {limit_s:.0f} s in vain until {what}")
            yield every_s
        self.notes.setdefault("waited_s", {})[what] = round(time.monotonic() - began, 3)

    # Looking

    @property
    def window(self) -> bpy.types.Window:
        """The first window."""
        return bpy.context.window_manager.windows[0]

    def region(self, kind: str = "UI", area: str = "VIEW_3D") -> bpy.types.Region:
        """A region of the first area of a kind: the sidebar, if nothing else is said."""
        return next(each for each in self.area(area).regions if each.type == kind)

    def area(self, kind: str = "VIEW_3D") -> bpy.types.Area:
        """The first area of a kind."""
        return next(each for each in self.window.screen.areas if each.type == kind)

    def has_area(self, kind: str) -> bool:
        """Whether there is such an area."""
        return any(each.type == kind for each in self.window.screen.areas)

    def show_tab(self, category: str) -> Steps:
        """Open the sidebar at a tab; Blender knows its tabs only once they were drawn."""
        area = self.area()
        area.spaces.active.show_region_ui = True

        def is_shown() -> bool:
            try:
                self.region().active_panel_category = category
            except (AttributeError, TypeError):
                return False
            area.tag_redraw()
            return True

        yield from self.until(is_shown, f"the tab {category} is there")
        yield 0.3

    def show_preferences(self, package: str) -> Steps:
        """Let the preferences fill the window, open at an add-on."""
        area = self.area()
        area.type = "PREFERENCES"
        with bpy.context.temp_override(window=self.window, area=area):
            bpy.ops.screen.screen_full_area()
        bpy.context.preferences.active_section = "ADDONS"
        bpy.context.window_manager.addon_search = package.rpartition(".")[2]
        bpy.ops.preferences.addon_expand(module=package)
        yield 0.3

    def hide_preferences(self) -> Steps:
        """Let the view be there again."""
        with bpy.context.temp_override(window=self.window, area=self.area("PREFERENCES")):
            bpy.ops.screen.back_to_previous()
        self.area("PREFERENCES").type = "VIEW_3D"
        yield 0.5

    def until_drawn(self) -> Steps:
        """Wait until the screen shows something and stays as it is: a processor takes its time to compile shaders."""
        before, steady_since = self.pixels(), time.monotonic()

        def is_steady() -> bool:
            nonlocal before, steady_since
            now = self.pixels()
            if not now.any() or not np.array_equal(now, before):
                before, steady_since = now, time.monotonic()
            return time.monotonic() - steady_since > STEADY_S

        self._redraw()
        yield from self.until(is_steady, "the window is drawn", every_s=0.25)  # looking takes time, too

    def pixels(self) -> np.ndarray:
        """What the screen shows, ``[H, W, 3]`` of bytes, the highest row first."""
        return screen.pixels(self.out)

    def take_picture(self, name: str) -> None:
        """Write what the screen shows as a PNG."""
        screen.write_png(self.out / f"{name}.png", self.pixels())

    # Buttons

    def buttons(self, region: bpy.types.Region, look: str = "wcol_tool") -> Iterator[float]:
        """Find what can be pressed in a region: ``places`` then holds the middle of each, in the window's pixels.

        Args:
            region: where to look.
            look: the part of the theme that paints it: buttons, or text fields.
        """
        colours = getattr(bpy.context.preferences.themes[0].user_interface, look)
        before = tuple(colours.inner), tuple(colours.text), colours.show_shaded
        colours.inner, colours.text, colours.show_shaded = (*SIGNAL, 1.0), SIGNAL, False
        self._redraw()
        yield 0.5
        shown = self.pixels()[::-1]  # Blender counts rows from below
        colours.inner, colours.text, colours.show_shaded = before
        self._redraw()
        left, bottom = region.x, region.y
        part = shown[bottom : bottom + region.height, left : left + region.width]
        is_button = np.abs(part - 255.0 * np.asarray(SIGNAL)).max(-1) < NEAR
        self.places = [(left + x, bottom + y) for x, y in middles(is_button)]
        yield 0.3

    def find(self, what: str, region: bpy.types.Region | None = None) -> Iterator[float]:
        """Put the mouse on the button that runs an operator; fails if none can be pressed."""
        yield from self.buttons(region or self.region())
        seen = []
        for place in self.places:
            yield from self.move(*place)
            yield from self.strike("C", ctrl=True)
            seen.append(bpy.context.window_manager.clipboard)
            if seen[-1].startswith(f"bpy.ops.{what}("):
                return
        raise AssertionError(f"no button for {what} can be pressed; there are {seen}")

    def press(self, what: str, region: bpy.types.Region | None = None) -> Steps:
        """Click the button that runs an operator."""
        yield from self.find(what, region)
        yield from self.click()

    def cannot_press(self, what: str, region: bpy.types.Region | None = None) -> Steps:
        """Fail if the button that runs an operator can be pressed."""
        try:
            yield from self.find(what, region)
        except AssertionError:
            return
        raise AssertionError(f"the button for {what} can be pressed")

    def paste(self, field: str, text: str) -> Steps:
        """Paste a text into the field that shows a property."""
        yield from self.buttons(self.region(), "wcol_text")
        seen = []
        for place in self.places:
            yield from self.move(*place)
            yield from self.strike("C", ctrl=True, shift=True)
            seen.append(bpy.context.window_manager.clipboard)
            if seen[-1] == field:
                bpy.context.window_manager.clipboard = text
                yield from self.strike("V", ctrl=True)
                return
        raise AssertionError(f"no field shows {field}; there are {seen}")

    def choose_file(self, path: str) -> Steps:
        """Give the file browser, which fills the window, a file; and confirm."""
        yield from self.until(lambda: self.has_area("FILE_BROWSER"), "the file browser is open")
        area = self.area("FILE_BROWSER")
        yield from self.until(lambda: area.spaces.active.params is not None, "the file browser is ready")
        folder, name = os.path.split(path)
        area.spaces.active.params.directory = folder.encode()
        area.spaces.active.params.filename = name
        for _ in range(20):  # it may still be reading the folder
            yield 1.0
            if not self.has_area("FILE_BROWSER"):
                return
            yield from self.move(area.x + area.width // 2, area.y + area.height // 2)
            yield from self.strike("RET")
        raise AssertionError("the file browser stays open")

    def go_to_frame(self, frame: int) -> Steps:
        """Press the mouse on the timeline's ruler."""
        region = self.region("WINDOW", "DOPESHEET_EDITOR")
        x, _ = region.view2d.view_to_region(frame, 0, clip=False)
        yield from self.move(region.x + x, region.y + region.height - 10)
        yield from self.click()

    def look_at(self, thing: bpy.types.Object) -> Steps:
        """Bring an object's front before the eyes."""
        area, region = self.area("VIEW_3D"), self.region("WINDOW")
        with bpy.context.temp_override(window=self.window, area=area, region=region):
            bpy.ops.view3d.view_axis(type="FRONT")
            bpy.ops.view3d.view_selected() if thing.select_get() else bpy.ops.view3d.view_all()
        yield 0.3

    # Mouse and keyboard

    def move(self, x: float, y: float) -> Steps:
        """Move the mouse there, in two steps as hands do, so that Blender sees it come."""
        self.mouse = int(x), int(y)
        for at in ((int(x) - 3, int(y)), self.mouse):
            self.window.event_simulate("MOUSEMOVE", "NOTHING", x=at[0], y=at[1])
            yield 0.1

    def click(self, pause_s: float = 0.3) -> Steps:
        """Press and release the left button where the mouse is."""
        for value in ("PRESS", "RELEASE"):
            self.window.event_simulate("LEFTMOUSE", value, x=self.mouse[0], y=self.mouse[1])
            yield min(0.1, pause_s)
        yield pause_s

    def strike(self, key: str, **held: bool) -> Steps:
        """Strike a key, with others held down."""
        for value in ("PRESS", "RELEASE"):
            self.window.event_simulate(key, value, x=self.mouse[0], y=self.mouse[1], **held)
            yield 0.1
        yield 0.1

    def _redraw(self) -> None:
        for area in self.window.screen.areas:
            area.tag_redraw()


def middles(is_button: np.ndarray) -> list[tuple[int, int]]:
    """Return the middle ``(x, y)`` of each patch, the highest first, those of a row from the left."""
    left = is_button.copy()
    found = []
    for y in reversed(range(len(left))):
        while left[y].any():
            first = int(left[y].argmax())
            width = _run(left[y, first:])
            height = _run(left[y::-1, first + width // 2])
            if width >= SMALLEST_PX and height >= SMALLEST_PX:
                found.append((first + width // 2, y - height // 2))
            left[max(0, y - max(height, 1) + 1) : y + 1, first : first + width] = False
    return found


def _run(row: np.ndarray) -> int:
    """Return how many pixels are set from the first on."""
    return int(np.argmin(row)) if not row.all() else len(row)
