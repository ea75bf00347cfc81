"""An avatar in one take: pictures of its frames in any order, each of which depends on its frame alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from artalk_engine.errors import OptionError
from artalk_engine.face.flame import FLAMEModel
from bridge.motion import CHANNELS, EXPRESSION, GLOBAL_ORIENT, JAW_POSE

from .head import FOREHEAD, FRAMES_A_SECOND, SCALE, PosedHead, calmed, turned_camera
from .look import AvatarLook
from .network import AvatarGaussians
from .painting import Painter, Pose
from .tracked import TrackedAvatar
from .turning import turned
from .watermark import watermarked


class AvatarTake:
    """One avatar in one motion.

    The forehead, which follows the frames before, is computed for the whole take at once, so that it does not matter
    which frame is drawn when.

    Attributes:
        frames: how many there are.
        size: height and width of its pictures.
        tail_s: for so long a change of a frame can be seen in the frames after it.
    """

    tail_s = 8.0

    def __init__(
        self,
        painter: Painter,
        avatar: TrackedAvatar,
        gaussians: AvatarGaussians,
        motion: npt.NDArray[Any] | Tensor,
        flame: FLAMEModel,
        look: AvatarLook,
        fps: float = FRAMES_A_SECOND,
    ) -> None:
        """Prepare a take.

        Args:
            painter: who draws it.
            avatar: whose head moves.
            gaussians: what it was made into.
            motion: ``[T, 106]``, of FLAME's rig.
            flame: the head's model, of any scale.
            look: how to draw it.
            fps: frames of the motion a second.

        Raises:
            OptionError: if the motion has another shape, holds no numbers or no frame, or the head has other vertices.
        """
        check_head(flame, painter.network.config.vertices)
        self._painter, self._look, self._gaussians = painter, look, gaussians
        self._motion, self._translation = check_motion(motion), avatar.transform[:, 3]
        with torch.inference_mode():
            self._head = PosedHead(flame, avatar.betas)
            brow = PosedHead(flame, avatar.betas, FOREHEAD)
            self._foreheads = calmed(brow(self._motion[:, EXPRESSION], self._motion[:, JAW_POSE]), fps=fps)
        self.frames, self.size = len(self._motion), (look.side, look.side)

    @property
    def together(self) -> int:
        """How many are worth drawing in one call."""
        return self._painter.together

    @property
    def at_least(self) -> int:
        """How many take no longer than one: a GPU draws as many always."""
        return self._painter.together

    @property
    def notice(self) -> str:
        """What whoever looks at it has to know; see ``GAGAvatar.notice``."""
        return self._painter.notice

    def draw(self, frames: Sequence[int]) -> npt.NDArray[np.uint8]:
        """Draw frames, counted from 0, as ``[N, H, W, 3]`` sRGB.

        Raises:
            OptionError: if the take has no such frame.
            DeviceError: if there is no memory for a picture.
        """
        wrong = next((frame for frame in frames if not 0 <= frame < self.frames), None)
        if wrong is not None:
            raise OptionError(f"the take has frames 0 to {self.frames - 1}, not {wrong}", "Choose one of them.")
        pictures, done = np.empty((len(frames), *self.size, 3), np.uint8), 0
        for drawn in self._painter.draw(self._gaussians, frames, self._pose, self._look):
            # Fractions are cut off, as in the reference's films.
            pictures[done : done + len(drawn)] = drawn.mul(255).byte().permute(0, 2, 3, 1).cpu().numpy()
            done += len(drawn)
        return watermarked(pictures) if self._look.is_marked else pictures

    def _pose(self, frames: list[int], placed: AvatarGaussians) -> Pose:
        """Place the Gaussians of some frames."""
        device = placed.device
        rows = self._motion[frames].to(device)
        heads = self._head.to(device)(rows[:, EXPRESSION], rows[:, JAW_POSE])
        heads[:, FOREHEAD] = self._foreheads[frames].to(device)
        translation = self._translation.to(device)
        if self._look.turn == "camera":
            return straight(heads, placed, turned_camera(rows[:, GLOBAL_ORIENT], translation))
        cameras = turned_camera(torch.zeros_like(rows[:, GLOBAL_ORIENT]), translation)
        return turned(heads, SCALE * self._head.joints, placed, rows[:, GLOBAL_ORIENT], cameras)


def straight(heads: Tensor, avatar: AvatarGaussians, cameras: Tensor) -> Pose:
    """Place the Gaussians of heads ``[B, V, 3]`` that look straight ahead, before turning cameras ``[B, 3, 4]``."""
    planes = avatar.plane_points.expand(len(heads), -1, -1)
    return Pose(torch.cat([heads, planes], dim=1), avatar.gaussians.rotations, cameras)


def check_motion(motion: npt.NDArray[Any] | Tensor) -> Tensor:
    """Return a motion as float32 ``[T, 106]`` of its own.

    Raises:
        OptionError: if it has another shape, no frame, or values that are no numbers.
    """
    rows = motion.detach().cpu().numpy() if isinstance(motion, Tensor) else np.asarray(motion)
    if rows.ndim != 2 or rows.shape[1] != CHANNELS or not len(rows) or rows.dtype.kind not in "fiu":
        raise OptionError(
            f"a motion has shape [T, {CHANNELS}], and this one is {rows.dtype} {list(rows.shape)}",
            "Give what inference returns.",
        )
    if not np.isfinite(rows).all():
        first = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise OptionError(f"the motion holds values that are no numbers, first in frame {first}", "Make it again.")
    return torch.from_numpy(rows.astype(np.float32))


def check_head(flame: FLAMEModel, vertices: int) -> None:
    """Make sure that a head has the vertices that an avatar knows.

    Raises:
        OptionError: if it has others.
    """
    if len(flame.v_template) != vertices:
        raise OptionError(
            f"the head has {len(flame.v_template)} vertices, and avatars have {vertices}", "Choose a FLAME file."
        )
