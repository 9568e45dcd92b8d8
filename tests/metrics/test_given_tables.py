"""Published confusion matrices: every number, its interval, and what contradicts it."""

import json

import numpy as np
import pytest
from scipy.stats import beta, binom

from texturekit.errors import MetricError
from texturekit.metrics import mcnemar, scores, table_scores
from texturekit.metrics.given_tables import _balanced, _draws

VGG16 = [[1005, 933], [777, 4136]]
BRAIN = [[8, 2], [0, 16]]
CERVIX = [[54, 0, 0, 0], [0, 56, 3, 1], [0, 19, 45, 24], [0, 1, 5, 68]]
NAMES = ["OOD", "Type_1", "Type_2", "Type_3"]


def span(one, digits=4):
    return round(one.low, digits), round(one.high, digits)


@pytest.fixture(scope="module")
def published(reference):
    return json.loads((reference / "published.json").read_text())["seeds"]


@pytest.mark.parametrize("name", ["VGG16", "ResNet18", "ResNet50"])
def test_breast_tables_are_recomputed_as_published(name, published):
    one = published["003_breast_mri"]["models"][name]
    known = one["recomputed"]
    found = table_scores(one["reported"]["confusion_matrix"], ["benign", "malignant"])
    shares = known["per_class"]["malignant"]

    for metric in ("sensitivity", "specificity", "precision", "npv"):
        assert round(found.metrics[metric].value, 6) == shares[metric]["p"]
        assert span(found.metrics[metric]) == tuple(shares[metric]["wilson95"])
        assert span(found.exact[metric]) == tuple(shares[metric]["clopper_pearson95"])
    assert span(found.metrics["accuracy"]) == tuple(known["accuracy"]["wilson95"])
    assert round(found.metrics["f1"].value, 4) == shares["f1"]
    assert round(found.metrics["mcc"].value, 4) == known["mcc"]
    assert round(found.metrics["kappa"].value, 4) == known["cohen_kappa"]
    assert round(found.majority.rate.value, 4) == known["majority_class_rate"]
    for kind in ("macro", "weighted"):
        for metric in ("precision", "f1"):
            assert round(found.averages[f"{kind}_{metric}"].value, 4) == known[kind][metric]


def test_cervix_table_is_recomputed_as_published(published):
    known = published["000_cervix"]["recomputed"]
    found = table_scores(CERVIX, NAMES)

    assert round(found.metrics["mcc"].value, 4) == known["mcc"]
    assert round(found.metrics["kappa"].value, 4) == known["cohen_kappa"]
    assert round(found.metrics["f1"].value, 4) == known["macro"]["f1"]
    balanced = found.metrics["balanced_accuracy"].value
    assert round(balanced, 4) == known["macro"]["recall_balanced_accuracy"]
    assert round(found.averages["weighted_f1"].value, 4) == known["weighted"]["f1"]
    for one in found.per_class:
        of = known["per_class"][one.name]
        assert one.positives == of["support"]
        assert round(one.metrics["f1"].value, 4) == of["f1"]
        assert span(one.metrics["sensitivity"]) == tuple(of["sensitivity"]["wilson95"])
        assert span(one.metrics["npv"]) == tuple(of["npv"]["wilson95"])


def test_the_positive_class_may_be_the_first():
    first, last = table_scores(BRAIN, ["no", "yes"], "no"), table_scores(BRAIN, ["no", "yes"])

    assert (first.positive, last.positive) == ("no", "yes")
    assert first.metrics["sensitivity"] == last.metrics["specificity"]
    assert first.metrics["npv"] == last.metrics["precision"]


def test_values_are_those_of_the_images_one_by_one():
    truth = np.repeat([0, 0, 1, 1], [8, 2, 0, 16])
    called = np.repeat([0.0, 1.0, 0.0, 1.0], [8, 2, 0, 16])
    ours, theirs = table_scores(BRAIN).metrics, scores(truth, called, ["1", "2"])

    for name in ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "f1", "mcc", "npv"):
        assert ours[name].value == pytest.approx(theirs[name].value, abs=1e-12)


def test_f1_has_the_limits_of_a_share():
    # Lam, Gopal and Qian (2023): F1 = 2 J / (1 + J), J = tp of tp + fp + fn; here 16 of 18.
    found = table_scores(BRAIN).metrics["f1"]
    j = table_scores(BRAIN).metrics["precision"]  # 16 of 18 as well

    assert found.value == pytest.approx(2 * j.value / (1 + j.value))
    assert found.low == pytest.approx(2 * j.low / (1 + j.low))
    assert found.high == pytest.approx(2 * j.high / (1 + j.high))


