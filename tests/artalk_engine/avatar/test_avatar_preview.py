"""Avatars as Blender's preview asks for them, by the engine itself and through its process."""

import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from artalk_engine.avatar.look import AvatarLook
from artalk_engine.avatar.painting import FALLBACK
from artalk_engine.avatar.watermark import watermarked
from artalk_engine.errors import AvatarError, CheckpointError, OptionError, RigMismatchError
from artalk_engine.preview import Studio, avatar_names
from bridge.client import EngineClient, engine_command
from bridge.messages import QUALITIES, Cancel, Done, Failed, Film, Frame, Log, Preview, Progress
from bridge.picture_map import MapShape, PictureMap

ROOT = Path(__file__).parents[3]


@pytest.fixture
def whom(model_folder, motion, tmp_path):
    """Whom to draw, and doing what."""
    np.save(tmp_path / "motion.npy", motion)
    return {
        "motion": str(tmp_path / "motion.npy"), "rate_hz": 25.0, "portrait": "11.jpg", "rig": "flame",
        "head": str(model_folder / "FLAME_with_eye.pt"), "model": str(model_folder), "device": "cpu",
        "quality": "draft",
    }  # fmt: skip


@pytest.fixture
def maps(tmp_path):
    """Files for pictures of each quality."""
    made = {
        quality: PictureMap.create(tmp_path / quality, MapShape(8, side, side)) for quality, side in QUALITIES.items()
    }
    yield made
    for pictures in made.values():
        pictures.close()


def wish(whom, maps, frames, **more):
    whom, frames = {**whom, **more}, np.array(frames, np.int64)
    pictures = str(maps[whom["quality"]].path)
    return Preview(**whom, pictures=pictures, frames=frames, slots=np.arange(len(frames)), stamps=frames + 1)


def silent(*_):
    pass


def drawn(studio, request):
    assert studio.draw(request, silent, silent) == len(request.frames)


@pytest.mark.parametrize(
    ("quality", "turn"), [("draft", "camera"), ("draft", "head"), ("full", "camera"), ("full", "head")]
)
def test_the_preview_shows_what_the_avatar_itself_draws(load, flame, motion, whom, maps, quality, turn):
    drawn(Studio(), wish(whom, maps, [7, 2], quality=quality, turn=turn))
    look = AvatarLook(quality, QUALITIES[quality], turn)
    expected = load(threads=None).take(motion, flame, look).draw([7, 2])
    for slot, frame in enumerate((7, 2)):
        assert np.array_equal(maps[quality].read(slot, frame + 1), expected[slot])


def test_one_network_draws_all_avatars_in_all_looks(whom, maps, monkeypatch):
    studio = Studio()
    drawn(studio, wish(whom, maps, [0]))
    first = maps["draft"].read(0, 1).copy()
    monkeypatch.setattr("artalk_engine.avatar.gagavatar.load_network", None)
    drawn(studio, wish(whom, maps, [0], portrait="2.jpg"))
    assert (maps["draft"].read(0, 1) != first).any()
    drawn(studio, wish(whom, maps, [0], quality="full", turn="head"))
    drawn(studio, wish(whom, maps, [0]))
    assert np.array_equal(maps["draft"].read(0, 1), first)


def test_setting_up_is_told_and_stops_when_nobody_wants_it_any_more(whom, maps):
    told = []
    Studio().draw(wish(whom, maps, [0]), silent, lambda *step: told.append(step))
    assert ("Preparing the avatar", 1, told[-1][2]) in told
    assert told[-1][1] == told[-1][2] > 10

    def stop(_stage, done, _total):
        if done == 3:
            raise InterruptedError

    studio, request = Studio(), wish(whom, maps, [0], portrait="2.jpg")
    with pytest.raises(InterruptedError):
        studio.draw(request, silent, stop)
    drawn(studio, request)


def test_a_film_of_an_avatar_is_marked_as_the_preview_is_not(whom, maps, tmp_path):
    drawn(Studio(), wish(whom, maps, [3]))
    plain = maps["draft"].read(0, 4)
    for watermark in (True, False):
        out = tmp_path / f"film {watermark}"
        assert Studio().film(Film(**whom, out=str(out), watermark=watermark), silent) == 12
        with av.open(str(out / "frames_00003.png")) as file:
            filmed = next(file.decode(video=0)).to_ndarray(format="rgb24")
        assert np.array_equal(filmed, watermarked(plain[None])[0] if watermark else plain)


