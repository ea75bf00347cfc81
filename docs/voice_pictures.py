"""Draw the pictures of the motion rule in ``docs/pictures``: what the built-in voice is taught.

python docs/voice_pictures.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from artalk_engine.motion.smoothing import smooth  # noqa: E402, once the path is known
from artalk_engine.render.camera import Camera  # noqa: E402
from artalk_engine.render.heads import load_head  # noqa: E402
from artalk_engine.render.mesh import ALBEDO, Look, RenderMesh  # noqa: E402
from artalk_engine.training import espeak  # noqa: E402
from artalk_engine.training.head_ruler import HeadRuler  # noqa: E402
from artalk_engine.training.rule import make_motion  # noqa: E402
from artalk_engine.training.speech import Speech  # noqa: E402
from artalk_engine.training.styles import STYLES  # noqa: E402
from artalk_engine.training.units import sides  # noqa: E402
from bridge.motion import FPS, GLOBAL_ORIENT  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
JPEG_QUALITY = 82
SIZE, LABEL = 190, 16  # pixels of a picture, and of the line above it
FACE, MOUTH = Camera(focal=16.0), Camera(focal=48.0)
MOUTH_SHIFT = (0.0, 0.053, -0.07)  # metres that bring the mouth to the picture's middle

Motion = NDArray[np.float32]
Pictures = NDArray[np.uint8]


def draw(motion: Motion, camera: Camera, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Pictures:
    """Draw frames ``[T, 106]`` of the built-in head, ``[T, H, W, 3]``."""
    head = load_head("builtin", None)
    vertices = head.vertices(motion) + torch.tensor(shift)
    look = Look(colours=head.colours if head.colours is not None else (ALBEDO,), camera=camera, antialias=2)
    return RenderMesh(SIZE, head.flame.get_faces(), look=look).pictures(vertices)


def write_sheet(pictures: Pictures, labels: list[str], columns: int, path: Path) -> None:
    """Lay labelled pictures out in rows."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * SIZE, rows * (SIZE + LABEL)), "white")
    pen = ImageDraw.Draw(sheet)
    for k, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = k % columns * SIZE, k // columns * (SIZE + LABEL)
        sheet.paste(Image.fromarray(picture), (x, y + LABEL))
        pen.text((x + 3, y + 2), label, fill="black")
    sheet.save(path, quality=JPEG_QUALITY)


def draw_styles(path: Path) -> None:
    """Draw one sentence in each style, a row each."""
    speech = espeak.speak("But why? I never wanted to go!", espeak.EspeakVoice())
    frames = np.linspace(3, len(speech.waveform) // 640 - 4, 7).astype(int)
    rows = []
    for style in STYLES:
        motion = smooth(make_motion(speech.phones, speech.waveform, style, seed=0))
        motion[:, list(sides("blink"))] = 0.0  # the engine adds them, by the seed
        rows.append(draw(motion[frames], FACE))
    labels = [f"{style}  {frame / FPS:.2f} s" for style in STYLES for frame in frames]
    write_sheet(np.concatenate(rows), labels, len(frames), path)


def draw_closure(path: Path) -> None:
    """Draw a closure frame by frame, with the sound and the gap between the lips."""
    speech = espeak.speak("A spa party.", espeak.EspeakVoice())
    motion = smooth(make_motion(speech.phones, speech.waveform, "neutral", seed=0))
    motion[:, GLOBAL_ORIENT] = 0.0
    gaps = HeadRuler.load().measure(motion).lip_gap
    last_p = [phone for phone in speech.phones if phone.symbol == "p"][-1]
    middle = round(last_p.start_s * FPS)
    frames = range(middle - 5, middle + 9)
    labels = [f"{sounding(speech, frame / FPS)}  {gaps[frame]:.1f} mm" for frame in frames]
    write_sheet(draw(motion[list(frames)], MOUTH, MOUTH_SHIFT), labels, 7, path)


def sounding(speech: Speech, time_s: float) -> str:
    """Name the sound at a time."""
    return next((phone.symbol for phone in speech.phones if phone.start_s <= time_s < phone.end_s), "-")


if __name__ == "__main__":
    draw_styles(FOLDER / "voice_styles.jpg")
    draw_closure(FOLDER / "voice_closure.jpg")
