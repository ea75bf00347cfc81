"""How long a minute of upper body takes through the codec at its published size, and what pieces save.

    python benchmarks/body.py                  random weights of the published size, two threads
    python benchmarks/body.py --threads 1

Every figure is the median of several rounds. The whole way is what a user waits for: clip to channels, tokens, channels
and clip again. The published way of computing (all at once, codebooks projected in every layer, distances in full) does
the same in the same run, in turns, and must give the same codes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from artalk_engine.body import dataset
from artalk_engine.body.checkpoint import BodyCodec
from artalk_engine.body.codec import decode_clip, encode_clip
from artalk_engine.body.features import PARTS, to_channels
from artalk_engine.body.procedural import make_clip
from artalk_engine.body.rvq_vae import RVQVAE

FPS, MINUTE = 30, 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    clip = make_clip(0, seconds=MINUTE)
    part = PARTS["upper"]
    standard = dataset.measure([clip], part)
    model = _with_codebooks(RVQVAE())
    codec = BodyCodec(model, part, standard)
    motion = torch.from_numpy(standard.apply(to_channels(clip, part)).astype("float32"))[None]
    codes, _ = model.encode(motion)
    with torch.no_grad():
        assert torch.equal(_published(model, motion)[0], codes)  # noqa: S101 - else it would compare different things
    tokens = encode_clip(clip, codec)
    times = _in_turns(
        options.rounds,
        {
            "encode": lambda: model.encode(motion),
            "decode": lambda: model.decode(codes),
            "both": lambda: model.decode(model.encode(motion)[0]),
            "both, the published way": lambda: _published(model, motion),
            "clip to tokens": lambda: encode_clip(clip, codec),
            "tokens to clip": lambda: decode_clip(tokens, codec, clip),
        },
    )
    print(
        f"a minute of upper body, {sum(p.numel() for p in model.parameters()):,} parameters, {options.threads} threads"
    )
    for name, value in times.items():
        print(f"  {name:<26}{value * 1000:9.1f} ms")
    print(f"  {'published way / ours':<26}{times['both, the published way'] / times['both']:9.2f}")
    print(f"  {'times real time':<26}{MINUTE / times['both']:9.0f}")
    long = motion.repeat(1, 10, 1)
    encoders = {"in pieces": lambda: model.map2latent(long), "in one piece": lambda: _features(model, long)}
    print("ten minutes through the encoder")
    for name, value in _in_turns(5, encoders).items():
        print(f"  {name:<26}{value * 1000:9.1f} ms")


def _with_codebooks(model: RVQVAE) -> RVQVAE:
    """Fill the codebooks from noise, as training would from its first batch."""
    with torch.no_grad():
        model.train()(torch.randn(64, 64, 78))
    return model.eval().requires_grad_(False)


def _features(model: RVQVAE, motion: Tensor) -> Tensor:
    with torch.no_grad():
        return model.encoder(motion.transpose(1, 2))


def _published(model: RVQVAE, motion: Tensor) -> tuple[Tensor, Tensor]:
    """Encode, quantize with full distances layer by layer, and decode, all at once."""
    with torch.no_grad():
        features = model.encoder(motion.transpose(1, 2))
        rest = features.transpose(1, 2).reshape(-1, features.shape[1])
        total, codes = torch.zeros_like(rest), []
        for book in model.quantizer.layers:
            table = book.embedding_proj(book.codebook)
            distance = rest.square().sum(1, keepdim=True) - 2 * rest @ table.T + table.T.square().sum(0, keepdim=True)
            chosen = distance.argmin(1)
            vectors = F.embedding(chosen, table)
            rest, total = rest - vectors, total + vectors
            codes.append(chosen)
        made = model.decoder(total.view(1, -1, features.shape[1]).transpose(1, 2)).transpose(1, 2)
    return torch.stack(codes, -1)[None], made


def _in_turns(rounds: int, calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each call, all of them in every round."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: median(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
