import numpy as np
import pytest
import torch
from torch.nn import functional

from texturekit.deep.settings import Settings
from texturekit.deep.targets import (
    Loss,
    drawing_weights,
    encoded,
    known_kind,
    learnable,
    score,
)
from texturekit.errors import ParameterError, UnknownNameError

NAN = float("nan")


@pytest.mark.parametrize(
    ("labels", "kind", "reason"),
    [
        ([0, 1], "binary", r"shape \(2,\); 3 pictures with 2 binary classes want \(3,\)"),
        ([[0, 1]] * 3, "binary", "want"),
        ([0, 1, 2], "binary", "from 0 to 2; .* from 0 to 1"),
        ([0, -1, 1], "multiclass", "from -1 to 1"),
        ([0.0, 1.0, 1.0], "binary", "float64"),
        ([0, 1, 1], "multilabel", r"want \(3, 2\)"),
        ([[0, 1], [1, 0.5], [0, 0]], "multilabel", "value is 0.5; it may be 0, 1 or nan"),
    ],
)
def test_wrong_labels_are_named(labels, kind, reason):
    with pytest.raises(ParameterError, match=reason):
        encoded(np.array(labels), kind, 2, 3)


def test_unknown_kind_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'multilabel'"):
        known_kind("multilable")


def test_label_with_one_value_cannot_be_learnt():
    targets = torch.tensor([[0, 1, NAN], [1, 1, NAN], [NAN, NAN, NAN]])

    assert learnable(targets, "multilabel", 3) == (True, False, False)


@pytest.mark.parametrize(
    ("targets", "kind", "reason"),
    [
        (torch.tensor([1, 1, 1]), "binary", "all 3 training pictures have one class"),
        (torch.tensor([[1.0, NAN], [1.0, 0.0]]), "multilabel", "no label has both values"),
    ],
)
def test_nothing_to_tell_apart_is_named(targets, kind, reason):
    with pytest.raises(ParameterError, match=reason):
        learnable(targets, kind, 2)


def test_every_class_weighs_the_same():
    targets = torch.tensor([0, 0, 0, 1])
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    each = functional.cross_entropy(logits, targets, reduction="none")

    loss = Loss.balanced(targets, "multiclass", 3)

    torch.testing.assert_close(
        loss(logits, targets) / loss.total(targets), (each[:3].mean() + each[3]) / 2
    )


def test_unknown_labels_do_not_matter():
    targets = torch.tensor([[0, 1], [1, NAN], [NAN, 0]])
    logits = torch.tensor([[0.3, -1.0], [2.0, 5.0], [-7.0, 0.1]])
    louder = logits.clone()
    louder[1, 1], louder[2, 0] = -90.0, 90.0
    loss = Loss.balanced(targets, "multilabel", 2)

    part = loss(logits, targets)

    known = functional.binary_cross_entropy_with_logits(
        logits[[0, 1, 0, 2], [0, 0, 1, 1]], torch.tensor([0.0, 1, 1, 0])
    )
    assert loss.total(targets) == 4
    torch.testing.assert_close(part / 4, known)
    torch.testing.assert_close(loss(louder, targets), part)


def test_rare_labels_weigh_more_within_bounds():
    targets = torch.zeros(100, 3)
    targets[:25, 0] = 1
    targets[0, 1] = 1

    assert Loss.balanced(targets, "multilabel", 3).weight.tolist() == [3.0, 10.0, 1.0]


def test_without_balance_the_loss_is_torchs_own():
    targets = torch.tensor([0, 0, 0, 1])
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    settings = Settings(balance="none", label_smoothing=0.1)

    loss = Loss.of(targets, "multiclass", 3, settings)

    expected = functional.cross_entropy(logits, targets, label_smoothing=0.1)
    torch.testing.assert_close(loss(logits, targets) / loss.total(targets), expected)
    plain = functional.cross_entropy(logits, targets)
    torch.testing.assert_close(loss.plain()(logits, targets) / 4, plain)


def test_smoothed_label_values_are_drawn_towards_a_half():
    targets, logits = torch.tensor([[1.0], [0.0]]), torch.tensor([[0.7], [-2.0]])
    loss = Loss("multilabel", torch.ones(1), smoothing=0.2)

    expected = functional.binary_cross_entropy_with_logits(
        logits, torch.tensor([[0.9], [0.1]]), reduction="sum"
    )
    torch.testing.assert_close(loss(logits, targets), expected)


def test_classes_and_label_values_are_drawn_equally_often():
    binary = torch.tensor([0] * 8 + [1] * 2)
    labels = torch.tensor([[1, NAN], [0, NAN], [0, 1], [0, 0], [NAN, NAN]])

    weights = drawing_weights(binary, "binary")
    several = drawing_weights(labels, "multilabel")

    assert weights[binary == 1].sum() == pytest.approx(0.5)
    assert several[4] == 0
    # the only 1 of the first label: once 1; a 0 of it beside the only 1 of the second: (1/3 + 1)/2
    torch.testing.assert_close(several[:3] / several[0], torch.tensor([1, 1 / 3, 2 / 3]))


def test_score_of_labels_is_the_mean_area_under_the_roc_curve(rng):
    from sklearn.metrics import roc_auc_score

    targets = torch.from_numpy(rng.integers(0, 2, (40, 3)).astype(np.float32))
    logits = torch.from_numpy(rng.normal(size=(40, 3)).round(1).astype(np.float32))
    targets[:, 2] = 1

    expected = np.mean([roc_auc_score(targets[:, k], logits[:, k]) for k in (0, 1)])
    assert score(logits, targets, "multilabel") == pytest.approx(expected)
    assert score(logits[:, 2:], targets[:, 2:], "multilabel") is None
