# ruff: noqa: T201, S311 - a program that reports; its chances are to be the same again
"""Kill Blenders and their engines at random moments of their work, and see what is left.

    python tests/blender_addon/kills.py --blender PYTHON --kills 200 --seed 1 [--engine PYTHON]

Without `--engine` the engine is the tests' own, quick one; with it, it is the real one with the built-in voice. Every
kill is followed by a whole take, which must be what it always is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
NEWS = b"@@"
HANG_S = 120.0
ORPHAN_S = 60.0
KILL, TERM, STOP = "SIGKILL", "SIGTERM", "SIGSTOP"
WAYS = (  # who is killed, and how: "engine", "blender", or one after the other
    (("engine", KILL),),
    (("engine", TERM),),
    (("engine", KILL),),
    (("blender", KILL),),
    (("blender", TERM),),
    (("engine", STOP), ("blender", KILL)),
    (("blender", KILL), ("engine", KILL)),
)


@dataclass
class Tally:
    """What came of all kills."""

    kills: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    noticed_s: float = 0.0
    gone_s: float = 0.0
    next_s: float = 0.0

    def __str__(self) -> str:
        total = sum(self.kills.values())
        return "\n".join(
            [
                f"{total} kills: " + ", ".join(f"{way} {count}" for way, count in sorted(self.kills.items())),
                "takes after a killed engine: " + ", ".join(f"{what} {count}" for what, count in self.made.items()),
                f"longest: {self.noticed_s:.2f} s until a killed engine was noticed, {self.gone_s:.2f} s until the "
                f"engine of a killed Blender was gone, {self.next_s:.1f} s for the next whole take",
                f"{len(self.failures)} failures",
                *self.failures,
            ]
        )


class Blender:
    """A `victim.py`."""

    def __init__(self, python: str, folder: Path, root: str, engine_python: str) -> None:
        temporary = folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "TMPDIR": str(temporary),
            "BLENDER_USER_RESOURCES": str(folder / "user"),
            "ARTALK_ENGINE_PYTHON": engine_python,
        }
        self.process = subprocess.Popen(
            [python, HERE / "victim.py", folder / "work" / "scene.blend", folder / "sound" / "slow.wav", root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "blender.log").open("ab"),
            env=environment,
            bufsize=0,
        )
        self._buffer = b""
        self.engine = 0

    def tell(self, **command: object) -> None:
        self.process.stdin.write(json.dumps(command).encode() + b"\n")

    def hear(self, event: str) -> dict[str, object]:
        """Wait for news of a kind."""
        deadline = time.monotonic() + HANG_S
        while True:
            while b"\n" not in self._buffer:
                ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise AssertionError(f"Blender hangs: no {event} for {HANG_S} s")
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise AssertionError(f"Blender ended (exit code {self.process.wait()}) before {event}")
                self._buffer += data
            line, _, self._buffer = self._buffer.partition(b"\n")
            if not line.startswith(NEWS):
                continue
            news = json.loads(line[len(NEWS) :])
            if news["event"] == "failed":
                raise AssertionError(news["why"])
            if news["event"] == event:
                return news

    def close(self) -> None:
        """End it as a user does."""
        self.process.stdin.close()
        self.process.wait(HANG_S)


@dataclass
class Campaign:
    """Kills in a row, in one folder."""

    python: str
    folder: Path
    chance: random.Random
    engine_python: str = ""
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        (self.folder / "work").mkdir(parents=True)
        (self.folder / "sound").mkdir()
        long_s = 16.0 if self.engine_python else 3.2  # in several pieces either way
        make_sound(self.folder / "sound" / "slow.wav", long_s)
        self.root = "" if self.engine_python else str(stand_in_root(self.folder / "stand-in"))
        self.blender: Blender | None = None
        self.cold_s = self.warm_s = 0.0  # that a take takes, with the engine's start and without

    def run(self, kills: int) -> Tally:
        """Kill so often; a failure is counted, and a new Blender goes on."""
        for number in range(kills):
            try:
                self.once(WAYS[number % len(WAYS)])
            except (AssertionError, OSError) as exc:
                self.tally.failures.append(f"kill {number}: {exc}")
                self.end_blender()
        if self.blender is not None:
            self.blender.close()
            self.check_left("a Blender that was closed")
        return self.tally

    def once(self, way: tuple[tuple[str, str], ...]) -> None:
        """Let Blender work, kill, and see that the next take is made."""
        blender = self.working()
        job, is_cold = self.chance.choice(("generate", "generate", "speak")), self.chance.random() < 0.4
        takes_s = self.cold_s if is_cold else self.warm_s
        after_s, saves_at = self.chance.random() * 1.15 * takes_s, self.chance.random() * takes_s
        blender.tell(do="round", job=job, cold=is_cold, lasts_s=after_s + 0.1, saves_at=saves_at)
        engine = int(blender.hear("begun")["engine"])
        time.sleep(after_s)
        killed_at = time.monotonic()
        for who, how in way:
            with_signal(engine if who == "engine" else blender.process.pid, how)
            if how == STOP:
                wait_for_stop(engine)
        self.tally.kills[" + ".join(f"{who} {how}" for who, how in way)] += 1
        if way[0][0] == "engine" and len(way) == 1:
            self.after_engine(blender, killed_at)
        else:
            has_begun = not (is_cold and STOP in dict(way).values())  # else waking it may end it at once
            self.after_blender(blender, engine, killed_at, is_tidied=has_begun and ("engine", KILL) not in way)

    def after_engine(self, blender: Blender, killed_at: float) -> None:
        news = blender.hear("done")
        self.tally.noticed_s = max(self.tally.noticed_s, time.monotonic() - killed_at)
        self.tally.made[str(news["made"])] += 1
        self.make_whole(blender)

    def after_blender(self, blender: Blender, engine: int, killed_at: float, is_tidied: bool) -> None:
        blender.process.wait(HANG_S)
        self.blender = None
        while is_alive(engine):
            assert time.monotonic() - killed_at < ORPHAN_S, f"the engine {engine} is an orphan"
            time.sleep(0.005)
        self.tally.gone_s = max(self.tally.gone_s, time.monotonic() - killed_at)
        if is_tidied:
            self.check_left("a Blender that was killed")
        else:  # nobody was left to tidy up: what was half written keeps a name of its own
            for path in (self.folder / "work").glob("*.part"):
                path.unlink()

    def working(self) -> Blender:
        """Return a Blender that has made a whole take."""
        if self.blender is not None:
            return self.blender
        self.blender = blender = Blender(self.python, self.folder, self.root, self.engine_python or self.python)
        blender.hear("ready")
        self.cold_s, self.warm_s = (self.make_whole(blender, "generate") for _ in range(2))
        self.make_whole(blender, "speak")
        assert len(self.left()) == 1, f"its predecessor's files are still there: {self.left()}"
        return blender

    def make_whole(self, blender: Blender, job: str = "generate") -> float:
        blender.tell(do="whole", job=job)
        took_s = float(blender.hear("done")["took_s"])
        self.tally.next_s = max(self.tally.next_s, took_s)
        return took_s

    def left(self) -> list[str]:
        """What lies among the temporary files, but for Blender's own folders."""
        return [path.name for path in (self.folder / "tmp").iterdir() if not path.name.startswith("blender_")]

    def check_left(self, by: str) -> None:
        assert not self.left(), f"left by {by}: {self.left()}"
        unfinished = [path.name for path in (self.folder / "work").iterdir() if path.name.endswith((".part", "@"))]
        assert not [name for name in unfinished if name.endswith(".part")], f"left by {by}: {unfinished}"

    def end_blender(self) -> None:
        if self.blender is not None:
            self.blender.process.kill()
            self.blender.process.wait()
            self.blender = None


