"""The corpus: synthetic speech of many voices, in many rooms, and the rule's motion for it.

A clip is a few sentences of one voice with pauses between them. What is said in clip ``k`` depends on the settings and
on ``k`` alone (to a sample or so: espeak-ng carries a rounding over), and the babble behind it on the clips beside it,
so the corpus can be made in parallel, stopped, and carried on. Shards are cached in a folder whose name is a digest of
the settings; motion is cached apart, under a digest of the rule's own source, because the rule changes more often than
the speech.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import casting, coarticulation, contacts, emphasis, gestures, phones, rule, styles, units, visemes
from .augmentation import AugmentationConfig, augment, set_level, with_pauses
from .phones import SYMBOLS, Phone
from .speech import Speech

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]

# The source that decides how a clip moves: another source, other motion.
MOTION_MODULES: tuple[ModuleType, ...] = (
    *(phones, units, visemes, coarticulation, contacts, emphasis, gestures, styles, rule),
)
_CLEAN_DB = -22.0


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """What the corpus holds."""

    clips: int = 3240
    clips_a_shard: int = 60
    sentences_a_clip: tuple[int, int] = (1, 4)
    is_held_out: bool = False
    seed: int = 1
    recipe: int = 10  # raised when clips of the same settings come out differently
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
    # An executor, as a pool would wait for ever for a process that a synthesizer has crashed.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        made = [pool.submit(_make_shard, config, target, shard) for shard in missing]
        for done, future in enumerate(as_completed(made), 1):
            try:
                log.info("corpus: shard %d, %d of %d", future.result(), done, len(missing))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # or it would make all others first
                raise
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


def make_speech(config: CorpusConfig, index: int) -> tuple[Speech, casting.Part]:
    """Speak the texts of one clip; also says who speaks what."""
    rng = np.random.default_rng((config.seed, config.is_held_out, index))
    count = int(rng.integers(config.sentences_a_clip[0], config.sentences_a_clip[1] + 1))
    part = casting.cast_held_out(index, count, rng) if config.is_held_out else casting.cast(index, count, rng)
    return with_pauses(casting.perform(part, rng), rng), part


def _make_shard(config: CorpusConfig, target: Path, shard: int) -> int:
    first = shard * config.clips_a_shard
    indices = range(first, min(first + config.clips_a_shard, config.clips))
    if not _speech_path(target, shard).is_file():
        _save(_speech_path(target, shard), _speech_arrays(config, indices))
    speech = _load(_speech_path(target, shard))
    _save(_motion_path(target, shard), _motion_arrays(config, speech, indices))
    return shard


def _speech_arrays(config: CorpusConfig, indices: range) -> Arrays:
    made = [make_speech(config, index) for index in indices]
    clean = [set_level(speech.waveform, _CLEAN_DB) for speech, _ in made]
    augmented, timed = [], []
    for k, (index, (speech, _)) in enumerate(zip(indices, made, strict=True)):
        rng = np.random.default_rng((config.seed, config.is_held_out, index, 1))
        augmented.append(augment(clean[k], config.augmentation, rng, [*clean[:k], *clean[k + 1 :]]))
        timed.append([(SYMBOLS.index(p.symbol), p.start_s, p.end_s, p.stress) for p in speech.phones])
    return {
        "clean": _to_int16(np.concatenate(clean)),
        "augmented": _to_int16(np.concatenate(augmented)),
        "samples": np.array([len(waveform) for waveform in clean]),
        "phones": np.concatenate([np.array(rows, np.float64) for rows in timed]),
        "phone_counts": np.array([len(rows) for rows in timed]),
        "voice": np.array([part.name for _, part in made]),
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
    return hashlib.sha256("".join(inspect.getsource(module) for module in MOTION_MODULES).encode()).hexdigest()[:8]


def _load(path: Path) -> Arrays:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def _save(path: Path, arrays: Arrays) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(path)
