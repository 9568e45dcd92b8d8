"""The folder that processes share while a sweep runs: its plan, its journal, and who is alive.

::

    plan.json        what is tried on what; another plan is refused
    journal.jsonl    every trial, as optuna writes them: lines of JSON, no pickle
    lock             held while trials are dealt out
    alive/<name>     held by each process as long as it lives

Locks are the system's own (flock), so that they end with the process that held them, however it
ends; over NFS they hold between machines.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import uuid
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from texturekit.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from optuna import Study
    from optuna.pruners import BasePruner

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows: one process at a time
    fcntl = None  # type: ignore[assignment]

JOURNAL = "journal.jsonl"
PLAN, _NAME = "plan.json", "sweep"


class GoneError(Exception):
    """Another process has finished the sweep and removed the folder."""


class Shared:
    """A process's share in a sweep.

    Parameters
    ----------
    folder : Path
    plan : mapping
        All that the numbers hang on, as JSON.
    overwrite : bool, default False
        Start anew where the folder holds another sweep.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.folder, self.plan, self.overwrite = folder, plan, overwrite
        self.name = uuid.uuid4().hex
        self._token: IO[str] | None = None

    def __enter__(self) -> Shared:
        """Make the folder, or see that it is of the same sweep; be alive in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _held(self.folder / "lock"):
            self._claim()
            (self.folder / "alive").mkdir(exist_ok=True)
            self._token = (self.folder / "alive" / self.name).open("w", encoding="utf-8")
            _lock(self._token, wait=True)
            self._mend()
        return self

    def __exit__(self, *problem: object) -> None:
        """Be alive no longer."""
        if self._token is not None:
            self._token.close()
        (self.folder / "alive" / self.name).unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process deal out trials meanwhile.

        Raises
        ------
        GoneError
            If the folder is another process's to remove, or removed already.
        """
        try:
            with _held(self.folder / "lock"):
                if not (self.folder / PLAN).exists():
                    raise GoneError
                yield
        except FileNotFoundError as error:
            if (self.folder / PLAN).exists():
                raise
            raise GoneError from error

    def is_alive(self, name: str | None) -> bool:
        """Tell whether the process of a name lives."""
        return name is not None and (name == self.name or _is_held(self.folder / "alive" / name))

    def study(self, pruner: BasePruner) -> Study:
        """Open the journal.

        Raises
        ------
        OutputError
            If it is damaged.
        """
        import optuna
        from optuna.storages.journal import JournalFileBackend

        backend = JournalFileBackend(str(self.folder / JOURNAL), lock_obj=self._writing())
        try:
            return optuna.create_study(
                study_name=_NAME, storage=optuna.storages.JournalStorage(backend),
                direction="minimize", pruner=pruner, load_if_exists=True,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AssertionError, AttributeError) as error:
            raise OutputError(
                f"{self.folder / JOURNAL} is damaged ({type(error).__name__}: {error}); say "
                "--overwrite to start anew, or choose another output."
            ) from error

    def _writing(self) -> Any:
        from optuna.storages.journal import JournalFileOpenLock

        return JournalFileOpenLock(str(self.folder / JOURNAL))

    def _claim(self) -> None:
        file = self.folder / PLAN
        mine = json.loads(json.dumps(self.plan))
        other = None
        if file.exists():
            try:
                other = json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                other = {}
        damaged = not self._readable()
        if other == mine and not (self.overwrite and damaged):
            return
        if other is not None:
            self._refuse(other if isinstance(other, dict) else {}, mine)
        for item in (JOURNAL, f"{JOURNAL}.lock"):
            (self.folder / item).unlink(missing_ok=True)
        beside = self.folder / f"{PLAN}.new"
        beside.write_text(json.dumps(mine, indent=2), encoding="utf-8")
        beside.replace(file)

    def _readable(self) -> bool:
        journal = self.folder / JOURNAL
        if not journal.exists():
            return True
        whole = journal.read_bytes().rpartition(b"\n")[0]
        try:
            return all(isinstance(json.loads(line), dict) for line in whole.splitlines())
        except ValueError:
            return False

    def _refuse(self, other: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
        """Refuse to take the place of another sweep, unless that is wanted and nobody is there."""
        changed = [name for name, value in mine.items() if other.get(name) != value]
        if not self.overwrite:
            raise OutputError(
                f"{self.folder} holds an unfinished sweep that differs in {', '.join(changed)}; "
                "take the same settings to go on with it, or say --overwrite (overwrite=True)."
            )
        alive = self.folder / "alive"
        if alive.is_dir() and any(_is_held(item) for item in alive.iterdir()):
            raise OutputError(
                f"{self.folder} is in use by another process; end it, or choose another output."
            )

    def _mend(self) -> None:
        """Remove what a process that was killed left behind: half a line, and a lock."""
        names = [p.name for p in (self.folder / "alive").iterdir() if p.name != self.name]
        others = [name for name in names if self.is_alive(name)]
        for name in set(names) - set(others):
            (self.folder / "alive" / name).unlink(missing_ok=True)
        journal = self.folder / JOURNAL
        if others or not journal.exists():
            return
        (self.folder / f"{JOURNAL}.lock").unlink(missing_ok=True)
        content = journal.read_bytes()
        if content and not content.endswith(b"\n"):
            with journal.open("rb+") as file:
                file.truncate(content.rfind(b"\n") + 1)


def remove(folder: Path) -> None:
    """Remove the folder of a finished sweep; its plan first, which tells the others."""
    (folder / PLAN).unlink(missing_ok=True)
    for _ in range(5):  # another process may just look in
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep optuna from writing to stderr, and its warnings of what may change in later versions."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("a", encoding="utf-8") as file:
        _lock(file, wait=True)
        yield


def _lock(file: IO[str], *, wait: bool) -> bool:
    """Take a lock that ends with the file's closing; tell whether it was free."""
    if fcntl is None:  # pragma: no cover
        return True
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                return False
            time.sleep(0.01)  # not inside the system's call, which a signal would not end
        else:
            return True


def _is_held(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="utf-8") as file:
        return not _lock(file, wait=False)
    return False
