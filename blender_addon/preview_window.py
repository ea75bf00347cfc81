# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview's window: an Image Editor beside the playhead, fed from a timer.

Blender keeps windows and images in files and in its undo history. The window is known by a mark on its screen, never
by a reference, and the image is taken out of the way while a file is saved, so that none holds an old picture.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import bpy
import numpy as np
from bpy.app.handlers import persistent
from numpy.typing import NDArray

from bridge.errors import BridgeError
from bridge.messages import MESH

from . import jobs, notices
from .engine_process import engine
from .errors import AddonError, PreviewError
from .preferences import engine_python, preview_memory_bytes
from .preview.film import FilmJob
from .preview.session import Pixels, PreviewSession
from .preview.settings import portrait_of
from .translations import translated

IMAGE = "ARTalk Preview"
MARK = "artalk_preview"  # on the screen of the preview's window
TICK_S = 0.02
LOOK_S = 2.0  # between two looks at the curves while Blender tells of no change, for scripts that keep theirs secret
SHOWN = ("ACTION", "OBJECT", "KEY", "ARMATURE", "SCENE")  # kinds of data whose changes may show in a picture
DIMMED = 0.45  # of a picture that is not the playhead's

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """What the panel and the window's header say.

    Attributes:
        done: frames with a picture.
        total: frames of the take.
        text: what is going on, one line.
        remark: what to know about the pictures, ``""`` for nothing.
        problem: why nothing is drawn, ``""`` if it is.
    """

    done: int = 0
    total: int = 0
    text: str = ""
    remark: str = ""
    problem: str = ""

    @property
    def factor(self) -> float:
        """Which part of the pictures is there."""
        return self.done / self.total if self.total else 0.0


@dataclass(eq=False)
class _Open:
    """An open preview."""

    session: PreviewSession
    state: State = State()
    shown: tuple[int, float] | None = None  # stamp and brightness of what the image holds
    picture: Pixels | None = None  # the last one that was shown bright
    look_at: float = 0.0  # the curves at this time at the latest; 0 is at once
    asked: tuple[str, ...] = ()  # whom to show and how, at the last look
    fits: bool = False


_open: _Open | None = None


def is_open() -> bool:
    """Return whether there is a preview."""
    return _open is not None


def state() -> State:
    """Return what to say about the preview."""
    return _open.state if _open is not None else State()


def open_window(context: bpy.types.Context) -> None:
    """Open a window with the take that plays; does nothing if there is one.

    Raises:
        PreviewError: if Blender opens none.
    """
    global _open
    if _open is not None:
        return
    before = set(context.window_manager.windows)
    bpy.ops.wm.window_new()
    made = next((window for window in context.window_manager.windows if window not in before), None)
    if made is None:
        raise PreviewError("Blender did not open a window.", "Close other windows, and try again.")
    made.screen[MARK] = True
    area = made.screen.areas[0]
    area.ui_type = "IMAGE_EDITOR"
    space = area.spaces.active
    space.show_region_toolbar = space.show_region_ui = False
    _open = _Open(PreviewSession(engine, preview_memory_bytes(context)))
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)


def close() -> None:
    """End the preview, its window and its files; does nothing without one."""
    global _open
    ended, _open = _open, None
    if ended is None:
        return
    ended.session.close()
    _close_windows()
    _remove_image()
    notices.redraw()


def retry() -> None:
    """Try once more what could not be drawn."""
    if _open is not None:
        _open.session.retry()


def tick() -> float | None:
    """Go on with the preview; called by Blender's timer, which an exception would end."""
    if _open is None:
        return None
    try:
        return _advance(_open)
    except Exception:  # whatever it is, Blender goes on without the preview
        log.exception("the preview ended in an unexpected error")
        close()
        return None


def _advance(preview: _Open) -> float | None:
    windows = _windows()
    if not windows:  # the user has closed it
        close()
        return None
    if bpy.app.is_job_running("RENDER"):
        return TICK_S
    with bpy.context.temp_override(window=windows[0]):
        _draw_on(preview, bpy.context)
        _show(preview, bpy.context.scene, windows[0])
    return TICK_S


def _draw_on(preview: _Open, context: bpy.types.Context) -> None:
    """Look at the take, and have drawn what is missing."""
    session, settings = preview.session, context.scene.artalk_preview
    problem = ""
    try:
        asked = portrait_of(settings), settings.quality, settings.turn
        if time.monotonic() >= preview.look_at or asked != preview.asked:
            preview.asked = asked
            is_over = session.update(context, portrait_of(settings), settings.quality)
            preview.look_at = time.monotonic() + LOOK_S if is_over else 0.0
        if not isinstance(jobs.current(), FilmJob):  # which is drawn by the same hand
            _keep_engine(session, context)
            session.ask(context.scene.frame_current, _is_playing())
    except (AddonError, BridgeError) as exc:
        problem = f"{exc} {exc.remedy}".strip()
    done, total = session.counts
    text = session.stage or (f"{done} of {total} drawn" if total else "Reading the curves")
    new = State(done, total, text, session.remark, problem or session.problem)
    if new != preview.state:
        preview.state = new
        notices.redraw()
        for window in _windows():
            window.screen.areas[0].tag_redraw()


