"""The command line in a process of its own, with a small model and real sound files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from artalk_engine import cli
from artalk_engine.commands import generate
from artalk_engine.version import engine_version
from bridge.motion_file import load_motion
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
    return tmp_path / "work"


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_the_module_makes_a_motion_file_and_says_so_on_its_outputs(folder, voice, sound_file):
    command = [sys.executable, "-m", "artalk_engine", "generate", str(sound_file(5.0)), "-o", "motion.npz"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*command, "--model", voice, "--style", "calm", "--json"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["frames"], report["rig"], report["output"]) == (125, "builtin", "motion.npz")
    contents = load_motion(folder / "motion.npz")
    assert contents.motion.shape == (125, 106)
    assert (contents.rig, contents.audio, contents.style) == ("builtin", "sound.wav", "calm")
    assert contents.engine_version == engine_version()
    assert "Traceback" not in done.stderr
    assert names_in(folder) == ["motion.npz"]


@pytest.mark.parametrize(
    ("seconds", "rate_hz", "channels", "frames"), [(0.02, 16_000, 1, 1), (2.0, 8000, 1, 50), (2.0, 48_000, 2, 50)]
)
def test_sounds_of_any_length_rate_and_channels_work(folder, voice, sound_file, seconds, rate_hz, channels, frames):
    sound = sound_file(seconds, rate_hz, channels)
    assert cli.main(["generate", str(sound), "-o", "m.npz", "--model", voice]) == 0
    assert len(load_motion(folder / "m.npz").motion) == frames


def test_mp3_works(folder, voice, sound_file):
    soundfile = pytest.importorskip("soundfile")
    samples, rate_hz = soundfile.read(sound_file(2.0))
    soundfile.write("speech.mp3", samples, rate_hz)
    assert cli.main(["generate", "speech.mp3", "--model", voice]) == 0
    assert 48 <= len(load_motion(folder / "speech.npz").motion) <= 54  # an encoder pads


@pytest.mark.parametrize(
    ("kind", "word"), [("missing", "no sound file"), ("empty", "empty"), ("text", "sound"), ("folder", "no sound file")]
)
def test_a_bad_sound_is_one_sentence_a_status_and_no_file(folder, voice, capsys, kind, word):
    path = folder / "speech.wav"
    match kind:
        case "empty":
            path.touch()
        case "text":
            path.write_text("This is no sound.")
        case "folder":
            path.mkdir()
    before = names_in(folder)
    assert cli.main(["generate", str(path), "-o", "m.npz", "--model", voice]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert word in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert names_in(folder) == before


def test_an_existing_output_is_refused_and_kept_unless_forced(folder, voice, sound_file, capsys):
    (folder / "m.npz").write_text("mine")
    arguments = ["generate", str(sound_file(0.5)), "-o", "m.npz", "--model", voice]
    assert cli.main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "m.npz").read_text() == "mine"
    assert cli.main([*arguments, "--force"]) == 0
    assert len(load_motion(folder / "m.npz").motion) == 13


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["-o", "nowhere/m.npz"], 2, "folder"),
        (["-o", "m.wav"], 2, ".npz"),
        (["-o", "m.npz", "--style", "furious"], 2, "calm"),
        (["-o", "m.npz", "--start", "5"], 2, "range"),
        (["-o", "m.npz", "--device", "abacus"], 3, "abacus"),
        (["-o", "m.npz", "--model", "/no/such/folder"], 3, "no model"),
    ],
)
def test_a_wrong_option_is_one_sentence_a_status_and_no_file(
    folder, voice, sound_file, capsys, arguments, status, word
):
    assert cli.main(["generate", str(sound_file(0.5)), "--model", voice, *arguments]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert word in err
    assert err.splitlines()[-1].startswith("error: ")
    assert names_in(folder) == []


@pytest.mark.parametrize(
    "arguments", [[], ["sing"], ["generate", "a.wav", "--threads", "-1"], ["generate", "a.wav", "--start", "nan"]]
)
def test_wrong_usage_has_the_status_of_bad_input(folder, arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


def test_a_bare_call_teaches(capsys):
    with pytest.raises(SystemExit):
        cli.main([])
    assert "examples:" in capsys.readouterr().err


def test_no_sound_at_all_is_said(folder, capsys):
    assert cli.main(["generate"]) == 2
    assert "No sound file" in capsys.readouterr().err


def test_errors_are_json_for_programs_too(folder, capsys):
    assert cli.main(["generate", "no.wav", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "audio_missing"
    assert error["text"]
    assert error["remedy"]


def test_an_unexpected_error_has_no_traceback_unless_asked_for(folder, voice, sound_file, capsys, monkeypatch):
    monkeypatch.setattr(generate, "save_motion", lambda *_: 1 // 0)
    arguments = ["generate", str(sound_file(0.5)), "-o", "m.npz", "--model", voice]
    assert cli.main(arguments) == 1
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        cli.main([*arguments, "--verbose"])


def test_an_interruption_leaves_no_file(folder, voice, sound_file, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "_motions", interrupt)
    assert cli.main(["generate", str(sound_file(0.5)), "-o", "m.npz", "--model", voice]) == 130
    assert names_in(folder) == []


def test_upstreams_short_options_mean_what_they_meant(folder, voice, sound_file):
    sound = str(sound_file(3.0))
    assert cli.main(["generate", "-a", sound, "-s", "calm", "-l", "20", "-o", "m.npz", "--model", voice]) == 0
    contents = load_motion(folder / "m.npz")
    assert (len(contents.motion), contents.style) == (20, "calm")


def test_a_range_and_a_fixed_pose_are_obeyed(folder, voice, sound_file):
    options = ["--start", "0.5", "--end", "1.5", "--fix-pose", "--threads", "1", "--model", voice]
    assert cli.main(["generate", str(sound_file(3.0)), "-o", "m.npz", *options]) == 0
    motion = load_motion(folder / "m.npz").motion
    assert motion.shape == (25, 106)
    assert not motion[:, 100:103].any()


def test_several_sounds_go_into_a_folder_and_are_those_made_one_by_one(folder, voice, sound_file, capsys):
    for number, seconds in enumerate((0.7, 5.0, 2.0)):
        sound_file(seconds).rename(folder / f"line{number}.wav")
    (folder / "takes").mkdir()
    sounds = [f"line{number}.wav" for number in range(3)]
    assert cli.main(["generate", *sounds, "-o", "takes", "--model", voice, "--json"]) == 0
    takes = json.loads(capsys.readouterr().out)["takes"]
    assert [take["output"] for take in takes] == [str(Path("takes") / f"line{number}.npz") for number in range(3)]
    assert [take["frames"] for take in takes] == [18, 125, 50]
    assert cli.main(["generate", "line1.wav", "-o", "alone.npz", "--model", voice]) == 0
    alone, together = load_motion(folder / "alone.npz").motion, load_motion(folder / "takes" / "line1.npz").motion
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize(("output", "word"), [("nowhere", "folder"), ("takes", "same name")])
def test_several_sounds_need_a_folder_and_names_of_their_own(folder, voice, sound_file, capsys, output, word):
    (folder / "takes").mkdir()
    sound = str(sound_file(0.5))
    assert cli.main(["generate", sound, sound, "-o", output, "--model", voice]) == 2
    assert word in capsys.readouterr().err
    assert names_in(folder / "takes") == []


def test_takes_channels_and_continuity_can_be_chosen(folder, voice, sound_file):
    sound = str(sound_file(6.0, 16_000, 2))

    def made(*options):
        assert cli.main(["generate", sound, "-o", "m.npz", "--force", "--model", voice, *options]) == 0
        return load_motion(folder / "m.npz").motion

    plain = made()
    for options in (
        ["--temperature", "1", "--seed", "3"],
        ["--temperature", "1", "--top-p", "0.7", "--seed", "3"],
        ["--continuity", "none"],
    ):
        assert np.array_equal(made(*options), made(*options))
        assert not np.array_equal(made(*options), plain)
    assert len(made("--channel", "loudest", "--style", "calm", "--style-strength", "2")) == 150


@pytest.mark.parametrize(
    ("options", "word"),
    [(["--temperature", "-1"], "temperature"), (["--top-k", "5"], "top_k"), (["--continuity", "loudness"], "log_mel")],
)
def test_choices_that_make_no_sense_are_one_sentence(folder, voice, sound_file, capsys, options, word):
    assert cli.main(["generate", str(sound_file(0.5)), "-o", "m.npz", "--model", voice, *options]) == 2
    assert word in capsys.readouterr().err.splitlines()[-1]
    assert names_in(folder) == []


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_motion_is_written_as_the_name_says(folder, voice, sound_file, ending):
    sound = str(sound_file(1.0))
    for name in ("m.npz", f"m{ending}"):
        assert cli.main(["generate", sound, "-o", name, "--model", voice]) == 0
    np.testing.assert_allclose(
        load_motion(folder / f"m{ending}").motion, load_motion(folder / "m.npz").motion, atol=1e-6
    )


@pytest.mark.parametrize("options", [["--temperature", "-1"], ["--top-k", "3"], ["--style-strength", "nan"]])
def test_what_no_model_can_do_is_refused_before_one_is_loaded(folder, sound_file, capsys, monkeypatch, options):
    monkeypatch.setattr(generate, "load", lambda options: pytest.fail("a model was loaded"))
    assert cli.main(["generate", str(sound_file(0.1)), *options]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_styles_are_listed_one_a_line(voice, capsys):
    assert cli.main(["styles", "--model", voice]) == 0
    assert capsys.readouterr().out == "calm\n"


def test_a_style_of_ones_own_is_added_used_and_removed(folder, voice, sound_file, capsys, monkeypatch):
    monkeypatch.setattr("artalk_engine.styles.user_styles_folder", lambda rig: folder / "mine" / rig)
    sound = str(sound_file(6.0))
    assert cli.main(["generate", sound, "-o", "m.npz", "--style", "calm", "--model", voice]) == 0
    add = ["style", "add", "weary", "--from", "m.npz", "--at", "3.2", "--model", voice]
    assert cli.main(add) == 0
    clip = np.load(folder / "mine" / "builtin" / "weary.npy")
    np.testing.assert_array_equal(clip, load_motion(folder / "m.npz").motion[80:130])
    assert cli.main(add) == 2
    assert "already" in capsys.readouterr().err
    assert cli.main([*add, "--force"]) == 0
    capsys.readouterr()
    assert cli.main(["styles", "--model", voice]) == 0
    assert capsys.readouterr().out == "calm\nweary\n"
    assert cli.main(["generate", sound, "-o", "w.npz", "--style", "weary", "--model", voice]) == 0
    assert load_motion(folder / "w.npz").style == "weary"
    assert cli.main(["style", "remove", "weary", "--model", voice]) == 0
    assert cli.main(["generate", sound, "-o", "x.npz", "--style", "weary", "--model", voice]) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["weary", "--at", "99"], "99 s"),
        (["../weary"], "called"),
        (["default"], "called"),
        (["weary", "--from", "no.npz"], "no such file"),
    ],
)
def test_a_style_that_cannot_be_made_is_one_sentence(folder, voice, sound_file, capsys, arguments, word):
    assert cli.main(["generate", str(sound_file(3.0)), "-o", "m.npz", "--model", voice]) == 0
    capsys.readouterr()
    assert cli.main(["style", "add", "--from", "m.npz", "--model", voice, *arguments]) == 2
    assert word in capsys.readouterr().err.splitlines()[-1]
    assert names_in(folder) == ["m.npz"]


def test_the_model_describes_itself(voice, capsys):
    assert cli.main(["describe", "--model", voice, "--json"]) == 0
    description = json.loads(capsys.readouterr().out)
    assert (description["rig"], description["styles"], description["model"]) == ("builtin", ["calm"], "small voice")


def test_what_fast_changes_is_measured_on_the_models_own_head(voice, sound_file, capsys):
    """A head lies beside the built-in voice; another model brings its own, or is told one."""
    assert cli.main(["deviation", str(sound_file(1.0)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["frames"] == 25
    assert 0 <= found["lips_median_mm"] <= found["lips_95th_mm"] <= found["lips_worst_mm"] < 50
    assert cli.main(["deviation", str(sound_file(1.0)), "--model", voice]) == 3
    assert "--head" in capsys.readouterr().err


def run(command, voice, **environment):
    variables = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **environment}
    script = f"'{sys.executable}' -m artalk_engine {command} --model '{voice}'"
    return lambda before="", after="": subprocess.run(
        ["/bin/bash", "-c", f"{before} {script} {after}"], capture_output=True, text=True, env=variables
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_a_result_is_written_whichever_letters_the_output_knows(folder, voice, sound_file):
    sound = sound_file(0.1, name="Größe 声.wav")
    done = run(f"generate '{sound}'", voice, PYTHONIOENCODING="ascii")()
    assert done.returncode == 0, done.stderr
    assert "Gr\\xf6\\xdfe \\u58f0.npz" in done.stdout
    assert names_in(folder) == ["Größe 声.npz"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_a_reader_that_is_gone_is_no_error(voice):
    done = run("styles", voice)("set -o pipefail;", "| true")
    assert (done.returncode, done.stderr) == (0, "")


def test_help_needs_no_libraries():
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from artalk_engine.cli import main
try:
    main(["--help"])
except SystemExit:
    print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_the_built_in_voice_speaks_the_shipped_sentence(folder):
    """Without any option: nothing but what comes with the product."""
    assert cli.main(["generate", str(ROOT / "assets" / "demo" / "speech.wav"), "-o", "m.npz", "--style", "happy"]) == 0
    contents = load_motion(folder / "m.npz")
    assert contents.rig == "builtin"
    assert contents.motion[:, :36].std() > 0.01  # the units of the built-in head move
