"""Train a body codec: ``python -m artalk_engine.body.train --data FOLDER --body-part upper --out RUN``.

Without ``--data`` it learns made-up gestures, which shows that everything works and is what
the codec that comes with the product was made by. An interrupted training carries on.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artalk_engine.devices import choose_device
from bridge.clip import Clip

from . import dataset
from .checkpoint import FPS, BodyCodec, load_codec, save_codec
from .codec import decode_clip, encode_clip
from .config import ACTIVATIONS, BodyCheckpointError, BodyCodecConfig, BodyConfigError
from .console import add_common_options, run
from .features import PARTS, Standard, find_part
from .metrics import codebook_use, joint_error
from .quantizer import QuantizerTraining
from .rvq_vae import RVQVAE
from .training import RECONSTRUCTION_LOSSES, TrainingOptions, train

log = logging.getLogger(__name__)

JUDGED = 16  # clips to report on
PROCEDURAL_NOTE = "Learned from made-up gestures only; a demonstration, not a model of people."


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the options say; returns the exit status."""
    return run(_parser().parse_args(arguments), _train)


def _train(options: argparse.Namespace) -> dict[str, Any]:
    device, settings = choose_device(options.device), _settings(options)
    start = load_codec(options.resume_pth) if options.resume_pth else None
    learned, judged = dataset.split(_clips(options))
    torch.manual_seed(options.seed)
    codec = _carried_on(start, options) if start else _new(options, learned)
    codec.model.to(device)
    windows = dataset.cut(learned, codec.part, codec.standard, options.window_size).to(device)
    log.info("%d clips, %d windows, %d to judge by", len(learned), len(windows.starts), len(judged))
    path, figures = options.out / f"{options.name}.pth", {}

    def report(step: int) -> None:
        figures.update(judge(codec, judged[:JUDGED]))
        log.info("step %d, held-out clips: %s", step, figures)
        save_codec(path, codec)

    train(codec.model, windows, settings, options.out / "training.pt", report)
    if not figures:  # it was complete before
        report(settings.steps)
    if options.half:
        save_codec(path, codec, half=True)
    return {"checkpoint": str(path), "steps": settings.steps, "bytes": path.stat().st_size, **figures}


def judge(codec: BodyCodec, clips: Sequence[Clip]) -> dict[str, Any]:
    """Measure a codec on clips that it did not learn from.

    Returns:
        Mean joint error in degrees by number of layers, velocity error in degrees a second, how much rougher the
        movement became, and what of each codebook is in use.
    """
    codec.model.eval()
    codes = [encode_clip(clip, codec) for clip in clips]
    layers = codec.model.config.num_quantizers
    figures: dict[str, Any] = {}
    if codec.part.joints:
        for count in sorted({1, 2, 3, layers} & set(range(1, layers + 1))):
            errors = [
                joint_error(decode_clip(c, codec, clip, count), clip, codec.part.joints)
                for c, clip in zip(codes, clips, strict=True)
            ]
            figures[f"degrees_{count}_layers"] = round(float(np.mean([error.mean for error in errors])), 3)
        figures["velocity_deg_s"] = round(float(np.mean([error.velocity for error in errors])), 2)
        figures["jerk_ratio"] = round(float(np.mean([error.jerk for error in errors])), 2)
    use = codebook_use(np.concatenate(codes), codec.model.config.nb_code)
    figures["codes_used"] = [layer["used"] for layer in use]
    figures["perplexity"] = [round(layer["perplexity"], 1) for layer in use]
    return figures


def _clips(options: argparse.Namespace) -> list[Clip]:
    if options.data is not None:
        return dataset.load_folder(options.data, options.pattern, FPS)
    if find_part(options.body_part).has_expressions:
        raise BodyConfigError("made-up gestures have no face", "Name a folder of clips with --data.")
    return dataset.make_procedural(options.procedural, FPS)


def _new(options: argparse.Namespace, learned: Sequence[Clip]) -> BodyCodec:
    part = find_part(options.body_part)
    model = RVQVAE(_sizes(options, part.width), _learning(options))
    return BodyCodec(model, part, _standard(options, learned), FPS, options.name, _note(options))


def _carried_on(start: BodyCodec, options: argparse.Namespace) -> BodyCodec:
    """A codec to train with the weights of another, and its moving averages if it has them."""
    if start.part.name != options.body_part:
        raise BodyCheckpointError(f"{start.name} is a codec for {start.part.name}, not for {options.body_part}")
    model = RVQVAE(start.model.config, _learning(options))
    model.load_state_dict(start.model.state_dict())
    if start.model.quantizer.is_counted:
        model.quantizer.load_statistics(start.model.quantizer.statistics())
    return replace(start, model=model, name=options.name, note=_note(options))


