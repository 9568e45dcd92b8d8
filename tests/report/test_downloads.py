"""The files inside the page: CSV that a spreadsheet may open, LaTeX that compiles."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import unquote

import pytest

from tests.report.studies import changed, ready, study
from tests.report.test_page import Page
from texturekit.records import Estimate, MethodResult
from texturekit.report.page import render
from texturekit.report.protocol.checklist import checklist
from texturekit.report.protocol.downloads import csv_text
from texturekit.report.protocol.latex import latex, latex_table
from texturekit.report.protocol.seen import Seen
from texturekit.report.protocol.sheets import Sheet, sheets

HOSTILE = [
    "=1+1", "+1", "-1", "@x", "\tx", 'say "a", b', "line\nbreak",
    r"\end{tabular} & % $ # _ ~ ^", "{0} {1}", "[6pt]", "\N{MINUS SIGN}1",
]  # fmt: skip


def files(of):
    """Return the files of a page by name, as a browser would save them."""
    found = {}
    for a in Page(render(of)).all("a"):
        if "download" in a:
            head, _, content = a["href"].partition(",")
            assert head.startswith("data:")
            found[a["download"]] = unquote(content)
    return found


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture(scope="module")
def saved():
    return files(ready())


def test_the_page_carries_every_table_as_csv_and_latex(saved):
    assert set(saved) == {
        "breast-methods.csv", "breast-methods.tex", "breast-comparisons.csv",
        "breast-comparisons.tex", "breast-splits.csv", "breast-splits.tex",
        "breast-checklist.csv", "breast-methods.txt", "texturekit.bib",
    }  # fmt: skip
    assert "breast-classes.csv" in files(ready("multilabel"))


def test_numbers_have_all_their_digits(saved):
    rows = {row["method"]: row for row in table(saved["breast-methods.csv"])}

    for one in ready().results.methods:
        for name, found in one.metrics.items():
            row = rows[one.name]
            values = [row[f"{name}{end}"] for end in ("", "_low", "_high")]
            wanted = [found.value, found.low, found.high]
            assert [float(v) if v else None for v in values] == wanted
    assert len(rows) == len(ready().results.methods)


def test_an_undefined_number_is_empty_and_its_reason_stands_at_the_end():
    gap = Estimate(value=None, how="Wilson", reason="no image was called malignant")
    first, *others = ready().results.methods
    broken = first.model_copy(update={"metrics": {**first.metrics, "precision": gap}})
    failed = MethodResult(name="x/svm", family="texture", status="failed", reason="no memory")
    rows = table(files(changed(ready(), methods=[broken, failed, *others]))["breast-methods.csv"])
    found = {row["method"]: row for row in rows}

    assert found[first.name]["precision"] == ""
    assert "precision: no image was called malignant" in found[first.name]["reasons"]
    assert found["x/svm"]["roc_auc"] == ""
    assert found["x/svm"]["reasons"] == "no memory"


def test_the_splits_are_those_of_the_run(saved):
    rows, splits = table(saved["breast-splits.csv"]), ready().results.splits

    assert [(int(row["images"]), row["part"]) for row in rows] == [
        (one.images, one.part) for one in splits
    ]
    assert int(rows[0]["images: malignant"]) == splits[0].counts["malignant"]


def test_the_checklist_is_a_file_too(saved):
    rows = table(saved["breast-checklist.csv"])

    assert [int(row["number"]) for row in rows] == list(range(1, 22))
    assert [row["status"] for row in rows] == [row.status for row in checklist(Seen(ready()))]


def test_csv_cannot_hold_a_formula_and_keeps_numbers():
    sheet = Sheet("x", "X", ["text", "number"], [[text, -1.5] for text in HOSTILE])
    rows = list(csv.reader(io.StringIO(csv_text(sheet), newline="")))[1:]

    assert [float(number) for _, number in rows] == [-1.5] * len(HOSTILE)
    assert not any(text[:1] in "=+-@\t\r" for text, _ in rows)
    assert [text.removeprefix("'") for text, _ in rows] == HOSTILE
    assert csv_text(sheet).count("\r\n") == len(HOSTILE) + 1


def test_latex_holds_any_name():
    text = latex_table(
        HOSTILE[:2], [[name, name] for name in HOSTILE], numeric=[False, True],
        caption=HOSTILE[7], label="tab:x",
    )  # fmt: skip
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    bare = re.sub(r"\\[\\&%$#_{}]", "", text)

    assert len(body) == len(HOSTILE)
    assert all(len(re.findall(r"(?<!\\)&", row)) == 1 and row.endswith(r" \\") for row in body)
    assert bare.count("{") == bare.count("}")
    assert text.count(r"\end{tabular}") == 1
    assert not re.search(r"(?<!\\)[%#_~^]", text.partition("\n")[2].replace(r"\label", ""))
    assert not any(row.lstrip().startswith("[") for row in body)
    assert text.isascii()


def test_latex_reads_as_the_text_it_came_from():
    back = {
        r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
        "$-$": "\N{MINUS SIGN}", "{[}": "[", "{]}": "]",
    }  # fmt: skip
    for name in HOSTILE:
        text = latex(name)
        for code, letter in back.items():
            text = text.replace(code, letter)
        text = text.replace(r"\textquotedbl{}", '"')
        assert re.sub(r"\\([&%$#_{}])", r"\1", text) == re.sub(r"[\n\t]", " ", name)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_row_of_a_table_has_its_columns(kind):
    found = sheets(Seen(ready(kind)), checklist(Seen(ready(kind))))

    for sheet in found:
        assert {len(row) for row in sheet.rows} == {len(sheet.heads)}, sheet.name
        assert {len(row) for row in sheet.printed} <= {len(sheet.printed_heads)}, sheet.name
        assert len(sheet.numeric) == len(sheet.printed_heads)


def test_hostile_names_break_neither_page_nor_files():
    evil = '"><script>alert(1)</script>,=1'
    of = study(classes=["a", evil], images=False, failed=False,
               methods={"glcm+lbp/forest": ("texture", 0.5)})  # fmt: skip
    one = of.results.methods[0].model_copy(update={"name": f"=x{evil}", "weights": f"@{evil}"})
    of = changed(of, methods=[one], task=f"../{evil}", comparisons=[],
                 statements={"reference_standard": evil, "dates": f"={evil}"})  # fmt: skip
    page = Page(render(of))
    names = [a["download"] for a in page.all("a") if "download" in a]

    assert page.stray == []
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)
    rows = table(files(of)[next(n for n in names if n.endswith("methods.csv"))])
    assert rows[0]["method"] == f"'=x{evil}"
    assert rows[0]["weights"] == f"'@{evil}"


def test_the_files_are_small():
    names = {f"texture/m{i}": ("texture", 0.5) for i in range(11)}
    few = ready()
    base = few.results.methods[3]
    methods = [base.model_copy(update={"name": name}) for name in names]
    pairs = [
        few.results.comparisons[0].model_copy(update={"a": a, "b": "texture/m0"}) for a in names
    ]
    of = changed(few, methods=methods, comparisons=pairs * 4)
    size = sum(len(a["href"]) for a in Page(render(of)).all("a") if "download" in a)

    assert size < 150_000
