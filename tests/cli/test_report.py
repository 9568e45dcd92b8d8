"""``texturekit report``, and what ``compare`` shares with it: pages to mail and to open."""

import json
import webbrowser

import pytest
from texturekit_cli.main import run

from tests.imagesets import two_classes
from tests.report.studies import study
from texturekit.report.folder import write_report

QUICK = ["--methods", "majority/dummy,first_order/logistic", "--resize", "32", "--folds", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_report(study(n=24), tmp_path_factory.mktemp("runs") / "one").parent


def test_report_draws_a_page_without_pictures_and_names(folder, tmp_path, capsys):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    page = tmp_path / "mail.html"
    code = run(["report", str(folder), "--no-images", "--pseudonymise", "-o", str(page)])

    assert code == 0
    assert capsys.readouterr().out == f"{page}\n"
    assert "scan_" not in page.read_text()
    assert "data:image" not in page.read_text()
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("more", "said"), [
    (["--pseudonymise"], "wants -o FILE"),
    (["{}", "--pseudonymise", "-o", "x"], "for the page of one run"),
    (["{}", "--no-images", "-o", "x"], "for the page of one run"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(folder, more, said, capsys):
    code = run(["report", str(folder), *[word.format(folder) for word in more]])

    assert code == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("answer", [True, False, webbrowser.Error("no display")])
def test_open_shows_the_page_and_never_fails(folder, tmp_path, capsys, monkeypatch, answer):
    def opened(address):
        shown.append(address)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shown = []
    monkeypatch.setattr(webbrowser, "open", opened)
    page = tmp_path / "a b.html"
    code = run(["report", str(folder), "--open", "-o", str(page)])

    assert code == 0
    assert shown == [page.as_uri()]
    assert ("No browser was found" in capsys.readouterr().err) is (answer is not True)


def test_nothing_is_opened_unasked(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", None)

    assert run(["report", str(folder), "-o", str(tmp_path / "p.html")]) == 0


def test_compare_leaves_no_name_in_the_run_folder(tmp_path, capsys):
    (tmp_path / "Ann_Miller").mkdir()
    data = two_classes(tmp_path / "Ann_Miller", patients=4)
    out = tmp_path / "run"
    code = run(["compare", "--data", str(data), *QUICK, "--pseudonymise", "--json", "-o", str(out)])

    told = capsys.readouterr()
    assert code == 0
    assert "Ann_Miller" not in told.out + told.err
    assert json.loads(told.out)["results"]["pseudonymised"] is True
    for file in out.rglob("*"):
        assert file.is_dir() or not any(
            name in file.read_bytes() for name in (b"Ann_Miller", b"p00_0", str(tmp_path).encode())
        )
