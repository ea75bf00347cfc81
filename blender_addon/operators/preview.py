# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Show the take that plays as pictures, and write it as a film."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from bridge.errors import BridgeError

from .. import jobs, preview_window, reasons
from ..errors import AddonError
from ..preferences import engine_python
from ..preview.film import FilmOrder, order_of
from ..preview.settings import portrait_of
from .reporting import Explained, report, report_error


class ARTALK_OT_open_preview(Explained, bpy.types.Operator):
    """Show the take that plays in a window of its own, beside the playhead"""

    bl_idname = "artalk.open_preview"
    bl_label = "Open Preview"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why there can be no preview."""
        return reasons.no_preview(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open the window; pictures follow."""
        try:
            preview_window.open_window(context)
        except AddonError as exc:
            return report_error(self, exc)
        return {"FINISHED"}


class ARTALK_OT_close_preview(bpy.types.Operator):
    """Close the preview's window and free its memory"""

    bl_idname = "artalk.close_preview"
    bl_label = "Close Preview"
    bl_options = {"INTERNAL"}

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Close it."""
        preview_window.close()
        return {"FINISHED"}


class ARTALK_OT_retry_preview(bpy.types.Operator):
    """Try once more to draw what could not be drawn"""

    bl_idname = "artalk.retry_preview"
    bl_label = "Try Again"
    bl_options = {"INTERNAL"}

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Try again."""
        preview_window.retry()
        return {"FINISHED"}


class ARTALK_OT_preview_export(Explained, bpy.types.Operator, ExportHelper):
    """Write the take that plays as a film with its sound, as the preview shows it"""

    bl_idname = "artalk.preview_export"
    bl_label = "Export Preview"
    bl_options = {"REGISTER"}

    filename_ext = ".mp4"
    filter_glob: bpy.props.StringProperty(default="*.mp4;*.gif;*.webp", options={"HIDDEN"})
    overwrite: bpy.props.BoolProperty(
        name="Replace", description="Replace the file if it exists", default=True, options={"SKIP_SAVE"}
    )

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be filmed."""
        return reasons.no_filming(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        if not self.properties.is_property_set("filepath"):
            self.properties.filepath = f"{context.scene.artalk.rig.name}{self.filename_ext}"
        self.is_button = True
        return ExportHelper.invoke(self, context, event)

    def check(self, context: bpy.types.Context) -> bool:
        """Add an ending where the user gave none."""
        return False if Path(self.filepath).suffix else ExportHelper.check(self, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin, where the user has been asked for a file in a window; a script waits for the end."""
        try:
            python = engine_python(context)
            if getattr(self, "is_button", False) and not bpy.app.background:
                jobs.start(self._order(context), python)
                return {"FINISHED"}
            return report(self, jobs.run(self._order(context), python))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)

    def _order(self, context: bpy.types.Context) -> FilmOrder:
        settings = context.scene.artalk_preview
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        return order_of(context, path, portrait_of(settings), settings.quality, self.overwrite)


CLASSES = (ARTALK_OT_open_preview, ARTALK_OT_close_preview, ARTALK_OT_retry_preview, ARTALK_OT_preview_export)
