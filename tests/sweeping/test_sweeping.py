"""Trials are judged by the loss on validation images, each once, whatever ends a process."""

import json
import multiprocessing
import os
import shlex
import signal
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import log_loss
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import texture, two_classes
from tests.processes import wait_for
from texturekit.errors import OutputError, ParameterError, UnknownNameError
from texturekit.methods.model import Preprocessing
from texturekit.methods.planning import Options
from texturekit.sweeping import plan_sweep, planning, results, run_sweep, running, sweep
from texturekit.sweeping.judging import Outcome, Stopped, validation_loss
from texturekit.sweeping.sharing import JOURNAL, Shared
from texturekit.sweeping.spaces import read_values

TABLE = "first_order/logistic"
NET = "squeezenet1_1/finetune"
SMALL = {"positive": "rough", "size": 32, "weights": "none", "device": "cpu"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images of 12 patients: 6 to learn from, 4 to validate, 2 to leave out."""
    path = two_classes(tmp_path_factory.mktemp("data"), patients=6)
    frame = pd.read_csv(path)
    parts = {"p00": "test", "p01": "test", "p02": "val", "p03": "val", "p04": "val", "p05": "val"}
    frame["split"] = [parts.get(group, "train") for group in frame["group"]]
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def plans(data):
    """Make plans for a classifier's C; no image is compared with others here."""
    manifest = tk.read_manifest(data)
    apart = pytest.MonkeyPatch()
    apart.setattr(planning, "without_contradictions", lambda job: (job, None))

    def make(**more):
        options = Options(methods=[TABLE], seed=more.pop("seed", 0), **SMALL)
        return plan_sweep(None, manifest, options, **more)

    yield make
    apart.undo()


class Fake:
    """Judges by a formula, and counts."""

    def __init__(self, course=None):
        self.seen = []

    def __call__(self, method, candidate, watch, outcome):
        self.seen.append(candidate["C"])
        self.before(candidate)
        outcome.value = abs(np.log10(candidate["C"]))
        return outcome

    def before(self, candidate):
        """Do what a test wants to happen."""


@pytest.fixture
def fake(monkeypatch):
    judge = Fake()
    monkeypatch.setattr(running, "Judge", lambda course: judge)
    return judge


def parameters(found):
    return [trial.parameters["logistic.C"] for trial in found.trials]


def test_the_loss_is_that_of_a_model_fitted_on_training_images_on_validation_images(data, tmp_path):
    manifest = tk.read_manifest(data)
    part = {
        name: manifest.subset(np.flatnonzero(manifest.splits == name)) for name in ("train", "val")
    }

    found = sweep(
        None, manifest, methods=TABLE, folder=tmp_path / "s", every=True,
        params={"logistic.C": "0.01,1"}, **SMALL,
    )  # fmt: skip

    for trial, c in zip(found.trials, (0.01, 1), strict=True):
        model = tk.fit(
            TABLE, part["train"], positive="rough", preprocessing=Preprocessing(32, weights="none"),
            candidate={"C": c},
        )  # fmt: skip
        told = model.predict_proba(part["val"])
        assert trial.value == pytest.approx(log_loss(part["val"].labels, told), abs=1e-12)
    assert found.images == {"train": 12, "val": 8, "test": 4}
    assert found.best == 1


def test_test_images_change_nothing(data, tmp_path, plans):
    before = run_sweep(plans(params={"logistic.C": "0.1,1"}, every=True), tmp_path / "a")
    other = tmp_path / "other"
    two_classes(other, patients=6)
    pd.read_csv(data).to_csv(other / "data.csv", index=False)
    rng = np.random.default_rng(99)
    for name in pd.read_csv(data).query("split == 'test'")["path"]:
        Image.fromarray(texture(rng, coarse=False) // 9).save(other / name)

    after = sweep(
        None, other / "data.csv", methods=TABLE, folder=tmp_path / "b", every=True,
        params={"logistic.C": "0.1,1"}, **SMALL,
    )  # fmt: skip

    assert [t.value for t in after.trials] == [t.value for t in before.trials]


def test_the_loss_of_several_labels_is_over_known_cells_of_labels_that_could_be_learnt():
    labels = np.array([[1, 0, 1], [0, np.nan, 0], [1, 1, 1]], dtype=float)
    p = np.array([[0.9, 0.2, 0.5], [0.3, 0.6, 0.5], [0.6, 0.7, 0.5]])
    cells = [(1, 0.9), (0, 0.2), (0, 0.3), (1, 0.6), (1, 0.7)]

    value = validation_loss(labels, p, np.array([True, True, False]))

    assert value == pytest.approx(log_loss(*zip(*cells, strict=True)))


def _share(plan, folder, seconds):
    judge = Fake()
    judge.before = lambda candidate: time.sleep(seconds)
    running.Judge = lambda course: judge
    found = run_sweep(plan, folder)
    (folder.parent / f"{os.getpid()}.json").write_text(
        json.dumps([judge.seen, [t.model_dump() for t in found.trials]])
    )


def test_two_processes_try_every_point_once(plans, tmp_path):
    plan = plans(params={"logistic.C": "0.01:10:9"}, every=True)
    fork = multiprocessing.get_context("fork")
    both = [fork.Process(target=_share, args=(plan, tmp_path / "s", 0.03)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)

    assert [one.exitcode for one in both] == [0, 0]
    (first, mine), (second, same) = (
        json.loads((tmp_path / f"{one.pid}.json").read_text()) for one in both
    )
    grid = [0.01, 0.0237, 0.0562, 0.133, 0.316, 0.75, 1.78, 4.22, 10]
    assert sorted(first + second) == pytest.approx(grid, rel=2e-3)
    assert first
    assert second
    assert len(mine) == 9
    assert mine == same


def _hang(plan, folder):
    judge = Fake()
    judge.before = lambda candidate: time.sleep(600) if len(judge.seen) == 3 else None
    running.Judge = lambda course: judge
    run_sweep(plan, folder)


def test_a_killed_process_loses_its_trial_and_no_other(plans, tmp_path, fake):
    plan, folder = plans(params={"logistic.C": "0.01:10"}, trials=5), tmp_path / "s"
    one = multiprocessing.get_context("fork").Process(target=_hang, args=(plan, folder))
    one.start()
    journal = folder / JOURNAL
    wait_for(lambda: journal.exists() and journal.read_text().count('"owner"') == 3)
    os.kill(one.pid, signal.SIGKILL)
    one.join()
    with journal.open("a") as file:
        file.write('{"op_code":8,"tri')  # killed in the middle of a line

    found = run_sweep(plan, folder)

    assert [trial.state for trial in found.trials] == ["complete"] * 5
    assert len(fake.seen) == 3  # two were done, the third is done again
    assert [trial.number for trial in found.trials] == list(range(5))
    assert not list((folder / "alive").iterdir())
    assert parameters(found) == parameters(run_sweep(plan, tmp_path / "whole"))


def test_a_trial_of_a_living_process_is_not_taken(plans, tmp_path, fake):
    plan = plans(params={"logistic.C": "0.1,1"}, every=True)
    with Shared(tmp_path / "s", plan.fingerprint) as other, running.quiet():
        study = other.study(running._pruner(plan))
        taken = running._next(study, plan, other)
        fork = multiprocessing.get_context("fork")
        one = fork.Process(target=_share, args=(plan, tmp_path / "s", 0))
        one.start()
        one.join(1.0)
        assert one.is_alive()  # it has done the other one, and waits
        running._keep(taken, Outcome(7.0), TABLE)
        study.tell(taken, 7.0)
        one.join(60)

    seen, trials = json.loads((tmp_path / f"{one.pid}.json").read_text())
    assert seen == [1]
    assert [trial["value"] for trial in trials] == [7.0, 0.0]


def test_an_interruption_changes_no_number(plans, tmp_path, fake):
    plan = plans(params={"logistic.C": "0.01:10"}, trials=14)
    whole = run_sweep(plan, tmp_path / "whole")
    fake.seen.clear()

    def interrupt(candidate):
        if len(fake.seen) == 9:
            raise KeyboardInterrupt

    fake.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, tmp_path / "s")
    fake.before = lambda candidate: None

    again = run_sweep(plan, tmp_path / "s")

    assert parameters(again) == parameters(whole)
    assert len(set(parameters(whole))) == 14
    assert len(fake.seen) == 9 + 6
    other = run_sweep(plans(params={"logistic.C": "0.01:10"}, trials=14, seed=1), tmp_path / "t")
    assert parameters(other) != parameters(whole)


def test_another_sweep_is_refused_and_replaced_only_where_nobody_works(plans, tmp_path, fake):
    one = plans(params={"logistic.C": "0.1,1"}, every=True)
    two = plans(params={"logistic.C": "0.1,2"}, every=True)
    run_sweep(one, tmp_path / "s")

    with pytest.raises(OutputError, match="differs in space"):
        run_sweep(two, tmp_path / "s")
    with (
        Shared(tmp_path / "s", one.fingerprint),
        pytest.raises(OutputError, match="in use by another process"),
    ):
        run_sweep(two, tmp_path / "s", overwrite=True)
    assert parameters(run_sweep(two, tmp_path / "s", overwrite=True)) == [0.1, 2]


def test_what_another_sweep_wrote_meanwhile_is_not_told_as_ones_own(
    plans, tmp_path, fake, monkeypatch
):
    from texturekit_cli.sweep import _run

    from texturekit.report.sweep_page import write_sweep

    plan = plans(params={"logistic.C": "0.1,1"}, every=True)
    write_sweep(run_sweep(plan, tmp_path / "s"), tmp_path / "out")
    monkeypatch.setattr("texturekit.sweeping.run_sweep", lambda *_, **__: None)

    assert len(_run(plan, tmp_path / "out", overwrite=False).trials) == 2
    other = plans(params={"logistic.C": "0.1,3"}, every=True)
    with pytest.raises(OutputError, match="another sweep"):
        _run(other, tmp_path / "out", overwrite=False)


def test_a_damaged_journal_is_refused(plans, tmp_path, fake):
    plan = plans(params={"logistic.C": "0.1,1"}, every=True)
    run_sweep(plan, tmp_path / "s")
    lines = (tmp_path / "s" / JOURNAL).read_text().splitlines()
    (tmp_path / "s" / JOURNAL).write_text("\n".join([lines[0], "what?", *lines[1:]]) + "\n")

    with pytest.raises(OutputError, match="damaged"):
        run_sweep(plan, tmp_path / "s")
    assert len(run_sweep(plan, tmp_path / "s", overwrite=True).trials) == 2


def test_a_trial_that_fails_is_a_row_with_its_reason(plans, tmp_path, fake):
    plan = plans(params={"logistic.C": "0.1,1,10"}, every=True)

    def fail(candidate):
        if candidate["C"] == 1:
            raise ParameterError("the training loss became nan")
        if candidate["C"] == 10:
            raise MemoryError("no memory")

    fake.before = fail

    found = run_sweep(plan, tmp_path / "s")

    assert [trial.state for trial in found.trials] == ["complete", "failed", "failed"]
    assert found.trials[1].reason == "the training loss became nan"
    assert found.trials[2].reason == "MemoryError: no memory"
    assert found.trials[1].value is None
    assert found.best == 0


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_a_failure_with_its_reason(plans, tmp_path, monkeypatch, loss):
    def judge(method, candidate, watch, outcome):
        outcome.value = loss if candidate["C"] == 1 else 0.5

    monkeypatch.setattr(running, "Judge", lambda course: judge)

    found = run_sweep(plans(params={"logistic.C": "0.1,1"}, every=True), tmp_path / "s")

    assert [trial.state for trial in found.trials] == ["complete", "failed"]
    assert found.trials[1].reason == f"its loss is {loss}"


@pytest.mark.parametrize("reason", [None, "stopped after epoch 3"])
def test_a_process_killed_between_keeping_and_telling_loses_its_trial(
    plans, tmp_path, fake, reason
):
    plan = plans(params={"logistic.C": "0.1,1"}, every=True)
    with Shared(tmp_path / "s", plan.fingerprint) as gone, running.quiet():
        taken = running._next(gone.study(running._pruner(plan)), plan, gone)
        running._keep(taken, Outcome(7.0), TABLE, reason)

    found = run_sweep(plan, tmp_path / "s")

    assert [(trial.state, trial.value) for trial in found.trials] == [
        ("complete", 1.0), ("complete", 0.0),
    ]  # fmt: skip


def test_a_training_that_falls_behind_is_stopped_at_the_third_epoch(plans, tmp_path, monkeypatch):
    def judge(method, candidate, watch, outcome):
        for epoch in range(1, 6):
            outcome.curve.append(candidate["C"] / epoch)
            outcome.value, outcome.best_epoch = outcome.curve[-1], epoch
            if watch(epoch, outcome.value):
                raise Stopped
        return outcome

    monkeypatch.setattr(running, "Judge", lambda course: judge)
    plan = plans(params={"logistic.C": "1,2,3,4,5,0.5"}, every=True, prune=True)

    found = run_sweep(plan, tmp_path / "s")

    # four have to be complete; 5/3 is above the median 2.5/3 of 1/3 .. 4/3 at the third epoch
    assert [t.state for t in found.trials] == ["complete"] * 4 + ["pruned", "complete"]
    stopped = found.trials[4]
    assert (stopped.epochs, stopped.best_epoch) == (3, 3)
    assert stopped.value == pytest.approx(5 / 3)
    assert "after epoch 3" in stopped.reason
    assert found.best == 5


def test_the_printed_command_trains_the_network_that_won(data, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [
        "sweep", "--data", str(data), "--positive", "rough", "--resize", "32", "--weights", "none",
        "--methods", NET, "--batch", "4,8", "--rate", "3e-3", "--epochs", "2", "--grid",
        "--device", "cpu", "-o", "out",
    ]  # fmt: skip
    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    best = found["trials"][found["best"]]
    assert [t["parameters"] for t in found["trials"]] == [{"finetune.batch": b} for b in (4, 8)]

    assert run([*shlex.split(found["command"])[1:], "--device", "cpu"]) == 0

    model = tk.load("models/own")
    assert model.learner.network.facts.settings.learning_rate == 3e-3
    assert model.learner.network.facts.settings.batch == best["parameters"]["finetune.batch"]
    manifest = tk.read_manifest(data)
    val = manifest.subset(np.flatnonzero(manifest.splits == "val"))
    assert best["value"] == pytest.approx(log_loss(val.labels, model.predict_proba(val)), abs=1e-5)
    assert best["value"] == pytest.approx(best["curve"][best["best_epoch"] - 1])
    assert best["best_epoch"] == model.learner.network.facts.best_epoch


def test_the_folder_is_whole_and_its_settings_can_be_read_back(data, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [
        "sweep", "--data", str(data), "--positive", "rough", "--resize", "32",
        "--methods", "first_order/knn,glcm/knn", "--param", "knn.n_neighbors=1,3",
        "--param", "knn.weights=uniform", "--param", "glcm.levels=8,16", "--grid", "-q",
    ]  # fmt: skip

    assert run([*arguments, "-o", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "index.html")
    assert sorted(file.name for file in out.iterdir()) == [
        "config.yaml", "environment.json", "index.html", "journal.jsonl", "sweep.json",
        "trials.csv",
    ]  # fmt: skip
    assert not (tmp_path / "out.partial").exists()
    table = pd.read_csv(out / "trials.csv", dtype=str)
    assert sorted(zip(table["method"], table["knn.n_neighbors"], strict=True)) == [
        (method, n)
        for method in ("first_order/knn", "glcm(levels=16)/knn", "glcm(levels=8)/knn")
        for n in "13"
    ]
    assert run([*arguments, "-o", str(out)]) == 4
    again = tmp_path / "again"
    assert run(["sweep", "--config", str(out / "config.yaml"), "-q", "-o", str(again)]) == 0
    values = [
        [t["value"] for t in json.loads((folder / "sweep.json").read_text())["trials"]]
        for folder in (out, again)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"svm.C": "1,2"}, ParameterError, "none of first_order/logistic"),
        ({"logistic.D": "1,2"}, UnknownNameError, "'D'"),
        ({"first_order.levels": "8"}, UnknownNameError, "levels"),
        ({"logistic.C": "1:0.1"}, ParameterError, "no range"),
        ({"logistic.C": "1,,2"}, ParameterError, "empty"),
        ({"logistic.C": "1:2:1"}, ParameterError, "2 steps"),
        ({"logistic.C": "nan,1"}, ParameterError, "finite"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_any_trial(plans, params, error, words):
    with pytest.raises(error, match=words):
        plans(params=params)


def test_a_network_is_not_given_what_no_network_can_have(data):
    options = Options(methods=[NET], **SMALL)

    with pytest.raises(ParameterError, match=r"finetune\.batch=1: .*batch"):
        plan_sweep(None, tk.read_manifest(data), options, params={"finetune.batch": "1,8"})
    with pytest.raises(UnknownNameError, match="speed"):
        plan_sweep(None, tk.read_manifest(data), options, params={"finetune.speed": "1,8"})


def test_a_space_of_few_points_is_tried_once_each(plans):
    plan = plans(params={"logistic.C": "0.1,1,10"}, trials=50)

    assert plan.trials == 3
    assert "3 combinations only" in plan.notes[0]


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("8,16,25", (8, 16, 25)),
        ("1e-4:1e-2", (1e-4, 1e-3, 1e-2)),
        ("1:4:4", (1, 2, 3, 4)),
        ("0.5:1:3", (0.5, 0.75, 1.0)),
        ("sqrt,0.1,none", ("sqrt", 0.1, None)),
    ],
)
def test_values_are_read_as_lists_and_ranges(text, listed):
    assert read_values(text).listed.values == listed


def test_a_setting_of_train_that_does_not_exist_is_refused(data, tmp_path, capsys):
    arguments = ["train", "--data", str(data), "--positive", "rough", "--method", TABLE]

    assert run([*arguments, "--set", "D=1", "-o", str(tmp_path / "m")]) == 4
    assert "'D'" in capsys.readouterr().err
    assert run([*arguments, "--set", "C=1", "--tune", "3", "-o", str(tmp_path / "m")]) == 4
    assert run([*arguments, "--set", "C", "-o", str(tmp_path / "m")]) == 2


def test_importance_is_a_share_of_all_variance_not_of_what_settings_explain_alone():
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study()
    space = {name: optuna.distributions.FloatDistribution(-1, 1) for name in "ab"}
    places = np.linspace(-1, 1, 7)
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={"a": a, "b": b}, distributions=space, value=float(a * b + 0.1 * a)
            )
            for a in places
            for b in places
        ]
    )
    plan = SimpleNamespace(
        space={"a": "-1 to 1", "b": "-1 to 1"}, job=SimpleNamespace(options=Options(methods=[]))
    )

    found, reason = results._importance(study, plan, 49)

    assert reason is None
    # a varies with 0.01 of the variance of a; the product is neither's alone
    assert sum(one.value for one in found) < 0.3
