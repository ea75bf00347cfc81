# SPDX-License-Identifier: GPL-3.0-or-later
"""ARTalk for Blender: speech becomes keyframes on a FLAME head."""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from . import (
    edit_sliders,
    engine_watch,
    jobs,
    keymaps,
    looks,
    notices,
    operators,
    panels,
    preview_window,
    setup_tasks,
    translations,
)
from .body.settings import ArtalkBodySettings
from .identity_sliders import ArtalkIdentity
from .panels.preferences import ArtalkPreferences
from .preview.settings import ArtalkPreview
from .properties import ArtalkSettings
from .steps import begin_era
from .text_settings import ArtalkText

_CLASSES = (
    ArtalkPreferences,
    ArtalkSettings,
    ArtalkIdentity,
    ArtalkBodySettings,
    ArtalkPreview,
    ArtalkText,
    *edit_sliders.CLASSES,
    *operators.CLASSES,
    *panels.CLASSES,
)


def register() -> None:
    """Add the classes, the scene's settings, the handler for opened files, and the words of other languages."""
    translations.register()
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Action.artalk_editing = bpy.props.PointerProperty(type=edit_sliders.ArtalkEditing)
    bpy.types.Object.artalk_identity = bpy.props.PointerProperty(type=ArtalkIdentity)
    bpy.types.Scene.artalk = bpy.props.PointerProperty(type=ArtalkSettings)
    bpy.types.Scene.artalk_body = bpy.props.PointerProperty(type=ArtalkBodySettings)
    bpy.types.Scene.artalk_preview = bpy.props.PointerProperty(type=ArtalkPreview)
    bpy.types.Scene.artalk_text = bpy.props.PointerProperty(type=ArtalkText)
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)
    keymaps.register()
    preview_window.register()
    engine_watch.register()


def unregister() -> None:
    """End the job and the engine, and remove everything that :func:`register` added."""
    engine_watch.unregister()
    preview_window.unregister()
    jobs.stop_all()
    looks.stop_all()
    setup_tasks.stop_all()
    notices.dismiss()
    keymaps.unregister()
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    del bpy.types.Scene.artalk_text
    del bpy.types.Scene.artalk_preview
    del bpy.types.Scene.artalk_body
    del bpy.types.Scene.artalk
    del bpy.types.Object.artalk_identity
    del bpy.types.Action.artalk_editing
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    translations.unregister()


@persistent
def _end_job(*_: object) -> None:
    """End the jobs of the file that was; one that could not be opened ends none."""
    jobs.abandon("Another file was opened while the engine was at work.")
    jobs.mend()


@persistent
def _begin_era(*_: object) -> None:
    """Let nobody use what is about to be replaced."""
    begin_era()


@persistent
def _settle_job(*_: object) -> None:
    """Let no file be saved with half-written curves."""
    jobs.settle()


@persistent
def _mend_takes(*_: object) -> None:
    """Undo and redo may bring back what was half-written."""
    jobs.mend()


_HANDLERS = (
    ("load_pre", _begin_era),
    ("undo_pre", _begin_era),
    ("redo_pre", _begin_era),
    ("load_post", _end_job),
    ("save_pre", _settle_job),
    ("undo_post", _mend_takes),
    ("redo_post", _mend_takes),
    ("depsgraph_update_post", looks.note_change),
)
