"""What stands before everything: whom the service answers, which ways it knows, how much it takes.

Gradio serves many more ways than this page needs: files by their path, proxies, tools for
developers. Here everything is closed that is not named.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from texturekit.app.limits import MB, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from texturekit.app.limits import Limits

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_LOG = logging.getLogger("texturekit.app")

_READ = frozenset({"GET", "HEAD"})
_SEND = frozenset({"POST"})
JOIN, UPLOAD, PREDICT = "/gradio_api/queue/join", "/gradio_api/upload", "/api/predict"
#: Every way that there is, and how it may be used.
_WAYS = (
    (re.compile(r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/openapi\.json"), _READ),
    (re.compile(r"/(assets|static|svelte)/[\w.\-/@]+"), _READ),
    (re.compile(r"/gradio_api/(startup-events|info|queue/data|upload_progress|theme\.css)"), _READ),
    (re.compile(r"/gradio_api/heartbeat/\w{1,64}"), _READ),
    (re.compile(r"/api/(model|health)"), _READ),
    (re.compile(f"{JOIN}|{UPLOAD}|{PREDICT}"), _SEND),
)
_FORMS = frozenset({UPLOAD, PREDICT})
_LONGEST = 200  # bytes of a way: the system refuses longer names, which would be a fault of ours
_SMALL = 64_000  # bytes of a body that is no form
_DRAIN = 1 * MB  # bytes of a refused body that are read, so that the client sees the answer
#: Gradio's page has scripts of its own inside it; whatever runs, it reaches this service only.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """An ASGI application before another one.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    host : str
        The address that the service listens at.
    names : iterable of str
        Further names that it may be called by.
    """

    def __init__(self, app: App, limits: Limits, host: str, names: Iterable[str] = ()) -> None:
        self.app, self.limits = app, limits
        self.names = {"localhost", host.lower(), *(name.lower() for name in names)}
        address = _address(host)
        self.anywhere = address is not None and not address.is_loopback

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        exchange = _Exchange(receive, send, self._most(scope["path"]), self.limits.stall)
        try:
            self._check(scope, exchange)
            scope = dict(scope)
            scope["headers"] = [
                (name, value) for name, value in scope["headers"] if name not in _UNHEARD
            ]
            await self.app(scope, exchange.receive, exchange.send)
        except Refused as refused:
            await exchange.refuse(refused)
        except Exception:
            if exchange.refused:
                return  # the application noticed that its client was sent away
            _LOG.exception("a request could not be answered")
            await exchange.refuse(Refused(500, "something is wrong here; see the service's log."))

    def _most(self, path: str) -> int:
        return self.limits.request if path in _FORMS else _SMALL

    def _check(self, scope: Any, exchange: _Exchange) -> None:
        headers = _Headers(scope["headers"])
        self._check_host(headers)
        method, path = scope["method"], scope["path"]
        allowed = next((how for way, how in _WAYS if way.fullmatch(path)), None)
        long = len(path.encode("utf-8", "replace")) > _LONGEST
        if allowed is None or long or ".." in path or "//" in path:
            raise Refused(404, "there is nothing here.")
        if method not in allowed:
            raise Refused(405, f"{method} is not for this; use {' or '.join(sorted(allowed))}.")
        if method not in _READ:
            _check_origin(headers)
        length = headers.one("content-length")
        if length is not None:
            if not re.fullmatch(r"[0-9]{1,18}", length):
                raise Refused(400, "the length of the request is no number.")
            if int(length) > exchange.most:
                exchange.declared = int(length)
                raise exchange.too_much()

    def _check_host(self, headers: _Headers) -> None:
        """Refuse other names: a page elsewhere may have made its own name point here."""
        host = headers.one("host")
        name = "" if host is None else re.sub(r":\d{1,5}$", "", host).strip("[]").lower()
        address = _address(name)
        known = name in self.names
        if address is not None:
            known = known or address.is_loopback or self.anywhere
        if not known:
            raise Refused(
                421,
                "the service is not known by this name; use the address that it printed, or "
                "start it with --allow-host NAME.",
            )


#: Headers of proxies, that anyone can set: nothing may follow from them.
_UNHEARD = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto",
     b"x-forwarded-prefix", b"x-gradio-server", b"x-gradio-user", b"x-original-url"}
)  # fmt: skip


class _Headers:
    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self.all: dict[str, list[str]] = {}
        for name, value in pairs:
            self.all.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def one(self, name: str) -> str | None:
        """Return a header that may stand once."""
        values = self.all.get(name, [])
        if len(values) > 1:
            raise Refused(400, f"the header {name} stands there {len(values)} times.")
        return values[0].strip() if values else None


def _check_origin(headers: _Headers) -> None:
    """Refuse what another site's page sends."""
    origin, site = headers.one("origin"), headers.one("sec-fetch-site")
    if origin is not None:
        there = re.sub(r"^https?://", "", origin.lower())
        if there == origin.lower() or there != (headers.one("host") or "").lower():
            raise Refused(403, "this comes from another site's page.")
    if site not in (None, "same-origin", "none"):
        raise Refused(403, "this comes from another site's page.")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


class _Exchange:
    """A request and its answer, with the bytes counted and the answer's headers set."""

    def __init__(self, receive: Receive, send: Send, most: int, stall: float) -> None:
        self._receive, self._send = receive, send
        self.most, self.stall = most, stall
        self.declared: int | None = None
        self.size, self.complete, self.started, self.refused = 0, False, False, False
        self.drained = False

    def too_much(self) -> Refused:
        return Refused(413, f"more than {self.most / MB:g} MB in one request; send less at once.")

    async def receive(self) -> Message:
        """Return the next part of the body; the answer is sent here where it is too much."""
        if self.refused:
            return {"type": "http.disconnect"}
        if self.complete:
            return await self._receive()  # waits for the client to go
        try:
            message = await asyncio.wait_for(self._receive(), self.stall)
        except TimeoutError:
            await self.refuse(Refused(408, "the request did not arrive in time; send it anew."))
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self.size > self.most:
                await self.refuse(self.too_much())
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, unless another one was given."""
        if self.refused:
            return
        if message["type"] == "http.response.start":
            refusal = message["status"] >= 400
            if refusal and not self.complete and not self.drained:  # else it is read on for ever
                await self._drain(self.most - self.size, self.stall)
            self.started = True
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")
                and name.lower().decode("latin-1") not in _HEADERS
            ]
            kept += [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            if refusal and not self.complete and b"connection" not in dict(kept):
                kept.append((b"connection", b"close"))
            if message["status"] in (429, 503) and b"retry-after" not in dict(kept):
                kept.append((b"retry-after", b"2"))
            message = {**message, "headers": kept}
        await self._send(message)

    async def refuse(self, refused: Refused) -> None:
        """Answer with a status and a sentence, once."""
        if self.refused or self.started:
            return
        if refused.status != 408:
            await self._drain(_DRAIN, self.stall)
        self.drained = True
        body = json.dumps({"error": refused.sentence}).encode()
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        headers |= {name.lower(): value for name, value in refused.headers.items()}
        headers |= {"content-length": str(len(body))}
        if not self.complete:
            headers["connection"] = "close"
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": refused.status, "headers": pairs})
        await self._send({"type": "http.response.body", "body": body})
        self.refused = True

    async def _drain(self, most: int, seconds: float) -> None:
        """Read the rest of a small body: a client that still sends does not see an answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.complete and most > 0:
                    message = await asyncio.wait_for(self._receive(), 1.0)
                    if message["type"] != "http.request":
                        return
                    most -= len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
