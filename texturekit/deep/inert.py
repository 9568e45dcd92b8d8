"""Read a pickled network as plain records: names, numbers, tuples. Nothing in it is ever called.

A pickle is a little program, and loading it runs that program. Here its steps are listed by
`pickletools` and only noted down: a class is its name, an object that would be made is a `Record`
of what it would be made from. Both of torch's formats are read: the zip archive of today, and the
stream of before torch 1.6, which ``torch.load(weights_only=True)`` does not take for modules.
"""

from __future__ import annotations

import math
import os
import pickletools
import struct
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    _Contents = dict[str, bytes]

#: What a network's file may name, by the beginning of the name. Names only: nothing is imported.
ALLOWED = (
    "torchxrayvision.models.", "torch.nn.", "torch._utils._rebuild_", "numpy.",
    "collections.OrderedDict", "builtins.set", "__builtin__.set", "_codecs.encode",
)  # fmt: skip
_TYPES = {
    "torch.HalfStorage": "<f2",
    "torch.FloatStorage": "<f4",
    "torch.DoubleStorage": "<f8",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "<i1",
    "torch.ByteStorage": "<u1",
    "torch.BoolStorage": "?",
}
_MAGIC = 0x1950A86A20F9469CFC6C  # how every file of the old format begins
_MOST_STEPS, _MOST_PARTS, _DEEPEST = 2_000_000, 20_000, 30


@dataclass(frozen=True)
class Name:
    """A class or function that the file names."""

    text: str


@dataclass(eq=False)
class Record:
    """An object that the file would have made: of what, and with which state."""

    kind: object
    arguments: object = ()
    state: object = None
    items: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Storage:
    """Numbers that stand elsewhere in the file."""

    key: str
    dtype: str


