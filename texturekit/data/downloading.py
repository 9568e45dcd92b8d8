"""Download one file: taken up where it broke off, checked, and under its name only when right."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from texturekit import __version__, events
from texturekit.data.asking import BrokenOffError, Patience, ask, chunks_of, refuse_page
from texturekit.data.checksums import checksums, fault_of
from texturekit.errors import DownloadError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROGRESS = 1 << 16  # bytes that have to be gained for failures to be forgotten
_LONGEST_PAUSE = 60.0


def download(
    url: str,
    target: Path,
    *,
    size: int | None = None,
    md5: str | None = None,
    sha256: str | None = None,
    patience: Patience | None = None,
) -> str:
    """Download a file; what arrived of it before is kept in ``<target>.part`` and gone on with.

    A part is continued only if the server says that the file is the same (ETag or Last-Modified),
    or a checksum will tell; else it starts anew.

    Parameters
    ----------
    url : str
        http or https.
    target : Path
        The file to be; its folder exists.
    size : int, optional
        Bytes that it has.
    md5, sha256 : str, optional
        Its checksums, in hexadecimal.
    patience : Patience, optional

    Returns
    -------
    str
        The file's sha256.

    Raises
    ------
    DownloadError
        If the server does not answer, breaks off again and again, sends a web page or another
        file, or leads from https to http. Nothing is at ``target`` then.
    OutputError
        If it cannot be written, there is not enough room, or another process is downloading it.
    """
    part = target.with_name(f"{target.name}.part")
    with _locked(part) as stream:
        job = _Job(url, target, stream, size, md5, sha256, patience or Patience())
        digest = job.run()
        os.fsync(stream.fileno())
        part.replace(target)
    job.memo.unlink(missing_ok=True)
    return digest


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    try:
        stream = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
    except OSError as error:
        raise OutputError(
            f"cannot write {part}: {error.strerror}; choose another folder."
        ) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            same = os.path.samestat(os.fstat(stream.fileno()), part.stat())
        except OSError:
            same = False
        if not same:
            raise OutputError(f"another process is downloading {part}; wait for it.")
        yield stream


@dataclass
class _Job:
    url: str
    target: Path
    stream: BinaryIO
    size: int | None
    md5: str | None
    sha256: str | None
    patience: Patience
    resumed: bool = field(default=False)

    @property
    def memo(self) -> Path:
        """Where it is written down which file the part is a part of."""
        return self.target.with_name(f"{self.target.name}.part.json")

    @property
    def have(self) -> int:
        return self.stream.seek(0, os.SEEK_END)

    def run(self) -> str:
        for last in (False, True):
            self._complete()
            sums = checksums(self.stream)
            fault = fault_of(self.have, sums, self.size, self.md5, self.sha256)
            if not fault:
                return sums["sha256"]
            # Parts of two runs may not belong together: the whole file has one chance.
            if last or not self.resumed:
                break
            self._start_anew()
        self._forget()
        raise DownloadError(
            f"{self.url} gave {fault}. It is damaged or another file, and was deleted; run again, "
            "or get the file elsewhere and use --from DIR."
        )

    def _complete(self) -> None:
        """Try until the whole file has arrived; without progress only so often."""
        best, failures = self.have, 0
        while True:
            try:
                return self._attempt()
            except BrokenOffError as problem:
                gained = self.have >= best + _PROGRESS
                best, failures = max(best, self.have), 1 if gained else failures + 1
                if failures > self.patience.retries:
                    raise DownloadError(self._given_up(problem, failures)) from None
                pause = min(self.patience.pause * 2 ** (failures - 1), _LONGEST_PAUSE)
                events.warn(
                    f"fetching {self.target.name}",
                    f"{self.target.name}: {problem}; trying again in {pause:g} s.",
                )
                time.sleep(pause)
            except DownloadError:
                if not self.have:
                    self._forget()
                raise

    def _given_up(self, problem: BrokenOffError, failures: int) -> str:
        if self.have and self._validator():
            kept = f"{self.have:,} bytes are kept, and the next run goes on from there."
        else:
            self._forget()
            kept = (
                "Check the network and the address, or get the file elsewhere and use --from DIR."
            )
        return f"{self.url} could not be downloaded: {problem} ({failures} tries). {kept}"

    def _attempt(self) -> None:
        start = self.have if self._validator() else 0
        with closing(ask(self.url, self._headers(start), self.patience)) as response:
            if response.status_code == 416:
                claimed = json.loads(self.memo.read_text(encoding="utf-8"))["total"]
                told = self.md5 or self.sha256 or claimed in (None, start)
                if _total(response) == start and told:
                    return
                self._start_anew()
                raise BrokenOffError("the server does not know the part that is here")
            if response.status_code != 206:
                start = 0
            elif not self._continues(response, start):
                self._start_anew()
                raise BrokenOffError("the file has changed since its first part was fetched")
            self.resumed = start > 0
            self._receive(response, start)

    def _headers(self, start: int) -> dict[str, str]:
        # Compressed on the way, a file has another length and cannot be continued.
        headers = {"Accept-Encoding": "identity", "User-Agent": f"texturekit/{__version__}"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if self._validator() != "checksum":
                headers["If-Range"] = self._validator()
        return headers

    def _validator(self) -> str:
        """Return what tells whether a part belongs to the file that the server has now."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            memo = json.loads(self.memo.read_text(encoding="utf-8"))
            if memo["url"] == self.url:
                tag = memo["etag"] or ""
                strong = "" if tag.startswith("W/") else tag
                known = strong or memo["modified"] or ""
                return str(known) or ("checksum" if self.md5 or self.sha256 else "")
        return ""

    def _continues(self, response: Any, start: int) -> bool:
        match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        memo = json.loads(self.memo.read_text(encoding="utf-8"))
        same = _total(response) in (None, memo["total"]) or memo["total"] is None
        tag = response.headers.get("ETag") or memo["etag"]
        first = -1 if match is None else int(match[1])
        return first == start and same and tag == memo["etag"]

    def _receive(self, response: Any, start: int) -> None:
        chunks = chunks_of(response, self.patience)
        first = next(chunks, b"")
        if not start:
            refuse_page(response, first, self.url, self.target.name)
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        self._check_size(total)
        self._check_room(total, start)
        self.stream.truncate(start)
        self.stream.seek(start)
        self._note_down(response, total)
        self._write(first, total)
        for chunk in chunks:
            self._write(chunk, total)
        if total is not None and self.have < total:
            raise BrokenOffError(f"broke off after {self.have:,} of {total:,} bytes")

    def _check_size(self, total: int | None) -> None:
        if total is not None and self.size is not None and total != self.size:
            raise DownloadError(
                f"{self.url} has {total:,} bytes, not {self.size:,} as the card says: another "
                "file, or the set has changed; a card of your own may say otherwise."
            )

    def _check_room(self, total: int | None, start: int) -> None:
        free = shutil.disk_usage(self.target.parent).free
        if total is not None and total - start > free:
            raise OutputError(
                f"{self.target} needs {total - start:,} bytes more, but only {free:,} are free in "
                f"{self.target.parent}; choose another folder (-o DIR)."
            )

    def _note_down(self, response: Any, total: int | None) -> None:
        memo = {
            "url": self.url,
            "etag": response.headers.get("ETag"),
            "modified": response.headers.get("Last-Modified"),
            "total": total,
        }
        self.memo.write_text(json.dumps(memo), encoding="utf-8")

    def _write(self, chunk: bytes, total: int | None) -> None:
        try:
            self.stream.write(chunk)
        except OSError as error:
            raise OutputError(
                f"cannot write {self.target}: {error.strerror}; make room, and run again: what is "
                "there is kept."
            ) from error
        if total:
            events.progress(f"fetching {self.target.name}", self.stream.tell(), total)

    def _start_anew(self) -> None:
        self.stream.truncate(0)
        self.memo.unlink(missing_ok=True)
        self.resumed = False

    def _forget(self) -> None:
        self._start_anew()
        self.target.with_name(f"{self.target.name}.part").unlink(missing_ok=True)


def _total(response: Any) -> int | None:
    match = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None
