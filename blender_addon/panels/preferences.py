# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences as they look: the engine, the models, how to compute, and a system check."""

from __future__ import annotations

import bpy

from .. import released, setup_reasons, setup_report, setup_tasks
from ..engine_process import engine
from ..engine_state import engine_view
from ..errors import AddonError
from ..preferences import Settings, engine_python, preferences
from ..released import Released, size_text
from ..setup.machine import without_name
from ..setup.places import installed
from ..setup_orders import ask_for_files, plan_lines
from ..translations import translated
from .tab import draw_reason, draw_text

_ICONS = {
    "missing": "IMPORT",
    "partial": "SORTTIME",
    "unverified": "QUESTION",
    "verified": "CHECKMARK",
    "imported": "CHECKMARK",
    "corrupt": "ERROR",
    "manual": "FILE_FOLDER",
}
_GROUPS = (("style", "Style clips"),)  # many small files that go together
_WORST = ("corrupt", "partial", "missing", "manual", "unverified", "imported", "verified")  # what a group is called


class ArtalkPreferences(Settings, bpy.types.AddonPreferences):
    """The settings, the state of what they need, and the buttons that set it up."""

    bl_idname = __package__.rpartition(".")[0]

    def draw(self, context: bpy.types.Context) -> None:
        """Draw everything."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_task(layout, context)
        for name, label, draw_section in (
            ("engine", "Engine", _draw_engine),
            ("models", "Models", _draw_models),
            ("computing", "Computing", _draw_computing),
            ("check", "System Check", _draw_check),
        ):
            header, body = layout.panel(f"artalk_{name}", default_closed=name == "check")
            header.label(text=label)
            if body is not None:
                draw_section(body.column(), context)


def _draw_task(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the task that runs, or what came of the last one."""
    running, outcome = setup_tasks.current(), setup_tasks.outcome()
    if running is not None:
        row = layout.row(align=True)
        row.progress(factor=running.fraction, text=translated(running.stage), translate=False)
        row.operator("artalk.cancel_setup", text="", icon="X")
    elif outcome is not None:
        row = layout.box().row()
        column = row.column(align=True)
        column.alert = outcome.is_error
        draw_text(column, context, outcome.text, "ERROR" if outcome.is_error else "CHECKMARK", 24.0)
        column = column.column(align=True)
        column.alert = False
        if outcome.remedy:
            draw_text(column, context, outcome.remedy, "FORWARD", 24.0)
        row.operator("artalk.dismiss_setup", text="", icon="X", emboss=False)


def _draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings, environment = _settings(context), installed()
    if environment is not None:
        record = environment.record
        text = f"Installed: Python {record.python}, PyTorch {record.torch}, {size_text(record.size)}"
        layout.label(text=translated(text), icon="CHECKMARK", translate=False)
    elif not settings.engine_python:
        layout.label(text="Not installed yet", icon="INFO")
    column = layout.column()
    if not bpy.app.online_access:
        column.prop(context.preferences.system, "use_online_access")
    for name in ("wheels_folder", "torch_build", "base_python"):
        column.prop(settings, name)
    about = layout.column(align=True)
    about.active = False
    for line in plan_lines(context):
        about.label(text=translated(line), icon="BLANK1", translate=False)
    row = layout.row(align=True)
    row.operator("artalk.install_engine", text="Repair" if environment else "Install Engine", icon="IMPORT")
    row.operator("artalk.uninstall_engine", icon="TRASH")
    row.separator()
    row.operator("artalk.open_setup_log", icon="TEXT")
    row.operator("artalk.copy_setup", text="", icon="COPYDOWN").what = "LOG"
    draw_reason(layout, context, setup_reasons.no_installing(context))
    layout.separator()
    row = layout.row(align=True)
    row.prop(settings, "engine_python", text="Or Use Existing Python")
    row.operator("artalk.check_python", text="", icon="VIEWZOOM")
    _draw_state(layout, context)


