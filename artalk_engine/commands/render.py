"""``render``: a film of the speaking head, from a sound or from a motion file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artalk_engine.config import BUILTIN_RIG, FLAME_RIG
from artalk_engine.console import progress, say
from artalk_engine.environment import needed_packages
from artalk_engine.errors import RigMismatchError
from bridge.motion_file import MotionFile, load_motion

from . import avatar as avatars
from .common import explain, load
from .speaking import add_sound_options, add_take_options, changes_of, recording_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artalk_engine.audio.recording import Recording
    from artalk_engine.render.film import FilmOptions, Motions
    from artalk_engine.render.heads import Head

MOTION_ENDINGS = (".npz", ".json", ".csv", ".pt", ".pth")


@dataclass(frozen=True)
class Film:
    """What ``render`` reports."""

    output: str
    frames: int
    duration_s: float
    fps: float
    rig: str
    avatar: str  # "" is the mesh
    elapsed_s: float


@dataclass(frozen=True)
class Scene:
    """What to film: motion ``[T, 106]`` in one piece or several, its length if known, its head and its sound."""

    motion: MotionFile | Iterable[NDArray[np.float32]]
    frames: int | None
    head: Head
    sound: Recording | None


EXAMPLES = """examples:
  artalk render speech.wav -o film.mp4
  artalk render motion.npz --sound speech.wav -o film.mp4 --size 1280x720 --camera three-quarter
  artalk render speech.wav -o pictures --fps 24          a folder of PNG pictures
  artalk render speech.wav -o head.glb                   the moving head itself, for 3-D programs
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be said about the film, and about the sound and the take if there is no motion yet."""
    parser.set_defaults(command=run)
    explain(parser, EXAMPLES)
    parser.add_argument("input", type=Path, metavar="AUDIO|MOTION", help="sound file of one speaker, or motion file")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=".mp4, without sound .gif, .webp or a folder for PNG pictures, or the moving head itself as .glb "
        "(default: the input's name)",
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace a film that exists")
    film = parser.add_argument_group("film")
    add_film_options(film)
    film.add_argument("--sound", type=Path, metavar="FILE", help="of a motion file (default: its own, if beside it)")
    avatars.add_film_options(parser.add_argument_group("avatar"))
    add_sound_options(parser.add_argument_group("sound"))
    add_take_options(parser.add_argument_group("take"))


def add_film_options(film: argparse._ArgumentGroup) -> None:
    """Add how a film is to look."""
    film.add_argument("--size", type=size, default=512, metavar="N", help="pixels, or WIDTHxHEIGHT (default: 512)")
    film.add_argument("--fps", type=rate, default=Fraction(25), metavar="X", help="pictures a second (default: 25)")
    film.add_argument("--camera", choices=("front", "three-quarter"), default="front", help="view (default: front)")
    film.add_argument(
        "--antialias",
        type=int,
        default=2,
        metavar="N",
        help="samples a pixel in each direction (default: 2; 1 is quicker, with jagged edges)",
    )
    film.add_argument(
        "--colours", choices=("regions", "plain"), default="regions", help="of eyes, lips, hair, or one for all"
    )
    film.add_argument("--head", type=Path, metavar="FILE", help="FLAME file (default: the one in the model's folder)")


def size(text: str) -> int | tuple[int, int]:
    """Read ``512`` or ``640x480`` as the side of a square, or as height and width."""
    sides = [int(side) for side in text.lower().split("x")]
    if len(sides) > 2:
        raise argparse.ArgumentTypeError(f"{text} is no size")
    return sides[0] if len(sides) == 1 else (sides[1], sides[0])


def rate(text: str) -> Fraction:
    """Read a rate such as ``30``, ``29.97`` or ``30000/1001``."""
    try:
        return Fraction(text)
    except ZeroDivisionError as exc:
        raise argparse.ArgumentTypeError(f"{text} is no rate") from exc


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Film what the options name; what can be refused is refused before a model is loaded."""
    with needed_packages():
        from artalk_engine.render.film import check_film
        from artalk_engine.render.retiming import check_fps, frames_at

    options = avatars.with_model(options)
    output, look = options.output or Path(options.input.with_suffix(".mp4").name), look_of(options)
    check_film(output, look)
    changes_of(options)  # refuses what makes no sense
    draw = film_maker(output, look, options)
    begun, fps = time.monotonic(), check_fps(look.fps)
    scene = _given(options) if options.input.suffix.lower() in MOTION_ENDINGS else _spoken(options)
    expected = frames_at(scene.frames, fps) if scene.frames else 0
    with progress(options, "Filming", expected, "picture") as bar:
        made = draw(output, scene.motion, scene.head, scene.sound, look, on_picture=lambda _: bar.advance())
    took_s = round(time.monotonic() - begun, 3)
    seconds, a_second = round(float(made / fps), 3), round(float(fps), 3)
    return asdict(Film(str(output), made, seconds, a_second, scene.head.rig, options.avatar, took_s))


