"""Rooms, noises, microphones and pauses for clean synthetic speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from . import noises
from .phones import PAUSE, Phone
from .speech import SAMPLE_RATE_HZ, Speech, join

Waveform = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AugmentationConfig:
    """How often, and how far, a clip is changed. Levels are relative to full scale or to the speech, in decibels."""

    room_share: float = 0.4
    reverberation_s: tuple[float, float] = (0.08, 0.6)
    noise_share: float = 0.6
    music_share: float = 0.14
    babble_share: float = 0.1
    hum_share: float = 0.06
    knocks_share: float = 0.08
    signal_to_noise_db: tuple[float, float] = (8.0, 40.0)
    signal_to_music_db: tuple[float, float] = (6.0, 25.0)
    band_limit_share: float = 0.25
    telephone_share: float = 0.08
    drift_share: float = 0.25
    drift_db: float = 8.0
    clipping_share: float = 0.08
    level_db: tuple[float, float] = (-36.0, -14.0)
    floor_db: tuple[float, float] = (-80.0, -48.0)


def augment(
    waveform: Waveform, config: AugmentationConfig, rng: np.random.Generator, others: Sequence[Waveform] = ()
) -> Waveform:
    """Record the same speech in another room, with another microphone and gain, and not alone.

    Args:
        waveform: ``[S]``.
        config: how far.
        rng: the source of all choices.
        others: what other people say, for the babble; none without it.

    Returns:
        ``[S]``, in step with the input: the direct sound is not delayed.
    """
    changed = waveform
    if rng.random() < config.room_share:
        changed = add_room(changed, rng.uniform(*config.reverberation_s), rng)
    changed = add_company(changed, config, rng, others)
    if rng.random() < config.telephone_share:
        changed = telephone(changed)
    elif rng.random() < config.band_limit_share:
        changed = limit_band(changed, rng)
    if rng.random() < config.drift_share:
        changed = drift(changed, config.drift_db, rng)
    changed = set_level(changed, rng.uniform(*config.level_db))
    if rng.random() < config.clipping_share:
        changed = clip_peaks(changed, rng)
    changed = changed + coloured_noise(len(changed), rng.uniform(*config.floor_db), rng)
    return np.clip(changed, -1.0, 1.0).astype(np.float32)


def add_company(
    waveform: Waveform, config: AugmentationConfig, rng: np.random.Generator, others: Sequence[Waveform] = ()
) -> Waveform:
    """Add what sounds beside the speaker, so many decibels below the speech."""
    samples, speech_db, mixed = len(waveform), level_db(waveform), waveform
    kinds = (
        (config.noise_share, config.signal_to_noise_db, noises.coloured),
        (config.music_share, config.signal_to_music_db, noises.music),
        (config.hum_share, config.signal_to_noise_db, noises.hum),
        (config.knocks_share, config.signal_to_music_db, noises.knocks),
    )
    for share, below_db, make in kinds:
        if rng.random() < share:
            mixed = mixed + _gain(speech_db - rng.uniform(*below_db)) * make(samples, rng)
    if others and rng.random() < config.babble_share:
        below = rng.uniform(10.0, 25.0)
        mixed = mixed + _gain(speech_db - below) * noises.babble(samples, others, rng)
    return np.asarray(mixed, np.float32)


def add_room(waveform: Waveform, reverberation_s: float, rng: np.random.Generator) -> Waveform:
    """Convolve with exponentially decaying noise; ``reverberation_s`` is the time to fall by 60 dB."""
    times_s = np.arange(round(reverberation_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(times_s)) * 10.0 ** (-3.0 * times_s / reverberation_s)
    tail[: round(0.004 * SAMPLE_RATE_HZ)] = 0.0
    tail *= rng.uniform(0.2, 0.8) / (np.linalg.norm(tail) + 1e-9)
    tail[0] = 1.0
    return np.asarray(fftconvolve(waveform, tail)[: len(waveform)], np.float32)


def limit_band(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Keep what a telephone, a laptop or a muffled microphone would keep."""
    low_hz, high_hz = rng.uniform(60.0, 300.0), rng.uniform(3000.0, 7500.0)
    sections = butter(2, [low_hz, high_hz], "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfilt(sections, waveform), np.float32)


def telephone(waveform: Waveform) -> Waveform:
    """Pass through a telephone: 300 to 3400 Hz, and eight bits on a logarithmic scale."""
    sections = butter(4, [300.0, 3400.0], "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    narrow = sosfilt(sections, waveform)
    peak = np.abs(narrow).max() + 1e-9
    pressed = np.sign(narrow) * np.log1p(255.0 * np.abs(narrow) / peak) / np.log(256.0)
    steps = np.round(pressed * 127.0) / 127.0
    return np.asarray(np.sign(steps) * (256.0 ** np.abs(steps) - 1.0) / 255.0 * peak, np.float32)


def drift(waveform: Waveform, range_db: float, rng: np.random.Generator) -> Waveform:
    """Move nearer to the microphone and away, by so many decibels either way."""
    knots = rng.uniform(-range_db, range_db, 2 + len(waveform) // (2 * SAMPLE_RATE_HZ))
    gains_db = np.interp(np.linspace(0.0, len(knots) - 1.0, len(waveform)), np.arange(len(knots)), knots)
    return np.asarray(waveform * 10.0 ** (gains_db / 20.0), np.float32)


def clip_peaks(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Overload the microphone: cut at a share of the peak."""
    limit = rng.uniform(0.15, 0.6) * np.abs(waveform).max()
    return np.clip(waveform, -limit, limit)


def set_level(waveform: Waveform, wanted_db: float) -> Waveform:
    """Scale so that the speech stands at a level (see ``level_db``)."""
    return np.asarray(waveform * 10.0 ** ((wanted_db - level_db(waveform)) / 20.0), np.float32)


def level_db(waveform: Waveform) -> float:
    """Root mean square of the loudest fifth of 20 ms frames, in decibels below full scale."""
    size = SAMPLE_RATE_HZ // 50
    power = np.resize(waveform, (max(1, len(waveform) // size), size)).astype(np.float64).__pow__(2).mean(axis=1)
    return float(10.0 * np.log10(np.sort(power)[-max(1, len(power) // 5) :].mean() + 1e-12))


def coloured_noise(samples: int, wanted_db: float, rng: np.random.Generator) -> Waveform:
    """Noise whose spectrum falls by 0 to 6 dB an octave, at a root mean square in decibels below full scale."""
    return np.asarray(_gain(wanted_db) * noises.coloured(samples, rng), np.float32)


def with_pauses(parts: Sequence[Speech], rng: np.random.Generator) -> Speech:
    """Join sentences with silences of 0.1 to 3 seconds between and around them, in some of which a breath is drawn."""
    pieces: list[Speech] = []
    for part in parts:
        longest_s = rng.choice([0.4, 1.6, 3.0], p=[0.5, 0.42, 0.08])
        pieces += [_pause(float(rng.uniform(0.1, longest_s)), level_db(part.waveform), rng), part]
    return join([*pieces, silence(float(rng.uniform(0.2, 1.5)))])


def _pause(duration_s: float, speech_db: float, rng: np.random.Generator) -> Speech:
    """Return a silence, or one in which a breath is drawn: often right after the speech before it or up to the next."""
    pause = silence(duration_s)
    if duration_s < _BREATH_S[0] or rng.random() > _BREATH_SHARE:
        return pause
    length_s = min(duration_s, rng.uniform(*_BREATH_S))
    sound = noises.breath(round(length_s * SAMPLE_RATE_HZ), rng) * _gain(speech_db - rng.uniform(*_BREATH_BELOW_DB))
    waveform = pause.waveform.copy()
    first = round(float(np.clip(rng.uniform(-0.5, 1.5), 0.0, 1.0)) * (len(waveform) - len(sound)))
    waveform[first : first + len(sound)] = sound
    return Speech(waveform, pause.phones)


def silence(duration_s: float) -> Speech:
    """Nothing, for so many seconds."""
    samples = round(duration_s * SAMPLE_RATE_HZ)
    return Speech(np.zeros(samples, np.float32), (Phone(PAUSE, 0.0, samples / SAMPLE_RATE_HZ),))


_BREATH_SHARE, _BREATH_S, _BREATH_BELOW_DB = 0.5, (0.2, 0.7), (12.0, 40.0)  # of pauses; length; below the speech


def _gain(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))