def test_without_memory_on_the_gpu_the_processor_draws_and_whoever_looks_is_told(whom, maps, monkeypatch, tmp_path):
    studio, told = Studio(), []
    drawn(studio, wish(whom, maps, [0]))
    expected = maps["draft"].read(0, 1).copy()
    painter = next(iter(studio._avatars._things.values()))._painter
    painter.device, real = torch.device("cuda"), painter._draw  # as if it had begun there

    def draw(*arguments):
        if painter.device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(*arguments)

    monkeypatch.setattr(painter, "_draw", draw)
    assert studio.draw(wish(whom, maps, [0, 1]), silent, silent, remark=told.append) == 2
    assert told == [FALLBACK]
    assert np.array_equal(maps["draft"].read(0, 1), expected)
    studio.film(Film(**whom, out=str(tmp_path / "film.mp4")), silent, told.append)
    assert told == [FALLBACK] * 2


def test_a_film_has_all_its_pictures_though_memory_runs_out_in_the_middle(whom, maps, monkeypatch, tmp_path):
    studio = Studio()
    drawn(studio, wish(whom, maps, [0]))
    painter = next(iter(studio._avatars._things.values()))._painter
    painter.device, painter.together, real = torch.device("cuda"), 5, painter._draw  # as if it had begun there

    def draw(*arguments):
        if painter.device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(*arguments)

    monkeypatch.setattr(painter, "_draw", draw)
    assert studio.film(Film(**whom, out=str(tmp_path / "film")), silent) == 12
    assert len(list((tmp_path / "film").iterdir())) == 12


def test_pictures_that_a_gpu_draws_at_no_cost_are_shown(whom, maps, monkeypatch):
    studio, groups = Studio(), []
    drawn(studio, wish(whom, maps, [0]))
    painter = next(iter(studio._avatars._things.values()))._painter
    painter.together, real = 4, painter._draw
    monkeypatch.setattr("artalk_engine.preview.BATCH_S", 0.0)  # as if each group took long

    def draw(avatar, frames, *more):
        groups.append(frames)
        return real(avatar, frames, *more)

    monkeypatch.setattr(painter, "_draw", draw)
    drawn(studio, wish(whom, maps, [7, 2, 3, 4, 5, 6]))
    assert groups == [[7, 2, 3, 4], [5, 6, 6, 6]]


def test_a_motion_with_values_that_are_no_numbers_is_told_by_its_frame(whom, maps, motion):
    motion = motion.copy()
    motion[5, 3] = np.nan
    np.save(whom["motion"], motion)
    with pytest.raises(OptionError, match="no numbers, first in frame 5"):
        drawn(Studio(), wish(whom, maps, [0]))


def test_what_cannot_be_drawn_is_told_in_one_sentence(whom, maps, model_folder, tmp_path):
    with pytest.raises(AvatarError, match=r"there is no avatar '3.jpg'; known are: 2.jpg, 11.jpg"):
        drawn(Studio(), wish(whom, maps, [0], portrait="3.jpg"))
    with pytest.raises(RigMismatchError, match="builtin"):
        drawn(Studio(), wish(whom, maps, [0], rig="builtin", head=""))
    with pytest.raises(OptionError, match="precision"):
        drawn(Studio(), wish(whom, maps, [0], precision="rough"))
    with pytest.raises(OptionError, match="turn must be camera or head"):
        drawn(Studio(), wish(whom, maps, [0], turn="both"))
    assert avatar_names(str(model_folder)) == ("2.jpg", "11.jpg")


def test_files_that_are_damaged_are_told_and_name_no_avatars(whom, maps, model_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    weights, tracked = folder / "GAGAvatar" / "GAGAvatar.pt", folder / "GAGAvatar" / "tracked.pt"
    weights.write_bytes(weights.read_bytes()[:-5000])
    with pytest.raises(CheckpointError, match=r"1,[0-9,]* bytes, and the released file has 747,434,426"):
        drawn(Studio(), wish(whom, maps, [0], model=str(folder)))
    torch.save({"1.jpg": {"image": np.zeros((3, 64, 64), np.float32)}}, tracked)
    assert avatar_names(str(folder)) == ()


def test_the_engines_process_draws_an_avatar_and_stops_in_the_middle(whom, maps, tmp_path):
    with EngineClient(engine_command(sys.executable, ROOT), tmp_path / "engine.log") as client:
        replies = list(client.stream(client.send(wish(whom, maps, [4, 5])), 120.0))
        assert [reply for reply in replies if isinstance(reply, Frame)] == [Frame(4), Frame(5)]
        assert any(isinstance(reply, Progress) and reply.total for reply in replies)
        assert replies[-1] == Done(2)
        assert not any(isinstance(reply, Log) for reply in replies)
        np.save(whom["motion"], np.tile(np.load(whom["motion"]), (50, 1)))
        job = client.send(Film(**{**whom, "quality": "full"}, out=str(tmp_path / "film.mp4")))
        stream = client.stream(job, 120.0)
        next(reply for reply in stream if getattr(reply, "done", 0) > 1)
        client.send(Cancel(job))
        assert isinstance(ended := list(stream)[-1], Failed)
        assert ended.code == "cancelled"
        assert not list(tmp_path.glob("*film.mp4*"))
