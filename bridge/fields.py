"""What all messages have in common: fields that are checked, and a form that can be sent.

A field is a text, a number, a flag, a tuple of texts or an array of float32 or int64, and
its annotation says which.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .errors import MessageError

TEXT_LIMIT = 8192  # characters in one text field

Plain = str | int | float | bool | None | list[str]
Arrays = dict[str, NDArray[np.generic]]


class Message:
    """A dataclass whose fields are texts, numbers, flags, tuples of texts, or arrays of float32 or int64."""

    def __post_init__(self) -> None:
        for name, kind in _kinds(type(self)).items():
            if not _CHECKS[kind](getattr(self, name)):
                raise MessageError(f"{type(self).__name__}.{name} is not {kind}: {_brief(getattr(self, name))}.")


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


def from_plain(
    known: Mapping[str, type[Message]], plain: Mapping[str, object], arrays: Mapping[str, NDArray[np.generic]]
) -> Message:
    """Rebuild a message and check it.

    Args:
        known: the messages that there are, by name.
        plain: the name under ``"message"`` and the plain fields.
        arrays: the arrays by field name.

    Returns:
        The message.

    Raises:
        MessageError: if there is no such message, or its fields are not what they should be.
    """
    name = plain.get("message")
    kind = known.get(name) if isinstance(name, str) else None
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
    "NDArray[np.int64]": lambda value: isinstance(value, np.ndarray) and value.dtype == np.int64,
}


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
