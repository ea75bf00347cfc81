"""Motion as text: JSON for programs, CSV for spreadsheets.

JSON is one object with the fields of the ``.npz``: ``expression`` (a list of 100 numbers for each frame),
``global_orient`` and ``jaw_pose`` (three each, axis-angle, radians), ``fps`` (25), ``rig``, ``audio``,
``engine_version`` and ``style``; motion of a spoken text also has ``phone_symbols`` and ``phone_times``, each a pair
of seconds.

CSV begins with a line ``# name: value`` for each of ``fps``, ``rig``, ``audio``, ``engine_version`` and ``style``; any
of them may be missing. Then come named columns, in any order: ``expression_000`` to ``expression_099``,
``global_orient_x``, ``_y``, ``_z``, ``jaw_pose_x``, ``_y``, ``_z``, and where they are there ``frame`` and
``seconds``, which are checked. Further columns are left alone.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from . import motion as layout
from .phones import Phones

Arrays = dict[str, NDArray[np.generic]]

CHANNELS = {"expression": layout.EXPRESSION, "global_orient": layout.GLOBAL_ORIENT, "jaw_pose": layout.JAW_POSE}
COLUMNS = (
    *(f"expression_{number:03d}" for number in range(layout.EXPRESSIONS)),
    *(f"{rotation}_{axis}" for rotation in ("global_orient", "jaw_pose") for axis in "xyz"),
)


def to_json(motion: NDArray[np.float32], texts: Mapping[str, str], phones: Phones | None = None) -> str:
    """Write a motion ``[T, 106]`` and what is known of it; numbers are read back to the same bits."""
    parts: dict[str, object] = {name: _shortest(motion[:, channels]) for name, channels in CHANNELS.items()}
    if phones is not None:
        parts |= {"phone_symbols": phones.symbols, "phone_times": _shortest(phones.times)}
    return json.dumps({"fps": layout.FPS, **texts, **parts}, ensure_ascii=False) + "\n"


def from_json(text: str) -> Arrays:
    """Read what :func:`to_json` writes, as the entries of an ``.npz``.

    Raises:
        ValueError: if it is no JSON, or no object.
    """
    contents = json.loads(text, parse_constant=_no_constant)
    if not isinstance(contents, dict):
        raise ValueError(f"it holds a {type(contents).__name__}, expected an object")
    return {name: _array(name, value) for name, value in contents.items()}


def to_csv(motion: NDArray[np.float32], texts: Mapping[str, str]) -> str:
    """Write a motion ``[T, 106]`` and what is known of it; numbers are read back to the same bits."""
    target = io.StringIO()
    for name, value in {"fps": str(layout.FPS), **texts}.items():
        target.write(f"# {name}: {' '.join(value.splitlines())}\n")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("frame", "seconds", *COLUMNS))
    for frame, row in enumerate(_shortest(motion)):
        writer.writerow((frame, frame / layout.FPS, *row))
    return target.getvalue()


def from_csv(text: str) -> Arrays:
    """Read what :func:`to_csv` writes, or any table with these columns, as the entries of an ``.npz``.

    Raises:
        ValueError: if columns are missing, a cell is no number, or the rate is another.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    notes = [line.lstrip("#").partition(":") for line in lines if line.startswith("#")]
    rows = list(csv.reader(line for line in lines if line.strip() and not line.startswith("#")))
    names = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"it lacks the column {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else ""))
    table = _table(rows[1:], names)
    _check_times(table)
    motion = np.stack([table[name] for name in COLUMNS], axis=1).astype(np.float32)
    entries: Arrays = {name: motion[:, channels] for name, channels in CHANNELS.items()}
    texts = {name.strip(): value.strip() for name, _, value in notes}
    entries |= {name: np.array(texts.get(name, "")) for name in ("rig", "audio", "engine_version", "style")}
    return {**entries, "fps": np.array(float(texts.get("fps") or layout.FPS))}


def _table(rows: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return the columns that a motion needs, each ``[T]``."""
    wanted = [names.index(name) for name in ("frame", "seconds", *COLUMNS) if name in names]
    cells = np.empty((len(rows), len(wanted)))
    for number, row in enumerate(rows):
        try:
            cells[number] = [float(row[column]) for column in wanted]
        except (ValueError, IndexError) as exc:
            raise ValueError(f"row {number + 1} of its table is not all numbers") from exc
    return dict(zip((names[column] for column in wanted), cells.T, strict=True))


def _check_times(table: Mapping[str, NDArray[np.float64]]) -> None:
    for name, step in (("frame", 1.0), ("seconds", 1.0 / layout.FPS)):
        times = table.get(name)
        if times is None or len(times) < 2:
            continue
        found = float(np.median(np.diff(times)))
        if name == "seconds" and found > 0 and abs(found - step) > 0.01 * step:
            raise ValueError(f"its rate is {1.0 / found:.5g}, expected {layout.FPS} frames a second")
        if np.abs(np.diff(times) - step).max() > 0.5 * step:
            raise ValueError(f"its column {name} skips frames")


def _shortest(values: NDArray[np.float32]) -> list[list[float]]:
    """Return numbers that print with as few digits as tell a float32 apart."""
    return [[float(str(value)) for value in row] for row in values]


def _array(name: str, value: object) -> NDArray[np.generic]:
    if name not in CHANNELS:
        return np.array(value)
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"{name} is no table of numbers") from exc
    return array.reshape(0, CHANNELS[name].stop - CHANNELS[name].start) if array.size == 0 else array


def _no_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number")
