"""Fetch an image set: its files downloaded or taken from a folder, checked, unpacked."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit import events
from texturekit.data.checksums import checksums, fault_of
from texturekit.data.downloading import download
from texturekit.data.unpacking import unpack
from texturekit.errors import DownloadError, OutputError, ParameterError
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.data.asking import Patience
    from texturekit.data.catalogue import SetCard, SetFile

RECORD = "fetched.json"
_SCHEMA = "texturekit-fetched/1"


@dataclass(frozen=True)
class FetchedFile:
    """A file that was fetched.

    Parameters
    ----------
    name, origin : str
        What it is called, and the address or path that it comes from.
    bytes : int
    sha256 : str
    checked : str
        What it was compared with.
    place : str
        Where it is, below the set's folder: the file, or the folder that it was unpacked into.
    """

    name: str
    origin: str
    bytes: int
    sha256: str
    checked: str
    place: str


def fetch(
    card: SetCard,
    folder: str | Path,
    *,
    pixels: int | None = None,
    source: str | Path | None = None,
    patience: Patience | None = None,
    delete_archives: bool = False,
    overwrite: bool = False,
) -> list[FetchedFile]:
    """Fetch the files of a set into a folder; what is there and right already stays.

    Parameters
    ----------
    card : SetCard
        The set; see `texturekit.data.catalogue.load_set`.
    folder : str or Path
        Where its files go. ``fetched.json`` in it says what they are and what was checked.
    pixels : int, optional
        Which of several sizes; default the smallest.
    source : str or Path, optional
        A folder that has the files already: nothing is downloaded.
    patience : Patience, optional
        How long to wait for a server.
    delete_archives : bool, default False
        Delete downloaded archives when they are unpacked.
    overwrite : bool, default False
        Fetch everything anew.

    Returns
    -------
    list of FetchedFile

    Raises
    ------
    DownloadError
        If the set cannot be had without a login (the message says how to get it), a file cannot be
        downloaded, or is another one than the card says.
    ArchiveError
        If an archive is damaged or not to be trusted.
    ParameterError
        If ``source`` lacks a file, or the set has no such size.
    OutputError
        If something cannot be written.
    """
    files = card.chosen_files(pixels)
    if source is None and not card.is_open:
        raise DownloadError(how_to_get(card))
    if not files:
        raise ParameterError(
            f"the card of {card.id} names no files, so there is nothing to take from '{source}'; "
            f"unpack them yourself and go on with: texturekit data prepare {card.id} DIR"
        )
    given = None if source is None else _files_in(card, files, Path(source))
    folder = Path(folder)
    with _alone(folder):
        known = {} if overwrite else _record(folder)
        _check_room(folder, [file for file in files if given is None and file.name not in known])
        done = dict(known)
        for file in files:
            if file.name in known and _is_there(folder, file, known[file.name]):
                events.note(f"fetching {file.name}", f"{file.name} is there already.")
                continue
            path = None if given is None else given[file.name]
            done[file.name] = _Place(file, folder, overwrite).take(path, patience, delete_archives)
            _write_record(folder, card, done)
    return [done[file.name] for file in files]


def how_to_get(card: SetCard) -> str:
    """Say step by step how to get a set that a program cannot fetch."""
    why = card.login or "no address of its files is known"
    last = [f"texturekit data fetch {card.id} --from DIR"] if card.files else []
    place = f"data/{card.id}" if card.files else "DIR"
    if card.layout:
        last.append(f"texturekit data prepare {card.id} {place} -o {card.id}.csv")
    steps = [f"  {number}. {step}" for number, step in enumerate([*card.steps, *last], start=1)]
    return f"{card.id} cannot be fetched by a program ({why}). Get it so:\n" + "\n".join(steps)


def _files_in(card: SetCard, files: tuple[SetFile, ...], source: Path) -> dict[str, Path]:
    """Return where in a folder every file is."""
    found, missing = {}, []
    for file in files:
        places = [source / sub / name for sub in ("", card.id) for name in (file.name, *file.also)]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            missing.append(" or ".join((file.name, *file.also)))
        else:
            found[file.name] = path
    if missing:
        raise ParameterError(
            f"'{source}' lacks {len(missing)} of {len(files)} files of {card.id}: "
            f"{', '.join(missing[:5])}; put them there. If they are unpacked already, go on with: "
            f"texturekit data prepare {card.id} '{source}'"
        )
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make a folder, and keep other processes from fetching into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {error.strerror}; choose another (-o DIR)."
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # What a killed process had half unpacked: nobody else can be at work on it.
        for path in folder.glob(f".*.{'[0-9a-f]' * 8}.partial"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        yield
    except BlockingIOError:
        raise OutputError(f"another process fetches into {folder}; wait for it.") from None
    finally:
        os.close(handle)
        with suppress(OSError):  # it stays unless it is empty: nothing came
            folder.rmdir()


def _check_room(folder: Path, files: list[SetFile]) -> None:
    wanted = sum(file.bytes or 0 for file in files)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise OutputError(
            f"the files have {wanted:,} bytes, but only {free:,} are free in {folder}; choose "
            "another folder (-o DIR)."
        )


def _record(folder: Path) -> dict[str, FetchedFile]:
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {one["name"]: FetchedFile(**one) for one in content["files"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{folder / RECORD} cannot be read ({error}); delete it, or say --overwrite."
        ) from None


def _write_record(folder: Path, card: SetCard, files: dict[str, FetchedFile]) -> None:
    content = {
        "schema": _SCHEMA,
        "id": card.id,
        "title": card.title,
        "licence": card.licence,
        "page": card.page,
        "files": [asdict(files[name]) for name in sorted(files)],
    }
    with replacing(folder / RECORD, overwrite=True) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _is_there(folder: Path, file: SetFile, known: FetchedFile) -> bool:
    place = folder / known.place
    if file.is_archive:
        return place.is_dir()
    return place.is_file() and place.stat().st_size == known.bytes


@dataclass(frozen=True)
class _Place:
    """One file and the folder that it goes to."""

    file: SetFile
    folder: Path
    overwrite: bool

    def take(
        self, given: Path | None, patience: Patience | None, delete_archive: bool
    ) -> FetchedFile:
        """Check a given file, or download it; then unpack or copy it."""
        path = given or self.folder / self.file.name
        if given is None and self.file.url and (self.overwrite or not path.exists()):
            download(
                self.file.url,
                path,
                size=self.file.bytes,
                md5=self.file.md5,
                sha256=self.file.sha256,
                patience=patience,
            )
        got, digest = self._checked(path)
        place = self._placed(path)
        if delete_archive and given is None and self.file.is_archive:
            path.unlink()
        origin = str(given) if given is not None else str(self.file.url)
        return FetchedFile(self.file.name, origin, got, digest, self._compared(digest), place)

    def _checked(self, path: Path) -> tuple[int, str]:
        try:
            with path.open("rb") as stream:
                sums = checksums(stream)
                got = stream.tell()
        except OSError as error:
            raise ParameterError(f"{path} cannot be read: {error.strerror}.") from None
        fault = fault_of(got, sums, self.file.bytes, self.file.md5, self.file.sha256)
        if fault:
            raise DownloadError(
                f"{path} has {fault}: it is damaged or another file. Nothing was taken from it; "
                "get it anew (--overwrite), or see whether the set has changed."
            )
        return got, sums["sha256"]

    def _compared(self, digest: str) -> str:
        known = [name for name in ("sha256", "md5") if getattr(self.file, name)]
        if known:
            return f"{' and '.join(known)} of the card"
        what = "size of the card only" if self.file.bytes else "nothing"
        events.warn(
            f"fetching {self.file.name}",
            f"{self.file.name}: the card knows no checksum (compared: {what}); {RECORD} records "
            f"the sha256 {digest[:12]}...",
        )
        return what

    def _placed(self, path: Path) -> str:
        if self.file.is_archive:
            unpack(path, self.folder / self.file.stem, overwrite=self.overwrite)
            return self.file.stem
        target = self.folder / self.file.name
        if path != target:
            with replacing(target, overwrite=True) as partial:
                shutil.copyfile(path, partial)
        return self.file.name
