from __future__ import annotations

import hashlib
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors.torch import load_file
from texturekit_cli.main import run

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.converted import origin
from texturekit.deep.inert import read_module
from texturekit.deep.networks import build_body, check_weights
from texturekit.deep.weights import cached_path, resolve_weights
from texturekit.deep.xray_files import convert_weights
from texturekit.errors import ParameterError, WeightsError, WeightsFileError
from texturekit.events import listening

NAME = "densenet121-res224-mimic_nb"
models = pytest.importorskip("torchxrayvision.models")


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """torchxrayvision's module with random numbers, pickled in both of torch's formats."""
    torch.manual_seed(2)
    net = models.DenseNet().eval()
    net.pathologies = models.model_urls[NAME]["labels"]
    folder = tmp_path_factory.mktemp("published")
    torch.save(net, folder / "zip.pt")
    torch.save(net, folder / "old.pt", _use_new_zipfile_serialization=False)
    return net, folder


@pytest.mark.parametrize("name", ["zip.pt", "old.pt"])
def test_a_pickled_module_becomes_its_state_dict(name, published, tmp_path):
    net, folder = published
    expected = net.state_dict()

    made = convert_weights(NAME, folder / name, tmp_path / "made.safetensors")

    found = load_file(made)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert origin(made) == {
        "backbone": NAME,
        "source": BACKBONES[NAME].url,
        "file": name,
        "bytes": (folder / name).stat().st_size,
        "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        "labels": [label or None for label in models.model_urls[NAME]["labels"]],
        "thresholds": [output.threshold for output in BACKBONES[NAME].outputs],
    }


def test_pretrained_says_what_to_do_and_finds_what_was_converted(published, capsys):
    net, folder = published
    with pytest.raises(WeightsError, match=rf"texturekit convert-weights {NAME} mimic_nb-") as told:
        resolve_weights(NAME, "pretrained")

    assert run(["convert-weights", NAME, str(folder / "zip.pt")]) == 0
    found = resolve_weights(NAME, "pretrained")
    body = build_body(BACKBONES[NAME], found)

    assert BACKBONES[NAME].url in str(told.value)
    assert capsys.readouterr().out.strip() == str(cached_path(NAME)) == str(found.path)
    assert found.source == "pretrained"
    assert origin(found.path)["sha256"][:12] in found.label
    assert torch.equal(body.features.conv0.weight, net.features.conv0.weight)


def test_auto_neither_downloads_nor_converts(published):
    heard = []

    with listening(heard.append):
        found = resolve_weights(NAME, "auto")

    assert found.random
    assert "published as a pickled module, which is never loaded" in heard[0].message


def test_a_converted_file_of_another_net_is_refused(published, tmp_path):
    made = convert_weights("densenet121-res224-all", bare(published, tmp_path), cached_path(NAME))

    with pytest.raises(WeightsError, match=r"holds the weights of densenet121-res224-all, not of"):
        resolve_weights(NAME, "pretrained")
    with pytest.raises(WeightsFileError, match=r"holds the weights of densenet121-res224-all, not"):
        check_weights(NAME, made)
    made.write_bytes(made.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"damaged, or was not made by texturekit"):
        resolve_weights(NAME, "pretrained")


def bare(published, tmp_path):
    torch.save(published[0].state_dict(), tmp_path / "bare.pt")
    return tmp_path / "bare.pt"


def test_a_plain_state_dict_is_taken_too(published, tmp_path):
    made = convert_weights(NAME, bare(published, tmp_path), tmp_path / "made.safetensors")

    assert torch.equal(load_file(made)["classifier.bias"], published[0].classifier.bias)


def test_the_published_file_itself_is_never_loaded(published):
    path = published[1] / "zip.pt"

    with pytest.raises(WeightsFileError, match=rf"texturekit convert-weights {NAME} FILE"):
        check_weights(NAME, path)


