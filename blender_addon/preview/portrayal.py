# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to draw, as the engine is told."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import bpy
import numpy as np
from numpy.typing import NDArray

from bridge.messages import MESH

from .. import scratch
from ..preferences import engine_device, engine_precision, voice_folder
from ..rig.identity import betas_of, head_file
from ..rig.naming import BUILTIN
from ..rig.parts import RigParts

MEMORY_S = 8.0  # for how long an edit shows in later pictures of an avatar, whose forehead moves slowly


class Whom(TypedDict):
    """The fields of ``bridge.messages.Portrayal`` that say who is drawn."""

    portrait: str
    rig: str
    head: str
    betas: NDArray[np.float32]
    quality: str
    turn: str
    model: str
    device: str
    precision: str


@dataclass(frozen=True)
class Sitter:
    """Who is drawn, and how.

    Attributes:
        portrait: ``MESH`` or an avatar.
        quality: ``"draft"`` or ``"full"``.
        rig: whose motion it is.
        head: file of a FLAME head, ``""`` for the built-in one.
        betas: the identity.
        model: folder of the avatars.
        device: what to compute on.
        turn: what turns where an avatar's head does, ``"camera"`` or ``"head"``.
        precision: how exactly to compute an avatar, ``"exact"`` or ``"fast"``.
    """

    portrait: str
    quality: str
    rig: str
    head: str
    betas: tuple[float, ...]
    model: str
    device: str
    turn: str = "camera"
    precision: str = "exact"

    @property
    def number(self) -> int:
        """A number that differs for whoever looks different."""
        return zlib.crc32(repr(self).encode())

    def memory(self, rate_hz: float) -> int:
        """Return how many scene frames later a picture still shows what was before."""
        return 0 if self.portrait == MESH else round(MEMORY_S * rate_hz)

    def fields(self) -> Whom:
        """Return the fields of a request."""
        return Whom(
            portrait=self.portrait,
            quality=self.quality,
            rig=self.rig,
            head=self.head,
            betas=np.array(self.betas, np.float32),
            turn=self.turn,
            model=self.model,
            device=self.device,
            precision=self.precision,
        )


def sitter_of(context: bpy.types.Context, parts: RigParts, portrait: str, quality: str) -> Sitter:
    """Return whom to draw for a rig.

    Raises:
        IdentityError: if the file that the rig was made from is not known, or gone.
    """
    head = "" if parts.kind == BUILTIN else str(head_file(parts))
    betas = tuple(betas_of(parts.keys).tolist())
    betas = betas if any(betas) else ()
    who = Sitter(portrait, quality, parts.kind, head, betas, voice_folder(context), engine_device(context))
    if portrait == MESH:
        return who
    # An avatar has an identity of its own.
    return replace(who, betas=(), turn=str(context.scene.artalk_preview.turn), precision=engine_precision(context))


def temporary_file(what: str) -> Path:
    """Return a name for a file of this process's own, which must not exist yet.

    Raises:
        ScratchError: if there is no folder for it.
    """
    return scratch.file(f"preview-{what}")


def write_rows(path: Path, rows: NDArray[np.float32]) -> None:
    """Write a motion for the engine to read.

    Raises:
        OSError: if it cannot be written; nothing is left of it then.
    """
    try:
        with path.open("wb") as file:
            np.save(file, rows, allow_pickle=False)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise
