# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Choose what is spoken: a file, or what a strip of the sequencer lets hear."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from .. import notices, reasons
from ..errors import SoundError
from ..takes.sound import file_of
from ..takes.strips import sound_strips, strip_part
from .reporting import Explained, report_error

ENDINGS = "*.wav;*.flac;*.ogg;*.oga;*.opus;*.mp3;*.m4a;*.aac;*.aif;*.aiff;*.mp4;*.mov;*.mkv;*.webm"

_items: list[tuple[str, str, str]] = []  # kept, because Blender does not keep their texts


class ARTALK_OT_choose_sound(bpy.types.Operator, ImportHelper):
    """Choose the speech: a sound file, or a film with sound"""

    bl_idname = "artalk.choose_sound"
    bl_label = "Choose Sound"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ""
    filter_glob: bpy.props.StringProperty(default=ENDINGS, options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the whole of it."""
        path = Path(self.filepath)
        if not path.is_file():
            return report_error(self, SoundError(f"There is no sound file {path}.", "Choose a sound file."))
        settings = context.scene.artalk
        settings.sound, settings.start_s, settings.end_s = str(path), 0.0, 0.0
        notices.settle()
        return {"FINISHED"}


def _strips(_: bpy.types.Operator, context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    global _items
    strips = sound_strips(context.scene) if context is not None else ()
    _items = [(strip.name, strip.name, bpy.path.basename(strip.sound.filepath)) for strip in strips]
    return _items


class ARTALK_OT_use_strip(Explained, bpy.types.Operator):
    """Speak what a sound strip of the sequencer lets hear, from where the strip begins"""

    bl_idname = "artalk.use_strip"
    bl_label = "Use Sound Strip"
    bl_options = {"REGISTER", "UNDO"}

    strip: bpy.props.EnumProperty(name="Strip", description="The strip to speak", items=_strips)

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why there is no strip to use."""
        return reasons.no_strip(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take over its file, its place and how it is trimmed."""
        scene = context.scene
        strip = next(strip for strip in sound_strips(scene) if strip.name == self.strip)
        path = file_of(strip.sound)
        if path is None:
            text = f"The sound of the strip '{strip.name}' is missing."
            return report_error(self, SoundError(text, "Put its file back where it was."))
        settings = scene.artalk
        settings.sound = str(path)
        settings.start_frame, settings.start_s, settings.end_s = strip_part(scene, strip)
        notices.settle()
        return {"FINISHED"}


CLASSES = (ARTALK_OT_choose_sound, ARTALK_OT_use_strip)
