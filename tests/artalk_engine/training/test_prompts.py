import gzip

import av
import numpy as np
import pytest

from artalk_engine.training import espeak, languages, prompts

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

VOICE = prompts.VOICES[0]


def write_g722(path, waveform):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.round(waveform * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = 16000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Prompts of somebody, spoken by espeak-ng, in the folders of a system that has them."""
    monkeypatch.setattr(prompts, "_SOUNDS", tmp_path / "sounds")
    monkeypatch.setattr(prompts, "_DOCUMENTS", tmp_path / "doc")
    prompts._spoken.cache_clear()
    lines = ["; Core sounds", "", "beep: [a tone]", "missing: Nobody has recorded this."]
    for number, text in enumerate(languages.sentences("en")):
        lines.append(f"digits/{number}: {text}")
        speech = espeak.speak(text, espeak.EspeakVoice("en-us"))
        write_g722(tmp_path / "sounds" / VOICE.name / "digits" / f"{number}.g722", speech.waveform * 0.5)
    listed = tmp_path / "doc" / "asterisk-core-sounds-en" / "core-sounds-en.txt.gz"
    listed.parent.mkdir(parents=True)
    listed.write_bytes(gzip.compress("\n".join(lines).encode()))
    yield
    prompts._spoken.cache_clear()


def test_transcripts_are_read_without_what_is_no_speech():
    listed = (
        "\ufeff; Remark: none\n\nadded: Added.\ntwice: Added.\nbeep: [a tone]\nbad: pu? essere\nq: Who?\nh: h: Hello\n"
    )
    assert prompts.read_transcripts(listed) == {"added": "Added.", "q": "Who?", "h": "Hello"}


def test_what_is_not_installed_has_no_voices(tmp_path, monkeypatch):
    monkeypatch.setattr(prompts, "_SOUNDS", tmp_path)
    assert prompts.installed_voices() == ()


def test_a_recorded_prompt_is_found_by_its_text_with_its_sounds(installed):
    assert prompts.installed_voices() == (VOICE,)
    texts = prompts.texts(VOICE)
    assert 0.8 * len(languages.sentences("en")) < len(texts) <= len(languages.sentences("en"))
    speech, spoken = prompts.speak(texts[0], VOICE), espeak.speak(texts[0], espeak.EspeakVoice("en-us"))
    assert speech.duration_s == pytest.approx(spoken.duration_s, abs=0.05)
    assert np.abs(speech.waveform).max() == pytest.approx(0.5 * np.abs(spoken.waveform).max(), rel=0.2)


def test_sounds_lie_where_they_are_heard(installed):
    errors = []
    for text in prompts.texts(VOICE):
        spoken = espeak.speak(text, espeak.EspeakVoice("en-us"))
        found, true = ([p for p in some.phones if p.symbol in "pbm"] for some in (prompts.speak(text, VOICE), spoken))
        if len(found) == len(true):
            errors += [abs(a.end_s - b.end_s) for a, b in zip(found, true, strict=True)]
    assert np.median(errors) < 0.02
