"""What decoders give: blocks of samples at a file's own rate, and what its header says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artalk_engine.errors import AudioFormatError

log = logging.getLogger(__name__)

BLOCK = 1 << 16  # samples of a channel decoded at a time

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a file's header says.

    Attributes:
        rate_hz: samples in a second.
        samples: of one channel; None if it does not say.
    """

    rate_hz: int
    samples: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of sound.

    Attributes:
        samples: ``[channels, S]``, full scale being 1.
        rate_hz: samples in a second.
        start: index of the first sample in its file.
    """

    samples: Samples
    rate_hz: int
    start: int

    @property
    def end(self) -> int:
        """Index after the last sample."""
        return self.start + int(self.samples.shape[1])

    def within(self, first: int, last: int | None) -> Iterator[Block]:
        """Give the part between two indices, if there is one."""
        start, end = max(first, self.start), self.end if last is None else min(last, self.end)
        if start < end:
            yield Block(self.samples[:, start - self.start : end - self.start], self.rate_hz, start)


def damaged(path: Path, at_s: float) -> AudioFormatError:
    """Make the error for a file that breaks off or has a hole, so that what follows would come too early."""
    return AudioFormatError(
        f"{path.name} is damaged {at_s:.1f} s from its beginning, or soon after",
        "Export or copy the sound again, or choose a range that ends before the damage.",
    )


def warn_if_short(path: Path, promised_s: float, found_s: float) -> None:
    """Tell the log of a file that ends before its header says, as copies that were interrupted do."""
    if found_s < promised_s - 0.5:
        log.warning("%s is cut short: its header promises %.1f s, %.1f s are there", path.name, promised_s, found_s)
