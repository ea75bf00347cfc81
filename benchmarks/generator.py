"""What it saves to compute each token once: our generator against computing every scale from the beginning.

    python benchmarks/generator.py                 the built-in voice's size
    python benchmarks/generator.py --released      the released model's size, random weights, 2 GB of memory

Both ways make the same bits of the same windows in the same run, in turns; the ratio is that of their medians.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from artalk_engine import BitwiseARModel

RELEASED = {
    "AR_CONFIG": {"T_DEPTH": 12, "T_NUM_HEADS": 12, "PREV_RATIO": 1, "AUDIO_ENCODER": "wav2vec"},
    "VAE_CONFIG": {
        "MOTION_DIM": 106,
        "V_CODE_DIM": 32,
        "T_DEPTH": 8,
        "T_NUM_HEADS": 8,
        "T_HIDDEN_DIM": 512,
        "V_PATCH_NUMS": [1, 5, 25, 50, 100],
    },
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--released", action="store_true", help="the released model's size")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config = RELEASED if options.released else json.loads((ROOT / "assets/voice/config.json").read_text("utf-8"))
    model = BitwiseARModel(config).eval()
    sound = torch.randn(1, model.config.codec.window_samples) * 0.1
    with torch.inference_mode():
        features = model.audio_encoder(sound)
        tokens, style = model.audio_tokens(features), model.style_token(None)
        context_bits, _ = model.basic_vae.quant_to_vqidx(model.start(None, 1).motion)
        context = model._shift_context(model.start(None, 1), context_bits)
        once = lambda: model._generate_bits(tokens, style, context)  # noqa: E731
        anew = lambda: _from_the_beginning(model, tokens, style, context)  # noqa: E731
        assert torch.equal(once(), anew())  # noqa: S101 - a benchmark of different things would be worth nothing
        ours, theirs, hearing = [], [], []
        for _ in range(options.rounds):
            ours.append(_time(once))
            theirs.append(_time(anew))
            hearing.append(_time(lambda: model.audio_encoder(sound)))
    print(f"audio encoder, one window            {median(hearing) * 1000:9.1f} ms")
    print(f"generator, each token once           {median(ours) * 1000:9.1f} ms")
    print(f"generator, every scale from the start{median(theirs) * 1000:9.1f} ms")
    print(f"ratio                                {median(theirs) / median(ours):9.2f}")


def _from_the_beginning(model: BitwiseARModel, audio: Tensor, style: Tensor, context: Tensor) -> Tensor:
    """Make a window's bits ``[B, L, C]`` as the reference does: all tokens so far, at every scale, all their logits."""
    quantizer, scales = model.basic_vae.quantize, model.config.codec.scales
    context = context + model._context_positions()
    bits = torch.zeros(1, 0, quantizer.codebook_dim, dtype=torch.long)
    for index in range(len(scales)):
        count = sum(scales[: index + 1])
        inputs = [style, model.vqfeat_embed(quantizer.bits_to_inputs(bits))] if index else [style]
        tokens = torch.cat(inputs, dim=1) + model._positions()[:, :count]
        mask = model.attn_bias_for_masking[:, :, :count, : context.shape[1] + count]
        for block in model.attn_blocks:
            tokens = block(tokens, context, audio[:, :count], mask)
        bits = model._logits(tokens, audio[:, :count]).argmax(dim=-1)
    return bits


def _time(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
