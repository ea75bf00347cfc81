# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Download, check and locate the files that ARTalk's authors released, and speak with them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import bpy

from .. import released, setup_reasons
from ..errors import AddonError, SetupFailedError
from ..notices import Notice
from ..preferences import engine_python, preferences
from ..released import size_text
from ..setup_orders import models_task
from ..setup_tasks import Task
from ..translations import translated
from .reporting import Explained
from .setup import TaskOperator

TERMS_WIDTH = 72  # letters


class ARTALK_OT_list_models(TaskOperator, bpy.types.Operator):
    """Look which released files are on this machine"""

    bl_idname = "artalk.list_models"
    bl_label = "Refresh"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why nothing can be looked at."""
        return setup_reasons.no_setting_up()

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do."""
        return models_task("The list of models", context, "list")


class ARTALK_OT_download_models(TaskOperator, bpy.types.Operator):
    """Download these files from their authors, going on where an earlier download ended"""

    bl_idname = "artalk.download_models"
    bl_label = "Download"
    bl_options = {"INTERNAL"}

    names: bpy.props.StringProperty(
        name="Files",
        description="Names or kinds of files, with spaces between them",
        default="weights config style",
        options={"SKIP_SAVE"},
    )
    accept_licence: bpy.props.BoolProperty(
        name="I Have Read and Accept These Terms",
        description="Without this nothing is downloaded",
        default=False,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why nothing can be downloaded."""
        return setup_reasons.no_downloading()

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Let the user read the terms."""
        self.by_button = True
        confirm = translated("Download")
        return context.window_manager.invoke_props_dialog(self, width=480, confirm_text=confirm)

    def draw(self, _: bpy.types.Context) -> None:
        """Draw what will be downloaded, and under which terms."""
        files = released.to_fetch(self.names.split())
        column = self.layout.column(align=True)
        total = sum(file.size - (file.here if file.state == "partial" else 0) for file in files)
        names = files[0].file_name if len(files) == 1 else f"{len(files)} files"
        column.label(text=translated(f"{names}, {size_text(total)} to download"), translate=False)
        for licence in sorted({file.licence for file in files}):
            draw_terms(self.layout, licence)
        self.layout.prop(self, "accept_licence")

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do.

        Raises:
            SetupFailedError: if the terms are not accepted, or nothing of the sort is missing.
        """
        files = released.to_fetch(self.names.split())
        if released.shelf() is not None and not files:
            raise SetupFailedError("models", "All of it is here.", "Verify it, if something seems wrong with it.")
        if not self.accept_licence:
            raise SetupFailedError("licence", "The terms were not accepted.", "Accept them to download these files.")
        licences = {file.licence for file in files} or {"artalk", "gagavatar"}
        settings = preferences(context)
        mirrors = settings.model_mirrors.split() if settings is not None else ()
        arguments = [*self.names.split()] if not files else [file.name for file in files]
        for licence in sorted(licences):
            arguments += ["--accept-licence", licence]
        for mirror in mirrors:
            arguments += ["--mirror", mirror]
        return models_task("The download", context, "download", *arguments, finish=_downloaded)


class ARTALK_OT_show_terms(bpy.types.Operator):
    """Read the terms of this file"""

    bl_idname = "artalk.show_terms"
    bl_label = "Terms"
    bl_options = {"INTERNAL"}

    licence: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the terms themselves."""
        return released.licence_text(properties.licence)

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Show them until the mouse is elsewhere."""
        return context.window_manager.invoke_popup(self, width=480)

    def draw(self, _: bpy.types.Context) -> None:
        """Draw the terms."""
        draw_terms(self.layout, self.licence)

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Do nothing: they have been read."""
        return {"FINISHED"}


class ARTALK_OT_verify_models(TaskOperator, bpy.types.Operator):
    """Compare the files that are here with the checksums that their authors list"""

    bl_idname = "artalk.verify_models"
    bl_label = "Verify"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why nothing can be compared."""
        return setup_reasons.no_verifying()

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do."""
        shelf = released.shelf()
        here = [file.name for file in (shelf.files if shelf else ()) if file.state in (*released.HERE, "corrupt")]
        python = _python_for_heads(context)
        return models_task("The verification", context, "verify", *here, finish=_verified, python=python)


class ARTALK_OT_locate_model(TaskOperator, bpy.types.Operator):
    """Choose this file where you have it; it is checked and copied, and the original stays"""

    bl_idname = "artalk.locate_model"
    bl_label = "Locate"
    bl_options = {"INTERNAL"}

    name: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default="*.pt;*.pth;*.pkl;*.npz;*.safetensors;*.json", options={"HIDDEN", "SKIP_SAVE"}
    )

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why nothing can be taken in."""
        return setup_reasons.no_setting_up()

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Let the user choose."""
        self.by_button = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do; FLAME's other formats are converted by the engine's own Python."""
        path = str(Path(bpy.path.abspath(self.filepath)).absolute())
        shelf = released.shelf()
        states = {file.name: file.state for file in (shelf.files if shelf else ())}
        replace = ["--force"] if states.get(self.name) in ("unverified", "imported") else []
        python = _python_for_heads(context)
        return models_task("The import", context, "import", self.name, path, *replace, finish=_located, python=python)


class ARTALK_OT_use_models(Explained, bpy.types.Operator):
    """Speak with the released models from now on"""

    bl_idname = "artalk.use_models"
    bl_label = "Use as Voice"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why they cannot be used."""
        return setup_reasons.no_using_models(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose their folder."""
        shelf, settings = released.shelf(), preferences(context)
        assert shelf is not None  # noqa: S101 - the reason has seen to it
        assert settings is not None  # noqa: S101 - and to this
        settings.voice_folder = shelf.folder
        return {"FINISHED"}


def draw_terms(layout: bpy.types.UILayout, licence: str) -> None:
    """Draw what is known of a licence, and the way to its authors' pages."""
    box = layout.box().column(align=True)
    for line in textwrap.wrap(released.licence_text(licence), TERMS_WIDTH):
        box.label(text=line, translate=False)
    for page in released.pages_of(licence):
        name = "/".join(page.split("/")[-2:])
        box.operator("wm.url_open", text=name, icon="URL", translate=False).url = page


def _python_for_heads(context: bpy.types.Context) -> Path | None:
    """Return the engine's Python, which reads FLAME in any format; None is Blender's own, which copies only."""
    try:
        return engine_python(context)
    except AddonError:
        return None


def _downloaded(said: dict[str, Any]) -> Notice:
    released.remember(said)
    return Notice("The files are here, and are what their authors list.")


def _verified(said: dict[str, Any]) -> Notice:
    released.remember(said)
    return Notice("The files are what their authors list.")


def _located(said: dict[str, Any]) -> Notice:
    released.remember(said)
    return Notice(f"{Path(said['files'][0]['path']).name} was taken in.")


CLASSES = (
    ARTALK_OT_list_models,
    ARTALK_OT_download_models,
    ARTALK_OT_show_terms,
    ARTALK_OT_verify_models,
    ARTALK_OT_locate_model,
    ARTALK_OT_use_models,
)
