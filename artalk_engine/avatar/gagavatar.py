"""The photographic avatar as ARTalk's users know it: a portrait that follows a motion.

    avatar = GAGAvatar("GAGAvatar.pt", "tracked.pt")
    avatar.set_avatar_id("11.jpg")
    take = avatar.take(motion, flame)
    pictures = take.draw(range(take.frames))  # [T, 512, 512, 3]

portrait ─► features ─► Gaussians (once) ─┐
motion ─► vertices and camera ────────────┴─► splatted, 32 channels ─► photograph

References:
    Chu and Harada, Generalizable and Animatable Gaussian Head Avatar, 2024.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import numpy.typing as npt
import torch
from torch import Tensor

from artalk_engine.config import FLAME_RIG
from artalk_engine.devices import choose_device
from artalk_engine.errors import AvatarError
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.precision import Precision
from artalk_engine.render.mesh import available_threads
from bridge.motion import EXPRESSION, GLOBAL_ORIENT, JAW_POSE

from .cache import AvatarCache
from .files import AvatarFiles, avatar_ids, read_avatar
from .head import FOREHEAD, FRAMES_A_SECOND, PosedHead, calmed, turned_camera
from .loading import load_network
from .look import AvatarLook
from .network import AvatarGaussians
from .painting import Painter, Pose
from .take import AvatarTake, check_head, check_motion, straight
from .tracked import TrackedAvatar

OnProgress = Callable[[int, int], object]


class ForwardBatch(TypedDict):
    """What changes from frame to frame, under upstream's names.

    Attributes:
        t_points: vertices, ``[B, V, 3]``.
        t_transform: cameras, ``[B, 3, 4]``.
    """

    t_points: Tensor
    t_transform: Tensor


class GAGAvatar:
    """Networks that draw avatars.

    Attributes:
        rig: whose motion they understand.
        avatar_id: the avatar chosen, ``""`` before any is.
    """

    rig = FLAME_RIG

    def __init__(
        self,
        model_path: Path | str,
        tracked_path: Path | str | None = None,
        *,
        device: str = "auto",
        precision: Precision = "exact",
        threads: int | None = None,
        library: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        """Load the networks.

        Args:
            model_path: ``GAGAvatar.pt``.
            tracked_path: ``tracked.pt``; None for the user's own avatars alone.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            precision: ``exact``, or ``fast`` for reduced precision where the device gains by it.
            threads: of the processor; None is all that this process may use.
            library: folder of the user's own avatars; None is the usual one.
            cache: folder to keep what is made of portraits; None is the usual one.

        Raises:
            CheckpointError: if the weights cannot be read, or are not an avatar's.
        """
        self.files = AvatarFiles(Path(model_path), None if tracked_path is None else Path(tracked_path), library)
        network = load_network(self.files.weights)
        self._cache = AvatarCache(self.files.weights, cache)
        self._painter = Painter(network, choose_device(device), precision, threads or available_threads())
        self.avatar_id = ""
        self._avatar: TrackedAvatar | None = None
        self._gaussians: AvatarGaussians | None = None
        self._forehead: Tensor | None = None  # of the frame built last, [K, 3]

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._painter.device

    @property
    def notice(self) -> str:
        """What the user has to know, such as that the GPU's memory was too small; ``""`` if all is as asked for."""
        return self._painter.notice

    def avatar_ids(self) -> tuple[str, ...]:
        """Name the avatars that can be chosen."""
        return avatar_ids(self.files)

    def set_avatar_id(self, avatar_id: str, on_progress: OnProgress = lambda _done, _total: None) -> None:
        """Choose an avatar; the first time it is set up, which takes a processor half a minute.

        Args:
            avatar_id: its name.
            on_progress: called during set-up with what is done and what there is to do; may raise to end it.

        Raises:
            AvatarError: if there is no such avatar, or it cannot be used.
        """
        avatar = read_avatar(self.files, avatar_id)
        gaussians = self._cache.read(avatar)
        if gaussians is None:
            gaussians = self._painter.set_up(avatar.image, avatar.transform, on_progress)
            self._cache.write(avatar, gaussians)
        self._avatar, self._gaussians, self.avatar_id = avatar, gaussians, avatar_id
        self._forehead = None  # or the new face would begin with the old one's

    def take(
        self,
        motion: npt.NDArray[Any] | Tensor,
        flame: FLAMEModel,
        look: AvatarLook | None = None,
        fps: float = FRAMES_A_SECOND,
    ) -> AvatarTake:
        """Let the chosen avatar follow a motion.

        Args:
            motion: ``[T, 106]``, of FLAME's rig; it stays as it is.
            flame: the head's model, of any scale.
            look: how to draw it; None is the whole photograph.
            fps: frames of the motion a second.

        Raises:
            AvatarError: if none is chosen.
            OptionError: if the motion cannot be used, or the head has other vertices.
        """
        avatar, gaussians = self._chosen()
        return AvatarTake(self._painter, avatar, gaussians, motion, flame, look or AvatarLook(), fps)

    def build_forward_batch(self, motion: npt.NDArray[Any] | Tensor, flame: FLAMEModel) -> ForwardBatch:
        """Pose the next frames of a running motion, whose forehead follows those built before.

        Args:
            motion: ``[B, 106]``; it stays as it is.
            flame: the head's model, of any scale.
        """
        avatar, _ = self._chosen()
        rows = check_motion(motion)
        check_head(flame, self._painter.network.config.vertices)
        with torch.inference_mode():
            points = PosedHead(flame, avatar.betas)(rows[:, EXPRESSION], rows[:, JAW_POSE])
            calm = calmed(points[:, FOREHEAD], self._forehead)
            points[:, FOREHEAD], self._forehead = calm, calm[-1]
            return {
                "t_points": points,
                "t_transform": turned_camera(rows[:, GLOBAL_ORIENT], avatar.transform[:, 3]),
            }

    def forward_expression(self, batch: ForwardBatch, look: AvatarLook | None = None) -> Tensor:
        """Draw posed frames, ``[B, 3, 512, 512]`` from 0 to 1; without the mark that films carry."""
        _, gaussians = self._chosen()
        heads, cameras = batch["t_points"], batch["t_transform"]

        def pose(frames: list[int], placed: AvatarGaussians) -> Pose:
            return straight(heads[frames].to(placed.device), placed, cameras[frames].to(placed.device))

        drawn = list(self._painter.draw(gaussians, range(len(heads)), pose, look or AvatarLook()))
        return torch.cat([pictures.to(self.device) for pictures in drawn])

    def _chosen(self) -> tuple[TrackedAvatar, AvatarGaussians]:
        if self._avatar is None or self._gaussians is None:
            raise AvatarError("no avatar is chosen", f"Choose one of {', '.join(self.avatar_ids()) or 'none'}.")
        return self._avatar, self._gaussians
