import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import PictureMapError
from bridge.picture_map import MapShape, PictureMap

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


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells beforehand whether there is room")
def test_a_full_disk_is_told_instead_of_ending_the_process(both, monkeypatch):
    ours, theirs = both

    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    with pytest.raises(PictureMapError, match="no room for another picture") as caught:
        theirs.write(0, 9, np.full((4, 6, 3), 5, np.uint8))
    assert "Make room" in caught.value.remedy
    assert ours.read(0, 9) is None


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount a small disk of its own")
def test_a_disk_that_is_really_full_ends_nobody(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    draw = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import numpy as np; from pathlib import Path\n"
        "from bridge.picture_map import MapShape, PictureMap\n"
        "from bridge.errors import PictureMapError\n"
        "made = PictureMap.create(Path(sys.argv[1]), MapShape(16, 128, 128)); drawn = 0\n"
        "try:\n"
        "    for slot in range(16): made.write(slot, 9, np.full((128, 128, 3), 5, np.uint8)); drawn += 1\n"
        "except PictureMapError as exc: print(exc)\n"
        "print(drawn, all((made.read(slot, 9) == 5).all() for slot in range(drawn)), made.read(15, 9))"
    )
    try:
        done = subprocess.run([sys.executable, "-c", draw, disk / "pics"], capture_output=True, text=True, check=False)
    finally:
        subprocess.run(["umount", disk], check=True)
    assert done.returncode == 0, done.stderr
    assert "no room for another picture" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("True None")
