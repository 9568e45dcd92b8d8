from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.report.studies import changed, ready
from texturekit.errors import ModelError
from texturekit.report import gallery
from texturekit.report.album import Album, compact, index
from texturekit.report.images import images
from texturekit.report.page import render
from texturekit.report.verdict import leader, ranked

METHOD = "texture/xgboost"
PLANNED = [METHOD, "texture+resnet18/xgboost", "resnet18/logistic", "glcm+lbp/forest"]
OUTCOMES = {
    "Missed": (True, False), "False alarm": (False, True), "Recognised": (True, True),
}  # fmt: skip


def chosen(of):
    methods = [m for m in ranked(of.results) if m.status == "ok"]
    return images(of, methods, leader(of.results))


def png(seed=0, mode="L", side=96):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, mode).save(buffer, "PNG")
    return buffer.getvalue()


def mapped(of):
    """Return a study with maps of every image, and an overlay of one method."""
    assets = dict(of.assets)
    content = json.loads(assets["assets.json"])
    for k, item in enumerate(content.values()):
        item["maps"] = {name: f"{name}{k}.png" for name in ("lbp", "sobel", "hog")}
        item["cams"] = {"resnet18/finetune": f"cam{k}.png"}
        assets.update({name: png(k) for name in (*item["maps"].values(), f"cam{k}.png")})
    return replace(of, assets={**assets, "assets.json": json.dumps(content).encode()})


def own(kind, method=METHOD):
    frame = ready(kind).predictions
    return frame[frame["method"] == method].set_index("id")


def panel_of(kind, method=METHOD):
    return next(one for one in chosen(ready(kind)).panels if one.method == method)


def test_samples_stand_under_their_own_class_and_say_how_many_there_are():
    rows = chosen(ready("multiclass")).samples

    assert [row.title for row in rows] == ["Type_1", "Type_2", "Type_3"]
    for row in rows:
        assert row.total == ready("multiclass").results.data.counts[row.title]
        assert 0 < len(row.shots) <= gallery.PER_CLASS
        assert {shot.truth for shot in row.shots} == {row.title}


def test_every_finished_method_but_baselines_has_its_panel_the_leader_first():
    found = [one.method for one in chosen(ready()).panels]
    done = {m.name for m in ready().results.methods
            if m.status == "ok" and m.family != "baseline"}  # fmt: skip

    assert found[0] == leader(ready().results).name
    assert set(found) == done


def test_cases_are_the_surest_predictions_wrong_and_right():
    frame = own("binary")
    for group in panel_of("binary").groups:
        wrong, recognised, uncertain = group.rows
        gaps = [abs(frame.loc[s.id, "p.malignant"] - 0.5) for s in uncertain.shots]
        assert wrong.title == ("Missed" if group.name == "malignant" else "False alarm")
        assert gaps == sorted(gaps)
        for row, hit in ((wrong, False), (recognised, True)):
            cases = frame[
                (frame["label"] == group.name) & ((frame["predicted"] == group.name) == hit)
            ]
            called = sorted((case[f"p.{case['predicted']}"] for _, case in cases.iterrows()))

            assert row.total == len(cases)
            assert {s.probability for s in row.shots} <= set(called[-4:])
            assert all(s.truth == group.name for s in row.shots)


def test_cases_of_a_label_are_missed_false_alarms_and_recognised():
    frame = own("multilabel")
    for group in panel_of("multilabel").groups:
        for row in group.rows:
            for shot in row.shots if row.title in OUTCOMES else ():
                case = frame.loc[shot.id]
                called = group.name in case["predicted"].split("|")

                assert (case[f"y.{group.name}"] == 1, called) == OUTCOMES[row.title]
                assert shot.probability == case[f"p.{group.name}"]


def test_a_picture_says_in_words_what_it_shows():
    shots = [s for g in panel_of("binary").groups for r in g.rows for s in r.shots]

    for shot in shots:
        p = f"{own('binary').loc[shot.id, f'p.{shot.predicted}']:.2f}"
        assert shot.alt == f"{shot.truth}, called {shot.predicted}, p {p}"


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_picture_is_in_the_page_once_and_every_place_has_its_picture(kind):
    html = render(mapped(ready(kind)))
    sources = re.findall(r'<image id="(pic\d+)"[^>]* href="(data:[^"]+)"', html)
    keys, used = {key for key, _ in sources}, set(re.findall(r'href="#(pic\d+)"', html))

    assert len(sources) == len(keys)
    assert used <= keys
    assert html.count(";base64,") == len(sources)
    assert 'id="view-cam"' in html


