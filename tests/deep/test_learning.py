from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from texturekit.deep import learning, load_network, parts, trained, training
from texturekit.deep.learning import Learning
from texturekit.deep.settings import AS_THEY_ARE, Head
from texturekit.errors import ModelError, ParameterError
from texturekit.events import listening

from . import tiny
from .tiny import STATE, data, train

NAN = np.nan
CORES = len(os.sched_getaffinity(0))
PLAIN = {"augmentation": AS_THEY_ARE, "head": Head(dropout=0)}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    for module in (training, trained):
        monkeypatch.setattr(module, "build_body", tiny.build_body)


def assert_same_bits(first, second):
    assert first.state().keys() == second.state().keys()
    for name, value in first.state().items():
        assert_array_equal(value, second.state()[name])
    drop = {"seconds", "wait"}
    for one, other in zip(first.history, second.history, strict=True):
        assert {**one, **dict.fromkeys(drop)} == {**other, **dict.fromkeys(drop)}


class Killed(Exception):  # noqa: N818  it stands for a signal
    pass


def killed_after(epoch):
    def listener(event):
        if event.done == epoch:
            raise Killed

    return listening(listener)


# --- resume


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimiser": "sgd", "balance": "sampling", "schedule": "step", "step_epochs": 2},
        {"optimiser": "adam", "frozen": True, "keep": "last", "precision": "bfloat16"},
    ],
    ids=["adamw", "sgd", "adam"],
)
def test_goes_on_from_any_epoch_to_the_same_bits(settings, tmp_path):
    whole = train(**settings)

    for epoch in (1, 3):
        folder = tmp_path / str(epoch)
        with pytest.raises(Killed), killed_after(epoch):
            train(**settings, resume=folder)
        assert_same_bits(train(**settings, resume=folder), whole)


def test_goes_on_after_kill_9_in_the_middle_of_an_epoch(tmp_path):
    code = (
        "import os, signal, torch; torch.set_num_threads(1)\n"
        "from texturekit.deep import learning\n"
        "from tests.deep import tiny\n"
        "step, taken = learning.Learning._step, []\n"
        "def deadly(self, *given):\n"
        "    taken.append(1)\n"
        "    if len(taken) == 8: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return step(self, *given)\n"
        "learning.Learning._step = deadly\n"
        "tiny.install()\n"
        f"tiny.train(resume={str(tmp_path)!r})\n"
    )

    ended = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    (tmp_path / f"{STATE}.partial").write_bytes(b"half a file")
    heard = []
    with listening(heard.append):
        network = train(resume=tmp_path)

    assert ended.returncode == -signal.SIGKILL
    assert heard[0].message == "goes on after epoch 2"  # 3 steps an epoch
    assert_same_bits(network, train())


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    first = train(resume=tmp_path, patience=1, epochs=9)
    monkeypatch.setattr(Learning, "_epoch", None)

    assert_same_bits(train(resume=tmp_path, patience=1, epochs=9), first)


def test_state_of_another_run_is_refused_with_what_differs(tmp_path):
    pictures, labels = data()
    train(pictures, labels, resume=tmp_path, epochs=1)

    with pytest.raises(ModelError, match=r"settings.learning_rate was 0.003 and is now 0.1\. Rep"):
        train(pictures, labels, resume=tmp_path, epochs=1, learning_rate=0.1)
    with pytest.raises(ModelError, match=r"run: pictures was '.*' and is now '[^']*'\. Repeat"):
        train(255 - pictures, labels, resume=tmp_path, epochs=1)
    with pytest.raises(ModelError, match="run: pictures was"):
        train(pictures, 1 - labels, resume=tmp_path, epochs=1)
    with pytest.raises(ModelError, match=r"run: validation was '.*' and is now None"):
        train(pictures, labels, resume=tmp_path, epochs=1, val=None)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", "cut"])
