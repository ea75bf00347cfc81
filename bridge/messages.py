"""Everything that Blender and the engine can say to each other.

A message is a frozen dataclass that checks its own fields, whichever side makes it.
Requests go to the engine, replies come back; what may follow what is in ``protocol.py``,
how they become bytes in ``framing.py``. Files are named by absolute path: the engine
does not share Blender's working folder.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import motion as layout
from .errors import MessageError

PROTOCOL = 1  # raise it when a message changes in a way that the other side would misread
TEXT_LIMIT = 8192  # characters in one text field


class Message:
    """A dataclass whose fields are texts, numbers, flags, tuples of texts or float32 arrays."""

    def __post_init__(self) -> None:
        for name, kind in _kinds(type(self)).items():
            if not _CHECKS[kind](getattr(self, name)):
                raise MessageError(f"{type(self).__name__}.{name} is not {kind}: {_brief(getattr(self, name))}.")


class Request(Message):
    """What Blender asks of the engine."""


class Reply(Message):
    """What the engine answers."""


@dataclass(frozen=True)
class Hello(Request):
    """The first request of all; answered by ``Ready``, or by ``Failed`` for another version."""

    protocol: int = PROTOCOL


@dataclass(frozen=True)
class Describe(Request):
    """Ask what an engine with this model and device can do; answered by ``Description``.

    Attributes:
        model: folder of a checkpoint, ``""`` for the built-in voice.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    """

    model: str = ""
    device: str = "auto"


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
        seed: chooses among equally good takes, where the model has any.
        start_s: where in the file to begin, seconds.
        end_s: where to end, seconds; ``None`` for the end of the file.
        fix_pose: keep the head still.
        model: folder of a checkpoint, ``""`` for the built-in voice.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        threads: processor threads to use, 0 for the engine's own choice.
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
    """

    device: str
    models: tuple[str, ...]
    styles: tuple[str, ...]
    rig: str


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
class RigReady(Reply):
    """The converted rig lies at ``path``, an ``.npz`` of plain arrays."""

    path: str


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
class Log(Reply):
    """A remark for the details view; nothing depends on it."""

    text: str


REQUESTS: tuple[type[Request], ...] = (Hello, Describe, LoadRig, Generate, Cancel, Shutdown)
REPLIES: tuple[type[Reply], ...] = (Ready, Description, Progress, MotionWindow, RigReady, Done, Failed, Log)
_BY_NAME: Mapping[str, type[Message]] = {kind.__name__: kind for kind in (*REQUESTS, *REPLIES)}

Plain = str | int | float | bool | None | list[str]
Arrays = dict[str, NDArray[np.generic]]


def to_plain(message: Message) -> tuple[dict[str, Plain], Arrays]:
    """Split a message into what JSON can hold and its arrays.

    Args:
        message: any request or reply.

    Returns:
        Its name under ``"message"`` with its plain fields, and its arrays by field name.
    """
    plain: dict[str, Plain] = {"message": type(message).__name__}
    arrays: Arrays = {}
    for name in _kinds(type(message)):
        value = getattr(message, name)
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            plain[name] = list(value) if isinstance(value, tuple) else value
    return plain, arrays


def from_plain(plain: Mapping[str, object], arrays: Mapping[str, NDArray[np.generic]]) -> Message:
    """Rebuild a message and check it.

    Args:
        plain: the name under ``"message"`` and the plain fields.
        arrays: the arrays by field name.

    Returns:
        The message.

    Raises:
        MessageError: if there is no such message, or its fields are not what they should be.
    """
    name = plain.get("message")
    kind = _BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        raise MessageError(f"There is no message called {_brief(name)}.")
    kinds = _kinds(kind)
    fields = {key: value for key, value in plain.items() if key != "message"} | dict(arrays)
    unknown = sorted(set(fields) - set(kinds))
    if unknown:
        raise MessageError(f"{kind.__name__} has no field {_brief(unknown[0])}.")
    try:
        return kind(**{key: _revive(value, kinds[key]) for key, value in fields.items()})
    except TypeError as exc:
        raise MessageError(f"{kind.__name__} is incomplete.") from exc


def _revive(value: object, kind: str) -> object:
    """Undo what JSON does to a field: tuples become lists, 2.0 may become 2."""
    if isinstance(value, list):
        return tuple(value)
    if kind.startswith("float") and type(value) is int and abs(value) < 2**53:
        return float(value)
    return value


def _kinds(kind: type[Message]) -> Mapping[str, str]:
    """Return the annotation of every field, as it is written."""
    fields = dataclasses.fields(typing.cast("type[typing.Any]", kind))
    return {field.name: str(field.type) for field in fields}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_LIMIT


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_number(value: object) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < 2**53)


_CHECKS: Mapping[str, typing.Callable[[object], bool]] = {
    "str": _is_text,
    "int": _is_count,
    "bool": lambda value: type(value) is bool,
    "float": _is_number,
    "float | None": lambda value: value is None or _is_number(value),
    "tuple[str, ...]": lambda value: isinstance(value, tuple) and all(map(_is_text, value)),
    "NDArray[np.float32]": lambda value: isinstance(value, np.ndarray) and value.dtype == np.float32,
}


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
