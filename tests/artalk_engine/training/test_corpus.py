import multiprocessing
import re
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from artalk_engine.training import corpus
from artalk_engine.training.styles import STYLES

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

CONFIG = corpus.CorpusConfig(clips=4, clips_a_shard=2, sentences_a_clip=(1, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus")
    corpus.build(CONFIG, path, processes=1)
    return path


def test_clips_hold_speech_and_motion_of_the_same_length(folder):
    clips = list(corpus.clips(CONFIG, folder))
    assert len(clips) == 4
    for clip in clips:
        frames = -(-len(clip.clean) // 640)
        assert clip.clean.shape == clip.augmented.shape
        assert clip.neutral.shape == clip.styled.shape == (frames, 106)
        assert clip.phones[-1].end_s == pytest.approx(len(clip.clean) / 16_000)
        assert clip.style in STYLES


def test_a_missing_shard_is_made_again_the_same_and_the_others_are_kept(folder):
    before = list(corpus.clips(CONFIG, folder))
    target = folder / corpus.digest(CONFIG)
    kept = target / "speech-000.npz"
    made_at = kept.stat().st_mtime_ns
    for path in target.glob("*-001*"):
        path.unlink()
    corpus.build(CONFIG, folder, processes=1)
    assert kept.stat().st_mtime_ns == made_at
    for old, clip in zip(before, corpus.clips(CONFIG, folder), strict=True):
        assert [phone.symbol for phone in old.phones] == [phone.symbol for phone in clip.phones]
        assert (old.voice, old.style) == (clip.voice, clip.style)
        # Espeak-ng carries a rounding over from what it said before.
        assert len(old.clean) == pytest.approx(len(clip.clean), abs=480)


def test_the_rules_digest_names_the_source_of_every_module_that_shapes_motion():
    shaping = {module.__name__.rpartition(".")[2] for module in corpus.MOTION_MODULES}
    used = {"rule"}
    while found := {name for module in used for name in _imported_by(module)} - used:
        used |= found
    assert used - {"speech"} <= shaping


def _imported_by(module):
    source = Path(corpus.__file__).with_name(f"{module}.py").read_text()
    names = re.findall(r"^from \.(\w*) import (.+)$", source, re.MULTILINE)
    return {name for package, rest in names for name in ([package] if package else re.findall(r"\w+", rest))}


def test_a_synthesizer_that_crashes_ends_the_making(tmp_path):
    config = corpus.CorpusConfig(clips=40, clips_a_shard=10)
    with ThreadPoolExecutor(1) as thread:
        making = thread.submit(corpus.build, config, tmp_path, 1)
        while not (children := multiprocessing.active_children()):
            time.sleep(0.05)
        children[0].kill()
        with pytest.raises(BrokenProcessPool):
            making.result(timeout=60.0)
