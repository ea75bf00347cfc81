# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: D415, N801 - Blender's own conventions for tooltips, names and options
"""Lay a take out in the NLA, mend it, move it on the timeline, and punch passages in."""

from __future__ import annotations

import bpy

from .. import actions, reasons
from ..errors import TakeError
from ..rig.parts import RigParts
from ..takes import placing
from ..takes.curves import FACE_SLOT, RIG_SLOT
from ..takes.punch_in import Passage, punch_in
from ..takes.record import take_details, takes_of
from ..takes.sound import pack_sound
from ..takes.take import changeable_details, current_take, rebake, whole_face_action
from .takes import TakeOperator, ask_before_loss

RAW = "RAW"
_source_items: list[tuple[str, str, str]] = []


class ARTALK_OT_push_take(TakeOperator, bpy.types.Operator):
    """Lay this take out in the NLA: a strip for the bones and one for the face, each on a track of its own"""

    bl_idname = "artalk.push_take"
    bl_label = "Push to NLA"

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Add the strips; the take no longer plays directly."""
        changeable_details(parts, action)
        pairs = ((parts.rig, action, RIG_SLOT), (parts.keys, whole_face_action(action), FACE_SLOT))
        if any(actions.has_strip(animated, part) for animated, part, _ in pairs):
            raise TakeError(f"'{action.name}' lies in the NLA already.", "Move or copy its strips there.")
        for animated, part, slot in pairs:
            actions.lay_out(animated, part, slot, action.name)
        return ""


class ARTALK_OT_restore_take(TakeOperator, bpy.types.Operator):
    """Undo every change made to this take's keys by hand, and go back to the motion that the engine made"""

    bl_idname = "artalk.restore_take"
    bl_label = "Restore Raw Motion"

    keep_edits: bpy.props.BoolProperty(
        name="Keep Adjustments", description="Keep what the sliders change about the motion", default=False
    )

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _: bpy.types.Context) -> None:
        """Say what will be lost."""
        self.layout.label(text="Changes made by hand to this take's keys will be lost.", icon="ERROR")
        self.layout.prop(self, "keep_edits")

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Bake the take anew."""
        rebake(parts, action, None if self.keep_edits else {})
        return ""


class ARTALK_OT_whole_frames(TakeOperator, bpy.types.Operator):
    """Bake this take anew, with keys on whole frames or exactly where the motion has them"""

    bl_idname = "artalk.whole_frames"
    bl_label = "Keys on Whole Frames"

    on_whole_frames: bpy.props.BoolProperty(name="Keys on Whole Frames", default=True)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first where something would be lost."""
        return ask_before_loss(self, context, event)

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Bake the take anew."""
        placing.set_whole_frames(parts, action, self.on_whole_frames)
        return ""


class ARTALK_OT_retime_takes(TakeOperator, bpy.types.Operator):
    """Place keys and sound of all of this head's takes anew for the scene's frame rate"""

    bl_idname = "artalk.retime_takes"
    bl_label = "Retime to Scene"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be retimed."""
        return reasons.no_retiming(context)

    def chosen(self, parts: RigParts) -> bpy.types.Action:
        """Return the first of the takes."""
        return takes_of(parts.rig_id)[0]

    def change(self, scene: bpy.types.Scene, parts: RigParts, _: bpy.types.Action) -> str:
        """Retime every take that is not linked."""
        own = [take for take in takes_of(parts.rig_id) if take.library is None]
        for take in own:
            changeable_details(parts, take)
        late = [take for take in own if not placing.is_at_scene_rate(scene, take_details(take))]
        for take in late:
            placing.retime(scene, parts, take)
        return f"Placed {len(late)} take{'s' if len(late) != 1 else ''} anew for the scene's rate."


class ARTALK_OT_follow_strip(TakeOperator, bpy.types.Operator):
    """Move this take to where its sound strip was moved"""

    bl_idname = "artalk.follow_strip"
    bl_label = "Follow Strip"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why there is nothing to follow."""
        return reasons.no_following(context)

    def change(self, scene: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Move the keys."""
        shift = placing.follow_strip(scene, parts, action)
        return f"Moved the take by {shift:+.2f} frames."


class ARTALK_OT_pack_sound(TakeOperator, bpy.types.Operator):
    """Store the sound's file inside the .blend, so that this take is whole on other machines"""

    bl_idname = "artalk.pack_sound"
    bl_label = "Pack Sound"

    @classmethod
    def reason(cls, context: bpy.types.Context) -> str:
        """Return why the sound cannot be packed."""
        return reasons.no_packing(context)

    def change(self, _: bpy.types.Scene, __: RigParts, action: bpy.types.Action) -> str:
        """Pack it."""
        pack_sound(action)
        return ""


def _sources(_: bpy.types.Operator, context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    """Return what can be punched in; the list is kept, because Blender does not keep its texts."""
    global _source_items
    rig = context.scene.artalk.rig if context is not None else None
    playing = current_take(rig) if rig is not None else None
    takes = takes_of(take_details(playing).rig_id) if playing is not None else []
    others = [(take.name, take.name, "Another take of this head") for take in takes if take != playing]
    _source_items = [(RAW, "Raw Motion", "This take as the engine made it"), *others]
    return _source_items


class ARTALK_OT_punch_in(TakeOperator, bpy.types.Operator):
    """Take a passage over from another take or from the raw motion; nothing outside it changes"""

    bl_idname = "artalk.punch_in"
    bl_label = "Punch In"

    source: bpy.props.EnumProperty(name="From", description="Whose motion to take over", items=_sources)
    first: bpy.props.FloatProperty(name="First Frame", description="Where the fade to the other motion begins")
    last: bpy.props.FloatProperty(name="Last Frame", description="Where the fade back ends", default=50.0)
    fade: bpy.props.FloatProperty(name="Fade", description="Frames that each fade lasts", default=4.0, min=0.0)

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        """Ask for the passage; at first it is the preview range, or else the second around the playhead."""
        scene = context.scene
        here, reach = scene.frame_current_final, 0.5 * scene.render.fps / scene.render.fps_base
        self.first, self.last = here - reach, here + reach
        if scene.use_preview_range:
            self.first, self.last = scene.frame_preview_start, scene.frame_preview_end
        return context.window_manager.invoke_props_dialog(self)

    def change(self, _: bpy.types.Scene, parts: RigParts, action: bpy.types.Action) -> str:
        """Blend the passage in."""
        source = action if self.source == RAW else bpy.data.actions.get(self.source)
        if source is None:
            raise TakeError("The other take is gone.", "Choose another one.")
        punch_in(parts, action, source, Passage(self.first, self.last, self.fade))
        return ""


CLASSES = (
    ARTALK_OT_push_take,
    ARTALK_OT_restore_take,
    ARTALK_OT_whole_frames,
    ARTALK_OT_retime_takes,
    ARTALK_OT_follow_strip,
    ARTALK_OT_pack_sound,
    ARTALK_OT_punch_in,
)
