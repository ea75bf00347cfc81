"""What a user waits for: switching the add-on on, drawing the panels, the first keys, a cancel, and Blender itself.

    ARTALK_ENGINE_PYTHON=ENGINE'S-PYTHON PYTHON-WITH-BPY benchmarks/interface.py [enable redraw generate cancel]

Medians with the worst beside them, in milliseconds: what passed, and what the processor did for Blender's own thread,
which says more on a machine that is busy with other things. Background Blender draws nothing: panels are drawn into a
layout that keeps nothing but asks, as Blender does, buttons whether they can be pressed and sliders for their values:
that is the add-on's own share of a redraw. Blender's undo step, of which a take is one, is measured by itself and
beside the one that Blender makes of the same keys when they were copied by hand.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import blender_addon
from blender_addon import jobs, looks, panels
from blender_addon.operators.generate import order_of
from blender_addon.preferences import engine_python
from blender_addon.rig.parts import rig_parts
from blender_addon.takes.record import takes_of
from blender_addon.takes.take import remove_take

ENABLE = """
import time, sys
import bpy, numpy
sys.path.insert(0, sys.argv[-1])
start, worked = time.perf_counter(), time.thread_time()
import blender_addon
blender_addon.register()
taken = time.perf_counter() - start, time.thread_time() - worked
from blender_addon.engine_process import engine
print("RESULT", *taken, engine.is_running, flush=True)
import os
os._exit(0)
"""
LENGTHS_S = {10: 3, 60: 3, 600: 1}  # of speech, and how often
OBJECTS = 2000  # in a scene with more than a head
PARTS = ("enable", "redraw", "generate", "cancel")
PANELS = [panel for panel in panels.CLASSES if issubclass(panel, bpy.types.Panel)]


def main() -> None:
    """Measure and print."""
    parts = sys.argv[1:] or PARTS
    print(f"Blender {bpy.app.version_string}{'':34}median      worst   processor: median      worst     asked, ms")
    if "enable" in parts:
        _measure_enabling()
    blender_addon.register()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if "redraw" in parts:
        _measure_redraw("an empty scene")
    bpy.ops.artalk.create_head()
    with tempfile.TemporaryDirectory() as folder:
        if "generate" in parts:
            _generate(_speech(Path(folder), 10))  # starts the engine
            for seconds, times in LENGTHS_S.items():
                _measure_generating(_speech(Path(folder), seconds), seconds, times)
            bpy.context.scene.artalk.on_whole_frames = True
            _measure_generating(_speech(Path(folder), 60), 60, 2, " on whole frames")
            bpy.context.scene.artalk.on_whole_frames = False
        if "redraw" in parts:
            _measure_redraw("a head with a take" if "generate" in parts else "a head")
            for number in range(OBJECTS):
                bpy.context.collection.objects.link(bpy.data.objects.new(f"Thing {number}", None))
            _measure_redraw(f"and {OBJECTS} objects")
        if "cancel" in parts:
            _measure_cancelling(_speech(Path(folder), 60))
    jobs.stop_all()
    sys.stdout.flush()
    os._exit(0)  # some builds wait on their way out


@dataclass
class Taken:
    """How long something took, each time.

    Attributes:
        waited: seconds.
        worked: of them, the processor's for this thread.
    """

    waited: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    @contextmanager
    def once(self) -> Iterator[Taken]:
        """Measure what is done inside."""
        start, worked = time.perf_counter(), time.thread_time()
        yield self
        self.waited.append(time.perf_counter() - start)
        self.worked.append(time.thread_time() - worked)


def _measure_enabling() -> None:
    """Switch the add-on on in fresh Blenders; the first one has to compile it."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        variables["PYTHONPYCACHEPREFIX"] = folder
        first, *others = [_enabled(variables) for _ in range(6)]
    _print("switch the add-on on for the first time", Taken([first[0]], [first[1]]), 500)
    taken = Taken([waited for waited, _ in others], [worked for _, worked in others])
    _print("switch the add-on on; no engine starts", taken, 200)


