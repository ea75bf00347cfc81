"""`speak`, `models`, `completion` and ARTalk's own options, as somebody types them."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from artalk_engine import cli
from artalk_engine.assets import head_path
from artalk_engine.commands import upstream
from bridge.motion_file import load_motion
from tests.artalk_engine.render.read_gltf import Gltf
from tests.artalk_engine.small_voice import make_voice

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    return str(make_voice(tmp_path_factory.mktemp("voice") / "small voice"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder, to see what a command leaves."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("ARTALK_MODELS", str(tmp_path / "my models ü"))
    return tmp_path / "work"


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def run(capsys, *arguments):
    """Returns the exit status, the result and what was said beside it."""
    capsys.readouterr()
    status = cli.main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out), err


def test_a_text_becomes_a_sound(folder, capsys):
    status, report, said = run(capsys, "speak", "Hallo, Mama.", "--language", "de", "-o", "hallo.wav")
    assert (status, report["language"], report["closures"]) == (0, "de", "")
    with wave.open("hallo.wav") as sound:
        assert sound.getnframes() / 16_000 == pytest.approx(report["duration_s"], abs=0.01)
    progress = [json.loads(line)["progress"] for line in said.splitlines() if line.startswith("{")]
    assert progress[-1] == {"stage": "Speaking", "done": 12, "total": 12, "unit": "letter"}


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_a_text_becomes_motion_with_its_sound_and_phones(folder, voice, capsys, ending):
    status, report, _ = run(capsys, "speak", "Bob may map.", "-o", f"bob{ending}", "--model", voice, "--style", "calm")
    assert status == 0
    assert names_in(folder) == [f"bob{ending}", "bob.wav"] or names_in(folder) == ["bob.wav", f"bob{ending}"]
    contents = load_motion(Path(f"bob{ending}"))
    assert (contents.audio, contents.style, report["sound"]) == ("bob.wav", "calm", "bob.wav")
    assert next(symbol for symbol in contents.phones.symbols if symbol) == "b"
    assert report["closures"].endswith(" of 5")
    assert len(contents.motion) == pytest.approx(report["duration_s"] * 25, abs=1)


def test_a_text_becomes_a_film_with_sound(folder, voice, capsys):
    import av

    status, report, said = run(
        capsys, "speak", "Bob.", "-o", "bob.mp4", "--model", voice, "--size", "64", "--fps", "12.5"
    )
    assert (status, names_in(folder)) == (0, ["bob.mp4"])
    with av.open("bob.mp4") as film:
        assert [stream.type for stream in film.streams] == ["video", "audio"]
        assert film.streams.video[0].height == 64
        assert film.duration / 1e6 == pytest.approx(report["duration_s"], abs=0.1)
    assert '"stage": "Filming"' in said
    assert report["closures"].endswith(" of 2")


def test_a_text_becomes_the_moving_head_itself(folder, voice, capsys):
    status, report, _ = run(capsys, "speak", "Bob.", "-o", "bob.glb", "--model", voice)
    assert (status, names_in(folder), report["closures"][-5:]) == (0, ["bob.glb"], " of 2")
    head = Gltf(folder / "bob.glb")
    samplers = head.scene["animations"][0]["samplers"]
    assert max(head.array(sampler["input"])[-1] for sampler in samplers) == pytest.approx(
        report["duration_s"], abs=0.05
    )


def test_a_text_comes_from_a_file_or_from_standard_input(folder, capsys, monkeypatch):
    import io

    (folder / "script.txt").write_text("\ufeffÜber alles.", encoding="utf-8")
    _, of_file, _ = run(capsys, "speak", "-f", "script.txt", "--language", "de", "-o", "a.wav")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Über alles."))
    _, of_input, _ = run(capsys, "speak", "-", "--language", "de", "-o", "b.wav")
    assert of_file["duration_s"] == pytest.approx(of_input["duration_s"], rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([""], "no text"),
        (["  "], "no text"),
        (["🙂"], "only signs"),
        (["Hi", "--language", "xx"], "no voice for the language"),
        (["Hi", "--voice", "nobody"], "no voice 'nobody'"),
        (["Hi", "--voice", "gtts"], "sends your text"),
        (["Hi", "--rate", "9"], "Rate cannot be"),
        (["Hi", "-o", "taken.wav"], "exists already"),
        (["Hi", "-o", "taken.npz"], "exists already"),
        (["Hi", "-o", "taken.mp4"], "exists already"),
        (["Hi", "-o", "half.npz"], "exists already"),  # its sound would replace a file
        (["Hi", "-o", "nowhere/a.wav"], "does not exist"),
        (["Hi", "-o", "a.xyz"], "nothing that can be made"),
        (["Hi", "-f", "script.txt"], "two texts"),
        (["-f", "nothing.txt"], "no text file"),
        (["-f", "bytes.txt"], "cannot be read as text"),
        (["Hi", "-o", "a.mp4", "--temperature", "-1"], "temperature"),
        (["Hi", "-o", "a.mp4", "--size", "1"], "even sides"),
    ],
)
def test_a_bad_text_voice_or_output_is_one_sentence_and_leaves_nothing(folder, voice, capsys, arguments, words):
    for name in ("taken.wav", "taken.npz", "taken.mp4", "half.wav"):
        (folder / name).write_bytes(b"precious")
    (folder / "bytes.txt").write_bytes(b"\xff\xfe\x00\xd8")
    before = names_in(folder)
    status, report, said = run(capsys, "speak", *arguments, "--model", voice)
    assert status == 2
    assert words in report["error"]["text"]
    assert report["error"]["remedy"]
    assert "Loading" not in said
    assert names_in(folder) == before
    assert (folder / "taken.wav").read_bytes() == (folder / "half.wav").read_bytes() == b"precious"


def test_languages_and_voices_are_listed(folder, capsys):
    _, report, _ = run(capsys, "speak", "--list")
    assert report["languages"]["de"] == "German"
    assert len(report["languages"]) > 130
    assert cli.main(["speak", "--list", "--language", "German"]) == 0
    assert "voices of espeak-ng" in capsys.readouterr().out


def test_released_files_are_listed_with_size_terms_and_state(folder, capsys):
    status, report, _ = run(capsys, "models", "list")
    assert status == 0
    states = {entry["name"]: entry["state"] for entry in report["files"]}
    assert (states["artalk_wav2vec"], states["flame_with_eye"]) == ("missing", "manual")
    assert "Max Planck" in report["licences"]["flame"]
    pages = {entry["name"]: entry["page"] for entry in report["files"]}
    assert (pages["artalk_wav2vec"].endswith("/ARTalk"), pages["flame_with_eye"]) == (True, "")
    assert cli.main(["models", "list"]) == 0
    assert "1,959.2 MB" in capsys.readouterr().out


def test_terms_are_shown_and_have_to_be_accepted(folder, capsys):
    status, report, _ = run(capsys, "models", "download", "required")
    assert (status, report["error"]["code"]) == (3, "licence")
    assert "--accept-licence artalk" in report["error"]["remedy"]
    status, report, _ = run(capsys, "models", "download", "flame_with_eye")
    assert (status, report["error"]["code"]) == (3, "manual_file")


def test_flame_is_taken_in_from_wherever_it_is(folder, capsys, tmp_path):
    names = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
    with np.load(head_path()) as archive:
        model = {name: archive[name] for name in names}
    (folder / "my flame.pkl").write_bytes(pickle.dumps(model))
    status, report, _ = run(capsys, "models", "import", "FLAME", "my flame.pkl")
    assert (status, report["files"][0]["state"]) == (0, "imported")
    assert (tmp_path / "my models ü" / "FLAME_with_eye.pt").is_file()
    assert run(capsys, "models", "import", "FLAME", "my flame.pkl")[0] == 3
    status, report, _ = run(capsys, "models", "verify", "FLAME")
    assert (status, report["files"][0]["state"]) == (0, "imported")


def test_artalks_own_options_mean_the_same(folder, voice, sound_file, capsys):
    sound = sound_file(1.0)
    assert cli.main(["-a", str(sound), "-s", "calm", "--model", voice, "--size", "64"]) == 0
    assert names_in(folder) == ["sound_calm_mesh.mp4"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("-a x.wav", "render x.wav --clip-length 0 -o x_mesh.mp4"),
        ("--audio_path=x.wav -s default -l 750", "render x.wav --clip-length 750 -o x_mesh.mp4"),
        (
            "-s calm -i me.jpg -a x.wav",
            "render x.wav --clip-length 0 --style calm --avatar me.jpg -o x_calm_me.jpg.mp4",
        ),
        ("-a x.wav -o y.gif --json", "render x.wav --clip-length 0 -o y.gif --json"),
        ("--run_app", "serve"),
        ("--run_app --port 8000", "serve --port 8000"),
    ],
)
def test_artalks_own_options_are_translated(said, meant):
    assert upstream.is_upstream(said.split())
    assert upstream.translate(said.split()) == meant.split()


@pytest.mark.parametrize("said", [[], ["speak", "-a"], ["--help"], ["-h"], ["--version"]])
def test_commands_are_not_taken_for_artalks_own_options(said):
    assert not upstream.is_upstream(said)


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_shell_can_complete_every_command(shell, capsys):
    pytest.importorskip("shtab", reason="shtab is an extra")
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in ("generate", "speak", "language", "models", "download"))


def test_bash_completes_a_command_it_has_begun(tmp_path, capsys):
    pytest.importorskip("shtab", reason="shtab is an extra")
    cli.main(["completion", "bash"])
    (tmp_path / "artalk.bash").write_text(capsys.readouterr().out)
    ask = 'source artalk.bash; COMP_WORDS=(artalk sp); COMP_CWORD=1; _shtab_artalk; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.split() == ["speak"], done.stderr


@pytest.mark.parametrize("command", ["", "generate", "render", "speak", "serve", "models", "models download", "style"])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*command.split(), "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "usage:" in text
    if command in ("", "speak", "models", "serve", "generate", "render"):
        assert "examples:" in text
