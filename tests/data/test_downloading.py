"""Downloads against a real server that breaks off, stalls, lies and serves something else."""

import hashlib
import random

import pytest

from tests.webserver import Answer, free_port, serving
from texturekit.data.asking import Patience, redirected
from texturekit.data.downloading import download
from texturekit.errors import DownloadError, OutputError
from texturekit.events import listening

CONTENT = random.Random(7).randbytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(connect=5.0, stall=5.0, retries=2, pause=0.01)


@pytest.fixture
def server():
    with serving() as made:
        made.answers["/a.bin"] = Answer(CONTENT)
        yield made


@pytest.fixture
def target(tmp_path):
    return tmp_path / "a.bin"


def get(server, target, **more):
    return download(f"{server.url}/a.bin", target, **{"patience": QUICK, **more})


def left(target):
    return sorted(path.name for path in target.parent.iterdir())


def broken_off(server, target, **answer):
    """Leave the first half of the file behind, as a run that was interrupted does."""
    server.answers["/a.bin"] = Answer(CONTENT, breaks=[150_000], **answer)
    with pytest.raises(DownloadError):
        get(server, target, patience=Patience(5.0, 5.0, retries=0))
    server.asked.clear()


def test_a_file_arrives_whole_and_nothing_is_left_beside_it(server, target):
    heard = []
    with listening(heard.append):
        digest = get(server, target, size=len(CONTENT), md5=MD5, sha256=SHA256)

    assert digest == SHA256
    assert target.read_bytes() == CONTENT
    assert left(target) == ["a.bin"]
    assert heard[-1].done == heard[-1].total == len(CONTENT)


def test_goes_on_where_the_connection_broke_off(server, target):
    server.answers["/a.bin"].breaks = [100_000, 50_000]

    get(server, target, md5=MD5)

    assert target.read_bytes() == CONTENT
    assert server.ranges("/a.bin") == [None, "bytes=100000-", "bytes=150000-"]


def test_the_next_run_goes_on_where_the_last_one_ended(server, target):
    broken_off(server, target)
    assert left(target) == ["a.bin.part", "a.bin.part.json"]

    get(server, target)

    assert target.read_bytes() == CONTENT
    assert server.ranges("/a.bin") == ["bytes=150000-"]
    assert left(target) == ["a.bin"]


def test_a_whole_part_is_not_fetched_again(server, target):
    broken_off(server, target)
    target.with_name("a.bin.part").write_bytes(CONTENT)

    get(server, target, md5=MD5)

    assert target.read_bytes() == CONTENT
    assert server.ranges("/a.bin") == ["bytes=300000-"]


def test_a_file_that_has_changed_is_fetched_anew(server, target):
    broken_off(server, target)
    server.answers["/a.bin"] = Answer(CONTENT[::-1], tag='"two"')

    get(server, target)

    assert target.read_bytes() == CONTENT[::-1]


def test_a_changed_file_is_noticed_where_the_server_ignores_if_range(server, target):
    broken_off(server, target)
    server.answers["/a.bin"] = Answer(CONTENT[::-1], tag='"two"', check_range=False)

    get(server, target)

    assert target.read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_starts_anew_and_cleanly(server, target):
    server.answers["/a.bin"] = Answer(CONTENT, ranges=False, breaks=[120_000])

    get(server, target, md5=MD5)

    assert target.read_bytes() == CONTENT


def test_without_tag_date_and_checksum_no_part_is_trusted(server, target):
    server.answers["/a.bin"] = Answer(CONTENT, tag=None, breaks=[120_000])

    get(server, target)

    assert target.read_bytes() == CONTENT
    assert server.ranges("/a.bin") == [None, None]


def test_a_date_or_a_checksum_lets_a_part_be_continued(server, target):
    server.answers["/a.bin"] = Answer(
        CONTENT, tag='W/"weak"', modified="Mon, 02 Nov 2026 10:00:00 GMT", breaks=[120_000]
    )
    get(server, target)
    server.answers["/a.bin"] = Answer(CONTENT, tag=None, breaks=[130_000])
    target.unlink()
    get(server, target, sha256=SHA256)

    assert server.ranges("/a.bin") == [None, "bytes=120000-", None, "bytes=130000-"]
    assert target.read_bytes() == CONTENT


def test_a_damaged_part_costs_one_start_from_the_beginning(server, target):
    broken_off(server, target)
    target.with_name("a.bin.part").write_bytes(bytes(150_000))

    get(server, target, md5=MD5)

    assert target.read_bytes() == CONTENT
    assert server.ranges("/a.bin") == ["bytes=150000-", None]


def test_a_file_of_another_checksum_is_deleted(server, target):
    with pytest.raises(DownloadError, match=r"300,000 bytes with md5 \w+..., not 0000.* deleted"):
        get(server, target, md5="0" * 32)

    assert left(target) == []


