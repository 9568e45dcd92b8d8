"""Checkpoints of others, against torchvision's own modules."""

from __future__ import annotations

import json
from copy import deepcopy

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from texturekit_cli.main import run
from torch import nn

import texturekit as tk
from tests.imagesets import scene
from texturekit.errors import ModelError, ParameterError, WeightsError
from texturekit.events import listening
from texturekit.methods.importing import import_checkpoint

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CERVIX = ["Type_1", "Type_2", "Type_3", "OOD"]
pytestmark = pytest.mark.usefixtures("one_thread")


def made(backbone, outputs):
    """Return a torchvision module with another last layer, as the write-ups make it."""
    torch.manual_seed(4)
    net = torchvision.models.get_model(backbone, weights=None)
    if backbone.startswith("vgg"):  # 4096-4096 in the write-up; narrower for speed
        net.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 24), nn.ReLU(), nn.Dropout(), nn.Linear(24, 12), nn.ReLU(),
            nn.Dropout(), nn.Linear(12, outputs),
        )  # fmt: skip
    elif backbone.startswith("densenet"):
        net.classifier = nn.Linear(net.classifier.in_features, outputs)
    elif backbone.startswith("efficientnet"):
        net.classifier[1] = nn.Linear(1280, outputs)
    else:
        net.fc = nn.Linear(net.fc.in_features, outputs)
    return net.eval()


@pytest.fixture(scope="module")
def cervix(tmp_path_factory):
    """What seeds write: a DenseNet-121 with ``classifier`` of 4 outputs, as a plain state dict."""
    path = tmp_path_factory.mktemp("cervix") / "Dense_net_121.pth"
    net = made("densenet121", 4)
    torch.save(net.state_dict(), path)
    return net, path


def pictures(folder, count=2, side=64):
    for k in range(count):
        Image.fromarray(scene(np.random.default_rng(k), side)).save(folder / f"{k}.png")
    data = tk.scan_folder(folder)
    pixels = np.stack([tk.read_image(folder / f"{k}.png", colour="rgb") for k in range(count)])
    return data, torchvision.transforms.functional.normalize(
        torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255, MEAN, STD
    )


