"""What is chosen inside a training part, by whom, and that nothing else is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.errors import MetricError, ParameterError
from texturekit.methods.choosing import Meaning, Wanted, choose, choose_inside
from texturekit.methods.deciding import Decision, cuts_of, decide
from texturekit.methods.grammar import parse_method
from texturekit.methods.inner import Inner, Part, fit_part, inner_predictions, out_of_fold
from texturekit.methods.learners import Inputs, Settings, learner
from texturekit.metrics import choose_threshold

METHOD = parse_method("colour/logistic")
WIDTH = len(next(iter(METHOD.blocks.values())))
TWO = Meaning("binary", ("a", "b"), "b")
LABELS = Meaning("multilabel", ("u", "v"), None)


def part(rng, labels, *, train, val=(), groups=None):
    values = rng.normal(size=(len(labels), WIDTH))
    signal = labels if labels.ndim == 1 else np.nan_to_num(labels[:, 0])
    values[:, 0] += 2 * signal
    inputs = Inputs(len(labels), dict.fromkeys(METHOD.blocks, values))
    return Part(inputs, labels, groups, np.array(train), np.array(val, dtype=int))


def unfitted(kind="binary", classes=("a", "b"), method=METHOD):
    return learner(method, kind, classes, Settings())


def chosen(one, wanted, meaning=TWO):
    def make():
        return unfitted(meaning.kind, meaning.classes)

    return choose_inside(wanted, make, fit_part(make(), one), one, meaning)


@pytest.fixture
def binary(rng):
    labels = np.arange(80) % 2
    return part(rng, labels, train=range(60), groups=np.arange(80) // 4)


def test_the_threshold_is_that_of_the_inner_predictions(binary):
    inner, decision = chosen(binary, Wanted.read("youden", "none", "binary"))

    assert_array_equal(inner.rows, np.arange(60))
    found = choose_threshold(binary.labels[inner.rows] == 1, inner.probabilities[:, 1], "youden")
    assert decision.cuts == {"b": found.value}
    assert (decision.images, decision.chosen[0].sensitivity) == (60, found.sensitivity)


def test_every_inner_prediction_is_by_a_learner_that_saw_no_image_of_the_group(binary):
    seen = []

    class Spy:
        def fit(self, inputs, labels, groups):
            self.groups = set(groups)
            return self

        def predict_proba(self, inputs):
            rows = np.flatnonzero(
                (values[:, None] == next(iter(inputs.blocks.values()))[None]).all(2).any(1)
            )
            seen.append((self.groups, set(binary.groups[rows])))
            return np.full((inputs.count, 2), 0.5)

    values = next(iter(binary.inputs.blocks.values()))
    one = binary.of(binary.train)
    out_of_fold(Spy, *one, classes=2)

    assert len(seen) == 5
    assert all(not learnt & told for learnt, told in seen)


@pytest.mark.parametrize("calibrate", ["none", "sigmoid", "isotonic"])
def test_what_is_not_in_the_training_part_changes_nothing(binary, calibrate, rng):
    wanted = Wanted.read("sensitivity=0.9", calibrate, "binary")
    labels, tested = binary.labels.copy(), np.arange(60, 80)
    labels[tested] = 1 - labels[tested]
    blocks = {name: values.copy() for name, values in binary.inputs.blocks.items()}
    for values in blocks.values():
        values[tested] = rng.normal(size=(20, WIDTH)) * 1e3
    spoilt = replace(binary, labels=labels, inputs=replace(binary.inputs, blocks=blocks))

    assert chosen(spoilt, wanted)[1] == chosen(binary, wanted)[1]


def test_a_changed_training_label_does_change_it(binary):
    labels = binary.labels.copy()
    labels[:20] = 1 - labels[:20]
    wanted = Wanted.read("youden", "none", "binary")

    assert chosen(replace(binary, labels=labels), wanted)[1] != chosen(binary, wanted)[1]


def test_named_validation_images_come_first(rng):
    one = part(rng, np.arange(80) % 2, train=range(40), val=range(40, 60))
    fitted = fit_part(unfitted(), one)

    inner = inner_predictions(unfitted, fitted, one, classes=2)

    assert_array_equal(inner.rows, np.arange(40, 60))
    assert_array_equal(inner.probabilities, fitted.predict_proba(one.inputs.subset(one.val)))
    assert inner.where == "validation images"


def test_thresholds_are_for_calibrated_probabilities(binary):
    inner, raw = chosen(binary, Wanted.read("youden", "none", "binary"))
    _, bent = chosen(binary, Wanted.read("youden", "sigmoid", "binary"))

    p = bent.probabilities(inner.probabilities, "binary")
    before = inner.probabilities[:, 1] >= raw.cuts["b"]
    assert_array_equal(p[:, 1] >= bent.cuts["b"], before)  # a rising map moves no decision
    assert bent.cuts["b"] != raw.cuts["b"]


def test_too_few_images_leave_one_half_and_say_so(rng):
    labels = (np.arange(40) < 4).astype(int)
    _, decision = chosen(part(rng, labels, train=range(40)), Wanted.read("youden", "sigmoid", None))

    assert decision.cuts == {"b": 0.5}
    assert decision.chosen[0].value is None
    assert "4 images with it and 36 without" in decision.chosen[0].reason
    assert decision.calibrator is None
    assert len(decision.notes) == 2


def test_one_group_of_a_class_leaves_one_half(rng):
    labels, groups = np.repeat([0, 1], 20), np.r_[np.arange(20), [99] * 20]
    one = part(rng, labels, train=range(40), groups=groups)

    inner, decision = chosen(one, Wanted.read("youden", "none", "binary"))

    assert inner is None
    assert decision.cuts == {"b": 0.5}
    assert "one group only" in decision.notes[0]


def test_each_label_has_its_threshold_and_a_rare_one_costs_the_others_nothing(rng):
    labels = np.stack([np.arange(60) % 2, np.arange(60) == 7], axis=1).astype(float)
    labels[3, 0] = np.nan
    one = part(rng, labels, train=range(60))

    inner, decision = chosen(one, Wanted.read("youden", "none", "multilabel"), LABELS)

    known = ~np.isnan(labels[:, 0])
    found = choose_threshold(labels[known, 0] == 1, inner.probabilities[known, 0])
    assert decision.cuts == {"u": found.value, "v": 0.5}
    said, threshold = decide(inner.probabilities, LABELS.classes, "multilabel", None, METHOD,
                             cuts=decision.cuts)  # fmt: skip
    assert np.isnan(threshold)
    assert ["u" in row for row in said] == (inner.probabilities[:, 0] >= found.value).tolist()


def test_the_majority_stays_the_majority(rng):
    one = part(rng, np.arange(40) % 3 // 2, train=range(40))
    method = parse_method("majority/dummy")
    fitted = fit_part(unfitted(method=method), one)

    inner, decision = choose_inside(
        Wanted.read("youden", "sigmoid", "binary"), unfitted, fitted, one, TWO
    )

    assert (inner, decision) == (None, Decision())
    assert decide(fitted.predict_proba(one.inputs), ("a", "b"), "binary", "b", method)[0][0] == "a"


def test_nothing_is_fitted_twice_when_nothing_is_wanted(binary):
    def fail():
        raise AssertionError

    fitted = fit_part(unfitted(), binary)

    assert choose_inside(Wanted(), fail, fitted, binary, TWO) == (None, Decision())


@pytest.mark.parametrize("form", ["sigmoid", "isotonic", "temperature"])
def test_operating_points_move_with_the_probabilities(form, rng):
    told = rng.random((200, 2))
    labels = (rng.random((200, 2)) < told**2).astype(float)
    points = {"u": 0.3, "v": 0.6}
    inner = Inner(np.arange(200), told, "made")

    decision = choose(Wanted.read("fixed", form, None), inner, labels, LABELS, points=points)

    p = decision.probabilities(told, "multilabel")
    said = [p[:, k] >= decision.cuts[name] for k, name in enumerate("uv")]
    before = [told[:, k] >= points[name] for k, name in enumerate("uv")]
    if form == "isotonic":  # equal probabilities are not parted any more
        assert all((s | ~b).all() for s, b in zip(said, before, strict=True))
    else:
        assert_array_equal(said, before)
    assert cuts_of(None, decision) == decision.cuts


def test_the_same_bits_for_one_image_and_many(rng):
    told = rng.dirichlet(np.ones(3), 300)
    inner = Inner(np.arange(300), told, "made")
    meaning = Meaning("multiclass", ("a", "b", "c"), None)
    for form in ("sigmoid", "isotonic", "temperature"):
        decision = choose(Wanted.read("fixed", form, None), inner, rng.integers(0, 3, 300), meaning)
        all_at_once = decision.probabilities(told, "multiclass")

        for row in (0, 77, 299):
            alone = decision.probabilities(told[[row]], "multiclass")
            assert_array_equal(alone, all_at_once[[row]])


def test_several_classes_have_no_threshold():
    with pytest.raises(ParameterError, match="of more than two classes the most probable"):
        Wanted.read("youden", "none", "multiclass")
    assert Wanted.read("fixed", "isotonic", "multiclass").anything


def test_words_that_are_none():
    with pytest.raises(ParameterError, match="none, sigmoid, isotonic, temperature"):
        Wanted.read("fixed", "platt", "binary")
    with pytest.raises(MetricError, match="threshold rule 'best'"):
        Wanted.read("best", "none", "binary")


def test_a_networks_own_outputs_are_cut_on_the_training_images_if_asked(binary, rng):
    method = parse_method("densenet121-res224-mimic_nb/head")
    head = unfitted(classes=("clear", "Pneumonia"), method=method)
    meaning = Meaning("binary", ("clear", "Pneumonia"), "Pneumonia")
    one = replace(binary, told=rng.dirichlet([1, 1], 80))

    nothing = choose_inside(Wanted(), unfitted, head, one, meaning)
    inner, decision = choose_inside(
        Wanted.read("youden", "none", "binary"), unfitted, head, one, meaning
    )

    assert nothing == (None, Decision())
    assert cuts_of(head, nothing[1]) == head.cuts  # as published
    assert_array_equal(inner.rows, np.arange(60))
    found = choose_threshold(one.labels[:60] == 1, one.told[:60, 1])
    assert cuts_of(head, decision) == {"Pneumonia": found.value}
