"""Everything that Blender and the engine can say to each other.

A message is a frozen dataclass that checks its own fields, whichever side makes it.
Requests go to the engine, replies come back; what may follow what is in ``protocol.py``,
how they become bytes in ``fields.py`` and ``framing.py``. Files are named by absolute path: the engine
does not share Blender's working folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import motion as layout
from .errors import MessageError
from .fields import Message

PROTOCOL = 3  # raise it when a message changes in a way that the other side would misread

MESH = "mesh"  # the portrait that everybody has: the head itself
QUALITIES: Mapping[str, int] = {"draft": 256, "full": 512}  # pixels of a picture's sides


class Request(Message):
    """What Blender asks of the engine."""


class Reply(Message):
    """What the engine answers."""


@dataclass(frozen=True)
class Hello(Request):
    """The first request of all; answered by ``Ready``, or by ``Failed`` for another version.

    Attributes:
        protocol: the version that Blender's side speaks.
        scratch: absolute path of Blender's folder for temporary files, which the engine removes if Blender is killed
            and cannot; ``""`` for none.
    """

    protocol: int = PROTOCOL
    scratch: str = ""


@dataclass(frozen=True)
class Describe(Request):
    """Ask what an engine with this model and device can do; answered by ``Description``.

    Attributes:
        model: folder of a checkpoint, ``""`` for the built-in voice.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        precision: as in ``Generate``; a model is loaded for one of the two.
    """

    model: str = ""
    device: str = "auto"
    precision: str = "exact"


@dataclass(frozen=True)
class LoadRig(Request):
    """Convert a FLAME file of any format into plain arrays; answered by ``RigReady``."""

    path: str


@dataclass(frozen=True)
class Generate(Request):
    """Make motion from a sound file; answered by ``MotionWindow`` after window, then ``Done``.

    Attributes:
        audio: absolute path of the sound file.
        style: name of a speaking style, ``""`` for none.
        seed: chooses among takes: when the built-in voice blinks, and above temperature 0 every bit.
        start_s: where in the file to begin, seconds.
        end_s: where to end, seconds; ``None`` for the end of the file.
        fix_pose: keep the head still.
        model: folder of a checkpoint, ``""`` for the built-in voice.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        threads: processor threads to use, 0 for the engine's own choice.
        temperature: how far a take may stray from the model's best guess: 0 not at all, 1 as far as the model doubts.
        style_strength: how much of the style to show; 1.1 is what the released model was made for.
        channel: which channel of the sound to hear: ``"mix"``, ``"left"``, ``"right"`` or ``"loudest"``.
        precision: ``"exact"``, or ``"fast"`` for reduced precision where the device gains by it.
        continuity: how windows are heard in each other's light: ``"auto"`` is what suits the model, ``"none"`` each
            alone, ``"loudness"`` levelled over the whole sound, ``"context"`` with what sounds around it, ``"both"``.
    """

    audio: str
    style: str = ""
    seed: int = 0
    start_s: float = 0.0
    end_s: float | None = None
    fix_pose: bool = False
    model: str = ""
    device: str = "auto"
    threads: int = 0
    temperature: float = 0.0
    style_strength: float = 1.1
    channel: str = "mix"
    precision: str = "exact"
    continuity: str = "auto"


@dataclass(frozen=True)
class Speak(Request):
    """Speak a text into a sound file; answered by ``Spoken``.

    Attributes:
        text: what to say, as far as a field can hold it; ``""`` if it is in a file.
        text_file: absolute path of a UTF-8 file with what to say, ``""`` for none.
        out: absolute path of the WAV file to write, which must not exist yet.
        language: code or English name; ``""`` is the voice's own, or American English.
        voice: ``""`` is espeak-ng's of the language; a variant of it, a Piper voice's name or path, or ``"gtts"``.
        speaker: of a Piper voice that has several.
        rate: how fast, 1 being the voice's own.
        pitch: semitones higher.
        folder: of Piper voices, ``""`` for the engine's usual one.
        allow_online: whether a voice may send the text to a service on the internet.
    """

    text: str
    out: str
    text_file: str = ""
    language: str = ""
    voice: str = ""
    speaker: str = ""
    rate: float = 1.0
    pitch: float = 0.0
    folder: str = ""
    allow_online: bool = False


@dataclass(frozen=True)
class ListVoices(Request):
    """Ask for the languages and voices that can speak texts; answered by ``Voices``.

    Attributes:
        folder: of Piper voices, ``""`` for the engine's usual one.
    """

    folder: str = ""


@dataclass(frozen=True)
class RecodeClip(Request):
    """Do something to a body clip's file with the body codec; answered by ``ClipReady``.

    Attributes:
        path: absolute path of the clip; of a token file for ``"decompress"``.
        out: absolute path of the file to write, which must not exist yet.
        action: ``"detail"`` (through the codec with some layers), ``"compress"`` (``out`` is a token file),
            ``"decompress"``, ``"join"`` or ``"smooth"`` (without a codec).
        other: absolute path of the clip that follows (``"join"``), or of the one that gives what tokens do not
            hold (``"decompress"``); ``""`` for none.
        layers: how many layers of the codec to listen to, coarse to fine; 0 for all.
        smooth: smooth what comes out of the codec.
        checkpoint: absolute path of the codec's weights, ``""`` for the demonstration.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    """

    path: str
    out: str
    action: str = "detail"
    other: str = ""
    layers: int = 0
    smooth: bool = False
    checkpoint: str = ""
    device: str = "auto"


