"""Read a form with files while it arrives: nothing is held in memory, nothing exceeds a limit."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from texturekit.app.limits import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from texturekit.app.inbox import Inbox, Incoming, Sent

_FIELDS = 64  # parts that are no files
_HEADERS = 8192  # bytes
_QUOTED = re.compile(rb'"(\\.|[^"\\])*"')


async def received(
    content_type: str, chunks: AsyncIterator[bytes], inbox: Inbox, *, asked: bool = False
) -> list[Sent]:
    """Return the files of a multipart form, written into the inbox.

    Parameters
    ----------
    content_type : str
        The request's header.
    chunks : async iterator of bytes
        The request's body.
    inbox : Inbox
    asked : bool, default False
        Whether the form is a question about its files.

    Raises
    ------
    Refused
        If it is no such form, holds no file or too many, or exceeds a limit; then nothing is kept.
    """
    from python_multipart.exceptions import MultipartParseError
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary or len(boundary) > 256:
        raise Refused(415, "files come as multipart/form-data: curl -F files=@scan.png ...")
    form = _Form(inbox, asked)
    end = time.monotonic() + 60 * inbox.limits.minutes
    whole = False
    try:
        parser = MultipartParser(boundary, form.callbacks())
        try:
            async for chunk in chunks:
                if time.monotonic() > end:  # drop by drop it would hold its room for ever
                    raise Refused(408, "the request did not arrive in time; send it anew.")
                parser.write(chunk)
            parser.finalize()
        except MultipartParseError as error:
            raise Refused(400, f"the form is damaged: {error}; send it anew.") from error
        if form.open is not None or not form.ended:
            raise Refused(400, "the form ends too early; send it anew.")
        if not form.files:
            raise Refused(400, "the form holds no file; send at least one, as 'files'.")
        whole = True
        return form.files
    finally:
        if not whole:
            form.give_up()


class _Form:
    """What is known of a form so far."""

    def __init__(self, inbox: Inbox, asked: bool) -> None:
        self.inbox, self.asked = inbox, asked
        self.files: list[Sent] = []
        self.open: Incoming | None = None
        self.ended = False
        self.fields = 0
        self.name = self.value = b""
        self.headers: dict[bytes, bytes] = {}
        self.size = 0

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self.begin, "on_header_field": self.header_name,
            "on_header_value": self.header_value, "on_header_end": self.header,
            "on_headers_finished": self.head, "on_part_data": self.data,
            "on_part_end": self.part_end, "on_end": self.end,
        }  # fmt: skip

    def begin(self) -> None:
        self.headers, self.name, self.value, self.size = {}, b"", b"", 0

    def header_name(self, data: bytes, start: int, stop: int) -> None:
        self.name += data[start:stop]
        self._count(stop - start)

    def header_value(self, data: bytes, start: int, stop: int) -> None:
        self.value += data[start:stop]
        self._count(stop - start)

    def _count(self, size: int) -> None:
        self.size += size
        if self.size > _HEADERS:
            raise Refused(400, "a part of the form has too long headers.")

    def header(self) -> None:
        self.headers[self.name.lower()] = self.value
        self.name = self.value = b""

    def head(self) -> None:
        from python_multipart.multipart import parse_options_header

        how = self.headers.get(b"content-disposition", b"")
        _, options = parse_options_header(how)
        name = options.get(b"filename")
        if name is None:
            if re.search(rb";\s*filename\*", _QUOTED.sub(b"", how), re.IGNORECASE):
                raise Refused(
                    400,
                    "forms may not name files by filename*= (RFC 7578); send a plain "
                    'filename="..." in UTF-8.',
                )
            self.fields += 1
            if self.fields > _FIELDS:
                raise Refused(400, "the form has too many fields.")
            return
        if len(self.files) >= self.inbox.limits.files:
            raise Refused(
                413,
                f"more than {self.inbox.limits.files} files; send fewer at once, or use "
                "'texturekit predict' for many.",
            )
        self.open = self.inbox.open(name.decode("utf-8", "replace"), asked=self.asked)

    def data(self, data: bytes, start: int, stop: int) -> None:
        if self.open is not None:
            self.open.write(data[start:stop])

    def part_end(self) -> None:
        if self.open is not None:
            incoming, self.open = self.open, None
            self.files.append(self.inbox.close(incoming))

    def end(self) -> None:
        self.ended = True

    def give_up(self) -> None:
        if self.open is not None:
            self.inbox.drop(self.open)
        self.inbox.remove(self.files)
