"""What the page's server refuses, and what it leaves behind."""

from __future__ import annotations

import http.client
import io
import os
import socket
import threading
import time
from urllib.parse import urlsplit

import av
import numpy as np
import pytest

from artalk_engine.assets import assets_folder
from artalk_engine.errors import OptionError, OutputError
from artalk_engine.options import TakeChanges
from artalk_engine.web.desk import BusyError, Desk
from artalk_engine.web.files import PageFiles
from artalk_engine.web.live import LivePictures, Watcher, encode_jpeg
from artalk_engine.web.options import PageOptions

pytest.importorskip("gradio", reason="no gradio: the page is an extra")


def connect(page):
    return http.client.HTTPConnection(urlsplit(page.address).netloc, timeout=60)


def test_two_gigabytes_are_refused_before_they_are_sent(page):
    link = connect(page)
    link.putrequest("POST", "/gradio_api/upload")
    link.putheader("content-type", "multipart/form-data; boundary=x")
    link.putheader("content-length", str(2 * 1024**3))
    link.endheaders()
    answer = link.getresponse()
    assert answer.status == 413
    assert "larger than 5 MB" in answer.read().decode()


def test_what_is_not_announced_is_refused_when_it_becomes_too_much(page):
    def endless():
        yield b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
        for _ in range(12):
            yield bytes(1_000_000)

    link = connect(page)
    try:
        link.request(
            "POST",
            "/gradio_api/upload",
            endless(),
            {"content-type": "multipart/form-data; boundary=x"},
            encode_chunked=True,
        )
        assert link.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):  # refused while it was still being sent
        pass


def test_a_foreign_name_for_this_machine_is_not_answered(page):
    link = connect(page)
    link.request("GET", "/", headers={"host": "evil.example"})
    assert link.getresponse().status == 400


def test_the_page_may_load_nothing_from_elsewhere(page):
    link = connect(page)
    link.request("GET", "/")
    answer = link.getresponse()
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert b"https://fonts." not in answer.read()


@pytest.mark.parametrize("path", ["/live/unknown/pictures", "/live/unknown/sound", "/head/unknown/head.glb"])
def test_jobs_of_others_cannot_be_found(page, path):
    link = connect(page)
    link.request("GET", path)
    assert link.getresponse().status == 404


def test_a_port_in_use_is_told_with_a_remedy():
    from artalk_engine.generation import Voice
    from artalk_engine.web.server import opened

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = PageOptions(port=taken.getsockname()[1])
        with pytest.raises(OptionError, match="cannot be at") as caught, opened(Voice(), options):
            pass
        assert "--port 0" in caught.value.remedy


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(OutputError, match="nothing can be written"):
        PageFiles(PageOptions(folder=tmp_path / "missing"))


def test_files_go_when_they_are_old_or_too_many_but_not_while_in_use(tmp_path):
    files = PageFiles(PageOptions(folder=tmp_path, max_disk_mb=1, keep_minutes=1))
    used, old, big, new = (files.open() for _ in range(4))
    for folder, size in ((used, 500_000), (old, 1), (big, 400_000), (new, 400_000)):
        (folder / "film.mp4").write_bytes(bytes(size))
    for folder, age_s in ((used, 500), (old, 120), (big, 30), (new, 0)):
        for path in (folder / "film.mp4", folder):
            os.utime(path, (time.time() - age_s, time.time() - age_s))
    for folder in (old, big, new):
        files.close(folder)
    files.sweep()
    assert [folder.exists() for folder in (used, old, big, new)] == [True, False, False, True]
    assert not files.has_room(600_000)
    files.end()
    assert not list(tmp_path.iterdir())


class Slow:
    """A studio whose engine never comes before it is told to."""

    def __init__(self):
        self.go = threading.Event()

    def expected_frames(self, recording):
        self.go.wait(120)
        raise OptionError("No more today.")


def wish():
    from artalk_engine.web.studio import Wish

    return Wish(assets_folder() / "demo" / "speech.wav", "", "", "", "Mesh, front", TakeChanges())


def test_the_line_is_bounded_in_order_and_a_user_has_one_place(tmp_path):
    studio = Slow()
    files = PageFiles(PageOptions(folder=tmp_path))
    desk = Desk(studio, files, most_waiting=3)
    jobs = [desk.take(user, wish()) for user in "abc"]
    assert [desk.ahead_of(job) for job in jobs] == [0, 1, 2]
    with pytest.raises(BusyError, match="3 others are waiting"):
        desk.take("d", wish())
    desk.cancel("b")
    assert jobs[1].wait(60)
    assert desk.ahead_of(jobs[2]) == 1
    studio.go.set()
    assert all(job.wait(60) for job in jobs)
    assert jobs[0].problem[0] == "No more today."
    desk.end()
    files.end()


def test_pictures_cost_nothing_while_nobody_looks_and_come_numbered_to_who_does():
    live, picture = LivePictures(), np.full((32, 48, 3), 200, np.uint8)
    live.show(picture)
    watcher = Watcher(live)
    assert watcher.news() == b""
    with watcher.watching():
        live.show(picture)
        news = watcher.news()
        assert int.from_bytes(news[:4], "little") == 1
        assert news[8:10] == b"\xff\xd8"
        assert watcher.news() == b""
    live.end()
    assert watcher.news() == b"\xff\xff\xff\xff\0\0\0\0"
    assert watcher.has_all


def test_white_stays_white_in_pictures_for_browsers():
    with av.open(io.BytesIO(encode_jpeg(np.full((600, 400, 3), 255, np.uint8))), format="mjpeg") as opened:
        picture = next(opened.decode(video=0)).to_ndarray(format="gray")
    assert picture.shape == (512, 341)
    assert picture.min() == 255


def test_ten_users_at_once_all_get_their_films(page, tmp_path):
    import soundfile
    from gradio_client import Client, handle_file

    samples, rate = soundfile.read(assets_folder() / "demo" / "speech.wav")
    soundfile.write(tmp_path / "short.wav", samples[: rate // 2], rate)
    clients = [Client(page.address, verbose=False, download_files=False) for _ in range(10)]
    values = ("espeak-ng", "Mesh, front", "default", 1.1, 0, 0, False, False)
    jobs = [
        client.submit(handle_file(str(tmp_path / "short.wav")), "", "en-us", *values, api_name="/generate")
        for client in clients
    ]
    said = [str(job.result(timeout=300)) for job in jobs]
    assert all("Done." in text for text in said)
