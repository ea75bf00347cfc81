"""Sets up, builds, demonstrates and tests ARTalk for Blender; standard library only.

    python3.11 build_addon.py                 build dist/artalk-<version>.zip
    python3.11 build_addon.py repository --out DIR    an extension repository of static files, for a studio to host
    python3.11 build_addon.py demo            speech in, talking head out: .blend, still, preview video
    python3.11 build_addon.py test [ARGS]     every check and test; ARGS go to pytest
    python3.11 build_addon.py env             print the Python of the engine's environment
    python3.11 build_addon.py env --blender 5.2

Environments live in ``.venv/``. Their names carry a hash of what is installed in them, so a changed pin makes a new
one and an unchanged one is reused.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - first of all, before anything that an older Python stumbles over
    sys.exit("This needs Python 3.11 or later and runs in {}.{}: install Python 3.11.".format(*sys.version_info[:2]))

import argparse
import ast
import contextlib
import functools
import hashlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"
ROOT = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / ".venv"
ENGINE_PYTHONS = ("3.11", "3.12", "3.13")
SIZE_LIMIT = 40_000_000  # bytes of the whole extension, its built-in voice and head included
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")

# What each environment holds, and why. Order matters: torch comes first and alone, so that a build chosen by pip's
# own configuration (a processor-only wheel, say) stays when the others ask for torch. pyproject.toml repeats the pins.
ENGINE = {
    "torch==2.13.0": "runs the networks, on the processor or a GPU",
    "transformers==5.23.0": "mimi, one of the released models' audio encoders",
    "numpy==2.4.6": "arrays; the only package that the engine and Blender share",
    "scipy==1.17.1": "filters and Savitzky-Golay smoothing",
    "soundfile==0.14.0": "reads wav, flac, ogg and mp3 without a system package",
    "av==18.1.0": "reads the remaining sound formats and writes H.264 video with AAC sound",
    "safetensors==0.8.0": "checkpoints that cannot carry code",
    "numba==0.68.1": "compiles the loops of the renderer that draws films without a GPU",
    "tqdm==4.70.1": "progress of training and downloads",
    "espeakng-loader==0.2.4": "espeak-ng and its voices in one wheel: speech with known phoneme times for training",
    "matplotlib==3.11.2": "the evaluation's picture and the demo's contact sheet",
}
EXTRAS = {
    "gradio==6.31.0": "the web page",
    "piper-tts==1.8.0": "Piper voices from a folder of the user's",
    "shtab==1.13.0": "completion in bash, zsh and tcsh",
}
TOOLS = {
    "pytest==9.2.0": "runs the tests",
    "selenium==4.51.0": "drives a real browser in the web page's tests",
    "ruff==0.17.5": "lint and format",
    "mypy==2.4.1": "checks the types",
    "import-linter==2.16": "checks which package may import which",
}


class BuildError(Exception):
    """Something that the user can put right; the message is one sentence that says how."""


@dataclass(frozen=True)
class Blender:
    """A Blender that is supported and tested, as the ``bpy`` wheel."""

    version: str
    python: str  # the only Python version that its wheel loads in
    pins: Mapping[str, str]


_SUITE = {"pytest==9.2.0": "runs the tests inside Blender"}
BLENDERS = {
    blender.version: blender
    for blender in (
        Blender("5.2", "3.13", {"numpy==2.5.5": "as its wheel asks", "bpy==5.2.3": "Blender 5.2 LTS", **_SUITE}),
        Blender("4.5", "3.11", {"numpy==1.26.4": "as its wheel asks", "bpy==4.5.15": "Blender 4.5 LTS", **_SUITE}),
        Blender("4.2", "3.11", {"numpy==1.26.4": "4.2 itself has 1.x", "bpy==4.2.23": "Blender 4.2 LTS", **_SUITE}),
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 only if all of it succeeded."""
    options = _parse(arguments)
    for stopping in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(stopping, _stop)
    try:
        return int(options.run(options))
    except (BuildError, OSError) as exc:
        say(f"error: {exc}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build_addon.py", description="Sets up, builds, shows and tests ARTalk.")
    parser.set_defaults(run=build, pytest_arguments=[])
    commands = parser.add_subparsers(metavar="COMMAND", help="without one, the extension's zip is built in dist/")
    demo_parser = commands.add_parser("demo", help="make a head speak: .blend, still, preview video")
    demo_parser.add_argument("--audio", type=Path, default=ROOT / "assets/demo/speech.wav", help="any sound file")
    demo_parser.add_argument("--style", default="neutral", help="speaking style, a name in assets/voice/styles")
    demo_parser.add_argument("--blender", choices=BLENDERS, default="5.2", help="version to work with")
    demo_parser.add_argument("--out", type=Path, default=ROOT / "demo-output", help="folder for the results")
    demo_parser.set_defaults(run=demo)
    test_parser = commands.add_parser("test", help="run every check and test", add_help=False)
    test_parser.set_defaults(run=test)
    repository_parser = commands.add_parser("repository", help="write an extension repository that a studio can host")
    repository_parser.add_argument("--out", type=Path, required=True, help="its folder; earlier versions there stay")
    repository_parser.set_defaults(run=repository)
    env_parser = commands.add_parser("env", help="print an environment's Python")
    env_parser.add_argument("--blender", choices=BLENDERS, help="that of this bpy; default: the engine's")
    env_parser.set_defaults(run=env)
    options, rest = parser.parse_known_args(arguments)
    if options.run is not test and rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.pytest_arguments = rest
    return options


