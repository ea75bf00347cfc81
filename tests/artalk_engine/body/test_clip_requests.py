"""Clips through a real engine process, as Blender asks for them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from artalk_engine.body.checkpoint import load_codec, save_codec
from artalk_engine.body.procedural import make_clip
from artalk_engine.body.recoding import ACTIONS, recode_file
from bridge.client import EngineClient, engine_command
from bridge.clip_file import load_clip, save_clip
from bridge.messages import ClipReady, Failed, Progress, RecodeClip
from tests.artalk_engine.body.small_codec import small_codec

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with EngineClient(engine_command(sys.executable, ROOT), tmp_path_factory.mktemp("log") / "engine.log") as client:
        yield client


@pytest.fixture
def folder(tmp_path):
    save_codec(tmp_path / "codec.pth", small_codec())
    for seed, name in enumerate("ab"):
        save_clip(tmp_path / f"{name}.npz", make_clip(seed, seconds=2.0))
    return tmp_path


def ask(engine, folder, out, path="a.npz", checkpoint="codec.pth", other="", **rest):
    files = {"path": path, "out": out, "checkpoint": checkpoint, "other": other}
    named = {name: str(folder / file) if file else "" for name, file in files.items()}
    *before, last = engine.stream(engine.send(RecodeClip(**named, **rest)), 120.0)
    assert all(isinstance(reply, Progress) for reply in before)
    return last


def test_every_action_writes_what_the_same_call_writes(engine, folder):
    codec = folder / "codec.pth"
    for action in ACTIONS:
        path = folder / ("compress" if action == "decompress" else "a.npz")
        other = "b.npz" if action == "join" else "a.npz" if action == "decompress" else ""
        reply = ask(engine, folder, action, path.name, action=action, other=other, layers=0 if action == "join" else 2)
        assert isinstance(reply, ClipReady), reply
        done = recode_file(
            action,
            path,
            folder / "here",
            folder / other if other else None,
            0 if action == "join" else 2,
            checkpoint=codec,
        )
        assert reply.bytes == (folder / action).stat().st_size
        assert reply.error_deg == (done.error.mean if done.error else None)
        assert reply.remarks == done.remarks
        if action != "compress":
            np.testing.assert_array_equal(load_clip(folder / action).poses, load_clip(folder / "here").poses)
        (folder / "here").unlink()


def test_without_a_checkpoint_the_demonstration_is_used(engine, folder):
    reply = ask(engine, folder, "c.npz", checkpoint="", smooth=True)
    assert 0 < reply.error_deg < reply.worst_deg < 30
    assert load_clip(folder / "c.npz").poses.shape == (60, 55, 3)


@pytest.mark.parametrize(
    ("asked", "code", "word"),
    [
        ({"action": "sing"}, "config", "sing"),
        ({"action": "join"}, "config", "second clip"),
        ({"layers": 9}, "config", "not 9"),
        ({"out": "b.npz"}, "output", "exists"),
        ({"path": "none.npz"}, "clip_file", "no such file"),
        ({"checkpoint": "none.pth"}, "checkpoint", "no checkpoint"),
        ({"device": "abacus"}, "device", "abacus"),
        ({"path": "a.npz", "action": "decompress"}, "token_file", "token file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(engine, folder, asked, code, word):
    reply = ask(engine, folder, **({"out": "c.npz"} | asked))
    assert isinstance(reply, Failed)
    assert (reply.code, word in reply.text) == (code, True), reply
    assert reply.remedy
    assert not (folder / "c.npz").exists()


def test_a_path_that_is_not_absolute_is_refused(engine):
    *_, reply = engine.stream(engine.send(RecodeClip("a.npz", "c.npz")), 60.0)
    assert isinstance(reply, Failed)
    assert "absolute" in reply.text


def test_a_codec_is_not_changed_by_being_used(engine, folder):
    before = load_codec(folder / "codec.pth").fingerprint
    ask(engine, folder, "c.npz")
    assert load_codec(folder / "codec.pth").fingerprint == before
