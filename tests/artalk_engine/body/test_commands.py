"""The commands on real files: what they write, what they tell, and how they refuse."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from artalk_engine.body.__main__ import main
from artalk_engine.body.checkpoint import about_path, load_codec, save_codec
from artalk_engine.body.codec import prepare
from artalk_engine.body.procedural import make_clip
from artalk_engine.body.tokens import compress, load_tokens, pack, save_tokens, unpack
from bridge.body import JOINTS
from bridge.clip_file import load_clip, save_clip
from tests.artalk_engine.body.small_codec import small_codec
from tests.bridge.small_clip import small_clip

ROOT = Path(__file__).parents[3]
UPPER = [3, 6, 9, *range(12, 22)]


@pytest.fixture(scope="module")
def codec():
    return small_codec()


@pytest.fixture
def folder(tmp_path, codec, monkeypatch):
    """A working folder with two clips and a codec."""
    monkeypatch.chdir(tmp_path)
    save_codec(tmp_path / "codec.pth", codec)
    face = np.random.default_rng(0).normal(size=(91, 100))
    clip = dataclasses.replace(make_clip(1, seconds=91 / 30), expressions=face, betas=np.arange(300.0) / 300)
    save_clip(tmp_path / "a.npz", clip)
    save_clip(tmp_path / "b.npz", make_clip(2, seconds=3.0))
    return tmp_path


def run(capsys, *words, status=0):
    assert main([*map(str, words), "--json"]) == status
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return json.loads(out)


def refused(capsys, *words, status=2):
    error = run(capsys, *words, status=status)["error"]
    assert error["remedy"]
    return error["text"]


def test_a_clip_becomes_a_small_file_and_comes_back(folder, codec, capsys):
    told = run(capsys, "compress", "a.npz", "-o", "a.tokens", "--checkpoint", "codec.pth")
    assert told["bytes"] < told["clip_bytes"] / 30
    assert told["token_bytes"] == -(-23 * 3 * 5 // 8)
    assert 0 < told["error_deg"] < told["worst_deg"]
    named = told["most_changed_deg"]
    assert set(named) < {JOINTS[joint] for joint in UPPER}
    assert max(named.values()) > told["error_deg"]
    back = run(capsys, "decompress", "a.tokens", "-o", "c.npz", "--onto", "a.npz", "--checkpoint", "codec.pth")
    assert back["error_deg"] == pytest.approx(told["error_deg"], abs=0.01)
    made, clip = load_clip(folder / "c.npz"), load_clip(folder / "a.npz")
    others = np.setdiff1d(np.arange(55), UPPER)
    np.testing.assert_allclose(made.poses[:, others], clip.poses[:, others], atol=1e-6)
    np.testing.assert_allclose(made.trans, clip.trans)
    np.testing.assert_allclose(made.expressions, clip.expressions)
    assert np.abs(made.poses[:, UPPER] - clip.poses[:, UPPER]).max() > 0.01


def test_tokens_alone_move_their_part_and_tell_that_the_rest_is_at_rest(folder, capsys):
    run(capsys, "compress", "a.npz", "-o", "a.tokens", "--checkpoint", "codec.pth")
    told = run(capsys, "decompress", "a.tokens", "-o", "c.npz", "--checkpoint", "codec.pth")
    assert "not in the file" in told["remarks"][0]
    made, clip = load_clip(folder / "c.npz"), load_clip(folder / "a.npz")
    assert not made.poses[:, np.setdiff1d(np.arange(55), UPPER)].any()
    np.testing.assert_allclose(made.betas, clip.betas, atol=1e-6)


def test_the_rest_can_be_kept_with_the_tokens(folder, capsys):
    run(capsys, "compress", "a.npz", "-o", "a.tokens", "--checkpoint", "codec.pth", "--keep-rest")
    assert run(capsys, "describe", "a.tokens.npz", status=2)
    assert run(capsys, "decompress", "a.tokens", "-o", "c.npz", "--checkpoint", "codec.pth")["remarks"] == []
    made, clip = load_clip(folder / "c.npz"), load_clip(folder / "a.npz")
    others = np.setdiff1d(np.arange(55), UPPER)
    np.testing.assert_allclose(made.poses[:, others], clip.poses[:, others], atol=1e-6)
    np.testing.assert_allclose(made.expressions, clip.expressions, atol=1e-6)


def test_fewer_layers_are_less_exact_or_as_exact_and_fewer_bytes(folder, capsys):
    sizes = []
    for layers in (1, 3):
        told = run(capsys, "compress", "a.npz", "-o", f"{layers}.t", "--layers", layers, "--checkpoint", "codec.pth")
        again = run(capsys, "detail", "a.npz", "-o", f"{layers}.npz", "--layers", layers, "--checkpoint", "codec.pth")
        assert told["error_deg"] == again["error_deg"]
        sizes.append(told["token_bytes"])
    assert sizes[0] == -(-sizes[1] // 3)


def test_smoothing_what_comes_out_makes_it_less_rough(folder, capsys):
    rough = run(capsys, "detail", "a.npz", "-o", "1.npz", "--checkpoint", "codec.pth")
    smooth = run(capsys, "detail", "a.npz", "-o", "2.npz", "--smooth", "--checkpoint", "codec.pth")
    assert smooth["jerk_ratio"] < rough["jerk_ratio"]


@pytest.mark.parametrize("way", [["--checkpoint", "codec.pth"], ["--cross-fade"]])
def test_joining_tells_what_happens_at_the_seam(folder, capsys, way):
    told = run(capsys, "join", "a.npz", "b.npz", "-o", "c.npz", *way)
    assert told["seam_frame"] == 91
    assert told["step_deg"] < told["cut_deg"]
    assert len(load_clip(folder / "c.npz").poses) == 91 + 90


def test_figures_are_a_table_for_people(folder, capsys):
    assert main(["detail", "a.npz", "-o", "c.npz", "--layers", "2", *CODEC]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("error deg ") for line in lines)
    assert any(line.startswith("most changed deg") and "; " in line for line in lines)


def test_smoothing_a_clip_needs_no_codec(folder, capsys):
    told = run(capsys, "smooth", "a.npz", "-o", "c.npz")
    assert told["error_deg"] < 0.2
    assert told["jerk_ratio"] < 1.0


def test_files_are_described_by_what_they_are(folder, capsys):
    run(capsys, "compress", "a.npz", "-o", "a.tokens.npz", "--checkpoint", "codec.pth")
    assert run(capsys, "describe", "a.tokens.npz")["kind"] == "tokens"
    assert run(capsys, "describe", "a.npz")["frames"] == 91
    described = run(capsys, "describe", "codec.pth")
    assert (described["body_part"], described["nb_code"], described["bits_per_second"]) == ("upper", 32, 112)
    assert run(capsys, "describe")["body_part"] == "upper"  # the demonstration


def test_a_published_checkpoint_is_adopted(folder, codec, capsys):
    state = {"net": codec.model.state_dict()}
    torch.save(state, folder / "net_300000_upper.pth")
    np.save("mean.npy", np.zeros(330))
    np.save("std.npy", np.ones(330))
    files = ["--mean", "mean.npy", "--std", "std.npy"]
    text = refused(capsys, "adopt", "net_300000_upper.pth", "--part", "hands", *files, status=3)
    assert "hands has 180" in text
    assert not about_path(folder / "net_300000_upper.pth").exists()
    run(capsys, "adopt", "net_300000_upper.pth", "--part", "upper", *files)
    adopted = load_codec(folder / "net_300000_upper.pth")
    for name, value in codec.model.state_dict().items():
        torch.testing.assert_close(adopted.model.state_dict()[name], value, rtol=0, atol=0)
    assert (set(adopted.standard.mean), set(adopted.standard.std)) == ({0.0}, {1.0})
    assert "exists already" in refused(capsys, "adopt", "net_300000_upper.pth", "--part", "upper", *files)


def test_another_rate_and_another_way_up_are_brought_to_the_codecs_and_told(folder, capsys):
    clip = make_clip(3, seconds=2.0, fps=120.0)
    arrays = {"poses": clip.poses.reshape(240, 165), "trans": clip.trans, "betas": np.ones((240, 300))}
    np.savez("amass.npz", **arrays, mocap_framerate=np.array(120.0), gender=np.array("neutral"))
    told = run(capsys, "detail", "amass.npz", "-o", "c.npz", "--checkpoint", "codec.pth")
    assert told["frames"] == 61
    assert any("resampled from 120 to 30" in remark for remark in told["remarks"])
    assert any("no expressions" in remark for remark in told["remarks"])


def broken_clip(kind):
    clip = small_clip(30)
    arrays = {"poses": clip.poses.reshape(30, 165), "trans": clip.trans, "mocap_frame_rate": np.array(30)}
    match kind:
        case "numbers":
            arrays["poses"] = np.where(np.arange(165) == 7, np.nan, arrays["poses"])
        case "one frame":
            arrays |= {"poses": arrays["poses"][:1], "trans": arrays["trans"][:1]}
        case "pickled":
            arrays["poses"] = np.array([{"a": 1}], dtype=object)
        case "no poses":
            del arrays["poses"]
        case "no rate":
            del arrays["mocap_frame_rate"]
    return arrays


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("numbers", "not numbers"),
        ("one frame", "at least two"),
        ("pickled", "pickled"),
        ("no poses", "no 'poses'"),
        ("no rate", "frames a second"),
    ],
)
@pytest.mark.parametrize("command", ["compress", "smooth"])
def test_a_clip_that_cannot_be_used_is_one_sentence_and_no_file(folder, capsys, kind, word, command):
    np.savez("bad.npz", **broken_clip(kind))
    assert word in refused(capsys, command, "bad.npz", "-o", "c.npz", *([] if command == "smooth" else CODEC))
    assert not (folder / "c.npz").exists()


CODEC = ["--checkpoint", "codec.pth"]


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["detail", "no.npz", "-o", "c.npz", *CODEC], 2, "no such file"),
        (["detail", "a.npz", "-o", "nowhere/c.npz", *CODEC], 2, "folder does not exist"),
        (["detail", "a.npz", "-o", "b.npz", *CODEC], 2, "exists already"),
        (["detail", "a.npz", "-o", "c.npz", "--layers", "4", *CODEC], 2, "3 layers, not 4"),
        (["detail", "a.npz", "-o", "c.npz", "--layers", "-1", *CODEC], 2, "not -1"),
        (["detail", "a.npz", "-o", "c.npz", "--checkpoint", "no.pth"], 3, "no checkpoint"),
        (["detail", "a.npz", "-o", "c.npz", "--checkpoint", "a.npz"], 3, "damaged or no checkpoint"),
        (["detail", "a.npz", "-o", "c.npz", "--device", "abacus", *CODEC], 3, "abacus"),
        (["detail", "a.npz", "-o", "c.npz", "--device", "cpu:x", *CODEC], 3, "no device called 'cpu:x'"),
        (["detail", "a.npz", "-o", "c.npz", "--device", "cpu:3", *CODEC], 3, "counted from 0"),
        (["decompress", "a.npz", "-o", "c.npz", *CODEC], 2, "not a token file"),
        (["decompress", "no.tokens", "-o", "c.npz", *CODEC], 2, "no such file"),
        (["smooth", "a.npz", "-o", "c.npz", "--span", "8"], 2, "span"),
        (["join", "a.npz", "b.npz", "-o", "c.npz", "--fade", "nan", *CODEC], 2, "nan seconds"),
        (["describe", "no.npz"], 2, "no such file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_a_status_and_no_file(folder, capsys, words, status, text):
    before = (folder / "b.npz").read_bytes()
    assert text in refused(capsys, *words, status=status)
    assert not (folder / "c.npz").exists()
    assert (folder / "b.npz").read_bytes() == before


def test_an_existing_file_is_replaced_when_forced(folder, capsys):
    run(capsys, "detail", "a.npz", "-o", "b.npz", "--force", *CODEC)
    assert len(load_clip(folder / "b.npz").poses) == 91


def test_tokens_of_another_codec_or_another_length_are_refused(folder, capsys):
    run(capsys, "compress", "a.npz", "-o", "a.tokens", *CODEC)
    assert "91 frames" in refused(capsys, "decompress", "a.tokens", "-o", "c.npz", "--onto", "b.npz", *CODEC)
    save_codec(folder / "codec.pth", small_codec(code_dim=8))
    said = refused(capsys, "decompress", "a.tokens", "-o", "c.npz", *CODEC)
    assert said.endswith("made by the codec 'codec' (upper), not by 'codec' (upper) as it is now.")


@pytest.mark.parametrize("threads", ["many", "-1", "1e3", "9999"])
def test_a_number_of_threads_that_is_none_is_said_in_plain_words(folder, capsys, threads):
    with pytest.raises(SystemExit) as caught:
        main(["smooth", "a.npz", "-o", "c.npz", f"--threads={threads}"])
    assert caught.value.code == 2
    assert f"{threads} is not a number of threads" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["cut", "about", "codes", "frames"])
def test_a_damaged_token_file_is_refused(folder, codec, capsys, damage):
    save_tokens(folder / "t", compress(make_clip(1, seconds=2.0), codec))
    if damage == "cut":
        (folder / "t").write_bytes((folder / "t").read_bytes()[:200])
    else:
        with np.load("t") as archive:
            arrays = {name: archive[name] for name in archive.files}
        if damage == "frames":
            about = json.loads(arrays["about"].tobytes()) | {"frames": 10**9}
            arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        else:
            arrays[damage] = arrays[damage][:-3]
        np.savez("t.npz", **arrays)
        Path("t.npz").replace("t")
    assert "token file" in refused(capsys, "decompress", "t", "-o", "c.npz", *CODEC)


@pytest.mark.parametrize(
    "change",
    [
        {"frames": float("inf")},
        {"fps": float("nan")},
        {"fps": -3.0},
        {"start": [float("inf"), 0.0]},
        {"betas": np.zeros((3, 3))},
        {"betas": np.full(300, np.nan)},
        {"about": np.frombuffer(b"[" * 100_000, np.uint8)},
    ],
)
def test_numbers_that_no_clip_has_are_refused_in_a_token_file(folder, codec, capsys, change):
    save_tokens(folder / "t.npz", compress(make_clip(1, seconds=2.0), codec))
    with np.load("t.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    about = json.loads(arrays["about"].tobytes())
    about |= {name: value for name, value in change.items() if name in about}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez("t.npz", **arrays | {name: value for name, value in change.items() if name not in about})
    assert "token file" in refused(capsys, "decompress", "t.npz", "-o", "c.npz", *CODEC)


def test_tokens_are_described_under_any_name(folder, capsys):
    run(capsys, "compress", "a.npz", "-o", "a.tokens", *CODEC)
    assert run(capsys, "describe", "a.tokens")["kind"] == "tokens"


@pytest.mark.parametrize("bits", [1, 5, 8, 10])
def test_codes_are_packed_without_gaps(bits):
    codes = np.random.default_rng(0).integers(0, 2**bits, (13, 6))
    packed = pack(codes, bits)
    assert len(packed) == -(-13 * 6 * bits // 8)
    np.testing.assert_array_equal(unpack(packed, bits, 6, 13), codes)
    with pytest.raises(ValueError, match="does not hold"):
        unpack(packed[:-1], bits, 6, 13)


@pytest.mark.parametrize("part", ["lower_trans", "whole_trans", "face"])
def test_tokens_of_every_kind_of_part_survive_a_file(tmp_path, part):
    codec = small_codec(part)
    clip = dataclasses.replace(make_clip(1, seconds=2.0), expressions=np.ones((60, 100)))
    save_tokens(tmp_path / "t", compress(clip, codec, keep_rest=True))
    held = load_tokens(tmp_path / "t")
    np.testing.assert_array_equal(held.codes, compress(prepare(clip, codec), codec).codes)
    assert held.start == pytest.approx(tuple(clip.trans[0, [0, 2]]))


def test_the_module_runs_in_a_process_of_its_own(folder):
    command = [sys.executable, "-m", "artalk_engine.body", "smooth", "a.npz", "-o", "c.npz", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == "c.npz"
    assert done.stderr == ""


def test_help_needs_no_libraries():
    script = (
        "import sys\nfrom artalk_engine.body.__main__ import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n"
    )
    script += "    print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_upper_body_of_the_demonstration_is_within_a_few_degrees(folder, capsys):
    told = run(capsys, "detail", "a.npz", "-o", "c.npz")
    assert told["error_deg"] < 4.0
    broad = run(capsys, "detail", "a.npz", "-o", "d.npz", "--layers", 1)
    assert broad["error_deg"] > told["error_deg"]