def with_signal(process: int, name: str) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, getattr(signal, name))


def wait_for_stop(process: int) -> None:
    """Return when a process that was told to stop has stopped, or has ended before that."""
    deadline = time.monotonic() + HANG_S
    while state(process) not in {"T", "Z", ""}:
        assert time.monotonic() < deadline, f"the engine {process} does not stop"
        time.sleep(0.001)


def is_alive(process: int) -> bool:
    """Return whether a process does anything but wait to be forgotten by its parent."""
    return state(process) not in {"Z", ""}


def state(process: int) -> str:
    """Return what a process is doing, a letter as Linux has it; ``""`` if there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def make_sound(path: Path, seconds: float = 3.2) -> None:
    """Write a buzz that comes and goes as syllables do."""
    samples = range(round(16_000 * seconds))
    tones = (math.sin(k / 4000 * math.pi) ** 2 * sum(math.sin(k * n * 0.047) for n in (1, 2, 3)) for k in samples)
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", round(6000 * tone)) for tone in tones))


def stand_in_root(folder: Path) -> Path:
    """Lay out the tests' own engine as the add-on expects an engine."""
    shutil.copytree(ROOT / "bridge", folder / "bridge")
    (folder / "artalk_engine").mkdir()
    (folder / "artalk_engine" / "__init__.py").touch()
    shutil.copy(HERE / "stand_in" / "service.py", folder / "artalk_engine" / "service.py")
    return folder


def main() -> int:
    """Run a campaign as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blender", default=sys.executable, help="a Python with bpy")
    parser.add_argument("--engine", default="", help="Python of the real engine; the tests' own engine without it")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        campaign = Campaign(options.blender, Path(folder, "c"), random.Random(options.seed), options.engine)
        began = time.monotonic()
        tally = campaign.run(options.kills)
        if tally.failures:
            shutil.copy(Path(folder, "c", "blender.log"), "kills-blender.log")
    print(tally)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
