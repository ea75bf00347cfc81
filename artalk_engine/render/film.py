"""Films of a speaking head: motion in, a file with pictures and sound out, in a few pictures' memory.

motion, 25 a second ─► retimed ─► vertices ─► pictures ─┐
                         │                              ├─► .mp4, or .gif, .webp, a folder of PNGs without sound
sound ───────────────────┼──────────────────────────────┘
                         └─► .glb, the moving head itself
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from artalk_engine.audio.recording import Recording
from artalk_engine.audio.waveform import check_waveform
from artalk_engine.errors import AudioMissingError, OptionError, OutputError, RigMismatchError
from bridge.motion import CHANNELS
from bridge.motion_file import MotionFile

from .animation import write_gif, write_webp
from .camera import CAMERAS, CameraName
from .gltf import write_gltf
from .heads import Head
from .mesh import Bytes, Look, RenderMesh, check_size
from .outputs import check_output
from .pictures import write_pictures
from .retiming import Motion, Retimer, check_fps
from .soundtrack import Audio
from .take_pictures import TakePictures
from .video import write_video

Array = npt.NDArray[Any] | torch.Tensor
Motions = Array | MotionFile | Iterable[Array]

TOGETHER = 16  # pictures drawn together, which keeps all threads busy
PIECE = 250  # frames of a motion that become vertices together
GLTF = ".glb"
ENDINGS = (".mp4", ".gif", ".webp", GLTF, "")
FASTEST_GIF = 50  # browsers show what is faster more slowly


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """How a film is to look.

    Attributes:
        size: pixels of square pictures, or height and width.
        fps: pictures a second.
        camera: ``"front"`` or ``"three-quarter"``.
        antialias: samples a pixel in each direction; 1 is none, as in ARTalk's picture.
        colours: ``"regions"`` gives eyes, lips, teeth and hair their own where the head knows them, ``"plain"``
            gives one colour to all of it, as ARTalk does.
        is_forced: replace what is there.
        threads: of the processor; None is all that this process may use.
    """

    size: int | tuple[int, int] = 512
    fps: Fraction | float = 25
    camera: CameraName = "front"
    antialias: int = 2
    colours: Literal["regions", "plain"] = "regions"
    is_forced: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        check_size(self.size)
        check_fps(self.fps)
        Look(antialias=self.antialias)
        if self.camera not in CAMERAS:
            raise OptionError(f"there is no camera {self.camera!r}", f"Choose {' or '.join(CAMERAS)}.")
        if self.colours not in ("regions", "plain"):
            raise OptionError(f"colours are regions or plain, not {self.colours!r}", "Choose one of them.")


def check_film(path: Path, options: FilmOptions) -> None:
    """Make sure, before anything is computed, that a film can be written.

    Raises:
        OutputError: if its name has no known ending, its folder is missing, or it exists and is not to be replaced.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise OutputError(
            f"a film's name ends in .mp4, .gif, .webp or .glb, not in {path.suffix}",
            "Choose such a name, or one without an ending for a folder of PNG pictures.",
        )
    if ending == ".gif" and check_fps(options.fps) > FASTEST_GIF:
        raise OptionError(f"a GIF has at most {FASTEST_GIF} pictures a second", "Choose a lower rate.")
    if ending == ".mp4" and any(side % 2 for side in check_size(options.size)):
        raise OptionError(
            f"a film in MP4 has even sides, not {options.size}", "Choose an even size, or another format."
        )
    check_output(path, options.is_forced)


def make_film(
    path: Path,
    motions: Motions,
    head: Head,
    audio: Array | Recording | Path | str | None = None,
    options: FilmOptions | None = None,
    betas: torch.Tensor | None = None,
    on_picture: Callable[[Bytes | None], object] = lambda _: None,
) -> int:
    """Film a motion.

    Args:
        path: ``.mp4``, ``.gif`` or ``.webp``, a folder for PNG pictures, or ``.glb`` for the moving head itself, which
            has neither size nor camera; whole or not there at all.
        motions: ``[T, 106]`` at 25 Hz, a motion file's content, or such pieces one after the other.
        head: what moves.
        audio: a file, a recording or a mono waveform ``[S]`` at 16 kHz, heard from the first picture on; None is
            silence. Only MP4 has sound.
        options: how it is to look.
        betas: the head's identity, ``[1, 300]``.
        on_picture: called after each picture with it, ``[H, W, 3]``, or None where only motion is written.

    Returns:
        The number of pictures, or of frames of a moving head.

    Raises:
        OptionError: if motion, size, rate or camera make no sense.
        OutputError: if the film exists already or cannot be written.
        RigMismatchError: if a motion file speaks to another head.
        AudioError: if the sound cannot be used.
    """
    options = options or FilmOptions()
    check_film(path, options)
    sound, fps = _sound(audio), check_fps(options.fps)
    frames = _retimed(_pieces(motions, head.rig), Retimer(options.fps))
    if path.suffix.lower() == GLTF:
        return write_gltf(path, frames, fps, head, betas, lambda: on_picture(None))
    return _write(path, _counted(_pictures(frames, head, options, betas), on_picture), fps, sound)


