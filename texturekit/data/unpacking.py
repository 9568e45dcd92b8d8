"""Unpack zip and tar archives that nobody vouches for."""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from texturekit import events
from texturekit.errors import ArchiveError, OutputError
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_CHUNK = 1 << 20


class _LongHeaderError(Exception):
    """Words about a member that are longer than any file's name is."""


_DAMAGE = (
    _LongHeaderError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)
_UNSUSPICIOUS = 10_000_000  # bytes that any archive may hold, however well it is compressed
#: Headers of a tar archive that hold more about the next member, and are read whole.
_EXTENDED = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)  # fmt: skip
_LONGEST = 1 << 20  # bytes of such a header


@dataclass(frozen=True)
class Limits:
    """What an archive may hold.

    Parameters
    ----------
    members : int
        Files and folders.
    bytes : int
        Of all files, unpacked.
    ratio : int
        Bytes unpacked to bytes of the archive, beyond the first 10 MB.
    """

    members: int = 500_000
    bytes: int = 200_000_000_000
    ratio: int = 100


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    is_folder: bool
    fault: str


@dataclass
class _Guard:
    """Looks at one member after the other; raises at the first that must not be unpacked."""

    archive: Path
    limits: Limits
    count: int = 0
    total: int = 0
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)

    def admit(self, member: _Member) -> str:
        """Return the member's relative path, with ``/``."""
        self.count += 1
        self.total += member.size
        if self.count > self.limits.members:
            self.refuse(member, f"it is one of more than {self.limits.members:,} members")
        if self.total > self.limits.bytes:
            self.refuse(member, f"with it the files have more than {self.limits.bytes:,} bytes")
        allowed = max(_UNSUSPICIOUS, self.limits.ratio * self.archive.stat().st_size)
        if self.total > allowed:
            self.refuse(
                member,
                f"with it {self.archive.stat().st_size:,} bytes become {self.total:,}, more than "
                f"{self.limits.ratio} times as many: a bomb",
            )
        if member.fault:
            self.refuse(member, member.fault)
        path = self._path(member)
        self._check_names(member, path)
        return path

    def refuse(self, member: _Member, why: str) -> None:
        raise ArchiveError(
            f"'{self.archive}' is not unpacked: its member {member.name!r} must not be: {why}. "
            "Nothing was written; get the archive anew from a source that you trust."
        )

    def _path(self, member: _Member) -> str:
        name = member.name
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or re.match(r"[A-Za-z]:", name):
            self.refuse(member, "its name is an absolute path")
        if ".." in parts:
            self.refuse(member, "its name leads out of the folder (..)")
        if "\\" in name or "\0" in name:
            self.refuse(member, "its name holds a backslash or a NUL character")
        if not parts and not member.is_folder:
            self.refuse(member, "it has no name")
        return "/".join(parts)

    def _check_names(self, member: _Member, path: str) -> None:
        parts = path.split("/") if path else []
        ends = range(1, len(parts) + member.is_folder)
        folders = ["/".join(parts[:end]) for end in ends]
        for name in [*folders, path]:
            self._note(member, name)
        if not self.files.isdisjoint(folders) or (not member.is_folder and path in self.folders):
            self.refuse(member, "the archive has a file and a folder of one name")
        if path in self.files:
            self.refuse(member, "the archive holds it twice")
        self.folders.update(folders)
        if not member.is_folder:
            self.files.add(path)

    def _note(self, member: _Member, path: str) -> None:
        # Some file systems take these for one name, and the second file would replace the first.
        key = unicodedata.normalize("NFC", path).casefold()
        other = self.seen.setdefault(key, path)
        if other != path:
            self.refuse(member, f"its name differs from {other!r} in case or accents' form only")


def unpack(
    archive: str | Path,
    folder: str | Path,
    *,
    limits: Limits | None = None,
    overwrite: bool = False,
) -> int:
    """Unpack a zip or tar archive into a new folder: all of it, or nothing.

    Links, devices, encrypted members, names that lead elsewhere, repeated names and bombs are
    refused. Archives inside the archive stay as they are.

    Parameters
    ----------
    archive : str or Path
        ``.zip``, ``.tar``, ``.tar.gz``, ``.tgz``, ``.tar.bz2`` or ``.tar.xz``; the content decides.
    folder : str or Path
        Does not exist yet.
    limits : Limits, optional
    overwrite : bool, default False
        Replace what is there.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    ArchiveError
        If it is damaged, no archive, or holds what must not be unpacked; the member is named.
    OutputError
        If ``folder`` exists or cannot be written, or there is not enough room.
    """
    archive = Path(archive)
    guard = _Guard(archive, limits or Limits())
    with _reading(guard):
        is_zip = zipfile.is_zipfile(archive)
    with replacing(folder, overwrite=overwrite) as partial:
        partial.mkdir()
        (_unpack_zip if is_zip else _unpack_tar)(guard, partial)
    return len(guard.files)


