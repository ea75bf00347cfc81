"""How long an animator waits: from starting the engine's process to the first keys and to the last.

    python benchmarks/engine.py [SOUND]

The real engine process answers through the real bridge; the sound is the shipped sentence unless another is given.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bridge.client import EngineClient, engine_command
from bridge.messages import Describe, Failed, Generate, MotionWindow
from bridge.motion import FPS

STARTS, TAKES = 3, 5


def main() -> None:
    """Measure and print medians."""
    sound = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "assets/demo/speech.wav").resolve()
    starts: list[float] = []
    takes: list[tuple[float, float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STARTS):
            began = time.perf_counter()
            with EngineClient(engine_command(sys.executable, ROOT), Path(folder) / "engine.log") as client:
                list(client.stream(client.send(Describe())))
                starts.append(time.perf_counter() - began)
                takes += [_take(client, sound) for _ in range(TAKES)]
    seconds = takes[0][2] / FPS
    whole = median(take[1] for take in takes)
    print(f"engine cold start, process to model loaded  {median(starts):8.2f} s")
    print(f"warm: Generate to first motion              {median(take[0] for take in takes):8.2f} s")
    print(f"warm: Generate to all {seconds:5.1f} s of motion     {whole:8.2f} s")
    print(f"real-time factor                            {whole / seconds:8.3f}")


def _take(client: EngineClient, sound: Path) -> tuple[float, float, int]:
    """Seconds to the first window and to the end, and the number of frames."""
    began, first, frames = time.perf_counter(), 0.0, 0
    for reply in client.stream(client.send(Generate(str(sound), style="neutral"))):
        if isinstance(reply, Failed):
            sys.exit(f"{reply.text} {reply.remedy}")
        if isinstance(reply, MotionWindow):
            first = first or time.perf_counter() - began
            frames += len(reply.motion)
    return first, time.perf_counter() - began, frames


if __name__ == "__main__":
    main()
