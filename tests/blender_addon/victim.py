"""A Blender that works until it, or its engine, is killed; `kills.py` starts it, tells it what to do, and kills.

Commands come through standard input and news go through standard output, one line of JSON each.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import traceback
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bpy
import numpy as np

import blender_addon
from blender_addon import engine_process, jobs, scratch
from blender_addon.engine_process import engine
from blender_addon.operators.generate import order_of
from blender_addon.preferences import engine_python
from blender_addon.preview.session import PreviewSession
from blender_addon.rig.parts import RigParts, rig_parts
from blender_addon.speaking import SpeakOrder
from blender_addon.takes.record import take_details, take_motion, takes_of
from blender_addon.takes.take import current_take, remove_take
from bridge.errors import BridgeError
from bridge.motion import FPS
from tests.blender_addon.taking import curves_of

NEWS = "@@"  # Blender prints lines of its own
TICK_S = 0.002
WHOLE_S = 120.0
PICTURES = 16 << 20  # bytes
MESH, DRAFT = "mesh", "draft"


class Victim:
    """The Blender."""

    def __init__(self, blend: Path, sound: Path, is_stand_in: bool) -> None:
        self.blend, self.sound, self.is_stand_in = blend, sound, is_stand_in
        self.references: dict[str, np.ndarray] = {}
        if blend.exists():
            bpy.ops.wm.open_mainfile(filepath=str(blend))
        else:
            bpy.ops.wm.read_factory_settings(use_empty=True)
            bpy.ops.artalk.create_head()
            bpy.context.scene.artalk.sound = str(sound)
            bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)

    @property
    def parts(self) -> RigParts:
        return rig_parts(bpy.context.scene.artalk.rig)

    def obey(self, command: dict[str, object]) -> dict[str, object]:
        """Do what a line says, and return what came of it."""
        match command["do"]:
            case "check":
                return {"takes": self.check_all()}
            case "whole":
                return self.whole(str(command["job"]))
            case "round":
                return self.round(command)
        raise ValueError(command)

    def whole(self, job: str) -> dict[str, object]:
        """Make a take as a script does; nothing that happened before may show in it."""
        began = time.monotonic()
        outcome = jobs.run(self.order(job), engine_python(bpy.context))
        assert not outcome.is_error, outcome
        take = current_take(self.parts.rig)
        motion = take_motion(take)
        assert take_details(take).is_complete
        self.compare(job, motion, self.references.setdefault(job, motion))
        self.check_all()
        self.tidy()
        return {"took_s": time.monotonic() - began, "frames": len(motion)}

    def round(self, command: dict[str, object]) -> dict[str, object]:
        """Work until the job is over and some time has passed, with an open preview and a file that is saved."""
        job, lasts_s, saves_at = str(command["job"]), float(command["lasts_s"]), float(command["saves_at"])
        if command["cold"]:
            engine.close()
        before = self.digests()
        jobs.start(self.order(job), engine_python(bpy.context))
        tell({"event": "begun", "engine": engine.process_id})
        began, over_s, is_saved = time.monotonic(), 0.0, False
        session = PreviewSession(engine, PICTURES)
        while jobs.current() is not None or jobs.leaving() or time.monotonic() - began < lasts_s:
            jobs.tick()
            over_s = over_s or (0.0 if jobs.current() is not None else time.monotonic() - began)
            self.look(session)
            if not is_saved and time.monotonic() - began > saves_at:
                is_saved = True
                bpy.ops.wm.save_as_mainfile(filepath=str(self.blend), compress=False)
            time.sleep(TICK_S)
        session.close()
        made = self.check_round(before, job)
        self.check_files()
        self.tidy()
        return {"over_s": over_s, "made": made}

    def order(self, job: str) -> object:
        """Return what to make: a take of the sound, or of a text."""
        bpy.context.scene.artalk.sound = str(self.sound)
        take = order_of(bpy.context)
        return take if job == "generate" else SpeakOrder(take, "slow and steady")

    def look(self, session: PreviewSession) -> None:
        """Do what the preview's window does."""
        if current_take(self.parts.rig) is None:
            return
        with contextlib.suppress(BridgeError):
            session.update(bpy.context, MESH, DRAFT)
            session.ask(1)
        for frame in (1, 20):
            picture = session.picture(frame)
            # The tests' own engine draws every picture in one grey: one that is half of another would show.
            assert picture is None or (np.ptp(picture) == 0) == self.is_stand_in

    def digests(self) -> dict[str, bytes]:
        """What every take holds."""
        parts = self.parts
        return {
            take.name: b"".join(places.tobytes() for places in curves_of(parts, take).values())
            for take in takes_of(parts.rig_id)
        }

    def check_round(self, before: dict[str, bytes], job: str) -> str:
        """A take is whole, what had arrived, or not there; the earlier ones are as they were."""
        after = self.digests()
        assert all(after[name] == digest for name, digest in before.items())
        new = after.keys() - before.keys()
        self.check_all()
        if not new:
            return "nothing"
        (name,) = new
        motion = take_motion(bpy.data.actions[name])
        reference = self.references[job]
        is_complete = take_details(bpy.data.actions[name]).is_complete
        self.compare(job, motion, reference if is_complete else reference[: len(motion)])
        return "whole" if is_complete else "part"

    def compare(self, job: str, motion: np.ndarray, expected: np.ndarray) -> None:
        """A take is what it always is; but espeak-ng, in one process, never says a text twice in quite the same way."""
        if job == "speak" and not self.is_stand_in:
            assert abs(len(motion) - len(expected)) <= 1, (len(motion), len(expected))
            return
        assert np.array_equal(motion, expected), (job, motion.shape, expected.shape)

    def check_all(self) -> int:
        """All curves of a take reach as far as its motion; returns how many takes there are."""
        parts = self.parts
        for take in (takes := takes_of(parts.rig_id)):
            details, motion = take_details(take), take_motion(take)
            assert len(motion) > 0
            assert np.isfinite(motion).all()
            frames = details.start + np.arange(len(motion)) * details.rate_hz / FPS
            for name, places in curves_of(parts, take).items():
                assert np.isfinite(places).all()
                is_still = (places[:, 1] == places[0, 1]).all()
                keyed = frames[[0, -1]] if is_still else frames
                assert len(places) == len(keyed), (take.name, name, len(places), len(keyed), details.is_complete)
                assert np.allclose(places[:, 0], keyed, atol=1e-2)
        return len(takes)

    def check_files(self) -> None:
        """No file is unfinished, and the temporary ones are those of the engine that runs."""
        for path in self.blend.parent.iterdir():
            # A file with an @ is Blender's own, of a Blender that was killed while it saved.
            assert path.suffix in (".blend", ".blend1", ".blend@", ".wav"), path
            if path.suffix == ".wav":
                with wave.open(str(path)) as sound:
                    assert sound.getnframes() > 0
        left = {path.name for path in scratch.folder().iterdir()}
        assert left <= {"in-use", "engine.log", "engine.log.old"}, left

    def tidy(self) -> None:
        """Keep the file small, and let the last take play."""
        for take in takes_of(self.parts.rig_id)[1:]:
            remove_take(take)
        for path in self.blend.parent.glob("slow_and*.wav"):
            path.unlink()


def tell(news: dict[str, object]) -> None:
    """Write a line for whoever watches."""
    sys.stdout.write(f"{NEWS}{json.dumps(news)}\n")
    sys.stdout.flush()


def main(blend: str, sound: str, root: str) -> None:
    """Live.

    Args:
        blend: the file to work in; made if it is not there.
        sound: what to speak.
        root: of another engine than the real one, ``""`` for that.
    """
    if root:
        engine_process.engine_root = lambda: Path(root)
    blender_addon.register()
    victim = Victim(Path(blend), Path(sound), bool(root))
    tell({"event": "ready", "takes": victim.check_all()})
    for line in sys.stdin:
        try:
            tell({"event": "done", **victim.obey(json.loads(line))})
        except Exception:
            tell({"event": "failed", "why": traceback.format_exc()})
            break
    blender_addon.unregister()
    scratch.remove()


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # as a module Blender may wait for ever for its sound device
