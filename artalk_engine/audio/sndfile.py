"""Sound files through libsndfile: WAV, FLAC, Ogg, Opus, MP3, AIFF, with seeking to the very sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import soundfile

from .sound import BLOCK, Block, SoundInfo, damaged, warn_if_short

PREROLL = 1 << 14  # samples decoded and dropped after seeking, since MP3 frames borrow bits from many before
LONGEST = 1 << 48  # samples; where a header counts none, libsndfile says more, and cannot read on


def describe(path: Path) -> SoundInfo | None:
    """Look at a file's header; None if libsndfile cannot read it."""
    try:
        with soundfile.SoundFile(path) as file:
            return SoundInfo(file.samplerate, file.frames) if file.frames < LONGEST else None
    except soundfile.LibsndfileError:
        return None


def blocks(path: Path, first: int, last: int | None) -> Iterator[Block]:
    """Decode the samples from ``first`` to before ``last``.

    Raises:
        AudioFormatError: if the file is damaged there.
    """
    at, rate_hz = 0, 1
    try:
        with _Forward(path) as file:
            rate_hz = file.samplerate
            if first >= file.frames:
                return
            if file.can_seek and first > PREROLL:
                at = file.seek(first - PREROLL)
            while last is None or at < last:
                samples = file.read(BLOCK, dtype="float32", always_2d=True)
                _check_for_holes(path, file, at, len(samples))
                if not len(samples):
                    break
                block = Block(samples.T, rate_hz, at)
                yield from block.within(first, last)
                at = block.end
    except soundfile.LibsndfileError as exc:
        raise damaged(path, at / rate_hz) from exc


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read on and on.

    soundfile seeks to where it is after each piece that it reads, if it can seek at all. That starts an MP3 decoder
    anew, which then lacks the bits of earlier frames: a click at every piece.
    """

    def seekable(self) -> bool:
        """Let nobody seek but on purpose."""
        return False

    @property
    def can_seek(self) -> bool:
        """Whether the file can be sought at all."""
        return bool(super().seekable())


def _check_for_holes(path: Path, file: Any, at: int, count: int) -> None:
    """Compare the place reached with the samples read.

    Ogg pages are numbered, and libsndfile steps over those that are lost, which would shift the rest in time.
    Elsewhere a file that ends early has been cut off.
    """
    if file.format == "OGG" and (file.tell() != at + count or (count == 0 and at < file.frames)):
        raise damaged(path, at / file.samplerate)
    if count == 0:
        warn_if_short(path, file.frames / file.samplerate, at / file.samplerate)