def test_a_server_that_breaks_and_serves_another_file_ends(server, target):
    server.answers["/a.bin"].breaks = [100_000, 300_000, 100_000]

    with pytest.raises(DownloadError, match="deleted"):
        get(server, target, md5="0" * 32)

    assert len(server.asked) == 4


def test_a_stalling_server_is_left_and_asked_again(server, target):
    server.answers["/a.bin"] = Answer(CONTENT, breaks=[100_000], stall=5.0)
    heard = []
    with listening(heard.append):
        get(server, target, md5=MD5, patience=Patience(5.0, 0.5, retries=2, pause=0.01))

    assert target.read_bytes() == CONTENT
    assert any("no answer in time" in event.message for event in heard)


def test_a_dripping_server_is_no_progress(server, target):
    server.answers["/a.bin"] = Answer(CONTENT, drip=0.05)

    with pytest.raises(DownloadError, match=r"only \d+ bytes came in 1 s"):
        get(server, target, patience=Patience(5.0, 0.9, retries=0))


def test_tries_are_bounded_without_progress(server, target):
    server.answers["/a.bin"].breaks = [0] * 9

    with pytest.raises(DownloadError, match=r"\(3 tries\)"):
        get(server, target)

    assert len(server.asked) == 3


def test_a_length_that_is_too_long_is_a_break_and_is_named(server, target):
    server.answers["/a.bin"].claims = 400_000

    with pytest.raises(DownloadError, match=r"\(3 tries\)"):
        get(server, target)

    assert not target.exists()


def test_a_length_that_is_too_short_shows_in_the_checksum(server, target):
    server.answers["/a.bin"].claims = 1000

    with pytest.raises(DownloadError, match="gave 1,000 bytes with md5"):
        get(server, target, md5=MD5)

    assert left(target) == []


def test_another_size_than_the_cards_is_refused_before_it_is_fetched(server, target):
    with pytest.raises(DownloadError, match="has 300,000 bytes, not 5 as the card says"):
        get(server, target, size=5)

    assert left(target) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"<html>gone</html>", 404), "status 404.*not there any more"),
        (Answer(b"no", 416), "status 416"),
        (Answer(b"no", 206), "status 206"),
        (Answer(b"no", 401), "status 401.*login"),
        (Answer(b"no", 403), "status 403.*browser"),
        (Answer(b"<!DOCTYPE html><title>Sign in\n now</title>"), r"web page \('Sign in now'\)"),
        (Answer(b"anything", kind="text/html; charset=utf-8"), "web page rather than a.bin"),
        (Answer(status=302, location="ftp://example.org/a"), "not encrypted|neither"),
        (Answer(status=302, location="/a.bin"), "more than 10 other addresses"),
    ],
    ids=["404", "416", "206", "401", "403", "login page", "page by its type", "ftp", "circle"],
)
def test_what_is_not_the_file_is_named_at_once(answer, words, server, target):
    server.answers["/a.bin"] = answer

    with pytest.raises(DownloadError, match=words):
        get(server, target)

    assert left(target) == []
    assert len(server.asked) <= 10


def test_a_busy_server_is_asked_again(server, target):
    server.answers["/a.bin"].statuses = [503, 429]

    get(server, target)

    assert target.read_bytes() == CONTENT


def test_follows_to_another_address(server, target):
    server.answers["/a.bin"] = Answer(status=301, location="/b.bin")
    server.answers["/b.bin"] = Answer(CONTENT)

    assert get(server, target) == SHA256


def test_never_goes_from_https_to_http():
    with pytest.raises(DownloadError, match="not encrypted"):
        redirected("https://example.org/a", "http://example.org/a")


def test_nobody_listening_is_said(target):
    with pytest.raises(
        DownloadError, match=r"could not be downloaded: nobody answers there .*\(3 tries\)"
    ):
        download(f"http://127.0.0.1:{free_port()}/a", target, patience=QUICK)

    assert left(target) == []


def test_two_downloads_of_one_file_do_not_meet(server, target):
    import fcntl

    with target.with_name("a.bin.part").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another process"):
            get(server, target)


def test_too_little_room_is_said_before_anything_is_fetched(server, target, monkeypatch):
    import shutil

    usage = shutil.disk_usage(target.parent)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(OutputError, match="needs 300,000 bytes more, but only 1,000 are free"):
        get(server, target)

    assert not target.exists()


def test_pauses_grow(server, target):
    server.answers["/a.bin"].statuses = [503, 503]
    heard = []
    with listening(heard.append):
        get(server, target)

    said = [event.message for event in heard if event.message]
    assert [message.partition("again in ")[2] for message in said] == ["0.01 s.", "0.02 s."]
