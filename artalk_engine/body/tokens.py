"""Token files: a clip's movement as the codec's codes, a few hundred bits a second.

The archive holds ``codes``, packed without gaps, ``about`` (which codec, how long, how fast)
and the body's shape. On request it also keeps, unchanged, all that the codec does not know.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artalk_engine.errors import EngineError
from bridge import body
from bridge.clip import Clip

from .checkpoint import BodyCodec, bits_per_code
from .codec import Codes, check_layers, decode_clip, encode_clip
from .features import GROUND, BodyPart

FORMAT = "artalk-body-tokens-1"
MOST_FRAMES = 256  # that one token may stand for
FOLDER = "Choose a folder that you may write to."


class TokenFileError(EngineError):
    """A token file cannot be read or written, or belongs to another codec."""

    code = "token_file"
    default_remedy = "Choose a file that compress has written."


@dataclass(frozen=True, eq=False)
class TokenClip:
    """What a token file holds.

    Attributes:
        codes: ``[N, L]``.
        frames: length of the clip.
        fps: its rate.
        nb_code: codes that there are.
        part: body part of the codec.
        codec: its name.
        fingerprint: tells codecs apart.
        start: where the body starts on the ground, x and z in metres.
        betas: shape of the body.
        gender: of the model.
        rest: all that the codec does not know, or ``None`` if it was left out.
    """

    codes: Codes
    frames: int
    fps: float
    nb_code: int
    part: str
    codec: str
    fingerprint: str
    start: tuple[float, float]
    betas: NDArray[np.float64]
    gender: str
    rest: Clip | None = None


def compress(clip: Clip, codec: BodyCodec, layers: int = 0, keep_rest: bool = False) -> TokenClip:
    """Turn a prepared clip into tokens.

    Args:
        clip: at the codec's rate.
        codec: which codec.
        layers: how many layers to keep, 0 for all.
        keep_rest: keep all that the codec does not know as well.

    Raises:
        ConfigError: if the codec has fewer layers.
    """
    check_layers(layers, codec.model.config.num_quantizers)
    x, z = map(float, clip.trans[0, GROUND])
    return TokenClip(
        codes=encode_clip(clip, codec)[:, : layers or None],
        frames=len(clip.poses),
        fps=clip.fps,
        nb_code=codec.model.config.nb_code,
        part=codec.part.name,
        codec=codec.name,
        fingerprint=codec.fingerprint,
        start=(x, z),
        betas=clip.betas,
        gender=clip.gender,
        rest=_without(clip, codec.part) if keep_rest else None,
    )


def decompress(tokens: TokenClip, codec: BodyCodec, onto: Clip | None = None, layers: int = 0) -> Clip:
    """Turn tokens back into a clip.

    Args:
        tokens: of this codec.
        codec: which made them.
        onto: a clip of as many frames that gives what the tokens do not hold; otherwise that is what was
            kept with them, or the body's rest.
        layers: how many layers to listen to; 0 for all.

    Raises:
        TokenFileError: if another codec made the tokens, or ``onto`` has another length.
    """
    if tokens.fingerprint != codec.fingerprint:
        raise TokenFileError(
            f"these tokens were made by the codec {tokens.codec!r} ({tokens.part}), not by {codec.name!r} "
            f"({codec.part.name}) as it is now",
            "Choose the checkpoint that compressed them.",
        )
    onto = onto or tokens.rest or _at_rest(tokens)
    if len(onto.poses) != tokens.frames:
        raise TokenFileError(
            f"the tokens have {tokens.frames} frames, the clip to put them onto has {len(onto.poses)}",
            "Choose the clip that was compressed.",
        )
    return decode_clip(tokens.codes, codec, onto, layers)


def save_tokens(path: Path, tokens: TokenClip) -> None:
    """Write a token file, all of it or nothing.

    Raises:
        TokenFileError: if it cannot be written.
    """
    about = {
        "format": FORMAT,
        "count": tokens.codes.shape[0],
        "layers": tokens.codes.shape[1],
        **{name: getattr(tokens, name) for name in ("frames", "fps", "nb_code", "part", "codec", "fingerprint")},
        "start": tokens.start,
        "gender": tokens.gender,
    }
    arrays: dict[str, NDArray[Any]] = {"codes": pack(tokens.codes, bits_per_code(tokens.nb_code))}
    arrays["about"] = np.frombuffer(json.dumps(about).encode("utf-8"), np.uint8)
    if tokens.betas.any():
        arrays["betas"] = tokens.betas.astype(np.float32)
    if tokens.rest is not None:
        arrays |= {"poses": tokens.rest.poses.astype(np.float32), "trans": tokens.rest.trans}
        if tokens.rest.expressions is not None:
            arrays["expressions"] = tokens.rest.expressions.astype(np.float32)
    _write(path, arrays)


def load_tokens(path: Path) -> TokenClip:
    """Read a token file and check all of it.

    Raises:
        TokenFileError: if it is missing, damaged or none.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            entries = {name: archive[name] for name in archive.files}
    except FileNotFoundError as exc:
        raise TokenFileError(f"{path}: there is no such file", "Check the path.") from exc
    except Exception as exc:  # a damaged archive raises whatever zipfile, zlib or numpy's parser meets first
        raise TokenFileError(f"{path}: this is not a readable token file") from exc
    try:
        return _tokens(entries)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise TokenFileError(f"{path}: this is not a token file, or a damaged one") from exc


