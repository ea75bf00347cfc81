# SPDX-License-Identifier: GPL-3.0-or-later
"""What all operators do with reasons and errors."""

from __future__ import annotations

import bpy

from bridge.errors import BridgeError

from .. import notices
from ..errors import AddonError
from ..translations import translated


class Explained:
    """A mix-in for operators: the button's tooltip says why it cannot be used."""

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the operator cannot run, ``""`` if it can."""
        raise NotImplementedError

    @classmethod
    def poll(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
        """Return whether the operator can run."""
        reason = cls.reason(context)
        if reason:
            cls.poll_message_set(translated(reason))
        return not reason


def report_error(operator: bpy.types.Operator, error: AddonError | BridgeError) -> set[str]:
    """Show an error in the panel and hand it to Blender, which raises it in scripts."""
    given = ", ".join(f"{name}={value!r}" for name, value in operator.as_keywords().items())
    return report(operator, notices.notice_of(error, f"bpy.ops.{operator.bl_idname}({given})"))


def report(operator: bpy.types.Operator, notice: notices.Notice) -> set[str]:
    """Show what came of an operator in the panel, and hand it to Blender.

    Returns:
        What the operator's ``execute`` returns.
    """
    notices.show(notice)
    text = translated(f"{notice.text} {notice.remedy}".strip())
    operator.report({"ERROR"} if notice.is_error else {"INFO"}, text)
    return {"CANCELLED"} if notice.is_error else {"FINISHED"}
