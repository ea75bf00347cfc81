"""What may sound besides the speaker, made from nothing: music, other people, hum, knocks and breaths.

Every function returns a waveform ``[S]`` float32 at 16 kHz with a root mean square of one, or silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import butter, sosfilt

from .speech import SAMPLE_RATE_HZ

Waveform = NDArray[np.float32]

_FORMANTS_HZ = (550.0, 1550.0, 2600.0, 3600.0, 4600.0, 5600.0, 6600.0)  # about those of a tube of 17 cm, open in front
_SCALES = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7))


def coloured(samples: int, rng: np.random.Generator) -> Waveform:
    """Noise whose spectrum falls by 0 to 6 dB an octave."""
    length = next_fast_len(max(1, samples), real=True)  # a prime number of samples takes many times as long
    spectrum = rfft(rng.standard_normal(length))
    spectrum /= np.maximum(1.0, np.arange(len(spectrum))) ** rng.uniform(0.0, 1.0)
    return unit(irfft(spectrum, length)[:samples])


def music(samples: int, rng: np.random.Generator) -> Waveform:
    """Chords that change with a beat, plucked or held, with a bass and a hiss on every beat."""
    beat = int(rng.uniform(0.25, 0.7) * SAMPLE_RATE_HZ)
    falloff, decay_s = rng.uniform(0.4, 0.85), float(rng.choice([0.15, 0.4, 5.0]))
    times_s = np.arange(beat) / SAMPLE_RATE_HZ
    envelope = np.exp(-times_s / decay_s) * np.minimum(1.0, times_s / 0.01)
    bars = []
    for _ in range(-(-samples // beat)):
        root_hz = 110.0 * 2.0 ** (rng.integers(0, 24) / 12.0)
        steps = _SCALES[int(rng.integers(len(_SCALES)))]
        chord = sum(_tone(root_hz * 2.0 ** (step / 12.0), falloff, times_s, rng) for step in steps)
        hiss = rng.standard_normal(beat) * np.exp(-times_s / 0.03) * rng.uniform(0.0, 1.5)
        bars.append((chord + _tone(root_hz / 2.0, 0.5, times_s, rng)) * envelope + hiss)
    return unit(np.concatenate(bars)[:samples])


def babble(samples: int, others: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    """Three to six other voices at once, each from somewhere in its speech."""
    crowd = np.zeros(samples)
    for _ in range(int(rng.integers(3, 7))):
        other = others[int(rng.integers(len(others)))]
        crowd += rng.uniform(0.4, 1.0) * np.resize(np.roll(other, int(rng.integers(len(other)))), samples)
    return unit(crowd)


def hum(samples: int, rng: np.random.Generator) -> Waveform:
    """Mains at 50 or 60 Hz with its harmonics."""
    times_s = np.arange(samples) / SAMPLE_RATE_HZ
    return unit(_tone(float(rng.choice([50.0, 60.0])), rng.uniform(0.3, 0.8), times_s, rng))


def knocks(samples: int, rng: np.random.Generator) -> Waveform:
    """Taps, clicks and steps: short bursts, about one a second."""
    sound = np.zeros(samples)
    for _ in range(1 + rng.poisson(samples / SAMPLE_RATE_HZ)):
        length = int(rng.uniform(0.005, 0.08) * SAMPLE_RATE_HZ)
        start = int(rng.integers(0, max(1, samples - length)))
        burst = rng.standard_normal(length) * np.exp(-np.arange(length) / (0.2 * length))
        sound[start : start + length] += rng.uniform(0.3, 1.0) * burst[: samples - start]
    return unit(sound)


def breath(samples: int, rng: np.random.Generator) -> Waveform:
    """Air drawn in: noise that swells and stops, heard through a throat and a mouth somewhat open."""
    size = rng.uniform(0.85, 1.15)  # of a tract shorter or longer than most
    formants_hz = size * (np.array(_FORMANTS_HZ) + rng.uniform(-350.0, 350.0, len(_FORMANTS_HZ)))
    resonances = [_resonance(formant_hz, rng.uniform(120.0, 600.0)) for formant_hz in formants_hz]
    opening = butter(1, rng.uniform(100.0, 500.0), "highpass", fs=SAMPLE_RATE_HZ, output="sos")
    swell = np.sin(np.pi * np.linspace(0.0, 1.0, samples) ** rng.uniform(0.5, 2.5)) ** 2
    return unit(sosfilt([*opening, *resonances], coloured(samples, rng)) * swell)


def unit(sound: NDArray[np.float64]) -> Waveform:
    """Scale to a root mean square of one; silence stays silent."""
    size = np.sqrt(np.mean(sound**2)) if len(sound) else 0.0
    return np.asarray(sound / (size + 1e-12), np.float32)


def _resonance(frequency_hz: float, bandwidth_hz: float) -> list[float]:
    """Return one section of second order that rings at a frequency and lets slower movements pass as they are."""
    radius = np.exp(-np.pi * bandwidth_hz / SAMPLE_RATE_HZ)
    feedback = [-2.0 * radius * np.cos(2.0 * np.pi * frequency_hz / SAMPLE_RATE_HZ), radius**2]
    return [1.0 + sum(feedback), 0.0, 0.0, 1.0, *feedback]


def _tone(
    pitch_hz: float, falloff: float, times_s: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return harmonics, each ``falloff`` times the one before."""
    count = max(1, min(8, int(7000.0 / pitch_hz)))
    phases = rng.uniform(0.0, 2.0 * np.pi, count)
    waves = [falloff**k * np.sin(2.0 * np.pi * (k + 1) * pitch_hz * times_s + phases[k]) for k in range(count)]
    return np.asarray(np.sum(waves, axis=0))