@dataclass(frozen=True, eq=False, kw_only=True)
class Portrayal(Request):
    """Whom to draw, and doing what: the common part of ``Preview`` and ``Film``.

    Attributes:
        motion: absolute path of an ``.npy`` file, ``[T, 106]`` float32.
        rate_hz: its rows a second.
        portrait: who is drawn: ``MESH`` for the head itself, or the name of an avatar.
        rig: whose motion it is, ``"builtin"`` or ``"flame"``.
        head: absolute path of the head's FLAME file, ``""`` for the built-in head.
        betas: the head's identity, at most 300 numbers; what is left out is zero.
        quality: one of ``QUALITIES``.
        turn: what turns where an avatar's head does, ``"camera"`` or ``"head"``.
        model: folder that holds the avatars, ``""`` for none.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        precision: ``"exact"``, or ``"fast"`` for reduced precision where the device gains by it.
    """

    motion: str
    rate_hz: float
    portrait: str = MESH
    rig: str = "builtin"
    head: str = ""
    betas: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    quality: str = "full"
    turn: str = "camera"
    model: str = ""
    device: str = "auto"
    precision: str = "exact"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rate_hz <= 0:
            raise MessageError(f"A motion has rows every so often, not {self.rate_hz} a second.")
        if self.quality not in QUALITIES:
            raise MessageError(f"A picture's quality is {' or '.join(QUALITIES)}, not {self.quality!r}.")


@dataclass(frozen=True, eq=False, kw_only=True)
class Preview(Portrayal):
    """Draw pictures into a file that both sides have in memory; answered by ``Frame`` after frame, then ``Done``.

    Attributes:
        pictures: absolute path of a `picture_map.PictureMap`.
        frames: ``[N]`` rows of the motion to draw, the most urgent first.
        slots: ``[N]`` where each picture goes.
        stamps: ``[N]`` under which stamp.
    """

    pictures: str
    frames: NDArray[np.int64]
    slots: NDArray[np.int64]
    stamps: NDArray[np.int64]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.frames.shape == self.slots.shape == self.stamps.shape == (self.frames.size,):
            raise MessageError("Every frame has one slot and one stamp.")


@dataclass(frozen=True, eq=False, kw_only=True)
class Film(Portrayal):
    """Write a film, a picture for every row of the motion; answered by ``Done``.

    Attributes:
        out: absolute path of the film, ``.mp4``, ``.gif`` or ``.webp``, or of a folder for pictures.
        audio: absolute path of its sound, ``""`` for a silent film.
        start_s: where in the sound the film begins, seconds.
        is_forced: replace what is there.
        watermark: mark an avatar's pictures visibly.
    """

    out: str
    audio: str = ""
    start_s: float = 0.0
    is_forced: bool = False
    watermark: bool = True


@dataclass(frozen=True)
class Cancel(Request):
    """Stop a job soon. Has no answer of its own: the job ends with ``Failed("cancelled")``."""

    job: int


@dataclass(frozen=True)
class Shutdown(Request):
    """End the engine. Has no answer."""


@dataclass(frozen=True)
class Ready(Reply):
    """The engine listens; it may still be loading its libraries."""

    protocol: int
    engine_version: str


