"""Pythons that are too old, of no use, broken, or with an engine of another version: a sentence each, and a way out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from artalk_setup import checking, machine, pythons, torch_builds
from artalk_setup.errors import BrokenEnvironmentError, NetworkError, PythonError, SetupError
from artalk_setup.pip_errors import explain
from artalk_setup.torch_builds import Graphics

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its stand-ins are shell scripts")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stand_in(tmp_path):
    """Make a program that is called python and answers what it is told."""

    def make(answer: str) -> Path:
        path = tmp_path / "my pythons – ä 🙂" / "python3"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n", "utf-8")
        path.chmod(0o755)
        return path

    return make


def described(**changes) -> str:
    told = {"version": "3.13.1", "executable": "", "complete": True, "bits": 64, "machine": "x86_64"}
    return json.dumps({**told, **changes})


def test_a_python_that_is_too_old_is_told_with_both_versions(stand_in):
    with pytest.raises(PythonError, match=r"is Python 3\.8\.10, and the engine needs 3\.11 or later") as caught:
        pythons.check_python(pythons.ask_python(stand_in(described(version="3.8.10"))))
    assert "Install Python 3.13" in caught.value.remedy


def test_a_python_of_32_bits_and_one_without_venv_are_told(stand_in):
    with pytest.raises(PythonError, match="32-bit"):
        pythons.check_python(pythons.ask_python(stand_in(described(bits=32))))
    with pytest.raises(PythonError, match="cannot make virtual environments") as caught:
        pythons.check_base(pythons.ask_python(stand_in(described(complete=False))))
    assert "python3.13-venv" in caught.value.remedy


@pytest.mark.parametrize("answer", ["", "Segmentation fault", "[]", '{"version": "x"}'])
def test_a_program_that_is_no_python_is_told_in_a_sentence(stand_in, answer):
    with pytest.raises(PythonError, match="does not answer as a Python does") as caught:
        pythons.ask_python(stand_in(answer))
    assert caught.value.remedy


def test_a_path_to_nothing_is_told_in_a_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "python"):
        with pytest.raises(PythonError, match="There is no Python at"):
            pythons.ask_python(path)


def test_the_engine_s_own_python_passes_and_says_what_it_computes_on():
    finding = checking.look(Path(sys.executable), ("numpy==0.1",), ROOT)
    assert finding.packages["numpy"]
    assert finding.engine
    assert "numpy" in checking.judge(finding, ("numpy==0.1",), finding.engine)


def test_missing_packages_are_named_with_the_command_that_installs_them():
    pins = ("numpy==0.1", "no-such-package==1.0")
    finding = checking.look(Path(sys.executable), pins, ROOT)
    with pytest.raises(BrokenEnvironmentError, match=r"lacks no-such-package==1\.0") as caught:
        checking.judge(finding, pins, finding.engine)
    assert "-m pip install no-such-package==1.0" in caught.value.remedy


def test_an_engine_of_another_version_is_told_with_both_versions():
    finding = checking.look(Path(sys.executable), ("numpy==0.1",), ROOT)
    with pytest.raises(SetupError, match=rf"version {finding.engine} and the add-on of 99\.0") as caught:
        checking.judge(finding, ("numpy==0.1",), "99.0")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk is full.",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 30] Read-only file system", "cannot be written"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))", "proxy lets nothing"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate is not trusted"),
        ('ReadTimeoutError("HTTPSConnectionPool: Read timed out.")', "connection broke"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. torch-2.13.0.whl",
            "torch-2.13.0.whl is damaged",
        ),
        ("<urlopen error [Errno -3] Temporary failure in name resolution>", "cannot be reached"),
        ("/usr/bin/python3: No module named pip", "has no pip"),
        ("ERROR: ResolutionImpossible: for help visit", "do not fit together"),
        ("ERROR: something else", "ERROR: something else"),
    ],
)
def test_what_pip_says_becomes_one_sentence_with_a_remedy(said, sentence):
    error = explain(["Collecting torch", said], "")
    assert sentence in str(error)
    assert str(error).count(". ") == 0
    assert error.remedy.endswith(".")


def test_a_package_that_no_index_has_for_this_python_is_named():
    error = explain(["ERROR: No matching distribution found for torch==2.13.0"], "")
    assert isinstance(error, NetworkError)
    assert "torch==2.13.0" in str(error)


@pytest.mark.parametrize(
    ("graphics", "system", "name"),
    [
        (None, "linux", "cpu"),
        (None, "darwin", "apple"),
        (Graphics("H200", "580.82.07", 9.0), "linux", "cu130"),
        (Graphics("GTX 1080", "580.82.07", 6.1), "win32", "cu126"),
        (Graphics("RTX 4090", "571.1", 8.9), "win32", "cu128"),
        (Graphics("RTX 2080", "530.30", 7.5), "linux", "cu126"),
        (Graphics("K80", "470.1", 3.7), "linux", "cpu"),
    ],
)
def test_the_build_of_pytorch_fits_card_and_driver(graphics, system, name):
    assert torch_builds.fitting_build(graphics, system).name == name


def test_the_driver_s_answer_is_read_and_an_odd_one_is_no_card():
    assert torch_builds.read_graphics("NVIDIA H200, 580.82.07, 9.0\n") == Graphics("NVIDIA H200", "580.82.07", 9.0)
    assert torch_builds.read_graphics("NVIDIA, A, 470.1, [N/A]\n").capability == 0.0
    assert torch_builds.read_graphics("NVIDIA-SMI has failed\n") is None


def test_a_report_says_what_helpers_ask_and_never_who_asks(order, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    lines = machine.report(order, "", {"Blender": "5.2 at /home/somebody/blender"})
    text = "\n".join(lines)
    assert "somebody" not in text
    for word in ("Blender: 5.2", "System:", "Memory:", "NVIDIA:", "Disk:", "Engine's Python:"):
        assert word in text


def test_data_folders_are_those_of_each_system(tmp_path):
    from artalk_setup import places

    windows = places.data_folder("win32", {"LOCALAPPDATA": "C:/Users/x/AppData/Local"})
    assert windows == Path("C:/Users/x/AppData/Local/artalk")
    assert places.data_folder("darwin", {}) == Path.home() / "Library/Application Support/artalk"
    assert places.data_folder("linux", {"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "artalk"
    assert places.environment_python(tmp_path, "win32") == tmp_path / "Scripts/python.exe"
