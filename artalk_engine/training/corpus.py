"""The corpus: synthetic speech of many voices, in many rooms, and the rule's motion for it.

A clip is a few sentences of one voice with pauses between them. Clip ``k`` depends on the settings and on ``k`` alone
(to a sample or so: espeak-ng carries a rounding over), so the corpus can be made in parallel, stopped, and carried on.
Shards are cached in a folder whose name is a digest of the settings; motion is cached apart, under a digest of the
rule's own source, because the rule changes more often than the speech.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import coarticulation, contacts, emphasis, espeak, flite, gestures, phones, rule, sentences, styles, visemes
from .augmentation import AugmentationConfig, augment, set_level, with_pauses
from .phones import SYMBOLS, Phone
from .speech import Speech

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]

HELD_OUT_FLITE = ("rms",)
HELD_OUT_ACCENTS = ("en-gb-scotland",)
HELD_OUT_VARIANTS = ("f4", "m7", "Annie", "Mario", "steph", "zac")
_TRAINED_VARIANTS = (
    "f1 f2 f3 f5 m1 m2 m3 m4 m5 m6 m8 Alex Alicia Andrea Andy Denis Diogo Gene Henrique Hugo Jacky Lee Marco Michael"
    " Nguyen Reed RicishayMax adam anika antonio aunty belinda benjamin boris caleb david ed edward grandma grandpa"
    " gustave ian iven john kaukovalta klatt klatt4 linda marcelo max michel miguel norbert pablo paul pedro quincy"
    " rob robert sandro shelby travis victor"
)
VARIANTS = tuple(_TRAINED_VARIANTS.split())
_CLEAN_DB = -22.0


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """What the corpus holds."""

    clips: int = 1600
    clips_a_shard: int = 40
    sentences_a_clip: tuple[int, int] = (2, 5)
    flite_share: float = 0.3
    is_held_out: bool = False
    seed: int = 1
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)

    @property
    def shards(self) -> int:
        """Number of files."""
        return -(-self.clips // self.clips_a_shard)


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of the corpus.

    Attributes:
        clean: ``[S]`` float32 at 16 kHz.
        augmented: ``[S]``, the same speech elsewhere.
        phones: in order of time.
        neutral: ``[T, 106]`` the rule's motion in the neutral style.
        styled: ``[T, 106]`` the rule's motion in ``style``.
        style: one of ``styles.STYLES``.
        voice: who speaks.
    """

    clean: NDArray[np.float32]
    augmented: NDArray[np.float32]
    phones: tuple[Phone, ...]
    neutral: NDArray[np.float32]
    styled: NDArray[np.float32]
    style: str
    voice: str


def build(config: CorpusConfig, folder: Path, processes: int = 2) -> Path:
    """Make what is missing of the corpus.

    Args:
        config: what to make.
        folder: the cache; subfolders are named by digests.
        processes: how many synthesizers run side by side.

    Returns:
        The corpus's own folder.
    """
    target = folder / digest(config)
    target.mkdir(parents=True, exist_ok=True)
    missing = [k for k in range(config.shards) if not _motion_path(target, k).is_file()]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, shard in enumerate(pool.imap_unordered(partial(_make_shard, config, target), missing), 1):
            log.info("corpus: shard %d, %d of %d", shard, done, len(missing))
    return target


def clips(config: CorpusConfig, folder: Path) -> Iterator[Clip]:
    """Read the clips of a corpus that `build` has made."""
    target = folder / digest(config)
    for shard in range(config.shards):
        speech, motion = _load(_speech_path(target, shard)), _load(_motion_path(target, shard))
        for k in range(len(speech["voice"])):
            yield _clip(speech, motion, k)


def digest(config: CorpusConfig) -> str:
    """Short name of the settings."""
    return hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode()).hexdigest()[:12]


def make_speech(config: CorpusConfig, index: int) -> tuple[Speech, str]:
    """Speak the sentences of one clip; also says who speaks."""
    rng = np.random.default_rng((config.seed, config.is_held_out, index))
    count = int(rng.integers(config.sentences_a_clip[0], config.sentences_a_clip[1] + 1))
    texts = [sentences.make_sentence(rng, config.is_held_out) for _ in range(count)]
    flite_voices = flite.installed_voices()
    chosen = [name for name in flite_voices if (name in HELD_OUT_FLITE) == config.is_held_out]
    if chosen and rng.random() < config.flite_share:
        voice = flite.FliteVoice(str(rng.choice(chosen)), float(rng.uniform(0.8, 1.3)), float(rng.uniform(0.75, 1.35)))
        return with_pauses([flite.speak(text, voice) for text in texts], rng), f"flite:{voice.name}"
    other = _espeak_voice(rng, config.is_held_out)
    return with_pauses([espeak.speak(text, other) for text in texts], rng), f"espeak:{other.name}"


