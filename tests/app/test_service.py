"""What a model says of a file, and that it is what ``texturekit predict`` says."""

import asyncio
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import texturekit.contributing
from tests.app.conftest import png
from texturekit.app.desk import Desk
from texturekit.app.service import Service
from texturekit.errors import ModelError
from texturekit.methods.predicting import predictions


def facts(one):
    shares = [one.probabilities["fine"], one.probabilities["rough"]]
    return [*shares, one.predicted, one.threshold, one.ood_score, one.ood_threshold, one.outside]


@pytest.mark.parametrize("kind", ["model", "net"])
def test_the_numbers_are_those_of_predict_to_the_bit(request, kind, data, sent):
    model = request.getfixturevalue(kind)
    some = data.subset([0, 2, 5, 9])
    rows = pd.concat(predictions(model, some))
    service = Service(model, device="cpu")

    for row, (_, told) in enumerate(rows.iterrows()):
        (one,) = service.judge(sent(some.file(row).read_bytes()))

        wanted = ["p.fine", "p.rough", "predicted", "threshold", "ood_score", "ood_threshold"]
        assert facts(one) == [*(told[name] for name in wanted), told["outside"]]


def test_many_at_once_get_what_each_gets_alone(service, sent, pictures):
    files = [sent(content) for content in pictures] * 3
    alone = [facts(one) for file in files for one in service.judge(file)]

    with ThreadPoolExecutor(4) as pool:
        together = [facts(one) for found in pool.map(service.judge, files) for one in found]

    assert together == alone


def test_a_bad_file_has_its_reason_under_its_own_name(service, sent):
    (one,) = service.judge(sent(b"a,b\n/etc/passwd,1\n", "list.csv"))

    assert (one.name, one.status, one.probabilities) == ("list.csv", "failed", {})
    assert one.error.startswith("'list.csv' is not an image that can be read")


def test_nothing_in_a_file_is_run(service, sent, tmp_path):
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return (canary.touch, ())

    content = pickle.dumps(Evil())
    for name in ("scan.png", "scan.npy", "scan.dcm"):
        (one,) = service.judge(sent(content, name))

        assert one.status == "failed"
    assert not canary.exists()


def test_a_volume_gives_an_answer_a_picture_and_too_many_none(model, tmp_path, sent):
    rng = np.random.default_rng(3)
    path = tmp_path / "stack.npy"
    np.save(path, rng.integers(0, 255, (3, 32, 32), dtype=np.uint8))
    one = replace(sent(path.read_bytes()), name="stack.npy")

    told = Service(model, frames="all", pictures=3).judge(one)
    refused = Service(model, frames="all", pictures=2).judge(one)
    lost = Service(model).judge(one)

    assert [p.name for p in told] == [f"stack.npy#frame/{k}" for k in range(3)]
    assert all(p.status == "ok" for p in told)
    assert [p.status for p in refused] == [p.status for p in lost] == ["failed"]
    assert "3 pictures, and 2 are the most" in refused[0].error


def test_an_image_unlike_the_training_images_is_outside(service, sent):
    smooth = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    (one,) = service.judge(sent(png(smooth)))

    assert one.outside is True
    assert one.ood_score > one.ood_threshold


def test_what_tests_saw_is_that_of_the_bin(tested):
    share = tested.tested("rough", 0.98)

    assert (share.n, round(share.seen * share.n)) == (34, 26)
    assert tested.tested("fine", 0.02) is None
    assert tested.about()["tested"]["metrics"]["roc_auc"]["low"] == 0.8


def test_a_net_shows_where_it_looked(net, sent, pictures):
    (one,) = Service(net, device="cpu").show(sent(pictures[1]))

    assert one.why.kind == "net"
    assert one.picture.shape == (480, 480, 3)
    assert one.why.reason
    if one.why.pictures:
        ((caption, overlay),) = one.why.pictures
        assert "Grad-CAM" in caption
        assert overlay.shape[2] == 3


def test_columns_show_what_each_family_adds(service, sent, pictures):
    (one,) = service.show(sent(pictures[1]))

    assert (one.why.kind, one.why.label) == ("columns", "rough")
    added = sum(part.value for part in one.why.families)
    assert one.why.base + added == pytest.approx(one.judgement.probabilities["rough"], abs=1e-9)
    assert [part.name for part in one.why.families] == ["glcm"]
    assert one.why.columns[0].name.startswith("glcm.")
    assert "Not a diagnosis." in one.why.reason
    assert one.why.pictures


def test_where_nothing_can_be_explained_the_reason_stands(service, sent, pictures, monkeypatch):
    def contributions(model, source, **more):
        raise ModelError("no typical images are known; train it anew")

    monkeypatch.setattr(texturekit.contributing, "contributions", contributions, raising=False)
    (one,) = service.show(sent(pictures[0]))

    assert one.judgement.status == "ok"
    assert one.why.reason == "no typical images are known; train it anew"


def test_the_desk_knows_whether_a_thread_is_at_work():
    desk, go = Desk(1, 4), threading.Event()

    async def leave():
        asking = asyncio.create_task(desk.ask(go.wait, 60))
        while not desk.working:
            await asyncio.sleep(0.01)
        asking.cancel()  # its client is gone; the thread is not
        await asyncio.gather(asking, return_exceptions=True)
        return desk.working

    assert asyncio.run(leave())
    go.set()
    desk.pool.shutdown(wait=True)
    assert not desk.working