def _stop(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)  # unwinds, so that children end and unfinished files go


# Commands


def build(_options: argparse.Namespace) -> int:
    """Build the zip and let Blender's own validator judge it."""
    print(build_zip(ROOT / "dist", _any_blender()))
    return 0


def repository(options: argparse.Namespace) -> int:
    """Write a repository from which Blender installs and updates the extension."""
    out = options.out.expanduser().resolve()
    if out.exists() and not out.is_dir():
        raise BuildError(f"{out} is not a folder: choose another one with --out")
    print(build_repository(out, _any_blender()))
    return 0


def _any_blender() -> Path:
    """Return a Python with ``bpy`` to judge extensions with; any will do, and one that is there is the cheapest."""
    known = [(blender, find_python(blender.python)) for blender in BLENDERS.values()]
    usable = [(blender, python) for blender, python in known if python]
    if not usable:
        raise BuildError("no Python 3.11 or 3.13 with venv was found to check the zip with: install Python 3.11")
    usable.sort(key=lambda pair: not _is_ready(_environment_folder(f"bpy-{pair[0].version}", pair[0].pins, pair[1])))
    return make_blender(usable[0][0])


def env(options: argparse.Namespace) -> int:
    """Print the path of an environment's Python, after making the environment if need be."""
    print(make_blender(BLENDERS[options.blender]) if options.blender else make_engine())
    return 0


def demo(options: argparse.Namespace) -> int:
    """Do the main job on a speech file and say what was made."""
    audio, out = options.audio.expanduser().resolve(), options.out.expanduser().resolve()
    _check_demo_input(audio, options.style, out)
    started = time.monotonic()
    blender = _demo_blender(options.blender)
    engine, bpy = make_engine(), make_blender(blender)
    made = time.monotonic()
    archive = build_zip(ROOT / "dist", bpy)
    stages = [("environments", made - started), ("extension zip", time.monotonic() - made)]
    job = ["--zip", archive, "--engine", engine, "--audio", audio, "--style", options.style]
    report = _demo_in_blender([str(bpy), str(ROOT / "docs/demo.py"), *map(str, job)], out)
    stages += [*map(tuple, report["stages"]), ("total", time.monotonic() - started)]
    print(f"\nMade in {out} with Blender {blender.version}:")
    print(*(f"  {name:<20} {what}" for name, what in report["files"]), sep="\n")
    print("\nStage                   seconds")
    print(*(f"  {name:<25}{seconds:5.1f}" for name, seconds in stages), sep="\n")
    return 0


