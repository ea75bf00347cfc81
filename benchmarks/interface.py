"""What a user waits for: switching the add-on on, drawing the panels, the first keys, a cancel, and Blender itself.

    ARTALK_ENGINE_PYTHON=ENGINE'S-PYTHON PYTHON-WITH-BPY benchmarks/interface.py

Medians, with the worst beside them, in milliseconds. Background Blender draws nothing, so panels are drawn into a
layout that keeps nothing: that is the add-on's own share of a redraw.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import blender_addon
from blender_addon import jobs, panels
from blender_addon.operators.generate import order_of
from blender_addon.preferences import engine_python
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import takes_of

ENABLE = """
import time, sys
import bpy, numpy
sys.path.insert(0, sys.argv[-1])
start = time.perf_counter()
import blender_addon
blender_addon.register()
taken = time.perf_counter() - start
from blender_addon.engine_process import engine
print("RESULT", taken, engine.is_running, flush=True)
import os
os._exit(0)
"""
LENGTHS_S = (10, 60, 600)
PANELS = [panel for panel in panels.CLASSES if issubclass(panel, bpy.types.Panel)]


def main() -> None:
    """Measure and print."""
    print(f"Blender {bpy.app.version_string}")
    _measure_enabling()
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _measure_redraw("an empty scene")
    bpy.ops.artalk.create_head()
    with tempfile.TemporaryDirectory() as folder:
        for seconds in LENGTHS_S:
            _measure_generating(_speech(Path(folder), seconds), seconds)
        _measure_redraw("a head with takes")
        _measure_cancelling(_speech(Path(folder), 60))
    jobs.stop_all()
    sys.stdout.flush()
    os._exit(0)  # some builds wait on their way out


def _measure_enabling() -> None:
    """Switch the add-on on in fresh Blenders; the first one has to compile it."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        variables["PYTHONPYCACHEPREFIX"] = folder
        first, *taken = [_enabled(variables) for _ in range(6)]
    _print("switch the add-on on for the first time", [first], 500)
    _print("switch the add-on on; no engine starts", taken, 200)


def _enabled(variables: dict[str, str]) -> float:
    command = [sys.executable, "-c", ENABLE, str(ROOT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout
    _, seconds, is_running = next(line for line in said.splitlines() if line.startswith("RESULT")).split()
    if is_running != "False":
        raise SystemExit("an engine was started")
    return float(seconds)


def _measure_redraw(what: str) -> None:
    """Draw all panels of the tab, as if every one were open."""
    context, taken = _Sidebar(), []
    for _ in range(50):
        start = time.perf_counter()
        _draw_all(context)
        taken.append(time.perf_counter() - start)
    _print(f"redraw of all panels, {what}", taken, 2)


def _draw_all(context: _Sidebar) -> None:
    shown: set[str] = set()
    for panel in PANELS:
        parent = getattr(panel, "bl_parent_id", "")
        if (not parent or parent in shown) and (not hasattr(panel, "poll") or panel.poll(context)):
            shown.add(panel.__name__)
            panel.draw(_Drawn(), context)


def _measure_generating(sound: Path, seconds: int) -> None:
    """Let the timer's ticks be as in Blender, and look how long each one holds it up."""
    scene = bpy.context.scene
    scene.artalk.sound = str(sound)
    rig_id = rig_parts(scene.artalk.rig).rig_id
    first, ticks = [], []
    for run in range(2):  # the first one may start the engine
        before, ticks = len(takes_of(rig_id)), []
        start = time.perf_counter()
        jobs.start(order_of(bpy.context), engine_python(bpy.context))
        begun = time.perf_counter() - start
        first_s = 0.0
        for tick_s in _ticks():
            ticks.append(tick_s)
            if not first_s and len(takes_of(rig_id)) > before:
                first_s = time.perf_counter() - start
        first += [first_s] if run else []
    _print(f"{seconds} s of speech: press Generate", [begun], 20)
    _print(f"{seconds} s of speech: to the first keys, warm", first, 2000)
    _print(f"{seconds} s of speech: Blender held up by a tick", ticks, 20)


def _measure_cancelling(sound: Path) -> None:
    """Cancel in the midst of a minute."""
    bpy.context.scene.artalk.sound = str(sound)
    taken = []
    for share in (0.2, 0.4, 0.6):
        jobs.start(order_of(bpy.context), engine_python(bpy.context))
        start = 0.0
        for _ in _ticks():
            job = jobs.current()
            if not start and job is not None and job.fraction >= share:
                start = time.perf_counter()
                jobs.cancel()
        taken.append(time.perf_counter() - start if start else 0.0)
    _print("cancel", taken, 500)


def _ticks() -> Iterator[float]:
    """Do what Blender's timer does until all jobs are over; the seconds that each call takes."""
    while jobs.current() is not None:
        start = time.perf_counter()
        jobs.tick()
        yield time.perf_counter() - start
        time.sleep(jobs.TICK_S)


def _speech(folder: Path, seconds: int) -> Path:
    """Write a hum with syllables."""
    path = folder / f"speech_{seconds}.wav"
    times = np.arange(16_000 * seconds) / 16_000
    samples = np.sin(times * 900) * np.clip(np.sin(times * 25), 0, 1) * 12_000
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(samples.astype("<i2").tobytes())
    return path


class _Drawn:
    """A layout, and a panel that has one, which takes everything and keeps nothing."""

    def __getattr__(self, name: str) -> object:
        return self if name in ("layout",) else self._take

    def __setattr__(self, name: str, value: object) -> None:
        pass

    def _take(self, *_: object, **__: object) -> _Drawn:
        return self


class _Sidebar:
    """The context of a sidebar of usual width."""

    class region:  # noqa: N801 - as in Blender
        width = 280

    def __getattr__(self, name: str) -> object:
        return getattr(bpy.context, name)


def _print(what: str, taken: list[float], asked_ms: float) -> None:
    typical, worst = median(taken) * 1000, max(taken) * 1000
    print(f"  {what:58}{typical:9.2f} ms   worst {worst:9.2f} ms   asked {asked_ms:g} ms", flush=True)


main()