def _note(options: argparse.Namespace) -> str:
    return options.note or (PROCEDURAL_NOTE if options.data is None else "")


def _standard(options: argparse.Namespace, clips: Sequence[Clip]) -> Standard:
    part = find_part(options.body_part)
    if options.mean is None and options.std is None:
        return dataset.measure(clips, part)
    if options.mean is None or options.std is None or (options.trans_mean is None) != (options.trans_std is None):
        raise BodyConfigError("a mean needs its std, and a std its mean")
    trans = (options.trans_mean, options.trans_std) if options.trans_mean else None
    return Standard.from_files(options.mean, options.std, part, trans)


def _settings(options: argparse.Namespace) -> TrainingOptions:
    values = {field.name: getattr(options, field.name) for field in fields(TrainingOptions)}
    return TrainingOptions(**values | {"lr_scheduler": tuple(options.lr_scheduler)})


def _sizes(options: argparse.Namespace, channels: int) -> BodyCodecConfig:
    return BodyCodecConfig(
        input_width=channels,
        nb_code=options.nb_code,
        code_dim=options.code_dim,
        width=options.width,
        down_t=options.down_t,
        depth=options.depth,
        dilation_growth_rate=options.dilation_growth_rate,
        num_quantizers=options.num_quantizers,
        activation=options.vq_act,
        norm=None if options.vq_norm == "none" else options.vq_norm,
        projected_codebook=options.projection,
    )


def _learning(options: argparse.Namespace) -> QuantizerTraining:
    return QuantizerTraining(
        decay=options.mu, dropout=options.quantize_dropout_prob, resets_dead_codes=options.quantizer == "ema_reset"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m artalk_engine.body.train", description=__doc__)
    _add_data_options(parser)
    _add_size_options(parser)
    _add_schedule_options(parser)
    add_common_options(parser)
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="clips as BEAT2 stores them (default: made up)")
    group.add_argument("--pattern", default="*.npz", help="which files of it, such as '2_*.npz' for one speaker")
    group.add_argument("--procedural", type=int, default=300, metavar="N", help="made-up clips, of ten seconds each")
    group.add_argument("--body-part", "--body_part", default="upper", choices=list(PARTS))
    group.add_argument("--window-size", type=int, default=dataset.WINDOW, metavar="FRAMES")
    group.add_argument("--mean", type=Path, help="published mean as .npy, with --std (default: measured)")
    group.add_argument("--std", type=Path)
    group.add_argument("--trans-mean", type=Path, help="the same of the translation, for parts that have it")
    group.add_argument("--trans-std", type=Path)
    group.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the codec goes")
    group.add_argument("--name", default="codec", help="of the codec's files (default: codec)")
    group.add_argument("--resume-pth", type=Path, metavar="CHECKPOINT", help="begin with the weights of another codec")
    group.add_argument("--half", action="store_true", help="write the finished codec in half precision")
    group.add_argument("--note", default="", help="what to say about this codec")


def _add_size_options(parser: argparse.ArgumentParser) -> None:
    default, group = BodyCodecConfig(), parser.add_argument_group("sizes")
    for name in ("nb_code", "code_dim", "width", "down_t", "depth", "dilation_growth_rate", "num_quantizers"):
        group.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(default, name), metavar="N")
    group.add_argument("--vq-act", default=default.activation, choices=ACTIVATIONS)
    group.add_argument("--vq-norm", default="none", choices=["none", "LN", "GN", "BN"])
    group.add_argument("--projection", action=argparse.BooleanOptionalAction, default=True, help="of codebooks")


def _add_schedule_options(parser: argparse.ArgumentParser) -> None:
    default, learning, group = TrainingOptions(), QuantizerTraining(), parser.add_argument_group("schedule")
    for name in ("batch_size", "total_iter", "seed", "report_every"):
        group.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(default, name), metavar="N")
    for name in ("lr", "weight_decay", "gamma", "commit", "loss_vel"):
        group.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(default, name), metavar="X")
    group.add_argument("--warm-up-iter", "--warm-up", type=int, default=default.warm_up_iter, metavar="N")
    group.add_argument("--lr-scheduler", type=int, nargs="+", default=[], metavar="N", help="steps of lower rates")
    group.add_argument("--recons-loss", default=default.recons_loss, choices=list(RECONSTRUCTION_LOSSES))
    group.add_argument(
        "--quantizer", default="ema_reset", choices=["ema_reset", "ema"], help="ema leaves dead codes as they are"
    )
    group.add_argument("--mu", type=float, default=learning.decay, metavar="X", help="decay of the moving averages")
    group.add_argument("--quantize-dropout-prob", type=float, default=learning.dropout, metavar="X")


if __name__ == "__main__":
    sys.exit(main())
