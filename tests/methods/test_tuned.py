"""Settings are chosen inside the training part, and nowhere else."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.imagesets import two_classes
from texturekit.deep.settings import Settings as Trained
from texturekit.methods import tuned as module
from texturekit.methods.budgets import unequal_budgets
from texturekit.methods.candidates import settled
from texturekit.methods.classifiers import BUILDERS
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Inputs, Settings, learner
from texturekit.methods.model import Preprocessing
from texturekit.methods.spaces import space_of, space_of_kind, with_candidate
from texturekit.methods.tuned import account, mean_area, trials_of, tuned
from texturekit.records import MethodResult, Trial, Tuning
from texturekit.report.page import render
from texturekit.tuning import defaults, sample

NAMES = ("a", "b")
LOGISTIC = parse_method("sobel/logistic")
TABLE = ["logistic", "svm", "forest", "knn", "xgboost", "vote"]


def table(rng, n=60, strength=0.0, method=LOGISTIC):
    codes = np.arange(n) % 2
    blocks = {
        name: rng.normal(size=(n, len(columns))) + strength * codes[:, None]
        for name, columns in method.blocks.items()
    }
    return Inputs(n, blocks), codes


def auc(labels, scores):
    """Count pairs: the obvious loop."""
    above, below = scores[labels == 1], scores[labels == 0]
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in above for b in below]))


@pytest.mark.parametrize("classifier", ["logistic", "svm", "forest", "knn", "xgboost"])
def test_the_default_candidate_gives_the_numbers_of_no_search(rng, classifier):
    method = parse_method(f"sobel/{classifier}")
    inputs, codes = table(rng, n=30, strength=0.3, method=method)
    plain = Settings()
    chosen = replace(plain, candidate=defaults(space_of(method)))

    p, q = (
        learner(method, "binary", NAMES, how).fit(inputs, codes, None).predict_proba(inputs)
        for how in (plain, chosen)
    )

    np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize(
    ("classifier", "candidate", "told"),
    [
        ("logistic", {"C": 0.7}, {"C": 0.7}),
        ("svm", {"C": 9.0, "gamma_scale": 1}, {"C": 9.0, "gamma": "scale"}),
        ("forest", {"min_samples_leaf": 4}, {"min_samples_leaf": 4}),
        ("knn", {"n_neighbors": 50}, {"n_neighbors": 30}),  # no more than there are rows
        ("xgboost", {"max_depth": 1, "subsample": 0.6}, {"max_depth": 1, "subsample": 0.6}),
    ],
)
def test_a_candidate_reaches_the_estimator(rng, classifier, candidate, told):
    x = rng.normal(size=(30, 4))

    found = settled(BUILDERS[classifier](0, 1, len(x)), candidate, x).get_params()

    assert {name: found[name] for name in told} == told


def test_the_width_of_a_kernel_is_a_multiple_of_scikit_learns(rng):
    method = parse_method("sobel/svm")
    inputs, codes = table(rng, n=30, method=method)
    fitted = learner(method, "binary", NAMES, Settings(candidate={"gamma_scale": 2.0}))

    (member,) = fitted.fit(inputs, codes, None).ensembles[0].members

    z = member.scaling(inputs.blocks["sobel"])
    # scikit-learn, SVC: gamma="scale" is 1 / (n_features * X.var())
    assert member.estimator.gamma == pytest.approx(2 / (z.shape[1] * z.var()))


def test_the_members_of_a_fusion_get_their_own_settings_and_the_embedding_its_share(rng):
    method = parse_method("sobel+squeezenet1_1/fusion")
    inputs, codes = table(rng, n=20, method=method)
    candidate = {"embedding_share": 0.8, "logistic.C": 0.02, "svm.C": 7.0}
    fitted = learner(method, "binary", NAMES, Settings(candidate=candidate))

    (ensemble,) = fitted.fit(inputs, codes, None).ensembles

    costs = {(m.kind, m.estimator.C) for m in ensemble.members if hasattr(m.estimator, "C")}
    width = len(method.blocks["sobel"])
    deep = [w for w, m in zip(ensemble.weights, ensemble.members, strict=True)
            if m.columns.min() >= width]  # fmt: skip
    assert costs == {("logistic", 0.02), ("svm", 7.0)}
    assert sum(deep) == pytest.approx(0.8)


@pytest.mark.parametrize("name", [*(f"sobel/{one}" for one in TABLE), "squeezenet1_1/vote",
                                  "sobel+squeezenet1_1/fusion", "geometry/forest",
                                  "resnet18/finetune"])  # fmt: skip
def test_every_method_that_learns_gets_the_same_budget(name):
    space = space_of(parse_method(name))

    assert len(sample(space, 8)) == 8


@pytest.mark.parametrize("kind", BUILDERS)
def test_the_documentation_states_the_limits_of_the_code(kind):
    page = (Path(__file__).parents[2] / "docs" / "tuning.md").read_text(encoding="utf-8")
    searched = space_of_kind(kind)

    for name, part in searched.items():
        lines = [line for line in page.splitlines() if f"`{name}`" in line or f".{name}`" in line]
        assert any(line.endswith(f"| {part} |") for line in lines), name


@pytest.mark.parametrize("name", ["majority/dummy", "densenet121-res224-all/head"])
def test_what_has_nothing_to_choose_says_so(name):
    method = parse_method(name)

    found = account(method, Settings(tune=8), [])

    assert (found.space, found.trials, found.tried) == ({}, [], 0)
    assert found.how.startswith("nothing to choose: ")


def test_the_mean_area_is_that_of_pairs_within_folds(rng):
    labels, fold = np.arange(40) % 3, np.arange(40) % 2
    p = rng.dirichlet([1, 1, 1], size=40).round(1)

    found = mean_area(labels, p, "multiclass", fold)

    by_class = []
    for k in range(3):
        parts = [(labels[fold == f] == k, p[fold == f, k]) for f in (0, 1)]
        pairs = [t.sum() * (~t).sum() for t, _ in parts]
        by_class.append(np.average([auc(t, s) for t, s in parts], weights=pairs))
    assert found == pytest.approx(np.mean(by_class))


def test_unknown_labels_and_missing_predictions_do_not_count():
    labels = np.array([[0, 1], [1, np.nan], [1, 0], [np.nan, 1.0]])
    p = np.array([[0.2, 0.5], [0.9, 0.9], [np.nan, 0.6], [0.99, 0.7]])

    # first label: 0.9 above 0.2; second: 0.6 against 0.5 and 0.7
    assert mean_area(labels, p, "multilabel", np.zeros(4, int)) == pytest.approx((1 + 0.5) / 2)


def test_candidates_are_judged_on_the_same_grouped_folds_of_the_training_part(rng, monkeypatch):
    inputs, codes = table(rng)
    groups = np.array([f"p{i // 4}" for i in range(60)])
    codes = (np.arange(60) // 4) % 2
    seen = []
    real = learner

    def spy(method, kind, classes, settings):
        made = real(method, kind, classes, settings)
        fit = made.fit

        def fitting(part, labels, known):
            seen.append((settings.candidate["C"], frozenset(known), part.count))
            return fit(part, labels, known)

        made.fit = fitting
        return made

    monkeypatch.setattr(module, "learner", spy)
    settings, path = tuned(
        LOGISTIC, "binary", NAMES, inputs, codes, groups, Settings(tune=4), held_out=None
    )

    parts = {c: [part for cost, *part in seen if cost == c] for c, *_ in seen}
    assert len(parts) == len(path.trials) == 4
    assert all(one == parts[0.1] for one in parts.values())  # the same for every candidate
    assert len(parts[0.1]) == 3
    for known, count in parts[0.1]:
        assert count == 4 * len(known) < 60  # whole patients, and never all of them
    assert settings.candidate == path.chosen.candidate


def test_the_chosen_candidate_has_the_best_score_and_the_path_is_whole(rng):
    inputs, codes = table(rng, strength=0.4)

    settings, path = tuned(LOGISTIC, "binary", NAMES, inputs, codes, None, Settings(tune=6))

    trials = trials_of(path, repeat=1, fold=2)
    (winner,) = [one for one in trials if one.chosen]
    assert winner.score == max(one.score for one in trials)
    assert winner.candidate == settings.candidate
    assert {(one.repeat, one.fold) for one in trials} == {(1, 2)}
    assert [one.candidate for one in trials] == sample(space_of(LOGISTIC), 6)


def test_without_a_budget_nothing_is_searched(rng):
    inputs, codes = table(rng)

    assert tuned(LOGISTIC, "binary", NAMES, inputs, codes, None, Settings()) == (Settings(), None)
    assert account(LOGISTIC, Settings(), []) is None


def test_a_class_of_one_group_leaves_the_defaults_and_says_why(rng):
    inputs, codes = table(rng, n=12)
    groups = np.where(codes == 1, "only", np.arange(12).astype(str))

    settings, path = tuned(LOGISTIC, "binary", NAMES, inputs, codes, groups, Settings(tune=3))

    assert settings.candidate == defaults(space_of(LOGISTIC))
    assert all("one group only" in trial.reason for trial in path.trials)


def test_a_label_of_one_group_does_not_cost_the_others_their_search(rng):
    inputs, codes = table(rng, n=24, strength=0.5)
    labels = np.stack([codes, np.arange(24) == 5], axis=1).astype(float)
    alone = tuned(LOGISTIC, "multilabel", ("u",), inputs, labels[:, :1], None, Settings(tune=3))[1]

    path = tuned(LOGISTIC, "multilabel", ("u", "v"), inputs, labels, None, Settings(tune=3))[1]

    assert [one.score for one in path.trials] == [one.score for one in alone.trials]
    assert all(one.score is not None for one in path.trials)


def test_a_search_inside_the_training_part_finds_nothing_in_noise_but_one_on_test_does(rng):
    # No signal at all: candidates chosen by their test score look good (Cawley and Talbot 2010,
    # jmlr.org/papers/v11/cawley10a.html), those chosen inside stay at one half.
    method = parse_method("sobel/knn")
    space = space_of(method)
    candidates = sample(space, 12)
    nested, peeking = [], []
    for _ in range(8):
        inputs, codes = table(rng, n=80, method=method)
        train, test = np.arange(40), np.arange(40, 80)

        def scored(candidate, inputs=inputs, codes=codes, train=train, test=test):
            how = Settings(candidate=candidate)
            fitted = learner(method, "binary", NAMES, how).fit(
                inputs.subset(train), codes[train], None
            )
            return auc(codes[test], fitted.predict_proba(inputs.subset(test))[:, 1])

        settings, _ = tuned(
            method, "binary", NAMES, inputs.subset(train), codes[train], None, Settings(tune=12)
        )
        nested.append(scored(settings.candidate))
        peeking.append(max(scored(candidate) for candidate in candidates))

    error = np.std(nested, ddof=1) / np.sqrt(len(nested))
    assert abs(np.mean(nested) - 0.5) < 3 * error
    assert np.mean(peeking) > 0.57


def test_candidates_of_a_network_change_rate_decay_and_augmentation():
    method = parse_method("resnet18/finetune")
    space = space_of(method, random=True)
    before = Settings().training.of("resnet18", random=True, seed=0)

    after = with_candidate(
        before, {"learning_rate": 0.002, "weight_decay": 0.03, "augmentation": 2.0}
    )

    assert space["learning_rate"].default == 1e-3  # from random weights, with batch normalisation
    assert (after.learning_rate, after.weight_decay) == (0.002, 0.03)
    assert after.augmentation.rotation == 2 * before.augmentation.rotation
    assert after.augmentation.flip == before.augmentation.flip
    assert with_candidate(before, {}) is before


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return two_classes(tmp_path_factory.mktemp("two"), patients=6)


def compared(path, **more):
    methods = ["first_order/knn", "majority/dummy"]
    return tk.compare(data=path, methods=methods, folds=2, size=32, images=False, permutations=0,
                      positive="rough", tune=3, **more)  # fmt: skip


def test_nothing_of_the_test_fold_reaches_the_choice(data, tmp_path):
    before = compared(data)
    for name in (before.predictions.query("fold == 0"))["path"]:
        to = tmp_path / name
        to.parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(len(name)).integers(100, 120, (32, 32), dtype=np.uint8)
        Image.fromarray(noise + np.uint8(sum(map(ord, name)) % 50)).save(to)
    for name in (before.predictions.query("fold == 1"))["path"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((data.parent / name).read_bytes())
    (tmp_path / "data.csv").write_bytes(data.read_bytes())

    after = compared(tmp_path / "data.csv")

    paths = [
        [t for m in s.results.methods if m.name == "first_order/knn" for t in m.tuning.trials]
        for s in (before, after)
    ]
    inside, outside = ([[t for t in path if t.fold == f] for path in paths] for f in (0, 1))
    assert len(inside[0]) == 3
    assert inside[0] == inside[1]  # fold 0 was chosen without its test images
    assert outside[0] != outside[1]  # which fold 1 learns from


def test_a_study_holds_the_budget_the_path_and_what_had_nothing_to_choose(data):
    study = compared(data)

    tuning = {method.name: method.tuning for method in study.results.methods}
    knn = tuning["first_order/knn"]
    assert (knn.budget, knn.tried, knn.metric) == (3, 3, "roc_auc")
    assert knn.space == {"n_neighbors": "1 to 50, whole (log)", "weights": "uniform, distance"}
    assert sum(trial.chosen for trial in knn.trials) == 2  # one a fold
    assert tuning["majority/dummy"].trials == []
    page = re.sub(r"<[^>]+>", "", render(study))
    assert "How the settings were chosen" in page
    assert "the same budget: 3 candidates in each training part" in page
    assert "nothing to choose: it knows the class shares only" in page


def test_a_model_keeps_its_path_and_its_settings(data, tmp_path):
    model = tk.fit("first_order/knn", tk.read_manifest(data), tune=3, positive="rough",
                   preprocessing=Preprocessing(size=32))  # fmt: skip

    facts = json.loads((model.save(tmp_path / "m") / "model.json").read_text())["training"]

    (member,) = model.learner.ensembles[0].members
    (winner,) = [trial for trial in facts["tuning"]["trials"] if trial["chosen"]]
    assert len(facts["tuning"]["trials"]) == 3
    assert facts["settings"] == winner["candidate"]
    assert member.estimator.n_neighbors == min(facts["settings"]["n_neighbors"], 24)
    assert tk.load(tmp_path / "m").training == model.training


@pytest.mark.usefixtures("one_thread")
def test_a_network_is_judged_on_its_held_out_part_and_trained_with_what_won(data):
    model = tk.fit("squeezenet1_1/finetune", tk.read_manifest(data), tune=2, positive="rough",
                   weights="none", device="cpu", epochs=1,
                   preprocessing=Preprocessing(size=32, weights="none"))  # fmt: skip

    tuning, chosen = model.training["tuning"], model.training["settings"]
    assert tuning["trials"][0]["candidate"]["learning_rate"] == 3e-4  # SqueezeNet, random
    assert all(trial["score"] is not None for trial in tuning["trials"])
    assert model.learner.network.facts.settings.learning_rate == chosen["learning_rate"]
    assert model.learner.network.facts.settings.weight_decay == chosen["weight_decay"]


def test_a_recipe_without_weight_decay_is_itself_the_first_candidate():
    method = parse_method("resnet18/finetune")
    recipe = Trained(weight_decay=0, learning_rate=0.02, optimiser="sgd")

    first = defaults(space_of(method, recipe))

    assert with_candidate(recipe, first) == recipe


def row(name, trials=None, **more):
    path = None if trials is None else Tuning(
        budget=8, metric="roc_auc", how="", trials=[
            Trial(repeat=0, fold=f, candidate={"C": k}, score=0.5, chosen=not k)
            for f in (0, 1) for k in range(trials)
        ], **more)  # fmt: skip
    return MethodResult(name=name, family="texture", status="ok", tuning=path)


def test_unequal_budgets_are_found():
    assert unequal_budgets([row("glcm/svm", 8), row("lbp/svm", 2)]) == {
        "glcm/svm": 8, "lbp/svm": 2
    }  # fmt: skip
    assert unequal_budgets([row("glcm/svm", 8), row("lbp/svm")]) == {"glcm/svm": 8, "lbp/svm": 0}


def test_equal_budgets_are_no_finding():
    rows = [row("glcm/svm", 8), row("lbp/svm", 8), row("majority/dummy"),
            row("lbp/knn", 3, exhausted=True)]  # fmt: skip

    assert unequal_budgets(rows) == {}
    assert unequal_budgets([row("glcm/svm"), row("lbp/svm")]) == {}