def test_balanced_accuracy_adds_the_squares_of_wilsons_reaches():
    # 8 of 10 is .8 [.4902, .9433], 16 of 16 is 1 [.8064, 1] (published.json, 001_brain_mri)
    found = table_scores(BRAIN).metrics["balanced_accuracy"]

    assert found.value == pytest.approx(0.9)
    assert found.low == pytest.approx(0.9 - np.hypot(0.8 - 0.4902, 1 - 0.8064) / 2, abs=1e-4)
    assert found.high == pytest.approx(0.9 + (0.9433 - 0.8) / 2, abs=1e-4)


@pytest.mark.parametrize(("recalls", "most"), [((0.8, 0.95), 0.99), ((0.6, 0.9), 0.98)])
def test_balanced_accuracy_holds_the_truth_as_often_as_it_says(recalls, most):
    sizes, held = (10, 16), 0.0
    for a, b in np.ndindex(11, 17):  # every table that these sizes allow, by its probability
        one = _balanced(np.array([[a, 10 - a], [16 - b, b]], float))
        if one.low <= np.mean(recalls) <= one.high:
            held += np.prod(binom.pmf((a, b), sizes, recalls))

    assert 0.93 <= held <= most


def test_shares_are_drawn_as_jeffreys_has_them():
    drawn = _draws(np.array(BRAIN, float))
    recall = drawn[:, 1, 1] / 16

    assert np.allclose(drawn.sum(axis=2), [10, 16])
    for share in (0.025, 0.5, 0.975):  # the standard error of a quantile of 2,000 draws
        wanted = beta.ppf(share, 16.5, 0.5)
        error = np.sqrt(share * (1 - share) / 2000) / beta.pdf(wanted, 16.5, 0.5)
        assert np.quantile(recall, share) == pytest.approx(wanted, abs=4 * error)


def test_a_class_without_errors_is_not_taken_for_perfect():
    found = table_scores([[10, 0], [0, 16]]).metrics

    for name in ("mcc", "kappa", "balanced_accuracy", "f1"):
        assert (found[name].value, found[name].high) == (1, 1)
        assert found[name].low < 0.95, name


def test_the_majority_is_tested_image_by_image():
    found = table_scores(VGG16).majority
    truth = np.repeat([0, 0, 1, 1], np.ravel(VGG16))
    called = np.repeat([0, 1, 0, 1], np.ravel(VGG16))

    assert found.name == "2"
    assert found.paired == mcnemar(truth, called, np.ones_like(truth))


def test_no_better_than_the_majority_is_shown_by_the_exact_test():
    # 7 of 10 right where the majority has 7: P(X >= 7 | n = 10, p = .7) = .6496 (binomial tables)
    found = table_scores([[0, 3], [0, 7]]).majority.binomial

    assert found.value == 0
    assert found.p == pytest.approx(0.6496, abs=5e-5)


def test_undefined_has_a_reason_and_is_not_zero():
    found = table_scores([[0, 5], [0, 7]], ["no", "yes"])
    empty = table_scores([[0, 0], [1, 7]], ["no", "yes"])

    assert found.metrics["npv"].value is None
    assert found.metrics["npv"].reason == "every image was called yes"
    assert found.metrics["mcc"].value is None
    assert empty.metrics["specificity"].reason == "there is no image without yes"
    assert empty.metrics["balanced_accuracy"].value is None
    assert found.averages["macro_precision"].value is None


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2]], "1 rows of 2 numbers"),
        ([[1, 2], [3]], "2 rows of 1 or 2 numbers"),
        ([[5]], "at least two classes"),
        ([], "0 rows of 0 numbers"),
        ([[1, -2], [3, 4]], "holds -2; give whole numbers"),
        ([[0.5, 0.5], [0.1, 0.9]], "holds 0.5; give whole numbers"),
        ([[float("nan"), 1], [1, 1]], "holds nan"),
        ([[0, 0], [0, 0]], "counts 0 images"),
        ([[10**7, 1], [1, 1]], "give 1 to 10,000,000"),
        (np.ones((101, 101), int), "at most 100"),
    ],
)
def test_what_is_no_matrix_of_counts_is_refused(matrix, message):
    with pytest.raises(MetricError, match=message):
        table_scores(matrix)


