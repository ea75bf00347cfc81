"""The demo's part in the engine's environment: measures, film and contact sheet.

    demo_engine.py measure MOTION.npz OUT.npz --every 10
    demo_engine.py film FOLDER MEASURED.npz AUDIO OUT.mp4 OUT.webp CONTACT_SHEET.png

Both are called by ``demo.py``, which has no PyTorch beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib import image
from numpy.typing import NDArray

from artalk_engine.assets import assets_folder
from artalk_engine.audio.waveform import load_waveform
from artalk_engine.config import SAMPLE_RATE_HZ
from artalk_engine.errors import EngineError
from artalk_engine.render.animation import write_webp
from artalk_engine.render.video import write_video
from bridge.motion import EXPRESSION, FPS, GLOBAL_ORIENT, JAW_POSE
from bridge.motion_file import load_motion

COLUMNS, ROWS = 5, 3
STEP = 160  # samples in each step of the drawn loudness: ten milliseconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 1 if it failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    measuring = commands.add_parser("measure", help="FLAME's vertices, and the openings of mouth and eyes")
    measuring.add_argument("motion", type=Path)
    measuring.add_argument("out", type=Path)
    measuring.add_argument("--every", type=int, default=10, help="frames between two sets of vertices")
    measuring.set_defaults(run=measure)
    filming = commands.add_parser("film", help="pictures and sound as a film, for web pages, and as a contact sheet")
    for name in ("pictures", "measured", "audio", "out", "animation", "sheet"):
        filming.add_argument(name, type=Path)
    filming.set_defaults(run=film)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except EngineError as exc:
        sys.stderr.write(f"error: {exc} {exc.remedy}\n")
        return 1
    return 0


def measure(options: argparse.Namespace) -> None:
    """Pose the engine's own FLAME model by a motion.

    Writes ``frames [N]``, their ``vertices [N, V, 3]`` in metres, and ``mouth_mm [T]`` and
    ``eyes_mm [T]``, the gaps between the lips and between the lids.
    """
    import torch

    from artalk_engine.face.flame import FLAMEModel

    motion = torch.from_numpy(load_motion(options.motion).motion)
    model = FLAMEModel()
    with np.load(assets_folder() / "head.npz") as head:
        lips, lids = head["lip_seam"], head["lid_seam"]  # [2, 29], [2, 2, 15]
    mouth, eyes, sets = [], [], []
    with torch.inference_mode():
        for start in range(0, len(motion), 250):
            part = motion[start : start + 250]
            pose = torch.cat([part[:, GLOBAL_ORIENT], part[:, JAW_POSE]], dim=1)
            vertices = model(torch.zeros(len(part), 300), part[:, EXPRESSION], pose).numpy()
            mouth.append(_gap_mm(vertices, lips[0], lips[1]))
            eyes.append(np.minimum(*(_gap_mm(vertices, upper, lower) for upper, lower in lids)))
            sets.append(vertices[-start % options.every :: options.every])
    np.savez(
        options.out,
        frames=np.arange(0, len(motion), options.every),
        vertices=np.concatenate(sets),
        mouth_mm=np.concatenate(mouth),
        eyes_mm=np.concatenate(eyes),
    )


def _gap_mm(vertices: NDArray[np.float32], upper: NDArray[np.int32], lower: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the widest distance of opposite vertices ``[T]``."""
    gaps = np.linalg.norm(vertices[:, upper] - vertices[:, lower], axis=-1)
    return np.asarray(gaps.max(axis=-1) * 1000.0)


def film(options: argparse.Namespace) -> None:
    """Join pictures and sound, write the pictures alone for web pages, and lay some of them out on a sheet."""
    paths = sorted(options.pictures.glob("*.png"))
    write_video(options.out, map(_picture, paths), FPS, options.audio)
    write_webp(options.animation, map(_picture, paths), Fraction(FPS))
    with np.load(options.measured) as measured:
        openings = {"mouth": measured["mouth_mm"], "eyes": measured["eyes_mm"]}
    draw_contact_sheet(options.sheet, paths, load_waveform(options.audio), openings)


def _picture(path: Path) -> NDArray[np.uint8]:
    return np.asarray(np.rint(image.imread(path)[..., :3] * 255.0), np.uint8)


def draw_contact_sheet(
    out: Path, paths: list[Path], waveform: NDArray[np.float32], openings: Mapping[str, NDArray[np.float32]]
) -> None:
    """Draw pictures at even distances, and below them the sound and what opens and closes.

    Args:
        out: picture to write.
        paths: the pictures of all frames.
        waveform: the speech, mono.
        openings: millimetres ``[T]`` by name; each picture is marked on the first.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    chosen = np.unique(np.linspace(0, len(paths) - 1, COLUMNS * ROWS).round().astype(int))
    figure = plt.figure(figsize=(15, 11.5), layout="constrained")
    grid = figure.add_gridspec(ROWS + 1, COLUMNS, height_ratios=[1.0] * ROWS + [0.7])
    for place, number in enumerate(chosen):
        axes = figure.add_subplot(grid[place // COLUMNS, place % COLUMNS])
        axes.imshow(_picture(paths[number]))
        axes.set_title(f"{number / FPS:.2f} s", fontsize=10)
        axes.axis("off")
    axes = figure.add_subplot(grid[ROWS, :])
    height = max(float(opening.max()) for opening in openings.values())
    loudness = np.array([np.abs(part).max() for part in np.split(waveform, range(STEP, len(waveform), STEP))])
    loudness *= height / max(float(loudness.max()), 1e-6)
    axes.fill_between(np.arange(len(loudness)) * STEP / SAMPLE_RATE_HZ, loudness, color="0.87", label="loudness")
    for colour, (name, opening) in zip(("C3", "C0"), openings.items(), strict=True):
        axes.plot(np.arange(len(opening)) / FPS, opening, color=colour, label=name)
    axes.plot(chosen / FPS, next(iter(openings.values()))[chosen], "o", color="C3", markersize=4)
    axes.set(xlabel="seconds", ylabel="opening, mm", xlim=(0, len(paths) / FPS), ylim=(0, 1.25 * height))
    axes.legend(loc="upper right", ncols=3, frameon=False)
    figure.savefig(out, dpi=100)


if __name__ == "__main__":
    sys.exit(main())
