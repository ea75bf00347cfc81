# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's shortcuts, which users change under Preferences > Keymap."""

from __future__ import annotations

import bpy

_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Let Alt Shift C in a 3D view go back and forth between two takes."""
    config = bpy.context.window_manager.keyconfigs.addon
    if config is None:  # where there is no keyboard
        return
    keymap = config.keymaps.new(name="3D View", space_type="VIEW_3D")
    item = keymap.keymap_items.new("artalk.compare_takes", "C", "PRESS", alt=True, shift=True)
    _added.append((keymap, item))


def unregister() -> None:
    """Remove what :func:`register` added."""
    while _added:
        keymap, item = _added.pop()
        keymap.keymap_items.remove(item)
