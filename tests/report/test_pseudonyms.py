from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.studies import changed, ready, study
from texturekit import environment
from texturekit.records import Crossing, Finding, MethodResult, Repeats, Skipped
from texturekit.report.folder import read_study, redraw_report, write_report
from texturekit.report.page import render
from texturekit.report.pseudonyms import _FACTS, pseudonymised
from texturekit.report.scrubbing import Scrubber

SMALL = study(n=24, images=True)


def called(of, *, image, folder, patient, source):
    """Return a study whose images, folders, patients and source have other names, in texts too."""

    def path(name):
        number = name.removeprefix("p").replace("/scan_", "").removesuffix(".png")
        return f"{folder}/{image}{number}.png"

    frame = of.predictions
    frame = frame.assign(
        id=frame["id"].map(path), path=frame["id"].map(path),
        group=frame["group"].map(lambda g: g.replace("p", patient)),
    )  # fmt: skip
    index = {path(key): item for key, item in json.loads(of.assets["assets.json"]).items()}
    ids, groups = sorted(set(frame["id"])), sorted(set(frame["group"]))
    where = f"/home/{folder}/{source}.csv"
    skipped = [Skipped(path=f"{folder}/{image}.dcm", reason=f"same as {ids[0]}", kind="invalid"),
               Skipped(path="x", reason="no image", kind="ignored")]  # fmt: skip
    crossing = [Crossing(a=ids[0], b=ids[1], kind="near", parts="train and test")]
    data = of.results.data.model_copy(update={
        "source": where, "skipped": skipped, "duplicates": Repeats(
            exact=0, near=1, possible=1, images=2, kept_together="none", crossing=crossing,
            reason=f"{groups[0]} holds them all"),
    })  # fmt: skip
    told = f"{ids[2]} of {groups[1]}, as {image} in {folder}"
    failed = MethodResult(name="hog/svm", family="texture", status="failed",
                          reason=f"FileNotFoundError: /tmp/{folder}/other {image}.png")  # fmt: skip
    results = of.results.model_copy(update={
        "title": f"Own data: {source}.csv", "data": data, "notes": [f"Look at {told}.", told],
        "methods": [*(m for m in of.results.methods if m.status == "ok"), failed],
        "findings": [Finding(code="TK003", severity="warning", text="Copies.", evidence=told,
                             advice=f"Look at {ids[3]}.")],
        "statements": {"ethics": f"See {where}."},
    })  # fmt: skip
    return replace(
        of, results=results, predictions=frame.sort_values(list(frame.columns[:7])),
        assets={**of.assets, "assets.json": json.dumps(index).encode()},
        config={**of.config, "data": where, "test": None, "facts": {"source": where}},
        environment={**of.environment, "cwd": f"/home/{folder}", "user": folder,
                     "command": f"texturekit compare --data '{where}' --jobs 2 -o r/{image}"},
    )  # fmt: skip


def everything(of):
    """Return all that a run folder holds of a study, as one text."""
    return "\n".join([
        of.results.model_dump_json(), of.predictions.to_csv(), yaml.safe_dump(of.config),
        json.dumps(of.environment), of.assets["assets.json"].decode(), " ".join(of.assets),
    ])  # fmt: skip


NAMES = st.text("abcdefghijklmnopqrstuvwxyzäA0123456789_- ", min_size=4, max_size=10).map(
    lambda text: f"q{text.strip()}7"
)


@settings(max_examples=12, deadline=None)
@given(image=NAMES, folder=NAMES, patient=NAMES, source=NAMES)
def test_no_name_of_an_image_folder_patient_or_source_is_left_anywhere(
    image, folder, patient, source
):
    named = called(SMALL, image=image, folder=folder, patient=patient, source=source)
    hidden = everything(pseudonymised(named)).casefold()

    for name in (image, folder, patient, source):
        assert name.casefold() in everything(named).casefold() + json.dumps(name)
        assert name.casefold() not in hidden


@pytest.mark.parametrize("pictures", [True, False])
def test_the_page_and_the_run_folder_hold_no_name(tmp_path, pictures):
    told = {"image": "Mueller_Ann-", "folder": "Müller Ann", "patient": "MRN-77", "source": "ward9"}
    named = called(SMALL, **told)
    run = write_report(named, tmp_path / "run").parent
    page = redraw_report(run, tmp_path / "p.html", images=pictures, pseudonymise=True)
    hidden = write_report(pseudonymised(read_study(run)), tmp_path / "hidden").parent

    for name in told.values():
        assert name in (run / "index.html").read_text()
        assert name not in page.read_text()
        for file in hidden.rglob("*"):
            assert file.is_dir() or name.encode() not in file.read_bytes()
    assert ("data:image" in page.read_text()) is pictures
    assert "names of images and patients are made up" in page.read_text()
    assert "pseudonymised, not anonymous" in page.read_text()
    assert read_study(hidden).results.pseudonymised


