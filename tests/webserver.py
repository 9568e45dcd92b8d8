"""A web server on 127.0.0.1 that can also break off, stall, lie and refuse."""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What one address gives.

    ``breaks`` lists after how many bytes each of the next answers ends; ``stall`` seconds of
    silence stand in place of the break; ``claims`` is a false Content-Length; ``ranges`` says
    whether Range is understood; ``tag`` is the ETag; ``drip`` seconds pass between single bytes.
    """

    content: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    tag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    stall: float = 0.0
    drip: float = 0.0
    claims: int | None = None
    location: str | None = None
    statuses: list[int] = field(default_factory=list)
    check_range: bool = True


class WebServer:
    """Answers by path; ``asked`` lists (path, Range header) of every request."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                outer.asked.append((self.path, wanted))
                answer = outer.answers.get(self.path, Answer(b"<html>no</html>", 404, "text/html"))
                with suppress(BrokenPipeError, ConnectionResetError):
                    self._answer(answer, wanted)
                self.close_connection = True

            def _answer(self, answer: Answer, wanted: str | None) -> None:
                status = answer.statuses.pop(0) if answer.statuses else answer.status
                same = self.headers.get("If-Range") in (None, answer.tag, answer.modified)
                body, headers = answer.content, {}
                if wanted and answer.ranges and (same or not answer.check_range) and status == 200:
                    start = int(re.match(r"bytes=(\d+)-", wanted)[1])
                    status, body = (206, body[start:]) if start < len(body) else (416, b"")
                    where = f"{start}-{len(answer.content) - 1}" if body else "*"
                    headers["Content-Range"] = f"bytes {where}/{len(answer.content)}"
                self.send_response(status)
                headers |= {"Content-Type": answer.kind, "Connection": "close"}
                headers["Content-Length"] = str(
                    len(body) if answer.claims is None else answer.claims
                )
                headers |= {"ETag": answer.tag} if answer.tag else {}
                headers |= {"Last-Modified": answer.modified} if answer.modified else {}
                headers |= {"Location": answer.location} if answer.location else {}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self._send(answer, body)

            def _send(self, answer: Answer, body: bytes) -> None:
                if answer.drip:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(answer.drip)
                    return
                end = answer.breaks.pop(0) if answer.breaks else len(body)
                self.wfile.write(body[:end])
                if end < len(body) and answer.stall:
                    time.sleep(answer.stall)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def ranges(self, path: str) -> list[str | None]:
        return [wanted for asked, wanted in self.asked if asked == path]


@contextmanager
def serving():
    made = WebServer()
    thread = threading.Thread(target=made.http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.http.shutdown()
        thread.join()
        made.http.server_close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
