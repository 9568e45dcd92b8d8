"""What families and columns add to the answers of fitted methods."""

import csv
import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import several_labels, spoil, two_classes
from texturekit.contributing import contributions
from texturekit.errors import ImageError, ModelError, ParameterError, UnknownNameError
from texturekit.methods.background import Background
from texturekit.methods.judging import columns
from texturekit.methods.learners import Inputs
from texturekit.methods.model import Preprocessing, prepare
from texturekit.methods.predicting import predictions

HOW = Preprocessing(32)


def table(model, data):
    """The columns of images, one below the other."""
    return columns(model.method, prepare(data, [model.method], model.preprocessing)[0])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("contributing")


@pytest.fixture(scope="module")
def data(place):
    return tk.read_manifest(two_classes(place, patients=12, images=1))


@pytest.fixture(scope="module")
def model(data, place):
    fitted = tk.fit(
        "first_order+lbp+sobel/logistic", data, positive="rough", preprocessing=HOW,
        calibrate="sigmoid",
    )  # fmt: skip
    fitted = replace(fitted, background=Background.of(table(fitted, data), seed=0))
    fitted.save(place / "model")
    return fitted


def told(model, row):
    """The model's answer to one row of columns, the plain way."""
    ends = np.cumsum([len(block) for block in model.method.blocks.values()])[:-1]
    blocks = dict(zip(model.method.blocks, np.split(row[None], ends, axis=1), strict=True))
    raw = model.learner.predict_proba(Inputs(1, blocks))
    return model.decision.probabilities(raw, model.kind)[0]


def naive(model, image, output):
    """Shapley values of families by all orders, one row at a time."""
    ends = np.cumsum([0, *[len(block) for block in model.method.blocks.values()]])
    total, orders = np.zeros(len(ends) - 1), list(permutations(range(len(ends) - 1)))
    for weight, start in zip(model.background.weights, model.background.rows, strict=True):
        for order in orders:
            row = start.copy()
            before = told(model, row)[output]
            for k in order:
                row[ends[k] : ends[k + 1]] = image[ends[k] : ends[k + 1]]
                now = told(model, row)[output]
                total[k] += weight * (now - before) / len(orders)
                before = now
    return total


def test_families_follow_the_definition(model, data):
    some = data.subset([3, 8])
    known = next(predictions(model, some))["p.rough"].tolist()
    base = sum(
        w * told(model, row)[1]
        for w, row in zip(model.background.weights, model.background.rows, strict=True)
    )

    found = list(contributions(model, some))

    assert [one.probability for one in found] == known
    for one, image in zip(found, table(model, some), strict=True):
        assert one.label == "rough"
        assert one.base == pytest.approx(base, abs=1e-12)
        assert [part.name for part in one.families] == ["first_order", "sobel", "lbp"]
        assert_allclose([p.value for p in one.families], naive(model, image, 1), atol=1e-12)
        assert sum(p.value for p in one.families) == pytest.approx(
            one.probability - one.base, abs=1e-12
        )


def test_columns_say_what_the_image_has_and_what_is_typical(model, data):
    some = data.subset([3])
    names = [name for block in model.method.blocks.values() for name in block]
    typical = model.background.weights @ model.background.rows

    (one,) = contributions(model, some, columns=200)

    known = dict(zip(names, zip(table(model, some)[0], typical, strict=True), strict=True))
    assert len(one.columns) > 20
    for part in one.columns:
        assert (part.value, part.typical) == known[part.name]
        assert part.name.startswith(part.family + ".")
    shares = [abs(part.share) for part in one.columns]
    assert shares == sorted(shares, reverse=True)
    for family in one.families:
        own = [part for part in one.columns if part.family == family.name]
        reach = 5 * sum(part.error**2 for part in own) ** 0.5 + 0.02
        assert sum(part.share for part in own) == pytest.approx(family.value, abs=reach)
    assert [p.name for p in next(iter(contributions(model, some))).columns] == [
        p.name for p in one.columns[:10]
    ]


def test_one_image_says_what_many_do(model, data):
    whole = list(contributions(model, data.subset(range(5)), "all", maps=1))
    single = [one for k in range(5) for one in contributions(model, data.subset([k]), "all")]

    assert [one.label for one in whole] == ["fine", "rough"] * 5
    for a, b in zip(whole, single, strict=True):
        assert (a.id, a.probability, a.base) == (b.id, b.probability, b.base)
        assert a.families == b.families
        assert a.columns == b.columns
        assert a.picture.tobytes() == b.picture.tobytes()
    for fine, rough in zip(whole[::2], whole[1::2], strict=True):
        assert_allclose([p.value for p in fine.families], [-p.value for p in rough.families],
                        atol=1e-12)  # fmt: skip


def test_maps_are_of_the_families_that_speak_most(model, data):
    (one,) = contributions(model, data.subset([2]))

    assert one.picture.shape == (320, 320, 3)
    assert one.picture.dtype == np.uint8
    assert list(one.maps) == [p.name for p in one.leading if p.name != "first_order"]
    assert {m.shape for m in one.maps.values()} == {(320, 320, 3)}
    assert one.titles["lbp"] == "uniform labels"


