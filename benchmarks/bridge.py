"""How long the bridge takes: start, a round trip, a window of motion, many windows through a timer.

    python benchmarks/bridge.py

An engine that computes nothing answers, so that the pipe and both ends of it are all that counts.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bridge.client import EngineClient
from bridge.messages import Describe, Done, Generate, Ready, Request

TICK_S = 0.02  # how often Blender's timer polls
WINDOWS = 900  # an hour of speech


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", str(ROOT / "tests/bridge/small_engine.py"), str(ROOT)]
        client = EngineClient(command, Path(folder) / "engine.log")
        start = time.perf_counter()
        client.start()
        next(reply for reply in client.stream(1) if isinstance(reply, Ready))
        _print("process start until Ready", time.perf_counter() - start)
        _print("round trip without content", _median(lambda: _ask(client, Describe()), 2000))
        _print("round trip with a window of motion", _median(lambda: _ask(client, _windows(1)), 500))
        _print("100 polls of an idle engine", _median(lambda: [client.poll() for _ in range(100)], 50))
        _print_hour(client)
        start = time.perf_counter()
        client.close()
        _print("close", time.perf_counter() - start)


def _print_hour(client: EngineClient) -> None:
    job, longest, start, is_done = client.send(_windows(WINDOWS)), 0.0, time.perf_counter(), False
    while not is_done:
        before = time.perf_counter()
        is_done = any(number == job and isinstance(reply, Done) for number, reply in client.poll())
        longest = max(longest, time.perf_counter() - before)
        time.sleep(TICK_S)
    _print(
        f"{WINDOWS} windows (an hour of speech) through a timer of {TICK_S * 1000:.0f} ms", time.perf_counter() - start
    )
    _print("longest of its polls", longest)


def _windows(count: int) -> Request:
    return Generate("/speech.wav", style="windows", seed=count)


def _ask(client: EngineClient, request: Request) -> None:
    for _ in client.stream(client.send(request)):
        pass


def _median(action: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return median(taken)


def _print(what: str, seconds: float) -> None:
    print(f"{what:<75}{seconds * 1000:10.3f} ms")


if __name__ == "__main__":
    main()
