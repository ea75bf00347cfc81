"""Tracked portraits: what GAGAvatar_track makes of a photograph, read without executing anything.

A file of theirs is a dictionary of avatars by name, or one avatar alone; each is a dictionary of arrays, of which
three are needed.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artalk_engine.errors import AvatarError, CheckpointError
from artalk_engine.tensor_files import read_tensor_file

from .config import IMAGE_SIZE

SHAPES = 300
SIZES = {"image": (3, IMAGE_SIZE, IMAGE_SIZE), "transform_matrix": (3, 4), "shapecode": (SHAPES,)}
PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
TRACKING = "An avatar is made of a portrait by GAGAvatar_track; choose the file that it writes (tracked.pt)."


@dataclass(frozen=True, eq=False)
class TrackedAvatar:
    """One portrait, tracked.

    Attributes:
        image: ``[3, 512, 512]``, from 0 to 1, before black.
        transform: its camera, ``[3, 4]``: a rotation for points as rows, and a translation.
        betas: identity of the head, ``[1, 300]``.
    """

    image: Tensor
    transform: Tensor
    betas: Tensor


def read_tracked(path: Path) -> dict[str, TrackedAvatar]:
    """Read the avatars of a ``.pt`` or ``.safetensors`` file, by name; one that has none is called like the file.

    Raises:
        AvatarError: if the file is missing, a portrait, damaged, or an avatar has other sizes.
    """
    if not path.is_file():
        raise AvatarError(f"there is no avatar file at {path}", "Check its path.")
    kind = _picture_kind(path)
    if kind:
        raise AvatarError(f"{path.name} is a picture ({kind}), and no avatar file yet", TRACKING)
    content = _read(path)
    if isinstance(content, Mapping) and "image" in content:
        content = {path.stem: content}
    if not isinstance(content, Mapping) or not content or not all(map(_is_entry, content.values())):
        raise AvatarError(f"{path.name} holds no tracked avatars", TRACKING)
    return {str(name): _avatar(f"the avatar {name} in {path.name}", entry) for name, entry in content.items()}


def _read(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(_array_makers()):
            return read_tensor_file(path)
    except CheckpointError as exc:
        raise AvatarError(str(exc).replace("no checkpoint", "no avatar file"), exc.remedy) from exc


def _array_makers() -> list[Any]:
    """List what numpy's arrays are made by in pickles, under the names of both of its generations."""
    reconstruct = np.empty(0).__reduce__()[0]
    kinds = {type(np.dtype(name)) for name in ("float16", "float32", "float64", "uint8", "int32", "int64")}
    makers = [(reconstruct, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    return [*makers, np.ndarray, np.dtype, *kinds, (codecs.encode, "_codecs.encode")]


def _is_entry(value: object) -> bool:
    return isinstance(value, Mapping) and "image" in value


def _avatar(name: str, entry: Mapping[str, Any]) -> TrackedAvatar:
    found: dict[str, Tensor] = {}
    for key, shape in SIZES.items():
        if key not in entry:
            raise AvatarError(f"{name} has no {key}", TRACKING)
        value = _tensor(name, key, entry[key])
        if value.shape == (1, *shape):
            value = value[0]
        if value.shape != shape:
            raise AvatarError(
                f"{name} has {key} of shape {list(value.shape)} where {list(shape)} is expected", TRACKING
            )
        found[key] = value
    if not 0 <= found["image"].min() <= found["image"].max() <= 1:
        raise AvatarError(f"{name} has a picture whose colours do not run from 0 to 1", TRACKING)
    return TrackedAvatar(found["image"], found["transform_matrix"], found["shapecode"][None])


def _tensor(name: str, key: str, value: Any) -> Tensor:
    array = value if isinstance(value, Tensor) else np.asarray(value)
    if isinstance(array, np.ndarray) and array.dtype.kind not in "fiu":
        raise AvatarError(f"{name} has {key} that holds no numbers", TRACKING)
    tensor = torch.as_tensor(array).detach().float()
    if not torch.isfinite(tensor).all():
        raise AvatarError(f"{name} has {key} with values that are no numbers", TRACKING)
    return tensor.clone()  # saved views hold on to whole recordings


def _picture_kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(12)
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        return "WebP"
    return next((kind for magic, kind in PICTURES.items() if start.startswith(magic)), "")
