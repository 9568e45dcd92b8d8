"""Ask an ASGI application part by part, as a hostile client does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import unquote

BOUNDARY = b"----made-up"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"


@dataclass
class Said:
    """An answer."""

    status: int
    headers: dict
    body: bytes
    parts: int  # of the request, that were asked for

    def json(self):
        return json.loads(self.body)


def form(*files, field="files"):
    """Return a body with files: (name, content)."""
    parts = []
    for name, content in files:
        parts += [
            b"--" + BOUNDARY,
            f'Content-Disposition: form-data; name="{field}"; filename="{name}"'.encode(),
            b"", content,
        ]  # fmt: skip
    return b"\r\n".join([*parts, b"--" + BOUNDARY + b"--", b""])


async def aask(app, method, path, *, chunks=(), headers=(), kind="http", hang=False):
    """Send a request and return the answer; ``chunks`` may be endless."""
    known = {"host": "127.0.0.1:7860", **{k.lower(): v for k, v in dict(headers).items()}}
    where, _, query = path.partition("?")
    scope = {
        "type": kind, "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": unquote(where), "raw_path": where.encode(), "root_path": "",
        "query_string": query.encode(), "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 7860),
        "headers": [(k.encode(), v.encode()) for k, v in known.items() if v is not None],
    }  # fmt: skip
    said = Said(0, {}, b"", 0)
    left = iter(chunks)

    async def receive():
        part = next(left, None)
        if part is None:
            if hang:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": b"", "more_body": False}
        said.parts += 1
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message):
        if message["type"] == "http.response.start":
            assert said.status == 0
            said.status = message["status"]
            said.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        elif message["type"] == "http.response.body":
            said.body += message.get("body", b"")
        else:
            said.status = message.get("code", -1)

    await app(scope, receive, send)
    return said


def ask(app, method, path, **more):
    return asyncio.run(aask(app, method, path, **more))


def post(app, path, *files, headers=()):
    """Send files."""
    more = {"content-type": FORM, **dict(headers)}
    return ask(app, "POST", path, chunks=[form(*files)], headers=more)
