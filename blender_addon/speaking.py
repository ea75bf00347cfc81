# SPDX-License-Identifier: GPL-3.0-or-later
"""From a text to a take: the engine speaks it into a sound file, and then the head speaks that."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from bridge.fields import TEXT_LIMIT
from bridge.messages import Reply, Speak, Spoken
from bridge.phones import Phones

from .engine_process import EngineProcess
from .errors import AddonError, SoundError
from .generating import GenerateJob, Order
from .steps import Work
from .takes.editing import take_quality_in_steps
from .takes.quality import Quality
from .takes.spoken import keep_phones

NOT_KEPT = "Its sound is packed into the .blend, which is not saved in a folder of its own yet."
log = logging.getLogger(__name__)
WORDS, LETTERS = 5, 40  # of the text, at most, that name its sound file


@dataclass(frozen=True)
class SpeakOrder:
    """What to say, and for whom.

    Attributes:
        take: what to generate of the sound, which its speech does not name yet.
        text: what to say.
        language: code or name; ``""`` is the voice's own.
        voice: who says it, ``""`` for the language's own voice.
        speaker: of a voice that has several.
        rate: how fast, 1 being usual.
        pitch: semitones higher, -6 to 6.
        folder: of the user's voices, ``""`` for the engine's usual one.
        allow_online: whether a voice may send the text over the internet.
    """

    take: Order
    text: str
    language: str = ""
    voice: str = ""
    speaker: str = ""
    rate: float = 1.0
    pitch: float = 0.0
    folder: str = ""
    allow_online: bool = False


class SpeakJob(GenerateJob):
    """One take in the making whose sound has to be made first."""

    def __init__(self, order: SpeakOrder, engine: EngineProcess) -> None:
        """Check the order; nothing is asked of the engine yet.

        Args:
            order: what to say.
            engine: need not run yet.

        Raises:
            AddonError: if the rig cannot be used, there is no text, or no sound can be written anywhere.
        """
        self._wanted, self._phones = order, None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._looking: Work[Quality] | None = None
        super().__init__(order.take, engine)
        sound_path(order.text)  # complains where it can be heeded

    _phones: Phones | None

    def begin(self) -> None:
        """Ask the engine, which runs by now, to speak; motion is asked for when it has.

        Raises:
            BridgeError: if the engine is gone again.
        """
        order = self._wanted
        path, is_kept = sound_path(order.text)  # not before: a job that ran meanwhile may have said the same
        if not is_kept:
            self._order = replace(self._order, should_pack=True)
            self._first_remarks = (NOT_KEPT,)
        is_short = len(order.text) <= TEXT_LIMIT
        self._request = self._engine.send(
            Speak(
                text=order.text if is_short else "",
                text_file="" if is_short else str(self._written_text()),
                out=str(path),
                language=order.language,
                voice=order.voice,
                speaker=order.speaker,
                rate=order.rate,
                pitch=order.pitch,
                folder=order.folder,
                allow_online=order.allow_online,
            )
        )

    @property
    def title(self) -> str:
        """What the job is called in the undo history."""
        return f"ARTalk: Speak Take {self._number}"

    def _said(self) -> str:
        return textwrap.shorten(self._wanted.text, LETTERS, placeholder="…")

    def _check_sound(self) -> None:
        if not self._wanted.text.strip():
            raise SoundError("There is no text to speak.", "Write what is to be said.")

    def _accept(self, reply: Reply) -> None:
        if not isinstance(reply, Spoken):
            super()._accept(reply)
        elif self.is_cancelled:
            self.stop(None)
        else:
            self._phones = Phones.of_table(reply.symbols, reply.phones)
            self._order = replace(self._order, speech=replace(self._order.speech, audio=reply.path))
            super().begin()

    def _add_sound(self) -> None:
        super()._add_sound()
        action = self._take()
        if action is not None:
            keep_phones(action, self._phones)

    def _conclude(self, budget_s: float) -> None:
        """Say also whether the lips close when they should, which takes a few ticks to find out."""
        action, spoken = self._take(), None
        if action is not None:
            try:
                if self._looking is None or self._looking.is_outdated:
                    self._looking = Work(take_quality_in_steps(action))
                if not self._looking.go_on(budget_s):
                    return
                spoken = self._looking.result.spoken if self._looking.result is not None else None
            except (AddonError, ReferenceError, LookupError):  # the head lost a part meanwhile
                log.info("take %d was not looked over", self._number, exc_info=True)
        super()._conclude(budget_s)
        if spoken is not None and spoken.total and self.outcome is not None:
            self.outcome = replace(self.outcome, text=f"{self.outcome.text} {spoken}.")

    def _written_text(self) -> Path:
        """Put a text that no message can hold into a file."""
        self._folder = tempfile.TemporaryDirectory(prefix="artalk-text-")
        path = Path(self._folder.name, "text.txt")
        path.write_text(self._wanted.text, encoding="utf-8")
        return path


def sound_path(text: str) -> tuple[Path, bool]:
    """Choose a new file for the sound of a text, named after its first words.

    Returns:
        the file, beside the .blend if that can be; and whether it is there, rather than in a temporary folder.

    Raises:
        SoundError: if nothing can be written anywhere.
    """
    name = "_".join(re.findall(r"\w+", text)[:WORDS])[:LETTERS].strip("_").lower() or "speech"
    beside = Path(bpy.data.filepath).parent if bpy.data.filepath else None
    if beside is not None and os.access(beside, os.W_OK):
        return _unused(beside, name), True
    folder = Path(bpy.app.tempdir or tempfile.gettempdir())
    if not os.access(folder, os.W_OK):
        raise SoundError(f"No sound can be written into {folder}.", "Save the file in a folder that you may write to.")
    return _unused(folder, name), False


def _unused(folder: Path, name: str) -> Path:
    names = (f"{name}.wav", *(f"{name}_{number}.wav" for number in range(2, 10_000)))
    return next(folder / each for each in names if not (folder / each).exists())
