"""A sound file, or a range of it, to be read as often as needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .waveform import Channel, read_speech, speech_length


@dataclass(frozen=True, slots=True)
class Recording:
    """What to hear of a sound file.

    Attributes:
        path: a sound file, or a film with sound.
        start_s: where to begin, in seconds.
        end_s: where to end; None is the end of the file.
        channel: which channel to hear.
    """

    path: Path
    start_s: float = 0.0
    end_s: float | None = None
    channel: Channel = "mix"

    def blocks(self) -> Iterator[npt.NDArray[np.float32]]:
        """Read it from its beginning, block by block, ``[S]`` each at 16 kHz.

        Raises:
            AudioError: if it cannot be read.
        """
        return read_speech(self.path, self.start_s, self.end_s, self.channel)

    @property
    def length(self) -> int | None:
        """Samples at 16 kHz, if the file says so without being read."""
        return speech_length(self.path, self.start_s, self.end_s)