class Calls:
    """Pickled, it calls a function with arguments when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("disguised", [False, True], ids=["open", "as torchxrayvision's"])
def test_a_hostile_file_runs_nothing(old, disguised, tmp_path, monkeypatch):
    canary, path = tmp_path / "canary", tmp_path / "net.pt"
    called = []
    monkeypatch.setattr(models.DenseNet, "__init__", lambda self, *a: called.append(a))
    hostile = Calls(models.DenseNet, "all", str(canary)) if disguised else Calls(open, canary, "w")
    torch.save({"features.conv0.weight": hostile}, path, _use_new_zipfile_serialization=not old)

    with pytest.raises(WeightsFileError, match=r"no array of numbers|names io\.open") as told:
        convert_weights(NAME, path, tmp_path / "made.safetensors")

    assert "Nothing of it was run" in str(told.value)
    assert not called
    assert not canary.exists()
    assert not (tmp_path / "made.safetensors").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not one of torchxrayvision's files"),
        (b"<html>404</html>", "is not one of torchxrayvision's files"),
        (pickle.dumps({"a": 1}), "no file that torch wrote"),
        (pickle.dumps([[]] * 9, 0), "has a step"),
    ],
    ids=["empty", "html", "pickle", "text pickle"],
)
def test_something_else_is_refused(content, reason, tmp_path):
    (tmp_path / "net.pt").write_bytes(content)

    with pytest.raises(WeightsFileError, match=reason):
        convert_weights(NAME, tmp_path / "net.pt", tmp_path / "made.safetensors")


def doubled(times, value=b"K\x01", pair=b"\x86"):
    """Return the steps of a value that holds the one before it twice, and so on."""
    for place in range(times):
        value += b"q" + bytes([place]) + b"h" + bytes([place]) + pair
    return value


def word(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


NUMBERS = b"(" + word("storage") + b"ctorch\nFloatStorage\n" + word("0") + word("cpu") + b"K\x04tQ"
MANY = b"".join(
    word(f"w{k}") + b"ctorch._utils\n_rebuild_tensor_v2\n(" + NUMBERS
    + b"K\x00M\x00\x01\x85K\x01\x85\x89NtR" for k in range(2000)
)  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (b"}" + doubled(60) + b"K\x01s.", "neither text nor number"),
        (doubled(60) + word("x") + b"\x93.", "a name is no text"),
        (
            b"}" + word("w") + b"ctorch._utils\n_rebuild_tensor_v2\n(" + NUMBERS
            + b"K\x00" + doubled(60) + b"K\x01\x85\x89NtRs.",
            "w has no shape",
        ),
        (b"}(" + MANY + b"u.", "the same numbers again and again"),
    ],
    ids=["key", "name", "shape", "numbers"],
)  # fmt: skip
def test_a_small_file_cannot_ask_for_endless_work(steps, reason, tmp_path):
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02" + steps)
        archive.writestr("x/data/0", bytes(1024))

    with pytest.raises(WeightsFileError, match=reason):
        convert_weights(NAME, path, tmp_path / "made.safetensors")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
@pytest.mark.parametrize("name", ["zip.pt", "old.pt"])
def test_a_truncated_file_is_refused(name, share, published, tmp_path):
    content = (published[1] / name).read_bytes()
    (tmp_path / "net.pt").write_bytes(content[: int(share * len(content))])

    with pytest.raises(WeightsFileError, match="is not one of torchxrayvision's files"):
        convert_weights(NAME, tmp_path / "net.pt", tmp_path / "made.safetensors")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda net: net.update({"classifier.bias": torch.zeros(4)}), r"shape \(4,\)"),
        (lambda net: net.update({"classifier.bias": torch.full((18,), torch.nan)}), "not finite"),
        (lambda net: net.pop("features.norm5.bias"), "1 of 727 weights are missing"),
    ],
    ids=["outputs", "nan", "missing"],
)
def test_numbers_of_another_net_are_refused_by_name(spoil, reason, published, tmp_path):
    state = dict(published[0].state_dict())
    spoil(state)
    torch.save(state, tmp_path / "net.pt")

    with pytest.raises(WeightsFileError, match=reason):
        convert_weights(NAME, tmp_path / "net.pt", tmp_path / "made.safetensors")


def test_labels_of_another_net_are_refused(published, tmp_path):
    with pytest.raises(
        WeightsFileError, match=r"names other outputs .* than densenet121-res224-ni"
    ):
        convert_weights(
            "densenet121-res224-nih", published[1] / "zip.pt", tmp_path / "a.safetensors"
        )


def test_nets_of_torchvision_need_no_conversion(tmp_path):
    with pytest.raises(ParameterError, match="need no conversion"):
        convert_weights("resnet18", tmp_path / "net.pt")


def test_an_output_is_not_replaced_unless_asked(published, tmp_path):
    (tmp_path / "made.safetensors").write_bytes(b"kept")
    arguments = ["convert-weights", NAME, str(published[1] / "old.pt"), "-o"]

    assert run([*arguments, str(tmp_path / "made.safetensors")]) == 4
    assert (tmp_path / "made.safetensors").read_bytes() == b"kept"
    assert run([*arguments, str(tmp_path / "made.safetensors"), "--overwrite", "--json"]) == 0


def test_parts_that_refer_to_themselves_end(tmp_path):
    net = torch.nn.Sequential(torch.nn.ReLU())
    net[0]._modules["again"] = net
    torch.save(net, tmp_path / "net.pt")

    with pytest.raises(ValueError, match="nested deeper than any network"):
        read_module(tmp_path / "net.pt")
