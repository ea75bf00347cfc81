import os

import pytest

from bridge.whole_file import whole_file


def test_a_file_is_there_when_all_of_it_is(tmp_path):
    with whole_file(tmp_path / "file.txt") as stream:
        stream.write(b"half")
        assert not (tmp_path / "file.txt").exists()
        stream.write(b" and half")
    assert (tmp_path / "file.txt").read_bytes() == b"half and half"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "file.txt").write_text("old")

    def fail():
        with whole_file(tmp_path / "file.txt") as stream:
            stream.write(b"new")
            raise OSError(28, "disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert (tmp_path / "file.txt").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_new_file_has_the_mode_of_any_new_file(tmp_path):
    (tmp_path / "usual").touch()
    with whole_file(tmp_path / "file.txt"):
        pass
    assert (tmp_path / "file.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode
