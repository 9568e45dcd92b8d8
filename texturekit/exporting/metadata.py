"""What an exported file says of itself: enough to prepare its inputs without texturekit."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import texturekit
from texturekit.measurement import MODES
from texturekit.methods.deciding import THRESHOLD, cuts_of
from texturekit.parts import part_kind

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.deep.backbones import Backbone
    from texturekit.exporting.nets import Wants
    from texturekit.methods.model import Model

KEY = "texturekit"
NOTICE = "Not for clinical use."
_LICENCE = "Weights of a backbone keep the licence of their source."


def described(model: Model, wants: Wants) -> dict[str, Any]:
    """Return what the file says, as plain values for JSON."""
    names = [p.name for p in model.method.parts]
    inputs: dict[str, Any] = {}
    if wants.card is not None:
        inputs["picture"] = _picture(model, wants, wants.card)
    if wants.columns is not None:
        inputs["columns"] = _columns(model, wants)
    calibrate = model.decision.calibrate if model.decision.calibrator else "none"
    return {
        "texturekit": texturekit.__version__,
        "method": model.method.name,
        "kind": model.kind,
        "classes": list(model.classes),
        "positive": model.positive,
        "inputs": inputs,
        "outputs": _outputs(model, wants),
        "decision": _decision(model),
        "calibration": f"{calibrate}; inside the file, applied to probabilities",
        "training": {k: v for k, v in model.training.items() if k in _TRAINING},
        "tested": None if model.tested is None else model.tested.model_dump(mode="json"),
        "outside": "what tells images outside the training distribution is not in this file; "
        "texturekit predict says it (ood_score)",
        "licence": [_LICENCE, *sorted({_licence(n) for n in names if _licence(n)})],
        "notice": NOTICE,
    }


_TRAINING = ("images", "groups", "sha256", "frames", "mask_label", "weights")


def _licence(name: str) -> str:
    from texturekit.deep.backbones import BACKBONES

    return f"{name}: {BACKBONES[name].licence}" if name in BACKBONES else ""


def _outputs(model: Model, wants: Wants) -> dict[str, str]:
    one = "each row sums to 1" if model.kind != "multilabel" else "each label stands alone"
    told = {
        "probabilities": f"(n, {len(model.classes)}) float64, classes in the order of 'classes'; "
        f"{one}; calibrated if the model is; NaN for a label that was not learnt, and for a row "
        "of columns that are not all finite"
    }
    if wants.passes:
        told["embedding"] = f"(n, {len(wants.embedded)}) float64, what the backbones see"
    elif wants.card is not None:
        told["logits"] = "(n, outputs of the network) float64, before softmax or sigmoid"
    return told


def _decision(model: Model) -> dict[str, Any]:
    cuts = cuts_of(model.learner, model.decision)
    rule = model.decision.rule if model.decision.cuts or not cuts else "published by the network"
    told: dict[str, Any] = {"rule": rule, "chosen_on": model.decision.chosen_on, "cuts": cuts}
    if model.kind == "multilabel":
        named = "its cut in 'cuts'; a label without one is never said" if cuts else str(THRESHOLD)
        told["words"] = f"a label is said where its probability is at least {named}"
    elif model.kind == "binary" and model.method.classifier != "dummy":
        (name, cut) = next(iter(cuts.items())) if cuts else (model.positive, THRESHOLD)
        told["words"] = f"{name!r} where its probability is at least {cut!r}, else the other class"
    else:
        told["words"] = "the class with the largest probability, the first of equal ones"
    return told


def _picture(model: Model, wants: Wants, card: Backbone) -> dict[str, Any]:
    own, grey = model.preprocessing, card.view == "xray"
    return {
        "dtype": "float32" if grey else "uint8",
        "shape": ["n", wants.size, wants.size, 1 if grey else 3],
        "layout": "NHWC",
        "channels": "grey" if grey else "RGB",
        "range": [0, 1] if grey else [0, 255],
        "size": wants.size,
        "aspect": "kept; the middle square is cut out" if grey else "kept; padded to a square",
        "padding": None if grey else "black, centred; an odd row or column below or to the right",
        "resampling": "bilinear with support that grows with the reduction "
        "(Pillow, Image.Resampling.BILINEAR)",
        "window": own.window,
        "roi": own.roi,
        "normalisation": {
            "where": "inside the file: do not normalise",
            "scale": 1.0 if grey else 1 / 255,
            "mean": list(card.mean),
            "std": list(card.std),
        },
        "steps": _grey_steps(wants, own.roi) if grey else _colour_steps(wants, own.roi, own.window),
    }


def _roi(roi: str) -> list[str]:
    return {
        "crop": [
            "where the image has a mask: cut the image to the box of the mask's non-zero pixels "
            "with a tenth of the box's width and height added on each side (rounded half to even, "
            "cut at the edge); without a mask take it whole"
        ],
        "mask": [],
        "none": ["take the whole image, whatever masks there are"],
    }[roi]


def _colour_steps(wants: Wants, roi: str, window: str) -> list[str]:
    size = wants.size
    steps = [
        "read the pixels upright (EXIF orientation applied), transparency over black; grey stays "
        "grey, palettes and other colours become RGB",
        *_roi(roi),
        f"scale so that the long side is {size} and the short side is "
        f"floor((2 * side * {size} + long) / (2 * long)), at least 1, with Pillow's BILINEAR; 8 "
        "bits as such, other numbers as float32, integers rounded half to even",
        _window(window),
        "repeat grey to three equal channels",
    ]
    if roi == "mask":
        steps.append("make pixels outside the mask black; the mask is scaled by nearest pixel")
    return [*steps, f"centre on a black {size} x {size} square: top = (size - height) // 2, left "
            "= (size - width) // 2", "uint8, height x width x RGB, values 0 to 255"]  # fmt: skip


def _window(rule: str) -> str:
    linear = "linear to 0..255, what lies outside becomes 0 or 255, rounded half up"
    return {
        "auto": "8-bit values stay; other numbers: the window that the file names (DICOM), else "
        f"the image's own minimum and maximum, {linear}",
        "full": f"the image's own minimum and maximum, {linear}",
        "dtype": f"8-bit values stay; else all that the integer type can hold, {linear}",
    }.get(rule, f"the values {rule}, {linear}")


def _grey_steps(wants: Wants, roi: str) -> list[str]:
    steps = [
        "read the pixels upright; colour becomes grey by ITU-R BT.601, rounded to the dtype",
        *_roi(roi),
        "cut out the middle square: side = the short side, top = height // 2 - side // 2, left = "
        "width // 2 - side // 2",
        "map the lowest value that the file can hold (of its stated bits) to 0 and the highest to "
        "1, as float32",
    ]
    if roi == "mask":
        steps.append("make pixels outside the mask 0")
    last = f"scale to {wants.size} x {wants.size} with Pillow's BILINEAR in float32"
    return [*steps, last, "float32, height x width x 1, values 0 to 1"]


def _columns(model: Model, wants: Wants) -> dict[str, Any]:
    own, features = model.preprocessing, "+".join(map(str, wants.parts))
    told = {
        "dtype": "float64",
        "shape": ["n", len(wants.columns or ())],
        "names": list(wants.columns or ()),
        "features": features,
        "size": own.size,
        "roi": own.roi,
        "window": own.window,
        "weights": model.training.get("weights", {}),
    }
    kinds = {part_kind(part) for part in wants.parts}
    if not wants.parts:
        return {**told, "words": "the model looks at nothing: n rows of no column"}
    if "facts" in kinds:
        words = f"facts of the image file; mode is its place among {', '.join(MODES)}"
        return {**told, "words": words}
    command = ["texturekit extract IMAGES -o features.parquet"]
    command += ["--features", shlex.quote(features), f"--resize {own.size}"]
    # where a file of one's own lay is nobody else's business
    weights = own.weights if own.weights in ("auto", "pretrained", "none") else "FILE"
    call = f"tk.extract(data, {features!r}, size={own.size}, roi={own.roi!r}"
    if "embedding" in kinds:
        command += [f"--window {own.window} --weights {weights}",
                    f"--seed {own.seed}"]  # fmt: skip
        call += f", window={own.window!r}, weights={weights!r}, seed={own.seed}"
    words = "columns in the order of 'names', as texturekit measures them"
    if own.roi == "mask":
        words += "; give the masks that there are (--masks DIR)"
    else:
        words += "; the command is for images without masks, python for both"
    return {**told, "words": words, "command": " ".join(command), "python": f"{call})"}


def read_onnx(path: Path) -> dict[str, Any]:
    """Return what an ONNX file says of itself; its weights are read, too."""
    import onnx

    model = onnx.load(path)
    return dict(json.loads({p.key: p.value for p in model.metadata_props}[KEY]))
