# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801, RUF012 - Blender's own conventions for tooltips, names and options
"""Change a head's identity, check its rig, and complete rigs made by others."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from bpy_extras.io_utils import ImportHelper
from numpy.typing import NDArray

from bridge.errors import BridgeError

from .. import reasons
from ..errors import AddonError
from ..notices import Notice
from ..rig.attach import attach_flame
from ..rig.correctives import drive_correctives
from ..rig.fidelity import WORST_MM, check_frames, check_random_poses
from ..rig.head_file import load_head
from ..rig.identity import betas_of, set_betas
from ..rig.identity_file import load_betas
from ..rig.parts import rig_parts
from .head import plain_arrays
from .reporting import Explained, report, report_error


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
        name="Amount",
        description="How far from the average, in standard deviations",
        default=1.0,
        min=0.0,
        soft_max=2.0,
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


class ARTALK_OT_check_rig(Explained, bpy.types.Operator):
    """Compare the head with FLAME's own arithmetic on every vertex; a copy is posed, the head stays as it is"""

    bl_idname = "artalk.check_rig"
    bl_label = "Check Rig"
    bl_options = {"REGISTER"}

    count: bpy.props.IntProperty(name="Frames", description="How many to compare", default=20, min=1, max=10_000)
    use_random: bpy.props.BoolProperty(
        name="Random Poses", description="Compare random poses, rather than frames of the animation", default=False
    )

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the rig cannot be checked."""
        return reasons.no_check(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Compare, and say in the panel what came of it."""
        scene = context.scene
        try:
            parts = rig_parts(scene.artalk.rig)
            animated = (parts.rig.animation_data, parts.keys.animation_data)
            if self.use_random or not any(data is not None and data.action is not None for data in animated):
                check = check_random_poses(parts, scene, self.count)
            else:
                frames = np.linspace(scene.frame_start, scene.frame_end, self.count)
                check = check_frames(parts, scene, np.unique(frames.round()).tolist())
        except AddonError as exc:
            return report_error(self, exc)
        text = f"'{parts.rig.name}' is within {check} of FLAME."
        return report(self, Notice(text, is_error=check.worst_mm > WORST_MM))


class ARTALK_OT_attach_flame(Explained, bpy.types.Operator, ImportHelper):
    """Say which FLAME file this rig is of, so that its joints move with the expression and it can be checked"""

    bl_idname = "artalk.attach_flame"
    bl_label = "Attach FLAME File"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    check_extension = None  # any ending is taken as it is
    filter_glob: bpy.props.StringProperty(default="*.npz;*.pkl;*.pt;*.pth;*.safetensors", options={"HIDDEN"})

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no file can be attached."""
        return reasons.no_attaching(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Keep the file with the rig."""
        path = Path(bpy.path.abspath(self.filepath)).absolute()
        try:
            parts = rig_parts(context.scene.artalk.rig)
            attach_flame(parts, load_head(plain_arrays(context, path), betas_of(parts.keys)))
        except (AddonError, BridgeError) as exc:
            return report_error(self, exc)
        return {"FINISHED"}


class ARTALK_OT_add_correctives(Explained, bpy.types.Operator):
    """Let this rig's bones drive its pose correctives, which its own add-on sets by hand"""

    bl_idname = "artalk.add_correctives"
    bl_label = "Drive Correctives"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why no drivers can be added."""
        return reasons.no_correctives(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the drivers."""
        try:
            count = drive_correctives(rig_parts(context.scene.artalk.rig))
        except AddonError as exc:
            return report_error(self, exc)
        return report(self, Notice(f"{count} correctives follow the bones now."))
