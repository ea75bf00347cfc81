"""Downloads from a real server on this machine that breaks off, lies, moves, refuses and dawdles."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pytest

from artalk_engine.assets import ReleasedFile
from artalk_engine.models import Downloader, DownloadOptions, ModelsFolder, downloading
from artalk_engine.models.errors import (
    ChecksumError,
    DiskError,
    DownloadError,
    DownloadStoppedError,
    LicenceError,
    ManualFileError,
)
from tests.artalk_engine.models.file_server import Behaviour, serving

CONTENT = np.random.default_rng(1).bytes(50_000)


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """No proxy and no mirror of the environment's, unless a test says so."""
    for name in ("http_proxy", "HTTP_PROXY", "ARTALK_MIRROR", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def file():
    return ReleasedFile(
        name="weights",
        kind="weights",
        path=PurePosixPath("sub folder/weights ü.pt"),
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        repository="someone/Model",
        revision="main",
        source="weights.pt",
        is_required=True,
        is_manual=False,
        licence="artalk",
    )


@pytest.fixture
def folder(tmp_path, file):
    return ModelsFolder(tmp_path / "my models 🙂", [file])


def options(*servers, **more):
    return DownloadOptions(servers, frozenset(["artalk"]), **{"patience_s": 0.001, **more})


def fetch(folder, file, *servers, **more):
    return Downloader(folder, options(*servers, **more)).fetch(file)


def test_a_file_comes_whole_and_is_noted_as_verified(folder, file):
    behaviour = Behaviour(CONTENT)
    with serving(behaviour) as server:
        place = fetch(folder, file, server)
        assert fetch(folder, file, server) == place  # is not fetched again
    assert place.read_bytes() == CONTENT
    assert (folder.state(file).state, behaviour.asked) == ("verified", [""])
    assert not folder.part(file).exists()


@pytest.mark.parametrize("cut", [0, 1, 4095, 4096, 25_000, 49_999])
def test_a_transfer_cut_at_any_byte_goes_on_from_there(folder, file, cut):
    behaviour = Behaviour(CONTENT, cuts=[cut])
    with serving(behaviour) as server:
        assert fetch(folder, file, server).read_bytes() == CONTENT
    assert behaviour.asked[1:] == [f"bytes={cut}-" if cut else ""]


def test_a_later_run_goes_on_where_an_earlier_one_was_cut(folder, file):
    behaviour = Behaviour(CONTENT, cuts=[20_000], statuses=[])
    with serving(behaviour) as server, pytest.raises(DownloadError, match="too early"):
        fetch(folder, file, server, tries=0)
    assert (folder.state(file).state, folder.state(file).here) == ("partial", 20_000)
    with serving(behaviour) as server:
        assert fetch(folder, file, server).read_bytes() == CONTENT
    assert behaviour.asked[-1] == "bytes=20000-"


@pytest.mark.parametrize("length", [1, 30_000, 50_000, 60_000])
def test_a_part_of_something_else_is_thrown_away_and_fetched_anew(folder, file, length):
    folder.part(file).parent.mkdir(parents=True)
    folder.part(file).write_bytes(b"?" * length)
    with serving(Behaviour(CONTENT)) as server:
        if length > len(CONTENT):
            with pytest.raises(DownloadError, match="larger"):
                fetch(folder, file, server)
        assert fetch(folder, file, server).read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_is_read_from_the_beginning(folder, file):
    behaviour = Behaviour(CONTENT, cuts=[30_000], ignores_range=True)
    with serving(behaviour) as server:
        assert fetch(folder, file, server).read_bytes() == CONTENT
    assert behaviour.asked == ["", "bytes=30000-"]


def test_a_server_that_always_breaks_off_at_the_same_byte_is_given_up(folder, file):
    behaviour = Behaviour(CONTENT, cuts=[100] * 50, ignores_range=True)
    with serving(behaviour) as server, pytest.raises(DownloadError, match="too early") as caught:
        fetch(folder, file, server, tries=3)
    assert "goes on where this ended" in caught.value.remedy
    assert len(behaviour.asked) == 4


def test_another_content_is_refused_and_nothing_is_left_in_its_place(folder, file):
    with serving(Behaviour(CONTENT[::-1])) as server, pytest.raises(ChecksumError, match="checksum"):
        fetch(folder, file, server)
    assert folder.state(file).state == "partial"  # an empty part
    assert not folder.place(file).exists()


@pytest.mark.parametrize("content", [CONTENT + b"more", CONTENT[:-5]])
def test_a_file_of_another_length_is_refused(folder, file, content):
    with serving(Behaviour(content)) as server, pytest.raises(DownloadError):
        fetch(folder, file, server, tries=2)
    assert not folder.place(file).exists()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_not_asked_again_but_the_next_mirror_is(folder, file, status):
    refusing, good = Behaviour(CONTENT, statuses=[status]), Behaviour(CONTENT)
    with serving(refusing) as first, serving(good) as second:
        assert fetch(folder, file, first, second).read_bytes() == CONTENT
    assert (len(refusing.asked), len(good.asked)) == (1, 1)


def test_a_file_that_nobody_has_is_one_sentence_with_every_answer(folder, file):
    with serving(Behaviour(CONTENT, statuses=[404])) as server, pytest.raises(DownloadError, match="404 Not Found"):
        fetch(folder, file, server)


@pytest.mark.parametrize("statuses", [[503], [429, 500, 502]])
def test_a_server_that_is_busy_is_asked_again(folder, file, statuses):
    with serving(Behaviour(CONTENT, statuses=statuses)) as server:
        assert fetch(folder, file, server).read_bytes() == CONTENT


def test_redirections_are_followed_with_their_range(folder, file):
    behaviour = Behaviour(CONTENT, cuts=[10_000], moves=True)
    with serving(behaviour) as server:
        assert fetch(folder, file, server).read_bytes() == CONTENT
    assert behaviour.asked == ["", "bytes=10000-"]


def test_a_server_that_says_nothing_is_given_up_after_a_while(folder, file, monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT_S", 0.05)
    with serving(Behaviour(CONTENT, delay_s=0.3)) as server, pytest.raises(DownloadError, match="timed out"):
        fetch(folder, file, server, tries=1)


def test_a_server_that_dawdles_is_asked_for_the_rest_as_long_as_something_comes(folder, file, monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT_S", 0.03)
    behaviour = Behaviour(CONTENT, pause_s=0.1)
    with serving(behaviour) as server:
        assert fetch(folder, file, server, tries=2).read_bytes() == CONTENT
    assert len(behaviour.asked) > 5


def test_a_proxy_that_is_not_there_is_one_sentence(folder, file, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy")
    with pytest.raises(DownloadError, match="refused"):
        fetch(folder, file, "http://models.example", tries=1)


def test_the_proxy_of_the_environment_is_used(folder, file, monkeypatch):
    with serving(Behaviour(CONTENT)) as server:
        monkeypatch.setenv("http_proxy", server)
        monkeypatch.delenv("no_proxy")
        assert fetch(folder, file, "http://models.example").read_bytes() == CONTENT


@pytest.mark.parametrize("server", ["file:///etc/passwd", "ftp://x", "nonsense"])
def test_only_web_addresses_are_mirrors(folder, file, server):
    with pytest.raises(DownloadError, match="no web address"):
        fetch(folder, file, server)


def test_stopping_keeps_the_part_and_the_next_run_goes_on(folder, file):
    seen = []
    behaviour = Behaviour(CONTENT, pause_s=0.005)
    with serving(behaviour) as server:
        stopping = Downloader(folder, options(server), lambda *told: seen.append(told), lambda: len(seen) >= 2)
        with pytest.raises(DownloadStoppedError):
            stopping.fetch(file)
        here = folder.state(file).here
        assert 0 < here < file.size
        assert fetch(folder, file, server).read_bytes() == CONTENT
    assert behaviour.asked[-1] == f"bytes={here}-"
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_full_disk_is_told_and_keeps_what_came(folder, file, monkeypatch):
    real = downloading._size

    def full(stream):
        if real(stream) > 10_000:
            raise OSError(28, "No space left on device")
        return real(stream)

    monkeypatch.setattr(downloading, "_size", full)
    with serving(Behaviour(CONTENT, pause_s=0.001)) as server, pytest.raises(DiskError, match="No space left"):
        fetch(folder, file, server)
    assert folder.part(file).stat().st_size > 10_000


def test_space_is_asked_for_before_anything_is_fetched(folder, file, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    behaviour = Behaviour(CONTENT)
    with serving(behaviour) as server, pytest.raises(DiskError, match="are free"):
        fetch(folder, file, server)
    assert not behaviour.asked


def test_a_place_that_is_no_folder_is_refused_before_anything_is_fetched(tmp_path, file):
    (tmp_path / "a file").touch()
    with pytest.raises(DiskError, match="Nothing can be written"):
        fetch(ModelsFolder(tmp_path / "a file" / "models", [file]), file, "http://127.0.0.1:9")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path, file):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(DiskError, match="Nothing can be written"):
        fetch(ModelsFolder(tmp_path / "locked", [file]), file, "http://127.0.0.1:9")


def test_two_downloads_of_one_file_do_not_write_into_each_other(folder, file):
    with serving(Behaviour(CONTENT, pause_s=0.002)) as server:
        refused = []

        def tell(*_):
            if not refused:
                with pytest.raises(DiskError, match="another program") as second:
                    fetch(folder, file, server)
                refused.append(second)

        assert Downloader(folder, options(server), tell).fetch(file).read_bytes() == CONTENT
    assert refused


def test_terms_come_before_the_download_and_what_is_handed_out_by_persons_never_comes(folder, file):
    with pytest.raises(LicenceError, match="model card") as caught:
        Downloader(folder, DownloadOptions()).check((file,))
    assert "--accept-licence artalk" in caught.value.remedy
    with pytest.raises(ManualFileError, match="cannot be downloaded"):
        Downloader(folder, options()).check((replace(file, is_manual=True, licence="flame"),))


def test_a_damaged_file_is_found_and_replaced(folder, file):
    with serving(Behaviour(CONTENT)) as server:
        place = fetch(folder, file, server)
        place.write_bytes(b"x" * file.size)
        assert folder.state(file).state == "unverified"  # its time has changed
        assert folder.verify(file).state == "corrupt"
        assert folder.state(file).state == "corrupt"
        assert fetch(folder, file, server).read_bytes() == CONTENT


def test_a_file_put_there_by_hand_is_checked_and_not_fetched(folder, file):
    folder.place(file).parent.mkdir(parents=True)
    folder.place(file).write_bytes(CONTENT)
    assert folder.state(file).state == "unverified"
    assert fetch(folder, file, "http://127.0.0.1:9").read_bytes() == CONTENT
    assert folder.state(file).state == "verified"


def test_mirrors_of_the_environment_are_used(monkeypatch):
    assert DownloadOptions().servers == (downloading.HUB,)
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    assert DownloadOptions().servers == ("https://hub.example",)
    monkeypatch.setenv("ARTALK_MIRROR", "https://mine.example")
    assert DownloadOptions().servers == ("https://mine.example", "https://hub.example")
    assert DownloadOptions(("https://said.example",)).servers == ("https://said.example",)
