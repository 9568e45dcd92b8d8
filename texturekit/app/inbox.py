"""Files that were sent: in a folder of our own, until they are answered."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.app.limits import MB, Limits, Refused
from texturekit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows
    fcntl = None  # type: ignore[assignment]

_LONGEST = 120
_REMEMBERED = 4096  # files that were dropped, to say so where they are asked about
_PREFIX, _ALIVE = "texturekit-serve-", "alive"


@dataclass(frozen=True)
class Sent:
    """A file that was sent.

    Attributes
    ----------
    name : str
        What the sender calls it; for showing only.
    path : Path
        Where it lies: no part of it but the suffix comes from the sender.
    """

    name: str
    path: Path


class Incoming:
    """A file that arrives, or has arrived.

    Attributes
    ----------
    asked : bool
        Whether its question came with it; else nobody has asked about it yet.
    whole : bool
        Whether it has arrived.
    """

    def __init__(self, inbox: Inbox, sent: Sent, file: BinaryIO, asked: bool) -> None:
        self.inbox, self.sent, self.file, self.asked = inbox, sent, file, asked
        self.size, self.whole, self.since = 0, False, time.monotonic()

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises
        ------
        Refused
            If the file gets too large, or there is no more room.
        """
        if self.size + len(data) > self.inbox.limits.file:
            raise Refused(
                413,
                f"{self.sent.name!r} is larger than {self.inbox.limits.file / MB:g} MB; send a "
                "smaller file, or start the service with a larger --max-size.",
            )
        self.inbox.grow(self, len(data))
        self.file.write(data)


@dataclass
class _Places:
    """Files that share a limit, by their path, and the bytes of all of them."""

    files: dict[str, Incoming] = field(default_factory=dict)
    size: int = 0


