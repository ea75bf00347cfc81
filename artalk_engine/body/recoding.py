"""What can be done to clip files with a codec, for everyone who asks: Blender and the shell.

Each function reads files, writes one (all of it or nothing) and says what it cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from artalk_engine.devices import choose_device
from artalk_engine.errors import EngineError
from bridge import body
from bridge.clip import Clip, resampled, upright
from bridge.clip_file import load_clip, save_clip

from . import tokens as token_files
from .checkpoint import BodyCodec, bits_per_code, demonstration_path, load_codec
from .codec import prepare, recode
from .config import FADE_S, SPAN, BodyConfigError
from .joining import join
from .metrics import JointError, joint_error
from .smoothing import smooth

NAMED_JOINTS = 5  # of those that changed most
ACTIONS = ("detail", "compress", "decompress", "join", "smooth")


class OutputError(EngineError):
    """A file cannot be written where it was asked for."""

    code = "output"
    default_remedy = "Choose another name."


@dataclass(frozen=True)
class Recoded:
    """What was written.

    Attributes:
        path: the file.
        error: of the joints that changed; ``None`` where there is nothing to compare with.
        figures: more, by name.
        remarks: what to know about it, one sentence each.
    """

    path: Path
    error: JointError | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Of the file, bytes."""
        return self.path.stat().st_size


def recode_file(
    action: str,
    path: Path,
    out: Path,
    other: Path | None = None,
    layers: int = 0,
    smoothed: bool = False,
    checkpoint: Path | None = None,
    device: str = "auto",
) -> Recoded:
    """Do one of the things below, by name, to a file.

    Args:
        action: one of ``ACTIONS``.
        path: the clip, or the token file to decompress.
        out: the file to write, which must not exist yet.
        other: the clip that follows (join) or that tokens are put onto (decompress).
        layers: how many layers to listen to, 0 for all.
        smoothed: smooth what comes out of the codec.
        checkpoint: the codec's weights, ``None`` for the demonstration.
        device: where to compute.

    Raises:
        EngineError: if the codec, the tokens or the options cannot be used.
        ClipFileError: if a clip cannot be read or written.
    """
    if action not in ACTIONS:
        raise BodyConfigError(f"there is nothing called {action!r} to do with a clip", f"Ask for {', '.join(ACTIONS)}.")
    if action == "join" and other is None:
        raise BodyConfigError("joining needs a second clip", "Name the clip that follows.")
    check_output(out)
    if action == "smooth":
        return smooth_file(path, out)
    codec = load_codec(checkpoint or demonstration_path(), choose_device(device))
    if action == "join" and other is not None:
        return join_files(path, other, out, codec)
    if action == "compress":
        return compress(path, out, codec, layers)
    if action == "decompress":
        return decompress(path, out, codec, other, layers, smoothed)
    return detail(path, out, codec, layers, smoothed)


def detail(path: Path, out: Path, codec: BodyCodec, layers: int = 0, smoothed: bool = False) -> Recoded:
    """Send a clip through the codec; with few layers only the broad movement is left.

    Args:
        path: the clip; joints outside the codec's part stay as they are.
        out: the clip to write.
        codec: which codec.
        layers: how many layers to listen to, 0 for all.
        smoothed: smooth what comes out, as is good for it.

    Raises:
        EngineError: if the options cannot be used.
        ClipFileError: if the clip cannot be read or written.
    """
    clip = prepare(load_clip(path), codec)
    made = recode(clip, codec, layers)
    made = smooth(made, joints=codec.part.joints) if smoothed else made
    save_clip(out, made)
    error, figures = _compared(made, clip, codec.part.joints)
    return Recoded(out, error, figures, clip.notes)


def compress(path: Path, out: Path, codec: BodyCodec, layers: int = 0, keep_rest: bool = False) -> Recoded:
    """Write a clip as tokens.

    Args:
        path: the clip.
        out: the token file to write.
        codec: which codec.
        layers: how many layers to keep, 0 for all.
        keep_rest: keep all that the codec does not know as well, unchanged, which takes far more room.

    Raises:
        EngineError: if the options cannot be used.
        ClipFileError: if the clip cannot be read.
    """
    clip = prepare(load_clip(path), codec)
    packed = token_files.compress(clip, codec, layers, keep_rest)
    token_files.save_tokens(out, packed)
    error, figures = _compared(token_files.decompress(packed, codec, clip), clip, codec.part.joints)
    figures["token_bytes"] = token_files.pack(packed.codes, bits_per_code(packed.nb_code)).size
    figures["seconds"] = round(clip.seconds, 2)
    remarks = clip.notes
    if not keep_rest:
        remarks += (f"Only the body part {codec.part.name} is in it; give the clip itself again to decompress onto.",)
    return Recoded(out, error, figures, remarks)


