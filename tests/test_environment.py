import json
import sys

import texturekit
from texturekit import environment


def test_says_what_somebody_needs_to_repeat_a_run(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/texturekit", "compare", "--data", "my images"])

    found = environment.describe(seed=3, data_sha256="ab")

    assert found["texturekit"] == texturekit.__version__
    assert found["command"] == "texturekit compare --data 'my images'"
    assert (found["seed"], found["data_sha256"]) == (3, "ab")
    assert found["packages"]["numpy"] is not None
    json.dumps(found)
