"""Small models that answer."""

from __future__ import annotations

import io
import secrets
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.imagesets import texture, two_classes
from texturekit.app.inbox import Inbox, Sent
from texturekit.app.limits import Limits
from texturekit.app.service import Service
from texturekit.methods.model import Preprocessing
from texturekit.records.tested import ObservedShare, Tested

SMALL = Limits(file=20_000, files=3, pictures=4, waiting=2, kept=6, stall=20.0)


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="package")
def data(tmp_path_factory):
    return tk.read_manifest(two_classes(tmp_path_factory.mktemp("set"), patients=26))


@pytest.fixture(scope="package")
def model(data):
    return tk.fit(
        "glcm/logistic", data, positive="rough", preprocessing=Preprocessing(32, weights="none")
    )


@pytest.fixture(scope="package")
def net(data):
    """A net that was trained for a moment on a few images."""
    few = data.subset(range(12))
    return tk.fit(
        "squeezenet1_1/finetune", few, positive="rough", epochs=1, device="cpu",
        preprocessing=Preprocessing(64, weights="none"),
    )  # fmt: skip


@pytest.fixture(scope="package")
def service(model):
    return Service(model)


@pytest.fixture
def tested(model):
    """The model, with what a comparison would have found."""
    shares = [
        ObservedShare(above=0.0, upto=0.5, told=0.2, seen=0.1, low=0.02, high=0.3, n=20),
        ObservedShare(above=0.5, upto=1.0, told=0.9, seen=26 / 34, low=0.6, high=0.87, n=34),
    ]
    estimate = {"value": 0.85, "low": 0.8, "high": 0.9, "how": "DeLong"}
    found = Tested(
        task="textures", run="0" * 64, how="5 folds by patient", images=104, groups=52,
        metrics={"roc_auc": estimate, "sensitivity": estimate, "specificity": estimate},
        observed={"rough": shares},
    )  # fmt: skip
    return Service(replace(model, tested=found))


@pytest.fixture
def inbox():
    made = Inbox(SMALL)
    yield made
    made.end()


@pytest.fixture
def sent(tmp_path):
    """A function that puts content where a file that was sent lies."""

    def put(content, name="scan.png"):
        path = tmp_path / f"{secrets.token_hex(4)}.png"
        path.write_bytes(content)
        return Sent(name, path)

    return put


@pytest.fixture(scope="package")
def pictures():
    rng = np.random.default_rng(11)
    return [png(texture(rng, bool(k % 2))) for k in range(6)]
