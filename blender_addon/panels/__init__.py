# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar: one tab, from choosing a head to the list of takes."""

from __future__ import annotations

from . import body, editing, main, preview, rig, scene, speaking, takes

CLASSES = (
    main.ARTALK_PT_main,
    speaking.ARTALK_PT_text,
    *main.SETTINGS,
    *takes.CLASSES,
    *editing.CLASSES,
    preview.ARTALK_PT_preview,
    *rig.CLASSES,
    *body.CLASSES,
    scene.ARTALK_PT_scene,
)
