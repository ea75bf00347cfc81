"""Sound of any format: libsndfile where it knows it, FFmpeg's libraries for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from artalk_engine.errors import AudioEmptyError, AudioFormatError

from . import film, sndfile
from .sound import Block, SoundInfo

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 768_000


def describe_sound(path: Path) -> SoundInfo:
    """Look at a file's header.

    Raises:
        AudioEmptyError: if there is no sound in it.
        AudioFormatError: if it is not sound, or damaged.
    """
    return _choose_reader(path)[0]


def decode(path: Path, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Block]:
    """Decode a range of time, block by block.

    Args:
        path: a sound file, or a film with sound.
        start_s: where to begin; what lies before is skipped without decoding where that is exact.
        end_s: where to end; None is the end of the file.

    Returns:
        blocks that follow each other without a gap.

    Raises:
        AudioEmptyError: if there is no sound in the file.
        AudioFormatError: if it is not sound, or damaged within the range.
    """
    info, is_sndfile = _choose_reader(path)
    if not LOWEST_RATE_HZ <= info.rate_hz <= HIGHEST_RATE_HZ:
        raise AudioFormatError(f"{path.name} tells of {info.rate_hz:,} samples a second, which no sound has")
    first = round(start_s * info.rate_hz)
    last = None if end_s is None else round(end_s * info.rate_hz)
    return sndfile.blocks(path, first, last) if is_sndfile else film.blocks(path, first, last)


def _choose_reader(path: Path) -> tuple[SoundInfo, bool]:
    """Describe a sound, and say whether libsndfile is to read it."""
    info = sndfile.describe(path)
    if info is None:
        return film.describe(path), False
    if info.samples != 0:
        return info, True
    try:  # a recorder that was switched off leaves a header that counts no samples before all of the sound
        return film.describe(path), False
    except AudioFormatError as exc:
        raise AudioEmptyError(f"{path.name} has no sound in it") from exc
