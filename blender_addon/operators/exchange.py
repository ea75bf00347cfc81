# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Write the animated head for other programs."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from .. import notices, reasons
from ..errors import AddonError
from ..exchange import FORMATS, ExportOptions, export_head, missing
from .reporting import Explained, report, report_error


class ARTALK_OT_export_head(Explained, bpy.types.Operator, ExportHelper):
    """Write the head and the take that plays, with all correctives, on the scene's frames"""

    bl_idname = "artalk.export_head"
    bl_label = "Export Head"
    bl_options = {"REGISTER"}

    kind: bpy.props.EnumProperty(
        name="Format",
        items=[(kind, form.name, f"Write {form.name}, *{form.suffix}") for kind, form in FORMATS.items()],
    )
    with_studio: bpy.props.BoolProperty(name="Lights and Camera", description="Write the studio as well", default=False)
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{form.suffix}" for form in FORMATS.values()), options={"HIDDEN"}
    )

    @property
    def filename_ext(self) -> str:
        """The suffix that the file browser adds."""
        return FORMATS[self.kind].suffix

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be exported."""
        return reasons.no_export(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file, unless this Blender cannot write the format."""
        if missing(FORMATS[self.kind]):
            return self.execute(context)
        if not self.properties.is_property_set("filepath"):
            self.properties.filepath = f"{context.scene.artalk.rig.name}{self.filename_ext}"
        return ExportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        options = ExportOptions(self.kind, path, with_studio=self.with_studio)
        try:
            written = export_head(context, context.scene.artalk.rig, options)
        except AddonError as exc:
            return report_error(self, exc)
        return report(self, notices.Notice(f"The head was written to {written.name}."))
