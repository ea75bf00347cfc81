# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Change a head's identity, and check its rig."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from bpy_extras.io_utils import ImportHelper
from numpy.typing import NDArray

from .. import reasons
from ..errors import AddonError
from ..rig.identity import betas_of, set_betas
from ..rig.identity_file import load_betas
from ..rig.parts import rig_parts
from .reporting import Explained, report_error


class _IdentityOperator(Explained):
    """What the operators of the identity share."""

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the identity cannot be changed."""
        return reasons.no_identity(context)

    def betas(self, old: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the identity to set in place of ``old``, ``[S]``."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the identity."""
        rig = context.scene.artalk.rig
        try:
            set_betas(context, rig, self.betas(betas_of(rig_parts(rig).keys)))
        except AddonError as exc:
            return report_error(self, exc)
        return {"FINISHED"}


class ARTALK_OT_reset_identity(_IdentityOperator, bpy.types.Operator):
    """Give the head its average identity back"""

    bl_idname = "artalk.reset_identity"
    bl_label = "Reset"
    bl_options = {"REGISTER", "UNDO"}

    def betas(self, old: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return zeros."""
        return np.zeros_like(old)


class ARTALK_OT_randomize_identity(_IdentityOperator, bpy.types.Operator):
    """Give the head a random identity; the same seed gives the same one"""

    bl_idname = "artalk.randomize_identity"
    bl_label = "Randomize"
    bl_options = {"REGISTER", "UNDO"}

    seed: bpy.props.IntProperty(name="Seed", description="Chooses the identity", min=0)
    amount: bpy.props.FloatProperty(
        name="Amount", description="How far from the average, in standard deviations", default=1.0, min=0.0, soft_max=2.0
    )

    def betas(self, old: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return an identity as FLAME's statistics have it, cut where the sliders end."""
        values = np.random.default_rng(self.seed).normal(0.0, self.amount, len(old))
        return np.clip(values, -3.0, 3.0)


class ARTALK_OT_copy_identity(_IdentityOperator, bpy.types.Operator, ImportHelper):
    """Take the identity from a file that holds FLAME's betas, such as a tracked motion (.npz, .npy)"""

    bl_idname = "artalk.copy_identity"
    bl_label = "Identity from File"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    check_extension = None  # any ending is taken as it is
    filter_glob: bpy.props.StringProperty(default="*.npz;*.npy", options={"HIDDEN"})

    def betas(self, _: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the file's betas."""
        return load_betas(Path(bpy.path.abspath(self.filepath)))