class Inbox:
    """A temporary folder; every file in it is known, and goes when it was answered or is old.

    Files that come with their question have places of their own: they live while it is answered,
    and what the page uploads cannot take their room. Of the page's, the oldest make room for new
    ones.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        _remove_left()
        self._own = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        self._alive = _hold(self._own)
        self.folder = self._own / "files"
        self.folder.mkdir(0o700)
        self._asked, self._unasked = _Places(), _Places()
        self._dropped: dict[str, str] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._asked.files) + len(self._unasked.files)

    @property
    def size(self) -> int:
        """Bytes of all files, those that are arriving too."""
        return self._asked.size + self._unasked.size

    def open(self, name: str, *, asked: bool = False) -> Incoming:
        """Begin a file.

        Parameters
        ----------
        name : str
            What the sender calls it.
        asked : bool, default False
            Whether its question comes with it; then it stays until it is removed.

        Raises
        ------
        Refused
            If too many files wait already.
        """
        self.sweep()
        with self._lock:
            if asked and len(self._asked.files) >= self.limits.answered:
                raise Refused(429, "too many files are being answered; try again later.")
            while not asked and len(self._unasked.files) >= self.limits.kept:
                if not self._drop_oldest():
                    waiting = len(self._unasked.files)
                    raise Refused(429, f"{waiting} files are waiting already; try again later.")
            name = plain_name(name)
            # The suffix stays: where it differs from the content, the answer's reasons say so.
            suffix = re.search(r"(\.nii)?\.[a-z0-9]{1,8}$", name.lower())
            place = self.folder / f"{secrets.token_hex(16)}{suffix.group() if suffix else ''}"
            incoming = Incoming(self, Sent(name, place), place.open("xb"), asked)
            self._places(incoming).files[str(place)] = incoming
        return incoming

    def grow(self, incoming: Incoming, size: int) -> None:
        """Count bytes that arrive.

        Raises
        ------
        Refused
            If there is no more room, or the file had to make some.
        """
        places = self._places(incoming)
        with self._lock:
            if str(incoming.sent.path) not in places.files:
                raise Refused(408, f"{incoming.sent.name!r} took too long to arrive; send it anew.")
            while places.size + size > self.limits.disk:
                if incoming.asked or not self._drop_oldest(but=incoming):
                    raise Refused(429, "too many large files are waiting; try again later.")
            places.size += size
            incoming.size += size

    def close(self, incoming: Incoming) -> Sent:
        """End a file that has arrived."""
        incoming.file.close()
        incoming.whole, incoming.since = True, time.monotonic()
        return incoming.sent

    def drop(self, incoming: Incoming) -> None:
        """Forget a file that did not arrive whole."""
        incoming.file.close()
        self.remove([incoming.sent])

    def knows(self, path: str) -> bool:
        """Tell whether a file was uploaded and may be asked about, or was dropped lately."""
        found = self._unasked.files.get(path)
        return path in self._dropped if found is None else found.whole

    def dropped(self, path: str) -> str | None:
        """Return the name of a file that nobody asked about in time."""
        return self._dropped.get(path)

    def take(self, path: str) -> Sent | None:
        """Return a file that was uploaded, to be answered: nobody else gets it any more."""
        with self._lock:
            found = self._unasked.files.get(path)
            if found is None or not found.whole:
                return None
            self._forget(found)
        return found.sent

    def remove(self, files: Iterable[Sent]) -> None:
        """Delete files, whether they were taken or not."""
        for sent in files:
            with self._lock:
                for places in (self._asked, self._unasked):
                    found = places.files.get(str(sent.path))
                    if found is not None:
                        self._forget(found)
            sent.path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete files that nobody has asked about for long."""
        while self._drop_oldest(60 * self.limits.minutes):
            pass

    def _places(self, incoming: Incoming) -> _Places:
        return self._asked if incoming.asked else self._unasked

    def _forget(self, incoming: Incoming) -> None:
        places = self._places(incoming)
        del places.files[str(incoming.sent.path)]
        places.size -= incoming.size

    def _drop_oldest(self, age: float | None = None, but: Incoming | None = None) -> bool:
        """Drop the oldest file that nobody has asked about, if one is old enough.

        Those that are still arriving come last.
        """
        born = time.monotonic() - (self.limits.grace if age is None else age)
        with self._lock:
            old = [
                one for one in self._unasked.files.values() if one.since <= born and one is not but
            ]
            if not old:
                return False
            oldest = min(old, key=lambda one: (not one.whole, one.since))
            self._forget(oldest)
            self._dropped[str(oldest.sent.path)] = oldest.sent.name
            if len(self._dropped) > _REMEMBERED:
                del self._dropped[next(iter(self._dropped))]
        oldest.file.close()
        oldest.sent.path.unlink(missing_ok=True)
        return True

    def end(self) -> None:
        """Delete everything."""
        self._asked, self._unasked = _Places(), _Places()
        if self._alive is not None:
            os.close(self._alive)
            self._alive = None
        shutil.rmtree(self._own, ignore_errors=True)


def _hold(folder: Path) -> int | None:
    """Lock a folder as long as this process lives, however it ends."""
    if fcntl is None:  # pragma: no cover
        return None
    new = folder / f"{_ALIVE}.new"
    held = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    new.rename(folder / _ALIVE)  # nobody takes it for one that was left before it is locked
    return held


def _remove_left() -> None:
    """Remove the folders of services of this user that were killed: images lie in them."""
    if fcntl is None:  # pragma: no cover
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            held = os.open(folder / _ALIVE, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)


def plain_name(name: str) -> str:
    r"""Return the last part of a file's name, for showing.

    Examples
    --------
    >>> plain_name("../../etc/passwd"), plain_name("C:\\scans\\a.png"), plain_name("\x00\n")
    ('passwd', 'a.png', 'image')
    """
    last = re.split(r"[\\/]", printable(name))[-1]
    clean = "".join(sign for sign in last if sign.isprintable()).strip()
    if len(clean) > _LONGEST:
        clean = clean[: _LONGEST - 20] + "..." + clean[-17:]
    return clean or "image"
