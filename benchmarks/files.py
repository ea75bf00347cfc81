"""What files cost: reading an hour of speech, and loading weights of the released size.

    python benchmarks/files.py [MODEL_FOLDER]

Without a folder, seeded weights of the released size are written to a temporary one (2 GB). Times are of one core.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MINUTES, RATE_HZ, STARTS = 10, 44_100, 3
KINDS = ("wav", "flac", "ogg", "mp3")
MEASURED = """
import json, resource, sys, time
import torch
torch.set_num_threads(1)
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
{setup}
before, began = peak_mb(), time.process_time()
{work}
print(json.dumps([time.process_time() - began, peak_mb() - before, peak_mb()]))
"""
READ = (
    "from artalk_engine.audio.waveform import read_speech; list(read_speech(sys.argv[1], 0, 5))",
    "for block in read_speech(sys.argv[1]): pass",
)
LOAD = (
    "from artalk_engine import ARTAvatarInferEngine",
    "ARTAvatarInferEngine(checkpoint=sys.argv[1], device='cpu', threads=1)",
)


def main() -> None:
    """Measure and print medians."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            seconds, more_mb, _ = _measured(READ, _write_speech(Path(folder) / f"speech.{kind}"))
            print(
                f"an hour of stereo {kind:<5} {seconds * 60 / MINUTES:6.1f} s, {more_mb:5.1f} MB more than five seconds"
            )
        model = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else _write_released(Path(folder))
        seconds, _, peak_mb = _measured(LOAD, model)
        print(f"engine made of {model.name}: {seconds:.1f} s, peak {peak_mb / 1000:.2f} GB")


def _measured(steps: tuple[str, str], path: Path) -> tuple[float, float, float]:
    """Seconds of processor time, megabytes more than before, and megabytes in all, of a process of its own."""
    command = [sys.executable, "-c", MEASURED.format(setup=steps[0], work=steps[1]), str(path)]
    told = [json.loads(subprocess.run(command, check=True, stdout=-1, cwd=ROOT).stdout) for _ in range(STARTS)]
    first, second, third = (median(column) for column in zip(*told, strict=True))
    return first, second, third


def _write_speech(path: Path) -> Path:
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE_HZ, 2) as file:
        for _ in range(MINUTES * 60):
            loudness = np.sin(np.linspace(0, 4 * np.pi, RATE_HZ))[:, None] ** 2
            file.write(0.1 * loudness * rng.standard_normal((RATE_HZ, 2)))
    return path


def _write_released(folder: Path) -> Path:
    import torch

    from tests.golden.seeded_weights import MANIFEST, build_torch_state

    config = {section: dict(values) for section, values in MANIFEST["released"]["artalk"].items()}
    del config["AR_CONFIG"]["AUDIO_ENCODER"]  # as in the released file
    model = folder / "released size"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(config))
    torch.save(build_torch_state("released", "benchmark"), model / "ARTalk_wav2vec.pt")
    return model


if __name__ == "__main__":
    main()
