"""The page as a server: Gradio's page, the pictures of jobs in the making, and their heads in three dimensions."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artalk_engine.errors import EngineError, OptionError
from artalk_engine.generation import Voice

from .desk import Desk
from .files import PageFiles
from .live import Watcher
from .options import MEGABYTE, PageOptions
from .studio import Studio

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

STATIC = Path(__file__).parent / "static"
POLL_S = 0.04  # a frame
SWEEP_S = 60.0
FAREWELL_S = 2  # that browsers get when the page ends
LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]", "::1"]


class PageMissingError(EngineError):
    """The extra that the page needs is not installed."""

    code = "page_missing"

    def __init__(self, package: str | None) -> None:
        super().__init__(
            f"The page needs the package {package or 'gradio'}, which is not installed.",
            "Install it with: pip install gradio",
        )


@dataclass(frozen=True, eq=False)
class Page:
    """The page, ready to be served.

    Attributes:
        address: to open in a browser.
    """

    address: str
    _server: uvicorn.Server
    _socket: socket.socket

    def serve(self) -> None:
        """Serve until interrupted, or told to ``stop``."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End serving, from another thread."""
        self._server.should_exit = True

    @property
    def is_ready(self) -> bool:
        """Whether browsers are answered."""
        return bool(self._server.started)


@contextmanager
def opened(voice: Voice, options: PageOptions) -> Iterator[Page]:
    """Take a port, make a folder and load the model; at the block's end all of them are given back.

    Args:
        voice: the model, and where to compute.
        options: where the page is, and its limits.

    Raises:
        OptionError: if the port is taken, or the address is none of this machine's.
        OutputError: if the folder cannot be written.
        PageMissingError: if Gradio is not installed.
        EngineError: if the model cannot be loaded.
    """
    listening = _listen(options)
    try:
        files = PageFiles(options)
        try:
            desk = Desk(Studio(voice, options.size, options.max_minutes, options.voices), files, options.max_waiting)
            application = _application(desk, files, options)
            host = f"[{options.host}]" if ":" in options.host else options.host
            try:
                yield Page(f"http://{host}:{listening.getsockname()[1]}", _server(application), listening)
            finally:
                desk.end()
        finally:
            files.end()
    finally:
        listening.close()


def _listen(options: PageOptions) -> socket.socket:
    """Take a port.

    Raises:
        OptionError: if that cannot be.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":  # where this would let two pages have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
        listening.listen()
    except OSError as exc:
        listening.close()
        raise OptionError(
            f"The page cannot be at {options.host}, port {options.port} ({exc.strerror or exc}).",
            "Choose another port with --port, or --port 0 for a free one.",
        ) from exc
    return listening


def _application(desk: Desk, files: PageFiles, options: PageOptions) -> FastAPI:
    # Gradio reads these when it is imported and when it makes a page: nothing is reported to anybody, and what is
    # uploaded lies in the page's own folder.
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(files.root), "HF_HUB_OFFLINE": "1"}
    try:
        import gradio
        from fastapi import FastAPI
        from starlette.middleware.trustedhost import TrustedHostMiddleware
    except ImportError as exc:
        raise PageMissingError(exc.name) from exc
    from .limits import Limits
    from .look import CSS, HEAD, THEME
    from .page import build_page

    @asynccontextmanager
    async def swept(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(files))
        yield
        sweeping.cancel()

    application = FastAPI(lifespan=swept, docs_url=None, redoc_url=None, openapi_url=None)
    _add_jobs(application, desk)
    gradio.mount_gradio_app(
        application,
        build_page(desk),
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=options.max_upload_mb * MEGABYTE,
        ssr_mode=False,
        mcp_server=False,
        theme=THEME,
        css=CSS,
        head=HEAD,
    )
    application.add_middleware(Limits, options=options, files=files)
    if options.is_local:  # a foreign site whose name suddenly means this machine is not answered
        application.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_NAMES)
    return application


def _add_jobs(application: FastAPI, desk: Desk) -> None:
    """Serve the head, and what belongs to a job under its number."""
    from fastapi import HTTPException
    from fastapi.responses import FileResponse, Response, StreamingResponse

    async def player() -> Response:
        return FileResponse(STATIC / "player.html")

    async def viewer() -> Response:
        return FileResponse(STATIC / "viewer.html")

    async def script() -> Response:
        return FileResponse(STATIC / "viewer.js")

    async def head_at_rest() -> Response:
        try:
            return Response(await asyncio.to_thread(lambda: desk.studio.head_at_rest), media_type="image/jpeg")
        except EngineError as exc:
            raise HTTPException(404) from exc

    async def pictures(number: str) -> Response:
        job = desk.find(number)
        if job is None:
            raise HTTPException(404)
        return StreamingResponse(_news(Watcher(job.pictures)), media_type="application/octet-stream")

    async def sound(number: str) -> Response:
        job = desk.find(number)
        if job is None or job.sound is None:
            raise HTTPException(404)
        return FileResponse(job.sound)

    async def head(number: str) -> Response:
        job = desk.find(number)
        if job is None or job.results is None:
            raise HTTPException(404)
        return FileResponse(job.results.head, media_type="model/gltf-binary")

    for path, answer in (
        ("/viewer.js", script),
        ("/head.jpg", head_at_rest),
        ("/live/{number}/", player),
        ("/live/{number}/pictures", pictures),
        ("/live/{number}/sound", sound),
        ("/head/{number}/", viewer),
        ("/head/{number}/sound", sound),
        ("/head/{number}/head.glb", head),
    ):
        application.add_api_route(path, answer, response_class=FileResponse)


async def _news(watcher: Watcher) -> AsyncIterator[bytes]:
    with watcher.watching():
        while not watcher.has_all:
            if news := watcher.news():
                yield news
            await asyncio.sleep(POLL_S)


async def _sweep(files: PageFiles) -> None:
    while True:
        await asyncio.sleep(SWEEP_S)
        await asyncio.to_thread(files.sweep)


def _server(application: FastAPI) -> uvicorn.Server:
    import uvicorn

    # Uvicorn would print a traceback for every browser that is still there when the page ends; jobs log for themselves.
    return uvicorn.Server(uvicorn.Config(application, log_level="critical", timeout_graceful_shutdown=FAREWELL_S))
