"""What the page says, and that nothing in it is a name's own markup."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from texturekit.app.limits import Limits
from texturekit.app.page import against, card, head, percent
from texturekit.app.service import Judgement, Service, Shown, Why
from texturekit.contributing import ColumnPart, Part
from texturekit.methods.cases import Similar

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}${alert(2)}"


def judgement(p=0.98, **more):
    said = {
        "name": "scan.png", "status": "ok", "probabilities": {"fine": 1 - p, "rough": p},
        "predicted": "rough", "threshold": 0.5, "ood_score": 3.0, "ood_threshold": 5.0,
        "outside": False,
    }  # fmt: skip
    return Judgement(**(said | more))


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_a_card_says_what_tests_saw_of_such_probabilities(tested):
    said = words(card(tested, Shown(judgement())))

    assert "of 34 test images with a probability like this (50 to 100%), 26 were rough" in said
    assert "26 were rough; 95% interval of that share: 60 to 87%" in said
    assert "No interval here is about this one image." in said
    assert (
        "Decision: rough - the probability of rough, 98%, is at or above the model's threshold of "
        "50%."
    ) in said
    assert "Not marked as unlike the training images: score 3, limit 5." in said
    assert "This does not say that the answer is right." in said
    assert "Not for clinical use." in said
    assert "no interval" not in said


def test_a_model_that_was_not_tested_says_so(service):
    sentence = "no interval: this model was not tested; train it with --from-run"

    assert sentence in words(card(service, Shown(judgement())))
    assert sentence in words(head(service, Limits()))


def test_the_head_says_that_a_net_began_with_random_weights(net, service):
    assert "squeezenet1_1 began with random (seed 0) weights" in words(head(Service(net), Limits()))
    assert "began with" not in words(head(service, Limits()))


def test_the_head_says_how_good_it_was(tested):
    said = words(head(tested, Limits()))

    assert "sensitivity: found of the rough images 0.85 (0.80 to 0.90)" in said
    assert "104 test images of 52 patients" in said
    assert "Threshold: rough from 50% (fixed beforehand)." in said
    assert "How it was tested" in said


def test_of_several_classes_the_most_probable_one_is_the_decision(model):
    several = Service(replace(model, kind="multiclass", positive=None))

    assert "Decision: the most probable class. " in words(head(several, Limits()))


def test_outside_is_said_first_and_loudly(service):
    html = card(service, Shown(judgement(ood_score=9.0, outside=True)))
    said = words(html)

    assert said.startswith(
        "scan.png Outside the training distribution - what is said here means nothing."
    )
    assert 'class="tk-alarm" role="alert"' in html


def test_where_nothing_tells_what_is_outside_that_is_said(service, model):
    shown = Shown(judgement(ood_score=None, ood_threshold=None, outside=None))

    assert "Nothing tells whether this image is like the training images" in words(
        card(service, shown)
    )


def test_labels_have_a_decision_and_a_threshold_each(model):
    labels = Service(replace(model, kind="multilabel", classes=("fine", "rough"), positive=None))
    one = judgement(threshold=None, thresholds={"fine": 0.3, "rough": 0.6}, predicted="fine|rough")
    none = judgement(predicted="", probabilities={"fine": 0.1, "rough": None})

    assert "At or above their thresholds: fine, rough." in words(card(labels, Shown(one)))
    assert "threshold 30%" in words(card(labels, Shown(one)))
    said = words(card(labels, Shown(none)))
    assert "All labels are below their thresholds." in said
    assert "not known: the model was not trained for it" in said


def test_rounding_never_contradicts_the_decision(service):
    one = judgement(predicted="fine", probabilities={"fine": 0.5004, "rough": 0.4996})
    said = words(card(service, Shown(one)))

    assert "the probability of rough, 49.96%, is below the model's threshold of 50.00%" in said
    assert "rough 49.96% threshold 50.00%" in said
    tie = judgement(predicted="rough", probabilities={"fine": 0.5, "rough": 0.5})
    assert "50%, is at or above the model's threshold of 50%" in words(card(service, Shown(tie)))


@pytest.mark.parametrize("cut", [0.004, 0.25, 0.5, 0.9999])
def test_texts_of_close_shares_differ(cut):
    for p in (np.nextafter(cut, 0), cut - 1e-9, cut + 1e-5, min(1.0, cut + 3e-4)):
        told, limit = against(float(p), cut)
        assert told != limit
    assert len(set(against(cut, cut))) == 1


def test_what_it_rests_on_is_shown(service):
    picture = np.zeros((8, 8, 3), np.uint8)
    why = Why("columns", "rough", [("what glcm sees", picture)], 0.4, [Part("glcm", 0.58)],
              [ColumnPart("glcm.contrast.d1.mean", 1234.5, 900.0, 0.31)])  # fmt: skip
    shown = Shown(judgement(), picture, why, [Similar("fine", 0.25, b"RIFF")])
    html = card(service, shown)

    assert "Typical training images get 40% for rough" in words(html)
    assert "glcm +58.0" in words(html)
    assert "glcm.contrast.d1.mean 1234 900 +31.0" in words(html)
    assert "fine, distance 0.25" in words(html)
    assert "Alike to the model does not mean the same finding." in words(html)
    assert html.count("data:image/webp;base64,") == 3


@pytest.mark.parametrize("outside", [True, False, None])
def test_names_are_never_markup(model, outside):
    classes = ("fine", HOSTILE)
    service = Service(model)
    service.model = replace(model, classes=classes, positive=HOSTILE)
    one = judgement(
        name=HOSTILE, probabilities={"fine": 0.1, HOSTILE: 0.9}, predicted=HOSTILE, outside=outside
    )
    shown = Shown(one, np.zeros((8, 8, 3), np.uint8), Why(reason=HOSTILE, kind="net"),
                  [Similar(HOSTILE, 1.0, b"")])  # fmt: skip
    failed = Shown(Judgement(HOSTILE, "failed", HOSTILE))

    for html in (card(service, shown), card(service, failed), head(service, Limits())):
        assert "<img src=x" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_nothing_is_said_to_be_certain():
    assert [percent(p) for p in (0.0, 1.0, 0.005, 0.5)] == [
        "under 1%",
        "over 99%",
        "under 1%",
        "50%",
    ]