def test_masks_are_looked_at_as_texture_does(model, data, place):
    half = np.zeros((32, 32), np.uint8)
    half[:, 8:] = 255
    Image.fromarray(half).save(place / "half.png")
    rows = (place / "data.csv").read_text().splitlines()[:2]
    (place / "masked.csv").write_text(f"{rows[0]},mask\n{rows[1]},half.png\n")
    masked = replace(model, preprocessing=Preprocessing(32, roi="mask"))

    (one,) = contributions(masked, place / "masked.csv")

    assert one.region == "the pixels inside the mask, the others black"
    assert one.picture[:, :70].mean() < one.picture[:, 100:].mean() / 2
    assert not one.maps["lbp"][:, :70].any()


def test_labels_that_nobody_learnt_are_refused(place):
    data = tk.read_manifest(several_labels(place))
    data = replace(data, labels=np.where([True, False], data.labels, 0.0))
    model = tk.fit("lbp/logistic", data, preprocessing=HOW)
    model = replace(model, background=Background.of(table(model, data), seed=0))

    (one,) = contributions(model, data.subset([1]), columns=0)

    assert one.label == model.classes[0]
    assert sum(p.value for p in one.families) == pytest.approx(one.probability - one.base)
    assert not one.columns
    with pytest.raises(ParameterError, match="was never trained"):
        contributions(model, data, model.classes[1])


def test_methods_without_columns_are_refused(model, data, place):
    dummy = tk.fit("majority/dummy", data, positive="rough")
    with pytest.raises(ModelError, match="same probabilities, whatever it shows"):
        contributions(dummy, data)
    with pytest.raises(ModelError, match="Train it anew"):
        contributions(replace(model, background=None), data)
    with pytest.raises(UnknownNameError, match="rough"):
        contributions(model, data, "ruogh")


def test_facts_of_files_are_told_without_maps(data):
    model = tk.fit("metadata/logistic", data, positive="rough")
    model = replace(model, background=Background.of(table(model, data), seed=0))

    (one,) = contributions(model, data.subset([0]))

    assert [part.name for part in one.families] == ["metadata"]
    assert not one.maps
    assert {c.name for c in one.columns} == {"metadata.bytes"}  # all else is the same everywhere
    assert one.columns[0].share == pytest.approx(one.probability - one.base, abs=1e-9)


@pytest.fixture
def files(tmp_path, data):
    for k in range(3):
        Image.fromarray(data.picture(k).pixels).save(tmp_path / f"{k}.png")
    spoil(tmp_path / "1.png")
    return [str(tmp_path / f"{k}.png") for k in range(3)]


def test_a_bad_image_costs_its_row(model, files):
    found = contributions(model, files, on_error="skip")

    assert [one.path for one in found] == [files[0], files[2]]
    assert [failure.path for failure in found.failures] == [files[1]]
    with pytest.raises(ImageError, match=r"1\.png"):
        list(contributions(model, files))


def test_the_command_writes_drawings_and_tables(model, place, files, tmp_path, capsys):
    out = tmp_path / "out"

    code = run(
        ["explain", str(place / "model"), *files, "-o", str(out), "--json", "--columns", "3"]
    )

    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert code == 1
    assert (answer["rows"], answer["explained"]) == (3, 2)
    assert answer["failed"][0]["path"] == files[1]
    assert "3 rows = 2 explained + 0 empty + 1 failed" in shown.err
    tables = {}
    for name in ("explanations", "contributions", "columns"):
        with (out / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    assert list(tables["explanations"][0])[:5] == ["id", "path", "class", "probability", "method"]
    assert [row["status"] for row in tables["explanations"]] == ["ok", "failed", "ok"]
    first = tables["explanations"][0]
    known = next(iter(contributions(model, files[:1])))
    assert float(first["probability"]) == known.probability
    own = [float(r["contribution"]) for r in tables["contributions"] if r["path"] == files[0]]
    assert own == [part.value for part in known.families]
    assert len(tables["columns"]) == 6
    with Image.open(out / first["drawing"]) as drawing:
        said = json.loads(drawing.text["Description"])
    assert said["families"] == {part.name: part.value for part in known.families}
    assert said["notice"].startswith("Not a diagnosis")
    facts = json.loads((out / "explanations.json").read_text())
    assert facts["families"]["how"].startswith("exact: all 8 coalitions")
    drawn = {row["drawing"] for row in tables["explanations"]} - {""}
    tabled = {"explanations.csv", "contributions.csv", "columns.csv", "explanations.json"}
    assert {file.name for file in out.iterdir()} == drawn | tabled


def test_dollars_and_controls_in_names_are_drawn_as_they_are(model, data):
    from texturekit.draw.contributed import contributed

    (one,) = contributions(model, data.subset([0]), maps=0, columns=1)
    odd = replace(one, label="a$b$\x07{", path="x/$\\frac{1}$\n.png")

    figure = contributed(odd, model="m")
    figure.canvas.draw()

    said = [text.get_text() for text in figure.texts]
    assert said[0].startswith("a$b$\N{REPLACEMENT CHARACTER}{: probability")
