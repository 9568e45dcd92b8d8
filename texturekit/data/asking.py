"""Ask a web server for a file, and understand what it answers."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from texturekit.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 18
_SLOWEST = 100  # bytes a second; less is no progress
_REDIRECTS = 10
_LATER = (408, 425, 429, 500, 502, 503, 504)  # what may go better a little later
_MEANING = {
    401: ": it wants a login",
    403: ": it refuses programs, or wants a login; get it with a browser and use --from DIR",
    404: ": the file is not there any more; look at the set's page and use --from DIR",
    410: ": the file is not there any more; look at the set's page and use --from DIR",
}


@dataclass(frozen=True)
class Patience:
    """How long a download waits, and how often it tries.

    Parameters
    ----------
    connect, stall : float
        Seconds to wait for a connection, and for more bytes.
    retries : int
        Tries after the first, counted anew whenever one brought the file further.
    pause : float
        Seconds before the first of them; each next pause is twice as long.
    """

    connect: float = 10.0
    stall: float = 30.0
    retries: int = 4
    pause: float = 1.0


class BrokenOffError(Exception):
    """The connection failed in a way that may not repeat itself."""


def ask(address: str, headers: dict[str, str], patience: Patience) -> Any:
    """Return a server's answer: other addresses followed, refusals raised.

    Raises
    ------
    DownloadError
        If the answer is final: no such file, no permission, a way that is not encrypted.
    BrokenOffError
        If it may be another one a little later.
    """
    import requests

    session, url = requests.Session(), address
    for _ in range(_REDIRECTS):
        try:
            response = session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(patience.connect, patience.stall),
            )
        except (requests.exceptions.SSLError, ValueError) as error:
            raise DownloadError(f"{url} cannot be trusted or read: {error}.") from None
        except requests.exceptions.RequestException as error:
            raise BrokenOffError(_in_words(error)) from None
        if not response.is_redirect:
            return _accepted(address, response, partial="Range" in headers)
        response.close()
        url = redirected(url, response.headers["Location"])
    raise DownloadError(f"{address} leads to more than {_REDIRECTS} other addresses.")


def _accepted(address: str, response: Any, *, partial: bool) -> Any:
    status = response.status_code
    # 206 and 416 (no such part) answer a question for a part only.
    if status == 200 or (status in (206, 416) and partial):
        return response
    response.close()
    answer = f"status {status} ({response.reason or 'no reason given'})"
    if status in _LATER:
        raise BrokenOffError(f"the server answers with {answer}")
    raise DownloadError(f"{address} answers with {answer}{_MEANING.get(status, '')}.")


def redirected(url: str, location: str) -> str:
    """Return the address that a server leads to.

    Raises
    ------
    DownloadError
        If that is neither http nor https, or not https where ``url`` was.

    Examples
    --------
    >>> redirected("https://a.org/x", "/y")
    'https://a.org/y'
    """
    target = urljoin(url, location)
    scheme = urlsplit(target).scheme
    if scheme not in ("http", "https") or (scheme == "http" and url.startswith("https:")):
        raise DownloadError(
            f"{url} leads to {target}, which is not encrypted: anybody between could change the "
            "file; get it elsewhere and use --from DIR."
        )
    return target


def refuse_page(response: Any, first: bytes, address: str, wanted: str) -> None:
    """Raise DownloadError if what begins to come is a web page."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    page = start.startswith((b"<!doctype html", b"<html"))
    if not page and kind not in ("text/html", "application/xhtml+xml"):
        return
    title = re.search(rb"(?is)<title[^>]*>(.*?)</title>", first)
    words = "" if title is None else " ".join(title[1].decode(errors="replace").split())
    named = f" ({words[:80]!r})" if words else ""
    raise DownloadError(
        f"{address} gave a web page{named} rather than {wanted}: it has moved, or "
        "wants a login or a click; get it with a browser and use --from DIR."
    )


def chunks_of(response: Any, patience: Patience) -> Iterator[bytes]:
    """Yield the bytes of an answer as they come; raise BrokenOffError if they come no more."""
    import urllib3

    marked, since, got = time.monotonic(), 0, 0
    while True:
        try:
            chunk = response.raw.read1(_CHUNK, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise BrokenOffError(f"{_in_words(error)} after {got:,} bytes") from None
        if not chunk:
            return
        yield chunk
        got += len(chunk)
        since += len(chunk)
        waited = time.monotonic() - marked
        if waited > patience.stall:
            if since < _SLOWEST * waited:
                raise BrokenOffError(f"only {since:,} bytes came in {waited:.0f} s")
            marked, since = time.monotonic(), 0


def _in_words(error: Exception) -> str:
    # requests wraps urllib3's error, which wraps what happened.
    inner = getattr(error.args[0], "reason", error) if error.args else error
    known = {
        "NameResolutionError": "the server's name cannot be found (is there a network?)",
        "NewConnectionError": "nobody answers there (is there a network?)",
        "ConnectTimeoutError": "no answer in time",
    }
    text = " ".join(str(inner).split())
    if "timed out" in text:
        return "no answer in time"
    if "IncompleteRead" in text or "Connection aborted" in text:
        return "the connection broke off"
    said = text if 0 < len(text) <= 120 else f"{type(inner).__name__}: {text[:100]}..."
    return known.get(type(inner).__name__, said)
