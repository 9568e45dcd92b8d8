"""Forms with files: whole, damaged, too large; and where they are kept."""

import asyncio
import os
import sys
import tempfile

import pytest

from tests.app.asgi import BOUNDARY, FORM, form
from tests.app.conftest import SMALL
from texturekit.app import inbox as kept
from texturekit.app.limits import Limits, Refused
from texturekit.app.multipart import received
from texturekit.errors import ParameterError

HEAD = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'


def read(inbox, *chunks, kind=FORM, asked=False):
    async def parts():
        for chunk in chunks:
            yield chunk

    return asyncio.run(received(kind, parts(), inbox, asked=asked))


def test_files_arrive_as_they_were_sent_whatever_the_parts(inbox):
    content = bytes(range(256)) * 20 + b"\r\n--" + BOUNDARY[:-1]
    body = form(("a.png", content), ("b.dcm", b""))
    whole = read(inbox, body)
    bits = read(inbox, *(body[k : k + 7] for k in range(0, len(body), 7)))

    for files in (whole, bits):
        assert [sent.name for sent in files] == ["a.png", "b.dcm"]
        assert [sent.path.read_bytes() for sent in files] == [content, b""]
    assert len(inbox) == 4
    assert inbox.size == 2 * len(content)


@pytest.mark.parametrize(
    ("name", "shown", "suffix"),
    [
        ("../../../etc/passwd", "passwd", ""),
        ("..\\\\..\\\\x.PNG", "x.PNG", ".png"),
        ("a.nii.gz", "a.nii.gz", ".nii.gz"),
        ("scan.dcm#frame/7", "7", ""),
        ("<script>alert(1)</script>.png", "script>.png", ".png"),
        ("x" * 500 + ".png", "x" * 100 + "..." + "x" * 13 + ".png", ".png"),
        ("", "image", ""),
    ],
)
def test_no_part_of_a_path_comes_from_the_sender(inbox, name, shown, suffix):
    (sent,) = read(inbox, form((name, b"x")))

    assert sent.name == shown
    assert sent.path.parent == inbox.folder
    assert sent.path.name[32:] == suffix


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("", b"", 415),
        ("multipart/form-data", b"", 415),
        ("multipart/form-data; boundary=" + "x" * 300, b"", 415),
        (FORM, b"", 400),
        (FORM, b"no form", 400),
        (FORM, form(), 400),
        (FORM, HEAD + b"half a file", 400),
        (FORM, HEAD + b"whole\r\n--" + BOUNDARY + b"\r\n", 400),
        (FORM, HEAD.replace(b'"a.png"', b'"' + b"a" * 9000 + b'"') + b"x", 400),
        (FORM, b"--" + BOUNDARY + b"\r\nbad header\r\n\r\n", 400),
        (FORM, form(*[("a.png", b"x")] * 4), 413),
        (FORM, form(("a.png", b"x" * 20_001)), 413),
    ],
)
def test_what_is_no_form_or_too_much_is_refused_and_leaves_nothing(inbox, kind, body, status):
    with pytest.raises(Refused) as refused:
        read(inbox, body, kind=kind)

    assert refused.value.status == status
    assert len(inbox) == inbox.size == 0
    assert list(inbox.folder.iterdir()) == []


def test_a_client_that_goes_leaves_nothing(inbox):
    async def parts():
        yield HEAD + b"some"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(received(FORM, parts(), inbox))

    assert list(inbox.folder.iterdir()) == []


def test_a_thousand_uploads_fill_no_disk(inbox):
    taken, refused = 0, []
    for _ in range(1000):
        try:
            taken += len(read(inbox, form(("a.png", b"x" * 1000))))
        except Refused as error:
            refused.append((error.status, error.headers))

    assert taken == SMALL.kept
    assert refused == [(429, {"Retry-After": "2"})] * (1000 - SMALL.kept)
    assert len(list(inbox.folder.iterdir())) == SMALL.kept


def test_large_files_together_have_a_limit_too(inbox, monkeypatch):
    monkeypatch.setattr(Limits, "disk", 30_000)
    read(inbox, form(("a.png", b"x" * 20_000)))

    with pytest.raises(Refused, match="too many large files"):
        read(inbox, form(("a.png", b"x" * 20_000)))
    assert inbox.size == 20_000


@pytest.fixture
def wait(monkeypatch):
    """A function that lets seconds pass."""
    now = [kept.time.monotonic()]
    monkeypatch.setattr(kept.time, "monotonic", lambda: now[0])

    def passing(seconds):
        now[0] += seconds

    return passing


def names(inbox):
    return sorted(len(path.read_bytes()) for path in inbox.folder.iterdir())


def test_who_asks_at_once_is_not_locked_out_by_uploads(inbox, monkeypatch):
    monkeypatch.setattr(Limits, "disk", 100)
    for _ in range(SMALL.kept):
        read(inbox, form(("a.png", b"x" * 15)))
    with pytest.raises(Refused):
        read(inbox, form(("a.png", b"x")))

    files = read(inbox, form(("a.png", b"x" * 50), ("b.png", b"x" * 50)), asked=True)

    assert not inbox.knows(str(files[0].path))  # the page cannot ask about it
    with pytest.raises(Refused, match="too many large files"):
        read(inbox, form(("a.png", b"x")), asked=True)
    inbox.remove(files)
    assert (len(inbox), inbox.size) == (SMALL.kept, 15 * SMALL.kept)


