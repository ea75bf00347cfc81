# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages in the panel: what happened last, what went wrong, and what to do about it.

An error stands until the user puts it away, whatever succeeds meanwhile; good news gives way to the next message.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from bridge.errors import BridgeError

from .details import details_of
from .errors import AddonError

LIMIT = 5  # messages that stand at once: a file full of the same mistake shall not fill the sidebar


@dataclass(frozen=True)
class Notice:
    """What the panel shows until it is dismissed.

    Attributes:
        text: one sentence.
        remedy: what to do, one sentence or ``""``.
        is_error: whether something failed.
        details: what to send to whoever shall help, ``""`` for nothing; two messages that differ in these alone are
            the same.
        is_passing: whether the next thing that works takes the message away, as it does with good news.
    """

    text: str
    remedy: str = ""
    is_error: bool = False
    details: str = field(default="", compare=False)
    is_passing: bool = False


_standing: list[Notice] = []  # the newest first


def shown() -> Notice | None:
    """Return the newest message, if there is one."""
    return _standing[0] if _standing else None


def standing() -> tuple[Notice, ...]:
    """Return all messages that stand, the newest first."""
    return tuple(_standing)


def show(notice: Notice) -> None:
    """Show a message, in place of good news and of the same message."""
    kept = [each for each in _standing if each.is_error and not each.is_passing and each != notice]
    _standing[:] = [notice, *kept][:LIMIT]
    redraw()


def complain(error: AddonError | BridgeError) -> None:
    """Show what keeps a setting from working; it goes when the setting works."""
    show(Notice(str(error), error.remedy, is_error=True, is_passing=True))


def settle() -> None:
    """Take away what was said only until something works: something has."""
    _standing[:] = [each for each in _standing if each.is_error and not each.is_passing]
    redraw()


def dismiss(index: int | None = None) -> None:
    """Put a message away, or all of them.

    Args:
        index: of the message among those that stand; one that is there no more is no mistake.
    """
    if index is None:
        _standing.clear()
    elif 0 <= index < len(_standing):
        del _standing[index]
    redraw()


def notice_of(error: AddonError | BridgeError, asked: str = "") -> Notice:
    """Return the message for an error.

    Args:
        error: what went wrong.
        asked: what had been asked for, in any words that help to find the cause.
    """
    return Notice(str(error), error.remedy, is_error=True, details=details_of(error, asked))


def redraw() -> None:
    """Let the sidebars of all 3D views be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":  # the view itself is dearer to draw
                    region.tag_redraw()
