"""A person and a served model: the real command, a real upload, a real click."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.dicoms import dicom
from tests.imagesets import texture, two_classes
from tests.processes import start
from texturekit.methods.model import Preprocessing

HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{3*3}}.png"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model and images to ask about."""
    pytest.importorskip("gradio", reason="gradio is not installed")
    root = tmp_path_factory.mktemp("served")
    data = tk.read_manifest(two_classes(root, patients=26))
    how = Preprocessing(32, weights="none")
    tk.fit("glcm/logistic", data, positive="rough", preprocessing=how).save(root / "model")
    rng = np.random.default_rng(2)
    Image.fromarray(texture(rng, coarse=True)).save(root / HOSTILE)
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1))).save(root / "smooth.png")
    (root / "bad.png").write_bytes(b"no image")
    dicom(root / "scan.dcm", texture(rng, coarse=False))
    return root


@pytest.fixture(scope="module")
def served(place, tmp_path_factory):
    """The address of the command in a process of its own; at the end Ctrl-C."""
    temporary = tmp_path_factory.mktemp("tmp")
    env = {**__import__("os").environ, "TMPDIR": str(temporary)}
    process = start("serve", place / "model", "--port", "0", cwd=temporary, env=env)
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), process.communicate()
    yield address
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert list(temporary.iterdir()) == []


#: What of the cards reaches beyond the screen: Gradio hides it, and nobody can scroll there.
CUT_OFF = """() => [...document.querySelectorAll('.tk-head *, .tk-card *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def page(browser, served):
    """The page; at the end nothing unwanted may have happened, and nobody else was asked."""
    seen = []
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("request", lambda one: seen.append(one.url))
    page.on("pageerror", lambda one: seen.append(f"error: {one}"))
    page.on("dialog", lambda one: (seen.append(f"dialog: {one.message}"), one.dismiss()))
    page.on("console", lambda one: one.type == "error" and seen.append(f"error: {one.text}"))
    page.goto(served)
    page.locator("#tk-ask").wait_for()
    yield page
    context.close()
    assert [one for one in seen if not one.startswith((served, "data:", "blob:"))] == []


def ask(page, *files):
    page.set_input_files("#tk-files input[type=file]", [str(file) for file in files])
    page.locator("#tk-files .file-preview").wait_for()
    page.get_by_role("button", name="Ask the model").click()
    page.wait_for_function(f"document.querySelectorAll('.tk-card').length == {len(files)}")
    return page.locator(".tk-card").all_inner_texts()


def test_an_upload_and_a_click_give_answers_and_a_bad_file_costs_its_own(page, place):
    png, smooth, bad, dicom = ask(
        page, *(place / name for name in (HOSTILE, "smooth.png", "bad.png", "scan.dcm"))
    )

    assert png.startswith(HOSTILE)
    assert "Decision: rough" in png
    assert "no interval: this model was not tested" in png
    assert "Not for clinical use." in png
    assert "Outside the training distribution - what is said here means nothing" in smooth
    assert "No answer: 'bad.png' is not an image" in bad
    assert "Decision: fine" in dicom
    assert page.locator(".tk-notice").is_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate(CUT_OFF) == []
    assert page.locator("#tk-files .file-preview").count() == 0  # asked and gone


def test_it_says_the_numbers_of_the_rest_interface(page, place, served):
    (said,) = ask(page, place / "scan.dcm")
    out = subprocess.run(
        ["curl", "-s", "-F", f"files=@{place / 'scan.dcm'}", f"{served}api/predict"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    (one,) = json.loads(out)["files"]
    (row,) = tk.load(place / "model").predict_proba(tk.load_source(place / "scan.dcm"))

    assert list(one["probabilities"].values()) == row.tolist()
    assert one["predicted"] in said


def test_a_checker_of_accessibility_finds_nothing_serious_in_what_is_ours(page, place):
    api = pytest.importorskip("axe_playwright_python.sync_playwright")
    ask(page, place / "smooth.png", place / "scan.dcm")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    found = []
    for theme in ("dark", "light"):
        page.evaluate(f"document.body.classList.toggle('dark', {str(theme == 'dark').lower()})")
        context = {"include": [["#tk-head"], ["#tk-answers"]]}
        options = {"resultTypes": ["violations"]}
        for one in api.Axe().run(page, context=context, options=options).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                found += [(theme, one["id"], node["html"][:160]) for node in one["nodes"]]

    assert found == []


def test_the_keyboard_reaches_files_button_and_answers(page, place):
    ask(page, place / "smooth.png")
    reached = set()
    page.locator("body").press("Home")
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('[id^=tk-]')?.id"))

    assert {"tk-files", "tk-ask", "tk-answers"} <= reached


def test_files_of_the_machine_stay_closed(served):
    for way in ("gradio_api/file=/etc/passwd", "gradio_api/file=..%2f..%2fetc%2fpasswd", "docs"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(served + way)
