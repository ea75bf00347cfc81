"""One clip after another without a step at the seam.

The codec's part of the body is led over the seam by its tokens: features before it lean more
and more towards what follows, those after it still towards what was, and what the codec makes
of their tokens replaces the frames around the seam, faded in and out. All else is cross-faded.
Frames further away stay exactly as they were.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bridge import body, rotations
from bridge.clip import Clip

from .checkpoint import BodyCodec
from .config import FADE_S, BodyConfigError
from .features import GROUND, from_channels, to_channels
from .metrics import quaternions, turn_vectors

Floats = NDArray[np.float64]
LONGEST_FADE_S = 60.0


@dataclass(frozen=True)
class Seam:
    """The most that a joint turns from one frame to the next around the seam, degrees.

    Attributes:
        frame: first frame of the second clip.
        step_deg: as it is.
        cut_deg: if nothing were done.
        fade_deg: if all were cross-faded.
        usual_deg: what only one frame in a thousand of the clips themselves exceeds.
    """

    frame: int
    step_deg: float
    cut_deg: float
    fade_deg: float
    usual_deg: float


def join(first: Clip, second: Clip, codec: BodyCodec | None = None, fade_s: float = FADE_S) -> tuple[Clip, Seam]:
    """Put one clip after another.

    Args:
        first: a clip, Y up.
        second: one of the same rate; it is turned and moved to go on where ``first`` ends.
        codec: leads its part of the body over the seam; without it everything is cross-faded.
        fade_s: seconds on either side of the seam that lean to the other side; what a codec makes of them
            fades out over as many more.

    Returns:
        The joined clip, as long as both, and what happens at its seam.

    Raises:
        BodyConfigError: if ``fade_s`` is no number of seconds.
    """
    if not 0 <= fade_s <= LONGEST_FADE_S:
        raise BodyConfigError(
            f"a seam cannot be faded over {fade_s} seconds", f"Choose 0 to {LONGEST_FADE_S:g} seconds."
        )
    seam, reach = len(first.poses), max(1, round(fade_s * first.fps))
    plain = cut(first, follow_on(first, second))
    faded = fade(plain, seam, reach)
    has_tokens = codec is not None and seam >= codec.model.config.frames_per_code
    made = _lead_over(plain, faded, seam, reach, codec) if codec and has_tokens else faded
    joints = list(codec.part.joints) if codec and codec.part.joints else list(range(len(body.JOINTS)))
    around = slice(max(0, seam - 2 * reach), seam + 2 * reach)
    step, of_cut, of_fade = (float(turn_degrees(clip, joints)[around].max()) for clip in (made, plain, faded))
    own = np.concatenate([turn_degrees(clip, joints).max(axis=1) for clip in (first, second)])
    return made, Seam(seam, step, of_cut, of_fade, float(np.percentile(own, 99.9)))


def follow_on(first: Clip, second: Clip) -> Clip:
    """Turn and move a clip over the ground so that it begins where another ends, facing the same way."""
    turn = rotations.from_axis_angle(np.array([0.0, _heading(first, -1) - _heading(second, 0), 0.0]))
    poses = second.poses.copy()
    root = rotations.from_axis_angle(poses[:, body.PELVIS])
    poses[:, body.PELVIS] = rotations.to_axis_angle(rotations.multiply(np.broadcast_to(turn, root.shape), root))
    trans = rotations.rotate(np.broadcast_to(turn, (len(poses), 4)), second.trans)
    trans[:, GROUND] += first.trans[-1, GROUND] - trans[0, GROUND]
    return dataclasses.replace(second, poses=poses, trans=trans)


def cut(first: Clip, second: Clip) -> Clip:
    """Put one clip right after another."""
    faces = [clip.expressions for clip in (first, second)]
    expressions = None
    if any(face is not None for face in faces):
        blank = [np.zeros((len(clip.poses), body.EXPRESSIONS)) for clip in (first, second)]
        expressions = np.concatenate([b if face is None else face for face, b in zip(faces, blank, strict=True)])
    return dataclasses.replace(
        first,
        poses=np.concatenate([first.poses, second.poses]),
        trans=np.concatenate([first.trans, second.trans]),
        expressions=expressions,
        notes=(*first.notes, *second.notes),
    )


def fade(plain: Clip, seam: int, reach: int) -> Clip:
    """Cross-fade around a seam: each side leans towards the other's end, half-way where they meet."""
    lean, other = _lean(len(plain.poses), seam, reach)
    turned = quaternions(plain, list(range(len(body.JOINTS))))
    shares = np.broadcast_to(lean[:, None], turned.shape[:2])
    expressions = plain.expressions
    return dataclasses.replace(
        plain,
        poses=rotations.to_axis_angle(rotations.slerp(turned, turned[other], shares)),
        trans=_mix(plain.trans, plain.trans[other], lean),
        expressions=None if expressions is None else _mix(expressions, expressions[other], lean),
    )


