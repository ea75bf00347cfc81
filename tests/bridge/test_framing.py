# ruff: noqa: S311 - seeded randomness is what a repeatable fuzz test needs
import json
import random

import numpy as np
import pytest

from bridge.errors import FrameError, StrayBytesError
from bridge.framing import HEADER_LIMIT, MAGIC, PAYLOAD_LIMIT, PREAMBLE, Frame, FrameDecoder, encode


def frame(index: int = 0, rows: int = 3) -> Frame:
    return Frame(
        {"index": index, "text": "Zoë \udc80"}, {"motion": np.arange(rows * 4, dtype=np.float32).reshape(rows, 4)}
    )


def raw(header: object, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return PREAMBLE.pack(MAGIC, len(text), len(payload)) + text + payload


def take_all(decoder: FrameDecoder) -> tuple[list[Frame], list[FrameError]]:
    frames, errors = [], []
    while True:
        try:
            item = decoder.next()
        except FrameError as exc:
            errors.append(exc)
            continue
        if item is None:
            return frames, errors
        frames.append(item)


def pieces(data: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(40)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@pytest.mark.parametrize("seed", range(20))
def test_frames_survive_any_splitting_of_the_stream(seed):
    chance = random.Random(seed)
    sent = [frame(index, chance.randrange(50)) for index in range(chance.randrange(1, 20))]
    decoder, arrived = FrameDecoder(), []
    for piece in pieces(b"".join(map(encode, sent)), chance):
        decoder.feed(piece)
        frames, errors = take_all(decoder)
        assert not errors
        arrived += frames
    assert [f.fields for f in arrived] == [f.fields for f in sent]
    for a, b in zip(arrived, sent, strict=True):
        np.testing.assert_array_equal(a.arrays["motion"], b.arrays["motion"])
    assert not decoder.is_within_frame


@pytest.mark.parametrize("seed", range(20))
def test_frames_between_stray_bytes_are_all_found(seed):
    chance = random.Random(seed)
    sent = [frame(index) for index in range(10)]
    stream = b"".join(chance.randbytes(chance.randrange(300)).replace(b"A", b"a") + encode(f) for f in sent)
    decoder, arrived = FrameDecoder(), []
    for piece in pieces(stream, chance):
        decoder.feed(piece)
        frames, errors = take_all(decoder)
        assert all(isinstance(exc, StrayBytesError) for exc in errors)
        arrived += frames
    assert [f.fields["index"] for f in arrived] == list(range(10))


@pytest.mark.parametrize("seed", range(50))
def test_random_and_damaged_bytes_raise_nothing_but_frame_errors(seed):
    chance = random.Random(seed)
    decoder = FrameDecoder()
    for _ in range(50):
        data = bytearray(encode(frame(rows=chance.randrange(4))) if chance.random() < 0.7 else chance.randbytes(200))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        decoder.feed(bytes(data))
        take_all(decoder)


def test_a_frame_that_announces_too_much_is_refused_before_it_arrives():
    decoder = FrameDecoder()
    for header, payload in [(HEADER_LIMIT + 1, 0), (0, PAYLOAD_LIMIT + 1), (2**32 - 1, 2**32 - 1)]:
        decoder.feed(PREAMBLE.pack(MAGIC, header, payload))
        with pytest.raises(FrameError, match="beyond the limits"):
            decoder.next()
        decoder.feed(encode(frame(7)))
        frames, _ = take_all(decoder)
        assert [f.fields["index"] for f in frames] == [7]


@pytest.mark.parametrize(
    "data",
    [
        raw(b"{"),
        raw(b"\xff\xfe"),
        raw(b"[" * 60_000),
        raw(b'{"arrays":[],"x":NaN}'),
        raw(b'{"arrays":[],"x":' + b"9" * 6000 + b"}"),
        raw([]),
        raw({}),
        raw({"arrays": {}}),
        raw({"arrays": [["m", "<f4", [2]]]}),
        raw({"arrays": [["m", "<f4", [-1]]]}),
        raw({"arrays": [["m", "<f4", [True]]]}),
        raw({"arrays": [["m", "O", [1]]]}, b"12345678"),
        raw({"arrays": [["m", "<f4", [0, 2**60]]]}),
        raw({"arrays": [["m", "<f4", [1]], ["m", "<f4", [1]]]}, b"12345678"),
        raw({"arrays": []}, b"left over"),
        raw({"arrays": [["m", "<f4", [1]]] * 65}),
    ],
)
def test_a_malformed_frame_is_one_error_and_the_next_frame_is_read(data):
    decoder = FrameDecoder()
    decoder.feed(data + encode(frame(5)))
    with pytest.raises(FrameError):
        decoder.next()
    assert decoder.next().fields["index"] == 5


def test_big_endian_and_strided_arrays_arrive_as_their_values():
    values = np.arange(12, dtype=">f4").reshape(3, 4)[:, ::2]
    decoder = FrameDecoder()
    decoder.feed(encode(Frame({}, {"values": values})))
    arrived = decoder.next().arrays["values"]
    np.testing.assert_array_equal(arrived, values)
    assert not arrived.flags.writeable


@pytest.mark.parametrize("shape", [(), (0, 106), (1, 1, 1)])
def test_odd_shapes_arrive_as_they_are(shape):
    decoder = FrameDecoder()
    decoder.feed(encode(Frame({}, {"a": np.zeros(shape, np.float32)})))
    assert decoder.next().arrays["a"].shape == shape


@pytest.mark.parametrize(
    "unsendable",
    [
        Frame({"x": float("nan")}),
        Frame({"x": object()}),
        Frame({"x": "a" * HEADER_LIMIT}),
        Frame({}, {"a": np.array([object()])}),
        Frame({}, {"a": np.zeros(PAYLOAD_LIMIT // 4 + 1, np.float32)}),
    ],
)
def test_what_a_frame_cannot_carry_is_refused_by_the_sender(unsendable):
    with pytest.raises(FrameError):
        encode(unsendable)
