# SPDX-License-Identifier: GPL-3.0-or-later
"""One preview: keeps the pictures of the take that plays, and has the missing ones drawn around the playhead.

curves ─► rows ─► stamps ─► wishes ─► engine ─► file in memory ─► the playhead's picture

A session holds names and numbers only, and works the same for a window's timer and for a script.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.errors import BridgeError, PictureMapError
from bridge.messages import MESH, QUALITIES, Done, Failed, Frame, Log, Preview, Progress, Reply
from bridge.picture_map import MapShape, PictureMap

from ..engine_process import EngineProcess
from ..errors import PreviewError
from ..rig.parts import rig_parts
from ..takes.take import current_take
from ..takes.timeline import rate_of
from .portrayal import Sitter, sitter_of, temporary_file, write_rows
from .sampling import TakeSampler
from .wishes import Slots, Stamps, Wishes, by_urgency, stamps_of

SAMPLING_S = 0.002  # of the main thread a tick
OVERTAKE_S = 0.08  # between two changes of mind
SOON = 4  # pictures that come so soon that nothing overtakes them
LOST_LIMIT = 3  # engines that may end while they draw, without a picture in between
ROOM_SHARE = 0.5  # of the free room on the disk that pictures may take

Pixels = NDArray[np.uint8]


class PreviewSession:
    """The pictures of a scene's head.

    Attributes:
        stage: what the engine is doing before the first picture, ``""`` while it draws.
        remark: what to know about the pictures, such as why they show the mesh and no avatar; ``""`` for nothing.
        problem: why nothing can be drawn, ``""`` if it can.
    """

    def __init__(self, engine: EngineProcess, memory_bytes: int) -> None:
        """Prepare; nothing is asked for yet.

        Args:
            engine: need not run.
            memory_bytes: how much room the pictures may take.
        """
        self.stage = self.remark = self.problem = ""
        self._notice = ""  # what the engine says about the pictures that it was asked for last
        self._engine, self._memory = engine, memory_bytes
        self._sampler = TakeSampler()
        self._rate_hz = 25.0
        self._sitter: Sitter | None = None
        self._stamps: Stamps = np.zeros(0, np.int64)
        self._shown = -1, 0, 0  # what the stamps were made of
        self._map: PictureMap | None = None
        self._slots = Slots(0)
        self._file: Path | None = None
        self._written = -1  # version of the rows in the file
        self._job, self._starts = 0, 0  # the open request, and of which engine
        self._asked_of: Sitter | None = None
        self._next: set[int] = set()  # stamps of the pictures that are drawn first
        self._asked_at, self._lost = 0.0, 0
        self._satisfied: tuple[object, ...] = ()  # what was wanted when nothing more could be
        self._refused: dict[str, str] = {}  # avatars that cannot be drawn, and why

    def update(self, context: bpy.types.Context, portrait: str, quality: str, budget_s: float = SAMPLING_S) -> bool:
        """Look at the take that plays, and at whom to draw.

        Args:
            context: says which scene, and whose preferences.
            portrait: ``MESH`` or an avatar.
            quality: ``"draft"`` or ``"full"``.
            budget_s: of this thread.

        Returns:
            Whether all curves have been looked at since the last time that this was so.

        Raises:
            AddonError: if there is nothing to draw.
            PictureMapError: if there is no room for pictures.
        """
        scene = context.scene
        parts = rig_parts(scene.artalk.rig)
        action = current_take(parts.rig)
        if action is None:
            raise PreviewError("No take plays.", "Choose one from the list.")
        refusal = self._refused.get(portrait, "")
        sitter = sitter_of(context, parts, MESH if refusal else portrait, quality)
        self.remark = refusal or (self._notice if sitter == self._asked_of else "")
        self._rate_hz = rate_of(scene)
        is_over = self._sampler.refresh(parts, action, budget_s)
        self._make_room(sitter)
        shown = self._sampler.version, sitter.number, round(self._rate_hz * 1000)
        if shown != self._shown and len(self._sampler.rows):
            self._shown, self.problem = shown, ""
            self._stamps = stamps_of(self._sampler.rows, shown[1] ^ shown[2], sitter.memory(self._rate_hz))
            self._slots.follow(self._stamps)
        return is_over

    @property
    def counts(self) -> tuple[int, int]:
        """How many of the take's frames have a picture, and how many frames there are."""
        return self._slots.done, len(self._stamps)

    @property
    def is_drawing(self) -> bool:
        """Whether the engine has been asked for something."""
        return self._job > 0

    def stamp(self, scene_frame: int) -> int:
        """Return what a scene frame shows, 0 before the curves are read; the ends of the take go on beyond it."""
        if not len(self._stamps):
            return 0
        return int(self._stamps[self._row(scene_frame)])

    def picture(self, scene_frame: int) -> Pixels | None:
        """Return the picture ``[H, W, 3]`` of a scene frame, ``None`` if it is not there."""
        stamp = self.stamp(scene_frame)
        slot = self._slots.slot(stamp)
        if self._map is None or slot is None or not self._slots.has(stamp):
            return None
        return self._map.read(slot, stamp)

    def ask(self, playhead: int, is_playing: bool = False) -> None:
        """Take in what was drawn, and have drawn what is missing, the playhead's picture first.

        What is asked for already goes on, unless the playhead is elsewhere by now or the take has changed. Nothing is
        asked of an engine that does not run.

        Args:
            playhead: scene frame that is looked at.
            is_playing: whether it runs forward.

        Raises:
            PictureMapError: if nothing can be written for the engine to read.
        """
        self._notice_losses()
        if self.problem or not len(self._stamps) or self._map is None:
            return
        if self._job and not self._is_overtaken(playhead):
            return
        wanted = self._shown, self._row(playhead), is_playing
        if self._slots.done == len(self._stamps) or wanted == self._satisfied:
            return
        wishes = self._slots.wishes(self._stamps, by_urgency(len(self._stamps), wanted[1], is_playing))
        self._cancel()
        if not len(wishes):
            self._satisfied = wanted  # there is room for no more
        elif self._engine.is_running:
            self._send(wishes)

    def retry(self) -> None:
        """Forget what could not be drawn, and try again."""
        self.remark = self.problem = self._notice = ""
        self._refused.clear()
        self._lost = 0

    def close(self) -> None:
        """Stop drawing, and delete the files."""
        self._drop_map()
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._file = None

    def _row(self, scene_frame: int) -> int:
        return min(max(scene_frame - self._sampler.first, 0), len(self._stamps) - 1)

    def _make_room(self, sitter: Sitter) -> None:
        """Have a file for pictures of the size that is wanted now."""
        side = QUALITIES[sitter.quality]
        self._sitter = sitter
        if self._map is not None and self._map.shape.height == side:
            return
        picture = MapShape(1, side, side).picture_bytes
        room = min(self._memory, int(shutil.disk_usage(tempfile.gettempdir()).free * ROOM_SHARE)) // picture
        if not room:
            raise PreviewError("There is no room for pictures on the disk.", "Make room for temporary files.")
        self._drop_map()
        self._map = PictureMap.create(temporary_file(uuid.uuid4().hex), MapShape(room, side, side))
        self._slots, self._satisfied = Slots(room), ()
        self._slots.follow(self._stamps)

    def _drop_map(self) -> None:
        self._cancel()
        if self._map is not None:
            self._map.remove()
            self._map = None

    def _cancel(self) -> None:
        """Want no more of what was asked for."""
        if self._job and self._starts == self._engine.starts:
            self._engine.cancel(self._job)
        self._job = 0

    def _is_overtaken(self, playhead: int) -> bool:
        """Whether something else is wanted more urgently than what is being drawn."""
        if time.monotonic() - self._asked_at < OVERTAKE_S:
            return False
        if self._written != self._sampler.version or self._asked_of != self._sitter:
            return True
        stamp = self.stamp(playhead)
        return not self._slots.has(stamp) and stamp not in self._next

    def _send(self, wishes: Wishes) -> None:
        assert self._map is not None  # noqa: S101 - whoever asks has made room
        assert self._sitter is not None  # noqa: S101
        self._write_rows()
        request = Preview(
            motion=str(self._file),
            rate_hz=self._rate_hz,
            pictures=str(self._map.path),
            frames=wishes.frames,
            slots=wishes.slots,
            stamps=wishes.stamps,
            **self._sitter.fields(),
        )
        stamps = dict(zip(wishes.frames.tolist(), wishes.stamps.tolist(), strict=True))
        asked: list[int] = []

        def listen(reply: Reply) -> None:
            self._accept(asked[0], stamps, reply)

        asked.append(self._engine.send(request, listen))
        self._job, self._starts = asked[0], self._engine.starts
        self._notice = self._notice if self._asked_of == self._sitter else ""
        self._asked_at, self._asked_of = time.monotonic(), self._sitter
        self._next = set(wishes.stamps[:SOON].tolist())

    def _write_rows(self) -> None:
        if self._written == self._sampler.version and self._file is not None:
            return
        old, self._file = self._file, temporary_file(uuid.uuid4().hex)
        try:
            write_rows(self._file, self._sampler.rows)
        except OSError as exc:
            raise PictureMapError(self._file, f"it cannot be written ({exc.strerror or exc})") from exc
        self._written = self._sampler.version
        if old is not None:
            old.unlink(missing_ok=True)

    def _accept(self, job: int, stamps: dict[int, int], reply: Reply) -> None:
        """Take in a reply, of this request or of one that was overtaken: a stamp says what a picture shows."""
        if isinstance(reply, Frame):
            self._slots.arrived(stamps.get(reply.number, 0))
            self._lost = 0
            self.stage = ""
        if job != self._job:
            return
        if isinstance(reply, Progress):
            share = f" {100 * reply.done // reply.total} %" if reply.total else ""
            self.stage = f"{reply.stage}{share}"
        elif isinstance(reply, Log):
            self.remark = self._notice = reply.text
        elif isinstance(reply, Done):
            self._job = 0
        elif isinstance(reply, Failed):
            self._job = 0
            self._fail(reply)

    def _fail(self, reply: Failed) -> None:
        """Show the mesh instead of an avatar that cannot be drawn; without a mesh there is nothing to show."""
        assert self._asked_of is not None  # noqa: S101 - what failed was asked for
        self.stage = ""
        said = f"{reply.text} {reply.remedy}".strip()
        if self._asked_of.portrait != MESH:
            self._refused[self._asked_of.portrait] = self.remark = f"The mesh is shown instead: {said}"
        else:
            self.problem = said

    def _notice_losses(self) -> None:
        """Take in what has arrived; what was asked of an engine that ended is asked anew, but not for ever."""
        try:
            self._engine.serve_listeners()
        except BridgeError as exc:
            if self._job:
                self._job = 0
                self._lost += 1
            if self._lost >= LOST_LIMIT:
                self.problem = f"{exc} {exc.remedy}"
        if self._job and self._starts != self._engine.starts:
            self._job = 0
