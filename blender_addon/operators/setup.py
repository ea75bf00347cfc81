# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Install, repair, remove and check the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bpy

from .. import jobs, setup_reasons, setup_report, setup_tasks
from ..engine_process import engine
from ..errors import AddonError
from ..notices import Notice
from ..preferences import engine_python
from ..setup import places
from ..setup_orders import order_of, plan_lines
from ..setup_tasks import Task
from ..translations import translated
from .reporting import Explained


class TaskOperator(Explained):
    """A mix-in for operators that do a task: beside the user's work by a button, to its end for scripts."""

    by_button: bpy.props.BoolProperty(default=False, options={"HIDDEN", "SKIP_SAVE"})

    report: Callable[[set[str], str], None]

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Begin, and return at once."""
        self.by_button = True
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do it."""
        try:
            task = self.task(context)
            if self.by_button:
                setup_tasks.start(task)
            else:
                setup_tasks.run(task)
        except AddonError as exc:
            setup_tasks.show(Notice(str(exc), exc.remedy, is_error=True))
            self.report({"ERROR"}, translated(f"{exc} {exc.remedy}".strip()))
            return {"CANCELLED"}
        return {"FINISHED"}


class ARTALK_OT_install_engine(TaskOperator, bpy.types.Operator):
    """Make an environment of its own for the engine and install its packages there; nothing of Blender's is touched"""

    bl_idname = "artalk.install_engine"
    bl_label = "Install Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be installed."""
        return setup_reasons.no_installing(context)

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Say what will be made and how much room it takes, and ask."""
        self.by_button = True
        confirm = translated("Repair") if places.installed() else translated("Install")
        return context.window_manager.invoke_props_dialog(self, width=480, confirm_text=confirm)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what will be made."""
        column = self.layout.column(align=True)
        for line in plan_lines(context):
            column.label(text=translated(line), translate=False)

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do; the engine ends first, for it may stand in the way of its successor."""
        order = order_of(context)
        return Task("The installation", "install", asdict(order), finish=_installed, after_cancel=_sweep(order.place))


class ARTALK_OT_uninstall_engine(TaskOperator, bpy.types.Operator):
    """Remove the environment that was installed; models, styles and voices stay"""

    bl_idname = "artalk.uninstall_engine"
    bl_label = "Uninstall"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be removed."""
        return setup_reasons.no_uninstalling(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        self.by_button = True
        return context.window_manager.invoke_confirm(self, event)

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do, after the engine has ended."""
        engine.close()
        folder = order_of(context).place
        details = {"folder": str(folder)}
        done = Notice("The engine's environment was removed.")
        return Task("The removal", "uninstall", details, finish=lambda _: done, after_cancel=_sweep(folder))


class ARTALK_OT_check_python(TaskOperator, bpy.types.Operator):
    """Look whether this Python is new enough and has the engine's packages"""

    bl_idname = "artalk.check_python"
    bl_label = "Check"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why it cannot be looked at."""
        return setup_reasons.no_checking_python(context)

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do."""
        details = {**asdict(order_of(context)), "python": str(engine_python(context))}
        return Task("The check", "check", details, finish=_checked)


class ARTALK_OT_cancel_setup(Explained, bpy.types.Operator):
    """Stop at once; what was there before stays as it was"""

    bl_idname = "artalk.cancel_setup"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why nothing can be cancelled."""
        return "" if setup_tasks.current() is not None else "Nothing is being set up"

    def execute(self, _: bpy.types.Context) -> set[str]:
        """End the task."""
        setup_tasks.cancel()
        return {"FINISHED"}


class ARTALK_OT_dismiss_setup(bpy.types.Operator):
    """Put this message away"""

    bl_idname = "artalk.dismiss_setup"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Show no message."""
        setup_tasks.dismiss()
        return {"FINISHED"}


class ARTALK_OT_system_check(TaskOperator, bpy.types.Operator):
    """Write down what somebody who helps has to know: versions, devices, models, room; without your name"""

    bl_idname = "artalk.system_check"
    bl_label = "System Check"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why nothing can be looked at."""
        return setup_reasons.no_setting_up()

    def task(self, context: bpy.types.Context) -> Task:
        """Return what to do."""
        try:
            python = str(engine_python(context))
        except AddonError:
            python = ""
        details = {"order": asdict(order_of(context)), "python": python, "facts": setup_report.facts(context)}
        return Task("The system check", "report", details, finish=setup_report.remember)


class ARTALK_OT_copy_setup(bpy.types.Operator):
    """Copy this text to the clipboard"""

    bl_idname = "artalk.copy_setup"
    bl_label = "Copy"
    bl_options = {"INTERNAL"}

    what: bpy.props.EnumProperty(
        items=(("REPORT", "Report", "The system check"), ("LOG", "Log", "The log of the last installation")),
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy it."""
        context.window_manager.clipboard = setup_report.text() if self.what == "REPORT" else setup_report.log_text()
        self.report({"INFO"}, translated("Copied"))
        return {"FINISHED"}


class ARTALK_OT_open_setup_log(Explained, bpy.types.Operator):
    """Open the log of the last installation in the program for texts"""

    bl_idname = "artalk.open_setup_log"
    bl_label = "Open Log"
    bl_options = {"INTERNAL"}

    @classmethod
    def reason(cls, _: bpy.types.Context) -> str:
        """Return why there is no log."""
        return "" if places.log_file().is_file() else "Nothing was installed yet"

    def execute(self, _: bpy.types.Context) -> set[str]:
        """Open it."""
        bpy.ops.wm.path_open(filepath=str(places.log_file()))
        return {"FINISHED"}


def _installed(result: dict[str, Any]) -> Notice:
    """Let go of the environment before, once nobody works with it."""
    if jobs.current() is None:
        engine.close()
        setup_tasks.start(_sweep(places.environments_folder()))
    return Notice(f"The engine is installed: Python {result['python']}, PyTorch {result['torch']}.")


def _checked(result: dict[str, Any]) -> Notice:
    text = f"Python {result['python']} has all that the engine needs and computes on {result['device']}."
    return Notice(text, result["note"])


def _sweep(folder: Path) -> Task:
    """Remove what an interrupted task has left."""
    return Task("Tidying up", "sweep", {"folder": str(folder)}, is_quiet=True)


CLASSES = (
    ARTALK_OT_install_engine,
    ARTALK_OT_uninstall_engine,
    ARTALK_OT_check_python,
    ARTALK_OT_cancel_setup,
    ARTALK_OT_dismiss_setup,
    ARTALK_OT_system_check,
    ARTALK_OT_copy_setup,
    ARTALK_OT_open_setup_log,
)