@pytest.mark.parametrize(
    ("classes", "positive", "message"),
    [
        (["a"], None, "1 class names"),
        (["a", "a"], None, "name each class once"),
        (["a", "b"], "c", "'c' is none of the two"),
    ],
)
def test_names_that_do_not_fit_are_refused(classes, positive, message):
    with pytest.raises(MetricError, match=message):
        table_scores(VGG16, classes, positive)


# --- stated numbers ---------------------------------------------------------------------------


def status(stated, matrix=VGG16, classes=None):
    return [one.status for one in table_scores(matrix, classes, stated=stated).stated]


def test_the_first_point_of_the_curve_is_found_out():
    # published.json I01: sensitivity 0 and specificity 1 beside a matrix that says .84 and .52
    found = table_scores(VGG16, stated={"sensitivity": "0.0000", "specificity": "1.0000"})

    assert [one.status for one in found.stated] == ["contradicts", "contradicts"]
    assert found.stated[0].recomputed == pytest.approx(0.8418, abs=5e-5)
    assert "but the matrix says 0.8418" in found.stated[0].sentence
    assert any("first point of every ROC curve" in text for text in found.remarks)


def test_two_runs_in_one_table_are_found_out():
    # I03: 77.58% beside 5141 of 6851, 75.04%
    assert status({"accuracy": "77.58%"}) == ["contradicts"]
    assert status({"accuracy": "75.04%"}) == ["agrees"]


def test_an_accuracy_below_the_majority_is_found_out():
    # I06: 70% where always calling malignant is right for 71.7%
    found = table_scores([[881, 1057], [509, 4404]], stated={"accuracy": "70%"})

    assert any("below 0.7171, which calling every image 2 reaches" in t for t in found.remarks)


def test_the_area_of_decisions_is_suspect():
    # I20: .9 = (1.0 + .8) / 2; that of scores is anything from .80 to 1.00
    (found,) = table_scores(BRAIN, stated={"auc": "0.9"}).stated

    assert found.status == "suspect"
    assert "from 0.80 to 1.00" in found.sentence
    assert status({"auc": 0.78}, BRAIN) == ["contradicts"]
    assert status({"roc_auc": 0.7824}) == ["unknown"]


def test_missing_images_are_found_out():
    assert status({"n": 295}, CERVIX, NAMES) == ["contradicts"]  # I15
    assert status({"n": "276"}, CERVIX, NAMES) == ["agrees"]


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        ({"accuracy": "0.7504"}, "agrees"),
        ({"accuracy": ".75"}, "agrees"),
        ({"accuracy": 0.8}, "agrees"),  # one digit: .75 to .85, its end included
        ({"accuracy": 0.76}, "contradicts"),
        ({"recall": "0.8418"}, "agrees"),
        ({"PPV": "81.5%"}, "agrees"),  # cut off after .815
        ({"PPV": "81.4%"}, "contradicts"),
        ({"sensitivity": 0}, "contradicts"),
        ({"sensitivity": 1}, "contradicts"),
        ({"macro f1": "0.6845"}, "agrees"),
        ({"weighted avg f1": "x"}, None),
        ({"mcc": "-0.37"}, "contradicts"),
    ],
)
def test_rounded_or_cut_off_agrees_and_more_does_not(stated, wanted):
    if wanted is None:
        with pytest.raises(MetricError):
            status(stated)
    else:
        assert status(stated) == [wanted]


def test_a_number_of_one_class_is_judged_by_that_class():
    stated = {"Type_2.sensitivity": "0.5114", "Type_2.precision": "0.85", "Type_3.f1": "0.64"}

    assert status(stated, CERVIX, NAMES) == ["agrees", "agrees", "contradicts"]


def test_an_undefined_number_is_neither_right_nor_wrong():
    assert status({"npv": 0.0}, [[0, 5], [0, 7]]) == ["undefined"]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"acuracy": 0.5}, "Did you mean 'accuracy'"),
        ({"accuracy": "high"}, "give a number: 0.7758 or 77.58%"),
        ({"accuracy": "77.58"}, "no share; write 77.58%"),
        ({"Type_9.f1": 0.5}, "no metric called 'Type_9.f1'"),
    ],
)
def test_what_cannot_be_judged_is_refused(stated, message):
    with pytest.raises(MetricError, match=message):
        table_scores(VGG16, stated=stated)
