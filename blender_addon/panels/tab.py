# SPDX-License-Identifier: GPL-3.0-or-later
"""What all panels share: the tab they stand in, and text in the user's language that fits its width."""

from __future__ import annotations

import functools
import re

import blf  # type: ignore[import-not-found]  # only inside Blender
import bpy

from ..rig.parts import is_rig
from ..translations import translated

FONT, FONT_SIZE = 0, 11.0  # Blender's own, and its size in points at a scale of one
MARGINS, BUTTON = 100.0, 24.0  # pixels at a scale of one: around a text with its icon; of a small button
# Chinese and Japanese may be broken between any two characters, but no line begins with a stop or a closing bracket.
_IDEOGRAPH, _STOPS = r"\u3001-\u30ff\u3400-\u9fff\uff00-\uffef", "。、，．：；！？）」』】ー…"
_UNIT = rf"\s*(?:[{_IDEOGRAPH}]|[^\s{_IDEOGRAPH}]+)[{_STOPS}]*"


class Tab:
    """What all panels of the tab share."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ARTalk"


class HeadTab(Tab):
    """What the panels share that mean nothing without a head."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show the panel only where there is a head."""
        return is_rig(context.scene.artalk.rig)


def draw_reason(layout: bpy.types.UILayout, context: bpy.types.Context, reason: str) -> None:
    """Write below a greyed button why it is grey."""
    if reason:
        column = layout.column(align=True)
        column.active = False
        draw_text(column, context, reason, "INFO")


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str, spare: float = 0.0) -> None:
    """Write a text in the user's language, over as many lines as the sidebar's width makes of it.

    Args:
        layout: where to write.
        context: of the sidebar.
        text: what to write, in English.
        icon: name of the icon before the first line.
        spare: width to leave for a button beside the text, in pixels at a scale of one.
    """
    scale = context.preferences.system.ui_scale
    width = context.region.width - (MARGINS + spare) * scale
    for number, line in enumerate(_lines(translated(text), width, FONT_SIZE * scale)):
        layout.label(text=line, icon="BLANK1" if number else icon, translate=False)


@functools.lru_cache(256)
def _lines(text: str, width: float, size: float) -> tuple[str, ...]:
    """Break a text into lines of at most ``width`` pixels, in letters of ``size``; a longer word has its own."""
    blf.size(FONT, size)
    lines: list[str] = []
    for unit in re.findall(_UNIT, text):
        longer = f"{lines[-1]}{unit}" if lines else unit.lstrip()
        if lines and blf.dimensions(FONT, longer)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(unit.lstrip())
    return tuple(lines)