def _demo_in_blender(command: list[str], out: Path) -> dict[str, Any]:
    """Run the demo's script, and put what it made into ``out`` only when all of it is there."""
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out) as folder:
            staging, log = Path(folder), Path(folder, "blender.log")
            places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)  # so that logs and the like go with the folder
            variables = _child_environment(BLENDER_USER_RESOURCES=str(staging / "user"), **places)
            with log.open("wb") as stream:  # Blender talks a lot on standard output
                status = run([*command, "--out", folder], stdout=stream.fileno(), env=variables)
            if status not in (0, 1):  # with 1 it has said why
                say("\n".join(log.read_text("utf-8", "replace").splitlines()[-15:]))
                raise BuildError(f"Blender ended with status {status}: its last lines are above")
            if status:
                raise SystemExit(1)
            report: dict[str, Any] = json.loads((staging / "report.json").read_text("utf-8"))
            for name, _what in report["files"]:
                (staging / name).replace(out / name)
    finally:
        if is_new and not any(out.iterdir()):
            out.rmdir()
    return report


def _check_demo_input(audio: Path, style: str, out: Path) -> None:
    """Refuse what cannot work before anything is installed for it."""
    if not audio.is_file():
        raise BuildError(f"there is no sound file {audio}: check the path given with --audio")
    if not audio.stat().st_size:
        raise BuildError(f"{audio} is empty: give a sound file with speech in it")
    styles = sorted(path.stem for path in (ROOT / "assets/voice/styles").glob("*.npy"))
    if style not in styles:
        raise BuildError(f"there is no style {style!r}: choose one of {', '.join(styles)}")
    if out.exists() and not out.is_dir():
        raise BuildError(f"{out} is not a folder: choose another one with --out")


def _demo_blender(version: str) -> Blender:
    wanted = BLENDERS[version]
    if find_python(wanted.python) or IN_CI:
        return wanted
    fallback = next((each for each in BLENDERS.values() if find_python(each.python)), wanted)
    if fallback is not wanted:
        say(f"Blender {version} needs Python {wanted.python}, which is not here: using Blender {fallback.version}")
    return fallback


