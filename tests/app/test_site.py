"""The whole service: its JSON, and what hostile clients get."""

import asyncio
import json
import socket
import tempfile
import time

import pandas as pd
import pytest

from tests.app.asgi import FORM, aask, ask, form, post
from tests.app.conftest import SMALL
from texturekit.app import inbox as kept
from texturekit.app.server import site
from texturekit.errors import MissingExtraError
from texturekit.methods.predicting import predictions

JOIN = "/gradio_api/queue/join"


@pytest.fixture(scope="module")
def made(service, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        empty = tmp_path_factory.mktemp("tmp")
        patch.setattr(tempfile, "tempdir", str(empty))
        found = site(service, limits=SMALL, threads=2)
        yield found
        found.end()
        assert list(empty.iterdir()) == []  # nothing of Gradio's either


@pytest.fixture
def app(made):
    yield made.app
    assert made.desk.taken == 0


def test_numbers_are_those_of_predict_to_the_bit(app, model, data):
    some = data.subset([1, 4])
    rows = pd.concat(predictions(model, some))
    files = [(f"{k}.png", some.file(k).read_bytes()) for k in range(2)]
    said = post(app, "/api/predict", *files)

    assert said.status == 200
    told = said.json()
    assert told["notice"] == "Not for clinical use."
    assert [one["name"] for one in told["files"]] == ["0.png", "1.png"]
    for one, (_, row) in zip(told["files"], rows.iterrows(), strict=True):
        assert one["probabilities"] == {name: row[f"p.{name}"] for name in ("fine", "rough")}
        assert one["predicted"] == row["predicted"]
        assert one["ood"] == {
            "score": row["ood_score"], "threshold": row["ood_threshold"],
            "outside": row["outside"], "reason": None,
        }  # fmt: skip
        assert one["untested"].startswith("no interval")


def test_a_bad_file_costs_its_own_answer(app, made, pictures):
    said = post(app, "/api/predict", ("a.png", b"no image"), ("b.png", pictures[0]))
    bad, good = said.json()["files"]

    assert (bad["status"], good["status"]) == ("failed", "ok")
    assert "a.png" in bad["error"]
    assert str(made.inbox.folder) not in said.body.decode()
    assert list(made.inbox.folder.glob("*.png")) == []


def test_many_clients_at_once_get_what_each_gets_alone(app, pictures):
    wanted = [post(app, "/api/predict", ("a.png", one)).body for one in pictures]

    async def everybody():
        chunks = [[form(("a.png", one))] for one in pictures]
        headers = {"content-type": FORM}
        return await asyncio.gather(
            *(aask(app, "POST", "/api/predict", chunks=c, headers=headers) for c in chunks)
        )

    said = asyncio.run(everybody())
    done = [(one.body, want) for one, want in zip(said, wanted, strict=True) if one.status == 200]
    busy = [one for one in said if one.status != 200]

    assert all(body == want for body, want in done)
    assert len(done) >= SMALL.waiting
    assert {one.status for one in busy} == {503}
    assert all(one.headers["retry-after"] == "2" for one in busy)


def test_it_says_what_it_is(app, model):
    about = ask(app, "GET", "/api/model").json()
    schema = ask(app, "GET", "/openapi.json").json()

    assert (about["method"], about["positive"]) == ("glcm/logistic", "rough")
    assert about["ood"] == model.ood.facts()
    assert about["tested"] is None
    assert ask(app, "GET", "/api/health").json()["status"] == "ok"
    assert set(schema["paths"]) == {"/api/health", "/api/model", "/api/predict"}


def join(app, data, *, number=0, session="abc", **more):
    asked = {"data": data, "fn_index": number, "session_hash": session, "trigger_id": 1, **more}
    headers = {"content-type": "application/json"}
    return ask(app, "POST", JOIN, chunks=[json.dumps(asked).encode()], headers=headers)


def file_data(**what):
    return {"meta": {"_type": "gradio.FileData"}, **what}


@pytest.fixture
def listener():
    """A place that nobody may ask for anything."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        place.settimeout(0.05)
        yield f"http://127.0.0.1:{place.getsockname()[1]}/scan.png"
        with pytest.raises(TimeoutError):
            place.accept()


def test_no_question_makes_it_fetch_or_read_anything(app, listener):
    for one in (
        file_data(path="/etc/passwd"),
        file_data(path="../../etc/passwd"),
        file_data(path=listener),
        file_data(path="x.png", url=listener),
        {"path": {"path": listener}},
        listener,
        None,
    ):
        assert join(app, [[one]]).status == 400
    assert join(app, [file_data(path=listener)]).status == 400
    assert join(app, "x").status == 400
    assert join(app, [[], []]).status == 400
    assert join(app, [[]], number=3).status == 400
    assert join(app, [[]], session="../x").status == 400
    for body in (b"", b"null", b"[" * 60_000, b"{" * 10):
        assert ask(app, "POST", JOIN, chunks=[body]).status == 400


def test_an_upload_goes_where_only_its_own_question_reads_it(app, made):
    said = post(app, "/gradio_api/upload?upload_id=1", ("../../x.png", b"abc"))
    (path,) = said.json()

    assert made.inbox.knows(path)
    assert ask(app, "GET", f"/gradio_api/file={path}").status == 404
    assert join(app, [[file_data(path=path, url="http://evil.example/")] * 4]).status == 413
    made.inbox.remove([made.inbox.take(path)])


def test_uploads_that_nobody_asks_about_lock_nobody_out(app, made, pictures, monkeypatch):
    upload = "/gradio_api/upload"
    many = [post(app, upload, *[("a.png", b"x")] * 3) for _ in range(3)]
    assert [one.status for one in many] == [200, 200, 429]
    assert post(app, "/api/predict", ("a.png", pictures[0])).status == 200

    later = time.monotonic() + SMALL.grace + 1
    monkeypatch.setattr(kept.time, "monotonic", lambda: later)
    new = post(app, upload, ("<b>.png", pictures[0]))
    (dropped,) = [path for path in many[0].json() if made.inbox.dropped(path)]
    (block,) = gradio_answers(made)
    said = asyncio.run(last(block([dropped, *new.json()])))

    assert join(app, [[file_data(path=dropped)]]).status == 200
    assert "&#39;a.png&#39; was uploaded too long ago; drop it again." in said
    assert "Decision: " in said
    assert "too long ago" in asyncio.run(last(block([dropped])))
    made.inbox.remove([one.sent for one in list(made.inbox._unasked.files.values())])


def gradio_answers(made):
    """Return what Gradio calls for a click."""
    (mounted,) = [
        route.app
        for route in made.app.app.app.routes
        if hasattr(getattr(route, "app", None), "get_blocks")
    ]
    return [one.fn for one in mounted.get_blocks().fns.values()]


async def last(answers):
    return [said async for _, said in answers][-1]


@pytest.mark.parametrize("path", ["/api/predict", "/gradio_api/upload"])
def test_hostile_bodies_get_a_clean_answer_and_it_goes_on(app, made, path, pictures):
    start = form(("a.png", b"x"))[:-20]

    def endless():
        yield start
        while True:
            yield b"x" * 60_000

    headers = {"content-type": FORM}
    said = [
        ask(app, "POST", path, chunks=endless(), headers=headers),
        ask(app, "POST", path, headers={**headers, "content-length": "2000000000"}),
        ask(app, "POST", path, chunks=[start], headers=headers),
        ask(app, "POST", path, chunks=[b"x"], headers={"content-type": "text/plain"}),
        post(app, path, *[("a.png", b"x")] * 9),
    ]

    assert [one.status for one in said] == [413, 413, 400, 415, 413]
    assert all("Traceback" not in one.body.decode() for one in said)
    assert len(made.inbox) == made.inbox.size == 0
    assert post(app, "/api/predict", ("a.png", pictures[0])).status == 200


def test_without_gradio_it_says_what_to_install(service, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)

    with pytest.raises(MissingExtraError, match=r'pip install "texturekit\[app\]"'):
        site(service)
