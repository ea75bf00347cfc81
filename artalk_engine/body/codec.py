"""The codec on clips: tokens out of a clip, a clip out of tokens, and what that costs in degrees."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.clip import Clip, resampled, upright

from .checkpoint import BodyCodec
from .config import BodyConfigError
from .features import from_channels, to_channels

Codes = NDArray[np.int64]


def prepare(clip: Clip, codec: BodyCodec) -> Clip:
    """Bring a clip to the codec's rate, Y up; what had to be changed is added to its notes."""
    made = resampled(upright(clip), codec.fps)
    if made.fps == clip.fps:
        return made
    note = f"It was resampled from {clip.fps:g} to {codec.fps:g} frames a second, the codec's rate."
    return dataclasses.replace(made, notes=(*made.notes, note))


def encode_clip(clip: Clip, codec: BodyCodec) -> Codes:
    """Turn the codec's part of a prepared clip into tokens ``[N, L]``."""
    channels = codec.standard.apply(to_channels(clip, codec.part)).astype(np.float32)
    codes, _ = codec.model.encode(torch.from_numpy(channels)[None].to(codec.device))
    return codes[0].cpu().numpy()


def decode_clip(codes: Codes, codec: BodyCodec, onto: Clip, layers: int = 0) -> Clip:
    """Put what tokens say into a clip; joints outside the codec's part stay as they are.

    Args:
        codes: ``[N, L]``.
        codec: which made them.
        onto: a clip at the codec's rate, at most as long as the tokens.
        layers: how many layers to listen to, coarse to fine; 0 for all.

    Raises:
        BodyConfigError: if the tokens cannot be this codec's.
    """
    check_layers(layers, codes.shape[1])
    chosen = torch.from_numpy(codes[:, : layers or None])[None].to(codec.device)
    motion = codec.model.decode(chosen, len(onto.poses))[0].cpu().numpy().astype(np.float64)
    if len(motion) < len(onto.poses):
        raise BodyConfigError(f"these tokens are {len(motion)} frames long, the clip has {len(onto.poses)}")
    return from_channels(codec.standard.undo(motion), codec.part, onto)


def recode(clip: Clip, codec: BodyCodec, layers: int = 0) -> Clip:
    """Send a prepared clip through the codec; with few layers only the broad movement is left."""
    check_layers(layers, codec.model.config.num_quantizers)
    return decode_clip(encode_clip(clip, codec), codec, clip, layers)


def check_layers(layers: int, most: int) -> None:
    """Refuse a number of layers that there is not.

    Raises:
        BodyConfigError: if so.
    """
    if not 0 <= layers <= most:
        raise BodyConfigError(f"there are {most} layers, not {layers}", f"Choose 1 to {most}, or 0 for all.")
