"""How a method is written: ``glcm+lbp/xgboost``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features import FEATURES, SETS
from texturekit.features.grammar import Part, parse_parts
from texturekit.methods.readings import RECIPES, as_written, reading
from texturekit.parts import FACTS, part_columns, part_kind, pieces, plain_part

if TYPE_CHECKING:
    from texturekit.records import Family

#: Everything that may stand behind the slash.
CLASSIFIERS = (
    "logistic", "svm", "forest", "knn", "xgboost", "vote", "fusion", "finetune", "head", "dummy",
)  # fmt: skip


@dataclass(frozen=True)
class Method:
    """A representation and what learns from it.

    Attributes
    ----------
    parts : tuple of Part
        In canonical order: sets and families, then backbones, in registry order.
    classifier : str
        One of `CLASSIFIERS`.

    Examples
    --------
    >>> method = parse_method("resnet18+lbp + glcm(levels=32)/xgboost")
    >>> method.name, method.family
    ('glcm+lbp+resnet18/xgboost', 'hybrid')
    """

    parts: tuple[Part, ...]
    classifier: str

    @property
    def name(self) -> str:
        """The canonical form: the method's identity everywhere."""
        return f"{'+'.join(map(str, self.parts))}/{self.classifier}"

    def __str__(self) -> str:
        return self.name

    @property
    def family(self) -> Family:
        """What kind of method it is, as the report groups them."""
        if self.classifier == "finetune":
            return "finetuned"
        if self.classifier in ("head", "dummy"):
            return "head" if self.classifier == "head" else "baseline"
        kinds = {part_kind(part) for part in self.parts}
        if kinds == {"facts"}:
            return "baseline"
        return "hybrid" if len(kinds) == 2 else "texture" if "texture" in kinds else "embedding"

    @property
    def learns_from_pictures(self) -> bool:
        """Whether it is a network trained end to end, which needs no table."""
        return self.classifier in ("finetune", "head")

    @property
    def reads(self) -> tuple[Part, ...]:
        """What is measured for it: its parts, or what they stand for in ``vote`` and ``fusion``.

        Examples
        --------
        >>> [str(part) for part in parse_method("texture+resnet18/fusion").reads]
        ['texture_full', 'resnet18(flip=true,layers=1-2-3-4,pool=mean-max)']
        """
        if self.classifier == "dummy" or self.learns_from_pictures:
            return ()
        return tuple(reading(part, self.classifier) for part in self.parts)

    @property
    def blocks(self) -> dict[str, tuple[str, ...]]:
        """The columns it learns from, one entry a family or backbone."""
        return {str(piece): part_columns(piece) for piece in pieces(self.reads)}


def parse_method(text: str) -> Method:
    """Read a method string.

    Parameters
    ----------
    text : str
        ``rep/classifier``: ``"glcm+lbp/svm"``, ``"resnet18/logistic"``,
        ``"texture+resnet18/xgboost"``, ``"resnet18/finetune"``, ``"majority/dummy"``.

    Returns
    -------
    Method
        In canonical form.

    Raises
    ------
    ParameterError
        If the text does not follow the grammar, or parts and classifier do not go together.
    UnknownNameError
        If a feature, backbone, classifier or parameter is unknown; it suggests the closest.

    Examples
    --------
    >>> str(parse_method("lbp+glcm/svm"))
    'glcm+lbp/svm'
    """
    representation, slash, classifier = text.strip().rpartition("/")
    if not (slash and representation and classifier):
        raise ParameterError(
            f"cannot read method {text!r}; write representation/classifier: glcm+lbp/forest."
        )
    classifier = classifier.strip()
    if classifier not in CLASSIFIERS:
        raise UnknownNameError("classifier", classifier, CLASSIFIERS)
    parts = parse_parts(representation)
    if classifier == "dummy" or any(part.name == "majority" for part in parts):
        if (parts, classifier) != ((Part("majority"),), "dummy"):
            raise ParameterError(
                f"{text!r} does not go together; the baseline is written majority/dummy."
            )
        return Method(parts, classifier)
    method = Method(_canonical(parts, classifier), classifier)
    _check(method, text)
    return method


def _canonical(parts: tuple[Part, ...], classifier: str) -> tuple[Part, ...]:
    order = [*SETS, *FEATURES, *BACKBONES, *FACTS]
    for part in parts:
        part_kind(part)
    plain = dict.fromkeys(_without_defaults(part, classifier) for part in parts)
    sets = [part for part in plain if part.name in SETS]
    within = {name for part in sets for name in part_columns(reading(part, classifier))}
    kept = [part for part in plain if part in sets or not within.issuperset(part_columns(part))]
    return tuple(sorted(kept, key=lambda part: (order.index(part.name), str(part))))


def _without_defaults(part: Part, classifier: str) -> Part:
    if part.name in FEATURES:
        defaults = FEATURES[part.name].defaults
        kept = tuple((k, v) for k, v in part.parameters if defaults[k] not in (v, (v,)))
        return Part(part.name, kept)
    return as_written(part) if classifier in RECIPES else plain_part(part)


def _check(method: Method, text: str) -> None:
    kinds = [part_kind(part) for part in method.parts]
    if "facts" in kinds and len(kinds) > 1:
        raise ParameterError(
            f"{text!r} mixes a baseline with other parts; geometry and metadata stand alone."
        )
    if method.learns_from_pictures and kinds != ["embedding"]:
        raise ParameterError(
            f"{text!r}: {method.classifier} takes exactly one backbone; "
            f"write for example resnet18/{method.classifier}."
        )
    if method.learns_from_pictures and method.parts[0].parameters:
        raise ParameterError(
            f"{text!r}: {method.classifier} uses the whole network, so {method.parts[0].name} "
            f"takes no parameters; write {method.parts[0].name}/{method.classifier}."
        )
    if method.classifier == "fusion" and set(kinds) != {"texture", "embedding"}:
        raise ParameterError(
            f"{text!r}: fusion joins a texture vote and an embedding vote; "
            "write for example texture+resnet18/fusion."
        )
    if method.blocks:
        names = [name for block in method.blocks.values() for name in block]
        twice = (
            sorted({name for name in names if names.count(name) > 1})
            if (len(set(names)) < len(names))
            else []
        )
        if twice:
            raise ParameterError(
                f"{text!r} gives the column {twice[0]!r} twice; ask for each family once, "
                "or with parameters that give other column names."
            )
