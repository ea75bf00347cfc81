"""Weights, tracked portraits, the cache and the user's own avatars, as they come from outside."""

import dataclasses
import os
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from artalk_engine.avatar import cache as cache_module
from artalk_engine.avatar.cache import AvatarCache
from artalk_engine.avatar.files import avatar_ids, find_avatar, read_avatar
from artalk_engine.avatar.library import add_avatars, own_avatars, read_consent, remove_avatar
from artalk_engine.avatar.loading import load_network
from artalk_engine.avatar.tracked import read_tracked
from artalk_engine.errors import AssetMissingError, AvatarError, CheckpointError, ConsentError
from tests.golden import gagavatar


def save(path, content):
    torch.save(content, path)
    return path


@pytest.fixture
def weights(model_folder):
    return model_folder / "GAGAvatar" / "GAGAvatar.pt"


def test_weights_load_strictly_and_without_the_networks_of_training(weights):
    state = load_network(weights).state_dict()
    expected = gagavatar.small_state()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], value) for name, value in expected.items())


def test_foreign_weights_are_told_by_their_first_differing_keys(tmp_path):
    with pytest.raises(CheckpointError, match=r"lacks head_base, base_model.* and 558 more, and has unknown a$"):
        load_network(save(tmp_path / "GAGAvatar.pt", {"a": torch.zeros(2)}))
    state = gagavatar.small_state()
    state["upsampler.final_linear.bias"] = torch.zeros(3)
    with pytest.raises(CheckpointError, match=r"has another shape of upsampler.final_linear.bias"):
        load_network(save(tmp_path / "GAGAvatar.pt", state))
    del state["upsampler.stylegan_decoder.style_convs.3.bias"]
    with pytest.raises(CheckpointError, match=r"lacks upsampler.stylegan_decoder.style_convs.3.bias"):
        load_network(save(tmp_path / "GAGAvatar.pt", state))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_weights_cut_short_are_told(weights, tmp_path, share):
    content = weights.read_bytes()
    (tmp_path / "weights.pt").write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"cut short|empty file"):
        load_network(tmp_path / "weights.pt")


def test_files_are_found_in_all_layouts_and_named_when_missing(model_folder, tmp_path):
    expected = model_folder / "GAGAvatar" / "GAGAvatar.pt"
    for place in (model_folder, model_folder / "GAGAvatar", model_folder / "ARTalk_wav2vec.pt"):
        assert find_avatar(place).weights.samefile(expected)
    with pytest.raises(AssetMissingError, match=r"no GAGAvatar.pt in"):
        find_avatar(tmp_path)
    with pytest.raises(AssetMissingError, match="built-in voice has no"):
        find_avatar(None)


@pytest.mark.parametrize("how", ["arrays", "tensors", "one", "batched"])
def test_tracked_portraits_are_read_in_every_form(tmp_path, how):
    entry = gagavatar.tracked(3)
    content = {"3.jpg": entry}
    if how == "tensors":
        content = {"3.jpg": {name: torch.from_numpy(value) for name, value in entry.items()}}
    if how == "batched":
        content = {"3.jpg": {name: value[None] for name, value in entry.items()}}
    found = read_tracked(save(tmp_path / "3.jpg.pt", entry if how == "one" else content))["3.jpg"]
    assert np.array_equal(found.image.numpy(), entry["image"])
    assert np.array_equal(found.transform.numpy(), entry["transform_matrix"])
    assert np.array_equal(found.betas[0].numpy(), entry["shapecode"])


def test_arrays_that_an_older_numpy_saved_are_read(tmp_path):
    path, old = save(tmp_path / "new.pt", {"3.jpg": gagavatar.tracked(3)}), tmp_path / "old.pt"
    with zipfile.ZipFile(path) as new, zipfile.ZipFile(old, "w") as archive:
        for name in new.namelist():
            archive.writestr(name, new.read(name).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert torch.equal(read_tracked(old)["3.jpg"].image, read_tracked(path)["3.jpg"].image)


def test_nothing_in_a_tracked_file_is_executed(tmp_path):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    path = save(tmp_path / "tracked.pt", {"1.jpg": {**gagavatar.tracked(), "extra": Harmful()}})
    with pytest.raises(AvatarError, match=r"asks to run .*mkdir"):
        read_tracked(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_a_portrait_is_told_to_be_no_avatar_file_yet(tmp_path, kind):
    path = tmp_path / "portrait.jpg"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path, kind)
    with pytest.raises(AvatarError, match=f"is a picture .{kind}., and no avatar file yet") as caught:
        read_tracked(path)
    assert "GAGAvatar_track" in caught.value.remedy


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"image": np.zeros((3, 256, 256), np.float32)}, r"image of shape \[3, 256, 256\] where \[3, 512, 512\]"),
        ({"shapecode": np.zeros(100, np.float32)}, r"shapecode of shape \[100\] where \[300\]"),
        ({"transform_matrix": np.full((3, 4), np.nan, np.float32)}, "transform_matrix with values that are no numbers"),
        ({"image": np.full((3, 512, 512), 255, np.float32)}, "colours do not run from 0 to 1"),
        ({"shapecode": None}, "has no shapecode"),
    ],
)
def test_an_avatar_of_other_sizes_is_told_by_what_differs(tmp_path, changes, text):
    entry = {name: value for name, value in {**gagavatar.tracked(), **changes}.items() if value is not None}
    with pytest.raises(AvatarError, match=f"the avatar 1.jpg in tracked.pt has .*{text}|{text}"):
        read_tracked(save(tmp_path / "tracked.pt", {"1.jpg": entry}))


