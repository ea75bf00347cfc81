"""What is to be drawn, once it is known that it can be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from artalk_engine.errors import DeviceError, GaussiansError, OptionError
from artalk_engine.render.mesh import check_size

TAILS: dict[str, tuple[int | str, ...]] = {  # the last axes of each argument
    "means": ("G", 3),
    "quaternions": ("G", 4),
    "scales": ("G", 3),
    "opacities": ("G", 1),
    "features": ("G", "C"),
    "camera": (3, 4),
    "background": ("C",),
}


class View(NamedTuple):
    """The Gaussians of one picture and its camera, float32; see ``Scene``."""

    means: Tensor
    quaternions: Tensor
    scales: Tensor
    opacities: Tensor
    features: Tensor
    camera: Tensor
    background: Tensor


@dataclass(frozen=True, eq=False)
class Scene:
    """The Gaussians of one or more pictures.

    Attributes:
        tensors: named as in ``TAILS``, with as many axes, after one for pictures, along which there are all or 1.
        pictures: how many; None is one, without an axis for it.
        focal: of the camera, in halves of the picture's sides.
        height: of a picture, in pixels.
        width: of a picture, in pixels.
    """

    tensors: dict[str, Tensor]
    pictures: int | None
    focal: float
    height: int
    width: int

    def __iter__(self) -> Iterator[View]:
        """Give what belongs to each picture."""
        for picture in range(self.pictures or 1):
            yield View(*(self.tensors[name][min(picture, len(self.tensors[name]) - 1)] for name in View._fields))

    @property
    def channels(self) -> int:
        """How many features a Gaussian has."""
        return self.tensors["features"].shape[-1]

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.tensors["means"].device

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """That of the pictures, ``[B, C, H, W]``."""
        return self.pictures or 1, self.channels, self.height, self.width


def make_scene(arguments: dict[str, Any], focal: float, size: int | tuple[int, int]) -> Scene:
    """Check what is to be drawn.

    Args:
        arguments: named as in ``TAILS``; all of them have an axis for pictures, or not, as they like. A background
            of None is zeros.
        focal: of the camera.
        size: of the pictures.

    Raises:
        GaussiansError: if an argument has a wrong shape or a value that is no finite number.
        OptionError: if focal or size make no sense.
        DeviceError: if the arguments are on different devices.
    """
    height, width = check_size(size)
    if not 0 < focal < math.inf:
        raise OptionError(f"the focal length must be above 0, not {focal}", "GAGAvatar's is 12.")
    given = {name: _as_tensor(name, value) for name, value in arguments.items() if value is not None}
    sizes: dict[str, int] = {}
    for name, tensor in given.items():
        _check_shape(name, tensor, sizes)
    given.setdefault("background", given["means"].new_zeros(sizes["C"]))
    if len(devices := {str(tensor.device): name for name, tensor in given.items()}) > 1:
        found = ", ".join(f"{name} on {device}" for device, name in devices.items())
        raise DeviceError(f"the Gaussians are on several devices: {found}", "Move all of them to one.")
    for name, tensor in given.items():
        _check_values(name, tensor)
    batched = {name: t if t.ndim > len(TAILS[name]) else t[None] for name, t in given.items()}
    return Scene(batched, sizes.get("B"), float(focal), height, width)


def _as_tensor(name: str, value: Any) -> Tensor:
    try:
        tensor = torch.as_tensor(value).detach()
    except (TypeError, ValueError, RuntimeError) as exc:
        raise GaussiansError(name, "must be an array of numbers") from exc
    if tensor.is_complex():
        raise GaussiansError(name, "must be real numbers")
    return tensor.to(torch.float32)


def _check_shape(name: str, tensor: Tensor, sizes: dict[str, int]) -> None:
    """Compare an argument's shape with what is known, and learn from it."""
    tail = TAILS[name]
    wanted = f"[{', '.join(map(str, tail))}]"
    axes = tail if tensor.ndim == len(tail) else ("B", *tail)
    if tensor.ndim != len(axes):
        raise GaussiansError(
            name, f"must be {wanted}, or with an axis for pictures before that, not {list(tensor.shape)}"
        )
    for axis, found in zip(axes, tensor.shape, strict=True):
        if axis in sizes or isinstance(axis, int):
            expected = axis if isinstance(axis, int) else sizes[axis]
            if found != expected:
                raise GaussiansError(name, f"must be {wanted} with {axis} = {expected}, not {list(tensor.shape)}")
        elif found == 0:
            what = {"G": "no Gaussian", "C": "no channel", "B": "no picture"}[axis]
            raise GaussiansError(name, f"has {what}: its shape is {list(tensor.shape)}")
        else:
            sizes[axis] = found


def _check_values(name: str, tensor: Tensor) -> None:
    """Make sure that all values are finite numbers."""
    if bool(torch.isfinite(tensor.sum())):  # one quick pass: a sum is finite only if all of its terms are
        return
    places = (~torch.isfinite(tensor)).nonzero()
    if len(places):
        where = ", ".join(str(int(i)) for i in places[0])
        raise GaussiansError(name, f"has {len(places):,} values that are no finite numbers, the first at [{where}]")
