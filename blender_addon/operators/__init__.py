# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators: each collects what it needs from the context and hands it to a plain function."""

from __future__ import annotations

from . import (
    body,
    clips,
    editing,
    engine,
    exchange,
    generate,
    head,
    models,
    preview,
    rig,
    setup,
    sound,
    speaking,
    studio,
    take_tools,
    takes,
)

CLASSES = (
    head.ARTALK_OT_create_head,
    head.ARTALK_OT_import_head,
    rig.ARTALK_OT_reset_identity,
    rig.ARTALK_OT_randomize_identity,
    rig.ARTALK_OT_copy_identity,
    rig.ARTALK_OT_check_rig,
    rig.ARTALK_OT_attach_flame,
    rig.ARTALK_OT_add_correctives,
    exchange.ARTALK_OT_export_head,
    *sound.CLASSES,
    *generate.CLASSES,
    *speaking.CLASSES,
    *takes.CLASSES,
    *take_tools.CLASSES,
    *editing.CLASSES,
    studio.ARTALK_OT_set_up_studio,
    *body.CLASSES,
    *clips.CLASSES,
    *preview.CLASSES,
    *setup.CLASSES,
    *models.CLASSES,
    engine.ARTALK_OT_check_engine,
    engine.ARTALK_OT_stop_engine,
    engine.ARTALK_OT_restart_engine,
    engine.ARTALK_OT_open_preferences,
)
