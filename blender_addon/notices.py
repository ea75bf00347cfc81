# SPDX-License-Identifier: GPL-3.0-or-later
"""The message in the panel: what happened last, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from bridge.errors import BridgeError

from .errors import AddonError


@dataclass(frozen=True)
class Notice:
    """What the panel shows until it is dismissed.

    Attributes:
        text: one sentence.
        remedy: what to do, one sentence or ``""``.
        is_error: whether something failed.
    """

    text: str
    remedy: str = ""
    is_error: bool = False


_shown: Notice | None = None


def shown() -> Notice | None:
    """Return the message to show, if there is one."""
    return _shown


def show(notice: Notice) -> None:
    """Show a message in place of the one before."""
    global _shown
    _shown = notice
    redraw()


def dismiss() -> None:
    """Show no message."""
    global _shown
    _shown = None
    redraw()


def notice_of(error: AddonError | BridgeError) -> Notice:
    """Return the message for an error."""
    return Notice(str(error), error.remedy, is_error=True)


def redraw() -> None:
    """Let the sidebars of all 3D views be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":  # the view itself is dearer to draw
                    region.tag_redraw()
