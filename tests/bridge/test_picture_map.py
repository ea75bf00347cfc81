import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PictureMapError
from bridge.picture_map import MapShape, PictureMap, sweep

SHAPE = MapShape(slots=3, height=4, width=6)
ROOT = Path(__file__).parents[2]


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)


@pytest.fixture
def both(tmp_path):
    """Blender's side and the engine's."""
    with PictureMap.create(tmp_path / "pictures", SHAPE) as ours, PictureMap.open(tmp_path / "pictures") as theirs:
        yield ours, theirs


def test_a_picture_comes_through_unchanged(both):
    ours, theirs = both
    theirs.write(2, 77, picture())
    np.testing.assert_array_equal(ours.read(2, 77), picture())


def test_a_slot_shows_nothing_under_any_other_stamp(both):
    ours, theirs = both
    theirs.write(1, 77, picture())
    assert ours.read(1, 78) is None
    assert ours.read(0, 77) is None
    assert ours.read(0, 0) is None


def test_a_picture_cut_short_is_not_shown(both, monkeypatch):
    ours, theirs = both
    theirs.write(1, 77, picture())
    theirs._pixels = type("Killed", (), {"shape": (3, 4, 6, 3), "__setitem__": _killed})()
    with pytest.raises(RuntimeError, match="killed"):
        theirs.write(1, 78, picture(1))
    assert ours.read(1, 77) is None
    assert ours.read(1, 78) is None


def _killed(*_):
    raise RuntimeError("killed in the middle of a picture")


@pytest.mark.parametrize("what", [picture()[:3], picture().astype(np.float32)])
def test_pictures_of_another_kind_are_refused(both, what):
    with pytest.raises(PictureMapError, match="a picture is"):
        both[1].write(0, 1, what)


@pytest.mark.parametrize(("slot", "stamp"), [(3, 1), (-1, 1), (0, 0)])
def test_there_are_no_other_slots(both, slot, stamp):
    with pytest.raises(PictureMapError, match="no slot"):
        both[1].write(slot, stamp, picture())


@pytest.mark.parametrize("content", [b"", b"ARTKPICS", b"\0" * 5000, b"ARTKPICS" + b"\xff" * 24])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(PictureMapError, match="no file for pictures"):
        PictureMap.open(tmp_path / "file")


def test_a_file_that_is_cut_short_is_refused(both):
    path = both[0].path
    (path.parent / "short").write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PictureMapError, match="no file for pictures"):
        PictureMap.open(path.parent / "short")


def test_a_missing_file_and_an_impossible_one_say_so(tmp_path):
    with pytest.raises(PictureMapError, match="cannot be opened"):
        PictureMap.open(tmp_path / "gone")
    with pytest.raises(PictureMapError, match="cannot be made"):
        PictureMap.create(tmp_path / "no" / "folder", SHAPE)
    with pytest.raises(PictureMapError, match="cannot be kept"):
        PictureMap.create(tmp_path / "huge", MapShape(1, 10**6, 10**6))


def test_nothing_is_read_after_the_end_and_the_file_is_gone(tmp_path):
    pictures = PictureMap.create(tmp_path / "pictures", SHAPE)
    pictures.write(0, 5, picture())
    kept = pictures.read(0, 5)
    pictures.remove()
    pictures.remove()
    assert pictures.read(0, 5) is None
    assert not (tmp_path / "pictures").exists()
    np.testing.assert_array_equal(kept, picture())  # whoever still looks at it may


def test_an_engine_that_is_killed_leaves_the_file_readable(both):
    ours, _ = both
    write = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import os, numpy as np; from pathlib import Path\n"
        "from bridge.picture_map import PictureMap\n"
        "m = PictureMap.open(Path(sys.argv[1])); m.write(0, 9, np.full((4, 6, 3), 5, np.uint8)); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", write, ours.path], check=False)
    assert (ours.read(0, 9) == 5).all()


@pytest.mark.skipif(os.name == "nt", reason="there the system knows which files are in use")
def test_files_of_blenders_that_died_are_swept_and_no_others(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    names = [f"pics-{child.pid}-a", f"pics-{os.getpid()}-a", "pics-nobody-a", "others"]
    for name in names:
        (tmp_path / name).touch()
    sweep(tmp_path, "pics-*")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