def _enabled(variables: dict[str, str]) -> tuple[float, float]:
    command = [sys.executable, "-c", ENABLE, str(ROOT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout
    _, waited, worked, is_running = next(line for line in said.splitlines() if line.startswith("RESULT")).split()
    if is_running != "False":
        raise SystemExit("an engine was started")
    return float(waited), float(worked)


def _measure_redraw(what: str) -> None:
    """Draw the tab as it is at first, and as if every panel were open."""
    at_first = [panel for panel in PANELS if "DEFAULT_CLOSED" not in getattr(panel, "bl_options", ())]
    context, look = _Sidebar(), Taken()
    with Taken().once() as first:
        _draw(PANELS, context)
    if what != "an empty scene":
        _print(f"first redraw of all panels, {what}", first, 20)
    looks.LOOK_S, usual_s = -1.0, looks.LOOK_S
    for _ in range(3):  # what panels show of a take is looked for beside them
        _draw(PANELS, context)
        is_under_way = True
        while is_under_way:
            with look.once():
                is_under_way = looks.tick() is not None
    looks.LOOK_S = usual_s
    if max(look.waited) > 0.001:
        _print(f"Blender held up by a look for panels, {what}", look, 20)
    for name, panels_open in (("the tab", at_first), ("all panels open", PANELS)):
        taken = Taken()
        for _ in range(50):
            with taken.once():
                _draw(panels_open, context)
        _print(f"redraw of {name}, {what}", taken, 2)


def _draw(panels_open: list[type], context: _Sidebar) -> None:
    shown: set[str] = set()
    for panel in panels_open:
        parent = getattr(panel, "bl_parent_id", "")
        if (not parent or parent in shown) and (not hasattr(panel, "poll") or panel.poll(context)):
            shown.add(panel.__name__)
            panel.draw(_as_drawn(panel), context)


@functools.cache  # which is no work of the add-on's
def _as_drawn(panel: type) -> _Drawn:
    """Return a panel with its own methods, and a layout that keeps nothing."""
    own = {name: each for name, each in vars(panel).items() if callable(each) and not name.startswith("__")}
    return type("Drawn", (_Drawn,), own)()


def _measure_generating(sound: Path, seconds: int, times: int, how: str = "") -> None:
    """Let the timer's ticks be as in Blender, and look how long each one holds it up."""
    all_begun, all_ticks, all_first, undos, by_hand = Taken(), Taken(), Taken(), Taken(), Taken()
    for _ in range(times):
        for take in takes_of(rig_parts(bpy.context.scene.artalk.rig).rig_id):
            remove_take(take)
        bpy.ops.ed.undo_push(message="nothing")
        begun, ticks, first_s, undo = _generate(sound)
        for taken, more in ((all_begun, begun), (all_ticks, ticks), (undos, undo)):
            taken.waited += more.waited
            taken.worked += more.worked
        all_first.waited.append(first_s)
        _undo_by_hand(by_hand)
    what = f"{seconds} s of speech{how}:"
    _print(f"{what} press Generate", all_begun, 20)
    _print(f"{what} to the first keys, warm", all_first, 2000)
    _print(f"{what} Blender held up by a tick", all_ticks, 20)
    _print(f"{what} by its own undo step for the take", undos)
    _print(f"{what} the same for keys copied by hand", by_hand)


def _generate(sound: Path) -> tuple[Taken, Taken, float, Taken]:
    """Make a take; return what starting, each tick, and the undo step took, and when there were first keys."""
    bpy.context.scene.artalk.sound = str(sound)
    rig_id = rig_parts(bpy.context.scene.artalk.rig).rig_id
    begun, ticks, first_s, undo = Taken(), Taken(), 0.0, Taken()
    steps: list[str] = []
    push, jobs.push_undo = jobs.push_undo, steps.append  # the last thing that a tick does
    before, start = len(takes_of(rig_id)), time.perf_counter()
    with begun.once():
        jobs.start(order_of(bpy.context), engine_python(bpy.context))
    while jobs.current() is not None:
        with ticks.once():
            jobs.tick()
        if not first_s and len(takes_of(rig_id)) > before:
            first_s = time.perf_counter() - start
        time.sleep(jobs.TICK_S)
    jobs.push_undo = push
    for step in steps:
        with undo.once():
            push(step)
    return begun, ticks, first_s, undo


def _undo_by_hand(taken: Taken) -> None:
    """Copy the take's Actions as a user would, without the add-on, and let Blender make a step of it."""
    parts = rig_parts(bpy.context.scene.artalk.rig)
    copies = [action.copy() for action in {thing.animation_data.action for thing in (parts.rig, parts.keys)}]
    with taken.once():
        bpy.ops.ed.undo_push(message="copied by hand")
    for copy in copies:
        bpy.data.actions.remove(copy)
    bpy.ops.ed.undo_push(message="removed by hand")


def _measure_cancelling(sound: Path) -> None:
    """Cancel in the midst of a minute."""
    bpy.context.scene.artalk.sound = str(sound)
    taken = Taken()
    for share in (0.2, 0.4, 0.6):
        jobs.start(order_of(bpy.context), engine_python(bpy.context))
        while (job := jobs.current()) is not None and job.fraction < share:
            jobs.tick()
            time.sleep(jobs.TICK_S)
        with taken.once():
            jobs.cancel()
            while jobs.current() is not None:
                jobs.tick()
                time.sleep(jobs.TICK_S)
    _print("cancel", taken, 500)


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
    """A layout, and a panel that has one, which draws nothing; it asks what Blender asks for what it draws."""

    def __getattr__(self, name: str) -> object:
        return self if name == "layout" else getattr(_Drawn, f"_{name}", _Drawn._take).__get__(self)

    def __setattr__(self, name: str, value: object) -> None:
        pass

    def _take(self, *_: object, **__: object) -> _Drawn:
        return self

    def _operator(self, name: str, *_: object, **__: object) -> _Drawn:
        """Ask whether a button can be pressed."""
        module, _, function = name.partition(".")
        getattr(getattr(bpy.ops, module), function).poll()
        return self

    _operator_menu_enum = _operator

    def _prop(self, owner: bpy.types.bpy_struct, name: str, **_: object) -> _Drawn:
        """Read a value."""
        getattr(owner, name)
        return self

    def _template_list(
        self, kind: str, _: str, owner: bpy.types.bpy_struct, name: str, *where: object, **options: int
    ) -> _Drawn:
        """Choose the rows of a list and draw those that fit."""
        rows, flags, filtered = getattr(bpy.types, kind), [], list(getattr(owner, name))
        listed = type("List", (_Drawn,), {"bitflag_filter_item": 1, "filter_name": ""})()
        flags, _order = rows.filter_items(listed, bpy.context, owner, name)
        shown = [item for item, flag in zip(filtered, flags, strict=True) if flag][: options["rows"]]
        for item in shown:
            rows.draw_item(listed, bpy.context, self, owner, item, 0, *where)
        getattr(*where)
        return self


class _Sidebar:
    """The context of a sidebar of usual width."""

    class region:  # noqa: N801 - as in Blender
        width = 280

    def __getattr__(self, name: str) -> object:
        return getattr(bpy.context, name)


def _print(what: str, taken: Taken, asked_ms: float | None = None) -> None:
    line = f"  {what:56}{_both(taken.waited)}{_both(taken.worked) if taken.worked else '':>24}"
    print(line + (f"{asked_ms:10g}" if asked_ms is not None else ""), flush=True)


def _both(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:11.2f}{max(seconds) * 1000:11.2f}  "


main()