def test_damaged_state_is_refused(content, tmp_path):
    train(resume=tmp_path, epochs=1)
    state = tmp_path / STATE
    state.write_bytes(state.read_bytes()[:-40] if content == "cut" else content)

    with pytest.raises(ModelError, match=r"training\.safetensors' is damaged .* delete it"):
        train(resume=tmp_path, epochs=1)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda header, _: header.update(history=None), "history is 'None'"),
        (lambda header, _: header.update(pieces=0), "do not add up"),
        (lambda header, _: header.update(best=7), "do not add up"),
        (lambda _, tensors: tensors["net.head.bias"].fill_(torch.nan), "head.bias holds values"),
    ],
    ids=["history", "pieces", "best", "nan"],
)
def test_a_state_that_no_run_wrote_is_refused(spoil, reason, tmp_path):
    train(resume=tmp_path, epochs=1)
    with safe_open(tmp_path / STATE, framework="pt") as file:
        ((key, text),) = file.metadata().items()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header = json.loads(text)
    spoil(header, tensors)
    save_file(tensors, tmp_path / STATE, metadata={key: json.dumps(header)})

    with pytest.raises(ModelError, match=rf"is damaged \(.*{reason}.*\); delete it"):
        train(resume=tmp_path, epochs=1)


def test_weights_that_became_infinite_in_the_last_step_are_no_result():
    with pytest.raises(ParameterError, match=r"(weights became infinite|loss became nan) in epoch"):
        train(epochs=1, val=None, learning_rate=3e38, batch=64)


# --- what learns


def test_frozen_body_keeps_weights_and_batch_statistics():
    before = tiny.build_body(None, None, seed=0).state_dict()

    network = train(frozen=True)

    for name, value in network.module.get_submodule("body").state_dict().items():
        assert torch.equal(value, before[name])
    assert network.history[-1]["train_loss"] < network.history[0]["train_loss"]


def test_maps_of_a_frozen_body_are_computed_once_and_change_nothing(monkeypatch):
    looks = []
    with_maps = train(frozen=True, augmentation=AS_THEY_ARE)
    seen = nn.BatchNorm2d.forward
    monkeypatch.setattr(
        nn.BatchNorm2d, "forward", lambda self, x: (looks.append(len(x)), seen(self, x))[1]
    )
    train(frozen=True, augmentation=AS_THEY_ARE)
    monkeypatch.setattr("texturekit.deep.parts._MAPS", 1)

    without = train(frozen=True, augmentation=AS_THEY_ARE)

    assert sum(looks[: looks.index(11 - 8) + 1]) == 1 + 20 + 1 + 11
    assert_allclose(with_maps.state()["head.weight"], without.state()["head.weight"], atol=1e-6)


# --- when to stop, and what to keep


def losses(monkeypatch, *values):
    """Let validation give these losses."""
    left = list(values)
    monkeypatch.setattr(learning.Loss, "plain", lambda self: _Given(left.pop(0)))


class _Given:
    def __init__(self, value):
        self.value = value

    def __call__(self, logits, targets):
        return torch.tensor(self.value)

    def total(self, targets):
        return torch.tensor(1.0)


def test_progress_less_than_the_delta_is_none(monkeypatch):
    losses(monkeypatch, 1.0, 0.95, 0.85, 0.84, 0.83, 0.1)

    network = train(patience=2, min_delta=0.1, epochs=6)

    assert network.facts.best_epoch == 3
    assert len(network.history) == 5


@pytest.mark.parametrize(("keep", "epoch"), [("best", 2), ("last", 4)])
def test_keeps_the_weights_asked_for(keep, epoch, monkeypatch):
    losses(monkeypatch, 1.0, 0.5, 0.7, 0.6)
    network = train(keep=keep, schedule="constant")
    losses(monkeypatch, *[1.0] * 4)
    same = train(keep="last", schedule="constant", epochs=epoch)

    assert network.facts.best_epoch == epoch
    # the warm-up is a share of all epochs, hence close and not equal
    assert_allclose(network.state()["head.bias"], same.state()["head.bias"], atol=3e-3)
    assert len(network.history) == 4


