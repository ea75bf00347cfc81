"""Where the sounds of many transcripts lie in the recordings of one person, learned from those recordings alone.

Each sound is a chain of three states, a pause is one, and each state says with a Gaussian what it sounds like. In the
beginning the states of a transcript share the recording evenly; then, time and again, the Gaussians are measured where
the states lie and the states are laid where the Gaussians put them. Half an hour of one person is enough.
`tests/artalk_engine/training/test_sound_models.py` says how near the borders come.

References:
    Rabiner, A tutorial on hidden Markov models and selected applications in speech recognition, 1989, section VI
    (segmental k-means).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artalk_engine.render.compiled import compiled

from .cepstra import STEP_S, Floats, cepstra, with_slopes
from .phones import CONSONANTS, PAUSE, SYMBOLS, Phone
from .speech import SAMPLE_RATE_HZ, gapless

Indices = NDArray[np.int64]
Sounds = Sequence[tuple[str, int]]

_STATES = 3  # of a sound; so none is shorter than 30 ms
_PAUSE_STATE = _STATES * SYMBOLS.index(PAUSE)
_ROUNDS = 24
_LEAST_SPREAD = 0.15  # of a Gaussian, relative to the spread over everything
_FEWEST_FRAMES = 12  # of a state with a Gaussian of its own
_LARGEST_MISFIT = 4.0  # of a recording, in median deviations from the median
_LONGEST_CONSONANT_S = 0.4  # a longer one holds something else


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A recording and what is said in it.

    Attributes:
        waveform: ``[S]`` at 16 kHz.
        words: the sounds of each word with their stress.
    """

    waveform: NDArray[np.float32]
    words: Sequence[Sounds]


def align(recordings: Sequence[Transcribed]) -> list[tuple[Phone, ...] | None]:
    """Find the sounds in all recordings of one person.

    Args:
        recordings: minutes of them at the least; every sound should be heard a few times.

    Returns:
        for each recording its gapless phones from 0 to its end, or None if it does not seem to say its transcript.
    """
    heard = [with_slopes(cepstra(recording.waveform)) for recording in recordings]
    chains = [_Chain.of(recording.words) for recording in recordings]
    usable = [k for k, chain in enumerate(chains) if len(heard[k]) >= chain.shortest]
    everything = np.concatenate([heard[k] for k in usable])
    floor = (_LEAST_SPREAD * everything.std(axis=0)) ** 2
    places = {k: _evenly(chains[k], len(heard[k])) for k in usable}
    for _ in range(_ROUNDS):
        states = np.concatenate([chains[k].states[places[k]] for k in usable])
        models = _measure(everything, states, floor)
        scores = {k: models.scores(heard[k]) for k in usable}
        places = {k: _best_places(scores[k], chains[k].states, chains[k].may_skip) for k in usable}
    fits = {k: _fit(scores[k], chains[k].states[places[k]]) for k in usable}
    middle = np.median(list(fits.values()))
    spread = np.median(np.abs(np.array(list(fits.values())) - middle))
    found: list[tuple[Phone, ...] | None] = [None] * len(recordings)
    for k in usable:
        if fits[k] >= middle - _LARGEST_MISFIT * spread:
            duration_s = len(recordings[k].waveform) / SAMPLE_RATE_HZ
            phones = chains[k].phones(places[k], duration_s)
            is_held = any(p.symbol in CONSONANTS and p.duration_s > _LONGEST_CONSONANT_S for p in phones)
            found[k] = None if is_held else gapless(phones, duration_s)
    return found


@dataclass(frozen=True, slots=True)
class _Chain:
    """The states that a recording goes through.

    Attributes:
        sounds: the sounds and, around and between words, pauses.
        states: of all sounds ``[J]``, an index into all states there are.
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
            count = 1 if symbol == PAUSE else _STATES
            states += [_STATES * SYMBOLS.index(symbol) + k for k in range(count)]
            owners += [owner] * count
            may_skip += [owner > 1 and sounds[owner - 1] == pause, *[False] * (count - 1)]
        return cls(sounds, np.array(states), np.array(owners), np.array(may_skip))

    @property
    def shortest(self) -> int:
        """Frames below which the chain cannot be gone through."""
        return int((self.states != _PAUSE_STATE).sum())

    def phones(self, places: Indices, duration_s: float) -> list[Phone]:
        """Read off the sounds from the place in the chain of each frame ``[A]``."""
        owners = self.owners[places]
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        between_s = np.minimum((firsts[1:] - 0.5) * STEP_S, duration_s)  # the middle of frame k is at k steps
        edges_s = [0.0, *between_s, duration_s]
        said = [self.sounds[owner] for owner in owners[firsts]]
        return [
            Phone(symbol, float(start_s), float(end_s), stress)
            for (symbol, stress), start_s, end_s in zip(said, edges_s, edges_s[1:], strict=False)
        ]


@dataclass(frozen=True, slots=True)
class _Gaussians:
    """One for each state, ``[K, C]`` each."""

    means: Floats
    variances: Floats

    def scores(self, heard: Floats) -> Floats:
        """Log likelihood of frames ``[A, C]`` in each state, ``[A, K]``, up to a constant."""
        weights = 1.0 / self.variances
        constant = np.log(self.variances).sum(axis=1) + (self.means**2 * weights).sum(axis=1)
        return np.asarray(-0.5 * (heard**2 @ weights.T - 2.0 * heard @ (self.means * weights).T + constant))


def _measure(heard: Floats, states: Indices, floor: Floats) -> _Gaussians:
    """Measure what each state sounds like; one that is hardly heard sounds like everything, and is avoided."""
    count = _STATES * len(SYMBOLS)
    means, variances = np.tile(heard.mean(axis=0), (count, 1)), np.tile(heard.var(axis=0), (count, 1))
    for state in np.unique(states):
        own = heard[states == state]
        if len(own) >= _FEWEST_FRAMES:
            means[state], variances[state] = own.mean(axis=0), np.maximum(own.var(axis=0), floor)
    return _Gaussians(means, variances)


def _fit(scores: Floats, states: Indices) -> float:
    """Mean log likelihood of the frames in which somebody speaks, over that of the best state of each."""
    spoken = states != _PAUSE_STATE
    frames = np.flatnonzero(spoken)
    return float((scores[frames, states[frames]] - scores[frames].max(axis=1)).mean())


def _evenly(chain: _Chain, frames: int) -> Indices:
    """Share frames among the states but pauses between words."""
    kept = np.flatnonzero((chain.states != _PAUSE_STATE) | np.isin(chain.owners, (0, len(chain.sounds) - 1)))
    return kept[np.arange(frames) * len(kept) // frames]


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
