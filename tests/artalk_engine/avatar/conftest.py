"""A model folder with small avatar networks, two tracked portraits and a FLAME head."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from artalk_engine.avatar.gagavatar import GAGAvatar
from artalk_engine.face.flame import FLAMEModel
from tests.golden import gagavatar, synthetic_flame


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Keep the tests away from the user's avatars and cache."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("avatars") / "a modél"
    (folder / "GAGAvatar").mkdir(parents=True)
    state = {**gagavatar.small_state(), "percep_loss.net.0.weight": torch.zeros(3)}
    torch.save({"model": state, "meta_cfg": {"name": "small"}}, folder / "GAGAvatar" / "GAGAvatar.pt")
    tracked = {"2.jpg": gagavatar.tracked(2), "11.jpg": gagavatar.tracked(11)}
    torch.save(tracked, folder / "GAGAvatar" / "tracked.pt")
    synthetic_flame.save_pt(folder / "FLAME_with_eye.pt", 0)
    return folder


@pytest.fixture(scope="session")
def flame(model_folder):
    return FLAMEModel(model_path=model_folder / "FLAME_with_eye.pt")


@pytest.fixture(scope="session")
def motion():
    return np.tile(gagavatar.motions(0, 6), (2, 1))


@pytest.fixture
def load(model_folder, tmp_path):
    def make(avatar_id="11.jpg", **options):
        files = model_folder / "GAGAvatar"
        made = GAGAvatar(files / "GAGAvatar.pt", files / "tracked.pt", device="cpu", **{"threads": 1, **options})
        if avatar_id:
            made.set_avatar_id(avatar_id)
        return made

    return make


@pytest.fixture
def avatar(load):
    return load()
