# SPDX-License-Identifier: GPL-3.0-or-later
"""From a sound to a take: what is asked of the engine, and what becomes of its answers."""

from __future__ import annotations

import dataclasses
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from bridge.errors import BridgeError
from bridge.messages import Describe, Description, Done, Generate, MotionWindow, Reply
from bridge.motion import FPS

from .engine_job import EngineJob
from .engine_process import EngineProcess
from .errors import AddonError, EngineJobError, RigError, RigMismatchError, SoundError
from .notices import Notice, notice_of
from .rig.parts import RigParts, rig_parts
from .takes import timeline
from .takes.copies import own_id
from .takes.growing import GrowingTake
from .takes.record import Speech, TakeDetails, keep_details, take_details, take_edits, takes_of
from .takes.sound import keep_sound
from .takes.strips import place_sound
from .takes.take import new_take, next_number, remove_take
from .timing import last_scene_frame

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What to generate and for whom.

    Attributes:
        rig_uid: session identifier of the armature object.
        scene_uid: session identifier of the scene.
        speech: what to ask the engine for.
        start: scene frame of the first motion frame; may lie between frames.
        device: what the engine shall compute on.
        on_whole_frames: place keys on whole scene frames.
        should_pack: put the sound's file into the .blend; ``None`` means if it is small.
        should_sync: let playback follow the sound.
    """

    rig_uid: int
    scene_uid: int
    speech: Speech
    start: float
    device: str = "auto"
    on_whole_frames: bool = False
    should_pack: bool | None = None
    should_sync: bool = True


class GenerateJob(EngineJob):
    """One take in the making."""

    def __init__(self, order: Order, engine: EngineProcess) -> None:
        """Check the order; nothing is asked of the engine yet.

        Args:
            order: what to generate.
            engine: need not run yet.

        Raises:
            AddonError: if the rig or the sound cannot be used.
        """
        super().__init__(engine)
        self._order = order
        self._growing = GrowingTake()
        self._number = 0  # of the take, once there is one
        self._is_whole = self._is_sound_kept = self._has_sound = False
        self._is_leaving = False  # the job is over, but not all that had arrived is written
        self._first_remarks: tuple[str, ...] = ()  # before those about the take
        self._remarks: list[str] = []
        parts, _ = self._find()
        self._check_sound()
        self._rig_id = own_id(parts)
        self.label = f"{self._said()} · {parts.rig.name}"

    def begin(self) -> None:
        """Ask the engine, which runs by now, about its voice; everything else follows from its replies.

        Raises:
            BridgeError: if the engine is gone again.
        """
        self._request = self._engine.send(
            Describe(self._order.speech.model, self._order.device, self._order.speech.precision)
        )

    @property
    def has_changed_file(self) -> bool:
        """Whether there is a take of this job."""
        return self._number > 0

    @property
    def has_pending_work(self) -> bool:
        """Whether keys are still to be written."""
        if self.is_over:
            return self._is_leaving
        return self._is_whole or self._growing.is_due or self._lacks_sound

    @property
    def title(self) -> str:
        """What the job is called in the undo history."""
        return f"ARTalk: Generate Take {self._number}"

    def is_making(self, details: TakeDetails) -> bool:
        """Whether a take is the one that this job makes."""
        return (details.rig_id, details.number) == (self._rig_id, self._number)

    @property
    def has_take(self) -> bool:
        """Whether the job's take is in the file; an undo may have taken it away."""
        return self._take() is not None

    def work(self, budget_s: float) -> None:
        """Write some of what has arrived; what has not taken long yet goes first.

        Args:
            budget_s: begin nothing further after this many seconds.
        """
        if not self.has_pending_work:
            return
        if self.is_over:
            self._leave(budget_s)
            return
        try:
            if self._growing.is_due or (self._is_whole and self._growing.written < self._growing.arrived):
                self._write(budget_s)
            elif self._lacks_sound:
                self._add_sound()
            else:
                self._conclude(budget_s)
        except AddonError as exc:
            self.fail(exc)

    def settle(self) -> None:
        """Bring all curves to one length, whatever time that takes; of a job that is over, to their end."""
        while self.is_over and self._is_leaving:
            self._leave(float("inf"))
        try:
            while not self.is_over and self._growing.is_under_way:
                self._write(float("inf"))
        except AddonError as exc:
            self.fail(exc)

    def stop(self, reason: AddonError | BridgeError | None) -> None:
        """End the job before its time and keep what has arrived, as a take that is marked incomplete.

        The job is over at once; what is not written yet is left to :meth:`work`, or to :meth:`settle`.

        Args:
            reason: what went wrong, ``None`` if the user cancelled.
        """
        if self.is_over:
            return
        self._engine.cancel(self._request)
        try:
            self._claim_take()
        except AddonError as exc:
            self.error = reason = exc
            self._discard()
        self._is_leaving = self._number > 0
        self._is_whole = self._is_whole and reason is None  # cancelled too late
        notice = Notice("Cancelled.") if reason is None else notice_of(reason)
        if self._is_whole:
            notice = Notice(self._made)
        elif self._number:
            kept = f"The first {self._growing.arrived / FPS:.1f} s are kept as take {self._number}."
            notice = replace(notice, text=f"{notice.text} {kept}")
        self.outcome = notice

    def abandon(self, text: str, remedy: str) -> None:
        """End the job without touching the file, which may be another one by now.

        Args:
            text: what to tell the user.
            remedy: what the user can do.
        """
        self._engine.cancel(self._request)
        self._is_leaving = False
        self.outcome = Notice(text, remedy, is_error=True)

    def _accept(self, reply: Reply) -> None:
        if isinstance(reply, Description):
            self._ask_for_motion(reply)
        elif isinstance(reply, MotionWindow):
            self._add(reply)
        elif isinstance(reply, Done):
            self._finish(reply)
        else:
            super()._accept(reply)

    def _check_sound(self) -> None:
        if not Path(self._order.speech.audio).is_file():
            raise SoundError(f"There is no sound file {self._order.speech.audio}.", "Choose a sound file.")

    def _ask_for_motion(self, voice: Description) -> None:
        if self.is_cancelled:
            self.stop(None)
            return
        parts, _ = self._find()
        if voice.rig != parts.kind:
            raise RigMismatchError(parts.rig.name, parts.kind, voice.rig)
        speech = self._order.speech
        if speech.style and speech.style not in voice.styles:
            known = ", ".join(voice.styles) or "none"
            raise AddonError(f"The voice has no style '{speech.style}'.", f"Choose another style; it has: {known}.")
        self._request = self._engine.send(Generate(**dataclasses.asdict(speech), device=self._order.device))

    def _add(self, window: MotionWindow) -> None:
        if window.first_frame != self._growing.arrived:
            text = f"The engine sent frame {window.first_frame} where frame {self._growing.arrived} was due."
            raise EngineJobError("order", text, "Generate again.")
        self._growing.add(window.motion)

    def _finish(self, done: Done) -> None:
        """Nothing more arrives; what has arrived is still to be written."""
        arrived = self._growing.arrived
        if done.frames != arrived or not arrived:
            text = f"The engine announced {done.frames} frames of motion and sent {arrived}."
            raise EngineJobError("order", text, "Generate again.")
        self._is_whole, self.stage, self.fraction = True, "Writing keys", 1.0

    def _conclude(self, _: float) -> None:
        """Say what came of it, now or at the next tick; every key is written."""
        action = self._take()
        if action is None:  # an undo took it away just now
            self._growing.begin_anew()
            return
        keep_details(action, replace(take_details(action), is_complete=True))
        self.outcome = Notice(" ".join([self._made, *self._remarks]))

    @property
    def _made(self) -> str:
        return f"Take {self._number}: {self._growing.arrived / FPS:.1f} s of motion."

    @property
    def _lacks_sound(self) -> bool:
        return self._number > 0 and not self._has_sound and self._growing.written > 0

    def _claim_take(self) -> None:
        """See to it that there is a take for what has arrived."""
        if self._growing.arrived:
            self._find()
            while not self.has_take:
                self._write(0.0)

    def _leave(self, budget_s: float) -> None:
        """Go on writing what had arrived when the job ended; a take that is gone by now was undone, or deleted."""
        try:
            action = self._take()
            if action is None:
                self._number, self._is_leaving = 0, False
            elif self._growing.written < self._growing.arrived:
                self._write(budget_s)
            elif self._lacks_sound:
                self._add_sound()
            else:
                self._is_leaving = False
                if self._is_whole:
                    keep_details(action, replace(take_details(action), is_complete=True))
        except AddonError:  # the head is gone; what came of the job has been said
            log.info("take %d cannot be written to its end", self._number, exc_info=True)
            self._is_leaving = False
            self._discard()

    def _write(self, budget_s: float) -> None:
        """Go on writing into the take; add it if need be."""
        deadline = time.monotonic() + budget_s
        parts, scene = self._find()
        details = self._details(parts, scene)
        is_waited_for = not self._number  # the first keys; there are few of them
        if not ((is_waited_for and not details.on_whole_frames) or self._growing.convert(parts, details, budget_s)):
            return
        action = self._take()
        if action is None:
            action = self._new_take(parts, scene)
            details = self._details(parts, scene)
        self._growing.write(parts, action, details, deadline - time.monotonic())
        timeline.make_room(scene, last_scene_frame(self._growing.arrived, details.rate_hz, details.start))

    def _details(self, parts: RigParts, scene: bpy.types.Scene) -> TakeDetails:
        """Return how the take is made, as far as it is."""
        action = self._take()
        return TakeDetails(
            rig_id=self._rig_id,
            rig_kind=parts.kind,
            number=self._number,
            speech=self._order.speech,
            start=self._order.start,
            rate_hz=timeline.rate_of(scene),
            on_whole_frames=self._order.on_whole_frames,
            engine_version=self._engine.version,
            is_complete=False,
            edits=take_edits(action) if action is not None else {},
        )

    def _new_take(self, parts: RigParts, scene: bpy.types.Scene) -> bpy.types.Action:
        """Add the take; again after an undo, as if nothing had been written."""
        self._growing.begin_anew()
        self._rig_id, self._is_sound_kept, self._has_sound = own_id(parts), False, False
        self._number = next_number(self._rig_id)
        action, moved = new_take(parts, self._number, timeline.frame_range(scene))
        self._remarks = [*self._first_remarks, parts.shortfall] if parts.shortfall else [*self._first_remarks]
        self._remarks += [f"Your animation '{name}' now plays from an NLA track below the take." for name in moved]
        return action

    def _add_sound(self) -> None:
        """Keep the sound with the take, and at the next tick let it be heard; Blender reads the file each time."""
        _, scene = self._find()
        action, order = self._take(), self._order
        if action is not None and not self._is_sound_kept:
            self._is_sound_kept = True
            keep_sound(action, Path(order.speech.audio), order.should_pack)
            return
        self._has_sound = True
        if action is None:
            return
        try:
            place_sound(scene, action, order.should_sync)
        except SoundError as exc:
            self._remarks.append(str(exc))

    def _take(self) -> bpy.types.Action | None:
        """Return the job's take; there is none before the first frames, and again after an undo."""
        takes = ((take, take_details(take)) for take in takes_of(self._rig_id))
        return next((take for take, details in takes if self.is_making(details) and not details.is_complete), None)

    def _discard(self) -> None:
        """Leave nothing behind: a take whose rig is gone is of no use."""
        action = self._take()
        if action is not None:
            remove_take(action)
        self._number = 0

    def _said(self) -> str:
        """Return what is spoken, in a word or two."""
        return Path(self._order.speech.audio).name

    def _find(self) -> tuple[RigParts, bpy.types.Scene]:
        order = self._order
        scene = next((scene for scene in bpy.data.scenes if scene.session_uid == order.scene_uid), None)
        rig = next((thing for thing in bpy.data.objects if thing.session_uid == order.rig_uid), None)
        if scene is None or rig is None or rig.name not in scene.objects:
            raise RigError("The head was deleted while its take was being generated.", "Create a head and try again.")
        return rig_parts(rig), scene
