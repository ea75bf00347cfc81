# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the curves of a take to one length after its writing was cut off.

A take in the making is in every file and every undo step that Blender keeps meanwhile. When such a one comes back there
may be nobody to write on: Blender was killed, or the take has long been whole.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import bpy

from ..errors import AddonError
from .editing import parts_of
from .growing import UNFINISHED
from .record import TakeDetails, is_take, take_details
from .take import rebake


def mend_takes(is_making: Callable[[TakeDetails], bool]) -> list[str]:
    """Write the curves of unfinished takes anew from the motion that was kept with them.

    Args:
        is_making: whether somebody still writes a take, which is left alone then.

    Returns:
        Names of the takes that were mended.
    """
    mended = []
    for action in bpy.data.actions:
        if UNFINISHED not in action or action.library is not None or not is_take(action):
            continue
        with suppress(AddonError):  # a take without its head, or of a later version, is not shown either
            if not is_making(take_details(action)):
                rebake(parts_of(action), action)
                del action[UNFINISHED]
                mended.append(action.name)
    return mended
