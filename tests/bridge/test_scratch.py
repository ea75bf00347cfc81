import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import scratch
from bridge.errors import ScratchError
from bridge.scratch import MARK, PREFIX, ScratchFolder, remove_if_abandoned, sweep

ROOT = Path(__file__).parents[2]
HOLDER = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from bridge.scratch import ScratchFolder
folder = ScratchFolder.create(Path(sys.argv[1]))
(folder.path / "file").write_text("x")
print(folder.path, flush=True)
sys.stdin.read()
folder.remove()
"""


@pytest.fixture
def other(tmp_path):
    """Another process with a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.folder = Path(process.stdout.readline().strip())
    yield process
    process.kill()
    process.wait()


def test_a_folder_goes_with_all_that_is_in_it(tmp_path):
    folder = ScratchFolder.create(tmp_path)
    (folder.path / "deep").mkdir()
    (folder.path / "deep" / "file").touch()
    folder.remove()
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_living_process_stays(tmp_path, other, monkeypatch):
    sweep(tmp_path)
    monkeypatch.setattr(scratch.time, "sleep", lambda _: pytest.fail("it waits for the other process"))
    assert ScratchFolder.create(tmp_path).path != other.folder
    assert other.folder.is_dir()
    other.communicate()
    assert not other.folder.exists()


@pytest.mark.parametrize("remover", [sweep, remove_if_abandoned])
def test_the_folder_of_a_killed_process_goes(tmp_path, other, remover):
    other.kill()
    other.wait()
    assert (other.folder / "file").exists()
    remover(tmp_path if remover is sweep else other.folder)
    assert list(tmp_path.iterdir()) == []


def test_whoever_tidies_up_waits_for_the_process_to_let_go(tmp_path, other, monkeypatch):
    monkeypatch.setattr(scratch.time, "sleep", lambda _: (other.kill(), other.wait()))
    remove_if_abandoned(other.folder)
    assert not other.folder.exists()


def test_a_process_that_lives_on_keeps_its_folder(other, monkeypatch):
    monkeypatch.setattr(scratch, "TRIES", 2)
    remove_if_abandoned(other.folder)
    assert (other.folder / "file").exists()


def test_folders_of_others_are_left_alone(tmp_path):
    for name in ("photos", f"{PREFIX}full", f"{PREFIX}empty"):
        (tmp_path / name).mkdir()
    (tmp_path / f"{PREFIX}full" / "photo").touch()
    (tmp_path / "photos" / MARK).touch()
    sweep(tmp_path)
    for path in tmp_path.iterdir():
        remove_if_abandoned(path)
    assert len(list(tmp_path.iterdir())) == 3  # the empty one is young: somebody may be just making it
    os.utime(tmp_path / f"{PREFIX}empty", (0, 0))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{PREFIX}full", "photos"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(ScratchError, match="nowhere") as caught:
        ScratchFolder.create(tmp_path / "nowhere")
    assert "File Paths" in caught.value.remedy


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_processes_that_begin_and_die_together_never_lose_a_living_ones_folder(tmp_path):
    command = [sys.executable, "-c", HOLDER, tmp_path]
    for _ in range(3):
        crowd = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
        folders = [Path(process.stdout.readline().strip()) for process in crowd]
        for process in crowd[::2]:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert all((folder / "file").exists() for folder in folders[1::2])
        for process in crowd:
            process.communicate()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