@dataclass(frozen=True)
class Description(Reply):
    """What the engine computes on and with.

    Attributes:
        device: the device in use, such as ``"cpu"``.
        models: names of the loaded models.
        styles: names that ``Generate.style`` accepts.
        rig: the rig that the model speaks to, ``"builtin"`` or ``"flame"``.
        avatars: names that ``Portrayal.portrait`` accepts besides ``MESH``.
    """

    device: str
    models: tuple[str, ...]
    styles: tuple[str, ...]
    rig: str
    avatars: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress(Reply):
    """How far a job is: ``done`` of ``total`` steps of a stage; ``total`` 0 if unknown."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class MotionWindow(Reply):
    """Consecutive frames of a motion, ready to be keyed.

    Attributes:
        first_frame: index of the first frame at 25 frames a second, from ``Generate.start_s``.
        motion: ``[T, 106]`` float32.
    """

    first_frame: int
    motion: NDArray[np.float32]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.motion.ndim != 2 or self.motion.shape[1] != layout.CHANNELS:
            raise MessageError(f"A motion is [T, {layout.CHANNELS}], this array is {list(self.motion.shape)}.")


@dataclass(frozen=True)
class Frame(Reply):
    """The picture of a row of ``Preview``'s motion is in its slot, under its stamp."""

    number: int


@dataclass(frozen=True, eq=False)
class Spoken(Reply):
    """A text was spoken; its sound lies at ``path``.

    Attributes:
        path: the WAV file that was written.
        duration_s: how long it is.
        language: code of the language spoken.
        voice: name of the voice that spoke.
        symbols: the different sounds, in the International Phonetic Alphabet, ``""`` for a pause.
        phones: ``[P, 3]`` float32: for each sound its number among ``symbols``, and the seconds at which it begins
            and ends; no rows where the voice does not tell.
    """

    path: str
    duration_s: float
    language: str
    voice: str
    symbols: tuple[str, ...]
    phones: NDArray[np.float32]

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers = self.phones[:, 0] if self.phones.ndim == 2 and self.phones.shape[1] == 3 else None
        if numbers is None or not np.isin(numbers, np.arange(len(self.symbols))).all():
            raise MessageError(f"Phones are [P, 3] with numbers of symbols, this array is {list(self.phones.shape)}.")


@dataclass(frozen=True)
class Voices(Reply):
    """The languages and voices that can speak texts.

    Attributes:
        languages: their codes.
        language_names: their English names, in the same order.
        voices: names of voices.
        voice_languages: the language that each of these speaks, ``""`` for any.
    """

    languages: tuple[str, ...]
    language_names: tuple[str, ...]
    voices: tuple[str, ...]
    voice_languages: tuple[str, ...]


@dataclass(frozen=True)
class RigReady(Reply):
    """The converted rig lies at ``path``, an ``.npz`` of plain arrays."""

    path: str


@dataclass(frozen=True)
class ClipReady(Reply):
    """A body clip, or its tokens, lie at ``path``.

    Attributes:
        path: the file that was written.
        error_deg: mean error of the joints that changed, degrees; ``None`` where there is nothing to compare with.
        worst_deg: the largest error of any joint in any frame, likewise.
        bytes: size of the file.
        remarks: what to know about it, one sentence each.
    """

    path: str
    error_deg: float | None
    worst_deg: float | None
    bytes: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done(Reply):
    """The job is complete; all ``frames`` have been sent."""

    frames: int


@dataclass(frozen=True)
class Failed(Reply):
    """The job, or a message outside any job, ended in an error.

    Attributes:
        code: the kind of failure, stable across versions.
        text: one sentence for the user.
        remedy: what the user can do, one sentence or ``""``.
    """

    code: str
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Alive(Reply):
    """The engine's heartbeat, outside any job: about once a second while jobs are open, and after the last one.

    Attributes:
        memory_bytes: what the engine takes of the machine's memory, 0 if the system does not tell.
        quiet_s: for how long a job that is being worked on has not said a word, 0 if there is none.
    """

    memory_bytes: int
    quiet_s: float


@dataclass(frozen=True)
class Log(Reply):
    """A remark for the details view; nothing depends on it."""

    text: str


REQUESTS: tuple[type[Request], ...] = (
    Hello,
    Describe,
    LoadRig,
    Generate,
    Speak,
    ListVoices,
    RecodeClip,
    Preview,
    Film,
    Cancel,
    Shutdown,
)
REPLIES: tuple[type[Reply], ...] = (
    Ready,
    Description,
    Progress,
    MotionWindow,
    Frame,
    Spoken,
    Voices,
    RigReady,
    ClipReady,
    Done,
    Failed,
    Alive,
    Log,
)
BY_NAME: Mapping[str, type[Message]] = {kind.__name__: kind for kind in (*REQUESTS, *REPLIES)}
