import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from artalk_engine import tensor_files
from artalk_engine.assets import released_file
from artalk_engine.checkpoints import load_style
from artalk_engine.errors import CheckpointError, StyleError
from artalk_engine.tensor_files import load_tensors, tensor_names

STATE = {"a.weight": torch.arange(10_000.0), "b": torch.tensor([3])}


def write(path, content=STATE):
    save_file(content, path) if path.suffix == ".safetensors" else torch.save(content, path)
    return path


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
def test_tensors_are_read_by_name(tmp_path, name):
    path = write(tmp_path / name)
    tensors = load_tensors(path)
    assert sorted(tensor_names(path)) == sorted(tensors) == ["a.weight", "b"]
    assert all(torch.equal(tensors[key], value) for key, value in STATE.items())


def test_the_format_before_pytorch_1_6_is_read(tmp_path):
    torch.save(STATE, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert tensor_names(tmp_path / "old.pt") == ["a.weight", "b"]
    assert torch.equal(load_tensors(tmp_path / "old.pt")["b"], STATE["b"])


def test_a_file_may_be_replaced_while_its_tensors_are_in_use(tmp_path):
    tensors = load_tensors(write(tmp_path / "model.pt"))
    os.truncate(tmp_path / "model.pt", 10)
    assert tensors["a.weight"].sum() == STATE["a.weight"].sum()


@pytest.mark.parametrize("name", ["ARTalk_wav2vec.pt", "model.pt", "model.safetensors"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is an empty file"),
        (b"\n<!DOCTYPE html><html><title>Sign in</title>", "is a web page"),
        (b'{"error": "Repository not found"}', "is a text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:d89615\nsize 1959150898\n", "pointer of Git LFS"),
    ],
)
def test_what_is_saved_in_a_checkpoints_place_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=said) as caught:
        load_tensors(tmp_path / name)
    assert caught.value.remedy == "Fetch the file itself again."


@pytest.mark.parametrize(
    ("name", "said"), [("model.pt", "is cut short"), ("model.safetensors", "damaged or no checkpoint")]
)
@pytest.mark.parametrize("kept", [100, 20_000])
def test_half_of_a_file_says_so(tmp_path, name, said, kept):
    os.truncate(write(tmp_path / name), kept)
    for read in (load_tensors, tensor_names):
        with pytest.raises(CheckpointError, match=said):
            read(tmp_path / name)


def test_half_of_a_released_file_tells_both_sizes(tmp_path):
    os.truncate(write(tmp_path / "ARTalk_wav2vec.pt"), 20_000)
    with pytest.raises(CheckpointError, match="is 20,000 bytes, and the released file has 1,959,150,898") as caught:
        load_tensors(tmp_path / "ARTalk_wav2vec.pt")
    assert caught.value.remedy == "Fetch it again."


def test_a_damaged_released_file_of_the_right_size_is_told_by_its_checksum(tmp_path, monkeypatch):
    path = tmp_path / "natural_5.pt"
    path.write_bytes(bytes(released_file(path.name).size))
    with pytest.raises(
        StyleError, match=r"is damaged: its SHA-256 begins \w{12}, and the released file's 838dc72fccb2"
    ):
        load_style(path)
    monkeypatch.setattr(tensor_files, "file_sha256", lambda path: released_file(path.name).sha256)
    with pytest.raises(StyleError, match="is the released file, and yet cannot be read"):
        load_style(path)


def test_a_file_with_a_released_name_that_can_be_read_is_read(tmp_path):
    assert list(load_tensors(write(tmp_path / "ARTalk_wav2vec.pt"))) == list(STATE)


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("name", ["model.pt", "ARTalk_wav2vec.pt"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_programs_in_files_are_named_and_not_executed(tmp_path, monkeypatch, is_zip, name):
    monkeypatch.chdir(tmp_path)
    if is_zip:
        torch.save({**STATE, "more": Harm()}, tmp_path / name)
    else:
        (tmp_path / name).write_bytes(pickle.dumps(Harm(), protocol=2))
    with pytest.raises(CheckpointError, match=r"asks to run \w+\.mkdir, .* not executed") as caught:
        load_tensors(tmp_path / name)
    assert "trust" in caught.value.remedy
    assert not (tmp_path / "harm").exists()


def test_files_that_may_not_be_read_say_so(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(CheckpointError, match=r"model\.pt cannot be opened"):
        load_tensors(write(tmp_path / "model.pt"))


def test_files_that_hold_other_things_say_so(tmp_path):
    with pytest.raises(CheckpointError, match="other things than named tensors"):
        load_tensors(write(tmp_path / "model.pt", {"step": 3}))
