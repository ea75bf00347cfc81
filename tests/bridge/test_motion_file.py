import zipfile

import numpy as np
import pytest

from bridge.errors import MotionFileError
from bridge.motion_file import MotionFile, load_motion, save_motion


@pytest.fixture
def contents():
    motion = np.random.default_rng(0).standard_normal((12, 106)).astype(np.float32)
    return MotionFile(motion, rig="builtin", audio="speech é.wav", engine_version="0.1.0", style="happy")


@pytest.mark.parametrize("name", ["motion.npz", "motion", "motion.take.1"])
def test_a_motion_file_gives_back_what_was_saved_under_exactly_its_name(tmp_path, contents, name):
    save_motion(tmp_path / name, contents)
    loaded = load_motion(tmp_path / name)
    np.testing.assert_array_equal(loaded.motion, contents.motion)
    assert (loaded.rig, loaded.audio, loaded.engine_version, loaded.style) == (
        "builtin",
        "speech é.wav",
        "0.1.0",
        "happy",
    )
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_the_archive_is_readable_by_numpy_alone(tmp_path, contents):
    save_motion(tmp_path / "motion.npz", contents)
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as archive:
        assert archive["expression"].shape == (12, 100)
        assert archive["global_orient"].shape == archive["jaw_pose"].shape == (12, 3)
        assert archive["fps"] == 25
        assert str(archive["rig"]) == "builtin"


def test_a_motion_without_frames_is_a_motion(tmp_path):
    save_motion(tmp_path / "m.npz", MotionFile(np.zeros((0, 106), np.float32), "flame", "a.wav", "0"))
    assert load_motion(tmp_path / "m.npz").motion.shape == (0, 106)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, contents, monkeypatch):
    save_motion(tmp_path / "m.npz", contents)
    monkeypatch.setattr(np, "savez_compressed", lambda *args, **kwargs: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(MotionFileError, match="disk full"):
        save_motion(tmp_path / "m.npz", contents)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.npz"]
    monkeypatch.undo()
    np.testing.assert_array_equal(load_motion(tmp_path / "m.npz").motion, contents.motion)


def test_a_missing_folder_is_named(tmp_path, contents):
    with pytest.raises(MotionFileError, match="nowhere") as caught:
        save_motion(tmp_path / "nowhere" / "m.npz", contents)
    assert caught.value.remedy


def damaged(tmp_path, kind):
    path = tmp_path / "m.npz"
    good = {
        "expression": np.zeros((2, 100), np.float32),
        "global_orient": np.zeros((2, 3), np.float32),
        "jaw_pose": np.zeros((2, 3), np.float32),
        "fps": 25,
        "rig": "builtin",
        "audio": "a.wav",
        "engine_version": "0",
    }
    match kind:
        case "missing":
            return path
        case "text":
            path.write_text("hello")
        case "empty":
            path.write_bytes(b"")
        case "npy":
            np.save(tmp_path / "m.npy", np.zeros(3))
            return tmp_path / "m.npy"
        case "other zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("readme.txt", "x")
        case "truncated":
            np.savez_compressed(path, **good)
            path.write_bytes(path.read_bytes()[:-200])
        case "flipped":
            np.savez_compressed(path, **good)
            data = bytearray(path.read_bytes())
            data[60:90] = b"\xff" * 30
            path.write_bytes(bytes(data))
        case "pickled":
            np.savez(path, **good | {"rig": np.array([{"a": 1}], dtype=object)})
        case "short":
            np.savez(path, **good | {"jaw_pose": np.zeros((1, 3), np.float32)})
        case "scalar":
            np.savez(path, **good | {"expression": np.float32(1)})
        case "not finite":
            np.savez(path, **good | {"jaw_pose": np.full((2, 3), np.nan, np.float32)})
        case "integers":
            np.savez(path, **good | {"jaw_pose": np.zeros((2, 3), np.int32)})
        case "rate":
            np.savez(path, **good | {"fps": 30})
        case "no rig":
            np.savez(path, **{name: value for name, value in good.items() if name != "rig"})
        case "rig is a number":
            np.savez(path, **good | {"rig": 5})
    return path


KINDS = [
    "missing",
    "text",
    "empty",
    "npy",
    "other zip",
    "truncated",
    "flipped",
    "pickled",
    "short",
    "scalar",
    "not finite",
    "integers",
    "rate",
    "no rig",
    "rig is a number",
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_motion_file_is_refused_with_a_remedy(tmp_path, kind):
    with pytest.raises(MotionFileError) as caught:
        load_motion(damaged(tmp_path, kind))
    assert caught.value.remedy


@pytest.mark.parametrize("motion", [np.zeros((3, 105), np.float32), np.zeros((3, 106))])
def test_only_float32_of_106_channels_can_be_saved(motion):
    with pytest.raises(ValueError, match="a motion is"):
        MotionFile(motion, "builtin", "a.wav", "0")
