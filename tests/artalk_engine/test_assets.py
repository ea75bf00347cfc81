import hashlib
import re

from artalk_engine.assets import file_sha256, licence_text, released_file, released_files


def test_released_files_are_listed_as_their_authors_list_them():
    weights = released_file("ARTalk_wav2vec.pt")
    assert (weights.size, weights.sha256[:8], weights.repository) == (1_959_150_898, "d89615a3", "xg-chu/ARTalk")
    assert (weights.kind, weights.is_required, weights.is_manual) == ("weights", True, False)
    assert released_file("other.pt") is None


def test_every_entry_makes_sense():
    files = released_files()
    assert len({file.name for file in files}) == len({file.path for file in files}) == len(files) == 20
    for file in files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 0
        assert not file.path.is_absolute()
        assert ".." not in file.path.parts
        assert len(licence_text(file)) > 50
        assert bool(file.repository) == bool(file.source) == bool(file.revision) != file.is_manual
    assert {file.kind for file in files if file.is_required} == {"weights", "config", "head"}


def test_only_flame_has_to_be_fetched_by_hand():
    (head,) = (file for file in released_files() if file.is_manual)
    assert head.path.name == "FLAME_with_eye.pt"
    assert "accept their licence" in licence_text(head)


def test_checksums_are_those_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"speech" * 100_000)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"speech" * 100_000).hexdigest()
