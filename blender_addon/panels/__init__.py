# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar: one tab, from choosing a head to the list of takes."""

from __future__ import annotations

from . import main, rig, scene, takes

CLASSES = (main.ARTALK_PT_main, *rig.CLASSES, takes.ARTALK_PT_takes, scene.ARTALK_PT_scene)
