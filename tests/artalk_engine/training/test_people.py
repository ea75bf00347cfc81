import gzip

import av
import numpy as np
import pytest
import soundfile

from artalk_engine.training import espeak, languages, people

pytest.importorskip("espeakng_loader", reason="the speech synthesizer is an extra of the training")

CALLED = people.VOICES[0]
DRAWN, SPELT, PLAYED = (
    next(voice for voice in people.VOICES if voice.name == name)
    for name in ("tuxpaint-es", "klettres-it", "fillets-nl-small")
)


def write_g722(path, waveform):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.round(waveform * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = 16000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def speak_half_as_loud(text, voice):
    return espeak.speak(text, espeak.EspeakVoice(voice.accent)).waveform * 0.5


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Folders like those of a system, without any recordings."""
    for name in ("_EXCHANGE", "_DOCUMENTS", "_STAMPS", "_LETTERS", "_GAME"):
        monkeypatch.setattr(people, name, tmp_path / name)
    for kept in (people._recordings, people._spoken):
        kept.cache_clear()
    yield tmp_path
    for kept in (people._recordings, people._spoken):
        kept.cache_clear()


@pytest.fixture
def called(system):
    """A telephone exchange's recordings, spoken by espeak-ng."""
    lines = ["; Core sounds", "", "beep: [a tone]", "missing: Nobody has recorded this."]
    for number, text in enumerate(languages.sentences("en")):
        lines.append(f"digits/{number}: {text}")
        path = system / "_EXCHANGE" / CALLED.folder / "digits" / f"{number}.g722"
        write_g722(path, speak_half_as_loud(text, CALLED))
    listed = system / "_DOCUMENTS" / "asterisk-core-sounds-en" / "core-sounds-en.txt.gz"
    listed.parent.mkdir(parents=True)
    listed.write_bytes(gzip.compress("\n".join(lines).encode()))
    return CALLED


@pytest.fixture
def drawn(system):
    """Drawings with spoken names, spoken by espeak-ng, at 48 kHz and in stereo."""
    folder = system / "_STAMPS" / "stamps" / "animals"
    folder.mkdir(parents=True)
    for number, text in enumerate(languages.sentences("es")):
        waveform = np.repeat(speak_half_as_loud(text, DRAWN), 3)
        soundfile.write(folder / f"{number}_desc_es.ogg", np.stack([waveform, waveform], axis=1), 48000)
        (folder / f"{number}.txt").write_text(f"A drawing.\nfr.utf8=Un dessin.\nes.utf8={text}\n", encoding="utf-8")
    (folder / "nameless_desc_es.ogg").write_bytes((folder / "0_desc_es.ogg").read_bytes())
    (folder / "nameless.txt").write_text("A drawing.\n", encoding="utf-8")
    return DRAWN


@pytest.fixture
def spelt(system):
    """Letters and syllables in capitals, spoken by espeak-ng; here they are sentences."""
    folder = system / "_LETTERS" / "it"
    folder.mkdir(parents=True)
    tags = []
    for number, text in enumerate(languages.sentences("it")):
        soundfile.write(folder / f"{number}.ogg", speak_half_as_loud(text, SPELT), 16000)
        tags.append(f'<sound name="{text.upper()}" file="it/{number}.ogg" />')
    (folder / "sounds.xml").write_text("<klettres>\n" + "\n".join(tags), encoding="utf-8")
    return SPELT


@pytest.fixture
def played(system):
    """A game's lines of two fish, one of them without a sound, spoken by espeak-ng."""
    folder = system / "_GAME" / "sound" / "cave" / "nl"
    folder.mkdir(parents=True)
    script = []
    for number, text in enumerate(("Mijn boot is mooi.", 'Een "boom" in de zee?', "Papa bakt een brood.")):
        soundfile.write(folder / f"line-{number}.ogg", speak_half_as_loud(text, PLAYED), 16000)
        quoted = text.replace('"', '\\"')
        script.append(f'dialogId("line-{number}", "font_small", "In \\"English\\".")\ndialogStr("{quoted}")\n')
    soundfile.write(folder / "empty.ogg", np.zeros(0, np.float32), 16000)
    script.append('dialogId("empty", "font_small", "Nothing.")\ndialogStr("Niets.")\n')
    script.append('dialogId("line-0", "font_big", "Another.")\ndialogStr("Een ander.")\n')
    path = system / "_GAME" / "script" / "cave" / "dialogs_nl.lua"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(script), encoding="utf-8")
    return PLAYED


def test_a_list_is_read_without_its_remarks():
    listed = "\ufeff; Remark: none\n\nadded: Added.\nh: h: Hello: you\n"
    assert people.read_list(listed) == {"added": "Added.", "h": "Hello: you"}


def test_a_description_is_read_in_its_language():
    described = "A cat.\nfr.utf8=Un chat.\nfr_CA.utf8=Un minou.\n"
    assert people.read_description(described, "fr") == "Un chat."
    assert people.read_description(described, "de") == ""


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [("Added.", True), ("Who?", True), ("¡Adiós!", True), ("[a tone]", False), ("pu? essere", False), ("$25", False)],
)
def test_a_text_that_cannot_be_known_is_not_plain(text, is_plain):
    assert people.is_plain(text) == is_plain


def test_what_is_not_installed_has_no_voices(system):
    assert people.installed_voices() == ()


def test_lines_of_a_game_are_those_of_one_fish_and_have_a_sound(played):
    assert people.installed_voices() == tuple(voice for voice in people.VOICES if voice.source == "fillets")
    found = {text for text in people.texts(played) if people.is_found(text, played)}
    assert found == {"Mijn boot is mooi.", 'Een "boom" in de zee?', "Papa bakt een brood."}
    with pytest.raises(ValueError, match="not found"):
        people.speak("Niets.", played)


@pytest.mark.parametrize("source", ["called", "drawn", "spelt"])
def test_recordings_are_found_by_their_texts_with_their_sounds(source, request):
    voice = request.getfixturevalue(source)
    assert people.installed_voices() == (voice,)
    texts, errors = [text for text in people.texts(voice) if people.is_found(text, voice)], []
    said = [text.lower() if source == "spelt" else text for text in languages.sentences(voice.language)]
    assert set(texts) <= set(said)
    assert len(texts) > 0.8 * sum(map(people.is_plain, said))
    for text in texts:
        speech, spoken = people.speak(text, voice), espeak.speak(text, espeak.EspeakVoice(voice.accent))
        assert speech.duration_s == pytest.approx(spoken.duration_s, abs=0.05)
        assert np.abs(speech.waveform).max() == pytest.approx(0.5 * np.abs(spoken.waveform).max(), rel=0.3)
        found, true = ([p for p in some.phones if p.symbol in "pbm"] for some in (speech, spoken))
        if len(found) == len(true):
            errors += [abs(a.end_s - b.end_s) for a, b in zip(found, true, strict=True)]
    assert np.median(errors) < 0.02
