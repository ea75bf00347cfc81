"""Pictures of a performance: curves of the mouth under the spectrogram with the phones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import EngineError
from bridge.motion import FPS

from .head_ruler import FaceCurves
from .measures import CLOSED_MM
from .phones import BILABIALS, PAUSE, Phone
from .speech import SAMPLE_RATE_HZ


def draw(
    path: Path,
    waveform: NDArray[np.float32],
    phones: Sequence[Phone],
    face: FaceCurves,
    rule_face: FaceCurves,
    title: str,
    longest_s: float = 6.0,
) -> None:
    """Draw opening and lip gap of a voice and of the rule under the spectrogram, with the phones.

    Args:
        path: the picture's file.
        waveform: ``[S]`` at 16 kHz.
        phones: in order of time.
        face: what the voice does.
        rule_face: what the rule does.
        title: stands above.
        longest_s: how much of the beginning is drawn.

    Raises:
        EngineError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EngineError("the picture needs matplotlib", "Install matplotlib, or leave --picture out.") from error
    figure = Figure(figsize=(15.0, 8.0), layout="constrained")
    sound, opening, gap = figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 1.3))
    dithered = waveform + 1e-5 * np.random.default_rng(0).standard_normal(
        len(waveform)
    )  # digital silence has no logarithm
    times = np.arange(len(face.opening)) / FPS
    length = min(longest_s, len(waveform) / SAMPLE_RATE_HZ)
    sound.specgram(dithered, NFFT=512, Fs=SAMPLE_RATE_HZ, noverlap=384, cmap="magma", vmin=-120.0)
    sound.set(title=title, ylabel="Hz", ylim=(0, 6000), xlim=(0.0, length))
    for curve, label, colour in ((rule_face, "rule", "0.55"), (face, "voice", "tab:blue")):
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
    figure.savefig(path, dpi=90)
