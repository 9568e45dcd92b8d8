from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from texturekit.events import Event, listening, note, progress, warn


def test_nothing_happens_when_nobody_listens(capsys):
    progress("measuring", 1, 2)
    note("reading", "1 file ignored")
    warn("weights", "random")

    assert capsys.readouterr() == ("", "")


def test_the_listener_hears_all_in_order():
    heard = []
    with listening(heard.append):
        progress("measuring", 1, 2)
        note("reading", "1 file ignored")
        warn("weights", "random")

    assert heard == [
        Event("measuring", 1, 2),
        Event("reading", message="1 file ignored"),
        Event("weights", message="random", level="warning"),
    ]


def test_the_inner_listener_hears_instead_of_the_outer():
    outer, inner = [], []
    with listening(outer.append):
        with listening(inner.append):
            note("a", "b")
        note("c", "d")

    assert [event.stage for event in inner] == ["a"]
    assert [event.stage for event in outer] == ["c"]


def test_the_listener_is_gone_after_an_error():
    heard = []
    with pytest.raises(RuntimeError, match="stop"), listening(heard.append):
        raise RuntimeError("stop")
    note("late", "nobody")

    assert heard == []


def test_a_thread_is_heard_when_it_runs_in_the_listeners_context():
    heard = []
    with listening(heard.append), ThreadPoolExecutor(1) as threads:
        threads.submit(copy_context().run, note, "thread", "hello").result()

    assert [event.message for event in heard] == ["hello"]


def test_an_event_cannot_be_changed():
    with pytest.raises(AttributeError):
        Event("a").stage = "b"
