import io
import os
import pickle
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest

from bridge.torch_file import read_tensor, write_tensor

if find_spec("torch") is not None:
    import torch

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="this environment has no PyTorch to compare with")


def made(kind):
    random = torch.Generator().manual_seed(0)
    values = torch.randn(40, 130, generator=random)
    return {
        "plain": values,
        "view into a long storage": values[3:9, 7:113],
        "transposed": values.t(),
        "every third": values[::3],
        "repeated": values[:1].expand(5, 130),
        "double": values.double(),
        "half": values.half(),
        "bfloat16": values.bfloat16(),
        "parameter": torch.nn.Parameter(values),
        "with gradient": values.clone().requires_grad_(),
        "integers": torch.arange(6).reshape(2, 3),
        "no frames": values[:0],
        "a number": torch.tensor(3.5),
    }[kind]


KINDS = [
    "plain", "view into a long storage", "transposed", "every third", "repeated", "double", "half", "bfloat16",
    "parameter", "with gradient", "integers", "no frames", "a number",
]  # fmt: skip


@needs_torch
@pytest.mark.parametrize("kind", KINDS)
def test_what_torch_saves_is_read_as_torch_reads_it(tmp_path, kind):
    torch.save(made(kind), tmp_path / "t.pt")
    expected = torch.load(tmp_path / "t.pt", weights_only=True).detach()
    found = read_tensor(tmp_path / "t.pt")
    assert found.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(found, (expected.float() if kind == "bfloat16" else expected).numpy())


@needs_torch
@pytest.mark.parametrize("shape", [(7, 106), (0, 106), (3,), ()])
@pytest.mark.parametrize("mmap", [False, True])
def test_torch_reads_what_is_written(tmp_path, shape, mmap):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with (tmp_path / "t.pt").open("wb") as stream:
        write_tensor(stream, values, "t")
    loaded = torch.load(tmp_path / "t.pt", weights_only=True, mmap=mmap)
    assert loaded.dtype == torch.float32
    assert loaded.is_contiguous()
    np.testing.assert_array_equal(loaded.numpy(), values)


def test_what_is_written_is_read_back_without_torch(tmp_path):
    values = np.random.default_rng(0).normal(size=(5, 106)).astype(np.float32)
    with (tmp_path / "t.pt").open("wb") as stream:
        write_tensor(stream, values)
    np.testing.assert_array_equal(read_tensor(tmp_path / "t.pt"), values)


@needs_torch
@pytest.mark.parametrize("kind", ["dict", "list", "sparse", "complex", "text"])
def test_what_is_no_tensor_is_refused(tmp_path, kind):
    values = torch.ones(2, 2)
    other = {
        "dict": {"motion": values}, "list": [values], "sparse": values.to_sparse(),
        "complex": values.to(torch.complex64), "text": "hello",
    }  # fmt: skip
    torch.save(other[kind], tmp_path / "t.pt")
    with pytest.raises(ValueError, match="it"):
        read_tensor(tmp_path / "t.pt")


@needs_torch
def test_the_format_of_old_torch_is_named(tmp_path):
    torch.save(torch.ones(2), tmp_path / "t.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"older than PyTorch 1\.6"):
        read_tensor(tmp_path / "t.pt")


def archive_with(path, pickled, storage=b"\0" * 40):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("t/data.pkl", pickled)
        archive.writestr("t/data/0", storage)
    return path


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_in_a_file_is_run(tmp_path):
    path = archive_with(tmp_path / "t.pt", pickle.dumps(Evil(tmp_path / "made")))
    with pytest.raises(ValueError, match="asks for"):
        read_tensor(path)
    assert not (tmp_path / "made").exists()


def good_pickle():
    target = io.BytesIO()
    write_tensor(target, np.zeros((2, 5), np.float32))
    with zipfile.ZipFile(target) as archive:
        return archive.read("archive/data.pkl")


def number(value):
    return b"J" + value.to_bytes(4, "little", signed=True)


SIZES, STRIDES = b"(" + number(2) + number(5) + b"t", b"(" + number(5) + number(1) + b"t"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SIZES, b"(" + number(3) + number(5) + b"t"),
        (SIZES, b"(" + number(-2) + number(5) + b"t"),
        (SIZES, b"(" + number(2) + b"t"),
        (SIZES, b"(" + number(1 << 30) + number(1 << 30) + b"t"),
        (STRIDES, b"(" + number(6) + number(1) + b"t"),
        (STRIDES, b"(" + number(-5) + number(1) + b"t"),
        (number(10), number(11)),
        (b"FloatStorage", b"EvilStorage"),
        (b"X\x07\0\0\0storage", b"X\x07\0\0\0garbage"),
        (b".", b""),
    ],
)
def test_no_look_leaves_its_storage(tmp_path, old, new):
    pickled = good_pickle()
    assert read_tensor(archive_with(tmp_path / "good.pt", pickled)).shape == (2, 5)
    at = pickled.rindex(old)
    with pytest.raises(ValueError, match="cannot be read"):
        read_tensor(archive_with(tmp_path / "t.pt", pickled[:at] + new + pickled[at + len(old) :]))


def test_a_missing_storage_and_a_strange_archive_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.pt", "w") as archive:
        archive.writestr("t/data.pkl", good_pickle())
    with pytest.raises(ValueError, match="data/0"):
        read_tensor(tmp_path / "t.pt")
    with zipfile.ZipFile(tmp_path / "u.pt", "w") as archive:
        archive.writestr("readme", "")
    with pytest.raises(ValueError, match=r"data\.pkl"):
        read_tensor(tmp_path / "u.pt")


def test_big_endian_storages_are_understood(tmp_path):
    values = np.arange(10, dtype=">f4")
    path = archive_with(tmp_path / "t.pt", good_pickle(), values.tobytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("t/byteorder", "big")
    np.testing.assert_array_equal(read_tensor(path), np.arange(10, dtype=np.float32).reshape(2, 5))