def test_the_overlay_of_a_network_lies_over_its_own_cases_only():
    for panel in chosen(mapped(ready())).panels:
        views = {v for g in panel.groups for r in g.rows for s in r.shots for v, _ in s.views}

        assert ("cam" in views) == (panel.method == "resnet18/finetune")
        assert {"lbp", "sobel", "hog"} <= views


def test_pictures_stay_within_their_bytes_and_the_leaders_cases_come_first(monkeypatch):
    from texturekit.report import images as module

    made = mapped(ready())
    everything = {s.id for g in chosen(made).panels[0].groups for r in g.rows for s in r.shots}
    monkeypatch.setattr(module, "Album", lambda assets: Album(assets, 130_000))
    few = chosen(made)
    shots = [s for g in few.panels[0].groups for r in g.rows for s in r.shots]

    assert 110_000 < sum(len(one.source) for one in few.pictures) <= 130_000
    assert {shot.id for shot in shots} == everything
    assert few.shown < len(json.loads(ready().assets["assets.json"]))
    assert few.total == 120


def test_many_methods_get_fewer_pictures_each_and_those_without_are_named(monkeypatch):
    made, methods = ready("multiclass"), list(gallery.plan(ready("multiclass"), PLANNED).panels)
    for most in (70, 45):
        monkeypatch.setattr(gallery, "_MOST", most)
        plan = gallery.plan(made, PLANNED)
        counts = {m: len(list(plan.ranked(m))) for m in plan.panels}

        assert sum(counts.values()) <= most
        assert set(plan.panels) | set(plan.without) == set(methods)
        assert counts[PLANNED[0]] == max(counts.values())
    assert plan.without


def test_only_png_is_put_on_the_page():
    of = b'{"a": {"file": "x.png", "label": "benign"}}'
    for content in (b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n<script>"):
        found = chosen(replace(ready(), assets={"x.png": content, "assets.json": of}))

        assert found.pictures == []
        assert found.samples == []


def test_a_grey_picture_becomes_smaller_and_stays_itself_while_codes_stay_exact():
    ramp = np.add.outer(np.arange(128), np.arange(128)).astype(np.uint8)
    buffer, codes = io.BytesIO(), Image.fromarray(ramp % 7, "P")
    Image.fromarray(ramp).save(buffer, "PNG")
    sharp, source = compact(buffer.getvalue())
    shown = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("L")
    kept = io.BytesIO()
    codes.putpalette(list(range(21)))
    codes.save(kept, "PNG")

    assert not sharp
    assert np.abs(np.asarray(shown).astype(int) - ramp).mean() < 3
    assert compact(kept.getvalue()) == (
        True, "data:image/png;base64," + base64.b64encode(kept.getvalue()).decode()
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["[1]", "{", '{"a": 1}', '{"a": {}}', '{"a": {"file": "x", "maps": 3}}']
)
def test_a_damaged_index_is_named(text):
    with pytest.raises(ModelError, match=r"assets\.json"):
        index({"assets.json": text.encode()})


def test_an_index_without_maps_is_read():
    held = index({"assets.json": b'{"a": {"file": "x.png", "label": "b"}}'})["a"]

    assert (held.file, held.label, held.maps, held.cams) == ("x.png", "b", {}, {})


def test_without_images_nothing_is_drawn_of_one():
    found = chosen(replace(ready(), assets={}))
    html = render(replace(ready(), assets={}))

    assert (found.pictures, found.samples, found.panels, found.texture) == ([], [], [], None)
    assert "No images in this report. It holds no picture, and nothing drawn from one." in html
    assert "data:image" not in html
    assert found.patients is not None  # numbers of patients are no pictures


def test_ids_in_the_chapter_are_escaped():
    hostile = '"><script>alert(1)</script>'
    names = {"p000/scan_0.png": hostile}
    made = ready()
    renamed = {names.get(k, k): v for k, v in json.loads(made.assets["assets.json"]).items()}
    assets = {**made.assets, "assets.json": json.dumps(renamed).encode()}
    frame = made.predictions.assign(
        id=made.predictions["id"].replace(names), group=made.predictions["group"] + hostile
    )
    html = render(changed(replace(made, predictions=frame, assets=assets)))

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
