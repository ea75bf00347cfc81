# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the engine work on a body's clip: less detail, smoother, joined with another, small to keep.

What Blender shows goes to the engine as a file, and what comes back becomes a clip of its own on the same
body, beside the one before. Like every job it keeps no Blender objects.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpy

from bridge.clip_file import load_clip, save_clip
from bridge.errors import BridgeError
from bridge.messages import ClipReady, RecodeClip, Reply
from bridge.whole_file import whole_file

from ..engine_job import EngineJob
from ..engine_process import EngineProcess
from ..errors import AddonError, BodyError
from ..notices import Notice, notice_of
from ..takes.record import TakeDetails
from .bones import body_bones
from .exporting import export_clip, whole_clip
from .importing import ImportOptions, import_clip
from .record import ClipDetails, clip_details, current_clip

ACTIONS = (
    ("detail", "Detail", "Pass the clip through the codec, with as many of its layers as are chosen"),
    ("smooth", "Smooth", "Take the jitter out with a Savitzky-Golay filter; needs no codec"),
    ("join", "Join", "Let another clip follow this one, without a jump"),
    ("compress", "Compress", "Save the clip as the codec's tokens, hundreds of times smaller"),
    ("decompress", "Decompress", "Make a clip from a file of tokens"),
)
WITH_FILE = ("join", "compress", "decompress")  # actions that need the name of a second file


@dataclass(frozen=True)
class RecodeOrder:
    """What to do with which body's clip.

    Attributes:
        body_uid: session identifier of the armature object.
        scene_uid: session identifier of the scene.
        action: name of one of ``ACTIONS``.
        file: the clip that follows, or the file of tokens to write or read.
        layers: of the codec to listen to; 0 for all.
        smooth: smooth what comes out of the codec.
        checkpoint: the codec's weights, ``None`` for the demonstration.
        device: what the engine shall compute on.
    """

    body_uid: int
    scene_uid: int
    action: str
    file: Path | None = None
    layers: int = 0
    smooth: bool = False
    checkpoint: Path | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.action in WITH_FILE and self.file is None:
            raise BodyError("No file is chosen.", "Choose a file.")


class RecodeJob(EngineJob):
    """One clip in the engine's hands."""

    def __init__(self, order: RecodeOrder, engine: EngineProcess) -> None:
        """Write the body's motion into a file; nothing is asked of the engine yet.

        Args:
            order: what to do.
            engine: need not run yet.

        Raises:
            AddonError: if the body cannot be used.
            BridgeError: if the file cannot be written.
        """
        super().__init__(engine)
        self.has_changed_file = False
        self._order = order
        self._folder = tempfile.TemporaryDirectory(prefix="artalk-clip-")
        self._source = Path(self._folder.name) / "clip.npz"
        self._result = Path(self._folder.name) / "result.npz"
        scene, rig = self._find()
        playing = current_clip(rig)
        self._place = ClipDetails("clip", 1.0, 24.0) if playing is None else clip_details(playing)
        if playing is None and order.action != "decompress":
            raise BodyError(f"No clip plays on '{rig.name}'.", "Import a clip.")
        if playing is not None:
            save_clip(self._source, export_clip(scene, body_bones(rig), whole_clip(scene, rig)))

    @property
    def title(self) -> str:
        """What the job is called in the undo history."""
        return f"ARTalk: {self._label} Clip"

    def is_making(self, _: TakeDetails) -> bool:
        """Whether a take is the one that this job makes; it makes none."""
        return False

    def begin(self) -> None:
        """Ask the engine, which runs by now.

        Raises:
            BridgeError: if the engine is gone again.
        """
        order, has_clip = self._order, self._source.exists()
        other = {"join": str(order.file), "decompress": str(self._source) if has_clip else ""}
        self._request = self._engine.send(
            RecodeClip(
                path=str(order.file if order.action == "decompress" else self._source),
                out=str(self._result),
                action=order.action,
                other=other.get(order.action, ""),
                layers=order.layers,
                smooth=order.smooth,
                checkpoint=str(order.checkpoint or ""),
                device=order.device,
            )
        )

    def stop(self, reason: AddonError | BridgeError | None) -> None:
        """End the job before its time; the body keeps the clip that it has.

        Args:
            reason: what went wrong, ``None`` if the user cancelled.
        """
        if not self.is_over:
            self._engine.cancel(self._request)
            self._end(Notice("Cancelled.") if reason is None else notice_of(reason))

    def abandon(self, text: str, remedy: str) -> None:
        """End the job without touching the file, which may be another one by now."""
        self._engine.cancel(self._request)
        self._end(Notice(text, remedy, is_error=True))

    @property
    def _label(self) -> str:
        return next(label for name, label, _ in ACTIONS if name == self._order.action)

    def _accept(self, reply: Reply) -> None:
        if isinstance(reply, ClipReady):
            said = self._keep() if self._order.action == "compress" else self._show()
            self._end(Notice(" ".join([said, *_errors(reply), *reply.remarks])))
        else:
            super()._accept(reply)

    def _keep(self) -> str:
        """Put the tokens where the user wants them, whole or not at all."""
        target = self._order.file
        assert target is not None  # noqa: S101 - the order has seen to that
        tokens, clip = self._result.read_bytes(), self._source.stat().st_size
        try:
            with whole_file(target) as stream:
                stream.write(tokens)
        except OSError as exc:
            raise BodyError(f"{target} cannot be written ({exc.strerror or exc}).", "Choose another folder.") from exc
        return f"{target.name}: {_size(len(tokens))} in place of the clip's {_size(clip)}."

    def _show(self) -> str:
        """Let the body move as what came back."""
        scene, rig = self._find()
        clip = load_clip(self._result)
        name = f"{self._place.source} · {self._label.lower()}"
        options = ImportOptions(self._place.start, self._place.has_root_motion)
        done = import_clip(scene, body_bones(rig), clip, name, options)
        self.has_changed_file = True
        return f"{self._label}: {clip.seconds:.1f} s on frames {options.start:g} to {done.last:g}."

    def _end(self, outcome: Notice) -> None:
        self.fraction, self.outcome = 1.0, outcome
        self._folder.cleanup()

    def _find(self) -> tuple[bpy.types.Scene, bpy.types.Object]:
        order = self._order
        scene = next((scene for scene in bpy.data.scenes if scene.session_uid == order.scene_uid), None)
        rig = next((thing for thing in bpy.data.objects if thing.session_uid == order.body_uid), None)
        if scene is None or rig is None or rig.name not in scene.objects:
            raise BodyError("The body was deleted while its clip was being worked on.", "Add a body and try again.")
        return scene, rig


def _errors(reply: ClipReady) -> list[str]:
    if reply.error_deg is None:
        return []
    worst = "" if reply.worst_deg is None else f", {reply.worst_deg:.1f} at worst"
    return [f"Joints are {reply.error_deg:.2f} degrees off on average{worst}."]


def _size(count: int) -> str:
    """Write a number of bytes for people."""
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
