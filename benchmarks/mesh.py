"""How quickly the preview is drawn: the built-in head at 512 x 512, as films show it.

    python benchmarks/mesh.py                    medians, on all processors that this process may use
    python benchmarks/mesh.py --minutes 1 30     also the memory that films of such lengths take

Machine code is made when it is first needed and kept for the next start; both starts are measured in processes of
their own. Processor time is what all threads together took, and does not grow when others use the machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from artalk_engine.render.film import PIECE, FilmOptions, make_film
from artalk_engine.render.heads import load_head
from artalk_engine.render.mesh import Look, RenderMesh, available_threads
from bridge.motion import CHANNELS, FPS, GLOBAL_ORIENT, JAW_POSE

SIZE, BATCH, ROUNDS = 512, 16, 15
FIRST_PICTURE = """
import sys, time
sys.path.insert(0, {root!r})
import torch
from artalk_engine import RenderMesh
began = time.perf_counter()
RenderMesh(64, [[0, 1, 2]]).pictures(torch.zeros(1, 3, 3))
print(time.perf_counter() - began)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="*", default=[], help="lengths of films to measure memory of")
    parser.add_argument("--size", type=int, default=SIZE, help="side of those films")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first start, machine code is made", "next start, machine code is read"):
            print(f"{name:<44}{_first_picture(folder):8.2f} s")
        _print_speeds()
        for minutes in options.minutes:
            _print_film(Path(folder) / "film.mp4", minutes, options.size)


def _first_picture(cache: str) -> float:
    """Return the seconds until a process of its own has drawn its first picture, libraries not counted."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", FIRST_PICTURE.format(root=str(ROOT))]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def _print_speeds() -> None:
    head, motion = load_head("builtin", None), _motion(BATCH)
    vertices = head.vertices(motion)
    rows: list[tuple[str, Callable[[], object]]] = [("vertices from motion", lambda: head.vertices(motion))]
    for threads in sorted({1, available_threads()}):
        for name, look in (
            ("as ARTalk's", Look()),
            ("with colours", Look(head.colours)),
            ("with colours, antialias 2", Look(head.colours, antialias=2)),
        ):
            renderer = RenderMesh(SIZE, head.flame.get_faces(), look=look, threads=threads)
            rows.append((f"{name}, {threads} thread{'s'[: threads - 1]}", _drawing(renderer, vertices)))
    for name, action in rows:
        wall, processor = _medians(action)
        print(f"{name:<44}{BATCH / wall:8.0f} frames/s{1000 * processor / BATCH:8.2f} ms of processor time a frame")


def _drawing(renderer: RenderMesh, vertices: torch.Tensor) -> Callable[[], object]:
    return lambda: renderer.pictures(vertices)


def _medians(action: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of wall clock and processor time, in seconds."""
    action()
    taken = []
    for _ in range(ROUNDS):
        began, busy = time.perf_counter(), time.process_time()
        action()
        taken.append((time.perf_counter() - began, time.process_time() - busy))
    walls, processors = zip(*taken, strict=True)
    return median(walls), median(processors)


def _print_film(path: Path, minutes: float, size: int) -> None:
    """Film made-up motion, piece by piece; memory is the most that this process has taken so far."""
    began = time.perf_counter()
    frames = round(minutes * 60 * FPS)
    pieces: Iterator[np.ndarray] = (_motion(min(PIECE, frames - at), at) for at in range(0, frames, PIECE))
    look = FilmOptions(size, antialias=1, is_forced=True)
    made = make_film(path, pieces, load_head("builtin", None), None, look)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{f'film of {minutes:g} min, {size} x {size}':<44}{made / took:8.0f} frames/s{peak:8.0f} MiB at most so far")


def _motion(frames: int, start: int = 0) -> np.ndarray:
    """Return motion ``[T, 106]`` in which the head nods and turns, the jaw opens and the face moves."""
    seconds = (start + np.arange(frames)) / FPS
    motion = np.zeros((frames, CHANNELS), np.float32)
    motion[:, :36] = 0.3 * np.sin(seconds[:, None] * np.linspace(1, 9, 36))
    motion[:, GLOBAL_ORIENT] = 0.2 * np.sin(seconds[:, None] * [0.9, 0.6, 0.3])
    motion[:, JAW_POSE.start] = 0.15 + 0.15 * np.sin(12 * seconds)
    return motion


if __name__ == "__main__":
    main()
