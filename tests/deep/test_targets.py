import numpy as np
import pytest
import torch
from torch.nn import functional

from texturekit.deep.targets import Loss, encoded, known_kind, learnable
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

    part, weight = Loss.balanced(targets, "multiclass", 3)(logits, targets)

    torch.testing.assert_close(part / weight, (each[:3].mean() + each[3]) / 2)


def test_unknown_labels_do_not_matter():
    targets = torch.tensor([[0, 1], [1, NAN], [NAN, 0]])
    logits = torch.tensor([[0.3, -1.0], [2.0, 5.0], [-7.0, 0.1]])
    louder = logits.clone()
    louder[1, 1], louder[2, 0] = -90.0, 90.0
    loss = Loss.balanced(targets, "multilabel", 2)

    part, weight = loss(logits, targets)

    known = functional.binary_cross_entropy_with_logits(
        logits[[0, 1, 0, 2], [0, 0, 1, 1]], torch.tensor([0.0, 1, 1, 0])
    )
    assert weight == 4
    torch.testing.assert_close(part / weight, known)
    torch.testing.assert_close(loss(louder, targets)[0], part)


def test_rare_labels_weigh_more_within_bounds():
    targets = torch.zeros(100, 3)
    targets[:25, 0] = 1
    targets[0, 1] = 1

    assert Loss.balanced(targets, "multilabel", 3).weight.tolist() == [3.0, 10.0, 1.0]
