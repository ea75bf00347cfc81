"""Speech from flite, with the time of every phone.

The program is called, not linked: it prints each phone with the second at which it ends (``-psdur``).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from . import espeak
from .phones import Phone
from .speech import SAMPLE_RATE_HZ, Speech, gapless, to_16_khz

VOICES = ("awb", "slt", "kal16", "rms")
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class FliteVoice:
    """How flite is to speak.

    Attributes:
        name: one of ``VOICES``.
        stretch: factor on every duration; above 1 is slower.
        pitch_shift: factor on the fundamental frequency.
    """

    name: str
    stretch: float = 1.0
    pitch_shift: float = 1.0


def is_installed() -> bool:
    """Whether the program is on the search path."""
    return shutil.which("flite") is not None


def speak(text: str, voice: FliteVoice) -> Speech:
    """Speak one text; stress is carried over from espeak-ng's American transcription.

    Raises:
        ValueError: if flite is missing, fails, or prints something else than phone times.
    """
    program = shutil.which("flite")
    if program is None:
        raise ValueError("flite is not installed; install it with the system's package manager")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        command = [program, "-voice", voice.name, "-psdur", "-t", text, "-o", str(path)]
        command += ["--setf", f"duration_stretch={voice.stretch:.3f}"]
        command += ["--setf", f"f0_shift={voice.pitch_shift:.3f}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        if done.returncode != 0 or not path.is_file():
            raise ValueError(f"flite could not speak as {voice.name}: {done.stderr.strip()}")
        rate_hz, samples = wavfile.read(path)
    waveform = to_16_khz(samples.astype(np.float32) / 32768.0, int(rate_hz))
    phones = gapless(parse_times(done.stdout), len(waveform) / SAMPLE_RATE_HZ)
    return Speech(waveform, espeak.align_stress(phones, espeak.transcribe(text, espeak.EspeakVoice())))


def parse_times(printed: str) -> tuple[Phone, ...]:
    """Read ``b:0.217 aa:0.428 …``, each sound with its end in seconds.

    Raises:
        ValueError: if an entry is no sound with a time, times run backwards, or there is none at all.
    """
    phones: list[Phone] = []
    start_s = 0.0
    for entry in printed.split():
        symbol, _, end = entry.rpartition(":")
        try:
            phones.append(Phone(symbol, start_s, float(end)))
        except ValueError as exc:
            raise ValueError(f"flite printed {entry!r}, expected a phone and its end in seconds") from exc
        start_s = phones[-1].end_s
    if not phones:
        raise ValueError("flite printed no phones")
    return tuple(phones)


def installed_voices(wanted: Sequence[str] = VOICES) -> tuple[str, ...]:
    """Those of the wanted voices that this flite has; none if it is missing."""
    return tuple(name for name in wanted if name in _listed_voices())


@cache
def _listed_voices() -> tuple[str, ...]:
    program = shutil.which("flite")
    if program is None:
        return ()
    done = subprocess.run([program, "-lv"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    return tuple(done.stdout.split())