def test(options: argparse.Namespace) -> int:
    """Run linters and types, the engine's tests, then the tests inside each Blender."""
    engine = make_engine()
    _offer_package("flite", "flite", "the tests of training with its voices are skipped")
    _offer_package("festival", "festvox-kdlpc16k", "the tests of training with its voices are skipped")
    _offer_package("chromedriver", "chromium-driver", "the web page's tests in a browser are skipped")
    rows = [_check(name, command) for name, command in _checks(engine)]
    for name, chosen in (("engine", "not blender and not windows"), ("windows", "windows")):
        arguments = ["-m", chosen, *_without(options.pytest_arguments, "tests/blender_addon")]
        rows.append(_pytest(name, engine, arguments, {}))
    left_out = []
    for blender in sorted(BLENDERS.values(), key=lambda each: each.version):
        if not find_python(blender.python) and not IN_CI:
            left_out.append(f"Blender {blender.version} was left out: it needs Python {blender.python}")
            continue
        arguments = ["-m", "blender", *_without(options.pytest_arguments, "tests/artalk_engine")]
        try:
            python = make_blender(blender)
        except BuildError as exc:
            say(f"error: {exc}")
            rows.append(Row(f"Blender {blender.version}", 0, 1, 0, 0.0))
            continue
        rows.append(_pytest(f"Blender {blender.version}", python, arguments, {"ARTALK_ENGINE_PYTHON": str(engine)}))
    print(f"\n{'':<16}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for row in rows:
        print(f"{row.name:<16}{row.passed:>8}{row.failed:>8}{row.skipped:>8}{row.seconds:>9.1f}")
    for sentence in left_out:
        print(sentence)
    failed = sum(row.failed for row in rows)
    print(f"{sum(row.passed for row in rows)} passed, {failed} failed, {sum(row.skipped for row in rows)} skipped")
    return 1 if failed else 0


@dataclass(frozen=True)
class Row:
    """One line of the closing table of ``test``."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float


def _without(arguments: Sequence[str], folder: str) -> list[str]:
    """Replace paths of a folder that an environment cannot load by one without tests."""
    return ["tests/conftest.py" if each.startswith(folder) else each for each in arguments]


def _checks(engine: Path) -> Iterator[tuple[str, list[str]]]:
    yield "ruff check", [str(engine), "-m", "ruff", "check", "."]
    yield "ruff format", [str(engine), "-m", "ruff", "format", "--check", "."]
    yield "mypy", [str(engine), "-m", "mypy"]
    yield "lint-imports", [str(shutil.which("lint-imports", path=str(engine.parent)))]


def _check(name: str, command: list[str]) -> Row:
    say(name)
    started = time.monotonic()
    failed = int(run(command, stdout=sys.stderr.fileno(), env=_child_environment()) != 0)
    return Row(name, 1 - failed, failed, 0, time.monotonic() - started)


def _pytest(name: str, python: Path, arguments: list[str], variables: Mapping[str, str]) -> Row:
    """Run pytest and count; a run that dies without a report counts as one failure."""
    say(f"{name}: pytest {' '.join(arguments)}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(python), "-m", "pytest", f"--junitxml={report}", *arguments]
        status = run(command, stdout=sys.stderr.fileno(), env=_child_environment(**variables))
        suite = re.search(r"<testsuite [^>]*>", report.read_text("utf-8")) if report.exists() else None
    counts = {key: int(number) for key, number in re.findall(r'(\w+)="(\d+)"', suite.group() if suite else "")}
    bad, skipped = counts.get("failures", 0) + counts.get("errors", 0), counts.get("skipped", 0)
    passed = max(0, counts.get("tests", 0) - bad - skipped)
    if not suite or status not in (0, 5):  # 5: ARGS chose no test, as may well be for one of the environments
        bad = max(bad, 1)
    return Row(name, passed, bad, skipped, time.monotonic() - started)


# Environments


def make_engine() -> Path:
    """Return the Python of the engine's environment; make that first if it is not there."""
    versions = sorted(ENGINE_PYTHONS, key=lambda version: version != _RUNNING)
    python = next(filter(None, map(find_python, versions)), None)
    if python is None:
        raise BuildError("no Python 3.11 with its venv module was found: install Python 3.11 (Debian: python3.11-venv)")
    return make_environment("engine", {**ENGINE, **EXTRAS, **TOOLS}, python)


def make_blender(blender: Blender) -> Path:
    """Return the Python of the environment with this ``bpy``, ready to import it."""
    python = find_python(blender.python)
    if python is None:
        raise BuildError(
            f"Blender {blender.version} needs Python {blender.python} with the venv module, which was not found on "
            f"PATH, in pyenv or by the py launcher: install Python {blender.python}"
        )
    made = make_environment(f"bpy-{blender.version}", blender.pins, python)
    _install_libraries(made)
    return made


def make_environment(name: str, pins: Mapping[str, str], python: Path) -> Path:
    """Make a virtual environment, or reuse the one that holds exactly this.

    A marker is written last and a lock is held meanwhile, so an interrupted attempt is thrown away by the next call
    and of two simultaneous calls the second waits for the first.

    Args:
        name: beginning of the folder's name in ``.venv/``.
        pins: requirements in the order of their installation.
        python: the interpreter that the environment is for.

    Returns:
        Path of the environment's own Python.
    """
    folder = _environment_folder(name, pins, python)
    if _is_ready(folder):
        return _interpreter(folder)
    ENVIRONMENTS.mkdir(exist_ok=True)
    with _lock(ENVIRONMENTS / f"{folder.name}.lock"):
        if not _is_ready(folder):
            started = time.monotonic()
            say(f"{name}: making the environment in {folder.relative_to(ROOT)}")
            shutil.rmtree(folder, ignore_errors=True)
            if run([str(python), "-m", "venv", str(folder)], env=_child_environment()):
                raise BuildError(f"{python} could not make a virtual environment: see the lines above")
            first, *rest = pins
            for group in filter(None, ([first], rest)):
                _pip_install(name, _interpreter(folder), group, started)
            (folder / "ready").touch()
            say(f"{name}: ready after {time.monotonic() - started:.0f} s")
    return _interpreter(folder)


def _environment_folder(name: str, pins: Mapping[str, str], python: Path) -> Path:
    asked = subprocess.run([python, "-VV"], check=True, capture_output=True, text=True).stdout
    key = hashlib.sha256("\n".join([asked, *pins]).encode()).hexdigest()[:12]
    return ENVIRONMENTS / f"{name}-{key}"


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _is_ready(folder: Path) -> bool:
    return (folder / "ready").exists() and _interpreter(folder).exists()  # its Python may have been uninstalled


def _pip_install(name: str, python: Path, pins: Sequence[str], started: float) -> None:
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *pins]
    tail: list[str] = []
    with _process(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_child_environment()) as child:
        for line in child.stdout or ():
            tail = [*tail[-14:], line.decode(errors="replace").rstrip()]
            if tail[-1].lstrip().startswith(("Downloading", "Installing")):
                say(f"{name} {time.monotonic() - started:4.0f} s  {tail[-1].strip()[:90]}")
    if child.returncode:
        say("\n".join(tail))
        raise BuildError(f"pip could not install {', '.join(pins)}: its last lines are above; check the network")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a lock that the system itself releases when this process dies."""
    with path.open("a+b") as stream:
        if sys.platform == "win32":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):
                    msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                    break
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


# Pythons


@functools.cache
def find_python(version: str) -> Path | None:
    """Find an interpreter of this version (``"3.13"``) that can make virtual environments.

    Looks at the running one, then on PATH, in pyenv's folder and, on Windows, asks the ``py`` launcher. Each is run
    before it is believed: pyenv puts commands on PATH that only say that nothing is there.
    """
    probe = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
    for command in _python_commands(version):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            asked = subprocess.run([*command, "-c", probe], capture_output=True, text=True, check=True, timeout=30)
            found, executable = asked.stdout.splitlines()[:2]
            if found == version:
                return Path(executable)
    return None


def _python_commands(version: str) -> Iterator[list[str]]:
    if version == _RUNNING:
        yield [sys.executable]
    for folder in os.get_exec_path():
        found = (shutil.which(name, path=folder) for name in (f"python{version}", "python3", "python"))
        yield from ([command] for command in found if command)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / (".pyenv/pyenv-win" if os.name == "nt" else ".pyenv"))
    for installed in sorted((pyenv / "versions").glob(f"{version}*"), reverse=True):
        yield [str(installed / ("python.exe" if os.name == "nt" else "bin/python"))]
    launcher = shutil.which("py")
    if launcher:
        yield [launcher, f"-{version}"]


# System packages

_DEBIAN_PACKAGES = {
    "libX11": "libx11-6",
    "libXext": "libxext6",
    "libXfixes": "libxfixes3",
    "libXi": "libxi6",
    "libXrender": "libxrender1",
    "libXxf86vm": "libxxf86vm1",
    "libxkbcommon": "libxkbcommon0",
    "libSM": "libsm6",
    "libICE": "libice6",
    "libGL": "libgl1",
    "libgomp": "libgomp1",
    "libstdc++": "libstdc++6",
}


def _install_libraries(python: Path) -> None:
    """See to it that the libraries which ``bpy`` expects from the system are there."""
    missing = _missing_libraries(python)
    if not missing:
        return
    packages = sorted({_DEBIAN_PACKAGES.get(library.split(".")[0], library) for library in missing})
    if not _apt_install(packages) or _missing_libraries(python):
        raise BuildError(
            f"Blender needs {', '.join(missing)} from the system: as root, "
            f"apt-get install {' '.join(packages)} (these are Debian's names)"
        )


def _missing_libraries(python: Path) -> list[str]:
    modules = list(python.parent.parent.glob("lib/python*/site-packages/bpy/__init__*.so"))
    ldd = shutil.which("ldd")
    if not modules or not ldd:
        return []
    listed = subprocess.run([ldd, *modules], capture_output=True, text=True, check=False).stdout
    return sorted(set(re.findall(r"(\S+) => not found", listed)))


def _offer_package(command: str, package: str, otherwise: str) -> None:
    if shutil.which(command) or _apt_install([package]):
        return
    if IN_CI:
        raise BuildError(f"{command} is missing and could not be installed: install the package {package}")
    say(f"{command} is missing: {otherwise}; install the package {package} to have them")


def _apt_install(packages: Sequence[str]) -> bool:
    """Install Debian packages if that is possible here; say whether it was."""
    apt = shutil.which("apt-get")
    if not apt or not hasattr(os, "geteuid") or os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return False
    say(f"installing {', '.join(packages)}")
    variables = _child_environment(DEBIAN_FRONTEND="noninteractive")
    steps = ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "--no-install-recommends", *packages])
    return all(run(step, stdout=sys.stderr.fileno(), env=variables) == 0 for step in steps)


# The extension's zip


def build_zip(out: Path, blender_python: Path) -> Path:
    """Build the extension's zip, and keep it only if Blender's own validator accepts it.

    Args:
        out: folder for ``artalk-<version>.zip``.
        blender_python: Python of an environment with ``bpy``, which carries the validator.

    Returns:
        Path of the zip.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out) as folder:
        archive = Path(folder) / f"artalk-{_project()['version']}.zip"
        write_zip(archive)
        validate(archive, blender_python)
        return archive.replace(out / archive.name)


