"""Films of avatars: at any rate and size, with their sound, marked as synthetic in the picture and in the file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from artalk_engine.audio.recording import Recording
from artalk_engine.errors import OptionError
from artalk_engine.face.flame import FLAMEModel
from artalk_engine.render.film import Array, FilmOptions, Motions, film_take, retimed_motion
from artalk_engine.render.mesh import Bytes, check_size

from .gagavatar import GAGAvatar
from .look import AvatarLook

FILM_LOOK = AvatarLook(is_marked=True)


def check_avatar_film(path: Path, options: FilmOptions) -> None:
    """Make sure that what is asked for can be had of an avatar, which has one side and no mesh.

    Raises:
        OptionError: if it cannot.
    """
    height, width = check_size(options.size)
    if height != width:
        raise OptionError(f"an avatar's picture is square, not {width} x {height}", "Choose one side, such as 512.")
    if options.camera != "front":
        raise OptionError(f"an avatar is seen from the front, not {options.camera}", "Choose the front, or the mesh.")
    if path.suffix.lower() == ".glb":
        raise OptionError("an avatar is no mesh that .glb could hold", "Choose a film, such as .mp4, or the mesh.")


def film_avatar(
    path: Path,
    motions: Motions,
    avatar: GAGAvatar,
    flame: FLAMEModel,
    audio: Array | Recording | Path | str | None = None,
    options: FilmOptions | None = None,
    look: AvatarLook = FILM_LOOK,
    on_picture: Callable[[Bytes | None], object] = lambda _: None,
) -> int:
    """Film the avatar that is chosen; for what is not said here see ``render.film.make_film``.

    Args:
        path: of the film.
        motions: of FLAME's rig, at 25 Hz.
        avatar: whom to film.
        flame: the head's model, of any scale.
        audio: its sound.
        options: size, rate, and whether to replace what is there.
        look: quality, turn, and whether to mark the pictures; the size is the film's.
        on_picture: called after each picture with it; raises to stop.

    Returns:
        The number of pictures.

    Raises:
        OptionError: if the film is to show what an avatar cannot.
        RigMismatchError: if the motion is for another rig.
    """
    options = options or FilmOptions()
    check_avatar_film(path, options)
    look = dataclasses.replace(look, size=check_size(options.size)[0])
    motion = retimed_motion(motions, avatar.rig, options.fps)
    return film_take(path, avatar.take(motion, flame, look, float(options.fps)), audio, options, on_picture)
