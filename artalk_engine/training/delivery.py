"""Other ways of saying the same: whispered, shouted, with a larger or smaller head. The sounds keep their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, istft, resample_poly, sosfilt, stft

from .speech import SAMPLE_RATE_HZ, Speech, gapless

Waveform = NDArray[np.float32]

_WINDOW, _OVERLAP = 512, 384
_LIFTER = 26  # cepstral coefficients that make the envelope: formants, but no harmonics


def whisper(speech: Speech, rng: np.random.Generator) -> Speech:
    """Take the voice out: noise through the envelope of the speech, brighter, as without the larynx's low sound."""
    waveform = speech.waveform
    noise = rng.standard_normal(len(waveform))
    spectrum, carrier = (stft(x, nperseg=_WINDOW, noverlap=_OVERLAP)[2] for x in (waveform, noise))
    tilt = np.linspace(0.15, 1.0, len(spectrum))[:, None]
    shaped = carrier * _envelope(np.abs(spectrum)) * tilt
    made = istft(shaped, nperseg=_WINDOW, noverlap=_OVERLAP)[1]
    whispered = np.zeros(len(waveform))
    count = min(len(made), len(waveform))
    whispered[:count] = made[:count]
    return replace(speech, waveform=_at_level_of(whispered, waveform))


def shout(speech: Speech, rng: np.random.Generator) -> Speech:
    """Press the voice: more of 1 to 4 kHz, and the strain of a microphone close by."""
    sections = butter(1, [900.0, 4500.0], "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    pressed = speech.waveform + rng.uniform(1.0, 3.0) * sosfilt(sections, speech.waveform)
    drive = rng.uniform(1.5, 4.0) / (np.abs(pressed).max() + 1e-6)
    return replace(speech, waveform=_at_level_of(np.tanh(pressed * drive), speech.waveform))


def resize(speech: Speech, factor: float) -> Speech:
    """Speak with another head: above 1 is smaller, so higher in pitch and formants, and as much faster."""
    up, down = 100, round(100 * factor)
    waveform = np.asarray(resample_poly(speech.waveform, up, down), np.float32)
    scale = up / down
    phones = [replace(p, start_s=p.start_s * scale, end_s=p.end_s * scale) for p in speech.phones]
    return Speech(waveform, gapless(phones, len(waveform) / SAMPLE_RATE_HZ))


def _envelope(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth ``[F, A]`` over frequency by keeping the slow part of the cepstrum."""
    cepstrum = np.fft.irfft(np.log(magnitudes + 1e-7), axis=0)
    cepstrum[_LIFTER:-_LIFTER] = 0.0
    return np.asarray(np.exp(np.fft.rfft(cepstrum, axis=0).real))


def _at_level_of(changed: NDArray[np.float64], original: Waveform) -> Waveform:
    """Scale to the same root mean square."""
    ratio = np.sqrt(np.mean(original.astype(np.float64) ** 2)) / (np.sqrt(np.mean(changed**2)) + 1e-9)
    return np.asarray(changed * ratio, np.float32)
