"""Text and tables for LaTeX."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from texturekit.report.wording import DASH, MINUS

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    MINUS: "$-$",
    DASH: "--",
    **{mark: f"\\{mark}" for mark in "&%$#_"},
}


def latex(text: str) -> str:
    r"""Return text as LaTeX prints it, letter by letter.

    Examples
    --------
    >>> print(latex("50% of a_b {\\x}"))
    50\% of a\_b \{\textbackslash{}x\}
    """
    shown = (" " if c in "\n\r\t" else c for c in text)
    kept = (c for c in shown if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    # a bracket that starts a cell would be read as the argument of the \\ of the row before
    return "".join(_MARKS.get(c, c) for c in kept).replace("[", "{[}").replace("]", "{]}")


def latex_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Sequence[bool],
    caption: str,
    label: str,
) -> str:
    r"""Return a table with the rules of the package booktabs.

    Parameters
    ----------
    heads, rows : sequence of str, sequence of such
        Plain text, which is escaped here.
    numeric : sequence of bool
        Which columns are set to the right.
    caption, label : str
        Plain text; a word.

    Returns
    -------
    str

    Examples
    --------
    >>> print(latex_table(["Method", "AUC"], [["a_b", "0.8"]], numeric=[False, True],
    ...                   caption="50%", label="tab:methods"))
    % \usepackage{booktabs}
    \begin{table}
    \caption{50\%}
    \label{tab:methods}
    \begin{tabular}{lr}
    \toprule
    Method & AUC \\
    \midrule
    a\_b & 0.8 \\
    \bottomrule
    \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    # not pandas: its to_latex escapes no caption, and takes braces in a heading for a format
    lines = [r"% \usepackage{booktabs}", r"\begin{table}", rf"\caption{{{latex(caption)}}}"]
    columns = "".join("r" if one else "l" for one in numeric)
    lines += [rf"\label{{{label}}}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    lines += [_row(heads), r"\midrule", *map(_row, rows), r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}", r"\end{table}", ""])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex, cells)) + r" \\"
