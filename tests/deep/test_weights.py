from __future__ import annotations

import dataclasses
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
import torch

from texturekit.deep import weights
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights, cached_path, resolve_weights
from texturekit.errors import WeightsError
from texturekit.events import listening

NOTHING = "random (no pretrained weights at hand)"


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A small stand-in for torchvision's file, and a card that knows its checksum."""
    card = BACKBONES["squeezenet1_1"]
    state = build_body(card, Weights("", "random"), seed=5).state_dict()
    state["classifier.1.weight"] = torch.zeros(1000, 512, 1, 1)
    state["classifier.1.bias"] = torch.zeros(1000)
    path = tmp_path_factory.mktemp("published") / "weights.pth"
    torch.save(state, path)
    content = path.read_bytes()
    prefix = hashlib.sha256(content).hexdigest()[:8]
    named = dataclasses.replace(card, file=f"squeezenet1_1-{prefix}.pth", sha256_prefix=prefix)
    return named, content


class Server:
    """Serve answers by file name; an answer is (status, bytes, length that is claimed)."""

    def __init__(self):
        self.answers, self.asked = {}, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                outer.asked.append((self.command, name))
                status, content, length = outer.answers.get(name, (404, b"<html>no</html>", None))
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(content)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

            do_HEAD = do_GET  # noqa: N815  the name that http.server looks for

            def log_message(self, *_):
                """Stay silent."""

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    @property
    def downloads(self):
        return [name for command, name in self.asked if command == "GET"]


@pytest.fixture
def server(monkeypatch):
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv(weights.URL_VARIABLE, f"{made.url}/models/")
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def heard(action):
    events = []
    with listening(events.append):
        result = action()
    return result, events


def left_behind(card):
    folder = cached_path(card).parent
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_random_weights_say_their_seed():
    assert resolve_weights("resnet18", "none", seed=3) == Weights("random (seed 3)", "random")


def test_resolved_weights_are_returned_as_they_are():
    chosen = Weights("random (seed 3)", "random")

    assert resolve_weights("resnet18", chosen) is chosen


@pytest.mark.parametrize("policy", ["pretrained", "auto"])
def test_downloads_once_checks_and_keeps_the_file_in_torchs_cache(policy, server, published):
    card, content = published
    server.answers[card.file] = (200, content, None)

    first, events = heard(lambda: resolve_weights(card, policy))
    second = resolve_weights(card, policy)

    assert first == second
    assert first.label == "pretrained (torchvision IMAGENET1K_V1)"
    assert first.path == cached_path(card)
    assert first.path.read_bytes() == content
    assert server.downloads == [card.file]
    assert left_behind(card) == [card.file]
    assert any(event.done == event.total == len(content) for event in events)


def test_cache_is_the_one_torch_hub_uses():
    hub = torch.hub.get_dir()

    assert str(cached_path("resnet18").parent) == f"{hub}/checkpoints"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda content: (200, content[:-1] + b"x", None), "gave .* bytes with sha256"),
        (lambda content: (200, content[:1000], None), "gave 1,000 bytes"),
        (lambda content: (200, content[:1000], len(content)), "could not be downloaded"),
        (lambda content: (404, b"<html>no</html>", None), "404"),
    ],
    ids=["wrong hash", "short", "cut off", "404"],
)
def test_a_file_that_is_not_the_published_one_is_never_kept(answer, reason, server, published):
    card, content = published
    server.answers[card.file] = answer(content)

    with pytest.raises(WeightsError, match=reason) as caught:
        resolve_weights(card, "pretrained")
    chosen, events = heard(lambda: resolve_weights(card, "auto"))

    assert left_behind(card) == []
    assert card.url in str(caught.value)
    assert str(cached_path(card)) in str(caught.value)
    assert chosen == Weights(NOTHING, "random")
    assert [event.level for event in events if event.message] == ["warning"]


def test_auto_asks_a_silent_network_once_a_process(server, published):
    card, _ = published
    names = [card, *(one for one in BACKBONES.values() if not one.converted)]

    found, events = heard(lambda: [resolve_weights(name, "auto").label for name in names])

    assert found == [NOTHING] * len(names)
    assert len(server.asked) <= 2  # is anybody there?, and the first file
    assert len(events) == len(names)
    assert "an earlier download failed (" in events[-1].message
    assert "does not try a second download" in events[-1].message


def test_pretrained_asks_again_after_auto_gave_up(server, published):
    card, content = published
    resolve_weights(card, "auto")
    server.answers[card.file] = (200, content, None)

    assert resolve_weights(card, "pretrained").source == "pretrained"


def test_auto_does_not_wait_for_a_server_that_never_answers(monkeypatch):
    import socket

    monkeypatch.setattr(weights, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv(weights.URL_VARIABLE, f"http://127.0.0.1:{mute.getsockname()[1]}")
        started = time.perf_counter()
        chosen = resolve_weights("resnet18", "auto")

    assert chosen.label == NOTHING
    assert time.perf_counter() - started < 2


def test_damaged_file_in_the_cache_is_refused_and_left_alone(published):
    card, content = published
    path = cached_path(card)
    path.parent.mkdir(parents=True)
    path.write_bytes(content[:100])

    with pytest.raises(WeightsError, match="damaged or another file; delete it"):
        resolve_weights(card, "pretrained")
    chosen, events = heard(lambda: resolve_weights(card, "auto"))

    assert path.read_bytes() == content[:100]
    assert chosen.label == NOTHING
    assert "damaged" in events[0].message


def test_own_file_is_named_with_its_checksum(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, a=np.zeros(1))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    chosen = resolve_weights("resnet18", str(path))

    assert chosen == Weights(f"file mine.npz (sha256 {digest[:12]})", "file", path, digest)


def test_changed_file_gets_a_new_checksum(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, a=np.zeros(1))
    first = resolve_weights("resnet18", path).sha256
    np.savez(path, a=np.zeros(2))

    assert resolve_weights("resnet18", path).sha256 != first


@pytest.mark.parametrize(
    ("policy", "reason"),
    [("pretraind", "neither auto, pretrained, none"), ("gone.pth", "no weights file 'gone.pth'")],
)
def test_unknown_policy_or_missing_file_is_named(policy, reason):
    with pytest.raises(WeightsError, match=reason):
        resolve_weights("resnet18", policy)


def test_cannot_write_the_cache(tmp_path, monkeypatch, published, server):
    card, content = published
    server.answers[card.file] = (200, content, None)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))

    with pytest.raises(WeightsError, match="could not be downloaded"):
        resolve_weights(card, "pretrained")
