"""How the page is served."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from artalk_engine.errors import OptionError

LOCAL = "127.0.0.1"
PORT = 7860
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Where the page is, and how much it lets its users do.

    Attributes:
        host: address to listen on; the usual one can be reached from this machine only.
        port: 0 takes a free one.
        max_upload_mb: largest sound, in megabytes.
        max_minutes: longest sound.
        max_waiting: users at once, working or waiting.
        keep_minutes: how long sounds and results are kept.
        max_disk_mb: how much room they may take together; the oldest go first.
        folder: where they lie; None is the system's folder for temporary files.
        size: pixels of the film's sides.
        voices: folder of Piper voices; None is the usual one.
    """

    host: str = LOCAL
    port: int = PORT
    max_upload_mb: int = 200
    max_minutes: float = 10.0
    max_waiting: int = 20
    keep_minutes: float = 60.0
    max_disk_mb: int = 4000
    folder: Path | None = None
    size: int = 512
    voices: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise OptionError(f"there is no port {self.port}", "Choose one from 1 to 65535, or 0 for a free one.")
        limits = (self.max_upload_mb, self.max_minutes, self.max_waiting, self.keep_minutes, self.max_disk_mb)
        if min(limits) <= 0:
            raise OptionError("a limit of nothing lets nobody work", "Choose limits above 0.")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the page."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