def decompress(
    path: Path, out: Path, codec: BodyCodec, onto: Path | None = None, layers: int = 0, smoothed: bool = False
) -> Recoded:
    """Write tokens as a clip.

    Args:
        path: the token file.
        out: the clip to write.
        codec: the one that compressed it.
        onto: the clip that was compressed, or one as long: it gives what the tokens do not hold.
        layers: how many layers to listen to, 0 for all.
        smoothed: smooth what comes out, as is good for it.

    Raises:
        EngineError: if the tokens or the options cannot be used.
        ClipFileError: if a clip cannot be read or written.
    """
    packed = token_files.load_tokens(path)
    base = prepare(load_clip(onto), codec) if onto else None
    made = token_files.decompress(packed, codec, base, layers)
    made = smooth(made, joints=codec.part.joints) if smoothed else made
    save_clip(out, made)
    if base is not None:
        error, figures = _compared(made, base, codec.part.joints)
        return Recoded(out, error, figures, base.notes)
    alone = f"Only the body part {packed.part} moves: the rest was not in the file."
    return Recoded(out, None, {"frames": packed.frames}, () if packed.rest else (alone,))


def join_files(first: Path, second: Path, out: Path, codec: BodyCodec | None, fade_s: float = FADE_S) -> Recoded:
    """Write one clip after another, without a step at the seam.

    Args:
        first: a clip.
        second: the one that follows; it is turned and moved to go on where the first ends.
        out: the clip to write.
        codec: leads its part of the body over the seam; ``None`` cross-fades everything.
        fade_s: seconds on either side of the seam.

    Raises:
        EngineError: if the options cannot be used.
        ClipFileError: if a clip cannot be read or written.
    """
    before, after = load_clip(first), load_clip(second)
    if codec is None:
        before = upright(before)
        after = resampled(upright(after), before.fps)
    else:
        before, after = prepare(before, codec), prepare(after, codec)
    made, seam = join(before, after, codec, fade_s)
    save_clip(out, made)
    figures = {name: round(getattr(seam, name), 2) for name in ("step_deg", "cut_deg", "fade_deg", "usual_deg")}
    told = f"At the seam a joint turns {seam.step_deg:.1f} degrees a frame at most, {seam.cut_deg:.1f} without this."
    return Recoded(out, None, {"seam_frame": seam.frame, **figures}, (*dict.fromkeys(made.notes), told))


def smooth_file(path: Path, out: Path, span: int = SPAN) -> Recoded:
    """Smooth all rotations and the place of a clip; needs no codec.

    Args:
        path: the clip.
        out: the clip to write.
        span: frames in each fit, odd.

    Raises:
        EngineError: if the options cannot be used.
        ClipFileError: if the clip cannot be read or written.
    """
    clip = upright(load_clip(path))
    made = smooth(clip, span)
    save_clip(out, made)
    error, figures = _compared(made, clip, range(clip.poses.shape[1]))
    short = (f"It is shorter than {span} frames and stays as it is.",) if made is clip else ()
    return Recoded(out, error, figures, (*clip.notes, *short))


def check_output(out: Path, is_forced: bool = False) -> Path:
    """Refuse an output before anything is computed.

    Args:
        out: the file to write; returned.
        is_forced: whether a file that exists may be replaced.

    Raises:
        OutputError: if it exists, or its folder does not.
    """
    if not out.parent.is_dir():
        raise OutputError(f"{out}: its folder does not exist", "Create the folder, or choose another.")
    if out.is_dir() or (out.exists() and not is_forced):
        raise OutputError(f"{out}: this exists already", "Choose another name, or give --force to replace a file.")
    return out


def _compared(made: Clip, original: Clip, joints: Sequence[int]) -> tuple[JointError | None, dict[str, Any]]:
    """What became of the joints, and figures of the whole."""
    figures: dict[str, Any] = {"frames": len(made.poses)}
    if apart := float(np.linalg.norm(made.trans - original.trans, axis=1).max()):
        figures["place_cm"] = round(100 * apart, 2)
    if not joints:
        return None, figures
    error = joint_error(made, original, joints)
    order = np.argsort(-error.joints)[:NAMED_JOINTS]
    figures["most_changed_deg"] = {body.JOINTS[joints[k]]: round(float(error.joints[k]), 2) for k in order}
    return error, figures
