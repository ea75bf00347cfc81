"""What the commands of ``python -m artalk_engine.body`` do; each gives the figures that it reports."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from artalk_engine.devices import choose_device
from bridge.clip_file import load_clip

from . import recoding
from .checkpoint import BodyCodec, about_path, build_model, demonstration_path, load_codec, load_weights, write_about
from .config import BodyConfigError
from .features import Standard, find_part
from .recoding import Recoded
from .tokens import load_tokens


def compress(options: argparse.Namespace) -> dict[str, Any]:
    """Write a clip as tokens."""
    out, codec = _output(options), _codec(options)
    done = recoding.compress(options.clip, out, codec, options.layers, options.keep_rest)
    return _told(done) | {"clip_bytes": options.clip.stat().st_size}


def decompress(options: argparse.Namespace) -> dict[str, Any]:
    """Write tokens as a clip."""
    out, codec = _output(options), _codec(options)
    return _told(recoding.decompress(options.tokens, out, codec, options.onto, options.layers, options.smooth))


def detail(options: argparse.Namespace) -> dict[str, Any]:
    """Send a clip through the codec."""
    return _told(recoding.detail(options.clip, _output(options), _codec(options), options.layers, options.smooth))


def join(options: argparse.Namespace) -> dict[str, Any]:
    """Put one clip after another."""
    out, codec = _output(options), None if options.cross_fade else _codec(options)
    return _told(recoding.join_files(options.first, options.second, out, codec, options.fade))


def smooth(options: argparse.Namespace) -> dict[str, Any]:
    """Smooth a clip against jitter."""
    return _told(recoding.smooth_file(options.clip, _output(options), options.span))


def describe(options: argparse.Namespace) -> dict[str, Any]:
    """Say what a file is, by its contents where its name does not tell."""
    path = options.file or demonstration_path()
    if _is_token_file(path):
        held = load_tokens(path)
        return {
            "kind": "tokens",
            "codec": held.codec,
            "body_part": held.part,
            "frames": held.frames,
            "fps": held.fps,
            "tokens": f"{held.codes.shape[0]} x {held.codes.shape[1]} layers of {held.nb_code} codes",
            "has_rest": held.rest is not None,
            "bytes": path.stat().st_size,
        }
    if path.suffix != ".npz":
        return _about_codec(load_codec(path))
    clip = load_clip(path)
    return {
        "kind": clip.kind,
        "frames": len(clip.poses),
        "fps": clip.fps,
        "seconds": round(clip.seconds, 2),
        "betas": len(clip.betas),
        "has_expressions": clip.expressions is not None,
        "up_axis": clip.up_axis,
        "remarks": list(clip.notes),
    }


def adopt(options: argparse.Namespace) -> dict[str, Any]:
    """Write the JSON that belongs to a published checkpoint."""
    recoding.check_output(about_path(options.checkpoint), options.force)
    part = find_part(options.part)
    if (options.trans_mean is None) != (options.trans_std is None):
        raise BodyConfigError("--trans-mean and --trans-std go together")
    trans = (options.trans_mean, options.trans_std) if options.trans_mean else None
    about = {
        "activation": options.vq_act,
        "dilation_growth_rate": options.dilation_growth_rate,
        "norm": None if options.vq_norm == "none" else options.vq_norm,
    }
    state, _ = load_weights(options.checkpoint)
    standard = Standard.from_files(options.mean, options.std, part, trans)
    model = build_model(state, about, options.checkpoint.name)
    codec = BodyCodec(model, part, standard, name=options.checkpoint.stem, note=options.note)
    return {"written": str(write_about(options.checkpoint, codec)), **_about_codec(codec)}


def _about_codec(codec: BodyCodec) -> dict[str, Any]:
    return {
        "kind": "codec",
        "name": codec.name,
        "body_part": codec.part.name,
        "fps": codec.fps,
        "bits_per_second": round(codec.bits_per_second),
        "parameters": sum(parameter.numel() for parameter in codec.model.parameters()),
        **asdict(codec.model.config),
        "note": codec.note,
    }


def _is_token_file(path: Path) -> bool:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return "about" in archive.files
    except Exception:  # not readable at all: whoever reads it says why
        return False


def _codec(options: argparse.Namespace) -> BodyCodec:
    return load_codec(options.checkpoint or demonstration_path(), choose_device(options.device))


def _output(options: argparse.Namespace) -> Path:
    """Return the file to write, refused before anything is loaded if it cannot be written."""
    return recoding.check_output(options.output, options.force)


def _told(done: Recoded) -> dict[str, Any]:
    told: dict[str, Any] = {"output": str(done.path), "bytes": done.size, **done.figures}
    if done.error:
        told |= {"error_deg": round(done.error.mean, 3), "worst_deg": round(done.error.worst, 2)}
        told |= {"velocity_deg_s": round(done.error.velocity, 2), "jerk_ratio": round(done.error.jerk, 2)}
    return told | {"remarks": list(done.remarks)}
