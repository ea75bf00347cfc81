"""Pictures of a performance: curves of the mouth under the spectrogram with the phones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import EngineError
from bridge.motion import FPS

from .head_ruler import FaceCurves
from .measures import CLOSED_MM, runs
from .phones import BILABIALS, PAUSE, Phone
from .speech import SAMPLE_RATE_HZ

HEADS = 6  # shown at most


def draw(
    path: Path,
    waveform: NDArray[np.float32],
    phones: Sequence[Phone],
    face: FaceCurves,
    rule_face: FaceCurves | None,
    title: str,
    longest_s: float = 6.0,
    motion: NDArray[np.float32] | None = None,
) -> None:
    """Draw opening and lip gap of a voice and of the rule under the spectrogram, with the phones.

    Args:
        path: the picture's file.
        waveform: ``[S]`` at 16 kHz.
        phones: in order of time.
        face: what the voice does.
        rule_face: what the rule does, if it is known.
        title: stands above.
        longest_s: how much of the beginning is drawn.
        motion: ``[T, 106]``; with it, the built-in head is shown where its lips close.

    Raises:
        EngineError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EngineError("the picture needs matplotlib", "Install matplotlib, or leave --picture out.") from error
    figure = Figure(figsize=(15.0, 8.0 if motion is None else 10.5), layout="constrained")
    parts: Any = (figure, None) if motion is None else figure.subfigures(2, 1, height_ratios=(3, 1))
    curves, heads = parts
    sound, opening, gap = curves.subplots(3, 1, sharex=True, height_ratios=(2, 2, 1.3))
    dithered = waveform + 1e-5 * np.random.default_rng(0).standard_normal(
        len(waveform)
    )  # digital silence has no logarithm
    times = np.arange(len(face.opening)) / FPS
    length = min(longest_s, len(waveform) / SAMPLE_RATE_HZ)
    sound.specgram(dithered, NFFT=512, Fs=SAMPLE_RATE_HZ, noverlap=384, cmap="magma", vmin=-120.0)
    sound.set(title=title, ylabel="Hz", ylim=(0, 6000), xlim=(0.0, length))
    drawn = ((rule_face, "rule", "0.55"), (face, "voice", "tab:blue"))
    for curve, label, colour in ((curve, label, colour) for curve, label, colour in drawn if curve is not None):
        opening.plot(times, curve.opening[: len(times)], label=label, color=colour)
        gap.plot(times, curve.lip_gap[: len(times)], label=label, color=colour, marker=".", markersize=3)
    opening.set(ylabel="opening, mm")
    opening.legend(loc="upper right")
    gap.axhline(CLOSED_MM, color="tab:red", linewidth=0.7)
    gap.set(ylabel="lip gap, mm", ylim=(-1.0, 5.0), xlabel="seconds")
    for phone in phones:
        if phone.start_s >= length or phone.symbol == PAUSE:
            continue
        middle = 0.5 * (phone.start_s + phone.end_s)
        sound.text(middle, 5500, phone.symbol, color="white", ha="center", fontsize=8, clip_on=True)
        if phone.symbol in BILABIALS:
            for axes in (opening, gap):
                axes.axvspan(phone.start_s, phone.end_s, color="tab:red", alpha=0.15)
    if heads is not None and motion is not None:
        shown = frames_at_closures(face, phones, round(length * FPS))
        places = heads.subplots(1, HEADS)
        for axes in places[len(shown) :]:
            axes.set_axis_off()
        for axes, frame, picture in zip(places, shown, _heads(motion[shown]), strict=False):
            axes.imshow(picture)
            axes.set(title=f"{frame / FPS:.2f} s, gap {face.lip_gap[frame]:.1f} mm", xticks=[], yticks=[])
    figure.savefig(path, dpi=90)


def frames_at_closures(face: FaceCurves, phones: Sequence[Phone], frames: int) -> list[int]:
    """Return up to `HEADS` frames: of each p, b and m the one with the nearest lips, or any closures without them."""
    sounds = [(p.start_s, p.end_s) for p in phones if p.symbol in BILABIALS and p.end_s * FPS < frames]
    if not sounds:
        closed = runs(face.lip_gap[:frames] <= CLOSED_MM)
        sounds = [(first / FPS, last / FPS) for first, last in closed if 0 < first <= last < frames - 1]
    wanted = sounds[:: max(1, len(sounds) // HEADS)][:HEADS]
    spans = [(max(0, round(start * FPS) - 1), min(frames, round(end * FPS) + 2)) for start, end in wanted]
    return [first + int(face.lip_gap[first:end].argmin()) for first, end in spans if end > first]


def _heads(motion: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return pictures ``[N, 320, 320, 3]`` of the built-in head."""
    from artalk_engine.config import BUILTIN_RIG  # brings PyTorch
    from artalk_engine.render.heads import load_head
    from artalk_engine.render.mesh import Look, RenderMesh

    head = load_head(BUILTIN_RIG, None)
    look = Look(antialias=2) if head.colours is None else Look(colours=head.colours, antialias=2)
    images, _ = RenderMesh(320, head.flame.get_faces(), look=look)(head.vertices(motion))
    return np.asarray(images.permute(0, 2, 3, 1).numpy().clip(0, 255), np.uint8)
