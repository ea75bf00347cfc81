"""From sound to motion: our engine against the published way of computing, side by side in one run.

    python benchmarks/motion.py                        the built-in voice
    python benchmarks/motion.py --size released        the released model's size, seeded weights; 6 GB of memory
    python benchmarks/motion.py --model DIR            your own weights
    python benchmarks/motion.py --only stages --json --busy

Parts, any of which ``--only`` chooses:

    stages   a window of four seconds, stage by stage: plain (nothing kept, everything anew), exact and fast
    batch    eight clips at once against the same eight one after the other
    start    a fresh process: time until a model is ready, and its memory
    memory   memory for a minute, ten minutes and an hour of sound; one minute only at released size

All contenders take turns within a round and the figures are medians over rounds. On a machine that has other things to
do, ``--busy`` counts the processor's time for this program instead of the clock's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import wave
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from artalk_engine.assets import voice_folder
from artalk_engine.audio.waveform import load_waveform
from artalk_engine.checkpoints import load_config, load_generator
from artalk_engine.engine import ARTAvatarInferEngine
from artalk_engine.model_folder import find_model
from artalk_engine.motion.generator import BitwiseARModel
from artalk_engine.motion.sampling import LIKELIEST
from artalk_engine.motion.smoothing import smooth
from artalk_engine.precision import use_precision
from tests.artalk_engine.plain_path import plain_bits, plain_decode, plain_encode

PARTS = ("stages", "batch", "start", "memory")
STAGES = ("audio encoder", "generator", "codec", "smoothing", "whole")
WINDOW_S, RATE_HZ, CLIPS = 4.0, 16_000, 8
SPEECH = ROOT / "assets/demo/speech.wav"

Results = dict[str, Any]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Contender:
    """One way of making a window of motion, cut into stages."""

    hear: Callable[[Tensor], Tensor]
    encode: Callable[[Tensor], Tensor]
    generate: Callable[[Tensor, Tensor], Tensor]  # audio features and context bits to bits
    decode: Callable[[Tensor, Tensor], Tensor]


def main() -> None:
    """Measure and print."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.busy else time.perf_counter
    with _model_folder(options) as folder:
        results: Results = {"model": options.model or options.size, "threads": options.threads, "is_busy": options.busy}
        measures: dict[str, Callable[[], Results]] = {
            "stages": lambda: measure_stages(folder, options.rounds, clock),
            "batch": lambda: measure_batch(folder, options.threads, options.rounds, clock),
            "start": lambda: _in_process("start", folder, options.threads),
            "memory": lambda: measure_memory(folder, options.threads, _minutes(options)),
        }
        for part in options.only or PARTS:
            results[part] = measures[part]()
            if not options.json:
                print(SHOWN[part](results[part]), flush=True)
    if options.json:
        print(json.dumps(results))


def measure_stages(folder: Path, rounds: int, clock: Clock) -> Results:
    """Time one window, the second of a clip, stage by stage in milliseconds."""
    models = {name: _load(folder) for name in ("plain", "exact", "fast")}
    use_precision(models["exact"], "exact", models["exact"].device)
    dtype = use_precision(models["fast"], "fast", models["fast"].device)
    contenders = {name: _ours(model) for name, model in models.items()} | {"plain": _plain(models["plain"])}
    times: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in contenders}
    made: dict[str, Tensor] = {}
    with torch.inference_mode():
        piece, before = _window(models["plain"])
        for number in range(rounds + 1):
            for name, contender in contenders.items():
                taken, made[name] = _run(contender, piece, before, clock)
                for stage, seconds in taken.items() if number else ():  # the first round warms up
                    times[name][stage].append(seconds * 1000)
    if not torch.equal(made["exact"], made["plain"]):
        sys.exit("exact does not give the plain path's bits, so its time means nothing")
    return {
        "ms": {name: {stage: median(values) for stage, values in of.items()} for name, of in times.items()},
        "fast_type": str(dtype).removeprefix("torch."),
        "fast_bits_that_differ": float((made["fast"] != made["plain"]).float().mean()),
    }