@contextmanager
def _reading(guard: _Guard, member: _Member | None = None) -> Iterator[None]:
    """Say what is damaged; only reading stands inside, for a full disk is another matter."""
    try:
        yield
    except _DAMAGE as error:
        what = "" if member is None else f"its member {member.name!r} cannot be read: "
        said = str(error).partition("\n")[0].rstrip(":")
        raise ArchiveError(
            f"'{guard.archive}' is damaged or no zip or tar archive ({what}{said}); get it anew."
        ) from None


def _unpack_zip(guard: _Guard, folder: Path) -> None:
    with _reading(guard):
        _check_directory(guard)
        archive = zipfile.ZipFile(guard.archive)
    with archive:
        entries = [(entry, _zip_member(entry)) for entry in archive.infolist()]
        # Everything is looked at before anything is written.
        planned = [(entry, member, guard.admit(member)) for entry, member in entries]
        _check_room(folder, guard.total)
        for done, (entry, member, path) in enumerate(planned, start=1):
            if member.is_folder:
                (folder / path).mkdir(parents=True, exist_ok=True)
                continue
            with _reading(guard, member):
                source = archive.open(entry)
            with source:
                _write(guard, member, source, folder / path)
            events.progress(f"unpacking {guard.archive.name}", done, len(planned))


def _zip_member(entry: zipfile.ZipInfo) -> _Member:
    mode = entry.external_attr >> 16
    kind = stat.S_IFMT(mode)
    fault = ""
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        fault = "it is a link" if kind == stat.S_IFLNK else "it is a device or another special file"
    elif entry.flag_bits & 1:
        fault = "it is encrypted"
    # The name as stored: zipfile cuts it at NUL and turns separators round.
    return _Member(entry.orig_filename, entry.file_size, entry.is_dir(), fault)


def _check_directory(guard: _Guard) -> None:
    """Refuse a directory of a million entries before zipfile makes objects of them."""
    size = guard.archive.stat().st_size
    with guard.archive.open("rb") as stream:
        stream.seek(max(0, size - 65_557))
        tail = stream.read()
    place = tail.rfind(b"PK\x05\x06")
    count = struct.unpack_from("<H", tail, place + 10)[0] if 0 <= place <= len(tail) - 22 else 0
    place = tail.rfind(b"PK\x06\x06")
    if count == 0xFFFF and 0 <= place <= len(tail) - 40:
        count = struct.unpack_from("<Q", tail, place + 32)[0]
    if count > guard.limits.members:
        raise ArchiveError(
            f"'{guard.archive}' is not unpacked: it holds {count:,} members, more than "
            f"{guard.limits.members:,}."
        )


class _Entry(tarfile.TarInfo):
    """A member whose name is no bomb: tarfile reads headers of any length into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _EXTENDED and entry.size > _LONGEST:
            raise _LongHeaderError(f"a header of {entry.size:,} bytes stands before a member")
        return entry


def _unpack_tar(guard: _Guard, folder: Path) -> None:
    with _reading(guard):
        archive = tarfile.open(guard.archive, tarinfo=_Entry)  # noqa: SIM115 - closed below
    with archive:
        while True:
            with _reading(guard):
                entry = archive.next()
            if entry is None:
                return _check_rest(guard, archive)
            archive.members = []  # type: ignore[attr-defined]  # else it keeps them all
            member = _tar_member(entry)
            path = guard.admit(member)
            _check_room(folder, member.size)
            if member.is_folder:
                (folder / path).mkdir(parents=True, exist_ok=True)
                continue
            with _reading(guard, member):
                source = archive.extractfile(entry)
            if source is not None:
                _write(guard, member, source, folder / path)


def _check_rest(guard: _Guard, archive: tarfile.TarFile) -> None:
    """Read to the end: the checksum of a compressed archive stands behind its last member."""
    rest = 0
    while rest < _UNSUSPICIOUS:
        with _reading(guard):
            chunk = archive.fileobj.read(_CHUNK) if archive.fileobj else b""
        if not chunk:
            return
        rest += len(chunk)
    raise ArchiveError(
        f"'{guard.archive}' is not unpacked: more than {rest:,} bytes stand behind its last "
        "member; get it anew from a source that you trust."
    )


def _tar_member(entry: tarfile.TarInfo) -> _Member:
    fault = ""
    if entry.issym() or entry.islnk():
        fault = f"it is a link to {entry.linkname!r}"
    elif not (entry.isreg() or entry.isdir()):
        fault = "it is a device or another special file"
    return _Member(entry.name, entry.size if entry.isreg() else 0, entry.isdir(), fault)


def _write(guard: _Guard, member: _Member, source: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    got = 0
    with path.open("xb") as target:
        while True:
            with _reading(guard, member):
                chunk = source.read(_CHUNK)
            if not chunk:
                break
            got += len(chunk)
            if got > member.size:
                guard.refuse(member, f"it is longer than the {member.size:,} bytes it claims")
            target.write(chunk)
    if got < member.size:
        raise ArchiveError(
            f"'{guard.archive}' is damaged: its member {member.name!r} ends after {got:,} of "
            f"{member.size:,} bytes; get it anew."
        )


def _check_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise OutputError(
            f"unpacking needs {wanted:,} bytes, but only {free:,} are free in {folder.parent}; "
            "choose another folder (-o DIR)."
        )
