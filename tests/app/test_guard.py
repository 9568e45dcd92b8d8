"""Whom the guard lets in, and how much of what is sent it reads."""

from dataclasses import replace

import pytest

from tests.app.asgi import FORM, ask
from tests.app.conftest import SMALL
from texturekit.app.guard import Guard


async def reader(scope, receive, send):
    """Read the whole body and say how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client is gone")
        size += len(message["body"])
        more = message["more_body"]
    headers = [(b"access-control-allow-origin", b"*"), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def broken(scope, receive, send):
    raise ValueError("secret /home/somebody")


def guard(app=reader, host="127.0.0.1", names=()):
    return Guard(app, SMALL, host, names)


@pytest.mark.parametrize(
    ("listening", "names", "host", "status"),
    [
        ("127.0.0.1", (), "127.0.0.1:7860", 200),
        ("127.0.0.1", (), "localhost:9000", 200),
        ("127.0.0.1", (), "[::1]:7860", 200),
        ("127.0.0.1", (), "evil.example:7860", 421),
        ("127.0.0.1", (), "127.0.0.1.evil.example", 421),
        ("127.0.0.1", (), "10.0.0.7:7860", 421),
        ("127.0.0.1", (), None, 421),
        ("127.0.0.1", (), "", 421),
        ("0.0.0.0", (), "10.0.0.7:7860", 200),
        ("0.0.0.0", (), "evil.example", 421),
        ("0.0.0.0", ("scans.hospital.example",), "scans.hospital.example", 200),
    ],
)
def test_it_answers_to_its_own_names_alone(listening, names, host, status):
    said = ask(guard(host=listening, names=names), "GET", "/api/health", headers={"host": host})

    assert said.status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "http://localhost:7860"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_pages_of_other_sites_cannot_send(headers, status):
    headers |= {"content-type": FORM}
    said = ask(guard(), "POST", "/api/predict", chunks=[b"abc"], headers=headers)

    assert said.status == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/assets/{'a' * 300}", 404),
        ("GET", "/gradio_api/file=/etc/passwd", 404),
        ("GET", "/gradio_api/file=..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/file=/etc/passwd", 404),
        ("GET", "/gradio_api/proxy=http://127.0.0.1:1/", 404),
        ("POST", "/gradio_api/run/predict", 404),
        ("POST", "/gradio_api/call/answer", 404),
        ("POST", "/gradio_api/api/predict", 404),
        ("POST", "/gradio_api/component_server", 404),
        ("POST", "/gradio_api/process_recording", 404),
        ("GET", "/gradio_api/deep_link", 404),
        ("GET", "/assets/../../../etc/passwd", 404),
        ("GET", "/assets/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/static//etc/passwd", 404),
        ("GET", "//evil.example/..", 404),
        ("GET", "/\\evil.example", 404),
        ("GET", "/docs", 404),
        ("GET", "/monitoring", 404),
        ("POST", "/login", 404),
        ("GET", "/api/health\n", 404),
        ("GET", "/api/predict", 405),
        ("PUT", "/api/predict", 405),
        ("OPTIONS", "/api/predict", 405),
        ("POST", "/api/health", 405),
        ("HEAD", "/api/health", 200),
    ],
)
def test_ways_that_are_not_named_are_closed(method, path, status):
    said = ask(guard(), method, path)

    assert said.status == status
    assert status == 200 or "error" in said.json()


def test_too_much_is_refused_before_it_is_read():
    headers = {"content-type": FORM, "content-length": str(2_000_000_000)}
    chunks = (b"x" * 65_536 for _ in range(30_000))
    said = ask(guard(), "POST", "/api/predict", chunks=chunks, headers=headers)

    assert said.status == 413
    assert said.parts <= 16  # the little that lets a client see the answer


def test_a_stream_without_an_end_is_cut_where_the_limit_is():
    def endless():
        while True:
            yield b"x" * 65_536

    said = ask(guard(), "POST", "/api/predict", chunks=endless(), headers={"content-type": FORM})

    assert said.status == 413
    assert said.headers["connection"] == "close"
    assert said.parts <= SMALL.request // 65_536 + 20


def test_what_the_application_refuses_is_cut_where_the_limit_is():
    async def refusing(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    endless = iter(lambda: b"x" * 10_000, None)

    said = ask(guard(refusing), "POST", "/api/predict", chunks=endless,
               headers={"content-type": FORM})  # fmt: skip
    small = ask(guard(refusing), "POST", "/api/predict", chunks=[b"x", b"y"])

    assert (said.status, said.headers["connection"]) == (413, "close")
    assert said.parts <= SMALL.request // 10_000 + 1
    assert (small.status, small.parts, small.headers.get("connection")) == (413, 2, None)


def test_what_is_no_form_may_be_small_only():
    path = "/gradio_api/queue/join"
    small = ask(guard(), "POST", path, chunks=[b"x" * 60_000])
    large = ask(guard(), "POST", path, chunks=[b"x" * 60_000] * 2)

    assert (small.status, large.status) == (200, 413)


def test_who_stops_sending_is_sent_away():
    soon = Guard(reader, replace(SMALL, stall=0.05), "127.0.0.1")
    said = ask(soon, "POST", "/api/predict", chunks=[b"x"], hang=True)

    assert said.status == 408


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "9" * 40])
def test_a_length_that_is_none_is_refused(length):
    said = ask(guard(), "POST", "/api/predict", headers={"content-length": length})

    assert said.status == 400


def test_faults_stay_inside(caplog):
    said = ask(guard(broken), "GET", "/api/health")

    assert said.status == 500
    assert b"secret" not in said.body
    assert "secret" in caplog.text  # the log has it


def test_answers_let_no_other_site_read_them():
    said = ask(guard(), "GET", "/api/health")

    assert "access-control-allow-origin" not in said.headers
    assert "connect-src 'self'" in said.headers["content-security-policy"]
    assert said.headers["x-content-type-options"] == "nosniff"


def test_sockets_are_closed():
    assert ask(guard(), "GET", "/api/health", kind="websocket").status == 1008
