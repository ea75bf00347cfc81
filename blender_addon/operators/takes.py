# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Choose which take plays, copy takes and delete them."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from .. import notices, reasons
from ..errors import AddonError, TakeError
from ..rig.parts import RigParts, rig_parts
from ..takes.copies import own_id
from ..takes.curves import changed_by_hand
from ..takes.showing import delete_take, play_take, previous_take
from ..takes.take import current_take, duplicate_take
from .reporting import Explained, report, report_error


class TakeOperator(Explained):
    """What operators on one take share: which it is, why it cannot be, and what becomes of errors."""

    bl_options = {"REGISTER", "UNDO"}

    take: bpy.props.StringProperty(
        name="Take", description="Name of the take's Action; empty means the one that plays", options={"SKIP_SAVE"}
    )

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the playing take cannot be changed."""
        return reasons.no_changing_take(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do it, and show what came of it."""
        try:
            parts = rig_parts(context.scene.artalk.rig)
            own_id(parts)
            said = self.change(context.scene, parts, self.chosen(parts))
        except AddonError as exc:
            return report_error(self, exc)
        if not said:
            notices.settle()
            return {"FINISHED"}
        return report(self, notices.Notice(said))

    def chosen(self, parts: RigParts) -> bpy.types.Action:
        """Return the take to work on.

        Raises:
            TakeError: if there is none.
        """
        action = bpy.data.actions.get(self.take) if self.take else current_take(parts.rig)
        if action is None:
            text = f"There is no take '{self.take}'." if self.take else "No take plays."
            raise TakeError(text, "Choose one from the list.")
        return action

    def change(self, scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Do it, and return what to say about it.

        Raises:
            AddonError: if it cannot be done.
        """
        raise NotImplementedError


def ask_before_loss(operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
    """Ask before changes by hand to the playing take are lost; go ahead at once where there are none."""
    parts = rig_parts(context.scene.artalk.rig)
    action = current_take(parts.rig)
    if action is not None and changed_by_hand(parts, action):
        return context.window_manager.invoke_confirm(operator, event)
    run: Callable[[bpy.types.Context], set[str]] = operator.execute
    return run(context)


class ARTALK_OT_show_take(TakeOperator, bpy.types.Operator):
    """Let this take play, with its sound"""

    bl_idname = "artalk.show_take"
    bl_label = "Show Take"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no other take can be shown."""
        return reasons.no_takes(context)

    def change(self, scene: bpy.types.Scene, _: RigParts, action: bpy.types.Action) -> str:
        """Assign the take's Action and unmute its sound."""
        return play_take(scene, action)


class ARTALK_OT_compare_takes(TakeOperator, bpy.types.Operator):
    """Go back to the take that played before this one, and forth again, with the sound"""

    bl_idname = "artalk.compare_takes"
    bl_label = "Compare"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why there is nothing to compare with."""
        return reasons.no_comparing(context)

    def change(self, scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Show the take before."""
        return play_take(scene, previous_take(parts.rig) or action)


class ARTALK_OT_duplicate_take(TakeOperator, bpy.types.Operator):
    """Copy this take with its changes by hand, and show the copy"""

    bl_idname = "artalk.duplicate_take"
    bl_label = "Duplicate Take"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no take can be copied."""
        return reasons.no_own_take(context)

    def change(self, scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Copy it."""
        return play_take(scene, duplicate_take(parts, action))


class ARTALK_OT_delete_take(TakeOperator, bpy.types.Operator):
    """Delete this take, and its sound strip unless another take uses it"""

    bl_idname = "artalk.delete_take"
    bl_label = "Delete Take"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no take can be deleted."""
        return reasons.no_own_take(context)

    def change(self, scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Delete it."""
        return delete_take(scene, parts, action)


CLASSES = (
    ARTALK_OT_show_take,
    ARTALK_OT_compare_takes,
    ARTALK_OT_duplicate_take,
    ARTALK_OT_delete_take,
)
