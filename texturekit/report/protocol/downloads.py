"""Files that the page carries: tables as CSV and LaTeX, the text, the reference."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from texturekit.report.protocol.latex import latex_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.report.protocol.citing import Citation
    from texturekit.report.protocol.paragraph import Prose
    from texturekit.report.protocol.sheets import Sheet, Value

_PLAIN = ",;:!'()*-._~/?@$&+=|[]{}\\"  # what an address within quotes may hold as it is
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


@dataclass(frozen=True)
class Download:
    """A file inside the page: what its link says, its name, and its content as an address."""

    label: str
    name: str
    href: str
    size: str


@dataclass(frozen=True)
class Offer:
    """A table with its files."""

    title: str
    about: str
    files: list[Download]


def offers(task: str, sheets: Sequence[Sheet], text: Prose, cite: Citation) -> list[Offer]:
    """Return the files of a page, table by table.

    Parameters
    ----------
    task : str
        Begins the files' names.
    sheets : sequence of Sheet
    text : Prose
    cite : Citation
    """
    start = re.sub(r"[^A-Za-z0-9._-]+", "_", task).strip("._-")[:40] or "comparison"
    found = []
    for sheet in sheets:
        files = [_file("CSV", f"{start}-{sheet.name}.csv", "text/csv", csv_text(sheet))]
        if sheet.printed:
            table = latex_table(
                sheet.printed_heads, sheet.printed, numeric=sheet.numeric, caption=sheet.title,
                label=f"tab:{sheet.name}",
            )  # fmt: skip
            files.append(_file("LaTeX", f"{start}-{sheet.name}.tex", "application/x-tex", table))
        count = f"{len(sheet.rows):,} row{'s' * (len(sheet.rows) != 1)}"
        found.append(Offer(sheet.title, count, files))
    prose = _file("Text", f"{start}-methods.txt", "text/plain", text.text)
    entry = _file("BibTeX", "texturekit.bib", "application/x-bibtex", cite.bibtex)
    return [
        *found,
        Offer("Methods and results in prose", "", [prose]),
        Offer("The reference", "", [entry]),
    ]


def csv_text(sheet: Sheet) -> str:
    r"""Return a table as CSV (RFC 4180): numbers in full, nothing where there is no value.

    Text that a spreadsheet would take for a formula begins with an apostrophe.

    Examples
    --------
    >>> from texturekit.report.protocol.sheets import Sheet
    >>> csv_text(Sheet("x", "X", ["name", "value"], [["=1+1", 0.1], ['a "b", c', None]]))
    'name,value\r\n\'=1+1,0.1\r\n"a ""b"", c",\r\n'
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([_cell(head) for head in sheet.heads])
    writer.writerows([[_cell(value) for value in row] for row in sheet.rows])
    return file.getvalue()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)


def _file(label: str, name: str, kind: str, text: str) -> Download:
    data = text.encode("utf-8", "replace")
    href = f"data:{kind};charset=utf-8,{quote(data, safe=_PLAIN)}"
    return Download(label, name, href, _size(len(data)))


def _size(count: int) -> str:
    """Return a number of bytes as readers say it.

    Examples
    --------
    >>> _size(900), _size(12345)
    ('900 bytes', '12 kB')
    """
    return f"{count} bytes" if count < 1000 else f"{round(count / 1000)} kB"
