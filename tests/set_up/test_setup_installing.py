"""Install the engine's packages with a real venv and pip, from wheels that take no time, and let all go wrong."""

from __future__ import annotations

import http.server
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from artalk_setup import installing, places, worker
from artalk_setup.errors import (
    BrokenEnvironmentError,
    DamagedFileError,
    DiskError,
    NetworkError,
    SetupError,
    WheelsError,
)
from artalk_setup.telling import Teller

pytestmark = pytest.mark.slow
NOWHERE = "http://127.0.0.1:9"


class Listener(Teller):
    """Keeps what is told."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[str] = []

    def tell(self, stage: str, done: int = 0, total: int = 0, unit: str = "", part: float | None = None) -> None:
        self.stages.append(stage)
        super().tell(stage, done, total, unit, part)


def install(order):
    listener = Listener()
    return installing.install(order, listener), listener.stages


def says(environment, code: str) -> str:
    answer = subprocess.run([environment.python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def has_remedy(error: SetupError) -> bool:
    return str(error).endswith(".") and bool(error.remedy)


def test_an_environment_is_installed_from_wheels_into_a_folder_with_a_difficult_name(order):
    record, stages = install(order)
    environment = places.installed(Path(order.folder))
    assert environment is not None
    assert environment.record == record
    assert record.torch == "2.13.0"
    assert record.size > 1_000_000
    assert says(environment, "import torch, extra; print(torch.cuda.is_available())") == "False"
    assert "🙂" in str(environment.python)
    assert stages[0] == "Looking at this machine"
    assert stages[-1] == "Checking the packages"
    assert "Successfully installed" in places.log_file().read_text("utf-8")
    assert not (Path(order.folder) / places.DOWNLOAD).exists()


def test_a_repair_that_fails_leaves_the_environment_in_use_and_one_that_works_replaces_it(order, wheel):
    install(order)
    first = places.installed(Path(order.folder))
    broken = wheel("extra", "1.0", "raise OSError('libextra.so is missing')")
    with pytest.raises(BrokenEnvironmentError, match=r"cannot load extra .*libextra") as caught:
        install(order)
    assert has_remedy(caught.value)
    assert places.installed(Path(order.folder)) == first
    assert says(first, "import extra") == ""
    broken.unlink()
    wheel("extra", "1.0")
    install(order)
    second = places.installed(Path(order.folder))
    assert second.folder != first.folder
    installing.sweep(Path(order.folder))
    assert not first.folder.exists()
    installing.uninstall(Path(order.folder), Listener())
    assert places.installed(Path(order.folder)) is None
    assert not Path(order.folder).exists()


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_a_wheel_that_was_cut_anywhere_is_named_and_nothing_is_used(order, wheel, share):
    path = wheel("extra", "1.0")
    contents = path.read_bytes()
    path.write_bytes(contents[: int(len(contents) * share)])
    with pytest.raises(DamagedFileError, match=r"extra-1\.0") as caught:
        install(order)
    assert has_remedy(caught.value)
    assert places.installed(Path(order.folder)) is None
    assert not list(Path(order.folder).glob("[0-9]*"))


def test_a_wheel_that_is_missing_is_named(order):
    next(Path(order.wheels).glob("extra*")).unlink()
    with pytest.raises(WheelsError, match=r"no extra==1\.0 that fits") as caught:
        install(order)
    assert has_remedy(caught.value)


def test_a_folder_without_wheels_is_told_before_anything_is_made(order, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (empty, tmp_path / "gone"):
        with pytest.raises(WheelsError) as caught:
            install(replace(order, wheels=str(folder)))
        assert has_remedy(caught.value)
    assert not Path(order.folder).exists()


@pytest.fixture
def pip_alone(monkeypatch):
    """A pip that knows of nothing that this machine's own settings name, such as folders of wheels."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def index(tmp_path, order, wheel, monkeypatch):
    """A package index that takes its time: its folders, as a plain server of files lists them."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=tmp_path / "index")

        def copyfile(self, source, outputfile):
            while piece := source.read(1 << 16):
                outputfile.write(piece)
                time.sleep(0.06)

        def log_message(self, *_):
            pass

    wheel("extra", "1.0", f"# {'x' * 2_000_000}\n")
    for path in Path(order.wheels).iterdir():
        folder = tmp_path / "index" / "simple" / path.name.split("-")[0]
        folder.mkdir(parents=True)
        shutil.copy(path, folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield
        server.shutdown()


@pytest.mark.usefixtures("pip_alone", "index")
def test_what_is_fetched_from_an_index_is_told_and_the_bar_never_goes_back(order, capsys):
    install(replace(order, wheels=""))
    told = [json.loads(line)["progress"] for line in capsys.readouterr().out.splitlines()]
    fractions = [each["fraction"] for each in told]
    assert fractions == sorted(fractions)
    fetched = [each for each in told if each["stage"] == "Downloading extra"]
    assert max(each["done"] for each in fetched) > 0
    assert max(each["fraction"] for each in fetched) < 0.65  # a file, whole as it may be, is not all there is to fetch
    assert fractions[-1] > 0.9


@pytest.mark.usefixtures("pip_alone")
def test_without_a_network_it_says_so_and_names_the_folder_of_wheels_as_a_way_out(order, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple")
    with pytest.raises(NetworkError, match="cannot be reached") as caught:
        install(replace(order, wheels=""))
    assert "folder of wheels" in caught.value.remedy


@pytest.mark.usefixtures("pip_alone")
def test_a_proxy_that_lets_nothing_through_is_told_apart_from_no_network(order, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/simple")
    monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
    with pytest.raises(NetworkError, match="proxy") as caught:
        install(replace(order, wheels=""))
    assert "HTTPS_PROXY" in caught.value.remedy


def test_room_on_the_disk_is_asked_for_beforehand(order, monkeypatch):
    usage = shutil.disk_usage(Path(order.root))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000_000))
    with pytest.raises(DiskError, match=r"GB are needed in .*1\.0 GB are free") as caught:
        install(order)
    assert has_remedy(caught.value)
    assert not Path(order.folder).exists()


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(order, tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(DiskError) as caught:
        install(replace(order, folder=str(tmp_path / "file" / "environments")))
    assert has_remedy(caught.value)


@pytest.mark.skipif(os.name != "posix" or not hasattr(os, "geteuid"), reason="changes who it is, as POSIX does")
def test_a_folder_that_may_not_be_written_is_told_in_a_sentence(order, tmp_path):
    if os.geteuid() != 0:
        Path(order.folder).parent.mkdir(parents=True)
        Path(order.folder).parent.chmod(0o500)
        with pytest.raises(DiskError, match="Nothing can be written"):
            install(order)
        return
    sealed = Path("/proc")  # where even root may not write
    with pytest.raises(DiskError) as caught:
        install(replace(order, folder=str(sealed / "environments")))
    assert has_remedy(caught.value)


def test_two_blenders_do_not_install_at_the_same_time(order):
    with installing._alone(Path(order.folder)), pytest.raises(SetupError, match="Another Blender") as caught:
        install(order)
    assert has_remedy(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux does")
def test_an_installation_that_ends_at_any_moment_changes_nothing_and_leaves_no_process(order):
    install(order)
    before, chance = places.installed(Path(order.folder)), random.Random(3)  # noqa: S311 - to be repeated
    for how in ("kill", "end of Blender", "kill"):
        details = {**asdict(order)}
        with subprocess.Popen(
            worker.command(Path(sys.executable), "install", details),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as child:
            time.sleep(0.3 + 3.0 * chance.random())
            if how == "kill":
                os.killpg(child.pid, 9)
            child.stdin.close()
            child.wait(120)
        deadline = time.monotonic() + 120.0
        while in_session(child.pid):
            assert time.monotonic() < deadline, "a process was left"
            time.sleep(0.05)
        used = places.installed(Path(order.folder))
        assert says(used, "import torch, extra; print(1)") == "1"
    install(order)
    assert places.installed(Path(order.folder)).folder != before.folder


def in_session(session: int) -> list[int]:
    """Return the processes of a session that are more than names."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_the_worker_tells_its_errors_as_one_line_of_json(order):
    command = worker.command(Path(sys.executable), "install", {**asdict(order), "wheels": "/no/such/folder"})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        said = json.loads(child.stdout.readlines()[-1])
    assert said["error"]["code"] == "wheels"
    assert child.returncode == 1