def _draw_state(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw which Python is used, and whether the engine runs."""
    column = layout.column(align=True)
    try:
        used = translated(f"Used: {without_name(str(engine_python(context)))}")
        column.label(text=used, icon="CHECKMARK", translate=False)
    except AddonError as exc:
        draw_text(column, context, str(exc), "ERROR")
    view = engine_view(engine)
    draw_text(column, context, view.text, view.icon)
    if view.hint:
        draw_text(column, context, view.hint, "BLANK1")
    row = layout.row(align=True)
    row.operator("artalk.check_engine", icon="PLAY")
    if view.action:
        row.operator("artalk.restart_engine", text=view.action, icon="FILE_REFRESH")
    row.operator("artalk.stop_engine", icon="CANCEL")


def _draw_models(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings, shelf = _settings(context), released.shelf()
    layout.prop(settings, "voice_folder")
    layout.prop(settings, "models_folder")
    layout.prop(settings, "model_mirrors")
    if shelf is None:
        ask_for_files(context)
        row = layout.row()
        row.label(text="Looking at the models…" if setup_tasks.is_asking() else "The models are not listed yet")
        row.operator("artalk.list_models", icon="FILE_REFRESH")
        return
    grid = layout.box().column(align=True)
    grouped = [kind for kind, _ in _GROUPS]
    for file in shelf.files:
        if file.kind not in grouped:
            _draw_file(grid, file.file_name, file.name, (file,))
    for kind, label in _GROUPS:
        files = tuple(file for file in shelf.files if file.kind == kind)
        if files:
            _draw_file(grid, f"{translated(label)} ({len(files)})", kind, files)
    row = layout.row(align=True)
    row.operator("artalk.download_models", text="Download Voice", icon="IMPORT")
    row.operator("artalk.verify_models", icon="CHECKMARK")
    row.operator("artalk.list_models", text="", icon="FILE_REFRESH")
    row.separator()
    row.operator("artalk.use_models", icon="PLAY_SOUND")
    draw_reason(layout, context, setup_reasons.no_downloading() or setup_reasons.no_using_models(context))


def _draw_file(layout: bpy.types.UILayout, label: str, names: str, files: tuple[Released, ...]) -> None:
    """Draw a line of the list: what, how large, under which terms, whether it is here, and how to get it."""
    state = min((file.state for file in files), key=_WORST.index)
    size, here = sum(file.size for file in files), sum(file.here for file in files)
    split = layout.split(factor=0.32)
    split.label(text=label, icon=_ICONS[state], translate=False)
    split = split.split(factor=0.18)
    split.label(text=size_text(size), translate=False)
    split = split.split(factor=0.28)
    split.operator("artalk.show_terms", text=files[0].terms).licence = files[0].licence
    split = split.split(factor=0.55)
    split.label(text=f"{here / size:.0%}" if state == "partial" else released.WORDS[state])
    row = split.row(align=True)
    if not files[0].is_manual and state not in released.HERE:
        row.operator("artalk.download_models", text="", icon="IMPORT").names = names
    if len(files) == 1:
        row.operator("artalk.locate_model", text="", icon="FILE_FOLDER").name = files[0].name


def _draw_computing(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = _settings(context)
    for name in ("device", "precision", "idle_stop", "preview_memory", "text_voices"):
        layout.prop(settings, name)


def _draw_check(layout: bpy.types.UILayout, _: bpy.types.Context) -> None:
    row = layout.row(align=True)
    row.operator("artalk.system_check", icon="VIEWZOOM")
    lines = setup_report.lines()
    if not lines:
        return
    row.operator("artalk.copy_setup", icon="COPYDOWN").what = "REPORT"
    column = layout.box().column(align=True)
    for line in lines:
        column.label(text=line, translate=False)


def _settings(context: bpy.types.Context) -> Settings:
    settings = preferences(context)
    assert settings is not None  # noqa: S101 - they are being drawn
    return settings