def test_every_number_and_every_public_name_stays():
    named = called(SMALL, image="scan7_", folder="site3x", patient="mrn4", source="ward9")
    hidden, before = pseudonymised(named), named.results
    kept = ("classes", "comparisons", "pairs", "subgroups", "splits", "protocol", "reported")

    assert all(getattr(hidden.results, name) == getattr(before, name) for name in kept)
    assert [m for m in hidden.results.methods if m.status == "ok"] == [
        m for m in before.methods if m.status == "ok"
    ]
    assert [c for c in hidden.predictions if c not in ("id", "path", "group")] == [
        c for c in named.predictions if c not in ("id", "path", "group")
    ]
    assert hidden.predictions.drop(columns=["id", "path", "group"]).equals(
        named.predictions.drop(columns=["id", "path", "group"])
    )


def test_what_belongs_together_still_does():
    hidden = pseudonymised(SMALL)
    before, after = SMALL.predictions, hidden.predictions

    assert before.groupby("group")["id"].nunique().tolist() == (
        after.groupby("group")["id"].nunique().tolist()
    )
    assert after["id"].map(dict(zip(after["id"], before["id"], strict=True))).equals(before["id"])
    assert after["id"].is_monotonic_increasing == before["id"].is_monotonic_increasing
    index = json.loads(hidden.assets["assets.json"])
    assert set(index) <= set(after["id"])


@pytest.mark.parametrize("word", ["benign", "lbp", "glcm", "data", "images", "Aera"])
def test_a_folder_or_patient_called_like_a_class_method_or_plain_word_corrupts_nothing(word):
    named = called(SMALL, image=word, folder=word, patient=word, source=word)
    page = render(pseudonymised(named))

    assert pseudonymised(named).results.classes == ["benign", "malignant"]
    assert [m.name for m in pseudonymised(named).results.methods] == [
        m.name for m in named.results.methods
    ]
    assert f"{word}/{word}" not in page
    assert f"{word}000" not in page
    assert "Breast MRI" not in page or word != "data"


def test_the_same_study_gets_the_same_names_and_names_are_made_up_once():
    assert everything(pseudonymised(SMALL)) == everything(pseudonymised(SMALL))
    once = pseudonymised(SMALL)

    assert pseudonymised(once) is once


def test_numbers_that_the_study_has_itself_are_not_given_again():
    frame = SMALL.predictions.assign(group="patient 003")
    named = replace(SMALL, predictions=frame)

    assert set(pseudonymised(named).predictions["group"]) == {"other patient 1".replace("1", "001")}


def test_missing_groups_stay_missing():
    named = replace(SMALL, predictions=SMALL.predictions.assign(group=None))

    assert pseudonymised(named).predictions["group"].isna().all()


def test_every_fact_of_the_environment_is_known_to_be_harmless_or_left_out():
    facts = environment.describe(seed=0, data_sha256="0")

    assert set(facts) == set(_FACTS)


@pytest.mark.parametrize(("line", "left"), [
    ("texturekit compare --data /x/y.csv --methods glcm+lbp/knn,lbp/svm -o reports/ann --jobs 2",
     "texturekit compare --data FILE --methods glcm+lbp/knn,lbp/svm -o FILE --jobs 2"),
    ("texturekit compare --task=breast --test=/home/ann --folds 5 --positive 'class b'",
     "texturekit compare --task=breast --test=FILE --folds 5 --positive 'class b'"),
    ("texturekit compare --task /home/ann/card.yaml --no-images",
     "texturekit compare --task FILE --no-images"),
    ("/home/ann/study.py secret", "python (script and arguments left out)"),
    ("texturekit compare --data 1234 --test=20261130 --seed 3 -o 77",
     "texturekit compare --data FILE --test=FILE --seed 3 -o FILE"),
    ("texturekit 'unclosed", "left out, as it cannot be read"),
])  # fmt: skip
def test_a_command_keeps_its_options_and_loses_its_files(line, left):
    assert Scrubber({}, ["breast"]).command(line) == left


