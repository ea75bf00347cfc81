"""A Piper voice that anybody can make: each phoneme is a tone, written as ONNX byte by byte.

It is loaded by the real Piper and run by the real ONNX runtime. The tone is as much higher as its length scale.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

SAMPLES = 1024  # of each phoneme
HOP = 256
RATE_HZ = 16_000
LETTERS = "_^$ ,.!?abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɡɣɤɥɨɪɫɬɭɯɲɳɵɹɻɽɾʀʁʂʃʈʉʊʋʌʍʎʐʑʒʔʝˈˌːθχ̩"


def make_piper_voice(
    folder: Path, name: str = "tone", *, has_times: bool = True, speakers: int = 1, language: str = "en_US"
) -> Path:
    """Write a voice's two files; returns its model."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    path.write_bytes(_model(has_times))
    about = {
        "audio": {"sample_rate": RATE_HZ},
        "espeak": {"voice": "en-us"},
        "language": {"code": language},
        "inference": {"length_scale": 1.0, "noise_scale": 0.0, "noise_w": 0.0},
        "phoneme_type": "espeak",
        "num_symbols": len(LETTERS),
        "num_speakers": speakers,
        "speaker_id_map": {f"person {number}": number for number in range(speakers)} if speakers > 1 else {},
        "phoneme_id_map": {letter: [number] for number, letter in enumerate(LETTERS)},
        "hop_length": HOP,
    }
    path.with_name(f"{name}.onnx.json").write_text(json.dumps(about), encoding="utf-8")
    return path


def _model(has_times: bool) -> bytes:
    wave = struct.pack(f"<{SAMPLES}f", *(0.01 * sample for sample in range(SAMPLES)))
    nodes = [
        _node("Cast", ["input"], "ids", to=1),
        _node("Unsqueeze", ["ids", "two"], "column"),
        _node("Gather", ["scales", "one"], "scale"),
        _node("Mul", ["column", "wave"], "turns"),
        _node("Mul", ["turns", "scale"], "phases"),
        _node("Sin", ["phases"], "tones"),
        _node("Reshape", ["tones", "row"], "output"),
        _node("Mul", ["ids", "nought"], "noughts"),
        _node("Add", ["noughts", "frames"], "durations"),
    ]
    tensors = [
        _tensor("two", 7, [1], struct.pack("<q", 2)),
        _tensor("one", 7, [], struct.pack("<q", 1)),
        _tensor("row", 7, [3], struct.pack("<3q", 1, 1, -1)),
        _tensor("wave", 1, [1, 1, SAMPLES], wave),
        _tensor("nought", 1, [], struct.pack("<f", 0.0)),
        _tensor("frames", 1, [], struct.pack("<f", SAMPLES / HOP)),
    ]
    inputs = [_value("input", 7, [1, "T"]), _value("input_lengths", 7, [1]), _value("scales", 1, [3])]
    outputs = [_value("output", 1, [1, 1, "S"]), *([_value("durations", 1, [1, "T"])] if has_times else [])]
    graph = b"".join(
        [_bytes(1, node) for node in nodes]
        + [_bytes(2, b"tone")]
        + [_bytes(5, tensor) for tensor in tensors]
        + [_bytes(11, value) for value in inputs]
        + [_bytes(12, value) for value in outputs]
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))


def _node(kind: str, inputs: list[str], output: str, **numbers: int) -> bytes:
    attributes = [
        _bytes(5, _bytes(1, name.encode()) + _number(3, value) + _number(20, 2)) for name, value in numbers.items()
    ]
    named = [_bytes(1, name.encode()) for name in inputs]
    return b"".join([*named, _bytes(2, output.encode()), _bytes(4, kind.encode()), *attributes])


def _tensor(name: str, kind: int, shape: list[int], data: bytes) -> bytes:
    return b"".join(_number(1, size) for size in shape) + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, data)


def _value(name: str, kind: int, shape: list[int | str]) -> bytes:
    sizes = [_bytes(1, _number(1, size) if isinstance(size, int) else _bytes(2, size.encode())) for size in shape]
    tensor = _number(1, kind) + _bytes(2, b"".join(sizes))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
