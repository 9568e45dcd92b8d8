"""One process that serves the page and the REST interface of a model."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import re
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texturekit.app.desk import Desk
from texturekit.app.guard import JOIN, UPLOAD, Guard
from texturekit.app.inbox import Inbox
from texturekit.app.limits import Limits, Refused
from texturekit.app.multipart import received
from texturekit.errors import OutputError, missing_extra

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

    from texturekit.app.service import Service

_CONNECTIONS = 512
_HEAD = 15.0  # seconds that a request may take to begin
_GRACE = 3  # seconds that open answers get when the service ends


@dataclass
class Site:
    """Everything of a running service.

    Attributes
    ----------
    app : ASGI application
        With the guard before it.
    inbox : Inbox
    desk : Desk
    """

    app: Any
    inbox: Inbox
    desk: Desk
    _before: str | None = field(default=None, repr=False)

    def end(self) -> None:
        """Delete every file that was sent."""
        self.desk.end()
        self.inbox.end()
        _set_folder(self._before)


def site(
    service: Service, *, limits: Limits | None = None, host: str = "127.0.0.1",
    names: Sequence[str] = (), threads: int = 1,
) -> Site:  # fmt: skip
    """Return the page and the REST interface of a model as one application.

    Parameters
    ----------
    service : Service
    limits : Limits, optional
    host : str, default "127.0.0.1"
        Where it will listen.
    names : sequence of str
        Further names that it is called by.
    threads : int, default 1
        Images at once; with a network it is one, which uses the cores itself.

    Returns
    -------
    Site
        To be ended with ``end()``.

    Raises
    ------
    MissingExtraError
        Without Gradio.
    """
    limits = limits or Limits()
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of hostile bytes
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    inbox = Inbox(limits)
    desk = Desk(1 if service.uses_nets else threads, limits.waiting)
    found = Site(None, inbox, desk, os.environ.get("GRADIO_TEMP_DIR"))
    folder = str(inbox.folder / "gradio")
    _set_folder(folder)  # Gradio looks once, when it is imported
    try:
        import gradio as gr
    except ImportError as error:
        found.end()
        raise missing_extra(error) from error
    from texturekit.app.page import blocks
    from texturekit.app.rest import rest

    _set_folder(folder)
    app = rest(service, desk, inbox)
    _add_uploads(app, desk, inbox)
    css = (Path(__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")

    async def mounted() -> Any:
        return gr.mount_gradio_app(
            app, blocks(service, desk, inbox, limits), "/", footer_links=[], run_history=False,
            app_kwargs={"docs_url": None, "redoc_url": None}, root_path="", allowed_paths=[],
            show_error=False, max_file_size=limits.file, ssr_mode=False, enable_monitoring=False,
            pwa=False, mcp_server=False, css=css, theme=_theme(), server_name=host,
        )  # fmt: skip

    app = asyncio.run(mounted())  # in a loop: else Gradio makes some and leaves them open
    found.app = Guard(_Joining(app, inbox), limits, host, names)
    return found


def _set_folder(folder: str | None) -> None:
    """Let Gradio put its files into a folder, whenever it was imported; by default its own."""
    routes = sys.modules.get("gradio.routes")
    if routes is not None:
        own = str(Path(tempfile.gettempdir()) / "gradio")
        setattr(routes, "DEFAULT_TEMP_DIR", folder or own)  # noqa: B010 - no module of ours
    if folder is None:
        os.environ.pop("GRADIO_TEMP_DIR", None)
    else:
        os.environ["GRADIO_TEMP_DIR"] = folder


def _theme() -> Any:
    import gradio as gr

    return gr.themes.Default(
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )


def _add_uploads(app: FastAPI, desk: Desk, inbox: Inbox) -> None:
    """Take the page's uploads in our own way, before Gradio's."""
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def upload(request: Request) -> Response:
        try:
            desk.check()
            kind = request.headers.get("content-type", "")
            files = await received(kind, request.stream(), inbox)
        except Refused as refused:
            return JSONResponse(
                {"error": refused.sentence}, refused.status, headers=refused.headers
            )
        return JSONResponse([str(sent.path) for sent in files])

    async def progress(request: Request) -> Response:
        return Response('data: {"msg": "done"}\n\n', media_type="text/event-stream")

    app.router.routes += [
        Route(UPLOAD, upload, methods=["POST"]),
        Route("/gradio_api/upload_progress", progress, methods=["GET"]),
    ]


class _Joining:
    """Before Gradio: of a question from the page it sees the names of files that we know, alone.

    Gradio would fetch addresses and copy files that a question names.
    """

    def __init__(self, app: Any, inbox: Inbox) -> None:
        self.app, self.inbox = app, inbox

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != JOIN:
            await self.app(scope, receive, send)
            return
        body = bytearray()
        async for part in _parts(receive):
            body += part
        clean = json.dumps(self._clean(bytes(body))).encode()
        headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        scope = {**scope, "headers": [*headers, (b"content-length", str(len(clean)).encode())],
                 "query_string": b""}  # fmt: skip
        told = False

        async def again() -> Any:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": clean, "more_body": False}

        await self.app(scope, again, send)

    def _clean(self, body: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(body)
            session, number, trigger = (
                asked[key] for key in ("session_hash", "fn_index", "trigger_id")
            )
            (files,) = asked["data"]
            paths = [one["path"] for one in files or []]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused(400, "this is no question from the page.") from error
        if not (isinstance(session, str) and re.fullmatch(r"\w{1,64}", session)):
            raise Refused(400, "the question has no session.")
        if number != 0 or not (trigger is None or isinstance(trigger, int)):
            raise Refused(400, "there is no such question.")
        if len(paths) > self.inbox.limits.files:
            raise Refused(413, f"more than {self.inbox.limits.files} files at once.")
        if not all(isinstance(path, str) and self.inbox.knows(path) for path in paths):
            raise Refused(400, "the files are not here any more; drop them again.")
        return {
            "session_hash": session, "fn_index": 0, "trigger_id": trigger, "event_data": None,
            "data": [paths],
        }  # fmt: skip


async def _parts(receive: Any) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        more = message.get("more_body", False)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    OutputError
        If the port is taken, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError as error:
        found.close()
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            reason = "another program listens there"
        raise OutputError(
            f"cannot listen at {host} port {port}: {reason}; choose another with --port, or "
            "--port 0 for any that is free."
        ) from error
    return found


def run(app: Any, sock: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it.

    Parameters
    ----------
    app : ASGI application
    sock : socket
        That listens.
    ready : callable
        Called once, when it answers.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if not self.should_exit:
                ready()

    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # one of two classes
        """Closes connections on which no request begins: some hundreds would lock others out."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.loop.call_later(_HEAD, self.look, None)

        def look(self, before: Any) -> None:
            if self.transport.is_closing():
                return
            idle = self.cycle is None or self.cycle.response_complete
            if idle and self.cycle is before:
                self.transport.close()
            else:
                self.loop.call_later(_HEAD, self.look, self.cycle)

    config = uvicorn.Config(
        app, http=Protocol, log_config=None, access_log=False, server_header=False,
        proxy_headers=False, ws="none", lifespan="on", limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=10, timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=32_000,
    )  # fmt: skip
    with contextlib.closing(sock):
        Server(config).run(sockets=[sock])