def measure_batch(folder: Path, threads: int, rounds: int, clock: Clock) -> Results:
    """Time eight clips of a window and a half, at once and in turn, in seconds."""
    engine = ARTAvatarInferEngine(checkpoint=folder, threads=threads)
    speech = _speech(1.5 * WINDOW_S)
    clips = [np.roll(speech, 5_000 * number) for number in range(CLIPS)]
    together, alone = [], []
    for number in range(max(2, rounds // 2) + 1):
        start = clock()
        engine.inference_batch(clips)
        middle = clock()
        for clip in clips:
            engine.inference(clip)
        if number:
            together.append(middle - start)
            alone.append(clock() - middle)
    return {"clips": CLIPS, "together_s": median(together), "one_by_one_s": median(alone)}


def measure_memory(folder: Path, threads: int, minutes: tuple[int, ...]) -> Results:
    """Stream files of different length, each in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        for length in minutes:
            path = Path(temporary) / f"{length}.wav"
            _write_sound(path, length)
            found[str(length)] = _in_process("stream", folder, threads, str(path))
            path.unlink()
    return found


def _run(contender: Contender, piece: Tensor, before: Tensor, clock: Clock) -> tuple[dict[str, float], Tensor]:
    """Make one window after the motion ``before``; return seconds by stage, and its bits."""
    times = [clock()]
    features = contender.hear(piece)
    times.append(clock())
    context = contender.encode(before)
    times.append(clock())
    bits = contender.generate(features, context)
    times.append(clock())
    motion = contender.decode(context, bits)
    times.append(clock())
    smooth(motion[0].numpy())
    times.append(clock())
    hearing, encoding, generating, decoding, smoothing = np.diff(times).tolist()
    whole = times[-1] - times[0]
    return dict(zip(STAGES, (hearing, generating, encoding + decoding, smoothing, whole), strict=True)), bits


def _ours(model: BitwiseARModel) -> Contender:
    codec, windows = model.basic_vae, model.config.context_windows
    style = model.style_token(None)

    def generate(features: Tensor, context_bits: Tensor) -> Tensor:
        tokens = model._embed(style, codec.vqidx_to_ms_vqfeat(context_bits)).repeat(1, windows, 1)
        return model._generate_bits(model.audio_tokens(features), style, tokens, LIKELIEST, None)

    return Contender(model.hear, lambda motion: codec.quant_to_vqidx(motion)[0], generate, codec.decode_this)


def _plain(model: BitwiseARModel) -> Contender:
    codec, windows = model.basic_vae, model.config.context_windows
    style = model.style_token(None)

    def generate(features: Tensor, context_bits: Tensor) -> Tensor:
        tokens = model._embed(style, codec.vqidx_to_ms_vqfeat(context_bits)).repeat(1, windows, 1)
        return plain_bits(model, model.audio_tokens(features), style, tokens)[0]

    return Contender(
        model.audio_encoder,
        lambda motion: plain_encode(codec, motion),
        generate,
        lambda previous, this: plain_decode(codec, previous, this)[:, codec.config.window :],
    )


def _window(model: BitwiseARModel) -> tuple[Tensor, Tensor]:
    """Return a window of speech ``[1, S]`` and the motion ``[1, T, M]`` before it."""
    pieces = list(model.split(torch.from_numpy(_speech(2 * WINDOW_S))[None]))
    return pieces[1], next(model.windows(pieces[0], None)).motion


def _speech(seconds: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Repeat the shipped sentence, ``[S]``."""
    return np.resize(load_waveform(SPEECH), round(seconds * RATE_HZ))


def _load(folder: Path) -> BitwiseARModel:
    found = find_model(folder)
    return load_generator(found.weights, load_config(found.config))


def _write_sound(path: Path, minutes: int) -> None:
    """Write the shipped sentence over and over, a minute at a time."""
    minute = (_speech(60.0) * 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        for _ in range(minutes):
            file.writeframes(minute)


CHILD = """
import json, sys, time
start = time.perf_counter()
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import numpy as np
from artalk_engine.engine import ARTAvatarInferEngine
engine = ARTAvatarInferEngine(checkpoint=sys.argv[2], threads=int(sys.argv[3]))
found = {"ready_s": time.perf_counter() - start}
sound = Path(sys.argv[5]) if sys.argv[4] == "stream" else np.zeros(64_000, np.float32)
found["frames"] = sum(len(piece) for piece in engine.stream(sound))
found["made_s"] = time.perf_counter() - start - found["ready_s"]
status = Path("/proc/self/status")
if status.exists():  # getrusage would give the peak of the process that started this one
    found["peak_mb"] = int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found["peak_mb"] = peak / 1024 ** (2 if sys.platform == "darwin" else 1)
print(json.dumps(found))
"""


def _in_process(task: str, folder: Path, threads: int, *more: str) -> Results:
    """Run a fresh process that starts an engine and makes motion."""
    command = [sys.executable, "-c", CHILD, str(ROOT), str(folder), str(threads), task, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: Results = json.loads(done.stdout)
    return found


@contextmanager
def _model_folder(options: argparse.Namespace) -> Iterator[Path]:
    """Give the folder of the model to measure; seeded weights are written for the occasion."""
    if options.model or options.size == "builtin":
        yield Path(options.model) if options.model else voice_folder()
        return
    from tests.golden.golden import SALTS, build_torch_state, model_config

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        torch.save(build_torch_state(options.size, SALTS[options.size]), folder / "model.pt")
        (folder / "config.json").write_text(json.dumps(model_config(options.size)), encoding="utf-8")
        yield folder


def _minutes(options: argparse.Namespace) -> tuple[int, ...]:
    return (1,) if options.model or options.size == "released" else (1, 10, 60)


def _show_stages(found: Results) -> str:
    plain, exact, fast = (found["ms"][name] for name in ("plain", "exact", "fast"))
    lines = [f"{'a window of 4 s, ms':<20}{'plain':>9}{'exact':>9}{'ratio':>8}{'fast':>9}{'ratio':>8}"]
    lines += [
        f"{stage:<20}{plain[stage]:9.1f}{exact[stage]:9.1f}{plain[stage] / exact[stage]:8.2f}"
        f"{fast[stage]:9.1f}{plain[stage] / fast[stage]:8.2f}"
        for stage in STAGES
    ]
    factors = [of["whole"] / 1000 / WINDOW_S for of in (plain, exact, fast)]
    lines.append(f"{'real-time factor':<20}{factors[0]:9.3f}{factors[1]:9.3f}{'':8}{factors[2]:9.3f}")
    share = found["fast_bits_that_differ"]
    return "\n".join([*lines, f"fast computes in {found['fast_type']}; bits that differ: {share:.2%}", ""])


def _show_batch(found: Results) -> str:
    together, alone = found["together_s"], found["one_by_one_s"]
    return (
        f"{found['clips']} clips of 6 s: at once {together:.2f} s, one by one {alone:.2f} s, {alone / together:.2f}x\n"
    )


def _show_start(found: Results) -> str:
    return f"fresh process: ready after {found['ready_s']:.2f} s, at most {found['peak_mb']:.0f} MB for a window\n"


def _show_memory(found: Results) -> str:
    lines = [
        f"{minutes:>3} min of sound: {of['peak_mb']:6.0f} MB, {of['made_s']:6.1f} s" for minutes, of in found.items()
    ]
    return "\n".join([*lines, ""])


SHOWN = {"stages": _show_stages, "batch": _show_batch, "start": _show_start, "memory": _show_memory}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("builtin", "tiny", "released"), default="builtin")
    parser.add_argument("--model", default="", metavar="DIR", help="folder of a checkpoint, rather than seeded weights")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts to measure (default: all)")
    parser.add_argument("--busy", action="store_true", help="count the processor's time, not the clock's")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    main()