@pytest.mark.parametrize(("text", "left"), [
    ("see p012.png and P012", "see image 1 and image 1"),
    ("p0123 is another one, xp012 too", "p0123 is another one, xp012 too"),
    ("an unknown scan (7).dcm is damaged", "left out, as it names a file"),
    ("an unknown scan (7).IMA is damaged", "left out, as it names a file"),
    ("OSError: cannot read /mnt/ann/x", "OSError: left out, as it names a file"),
    ("glcm+lbp/knn of 12345 and/or 1/2", "glcm+lbp/knn of 12345 and/or 1/2"),
])  # fmt: skip
def test_sentences_lose_names_and_are_left_out_where_an_unknown_file_is_named(text, left):
    assert Scrubber({"a/p012.png": "image 1"}, []).sentence(text) == left


@pytest.mark.parametrize(("name", "text"), [
    ("Strauß", "Strauß"), ("Strauß", "STRAUSS"), ("İnci", "İnci"), ("ali", "al\u0131"),
    ("Mu\u0308ller", "Müller"), ("Müller", "Mu\u0308ller"), ("Ann\u00a0Lee", "Ann Lee"),
    ("Ann  Lee", "Ann Lee"), ("Ann\u00a0Lee", repr("Ann\u00a0Lee")[1:-1]), ("O'B\"x", "O\\'B\"x"),
    ("scan\udcff", "scan\\xff"), ("a.*[b(", "a.*[b("), ("ŁUKASZ", "łukasz"),
])  # fmt: skip
def test_every_spelling_of_a_name_is_found(name, text):
    assert Scrubber({name: "patient 001"}, []).sentence(f"of {text}.") == "of patient 001."


@pytest.mark.parametrize("public", ["benign lesion", "lone\\xffx", "Type-2 (old)"])
def test_a_name_that_stays_is_kept_whole_though_a_folder_is_called_like_a_part(public):
    names = {f"lesion/lone/xffx/Type/{public}/q7.png": "image 0001", "Type": "patient 001"}
    found = Scrubber(names, [public])

    assert found.names(public) == public
    assert found.sentence(f"few of {public}, a lesion") == f"few of {public}, a a folder"
    assert found.names(next(iter(names))) == "image 0001"


def test_names_that_differ_in_case_only_are_not_taken_for_each_other():
    names = Scrubber({"Smith": "patient 001", "smith": "patient 002"}, [])

    assert names.sentence("Smith and smith") == "patient 001 and patient 002"
    assert names.sentence("SMITH") == "a file"


def test_a_column_of_patients_tells_none_and_a_number_that_is_a_site_stays():
    frame = SMALL.predictions.assign(group=SMALL.predictions["group"].str.replace("p", "Qvx "))
    site = frame.assign(group=frame["group"].str[-1], fold=frame["group"].str[-1].astype(int))
    rows = [
        SMALL.results.subgroups[0].model_copy(update={"value": value, "groups": k, "n": 3 * k})
        for value, k in (("Qvx 001", 1), ("Qvx 0 twin", 2), ("other (2 values)", 2))
    ]
    rows += [
        row.model_copy(update={"column": "site", "value": value, "groups": k})
        for row, value, k in ((rows[0], "5", 1), (rows[1], "6", 2), (rows[2], "7", 2))
    ]
    left = {"left_out": "ward", "left_out_values": ["0", "1", "2", "3", "4", "5", "6", "7"]}
    of = changed(SMALL, subgroups=rows, notes=["Qvx 001 is odd."])
    hidden = pseudonymised(replace(of, predictions=frame)).results
    protocol = SMALL.results.protocol.model_copy(update=left)
    alone = pseudonymised(replace(changed(of, protocol=protocol), predictions=site)).results

    told = ["patient 003", "patient 001", "other (2 values)", "5", "6", "7"]
    assert [one.value for one in hidden.subgroups] == told
    assert hidden.notes == ["patient 003 is odd."]
    assert alone.protocol.left_out_values == [f"patient {k:03d}" for k in range(1, 9)]
    assert [one.value for one in alone.subgroups][3:] == ["5", "6", "7"]


def test_a_drawn_sample_has_no_source_to_hide():
    data = SMALL.results.data.model_copy(update={"source": "drawn sample of breast, seed 0"})
    of = replace(changed(SMALL, data=data), config={"task": "breast", "data": None})

    assert pseudonymised(of).results.data.source == "drawn sample of breast, seed 0"
    assert pseudonymised(ready()).results.data.source == "source 1"