def read_module(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the numbers of a pickled network.

    Parameters
    ----------
    path : Path
        What ``torch.save(module)`` or ``torch.save(module.state_dict())`` wrote.

    Returns
    -------
    values : dict of arrays
        Parameters and buffers by name.
    attributes : dict
        What else the outermost module holds, as far as it is plain.

    Raises
    ------
    ValueError
        If the file is damaged, or names what has no place in a network; it says what.
    OSError, zipfile.BadZipFile, struct.error
        If it is damaged in other ways.
    """
    with path.open("rb") as file:
        if zipfile.is_zipfile(file):
            found, contents = _zipped(file)
        else:
            file.seek(0)
            found, contents = _streamed(file)
        room = os.fstat(file.fileno()).st_size
    values = {}
    for name, value in _named(found, contents):
        values[name] = value
        room -= value.nbytes  # a copy of each will be made
        if room < 0:
            raise ValueError("it refers to the same numbers again and again")
    state = found.state if isinstance(found, Record) else None
    return values, dict(state) if isinstance(state, dict) else {}


def _zipped(file: BinaryIO) -> tuple[object, _Contents]:
    archive = zipfile.ZipFile(file)
    name = next((n for n in archive.namelist() if n.endswith("/data.pkl")), None)
    if name is None:
        raise ValueError("it is a zip archive without data.pkl")
    found, _ = _noted(archive.read(_stored(archive, name)))
    folder = name.removesuffix("data.pkl") + "data/"
    contents = {
        entry.removeprefix(folder): archive.read(_stored(archive, entry))
        for entry in archive.namelist()
        if entry.startswith(folder)
    }
    return found, contents


def _stored(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return an entry that is as large as it stands in the file: torch never compresses."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise ValueError(f"{name} is compressed, which torch never does")
    return entry


def _streamed(file: BinaryIO) -> tuple[object, _Contents]:
    if _noted(file)[0] != _MAGIC:
        raise ValueError("it is no file that torch wrote")
    for _ in ("the version of the format", "the machine that wrote it"):
        _noted(file)
    found, types = _noted(file)
    keys, _ = _noted(file)
    contents = {}
    for key in keys if isinstance(keys, list) else []:
        (count,) = struct.unpack("<q", file.read(8))
        if not isinstance(key, str) or key not in types or count < 0:
            raise ValueError("it holds numbers that nothing refers to")
        contents[key] = file.read(count * np.dtype(types[key]).itemsize)
    return found, contents


def _named(
    part: object, contents: _Contents, prefix: str = "", budget: list[int] | None = None
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield parameters and buffers as a state dict would name them."""
    left = [_MOST_PARTS] if budget is None else budget
    left[0] -= 1
    if left[0] < 0 or prefix.count(".") > _DEEPEST:
        raise ValueError("it is nested deeper than any network")
    if isinstance(part, Record) and part.items:  # a state dict
        yield from (
            (str(name), _array(value, contents, name)) for name, value in part.items.items()
        )
        return
    if isinstance(part, dict):
        yield from ((str(name), _array(value, contents, name)) for name, value in part.items())
        return
    if not isinstance(part, Record) or not isinstance(part.state, dict):
        raise ValueError(f"{prefix.rstrip('.') or 'it'} is no network")
    for kind in ("_parameters", "_buffers"):
        for name, value in _entries(part.state.get(kind)):
            if value is not None:
                yield f"{prefix}{name}", _array(value, contents, f"{prefix}{name}")
    for name, inner in _entries(part.state.get("_modules")):
        if inner is not None:
            yield from _named(inner, contents, f"{prefix}{name}.", left)


def _entries(value: object) -> Iterable[tuple[Any, Any]]:
    items = value.items if isinstance(value, Record) else value
    return items.items() if isinstance(items, dict) else ()


def _array(value: object, contents: _Contents, name: object) -> NDArray[Any]:
    """Return the numbers of a tensor, or of a parameter around one."""
    match value:
        case Record(Name("torch._utils._rebuild_parameter"), (inner, *_)):
            return _array(inner, contents, name)
        case Record(
            Name("torch._utils._rebuild_tensor_v2"),
            (Storage(key, dtype), int(start), tuple(shape), tuple(strides), *_),
        ) if key in contents:
            if not all(isinstance(n, int) and n > 0 for n in shape):
                raise ValueError(f"{name} has no shape")
            values = np.frombuffer(contents[key], np.dtype(dtype))
            count = math.prod(shape)
            dense = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
            same = all(s == d or n == 1 for n, s, d in zip(shape, strides, dense, strict=True))
            if not same or not 0 <= start <= len(values) - count:
                raise ValueError(f"{name} has shape {shape}, which its numbers do not fill")
            return values[start : start + count].reshape(shape)
    raise ValueError(f"{name} is no array of numbers")


def _noted(stream: BinaryIO | bytes) -> tuple[Any, dict[Any, str]]:
    """Follow a pickle without running it; return what it describes, and the types of numbers."""
    machine = _Machine()
    for step, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if step > _MOST_STEPS:
            raise ValueError("it has more steps than any network")
        machine.note(opcode.name, argument)
    return machine.pop(), machine.types


class _Machine:
    """The stack and the memory of a pickle, holding notes instead of objects."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}
        self.types: dict[Any, str] = {}

    def pop(self) -> Any:
        if not self.stack:
            raise ValueError("it is damaged: a step has nothing to work on")
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        if not self.marks:
            raise ValueError("it is damaged: a mark is missing")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def note(self, step: str, argument: Any) -> None:
        if step in _VALUES:
            self.stack.append(_VALUES[step])
        elif step in _MAKES:
            self.stack.append(_MAKES[step]())
        elif step in _TAKES:
            self.stack.append(argument)
        elif step in _TUPLES:
            self.stack.append(tuple(reversed([self.pop() for _ in range(_TUPLES[step])])))
        elif step.endswith("PUT") or step == "MEMOIZE":
            place = len(self.memory) if step == "MEMOIZE" else argument
            self.memory[place] = self.stack[-1]
        elif step.endswith("GET"):
            self.stack.append(self.memory[argument])
        elif step not in ("PROTO", "FRAME", "STOP"):
            self._rarer(step, argument)

    def _rarer(self, step: str, argument: Any) -> None:
        match step:
            case "MARK":
                self.marks.append(len(self.stack))
            case "TUPLE":
                self.stack.append(tuple(self.since_mark()))
            case "GLOBAL":
                self.stack.append(_allowed(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                name, module = self.pop(), self.pop()
                if not isinstance(name, str) or not isinstance(module, str):
                    raise ValueError("it is damaged: a name is no text")
                self.stack.append(_allowed(f"{module}.{name}"))
            case "REDUCE" | "NEWOBJ":
                arguments = self.pop()
                self.stack.append(Record(self.pop(), arguments))
            case "BUILD":
                state = self.pop()
                if not isinstance(self.stack[-1], Record):
                    raise ValueError("it is damaged: a state belongs to nothing")
                self.stack[-1].state = state
            case "APPEND":
                self._append([self.pop()])
            case "APPENDS" | "ADDITEMS":
                self._append(self.since_mark())
            case "SETITEM":
                value = self.pop()
                self._set([self.pop(), value])
            case "SETITEMS":
                self._set(self.since_mark())
            case "BINPERSID":
                self.stack.append(self._elsewhere(self.pop()))
            case _:
                raise ValueError(f"it has a step {step} that no network needs")

    def _append(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("it is damaged: values belong to no list")
        self.stack[-1].extend(values)

    def _set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        items = target.items if isinstance(target, Record) else target
        if not isinstance(items, dict):
            raise ValueError("it is damaged: entries belong to no dict")
        # Nested tuples would take for ever to hash and to print.
        if not all(isinstance(key, str | int | None) for key in pairs[::2]):
            raise ValueError("it has an entry whose name is neither text nor number")
        items.update(zip(pairs[::2], pairs[1::2], strict=True))

    def _elsewhere(self, told: Any) -> object:
        """Return what stands outside the pickle: a class with its source, or numbers."""
        match told:
            case ("module", Name() as kind, *_):
                return kind
            case ("storage", Name(kind), str(key), *_) if kind in _TYPES:
                self.types[key] = _TYPES[kind]
                return Storage(key, _TYPES[kind])
        raise ValueError("it refers to something outside that is neither class nor numbers")


_VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_MAKES: dict[str, type] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": list}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_TAKES = (
    "BININT", "BININT1", "BININT2", "LONG1", "INT", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINBYTES", "SHORT_BINBYTES", "BINSTRING", "SHORT_BINSTRING",
)  # fmt: skip


def _allowed(name: str) -> Name:
    if name not in _TYPES and not name.startswith(ALLOWED):
        raise ValueError(f"it names {name}, which has no place in a network")
    return Name(name)