def _espeak_voice(rng: np.random.Generator, is_held_out: bool) -> espeak.EspeakVoice:
    known = [accent for accent in espeak.ACCENTS if accent not in HELD_OUT_ACCENTS]
    accents = (*HELD_OUT_ACCENTS, *known[:2]) if is_held_out else known
    variants = HELD_OUT_VARIANTS if is_held_out else VARIANTS
    rate, pitch, pitch_range = int(rng.integers(115, 215)), int(rng.integers(15, 90)), int(rng.integers(20, 90))
    return espeak.EspeakVoice(str(rng.choice(accents)), str(rng.choice(variants)), rate, pitch, pitch_range)


def _make_shard(config: CorpusConfig, target: Path, shard: int) -> int:
    first = shard * config.clips_a_shard
    indices = range(first, min(first + config.clips_a_shard, config.clips))
    if not _speech_path(target, shard).is_file():
        _save(_speech_path(target, shard), _speech_arrays(config, indices))
    speech = _load(_speech_path(target, shard))
    _save(_motion_path(target, shard), _motion_arrays(config, speech, indices))
    return shard


def _speech_arrays(config: CorpusConfig, indices: range) -> Arrays:
    clean, augmented, timed, voices = [], [], [], []
    for index in indices:
        speech, voice = make_speech(config, index)
        rng = np.random.default_rng((config.seed, config.is_held_out, index, 1))
        clean.append(set_level(speech.waveform, _CLEAN_DB))
        augmented.append(augment(speech.waveform, config.augmentation, rng))
        timed.append([(SYMBOLS.index(p.symbol), p.start_s, p.end_s, p.stress) for p in speech.phones])
        voices.append(voice)
    return {
        "clean": _to_int16(np.concatenate(clean)),
        "augmented": _to_int16(np.concatenate(augmented)),
        "samples": np.array([len(waveform) for waveform in clean]),
        "phones": np.concatenate([np.array(rows, np.float64) for rows in timed]),
        "phone_counts": np.array([len(rows) for rows in timed]),
        "voice": np.array(voices),
    }


def _motion_arrays(config: CorpusConfig, speech: Arrays, indices: range) -> Arrays:
    neutral, styled, names = [], [], []
    for k, index in enumerate(indices):
        rng = np.random.default_rng((config.seed, config.is_held_out, index, 2))
        style = str(rng.choice(list(styles.STYLES)))
        waveform = _from_int16(_part(speech["clean"], speech["samples"], k))
        timed = _phones(_part(speech["phones"], speech["phone_counts"], k))
        neutral.append(rule.make_motion(timed, waveform, "neutral", index))
        styled.append(rule.make_motion(timed, waveform, style, index))
        names.append(style)
    return {
        "neutral": np.concatenate(neutral),
        "styled": np.concatenate(styled),
        "frames": np.array([len(motion) for motion in neutral]),
        "style": np.array(names),
    }


def _clip(speech: Arrays, motion: Arrays, k: int) -> Clip:
    return Clip(
        clean=_from_int16(_part(speech["clean"], speech["samples"], k)),
        augmented=_from_int16(_part(speech["augmented"], speech["samples"], k)),
        phones=_phones(_part(speech["phones"], speech["phone_counts"], k)),
        neutral=_part(motion["neutral"], motion["frames"], k),
        styled=_part(motion["styled"], motion["frames"], k),
        style=str(motion["style"][k]),
        voice=str(speech["voice"][k]),
    )


def _phones(rows: NDArray[np.float64]) -> tuple[Phone, ...]:
    return tuple(Phone(SYMBOLS[int(row[0])], float(row[1]), float(row[2]), int(row[3])) for row in rows)


def _part(values: NDArray[Any], lengths: NDArray[Any], k: int) -> NDArray[Any]:
    end = int(lengths[: k + 1].sum())
    return values[end - int(lengths[k]) : end]


def _from_int16(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32767.0)


def _to_int16(waveform: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.round(np.clip(waveform, -1.0, 1.0) * 32767.0).astype(np.int16)


def _speech_path(target: Path, shard: int) -> Path:
    return target / f"speech-{shard:03d}.npz"


def _motion_path(target: Path, shard: int) -> Path:
    return target / f"motion-{shard:03d}-{_rule_digest()}.npz"


def _rule_digest() -> str:
    modules: tuple[ModuleType, ...] = (phones, visemes, coarticulation, contacts, emphasis, gestures, styles, rule)
    return hashlib.sha256("".join(inspect.getsource(module) for module in modules).encode()).hexdigest()[:8]


def _load(path: Path) -> Arrays:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def _save(path: Path, arrays: Arrays) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(path)