def _keep_engine(session: PreviewSession, context: bpy.types.Context) -> None:
    """Have the engine run where there is something to draw; one that a job waits for is the job's to mend."""
    done, total = session.counts
    if done < total and not session.problem and not engine.is_running and jobs.current() is None:
        engine.start(engine_python(context))


def _is_playing() -> bool:
    return any(window.screen.is_animation_playing for window in bpy.context.window_manager.windows)


def _show(preview: _Open, scene: bpy.types.Scene, window: bpy.types.Window) -> None:
    """Show the playhead's picture, or the one before it dimmed while that is not there."""
    frame = scene.frame_current
    picture, brightness = preview.session.picture(frame), 1.0
    wanted = (preview.session.stamp(frame), brightness)
    if picture is None:
        picture, brightness = preview.picture, DIMMED
        wanted = ((preview.shown or wanted)[0], brightness)
    area = next((area for area in window.screen.areas if area.type == "IMAGE_EDITOR"), None)
    if picture is None or area is None:
        return
    image = _image(picture.shape)
    if area.spaces.active.image != image:
        area.spaces.active.image = image
        preview.shown, preview.fits = None, False
    if wanted == preview.shown:
        return
    image.pixels.foreach_set(as_pixels(picture, brightness))
    image.update()
    area.tag_redraw()
    preview.shown = wanted
    preview.picture = picture if picture is preview.picture else picture.copy()  # its slot may be given away
    preview.fits = preview.fits or _fit(window, area)


def as_pixels(picture: Pixels, brightness: float = 1.0) -> NDArray[np.float32]:
    """Return a picture ``[H, W, 3]`` as an image's pixels: RGBA from 0 to 1, the lowest row first."""
    rgba = np.full((*picture.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = picture[::-1]
    pixels = rgba.astype(np.float32)  # all of it at once: four times as quick as colour by colour
    pixels *= np.float32(brightness / 255)
    pixels[..., 3] = 1.0
    return pixels.ravel()


def _image(shape: tuple[int, ...]) -> bpy.types.Image:
    image = bpy.data.images.get(IMAGE)
    if image is not None and tuple(image.size) != (shape[1], shape[0]):
        bpy.data.images.remove(image)
        image = None
    return image or bpy.data.images.new(IMAGE, shape[1], shape[0])


def _fit(window: bpy.types.Window, area: bpy.types.Area) -> bool:
    """Let the picture fill the window, once it has been drawn."""
    region = next((region for region in area.regions if region.type == "WINDOW"), None)
    if region is None or region.width < 2:
        return False
    with bpy.context.temp_override(window=window, area=area, region=region):
        if bpy.ops.image.view_all.poll():
            bpy.ops.image.view_all(fit_view=True)
    return True


def _windows() -> list[bpy.types.Window]:
    return [window for window in bpy.context.window_manager.windows if MARK in window.screen]


def _close_windows() -> None:
    for window in _windows():
        with bpy.context.temp_override(window=window):
            bpy.ops.wm.window_close()


def _remove_image() -> None:
    image = bpy.data.images.get(IMAGE)
    if image is not None:
        bpy.data.images.remove(image)


def draw_header(header: bpy.types.Header, context: bpy.types.Context) -> None:
    """Say in the window's header what is there and what is missing."""
    if _open is None or MARK not in context.window.screen:
        return
    row, shown = header.layout.row(), _open.state
    row.prop(context.scene.artalk_preview, "portrait", text="")
    row.prop(context.scene.artalk_preview, "quality", text="")
    if portrait_of(context.scene.artalk_preview) != MESH:
        row.prop(context.scene.artalk_preview, "turn", text="")
    if shown.problem or shown.remark:
        row.label(
            text=translated(shown.problem or shown.remark),
            icon="ERROR" if shown.problem else "INFO",
            translate=False,
        )
    else:
        row.progress(factor=shown.factor, text=shown.text)


def _forget_image() -> None:
    if _open is not None:
        _open.shown = None


@persistent
def _before_save(*_: object) -> None:
    if _open is not None:
        _remove_image()
        _forget_image()


@persistent
def _after_undo(*_: object) -> None:
    _forget_image()
    if _open is not None:
        _open.look_at = 0.0


@persistent
def _after_change(_: bpy.types.Scene, graph: bpy.types.Depsgraph) -> None:
    """Look at the curves again; another frame is no change, and neither is the picture that is shown."""
    if _open is not None and any(map(graph.id_type_updated, SHOWN)):
        _open.look_at = 0.0


@persistent
def _before_load(*_: object) -> None:
    global _open
    if _open is not None:
        _open.session.close()
        _open = None


@persistent
def _after_load(*_: object) -> None:
    """Close a preview's window that came with the file, or was open before it; a handler itself may not."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_close_strays):
        bpy.app.timers.register(_close_strays, first_interval=0.1)


def _close_strays() -> None:
    if _open is None:
        _close_windows()
        _remove_image()


_HANDLERS = {
    "depsgraph_update_post": _after_change,
    "save_pre": _before_save,
    "undo_post": _after_undo,
    "redo_post": _after_undo,
    "load_pre": _before_load,
    "load_post": _after_load,
}


def register() -> None:
    """Listen for what happens to the file, and draw into the window's header."""
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(handler)
    bpy.types.IMAGE_HT_header.append(draw_header)


def unregister() -> None:
    """Close the preview, and undo :func:`register`."""
    close()
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    bpy.types.IMAGE_HT_header.remove(draw_header)
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).remove(handler)