def pack(codes: Codes, bits: int) -> NDArray[np.uint8]:
    """Write codes ``[N, L]`` one after another with so many bits each."""
    places = np.arange(bits - 1, -1, -1)
    return np.packbits((codes.reshape(-1, 1) >> places & 1).astype(np.uint8))


def unpack(packed: NDArray[np.uint8], bits: int, layers: int, count: int) -> Codes:
    """Read what :func:`pack` wrote: ``count`` times ``layers`` codes.

    Raises:
        ValueError: if there are not as many.
    """
    total = count * layers * bits
    if packed.dtype != np.uint8 or packed.shape != (-(-total // 8),):
        raise ValueError(f"{packed.dtype}{list(packed.shape)} does not hold {count} x {layers} codes")
    unpacked = np.unpackbits(packed)[:total].reshape(count, layers, bits).astype(np.int64)
    return np.asarray(unpacked @ (1 << np.arange(bits - 1, -1, -1)))


def _tokens(entries: Mapping[str, NDArray[Any]]) -> TokenClip:
    about = json.loads(entries["about"].tobytes())
    if about["format"] != FORMAT:
        raise ValueError(about["format"])
    frames, count, layers, nb_code = (int(about[name]) for name in ("frames", "count", "layers", "nb_code"))
    codes = unpack(entries["codes"], bits_per_code(nb_code), layers, count)
    if codes.max(initial=0) >= nb_code or not 2 <= frames <= count * MOST_FRAMES:
        raise ValueError("a code or a length that there is not")
    x, z = map(float, about["start"])
    tokens = TokenClip(
        codes=codes,
        frames=frames,
        fps=float(about["fps"]),
        nb_code=nb_code,
        part=str(about["part"]),
        codec=str(about["codec"]),
        fingerprint=str(about["fingerprint"]),
        start=(x, z),
        betas=entries.get("betas", np.zeros(0)).astype(np.float64),
        gender=str(about["gender"]),
    )
    still = _at_rest(tokens)  # checks rate, place and shape as those of any clip
    return replace(tokens, rest=_rest(entries, still)) if "poses" in entries else tokens


def _without(clip: Clip, part: BodyPart) -> Clip:
    """Empty what the tokens say, which then takes no room in the file."""
    poses = clip.poses.copy()
    poses[:, part.joints] = 0.0
    return replace(clip, poses=poses, expressions=None if part.has_expressions else clip.expressions)


def _rest(entries: Mapping[str, NDArray[Any]], still: Clip) -> Clip:
    face = entries.get("expressions")
    return replace(
        still,
        poses=entries["poses"].astype(np.float64),
        trans=entries["trans"].astype(np.float64),
        expressions=None if face is None else face.astype(np.float64),
    )


def _at_rest(tokens: TokenClip) -> Clip:
    trans = np.zeros((tokens.frames, 3))
    trans[:, GROUND] = tokens.start
    poses = np.zeros((tokens.frames, len(body.JOINTS), 3))
    return Clip(poses, trans, tokens.fps, betas=tokens.betas, gender=tokens.gender)


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    try:
        handle, temporary = tempfile.mkstemp(prefix=path.name + ".", suffix=".part", dir=path.parent)
    except OSError as exc:
        raise TokenFileError(f"{path} cannot be written ({exc.strerror or exc})", FOLDER) from exc
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
        Path(temporary).chmod(0o644)  # it comes readable by its owner only
        Path(temporary).replace(path)
    except OSError as exc:
        raise TokenFileError(f"{path} cannot be written ({exc.strerror or exc})", FOLDER) from exc
    finally:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