def film_maker(path: Path, look: FilmOptions, options: argparse.Namespace) -> Callable[..., int]:
    """Return what films the mesh, or in its place the avatar that the options name, known to be there."""
    from artalk_engine.render.film import make_film

    if not options.avatar:
        return make_film
    from artalk_engine.avatar.files import read_avatar
    from artalk_engine.avatar.filming import check_avatar_film, film_avatar

    files = avatars.find_files(options)
    read_avatar(files, options.avatar)
    check_avatar_film(path, look)

    def film(path: Path, motion: Motions, head: Head, sound: Recording | None, look: FilmOptions, **told: Any) -> int:
        if head.rig != FLAME_RIG:
            raise RigMismatchError("this motion", head.rig, FLAME_RIG)
        avatar = avatars.load_avatar(options, files)
        made = film_avatar(path, motion, avatar, head.flame, sound, look, avatars.look_of(options), **told)
        if avatar.notice:
            say(avatar.notice)
        return made

    return film


def look_of(options: argparse.Namespace) -> FilmOptions:
    """Return how a film is to look, as the options say."""
    from artalk_engine.render.film import FilmOptions

    return FilmOptions(
        size=options.size,
        fps=options.fps,
        camera=options.camera,
        antialias=options.antialias,
        colours=options.colours,
        is_forced=options.force,
        threads=options.threads or None,
    )


def _spoken(options: argparse.Namespace) -> Scene:
    """Let the model speak a sound; its motion is made while the film is."""
    from artalk_engine.audio.windows import frame_count
    from artalk_engine.render.heads import load_head

    recording = recording_of(options.input, options)
    engine, _ = load(options)
    length = recording.length
    head = load_head(engine.rig, options.head) if options.head else engine.head
    frames = None if length is None else frame_count(length)
    return Scene(engine.stream(recording, **changes_of(options)), frames, head, recording)


def _given(options: argparse.Namespace) -> Scene:
    """Take a motion file; no voice is needed for that."""
    from artalk_engine.render.heads import load_head

    contents = load_motion(options.input)
    rig, flame = _rig_and_flame(contents.rig, options)
    head = load_head(rig, flame)
    return Scene(contents, len(contents.motion), head, _sound_of(contents, options))


def _rig_and_flame(rig: str, options: argparse.Namespace) -> tuple[str, Path | None]:
    """Say whose motion a file holds, as itself or the model says, and where FLAME's file is, if anywhere."""
    from artalk_engine.checkpoints import read_config
    from artalk_engine.model_folder import find_model

    if not options.model:
        return rig or (FLAME_RIG if options.head else BUILTIN_RIG), options.head
    files = find_model(Path(options.model))
    return read_config(files, rig=rig or None).rig, options.head or files.flame


def _sound_of(contents: MotionFile, options: argparse.Namespace) -> Recording | None:
    """Find the sound that a motion was made from."""
    beside = options.input.with_name(Path(contents.audio).name or options.input.name)
    if options.sound or (contents.audio and beside.is_file()):
        return recording_of(options.sound or beside, options)
    say("This film is silent; --sound names a sound for it.")
    return None
