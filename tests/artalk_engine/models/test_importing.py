"""Files that a user has: FLAME in every format, and released files as they are."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace

import numpy as np
import pytest

from artalk_engine.assets import head_path, released_files
from artalk_engine.errors import FlameFileError
from artalk_engine.face.flame_files import load_flame
from artalk_engine.model_folder import find_model
from artalk_engine.models import ModelsFolder, import_file
from artalk_engine.models.errors import ModelFileError, UnknownFileError
from artalk_engine.rig_cache import cached_rig

FLAME = next(file for file in released_files() if file.kind == "head")
CONFIG = next(file for file in released_files() if file.kind == "config")


@pytest.fixture
def folder(tmp_path):
    return ModelsFolder(tmp_path / "models")


@pytest.fixture(scope="module")
def flame(tmp_path_factory):
    """A head in FLAME's own form: a pickle of arrays."""
    names = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
    with np.load(head_path()) as archive:
        model = {name: archive[name] for name in names}
    path = tmp_path_factory.mktemp("down loads ü") / "generic_model.pkl"
    path.write_bytes(pickle.dumps(model))
    return path


def test_flame_of_any_format_becomes_the_file_that_models_and_rigs_want(folder, flame, tmp_path):
    assert import_file(folder, FLAME, flame).state == "imported"
    place = folder.place(FLAME)
    taken, given = load_flame(place), load_flame(flame)
    for name in ("template", "shape_directions", "pose_directions", "joint_regressor", "weights", "faces"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(given, name))
    assert taken.parents == given.parents
    (place.parent / "ARTalk_wav2vec.pt").touch()
    assert find_model(folder.path).flame == place
    assert cached_rig(place, tmp_path / "cache").is_file()
    assert folder.state(FLAME).state == folder.verify(FLAME).state == "imported"


def test_what_is_there_is_replaced_only_when_asked_for(folder, flame):
    import_file(folder, FLAME, flame)
    with pytest.raises(ModelFileError, match="there already"):
        import_file(folder, FLAME, flame)
    assert import_file(folder, FLAME, flame, is_forced=True).state == "imported"


def test_a_harmful_pickle_is_not_executed(folder, tmp_path):
    class Harm:
        def __reduce__(self):
            return (print, ("harm",))

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(FlameFileError, match="not executed"):
        import_file(folder, FLAME, path)
    assert not folder.place(FLAME).exists()


def test_a_released_file_has_to_be_the_listed_one(folder, tmp_path):
    path = tmp_path / "config.json"
    path.write_text("{}")
    with pytest.raises(ModelFileError, match="is not the released"):
        import_file(folder, CONFIG, path)
    listed = replace(CONFIG, size=2, sha256=hashlib.sha256(b"{}").hexdigest())
    assert import_file(ModelsFolder(folder.path, [listed]), listed, path).state == "verified"
    with pytest.raises(ModelFileError, match="no file"):
        import_file(folder, CONFIG, tmp_path / "nothing")


def test_files_are_found_by_name_kind_and_group(folder):
    assert folder.find(["FLAME"]) == (FLAME,)
    assert len(folder.find(["style"])) == 15
    assert {file.name for file in folder.find(["required"])} == {"artalk_wav2vec", "config", "flame_with_eye"}
    with pytest.raises(UnknownFileError) as caught:
        folder.find(["style_hapy_0"])
    assert "style_happy_0" in caught.value.remedy
