"""Pictures of takes as Blender asks for them, drawn by the engine itself and through its process."""

import sys
from pathlib import Path

import av
import numpy as np
import pytest

from artalk_engine.errors import EngineError, OptionError
from artalk_engine.preview import Studio, avatar_names
from artalk_engine.render.film import make_film
from artalk_engine.render.heads import load_head
from bridge.client import EngineClient, engine_command
from bridge.messages import Cancel, Describe, Description, Done, Failed, Film, Frame, Generate, Preview
from bridge.picture_map import MapShape, PictureMap

ROOT = Path(__file__).parents[2]


@pytest.fixture
def motion(tmp_path):
    """The path of 12 rows that all look different."""
    rows = np.zeros((12, 106), np.float32)
    rows[:, 103] = np.linspace(0, 0.3, 12)
    rows[:, 101] = np.linspace(-0.3, 0.3, 12)
    np.save(tmp_path / "motion.npy", rows)
    return tmp_path / "motion.npy"


@pytest.fixture
def pictures(tmp_path):
    with PictureMap.create(tmp_path / "pictures", MapShape(8, 256, 256)) as made:
        yield made


def wish(motion, pictures, frames, **more):
    frames = np.array(frames, np.int64)
    more = {"slots": np.arange(len(frames)), "quality": "draft", **more}
    return Preview(
        motion=str(motion), rate_hz=24.0, pictures=str(pictures.path), frames=frames, stamps=frames + 1, **more
    )


def silent(*_):
    pass


def drawn(studio, request):
    told = []
    assert studio.draw(request, told.append, silent) == len(request.frames)
    return told


def test_the_most_urgent_picture_comes_first_and_each_is_in_its_slot(motion, pictures):
    assert drawn(Studio(), wish(motion, pictures, [7, 8, 2])) == [7, 8, 2]
    shown = [pictures.read(slot, frame + 1) for slot, frame in enumerate([7, 8, 2])]
    assert all(picture is not None for picture in shown)
    assert (shown[0] != shown[1]).any()
    assert (shown[0] != shown[2]).any()


def test_a_picture_depends_on_its_frame_alone(motion, pictures):
    studio = Studio()
    drawn(studio, wish(motion, pictures, [5]))
    alone = pictures.read(0, 6).copy()
    drawn(studio, wish(motion, pictures, [1, 2, 3, 4, 5, 6]))
    np.testing.assert_array_equal(pictures.read(4, 6), alone)


def test_the_picture_is_the_one_of_the_film(motion, pictures, tmp_path):
    drawn(Studio(), wish(motion, pictures, [9]))
    make_film(tmp_path / "film", np.load(motion), load_head("builtin", None), options=_draft())
    with av.open(str(tmp_path / "film" / "frames_00009.png")) as file:
        filmed = next(file.decode(video=0)).to_ndarray(format="rgb24")
    np.testing.assert_array_equal(pictures.read(0, 10), filmed)


def _draft():
    from artalk_engine.render.film import FilmOptions

    return FilmOptions(size=256, antialias=1)  # a film has smoother edges, which take time that a preview has not


def test_another_identity_is_another_picture(motion, pictures):
    studio = Studio()
    drawn(studio, wish(motion, pictures, [3]))
    plain = pictures.read(0, 4).copy()
    drawn(studio, wish(motion, pictures, [3], betas=np.array([2.0, -2.0], np.float32)))
    assert (pictures.read(0, 4) != plain).any()


def test_stopping_between_two_pictures_leaves_the_others_undrawn(motion, pictures):
    def stop(frame):
        if frame == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Studio().draw(wish(motion, pictures, [0, 1, 2, 3, 4, 5]), stop, silent)
    assert pictures.read(0, 1) is not None
    assert pictures.read(5, 6) is None


def test_frames_that_are_not_there_are_refused(motion, pictures):
    with pytest.raises(OptionError, match="12 frames"):
        drawn(Studio(), wish(motion, pictures, [12]))


@pytest.mark.parametrize("rows", [np.full((3, 106), np.nan), np.zeros((3, 100)), np.zeros(3)])
def test_what_is_no_motion_is_refused(pictures, tmp_path, rows):
    np.save(tmp_path / "bad.npy", rows.astype(np.float32))
    with pytest.raises(OptionError, match="motion"):
        drawn(Studio(), wish(tmp_path / "bad.npy", pictures, [0]))
    with pytest.raises(OptionError, match="cannot be read"):
        drawn(Studio(), wish(tmp_path / "gone.npy", pictures, [0]))


def test_an_avatar_without_weights_says_what_is_missing(motion, pictures, tmp_path):
    with pytest.raises(EngineError, match=r"GAGAvatar\.pt"):
        drawn(Studio(), wish(motion, pictures, [0], portrait="11.jpg", rig="flame", model=str(tmp_path)))
    with pytest.raises(EngineError, match="builtin"):
        drawn(Studio(), wish(motion, pictures, [0], portrait="11.jpg"))
    assert avatar_names(str(tmp_path)) == ()


def test_a_film_has_a_picture_for_every_row_and_its_sound(motion, tmp_path, sound_file):
    told = []
    film = Film(
        motion=str(motion), rate_hz=24.0, out=str(tmp_path / "f.mp4"), audio=str(sound_file(2.0)), start_s=0.5,
        quality="draft",
    )  # fmt: skip
    assert Studio().film(film, lambda *step: told.append(step)) == 12
    assert told[-1] == ("Filming", 12, 12)
    with av.open(str(tmp_path / "f.mp4")) as file:
        assert file.metadata["comment"].startswith("Synthetic")
        assert (file.streams.video[0].frames, file.streams.video[0].average_rate) == (12, 24)
        sound = np.concatenate([block.to_ndarray() for block in file.decode(audio=0)], axis=1)
        assert np.abs(sound).max() > 0.05


def test_the_engines_process_draws_while_it_does_something_else(motion, pictures, tmp_path):
    with EngineClient(engine_command(sys.executable, ROOT), tmp_path / "engine.log") as client:
        first = client.send(wish(motion, pictures, [4, 5]))
        replies = list(client.stream(first, 120.0))
        assert [reply for reply in replies if isinstance(reply, Frame)] == [Frame(4), Frame(5)]
        assert replies[-1] == Done(2)
        assert pictures.read(1, 6) is not None
        missing = client.send(Generate(str(tmp_path / "no such sound.wav")))
        second = client.send(wish(motion, pictures, [6]))
        assert list(client.stream(second, 60.0))[-1] == Done(1)
        assert isinstance(list(client.stream(missing, 60.0))[-1], Failed)
        described = list(client.stream(client.send(Describe()), 60.0))[-1]
        assert isinstance(described, Description)
        assert described.avatars == ()


def test_a_cancelled_film_leaves_no_file(motion, tmp_path):
    np.save(tmp_path / "long.npy", np.zeros((2000, 106), np.float32))
    with EngineClient(engine_command(sys.executable, ROOT), tmp_path / "engine.log") as client:
        film = Film(motion=str(tmp_path / "long.npy"), rate_hz=25.0, out=str(tmp_path / "f.mp4"), quality="draft")
        job = client.send(film)
        replies = client.stream(job, 120.0)
        next(reply for reply in replies if getattr(reply, "done", 0) > 2)
        client.send(Cancel(job))
        assert list(replies)[-1].code == "cancelled"
    assert not list(tmp_path.glob("*f.mp4*"))
