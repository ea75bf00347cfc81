# SPDX-License-Identifier: GPL-3.0-or-later
"""What all panels share: the tab they stand in, and text that fits its width."""

from __future__ import annotations

import blf  # type: ignore[import-not-found]  # only inside Blender
import bpy

FONT, FONT_SIZE = 0, 11.0  # Blender's own, and its size in points at a scale of one
MARGINS, BUTTON = 100.0, 24.0  # pixels at a scale of one: around a text with its icon; of a small button


class Tab:
    """What all panels of the tab share."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ARTalk"


def draw_reason(layout: bpy.types.UILayout, context: bpy.types.Context, reason: str) -> None:
    """Write below a greyed button why it is grey."""
    if reason:
        column = layout.column(align=True)
        column.active = False
        draw_text(column, context, reason, "INFO")


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str, spare: float = 0.0) -> None:
    """Write a text over as many lines as the sidebar's width makes of it.

    Args:
        layout: where to write.
        context: of the sidebar.
        text: what to write.
        icon: name of the icon before the first line.
        spare: width to leave for a button beside the text, in pixels at a scale of one.
    """
    scale = context.preferences.system.ui_scale
    blf.size(FONT, FONT_SIZE * scale)
    width = context.region.width - (MARGINS + spare) * scale
    for number, line in enumerate(_lines(text, width)):
        layout.label(text=line, icon="BLANK1" if number else icon)


def _lines(text: str, width: float) -> list[str]:
    """Break a text between words into lines of at most ``width`` pixels; a longer word has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and blf.dimensions(FONT, longer)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