def film_take(
    path: Path,
    take: TakePictures,
    audio: Array | Recording | Path | str | None = None,
    options: FilmOptions | None = None,
    on_picture: Callable[[Bytes | None], object] = lambda _: None,
) -> int:
    """Film a take that is drawn elsewhere, each of its pictures once; for the rest see `make_film`.

    Args:
        path: of the film, any but ``.glb``.
        take: as many pictures a second as the film has.
        audio: its sound.
        options: rate, and whether to replace what is there; the size is the take's.
        on_picture: called after each picture with it.

    Returns:
        The number of pictures.
    """
    options = dataclasses.replace(options or FilmOptions(), size=take.size)
    check_film(path, options)
    sound = _sound(audio)
    return _write(path, _counted(_drawn(take), on_picture), check_fps(options.fps), sound)


def retimed_motion(motions: Motions, rig: str, fps: Fraction | float) -> Motion:
    """Return all of a motion ``[T, 106]`` at a film's rate.

    Raises:
        OptionError: if it has no frames, another shape, or values that are no numbers.
        RigMismatchError: if a motion file speaks to another rig.
    """
    return np.concatenate(list(_retimed(_pieces(motions, rig), Retimer(fps))))


def _drawn(take: TakePictures) -> Iterator[Bytes]:
    step = take.together  # of the beginning: where memory runs out, a take is drawn in smaller groups from then on
    for first in range(0, take.frames, step):
        yield from take.draw(range(first, min(first + step, take.frames)))


def _write(path: Path, pictures: Iterator[Bytes], fps: Fraction, sound: Audio | None) -> int:
    match path.suffix.lower():
        case ".mp4":
            return write_video(path, pictures, fps, sound)
        case ".gif":
            return write_gif(path, pictures, fps)
        case ".webp":
            return write_webp(path, pictures, fps)
        case _:
            return write_pictures(path, pictures)


def _pictures(
    motion: Iterable[Motion], head: Head, options: FilmOptions, betas: torch.Tensor | None
) -> Iterator[Bytes]:
    look = Look(camera=CAMERAS[options.camera], antialias=options.antialias)
    if options.colours == "regions" and head.colours is not None:
        look = dataclasses.replace(look, colours=head.colours)
    renderer = RenderMesh(options.size, head.flame.get_faces(), head.flame.scale, look, options.threads)
    for rows in _together(motion):
        yield from renderer.pictures(head.vertices(rows, betas))


def _retimed(motion: Iterable[Motion], retimer: Retimer) -> Iterator[Motion]:
    for piece in motion:
        yield retimer.push(piece)
    rest = retimer.finish()
    if not retimer.given:
        raise OptionError("the motion has no frames", "Give at least one frame.")
    yield rest


def _together(motion: Iterable[Motion]) -> Iterator[Motion]:
    """Cut motion into pieces of `TOGETHER` frames, the last one shorter."""
    held = np.zeros((0, CHANNELS), np.float32)
    for piece in motion:
        held = np.concatenate([held, piece])
        whole = len(held) - len(held) % TOGETHER
        yield from (held[start : start + TOGETHER] for start in range(0, whole, TOGETHER))
        held = held[whole:]
    if len(held):
        yield held


def _counted(pictures: Iterator[Bytes], on_picture: Callable[[Bytes], object]) -> Iterator[Bytes]:
    for picture in pictures:
        yield picture
        on_picture(picture)


def _pieces(motions: Motions, rig: str) -> Iterator[Motion]:
    """Give a motion in small pieces; what is known of it is checked at once."""
    if isinstance(motions, MotionFile):
        if motions.rig not in (rig, ""):
            raise RigMismatchError("this motion", motions.rig, rig)
        motions = motions.motion
    if not isinstance(motions, np.ndarray | torch.Tensor):
        return map(_checked, motions)
    motion = _checked(motions)
    return (motion[start : start + PIECE] for start in range(0, len(motion), PIECE))


def _checked(motion: Array) -> Motion:
    rows = motion.detach().cpu().numpy() if isinstance(motion, torch.Tensor) else np.asarray(motion)
    if rows.ndim != 2 or rows.shape[1] != CHANNELS or rows.dtype.kind not in "fiu":
        raise OptionError(
            f"a motion has shape [T, {CHANNELS}], and this one is {rows.dtype} {list(rows.shape)}",
            "Give what inference returns.",
        )
    if not np.isfinite(rows).all():
        raise OptionError("the motion holds values that are no numbers", "Make the motion again.")
    return np.ascontiguousarray(rows, np.float32)


def _sound(audio: Array | Recording | Path | str | None) -> Audio | None:
    if isinstance(audio, torch.Tensor | np.ndarray):
        return check_waveform(audio)
    sound = Path(audio) if isinstance(audio, str) else audio
    path = sound.path if isinstance(sound, Recording) else sound
    if path is not None and not path.is_file():
        raise AudioMissingError(f"There is no sound file {path}.")
    return sound
