"""Pictures of a take while it is edited, and films of it: from Blender's words to somebody who draws.

Whom to draw is loaded once and kept; the motion is new after each edit. Pictures go into the file that Blender keeps
in memory, the most urgent first, and drawing stops between two of them as soon as others are wished for.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import numpy as np
import numpy.typing as npt

from artalk_engine.audio.recording import Recording
from artalk_engine.config import FLAME_RIG
from artalk_engine.errors import AssetMissingError, EngineError, OptionError, RigMismatchError
from artalk_engine.render.film import FilmOptions, film_take
from artalk_engine.render.heads import Head, load_head, read_betas
from artalk_engine.render.mesh_pictures import MeshPainter
from artalk_engine.render.take_pictures import TakePictures
from bridge.messages import MESH, QUALITIES, Film, Portrayal, Preview
from bridge.picture_map import PictureMap

if TYPE_CHECKING:
    from artalk_engine.avatar.gagavatar import GAGAvatar
    from artalk_engine.avatar.look import Quality, Turn
    from artalk_engine.precision import Precision

Motion = npt.NDArray[np.float32]
Tell = Callable[[str, int, int], None]  # a stage, and so many of so many steps of it; raises to stop
T = TypeVar("T")
log = logging.getLogger(__name__)

LOADING, PREPARING, FILMING = "Loading the head", "Preparing the avatar", "Filming"  # stages
BATCH_S = 0.05  # to draw for before looking up again
LARGEST_BATCH = 16
LONGEST_PAUSE_S = 1.0


class Studio:
    """Draws takes, and keeps what it needs for that."""

    def __init__(self) -> None:
        self._heads: _Kept[Head] = _Kept(2)
        self._painters: _Kept[MeshPainter] = _Kept(2)  # two qualities, or two identities
        self._avatars: _Kept[GAGAvatar] = _Kept(1)
        self._takes: _Kept[TakePictures] = _Kept(2)
        self._maps: _Kept[PictureMap] = _Kept(1)

    def draw(
        self,
        asked: Preview,
        on_picture: Callable[[int], None],
        tell: Tell,
        is_crowded: Callable[[], bool] = lambda: False,
        remark: Callable[[str], None] = lambda _: None,
    ) -> int:
        """Draw the pictures that are wished for.

        Args:
            asked: which, and where they go.
            on_picture: called with the number of each frame whose picture is there; raises to stop.
            tell: called with what takes time before the first picture.
            is_crowded: whether somebody else needs the processor, who then is left every second moment.
            remark: called with what whoever looks at the pictures has to know.

        Returns:
            How many pictures were drawn.

        Raises:
            EngineError: if whom to draw cannot be loaded, or the motion cannot be drawn.
            PictureMapError: if the pictures cannot be handed over.
        """
        pictures = self.pictures(asked, tell)
        out = self._maps.get(asked.pictures, lambda: PictureMap.open(Path(asked.pictures)))
        wishes = list(zip(asked.frames.tolist(), asked.slots.tolist(), asked.stamps.tolist(), strict=True))
        if any(not 0 <= frame < pictures.frames for frame, _, _ in wishes):
            raise OptionError(f"the motion has {pictures.frames} frames, and others were wished for")
        said, done, batch = "", 0, pictures.at_least  # the playhead's own picture first, and alone if that is quicker
        while done < len(wishes):
            begun, some = time.monotonic(), wishes[done : done + batch]
            for (frame, slot, stamp), picture in zip(some, pictures.draw([wish[0] for wish in some]), strict=True):
                out.write(slot, stamp, picture)
                on_picture(frame)
            if pictures.notice != said:
                remark(said := pictures.notice)
            took_s, done = time.monotonic() - begun, done + len(some)
            batch = min(2 * batch, LARGEST_BATCH) if took_s < BATCH_S else max(batch // 2, pictures.at_least)
            if is_crowded():
                time.sleep(min(took_s, LONGEST_PAUSE_S))
        return done

    def film(self, asked: Film, tell: Tell, remark: Callable[[str], None] = lambda _: None) -> int:
        """Write a film with a picture for every row of a motion; return how many there are.

        Args:
            asked: what to film, and where it goes.
            tell: called with how far it is.
            remark: called with what whoever looks at the film has to know.

        Raises:
            EngineError: if it cannot be drawn or written.
        """
        pictures, done = self.pictures(asked, tell), 0

        def on_picture(_: object) -> None:
            nonlocal done
            done += 1
            tell(FILMING, done, pictures.frames)

        sound = Recording(Path(asked.audio), asked.start_s) if asked.audio else None
        options = FilmOptions(size=pictures.size, fps=asked.rate_hz, is_forced=asked.is_forced)
        made = film_take(Path(asked.out), pictures, sound, options, on_picture)
        if pictures.notice:
            remark(pictures.notice)
        return made

    def pictures(self, asked: Portrayal, tell: Tell) -> TakePictures:
        """Return a take that is ready to be drawn."""
        is_marked = isinstance(asked, Film) and asked.watermark
        key = (asked.motion, asked.rate_hz, is_marked, *_who(asked))
        return self._takes.get(key, lambda: self._take(asked, is_marked, tell))

    def _take(self, asked: Portrayal, is_marked: bool, tell: Tell) -> TakePictures:
        motion = read_rows(Path(asked.motion))
        if asked.portrait == MESH:
            return self._painter(asked, tell).take(motion)
        from artalk_engine.avatar.look import AvatarLook

        quality, turn = cast("Quality", asked.quality), cast("Turn", asked.turn)
        look = AvatarLook(quality, QUALITIES[quality], turn, is_marked=is_marked)
        return self._avatar(asked, tell).take(motion, self._head(asked).flame, look, asked.rate_hz)

    def _head(self, asked: Portrayal) -> Head:
        path = Path(asked.head) if asked.head else None
        return self._heads.get((asked.rig, asked.head), lambda: load_head(asked.rig, path))

    def _painter(self, asked: Portrayal, tell: Tell) -> MeshPainter:
        def load() -> MeshPainter:
            tell(LOADING, 0, 0)
            betas = read_betas(asked.betas) if asked.betas.size else None
            return MeshPainter(self._head(asked), betas, QUALITIES[asked.quality], is_smooth=asked.quality == "full")

        return self._painters.get(_who(asked), load)

    def _avatar(self, asked: Portrayal, tell: Tell) -> GAGAvatar:
        from artalk_engine.avatar.files import find_avatar
        from artalk_engine.avatar.gagavatar import GAGAvatar

        if asked.rig != FLAME_RIG:
            raise RigMismatchError("the take", asked.rig, FLAME_RIG)
        files = find_avatar(Path(asked.model) if asked.model else None)

        def load() -> GAGAvatar:
            tell(PREPARING, 0, 0)
            precision = cast("Precision", asked.precision)  # which the avatar checks
            return GAGAvatar(files.weights, files.tracked, device=asked.device, precision=precision)

        avatar = self._avatars.get((files, asked.device, asked.precision), load)
        if avatar.avatar_id != asked.portrait:
            avatar.set_avatar_id(asked.portrait, lambda done, total: tell(PREPARING, done, total))
        return avatar


def avatar_names(model: str) -> tuple[str, ...]:
    """Name the avatars that can be drawn with what lies in a model's folder; none where something is missing."""
    from artalk_engine.avatar.files import avatar_ids, find_avatar

    try:
        return avatar_ids(find_avatar(Path(model) if model else None))
    except AssetMissingError:
        return ()
    except EngineError:
        log.exception("the avatars in %s cannot be listed", model)
        return ()


class _Kept(Generic[T]):
    """The things that were used last."""

    def __init__(self, most: int) -> None:
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._most = most

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return a thing, which is made if it is not there."""
        if key not in self._things:
            self._things[key] = make()
        self._things.move_to_end(key)
        while len(self._things) > self._most:
            self._things.popitem(last=False)
        return self._things[key]


def read_rows(path: Path) -> Motion:
    """Read the motion that Blender has written.

    Raises:
        OptionError: if that is no array.
    """
    try:
        rows: Motion = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as exc:
        raise OptionError(f"the motion {path} cannot be read ({exc})", "Open the preview anew.") from exc
    return rows


def _who(asked: Portrayal) -> tuple[Hashable, ...]:
    return (
        asked.portrait, asked.rig, asked.head, asked.betas.tobytes(), asked.quality, asked.turn, asked.model,
        asked.device, asked.precision,
    )  # fmt: skip
