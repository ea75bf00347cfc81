# SPDX-License-Identifier: GPL-3.0-or-later
"""Say in one sentence why pip failed, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import DamagedFileError, DiskError, NetworkError, SetupError, WheelsError

_AGAIN = "Install again, which uses what was fetched already"
# In this order: pip goes on after a failed connection and then says that there is no such package.
_KNOWN: tuple[tuple[str, type[SetupError], str, str], ...] = (
    (
        r"No space left|not enough (free )?space|Errno 28|WinError 112",
        DiskError,
        "The disk is full.",
        "Free some space and install again.",
    ),
    (
        r"Permission denied|Read-only file system|Errno 13|Errno 30|WinError 5\b|Access is denied",
        DiskError,
        "The folder of the engine cannot be written.",
        "Give yourself the right to write into it, and install again.",
    ),
    (
        r"ProxyError|Cannot connect to proxy|Tunnel connection failed|407 Proxy",
        NetworkError,
        "The proxy lets nothing through.",
        "Check the proxy in the system's settings or in HTTPS_PROXY, or install from a folder of wheels.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        NetworkError,
        "The server's certificate is not trusted, as happens behind a firewall that looks into connections.",
        "Name your company's certificate to pip (pip config set global.cert FILE), or use a folder of wheels.",
    ),
    (
        r"DO NOT MATCH THE HASHES|has an invalid wheel|is invalid|BadZipFile|Bad magic number|zlib\.error"
        r"|not a zip file",
        DamagedFileError,
        "{file} is damaged.",
        "Fetch it again.",
    ),
    (
        r"IncompleteRead|Connection broken|ReadTimeoutError|ConnectionResetError|incomplete-download|Connection aborted"
        r"|RemoteDisconnected",
        NetworkError,
        "The connection broke while packages were fetched.",
        f"{_AGAIN}.",
    ),
    (
        r"NewConnectionError|Name or service not known|Temporary failure in name resolution|getaddrinfo failed"
        r"|Network is unreachable|ConnectTimeoutError|nodename nor servname|Failed to establish|Connection refused",
        NetworkError,
        "The package index cannot be reached.",
        "Check the connection and install again, or install from a folder of wheels.",
    ),
    (
        r"No module named pip|No module named ensurepip",
        SetupError,
        "This Python has no pip.",
        "Choose another Python.",
    ),
)
_MISSING = re.compile(r"(?:No matching distribution found for|satisfies the requirement) (\S+)")
_FILE = re.compile(r"([\w.+-]+\.whl)")
_CONFLICT = re.compile(r"ResolutionImpossible|conflicting dependencies")


def explain(said: Sequence[str], wheels: str) -> SetupError:
    """Return the error that pip's output means.

    Args:
        said: its lines.
        wheels: the folder of wheels that it was to use, ``""`` for the network.
    """
    text = "\n".join(said[-200:])
    for pattern, kind, sentence, remedy in _KNOWN:
        found = re.search(pattern, text)
        if found:
            return kind(sentence.format(file=_file_near(said, pattern)), remedy)
    missing = _MISSING.search(text)
    if missing and wheels:
        remedy = "Add it, or let `pip download` on a machine of the same kind fill the folder."
        return WheelsError(f"The folder of wheels has no {missing[1]} that fits this Python and machine.", remedy)
    if missing:
        return NetworkError(
            f"The package index has no {missing[1]} that fits this Python and machine.",
            "Choose another Python or another build of PyTorch.",
        )
    if _CONFLICT.search(text):
        return SetupError("The packages that were found do not fit together.", "Choose another build of PyTorch.")
    last = next((line for line in reversed(said) if line.lower().startswith("error")), "it does not say why")
    return SetupError(f"pip could not install the packages ({last[:200]}).")


def _file_near(said: Sequence[str], pattern: str) -> str:
    """Return the wheel that the failing line speaks of, or the one before it."""
    place = next((number for number, line in enumerate(said) if re.search(pattern, line)), len(said))
    for line in reversed(said[: place + 1]):
        if found := _FILE.search(line):
            return found[1]
    return "A package"
