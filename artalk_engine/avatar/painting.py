"""Gaussians in a pose become pictures, on whatever there is to compute on.

A GPU draws several at once, always as many, so that a picture does not depend on its company; a processor one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, get_args

import torch
from torch import Tensor

from artalk_engine.errors import DeviceError, OptionError
from artalk_engine.precision import Precision, shorter_type
from artalk_engine.render.splatting.rasterize import rasterize_gaussians

from .config import FOCAL
from .features import resize
from .look import AvatarLook
from .network import AvatarGaussians, AvatarNetwork
from .style_unet import fresh_noises, prepare

log = logging.getLogger(__name__)
Made = TypeVar("Made")

TOGETHER_ON_GPU = 8
HALVES = (torch.float16, torch.bfloat16)
SHOWN = 3  # of a Gaussian's channels: red, green and blue
FALLBACK = "The GPU has no memory left for the avatar; it is drawn on the processor from now on, which takes longer."


@dataclass(frozen=True, eq=False)
class Pose:
    """Where an avatar's Gaussians are in some frames, and their cameras.

    Attributes:
        means: ``[B, G, 3]``.
        rotations: ``[G, 4]``, or ``[B, G, 4]`` where they turn.
        cameras: ``[B, 3, 4]``.
    """

    means: Tensor
    rotations: Tensor
    cameras: Tensor


class Painter:
    """Draws avatars.

    Attributes:
        network: whose last part makes photographs.
        device: where it computes.
        together: pictures that it draws at once.
        notice: what its user has to know; ``""`` if all is as it was asked for.
    """

    def __init__(self, network: AvatarNetwork, device: torch.device, precision: Precision, threads: int) -> None:
        self.network, self.device, self.threads, self.notice = network, device, threads, ""
        self.together = TOGETHER_ON_GPU if device.type == "cuda" else 1
        self._precision = precision
        self._placed: tuple[AvatarGaussians, AvatarGaussians] | None = None  # drawn last: as given, on the device
        while not self._within_memory(self._prepare):
            continue

    def set_up(self, image: Tensor, transform: Tensor, on_progress: Callable[[int, int], object]) -> AvatarGaussians:
        """Make an avatar's Gaussians; see ``AvatarNetwork.gaussians``."""
        with torch.inference_mode(), _threads(self.threads), _reported(self.network, on_progress):
            return self.network.gaussians(image, transform)

    def draw(
        self,
        avatar: AvatarGaussians,
        frames: Sequence[int],
        pose: Callable[[list[int], AvatarGaussians], Pose],
        look: AvatarLook,
    ) -> Iterator[Tensor]:
        """Draw pictures of frames, as many at once as the device does best.

        Args:
            avatar: its Gaussians.
            frames: their numbers.
            pose: places the Gaussians, which lie on the device that is in use, for some of the frames.
            look: quality, size and noise.

        Yields:
            ``[N, 3, H, W]``, from 0 to 1, on the painter's device: those of the next frames.

        Raises:
            DeviceError: if there is no memory for one picture, on the processor either.
        """
        waiting = list(frames)
        while waiting:
            group = waiting[: self.together]
            filled = group + group[-1:] * (self.together - len(group))
            drawn = self._within_memory(lambda filled=filled: self._draw(avatar, filled, pose, look))  # type: ignore[misc]
            if drawn is not None:
                yield drawn[: len(group)]
                waiting = waiting[len(group) :]

    def _within_memory(self, action: Callable[[], Made]) -> Made | None:
        """Do something that takes memory; None is that there was too little, and less will be taken from now on."""
        with torch.inference_mode(), _threads(self.threads):
            try:
                return action()
            except (RuntimeError, MemoryError) as exc:
                if not _is_out_of_memory(exc):
                    raise
                if self.device.type == "cpu":
                    raise DeviceError("There is no memory left to draw the avatar.", "Close other programs.") from exc
        self._take_less()  # behind the exception, which holds on to what was made before it
        return None

    def _draw(
        self,
        avatar: AvatarGaussians,
        frames: list[int],
        pose: Callable[[list[int], AvatarGaussians], Pose],
        look: AvatarLook,
    ) -> Tensor:
        placed = self._place(avatar)
        if look.quality == "draft":
            return self._splat(placed, pose(frames, placed), SHOWN, look.side).clamp_(0, 1)
        config = self.network.config
        splatted = self._splat(placed, pose(frames, placed), config.colours, config.picture)
        noises = None
        if look.noise == "fresh":
            noises = [noise.to(self.device) for noise in fresh_noises(config, frames)]
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=self._precision == "fast"):
            pictures = self.network.photograph(splatted, noises)
        if look.side != config.picture:
            pictures = resize(pictures, look.side).clamp_(0, 1)
        return pictures

    def _place(self, avatar: AvatarGaussians) -> AvatarGaussians:
        """Bring Gaussians to the device, once and not for each picture."""
        if self._placed is None or self._placed[0] is not avatar:
            self._placed = None  # two avatars' might not have room
            self._placed = avatar, avatar.to(self.device)
        return self._placed[1]

    def _splat(self, avatar: AvatarGaussians, pose: Pose, channels: int, side: int) -> Tensor:
        part = avatar.gaussians
        return rasterize_gaussians(
            pose.means, pose.rotations, part.scales, part.opacities, part.colours[:, :channels], pose.cameras,
            focal=FOCAL, size=(side, side), threads=self.threads,
        )  # fmt: skip

    def _prepare(self) -> bool:
        prepare(self.network.upsampler, self.device, product_type(self._precision, self.device))
        return True

    def _take_less(self) -> None:
        """Draw one by one, or go on on the processor, where memory is larger."""
        if self.together > 1:
            log.warning("%d pictures at once are too many for the GPU's memory", self.together)
            self.together = 1
        else:
            log.warning(FALLBACK)
            self.notice, self.device, self._placed = FALLBACK, torch.device("cpu"), None
            self._prepare()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def product_type(precision: Precision, device: torch.device) -> torch.dtype:
    """Say in which type to compute the photograph's convolutions.

    Raises:
        OptionError: if there is no such precision.
    """
    if precision not in get_args(Precision):
        raise OptionError(f"precision must be exact or fast, not {precision!r}")
    if precision == "exact" or shorter_type(device) not in HALVES:
        return torch.float32
    # What a convolution adds up before it is normed may be beyond float16, and never beyond bfloat16.
    has_range = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if has_range else torch.float16


def _is_out_of_memory(exc: Exception) -> bool:
    """Say whether somebody wanted more memory than there is; only CUDA's allocator has a class of its own for that."""
    words = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
    return isinstance(exc, torch.OutOfMemoryError | MemoryError) or any(word in str(exc) for word in words)


@contextmanager
def _reported(network: AvatarNetwork, on_progress: Callable[[int, int], object]) -> Iterator[None]:
    """Report each larger step of a set-up, of which all take about as long."""
    maps = network.base_model
    steps = [*maps.dino_model.blocks, *maps.layer_rn, *maps.refinenet, network.gs_generator_l0, network.gs_generator_l1]
    done = 0

    def report(*_: object) -> None:
        nonlocal done
        done += 1
        on_progress(done, len(steps))

    hooks = [step.register_forward_hook(report) for step in steps]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    """Compute in so many threads, and leave PyTorch's own number as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