@pytest.mark.parametrize("content", [{}, {"a": 1}, [1], torch.zeros(3)])
def test_other_files_of_tensors_hold_no_avatars(tmp_path, content):
    with pytest.raises(AvatarError, match="holds no tracked avatars"):
        read_tracked(save(tmp_path / "other.pt", content))


def test_a_missing_and_a_damaged_file_are_told(tmp_path):
    with pytest.raises(AvatarError, match="there is no avatar file"):
        read_tracked(tmp_path / "none.pt")
    (tmp_path / "bad.pt").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(AvatarError, match="cut short"):
        read_tracked(tmp_path / "bad.pt")


def test_what_a_portrait_became_is_kept_for_the_next_start(load, weights, tmp_path, monkeypatch):
    first = load("11.jpg")._gaussians
    monkeypatch.setattr("artalk_engine.avatar.painting.Painter.set_up", None)
    second = load("11.jpg")._gaussians
    assert torch.equal(first.gaussians.colours, second.gaussians.colours)
    assert torch.equal(first.plane_points, second.plane_points)
    (kept,) = (tmp_path / "cache" / "artalk" / "avatars").iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    monkeypatch.undo()
    assert AvatarCache(weights, kept.parent).read(read_avatar(find_avatar(weights.parent), "11.jpg")) is None


def test_the_cache_belongs_to_weights_and_portrait_and_keeps_few(load, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "MOST_AVATARS", 2)
    made, files = load("11.jpg")._gaussians, find_avatar(weights.parent)
    portrait, folder = read_avatar(files, "11.jpg"), tmp_path / "kept"
    others = [save(tmp_path / f"{number}.pt", number) for number in range(3)]
    for number, other in enumerate(others):
        AvatarCache(other, folder).write(portrait, made)
        for path in folder.iterdir():
            os.utime(path, (number, number)) if path.stat().st_mtime > 1000 else None
    assert AvatarCache(others[0], folder).read(portrait) is None
    assert AvatarCache(others[2], folder).read(portrait) is not None
    assert AvatarCache(others[2], folder).read(read_avatar(files, "2.jpg")) is None
    assert len(list(folder.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_matter(load, tmp_path):
    (tmp_path / "file").write_text("")
    assert load("11.jpg", cache=tmp_path / "file" / "below").avatar_id == "11.jpg"


def test_an_own_avatar_is_added_with_the_word_on_the_right_to_use_it(tmp_path, model_folder):
    source, folder = save(tmp_path / "me.pt", gagavatar.tracked(5)), tmp_path / "library"
    with pytest.raises(ConsentError, match="nobody has said that you may use it") as caught:
        add_avatars(source, is_agreed=False, folder=folder)
    assert "--i-have-the-right-to-use-this-face" in caught.value.remedy
    assert own_avatars(folder) == {}
    (path,) = add_avatars(source, is_agreed=True, folder=folder)
    assert own_avatars(folder) == {"me": path}
    consent = read_consent(path)
    assert "I have the right to use this person's face" in consent.statement
    assert (consent.source, len(consent.sha256)) == ("me.pt", 64)
    files = dataclasses.replace(find_avatar(model_folder), library=folder)
    assert avatar_ids(files) == ("me", "2.jpg", "11.jpg")
    assert np.array_equal(read_avatar(files, "me").image.numpy(), gagavatar.tracked(5)["image"])
    with pytest.raises(AvatarError, match="there is an avatar 'me' already"):
        add_avatars(source, is_agreed=True, folder=folder)
    add_avatars(source, is_agreed=True, folder=folder, is_forced=True)
    remove_avatar("me", folder)
    assert list(folder.iterdir()) == []
    with pytest.raises(AvatarError, match="you have no avatar 'me'"):
        remove_avatar("me", folder)


def test_an_avatar_without_that_word_is_none(tmp_path):
    folder = tmp_path / "library"
    (path,) = add_avatars(save(tmp_path / "me.pt", gagavatar.tracked(5)), is_agreed=True, folder=folder)
    next(folder.glob("*.consent.json")).unlink()
    assert path.is_file()
    assert own_avatars(folder) == {}


def test_names_of_avatars_cannot_leave_their_folder(tmp_path):
    source = save(tmp_path / "me.pt", gagavatar.tracked(5))
    for name in ("../me", "a/b", ".hidden", "", "x" * 65):
        with pytest.raises(AvatarError, match=r"cannot be called|you have no"):
            remove_avatar(name, tmp_path / "library")
    with pytest.raises(AvatarError, match="cannot be called"):
        add_avatars(source, is_agreed=True, name="../me", folder=tmp_path / "library")
    both = save(tmp_path / "both.pt", {"1.jpg": gagavatar.tracked(1), "2.jpg": gagavatar.tracked(2)})
    with pytest.raises(AvatarError, match="holds 2 avatars"):
        add_avatars(both, is_agreed=True, name="one", folder=tmp_path / "library")
    assert len(add_avatars(both, is_agreed=True, folder=tmp_path / "library")) == 2