def turn_degrees(clip: Clip, joints: list[int]) -> Floats:
    """How far joints turn from each frame to the next, ``[T - 1, J]`` in degrees."""
    return np.asarray(np.degrees(np.linalg.norm(turn_vectors(quaternions(clip, joints)), axis=-1)))


def _lead_over(plain: Clip, faded: Clip, seam: int, reach: int, codec: BodyCodec) -> Clip:
    """Replace the codec's part around the seam by what it makes of leaning features."""
    per_code = codec.model.config.frames_per_code
    skipped = seam % per_code  # so that the seam lies between two tokens
    channels = codec.standard.apply(to_channels(plain, codec.part)).astype(np.float32)
    sides = [torch.from_numpy(side)[None].to(codec.device) for side in (channels[skipped:seam], channels[seam:])]
    latents = [codec.model.map2latent(side)[0].cpu().numpy() for side in sides]
    joined = np.concatenate(latents)
    lean, other = _lean(len(joined), len(latents[0]), -(-reach // per_code))
    leaning = _mix(joined, joined[other], lean).astype(np.float32)
    motion = codec.model.latent2origin(torch.from_numpy(leaning)[None].to(codec.device))[0].cpu().numpy()
    made = channels.astype(np.float64)
    made[skipped:] = motion[: len(channels) - skipped]
    led = from_channels(codec.standard.undo(made), codec.part, faded)
    return _between(plain, faded, led, seam, reach, codec)


def _between(plain: Clip, faded: Clip, led: Clip, seam: int, reach: int, codec: BodyCodec) -> Clip:
    """Take the codec's part from ``led`` near the seam and from ``plain`` away from it, and the rest from ``faded``."""
    away = np.abs(np.arange(len(plain.poses)) + 0.5 - seam)
    share = _ease(2 - away / reach)  # whole as far as features lean, then fading as far again
    joints, poses = list(codec.part.joints), faded.poses.copy()
    if joints:
        shares = np.broadcast_to(share[:, None], (len(share), len(joints)))
        turned = rotations.slerp(quaternions(plain, joints), quaternions(led, joints), shares)
        poses[:, joints] = rotations.to_axis_angle(turned)
    expressions = faded.expressions
    if codec.part.has_expressions and plain.expressions is not None and led.expressions is not None:
        expressions = _mix(plain.expressions, led.expressions, share)
    return dataclasses.replace(faded, poses=poses, expressions=expressions)


def _lean(length: int, seam: int, reach: int) -> tuple[Floats, NDArray[np.int64]]:
    """How far each frame leans to the other side's end, up to one half, and which frame that is."""
    frames = np.arange(length)
    lean = 0.5 * _ease(1 - (np.abs(frames + 0.5 - seam) - 0.5) / reach)
    return lean, np.where(frames < seam, seam, seam - 1)


def _mix(values: Floats, others: Floats, share: Floats) -> Floats:
    return np.asarray(values + (others - values) * share[:, None])


def _ease(share: Floats) -> Floats:
    s = np.clip(share, 0.0, 1.0)
    return np.asarray(s * s * (3 - 2 * s))


def _heading(clip: Clip, frame: int) -> float:
    """Which way the body faces, as a turn about Y in radians."""
    front = rotations.rotate(rotations.from_axis_angle(clip.poses[frame, body.PELVIS]), np.array([0.0, 0.0, 1.0]))
    return float(np.arctan2(front[0], front[2]))
