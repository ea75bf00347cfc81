"""What the server refuses before anything else sees it, and what it lets a browser load."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .files import PageFiles
from .headers import GUARDS
from .options import MEGABYTE, PageOptions

SLACK = 100_000  # bytes of a form around a file


class TooLargeError(Exception):
    """More was sent than was announced."""


class Limits:
    """Stands before the page."""

    def __init__(self, app: ASGIApp, options: PageOptions, files: PageFiles) -> None:
        self._app, self._files = app, files
        self._most = options.max_upload_mb * MEGABYTE + SLACK
        self._text = f"This file is larger than {options.max_upload_mb} MB, which is the most that this page takes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = _announced(scope)
        if size > self._most:
            await _refuse(send, 413, self._text)
        elif size > SLACK and not self._files.has_room(size):
            await _refuse(send, 507, "The page has no room left for this file. Try again later.")
        else:
            await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        received, has_begun, is_too_much = 0, False, False
        guards = [(name.encode(), value.encode()) for name, value in GUARDS]

        async def counted() -> Message:
            nonlocal received, is_too_much
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                is_too_much = True
                raise TooLargeError
            return message

        async def guarded(message: Message) -> None:
            nonlocal has_begun
            if is_too_much and not has_begun:
                return  # what the application says about being cut short
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = [*message.get("headers", []), *guards]
            await send(message)

        try:
            await self._app(scope, counted, guarded)
        except Exception:
            if not is_too_much:
                raise
        if is_too_much and not has_begun:
            await _refuse(send, 413, self._text)


def _announced(scope: Scope) -> int:
    """Say how many bytes follow, as far as a request tells."""
    text = dict(scope["headers"]).get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0


async def _refuse(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