@pytest.mark.parametrize(
    ("backbone", "size"),
    [("resnet18", 64), ("densenet121", 64), ("efficientnet_b0", 64), ("vgg11", 224)],
)
def test_an_imported_model_gives_torchvisions_numbers(backbone, size, tmp_path):
    (tmp_path / "images").mkdir()
    net, (data, seen) = made(backbone, 3), pictures(tmp_path / "images", 224 // size, size)
    torch.save(net.state_dict(), tmp_path / "net.pth")

    model = import_checkpoint(tmp_path / "net.pth", backbone, ["a", "b", "c"], size=size)
    found = tk.load(model.save(tmp_path / "model")).predict_proba(data, device="cpu")

    with torch.inference_mode():
        expected = net(seen).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (model.method.name, model.kind) == (f"{backbone}/finetune", "multiclass")
    assert model.classes == ("a", "b", "c")


def test_a_description_that_names_the_outputs_otherwise_is_refused(tmp_path):
    torch.save(made("resnet18", 3).state_dict(), tmp_path / "net.pth")
    model = import_checkpoint(tmp_path / "net.pth", "resnet18", ["a", "b", "c"], size=64)
    folder = model.save(tmp_path / "model")
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(
        json.dumps(facts | {"classes": ["b", "a", "c"], "meaning_sha256": None})
    )

    with pytest.raises(ModelError, match="names the classes b, a, c, but the outputs"):
        tk.load(folder)


def test_outputs_in_another_order_than_the_cards_are_sorted_by_name_and_said(cervix, tmp_path):
    net, path = cervix
    data, seen = pictures(tmp_path)
    heard = []

    with listening(heard.append):  # the order of the write-up's report: folders, sorted
        model = import_checkpoint(
            path, "densenet121", ["OOD", "Type_1", "Type_2", "Type_3"], task="cervix", size=64
        )

    with torch.inference_mode():
        expected = net(seen).softmax(dim=1).numpy()[:, [1, 2, 3, 0]]
    np.testing.assert_allclose(model.predict_proba(data, device="cpu"), expected, atol=1e-5)
    assert list(model.classes) == CERVIX
    assert "OOD, Type_1, Type_2, Type_3, as given; cervix has them as Type_1" in heard[0].message


def test_the_order_of_the_write_ups_snippet_is_the_cards(cervix):
    heard = []

    with listening(heard.append):
        model = import_checkpoint(cervix[1], "densenet121", CERVIX, task="cervix")

    assert list(model.classes) == CERVIX
    assert not heard


def test_a_task_whose_order_is_not_the_folders_does_not_name_the_outputs(cervix):
    with pytest.raises(ParameterError, match="sorted, OOD,Type_1,Type_2,Type_3; give --classes"):
        import_checkpoint(cervix[1], "densenet121", task="cervix")


TOLD = [
    {"classes": ["OOD", "Type_1", "Type_2", "Type_3"]},
    {"class_to_idx": {"OOD": 0, "Type_1": 1, "Type_2": 2, "Type_3": 3}},
    {"idx_to_class": {"3": "Type_3", "0": "OOD", "2": "Type_2", "1": "Type_1"}},
]


@pytest.mark.parametrize("told", TOLD, ids=lambda told: next(iter(told)))
@pytest.mark.parametrize("form", ["around", "among", "safetensors"])
def test_a_file_that_names_its_classes_in_another_order_is_refused(told, form, cervix, tmp_path):
    state, path = cervix[0].state_dict(), tmp_path / "net.pth"
    if form == "around":
        torch.save({"state_dict": state, **told}, path)
    elif form == "among":
        torch.save({**state, **told}, path)
    else:
        path = path.with_suffix(".safetensors")
        metadata = {key: json.dumps(value) for key, value in told.items()}
        save_file({k: v.contiguous() for k, v in state.items()}, path, metadata=metadata)

    with pytest.raises(
        WeightsError, match=r"itself: OOD, Type_1, Type_2, Type_3; given are Type_1"
    ):
        import_checkpoint(path, "densenet121", CERVIX, task="cervix")


@pytest.mark.parametrize(
    ("backbone", "classes", "task", "reason"),
    [
        ("densenet121", None, None, r"nobody names the classes.*--classes a,b"),
        ("densenet121", ["a", "b"], None, r"has 4 outputs, but 2 classes are named \(a, b\)"),
        ("densenet121", ["a", "a", "b", "c"], None, "give at least 2 different names"),
        ("densenet121", ["a", "b", "c", "d"], "cervix", "'a' is no class of cervix"),
        ("resnet18", ["a", "b", "c", "d"], None, r"100 of 100 weights are missing \('conv1.weig"),
        ("vgg11", ["a", "b", "c", "d"], None, r"another network than vgg11: 16 of 16 weights"),
        (
            "efficientnet_b0",
            ["a", "b", "c", "d"],
            None,
            "no head of efficientnet_b0: clas",
        ),
        ("resnet34", ["a", "b", "c", "d"], None, "no network called 'resnet34'; a checkpoint can"),
        ("vit_b_16", ["a", "b", "c", "d"], None, "cannot be taken over.*class token"),
        ("squeezenet1_1", ["a", "b", "c", "d"], None, "cannot be taken over"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(backbone, classes, task, reason, cervix):
    with pytest.raises((ParameterError, WeightsError), match=reason) as told:
        import_checkpoint(cervix[1], backbone, classes, task=task)

    assert told.value.exit_code == 4


def test_a_missing_file_is_named():
    with pytest.raises(WeightsError, match=r"there is no checkpoint 'gone\.pth'"):
        import_checkpoint("gone.pth", "densenet121", ["a", "b"])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda s: s.update({"features.norm5.bias": torch.full((1024,), torch.nan)}), "not finite"),
        (lambda s: s.update({"classifier.weight": torch.zeros(4, 9)}), r"'head.weight' has shape"),
        (lambda s: s.pop("features.norm5.bias"), "1 of 727 weights are missing"),
        (lambda s: s.update({"extra": torch.zeros(1)}), "1 are not known"),
    ],
    ids=["nan", "shape", "missing", "foreign"],
)
def test_spoilt_numbers_are_refused(spoil, reason, cervix, tmp_path):
    state = dict(cervix[0].state_dict())
    spoil(state)
    torch.save(state, tmp_path / "net.pth")

    with pytest.raises(WeightsError, match=reason):
        import_checkpoint(tmp_path / "net.pth", "densenet121", CERVIX)


class WriteUp(nn.Module):
    """The breast write-up's CustomResNet18 and Resnet50, word for word but for the base network."""

    def __init__(self, base, outputs, last="fc"):
        super().__init__()
        self.conv1 = base.conv1
        self.bn1 = base.bn1
        self.relu = base.relu
        self.maxpool = base.maxpool
        self.layer1 = base.layer1
        self.layer2 = base.layer2
        self.layer3 = base.layer3
        self.layer4 = base.layer4
        self.avgpool = base.avgpool
        self.features = base.fc.in_features
        self.last = last
        setattr(self, last, nn.Linear(self.features, outputs))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = self.avgpool(x)
        return getattr(self, self.last)(x.view(x.size(0), -1))


class Numbered(nn.Module):
    """Another frequent one: the children of the base without its last, and a head of one's own."""

    def __init__(self, base, outputs):
        super().__init__()
        self.backbone = nn.Sequential(*list(base.children())[:-1])
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(512, outputs))

    def forward(self, x):
        return self.head(self.backbone(x).flatten(1))


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(4)
    net = torchvision.models.resnet18(weights=None)
    for module in net.modules():  # as training leaves them
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return net


