"""Where the sounds of a transcript lie in a recording, found by the built-in voice's own ear.

The voice's encoder was taught to tell sounds apart (`train_encoder`), in many voices, rooms and noises; what reads them
off its features lies beside the voice. The frames of a recording are laid along the sounds of its transcript, with
pauses between the words where there are any, so that the sum of their log probabilities is greatest. Nothing is learned
about the speaker, so a single word is enough. How near the borders come on voices that were never heard, says
`tests/artalk_engine/training/test_alignment.py`.

References:
    Rabiner, A tutorial on hidden Markov models and selected applications in speech recognition, 1989, section III B
    (Viterbi).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from artalk_engine import assets
from artalk_engine.audio.log_mel import LogMelEncoder
from artalk_engine.render.compiled import compiled

from . import espeak
from .phones import CONSONANTS, PAUSE, SYMBOLS, Phone
from .speech import SAMPLE_RATE_HZ, Speech, gapless
from .voices import encoder_of, load_voice

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Sounds = Sequence[tuple[str, int]]

READINGS = "phones.safetensors"  # beside a voice's weights
LEAST_FIT = -2.5  # below, a recording does not say its transcript, or hardly

_LONGEST_CONSONANT_S = 0.4  # a longer one holds something else
_STEP_S = 0.01
_FRAMES = 2  # of a sound, at the least
_PAUSE_INDEX = SYMBOLS.index(PAUSE)
_LEAST_LOG = -9.0  # of a probability, lest one unlikely frame outweighs a sentence


@dataclass(frozen=True, slots=True)
class Ear:
    """What hears sounds.

    Attributes:
        encoder: a voice's.
        phone_head: its reading of phones, from features ``[…, F]`` to logits ``[…, P]``.
    """

    encoder: LogMelEncoder
    phone_head: nn.Linear

    @torch.no_grad()
    def hear(self, waveform: NDArray[np.float32]) -> Floats:
        """Say how likely each sound is in a waveform ``[S]``: log probabilities ``[A, P]``, the first at 10 ms.

        Features come every 20 ms, so the waveform is heard twice, the second time from 10 ms on.
        """
        hop, count = self.encoder.hop, max(1, -(-len(waveform) // self.encoder.hop))
        padded = torch.nn.functional.pad(torch.from_numpy(waveform), (0, (count + 1) * hop - len(waveform)))
        twice = torch.stack([padded[: count * hop], padded[hop // 2 :][: count * hop]])
        features = self.encoder.encode(self.encoder.log_mel(twice))  # as one size of speaker: enough to find sounds
        heard = self.phone_head(features).log_softmax(dim=-1)  # [2, A / 2, P]
        return np.asarray(heard.transpose(0, 1).flatten(0, 1).numpy(), np.float64)


@cache
def built_in_ear() -> Ear:
    """The ear of the voice that is shipped."""
    return load_ear(assets.assets_folder() / "voice")


def load_ear(folder: Path) -> Ear:
    """Load the ear of a voice made by `build`.

    Raises:
        EngineError: if there is no voice that can be read.
        FileNotFoundError: if its readings are missing.
    """
    encoder = encoder_of(load_voice(folder))
    phone_head = nn.Linear(encoder.feature_dim, len(SYMBOLS))
    phone_head.load_state_dict(load_file(folder / READINGS))
    return Ear(encoder.eval(), phone_head)


def find(text: str, accent: str, waveform: NDArray[np.float32]) -> Speech | None:
    """Find the sounds of a text in a recording of it, by the ear of the voice that is shipped.

    Args:
        text: what is said.
        accent: of espeak-ng, whose dictionary says how it sounds.
        waveform: ``[S]`` at 16 kHz.

    Returns:
        None if the recording says something else.
    """
    phones, fit = align(waveform, espeak.transcribe_words(text, espeak.EspeakVoice(accent)), built_in_ear())
    is_held = any(p.symbol in CONSONANTS and p.duration_s > _LONGEST_CONSONANT_S for p in phones)
    return None if fit < LEAST_FIT or is_held else Speech(waveform, phones)


def align(waveform: NDArray[np.float32], words: Sequence[Sounds], ear: Ear) -> tuple[tuple[Phone, ...], float]:
    """Find sounds in a recording.

    Args:
        waveform: ``[S]`` at 16 kHz.
        words: the sounds of each word with their stress, as `espeak.transcribe_words` gives them.
        ear: what hears them.

    Returns:
        Gapless phones from 0 to the recording's end, one pause if it is too short for them all, and how well they fit:
        the mean log probability of the frames in which somebody speaks, of which `LEAST_FIT` can be asked.
    """
    duration_s = len(waveform) / SAMPLE_RATE_HZ
    chain, heard = _Chain.of(words), np.maximum(ear.hear(waveform), _LEAST_LOG)
    if len(heard) < chain.shortest:
        return gapless((), duration_s), _LEAST_LOG
    places = _best_places(heard, chain.states, chain.may_skip)
    states = chain.states[places]
    spoken = states != _PAUSE_INDEX
    fit = float(heard[np.flatnonzero(spoken), states[spoken]].mean()) if spoken.any() else _LEAST_LOG
    return gapless(chain.phones(places, duration_s), duration_s), fit


@dataclass(frozen=True, slots=True)
class _Chain:
    """The states that a recording goes through.

    Attributes:
        sounds: the sounds and, around and between words, pauses.
        states: of all sounds ``[J]``, an index into ``SYMBOLS``.
        owners: to which sound each state belongs ``[J]``.
        may_skip: whether a state may follow the one before the last ``[J]``, leaving out a pause.
    """

    sounds: tuple[tuple[str, int], ...]
    states: Indices
    owners: Indices
    may_skip: NDArray[np.bool_]

    @classmethod
    def of(cls, words: Sequence[Sounds]) -> _Chain:
        pause = (PAUSE, 0)
        sounds = (pause, *(sound for word in words for sound in (*word, pause)))
        states, owners, may_skip = [], [], []
        for owner, (symbol, _) in enumerate(sounds):
            count = 1 if symbol == PAUSE else _FRAMES
            states += [SYMBOLS.index(symbol)] * count
            owners += [owner] * count
            may_skip += [owner > 1 and sounds[owner - 1] == pause, *[False] * (count - 1)]
        return cls(sounds, np.array(states), np.array(owners), np.array(may_skip))

    @property
    def shortest(self) -> int:
        """Frames below which the chain cannot be gone through."""
        return int((self.states != _PAUSE_INDEX).sum())

    def phones(self, places: Indices, duration_s: float) -> list[Phone]:
        """Read off the sounds from the place in the chain of each frame ``[A]``."""
        owners = self.owners[places]
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        between_s = np.minimum((firsts[1:] + 0.5) * _STEP_S, duration_s)  # the middle of frame k is at k + 1 steps
        edges_s = [0.0, *between_s, duration_s]
        said = [self.sounds[owner] for owner in owners[firsts]]
        return [
            Phone(symbol, float(start_s), float(end_s), stress)
            for (symbol, stress), start_s, end_s in zip(said, edges_s, edges_s[1:], strict=False)
        ]


@compiled
def _best_places(scores: Floats, states: Indices, may_skip: NDArray[np.bool_]) -> Indices:
    """Return the place in the chain of each frame ``[A]`` with the greatest sum of scores.

    The first pause and the last may be left out as well.
    """
    frames, count = len(scores), len(states)
    best = np.full(count, -np.inf)
    came = np.zeros((frames, count), np.int8)
    best[0] = scores[0, states[0]]
    if count > 1:
        best[1] = scores[0, states[1]]
    for frame in range(1, frames):
        for place in range(count - 1, -1, -1):
            value, step = best[place], 0
            if place > 0 and best[place - 1] > value:
                value, step = best[place - 1], 1
            if may_skip[place] and best[place - 2] > value:
                value, step = best[place - 2], 2
            best[place] = value + scores[frame, states[place]]
            came[frame, place] = step
    places = np.empty(frames, np.int64)
    place = count - 1
    if count > 1 and best[count - 2] > best[count - 1]:
        place = count - 2
    for frame in range(frames - 1, -1, -1):
        places[frame] = place
        place -= came[frame, place]
    return places
