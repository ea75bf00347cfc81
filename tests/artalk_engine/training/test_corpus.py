import pytest

from artalk_engine.training import corpus
from artalk_engine.training.styles import STYLES

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

CONFIG = corpus.CorpusConfig(clips=4, clips_a_shard=2, sentences_a_clip=(1, 1), flite_share=0.0)


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
        assert len(old.clean) == pytest.approx(len(clip.clean), abs=160)  # espeak-ng carries a rounding over


def test_voices_are_either_trained_on_or_judged_with():
    config = corpus.CorpusConfig(flite_share=0.3, sentences_a_clip=(1, 1))
    trained = {corpus.make_speech(config, index)[1] for index in range(12)}
    judged = {
        corpus.make_speech(corpus.CorpusConfig(is_held_out=True, sentences_a_clip=(1, 1)), k)[1] for k in range(12)
    }
    assert not {voice.partition("+")[2] or voice for voice in trained} & {
        voice.partition("+")[2] or voice for voice in judged
    }
    assert not set(corpus.VARIANTS) & set(corpus.HELD_OUT_VARIANTS)
    assert not any("scotland" in voice or "rms" in voice for voice in trained)