def bare(state):
    return {name: v for name, v in state.items() if not name.endswith("num_batches_tracked")}


def halved(state):
    """Return what half precision, DataParallel and torch.compile leave in a file."""
    return {
        f"module._orig_mod.{name}": v.half() if v.is_floating_point() else v
        for name, v in state.items()
    }


FORMS = {
    "write-up": (lambda base: WriteUp(base, 2), bare),
    "without fc": (lambda base: WriteUp(base, 2, last="classifier").half().float(), halved),
    "numbered": (lambda base: Numbered(base, 2), lambda state: {"model": state, "epoch": 3}),
}


@pytest.mark.parametrize("form", FORMS)
def test_modules_built_around_a_resnet_give_their_own_numbers(form, resnet, tmp_path):
    build, wrap = FORMS[form]
    net, (data, seen) = build(deepcopy(resnet)).eval(), pictures(tmp_path, 2, 64)
    torch.save(wrap(net.state_dict()), tmp_path / "net.pth")

    model = import_checkpoint(tmp_path / "net.pth", "resnet18", ["benign", "malignant"], size=64)

    with torch.inference_mode():
        expected = net(seen).softmax(dim=1).numpy()
    np.testing.assert_allclose(model.predict_proba(data, device="cpu"), expected, atol=1e-5)
    assert abs(expected[:, 0] - 0.5).max() > 0.01  # they do say something


def test_one_output_is_the_logit_of_the_class_named_second_and_said(resnet, tmp_path):
    net, (data, seen) = WriteUp(deepcopy(resnet), 1).eval(), pictures(tmp_path, 2, 64)
    torch.save(net.state_dict(), tmp_path / "net.pth")
    heard = []

    with listening(heard.append):
        model = import_checkpoint(
            tmp_path / "net.pth", "resnet18", ["malignant", "benign"], task="breast", size=64
        )

    with torch.inference_mode():
        expected = net(seen).sigmoid().numpy()[:, 0]
    found = model.predict_proba(data, device="cpu")
    assert model.classes == ("benign", "malignant")
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)
    assert any("one output; it is taken as the logit of 'benign'" in e.message for e in heard)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
@pytest.mark.parametrize("script", [False, True], ids=["module", "TorchScript"])
def test_a_whole_module_is_refused_and_not_run(script, tmp_path):
    path = tmp_path / "net.pt"
    net = nn.Sequential(nn.Linear(2, 2))
    if script:
        torch.jit.script(net).save(path)
    else:
        torch.save(net, path)

    with pytest.raises(WeightsError, match="save the plain state dict"):
        import_checkpoint(path, "resnet18", ["a", "b"])


def test_the_command_writes_a_model_folder(cervix, tmp_path, capsys):
    arguments = ["import-checkpoint", str(cervix[1]), "--backbone", "densenet121", "--classes",
                 ",".join(CERVIX), "-o", str(tmp_path / "model")]  # fmt: skip

    assert run(arguments) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "model")
    assert list(tk.load(tmp_path / "model").classes) == CERVIX
    assert run(arguments) == 4  # it is there
    assert run([*arguments[:4], "-o", str(tmp_path / "other")]) == 4
