"""What the name of a method says, in plain words."""

from __future__ import annotations

from texturekit.errors import TexturekitError
from texturekit.methods.grammar import parse_method
from texturekit.parts import part_kind
from texturekit.report.wording import listed

_PARTS = {
    "geometry": "the image's width, height and depth of grey",
    "metadata": "the image's size and the bytes of its file",
    "texture": "grey values, their co-occurrence, edges, local binary patterns",
    "texture_full": "grey values, edges, patterns and colours at several scales",
    "first_order": "statistics of the grey values",
    "glcm": "grey-level co-occurrence",
    "hog": "directions of edges",
    "sobel": "strength of edges",
    "lbp": "local binary patterns",
    "glrlm": "runs of equal grey",
    "glszm": "zones of equal grey",
    "gldm": "dependence of neighbouring greys",
    "ngtdm": "differences between neighbouring greys",
    "gldzm": "distances of grey zones to the edge",
    "gabor": "spatial frequencies",
    "fractal": "roughness of the grey surface",
    "colour": "colours",
}
_JUDGES = {
    "logistic": "logistic regression",
    "svm": "a support vector machine",
    "forest": "a random forest",
    "knn": "the most similar training images",
    "xgboost": "boosted decision trees",
    "vote": "two classifiers together",
    "fusion": "two classifiers for texture and two for the network, together",
}


def in_words(name: str) -> str:
    """Return what a method looks at and what decides; empty if its name is no method's.

    Examples
    --------
    >>> in_words("hog/forest")
    'hand-crafted texture (directions of edges), judged by a random forest'
    >>> in_words("majority/dummy")
    'the commonest class of the training images, whatever the image'
    >>> in_words("resnet18/finetune"), in_words("my method")
    ('the network resnet18, trained on these images', '')
    """
    try:
        method = parse_method(name)
    except TexturekitError:
        return ""
    if method.classifier == "dummy":
        return "the commonest class of the training images, whatever the image"
    kinds: dict[str, list[str]] = {}
    for part in method.parts:
        kinds.setdefault(part_kind(part), []).append(_PARTS.get(part.name, part.name))
    nets = listed([f"the network {one}" for one in kinds.get("embedding", [])])
    if method.classifier == "head":
        return f"{nets}, with the answers that it was published with"
    if method.classifier == "finetune":
        return f"{nets}, trained on these images"
    seen = []
    if "facts" in kinds:
        seen.append(f"{listed(kinds['facts'])}, no pixel")
    if "texture" in kinds:
        seen.append(f"hand-crafted texture ({listed(kinds['texture'])})")
    if nets:
        seen.append(f"what {nets} sees")
    return f"{listed(seen)}, judged by {_JUDGES[method.classifier]}"