@pytest.mark.parametrize("epoch", [2, 3], ids=["the present ones", "earlier ones"])
def test_best_weights_survive_an_interruption(epoch, monkeypatch, tmp_path):
    given = [1.0, 0.5, 0.7, 0.6]
    losses(monkeypatch, *given)
    whole = train()
    losses(monkeypatch, *given)

    with pytest.raises(Killed), killed_after(epoch):
        train(resume=tmp_path)

    assert_same_bits(train(resume=tmp_path), whole)
    assert whole.facts.best_epoch == 2


def test_validation_loss_that_is_not_finite_stops_with_the_reason(monkeypatch):
    losses(monkeypatch, 1.0, NAN)

    with pytest.raises(ParameterError, match="validation loss became nan in epoch 2"):
        train()


def test_history_has_the_score_and_the_share_of_waiting(monkeypatch):
    slow = training.Part.blocks

    def blocks(self, order, size):
        for block in slow(self, order, size):
            time.sleep(0.1)
            yield block

    monkeypatch.setattr(training.Part, "blocks", blocks)
    heard, val = [], data(11, seed=1)

    with listening(heard.append):
        network = train(val=val, epochs=1)

    right = (network.predict_proba(val[0]).argmax(axis=1) == val[1]).mean()
    assert network.history[0]["val_score"] == pytest.approx(right)
    assert 0.5 < network.history[0]["wait"] <= 1
    assert "of the time went by waiting for pictures" in heard[-1].message


# --- memory


def short_of_memory(monkeypatch, most):
    """Let the GPU's memory run out beyond so many pictures at a time."""
    taken, forward = [], nn.BatchNorm2d.forward

    def look(self, x):
        if self.training and len(x) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        taken.append(len(x))
        return forward(self, x)

    monkeypatch.setattr(nn.BatchNorm2d, "forward", look)
    return taken


def test_out_of_memory_halves_the_batch_and_learns_the_same(monkeypatch):
    fine = train(frozen=True, **PLAIN, val=None, epochs=2)
    monkeypatch.setattr("texturekit.deep.parts._MAPS", 1)
    full = learning.Learning._gradients

    def gradients(self, rows, *given):
        if len(rows) // self.progress.pieces > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return full(self, rows, *given)

    monkeypatch.setattr(Learning, "_gradients", gradients)
    heard = []
    with listening(heard.append):
        less = train(frozen=True, **PLAIN, val=None, epochs=2)

    said = [event.message for event in heard if event.level == "warning"]
    assert len(said) == 2
    assert "each batch of 8 is now computed in 4 pieces" in said[1]
    assert_allclose(less.state()["head.weight"], fine.state()["head.weight"], atol=1e-6)


def test_batch_normalisation_never_sees_one_picture_when_memory_is_short(monkeypatch):
    taken = short_of_memory(monkeypatch, 4)

    train(val=None, epochs=1)

    assert taken == [4, 4, 4, 4, 2, 2]


def test_memory_too_small_for_two_pictures_is_named(monkeypatch):
    short_of_memory(monkeypatch, 1)

    with pytest.raises(ParameterError, match=r"too small for 2 pictures at a time \(CUDA out of"):
        train(epochs=1)


# --- options


def test_balanced_sampling_shows_classes_equally_often():
    targets = torch.tensor([0] * 90 + [1] * 10)
    settings = training.Settings(balance="sampling", batch=10)

    plans = [learning.plan(targets, "binary", settings, epoch) for epoch in range(1, 21)]

    share = np.mean([targets[rows].float().mean() for plan in plans for rows in plan])
    assert share == pytest.approx(0.5, abs=0.04)  # 2,000 drawn: 3.6 standard errors
    assert plans[0] != plans[1]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_gives_nearly_the_same(precision):
    full, half = (train(**PLAIN, precision=kind) for kind in ("float32", precision))

    assert half.facts.settings.precision == precision
    assert half.state()["head.weight"].dtype == np.float32
    difference = full.history[-1]["train_loss"] - half.history[-1]["train_loss"]
    assert 0 < abs(difference) < 0.02


