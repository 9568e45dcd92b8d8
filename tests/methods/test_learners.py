import numpy as np
import pytest

from texturekit.errors import ParameterError
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Inputs, PictureLearner, PriorLearner, Settings, learner

TABLE = ["logistic", "svm", "forest", "knn", "xgboost", "vote"]


def make(rng, method, kinds=2, n=80):
    """Return inputs of which the first eight columns tell the class, and the classes."""
    codes = np.arange(n) % kinds
    blocks = {
        name: rng.normal(size=(n, len(columns)))
        for name, columns in parse_method(method).blocks.items()
    }
    next(iter(blocks.values()))[:, :8] += 2 * codes[:, None]
    return Inputs(n, blocks), codes


@pytest.mark.parametrize("classifier", TABLE)
@pytest.mark.parametrize("kinds", [2, 3])
def test_learns_what_a_column_tells(rng, classifier, kinds):
    method = parse_method(f"sobel/{classifier}")
    inputs, codes = make(rng, method.name, kinds)
    names = ["a", "b", "c"][:kinds]
    fitted = learner(method, "multiclass", names, Settings()).fit(inputs, codes, None)

    fresh, truth = make(rng, method.name, kinds)
    p = fitted.predict_proba(fresh)

    assert p.shape == (80, kinds)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert (p.argmax(axis=1) == truth).mean() > 0.75


@pytest.mark.parametrize("classifier", TABLE)
def test_the_same_seed_gives_the_same_probabilities(rng, classifier):
    method = parse_method(f"sobel/{classifier}")
    inputs, codes = make(rng, method.name)

    first, second = (
        learner(method, "binary", ["a", "b"], Settings(seed=3, jobs=jobs))
        .fit(inputs, codes, None)
        .predict_proba(inputs)
        for jobs in (1, 2)
    )

    np.testing.assert_array_equal(first, second)


def test_fusion_weighs_the_embedding_twice(rng):
    method = parse_method("sobel+squeezenet1_1/fusion")
    inputs, codes = make(rng, method.name)
    fitted = learner(method, "binary", ["a", "b"], Settings()).fit(inputs, codes, None)

    (ensemble,) = fitted.ensembles
    width = len(method.blocks["sobel"])
    shares = {True: 0.0, False: 0.0}
    for weight, member in zip(ensemble.weights, ensemble.members, strict=True):
        shares[bool(member.columns.max() < width)] += weight

    assert shares == pytest.approx({True: 1 / 3, False: 2 / 3})


def test_the_order_of_the_blocks_does_not_matter(rng):
    method = parse_method("sobel+lbp/logistic")
    inputs, codes = make(rng, method.name)
    fitted = learner(method, "binary", ["a", "b"], Settings()).fit(inputs, codes, None)

    turned = Inputs(80, dict(reversed(inputs.blocks.items())))

    np.testing.assert_array_equal(fitted.predict_proba(turned), fitted.predict_proba(inputs))


def test_the_prior_leaves_out_labels_that_nobody_can_learn():
    labels = np.array([[0, 1.0], [1, 1.0], [1, np.nan]])

    p = PriorLearner("multilabel", 2).fit(Inputs(3, {}), labels, None).predict_proba(Inputs(1, {}))

    np.testing.assert_array_equal(p, [[2 / 3, np.nan]])


def test_a_class_that_training_lacked_gets_probability_zero(rng):
    method = parse_method("sobel/forest")
    inputs, codes = make(rng, method.name)
    fitted = learner(method, "multiclass", ["a", "b", "c"], Settings()).fit(inputs, codes * 2, None)

    p = fitted.predict_proba(inputs)

    assert (p[:, 1] == 0).all()


def test_multilabel_learns_each_label_on_its_known_rows_only(rng):
    method = parse_method("sobel/logistic")
    inputs, codes = make(rng, method.name)
    labels = np.column_stack([codes, 1 - codes, np.zeros(80)]).astype(float)
    wrong = labels.copy()
    wrong[:20, 1] = 1 - wrong[:20, 1]  # would spoil the label if it were learnt
    unknown = labels.copy()
    unknown[:20, 1] = np.nan
    known = learner(method, "multilabel", ["a", "b", "c"], Settings())

    p = known.fit(inputs, unknown, None).predict_proba(inputs)
    spoilt = known.fit(inputs, wrong, None).predict_proba(inputs)

    assert ((p[:, 1] > 0.5) == (codes == 0)).mean() > 0.9
    assert not np.allclose(p[:, 1], spoilt[:, 1])
    assert np.isnan(p[:, 2]).all()  # one value only: nothing to learn, and no number made up


def test_the_prior_is_the_share_of_each_class():
    inputs = Inputs(4, {})
    fitted = PriorLearner("binary", 2).fit(inputs, np.array([0, 0, 0, 1]), None)

    assert fitted.predict_proba(inputs).tolist() == [[0.75, 0.25]] * 4


def test_the_outputs_of_imagenet_are_not_taken_for_those_of_the_task():
    with pytest.raises(ParameterError, match=r"1,000 classes of ImageNet.*resnet18/finetune"):
        learner(parse_method("resnet18/head"), "binary", ["no", "yes"], Settings())


def test_importance_points_at_the_column_that_tells(rng):
    method = parse_method("sobel/forest")
    inputs, codes = make(rng, method.name)
    fitted = learner(method, "binary", ["a", "b"], Settings()).fit(inputs, codes, None)

    names, values = fitted.importance()

    assert names[int(np.argmax(values))] in method.blocks["sobel"][:8]
    assert values.sum() == pytest.approx(1)


def test_a_network_predicts_on_the_device_that_it_was_asked_to_use():
    asked = []

    class Told:
        def predict_proba(self, pictures, *, device="auto"):
            asked.append(device)

    settings = Settings(device="cpu")
    learner = PictureLearner(parse_method("resnet18/finetune"), "binary", 2, settings, Told())
    learner.predict_proba(Inputs(0, {}, object()))

    assert asked == ["cpu"]