def write_zip(archive: Path) -> None:
    """Write the extension so that equal sources give equal bytes."""
    with zipfile.ZipFile(archive, "w") as target:
        for name, contents in sorted(_zip_files()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o100644 << 16, zipfile.ZIP_DEFLATED
            target.writestr(entry, contents, compresslevel=9)
    if archive.stat().st_size > SIZE_LIMIT:
        raise BuildError(f"the zip has {archive.stat().st_size:,} bytes, over its limit of {SIZE_LIMIT:,}")


def validate(archive: Path, blender_python: Path) -> None:
    """Let a ``bpy`` wheel's own validator judge an extension, its tags included."""
    tags = _scripts(blender_python) / "modules/_bpy_internal/extensions/tags.py"
    said = _extension_tool(blender_python, "validate", archive, "--valid-tags", tags)
    if said:
        raise BuildError(f"Blender's validator refuses the zip: {said}")


def build_repository(out: Path, blender_python: Path) -> Path:
    """Put the extension into a folder of static files that Blender can install and update from.

    Args:
        out: the folder, made if need be; another version in it goes to ``earlier/``, since Blender wants one of each.
        blender_python: Python of an environment with ``bpy``, which writes the index.

    Returns:
        Path of the index, whose address is what a user enters in Blender.

    Raises:
        BuildError: if another build of this version is there, since who has installed it would get no update.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive = build_zip(Path(folder), blender_python)
        target, page = out / archive.name, Path(folder) / "page.html"
        if target.exists() and target.read_bytes() != archive.read_bytes():
            raise BuildError(f"{target} holds another build of this version: raise the version in pyproject.toml")
        earlier = out / "earlier"
        earlier.mkdir(parents=True, exist_ok=True)
        for other in set(out.glob("artalk-*.zip")) - {target}:
            other.replace(earlier / other.name)
        shutil.copyfile(archive, target)
        page.write_text(_page((ROOT / "CHANGELOG.md").read_text("utf-8")), "utf-8")
        said = _extension_tool(blender_python, "server-generate", "--repo-dir", out, "--html", "--html-template", page)
        if said:
            raise BuildError(f"Blender could not write the repository's index: {said}")
    return out / "index.json"


def _page(changelog: str) -> str:
    """Return what a browser shows of the repository; Blender fills in the list of versions."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ARTalk for Blender</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 2rem auto }} pre {{ white-space: pre-wrap }}</style>
</head><body><h1>ARTalk for Blender</h1>
<p>In Blender: Edit, Preferences, Get Extensions, Repositories, Add Remote Repository, and the address of index.json
here.</p>
${{body}}
<p>Written ${{date}}</p>
<pre>{html.escape(changelog)}</pre>
</body></html>
"""


def _scripts(blender_python: Path) -> Path:
    return next(blender_python.parent.parent.rglob("site-packages/bpy/[0-9]*/scripts"))


def _extension_tool(blender_python: Path, *arguments: object) -> str:
    """Run the tool that Blender's own ``--command extension`` is made of; return its complaint, ``""`` for none."""
    tool = _scripts(blender_python) / "addons_core/bl_pkg/cli/blender_ext.py"
    answer = subprocess.run([blender_python, tool, *map(str, arguments)], capture_output=True, text=True, check=False)
    return (answer.stdout + answer.stderr).strip() or "no reason given" if answer.returncode else ""


def _zip_files() -> Iterator[tuple[str, bytes]]:
    """Yield the name in the zip and the contents of every file."""
    yield "blender_manifest.toml", _manifest().encode()
    yield "engine/requirements.txt", "".join(f"{pin}  # {why}\n" for pin, why in ENGINE.items()).encode()
    for path in _sources("blender_addon"):
        inside = path.relative_to(ROOT / "blender_addon")
        contents = path.read_bytes()
        yield inside.as_posix(), bridge_made_relative(contents, inside) if path.suffix == ".py" else contents
    for path in _sources("bridge"):
        yield path.relative_to(ROOT).as_posix(), path.read_bytes()
    for package in ("artalk_engine", "bridge", "assets"):
        for path in _sources(package):
            yield f"engine/{path.relative_to(ROOT).as_posix()}", path.read_bytes()
    for name in ("bridge/LICENSE", "engine/LICENSE"):
        yield name, (ROOT / "LICENSE").read_bytes()


def _sources(package: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden and path.suffix not in (".pyc", ".part"):
            yield path


def _manifest() -> str:
    return f"""schema_version = "1.0.0"
id = "artalk"
version = "{_project()["version"]}"
name = "ARTalk"
tagline = "Speech to keyframes on a FLAME head"
maintainer = "The ARTalk for Blender authors"
type = "add-on"
tags = ["Animation", "Rigging"]
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later", "SPDX:MIT"]
copyright = ["2026 The ARTalk for Blender authors"]

[permissions]
network = "Fetch the engine's packages and released models when asked to"
files = "Read speech files and write the engine's log and motion"
"""


def _project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def bridge_made_relative(source: bytes, name: Path) -> bytes:
    """Turn ``from bridge…`` into an import of the copy inside the extension.

    Args:
        source: a module of ``blender_addon``.
        name: its path inside that package, which says how many dots lead to the top.

    Raises:
        BuildError: for ``import bridge`` and for imports of packages that Blender does not have.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source, str(name))):
        if isinstance(node, ast.Import):
            packages = {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            packages = {str(node.module).split(".")[0]}
        else:
            continue
        line, column = lines[node.lineno - 1], node.col_offset
        written = re.compile(rb"from\s+bridge\b").match(line, column)
        if written:
            dots = b"." * len(name.parts)
            lines[node.lineno - 1] = line[:column] + b"from " + dots + b"bridge" + line[written.end() :]
        elif packages & {"bridge", "blender_addon", "artalk_engine"}:
            raise BuildError(f"{name}:{node.lineno} must say 'from bridge import …' or import relatively")
    return b"".join(lines)


# Processes and messages


def run(command: Sequence[str], stdout: int | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run a program to its end, which comes no later than ours; return its exit status."""
    with _process(command, stdout=stdout, env=env) as child:
        return child.wait()


@contextlib.contextmanager
def _process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that does not outlive the block, nor do its own children, however the block is left."""
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **options) as child:
        try:
            yield child
            child.wait()
        finally:
            if child.poll() is None:
                _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        child.kill()
        return
    os.killpg(child.pid, signal.SIGTERM)  # the group of its own that it was started with
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _child_environment(**variables: str) -> dict[str, str]:
    hidden = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    return {**{key: value for key, value in os.environ.items() if key not in hidden}, **variables}


def say(text: str) -> None:
    """Report progress; standard output is kept for results."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