def test_first_step_is_the_papers_formula(monkeypatch):
    pictures, labels = data(8)
    settings = {
        **PLAIN, "optimiser": "sgd", "momentum": 0, "weight_decay": 0.1, "clip": None, "batch": 8,
        "warm_up": 0, "balance": "none", "epochs": 1, "schedule": "constant", "frozen": True,
    }  # fmt: skip
    start = train(pictures, labels, **{**settings, "learning_rate": 1e-30}, val=None)

    network = train(pictures, labels, **{**settings, "learning_rate": 0.5}, val=None)

    module, weight = start.module, start.module.get_submodule("head").weight
    values = (
        torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
        - torch.tensor(start.facts.mean).view(3, 1, 1)
    ) / torch.tensor(start.facts.std).view(3, 1, 1)
    loss = functional.cross_entropy(module(values), torch.from_numpy(labels))
    (gradient,) = torch.autograd.grad(loss, weight)
    expected = weight - 0.5 * (gradient + 0.1 * weight)
    assert_allclose(network.state()["head.weight"], expected.detach(), atol=1e-6)


def test_gradients_are_clipped(monkeypatch):
    settings = {
        "optimiser": "sgd", "momentum": 0, "weight_decay": 0, "epochs": 1, "batch": 20,
        "warm_up": 0, "val": None, "learning_rate": 1.0, "schedule": "constant",
    }  # fmt: skip
    start = train(**{**settings, "learning_rate": 1e-30}).state()

    end = train(**settings, clip=1e-3).state()

    moved = [end[k] - start[k] for k in start if k.endswith(("weight", "bias"))]
    assert np.sqrt(sum((m.astype(float) ** 2).sum() for m in moved)) == pytest.approx(
        1e-3, rel=0.01
    )


# --- several processes


def test_decoding_by_processes_gives_the_same_bits(monkeypatch):
    pictures, labels = data()
    here = train(list(pictures), labels, epochs=2)
    monkeypatch.setattr("texturekit.deep.loading._FITS_IN_MEMORY", 1)

    assert_same_bits(train(list(pictures), labels, epochs=2, workers=1), here)


@pytest.mark.parametrize(
    ("asked", "device", "given"),
    [(None, "cpu", 0), (3, "cpu", 3), (0, "cuda", 0), (None, "cuda", min(8, CORES))],
)
def test_processes_decode_where_a_gpu_would_wait(asked, device, given):
    assert parts.processes(asked, torch.device(device)) == given


def test_two_processes_give_what_one_gives(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.deep.tiny", str(tmp_path / "net")],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **told, "RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": "1"},
        )
        for rank in ("0", "1")
    ]  # as torchrun starts them, less its own seconds
    assert [process.wait(timeout=120) for process in running] == [0, 0]

    for name, norm, atol in (("norm", nn.BatchNorm2d, 0.02), ("plain", nn.Identity, 1e-5)):
        for module in (training, trained):
            monkeypatch.setattr(module, "build_body", partial(tiny.build_body, norm=norm))
        one, two = (load_network(tmp_path / f"net.{name}.{rank}") for rank in (0, 1))
        alone = train(head={"dropout": 0}, clip=None, epochs=2)
        assert_same_bits(one, two)
        for part, value in alone.state().items():
            if part.endswith("weight"):
                assert_allclose(one.state()[part], value, atol=atol)
        assert one.history[-1]["val_loss"] == pytest.approx(alone.history[-1]["val_loss"], abs=atol)