def test_what_is_being_answered_has_a_limit_and_does_not_age(inbox, wait):
    files = [sent for _ in range(6) for sent in read(inbox, form(("a.png", b"x")), asked=True)]
    wait(60 * SMALL.minutes + 1)
    with pytest.raises(Refused, match="are being answered"):
        read(inbox, form(("a.png", b"x")), asked=True)

    assert SMALL.answered == len(files) == len(inbox)
    assert all(sent.path.exists() for sent in files)
    read(inbox, form(("a.png", b"x")))


def test_uploads_that_nobody_asks_about_make_room_oldest_first(inbox, wait):
    first = [read(inbox, form((f"{k}.png", b"x" * k)))[0] for k in range(1, 7)]
    with pytest.raises(Refused, match="waiting already"):
        read(inbox, form(("new.png", b"x" * 10)))
    wait(SMALL.grace)
    read(inbox, form(("new.png", b"x" * 10)), form())

    assert names(inbox) == [2, 3, 4, 5, 6, 10]
    assert inbox.size == 30
    assert inbox.dropped(str(first[0].path)) == "1.png"
    assert inbox.take(str(first[0].path)) is None
    assert inbox.take(str(first[1].path)) == first[1]


def test_they_make_room_for_bytes_too(inbox, wait, monkeypatch):
    monkeypatch.setattr(Limits, "disk", 30_000)
    for size in (9000, 8000, 7000):
        read(inbox, form(("a.png", b"x" * size)))
    wait(SMALL.grace)
    read(inbox, form(("a.png", b"x" * 20_000)))

    assert names(inbox) == [7000, 20_000]
    assert inbox.size == 27_000


def test_a_file_that_does_not_end_arriving_makes_room_last(inbox, wait):
    slow = inbox.open("slow.png")
    slow.write(b"x")
    wait(SMALL.grace)
    for k in range(6):
        read(inbox, form(("a.png", b"x" * (k + 2))))
    assert names(inbox)[-6:] == [2, 3, 4, 5, 6, 7]

    with pytest.raises(Refused, match="took too long to arrive"):
        slow.write(b"x")
    inbox.drop(slow)
    assert inbox.size == 27


def test_a_form_that_arrives_drop_by_drop_is_cut(inbox, wait):
    async def parts():
        yield HEAD
        while True:
            wait(SMALL.stall - 1)
            yield b"x"

    with pytest.raises(Refused) as refused:
        asyncio.run(received(FORM, parts(), inbox, asked=True))

    assert refused.value.status == 408
    assert len(inbox) == inbox.size == 0


def test_names_that_forms_may_not_have_are_refused_with_the_reason(inbox):
    bad = HEAD.replace(b'filename="a.png"', b"filename*=UTF-8''na%C3%AFve.png")
    both = HEAD.replace(b"\r\n\r\n", b"; filename*=UTF-8''b.png\r\n\r\n")
    field = HEAD.replace(b'name="f"; filename="a.png"', b'name="; filename*=x"')
    end = b"x\r\n--" + BOUNDARY

    with pytest.raises(Refused, match=r"filename\*= \(RFC 7578\); send a plain filename="):
        read(inbox, bad + end + b"--")
    (sent,) = read(inbox, both + end + b"\r\n" + field[len(BOUNDARY) + 4 :] + end + b"--")
    assert sent.name == "a.png"


def test_old_files_go_and_a_file_is_given_out_once(inbox, wait):
    old, new = read(inbox, form(("a.png", b"x"), ("b.png", b"y")))
    assert inbox.take(str(new.path)) == new
    assert inbox.take(str(new.path)) is None
    wait(60 * SMALL.minutes + 1)
    inbox.sweep()

    assert not old.path.exists()
    assert new.path.exists()  # being answered
    inbox.remove([new])
    assert (len(inbox), inbox.size) == (0, 0)
    assert not new.path.exists()


def test_the_folder_goes_at_the_end():
    made = kept.Inbox(SMALL)
    read(made, form(("a.png", b"x")))
    made.end()

    assert not made.folder.parent.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no locks that end with their process")
def test_what_a_killed_service_left_goes_when_the_next_one_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "texturekit-serve-other").mkdir()  # of an unknown owner: it stays
    living = kept.Inbox(SMALL)
    killed = kept.Inbox(SMALL)
    read(killed, form(("a.png", b"x")))
    os.close(killed._alive)  # as the system does when it ends a process

    following = kept.Inbox(SMALL)

    assert not killed.folder.parent.exists()
    assert living.folder.exists()
    assert (tmp_path / "texturekit-serve-other").exists()
    living.end()
    following.end()


def test_limits_are_checked():
    with pytest.raises(ParameterError, match="--max-size"):
        Limits(file=0)
