"""Cards: what a task is, written in YAML."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from texturekit.config import read_yaml
from texturekit.errors import ParameterError, UnknownNameError, closest
from texturekit.records import STATEMENTS

TASKS = ("breast", "brain", "cervix", "chest", "oct", "textures")

Text = Annotated[str, Field(min_length=1)]
M = TypeVar("M", bound=BaseModel)


class StatedNumber(BaseModel):
    """A number as it was printed: text keeps its digits; ``part`` says where it stood.

    Only numbers ``of`` the test images can be recomputed from a confusion matrix, which is theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    metric: Text
    value: (
        Annotated[str, Field(pattern=r"^[-+]?(\d+\.?\d*|\.\d+)%?$")]
        | Annotated[float, Field(allow_inf_nan=False)]
    )
    part: Text | None = None
    of: Literal["test", "validation", "training"] = "test"


class Published(BaseModel):
    """What others report of a method; texturekit did not reproduce it.

    Either one number (``metric``, ``value``) or several (``stated``); with their confusion matrix
    (rows the truth) the numbers are recomputed from it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: Text
    method: Text
    metric: Text | None = None
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    confusion: list[list[Annotated[int, Field(ge=0)]]] | None = None
    classes: list[Text] | None = None
    stated: list[StatedNumber] = Field(default_factory=list)
    remarks: list[Text] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> Published:
        if (self.metric is None) != (self.value is None):
            raise ValueError("metric and value belong together; write both, or stated")
        if self.metric is None and not self.stated:
            raise ValueError("there is no number; write metric and value, or stated")
        if self.confusion is not None:
            sizes, count = {len(row) for row in self.confusion}, sum(map(sum, self.confusion))
            if sizes != {len(self.confusion)} or not 2 <= len(self.confusion) <= 100:
                raise ValueError("confusion is no square of counts; write one row a true class")
            if not 0 < count <= 10**7:
                raise ValueError(f"confusion counts {count} images; give 1 to 10,000,000")
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise ValueError("classes holds a name twice; write each once")
        return self

    @property
    def numbers(self) -> list[StatedNumber]:
        """All numbers of the entry."""
        first = []
        if self.metric is not None and self.value is not None:
            first = [StatedNumber(metric=self.metric, value=self.value)]
        return [*first, *self.stated]


class Card(BaseModel):
    """A task: its classes, its data and what others found on it.

    Parameters
    ----------
    name : str
        One word: letters, digits, ``.``, ``_``, ``-``.
    title : str
        What the report calls it.
    kind : {"binary", "multiclass", "multilabel"}
    classes : tuple of str
        In the order of every table and every model's outputs.
    positive : str, optional
        Positive class of a binary task.
    optional_classes : tuple of str
        Classes that a set of images may lack.
    size : int
        Long side in pixels at which all methods see the images.
    channels : {1, 3}
        Grey or colour, for the drawn sample.
    backbones : tuple of str
        Networks that the task's comparison uses.
    group_rule : str, optional
        Regular expression, searched in file names; its first group is the patient.
    augmentation : dict, optional
        Random changes of training pictures that leave the classes alone; fields of
        `texturekit.deep.settings.Augmentation`.
    recipe : dict, optional
        A write-up's way to train; fields of `texturekit.methods.recipes.Recipe`, which checks it.
    licence, obtain, note : str
        What may be done with the data, how to get them, and what to know about them.
    published : tuple of Published
    statements : dict of str, optional
        What only the authors know, for the report; keys as in `texturekit.records.STATEMENTS`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: Text
    kind: Literal["binary", "multiclass", "multilabel"]
    classes: Annotated[tuple[Text, ...], Field(min_length=2)]
    positive: Text | None = None
    optional_classes: tuple[Text, ...] = ()
    size: Annotated[int, Field(ge=16, le=4096)] = 224
    channels: Literal[1, 3] = 1
    backbones: tuple[Text, ...] = ("resnet18",)
    group_rule: Text | None = None
    augmentation: dict[str, Any] | None = None
    recipe: dict[str, Any] | None = None
    licence: Text | None = None
    obtain: Text | None = None
    published: tuple[Published, ...] = ()
    note: Text | None = None
    statements: dict[str, Text] | None = None

    @model_validator(mode="after")
    def _check(self) -> Card:
        classes = list(self.classes)
        if len(set(classes)) < len(classes):
            raise ValueError("classes holds a name twice; write each once")
        if (self.kind == "binary") != (len(classes) == 2) and self.kind != "multilabel":
            raise ValueError(
                f"kind is {self.kind}, but there are {len(classes)} classes; "
                "binary has 2, multiclass 3 or more"
            )
        if self.positive is not None and self.kind != "binary":
            raise ValueError(f"positive is for binary tasks, but kind is {self.kind}; leave it out")
        for field, names in (
            ("positive", [self.positive] if self.positive else []),
            ("optional_classes", self.optional_classes),
        ):
            for name in names:
                if name not in classes:
                    hint = closest(name, classes)
                    raise ValueError(f"{field} is {name!r}, which is no class.{hint}")
        for row in self.published:
            named = row.classes or classes
            if row.confusion is not None and len(row.confusion) != len(named):
                raise ValueError(
                    f"published: the confusion matrix of {row.method} has {len(row.confusion)} "
                    f"rows, but there are {len(named)} classes; name its own with classes"
                )
        for key in self.statements or ():
            if key not in STATEMENTS:
                hint = closest(key, STATEMENTS)
                known = ", ".join(STATEMENTS)
                raise ValueError(f"there is no statement {key!r}.{hint} Statements: {known}")
        if self.group_rule is not None:
            check_rule(self.group_rule)
        return self


def check_rule(rule: str) -> None:
    """Raise ValueError if a rule for patients is no regular expression with a group."""
    try:
        count = re.compile(rule).groups
    except re.error as error:
        raise ValueError(f"group_rule {rule!r} is no regular expression: {error}") from None
    if count < 1:
        raise ValueError(f"group_rule {rule!r} has no (group); put the patient in parentheses")


def load_card(task: str | Path | Card) -> Card:
    """Return the card of a task.

    Parameters
    ----------
    task : str or Path
        A name out of `TASKS`, or a YAML file of one's own.

    Returns
    -------
    Card

    Raises
    ------
    UnknownNameError
        If there is no such task and no such file.
    ParameterError
        If the file is no card; the message names the field and what it may hold.

    Examples
    --------
    >>> card = load_card("breast")
    >>> card.classes, card.positive
    (('benign', 'malignant'), 'malignant')
    """
    if isinstance(task, Card):
        return task
    if task in TASKS:
        source = files("texturekit.data.cards") / f"{task}.yaml"
        return validated(Card, read_yaml(Path(str(source))), f"{task}.yaml", Published)
    if Path(task).suffix.lower() in (".yaml", ".yml") or Path(task).is_file():
        return validated(Card, read_yaml(task), str(task), Published)
    raise UnknownNameError("task", str(task), TASKS)


def validated(model: type[M], content: dict[str, Any], file: str, part: type[BaseModel]) -> M:
    """Return a card of the class ``model`` from what its YAML file holds.

    Parameters
    ----------
    model : subclass of BaseModel
        What the file describes.
    content : dict
        What it holds; lists are taken for tuples.
    file : str
        Its name, for messages.
    part : subclass of BaseModel
        What the card's nested entries are, for the fields that a message lists.

    Raises
    ------
    ParameterError
        If it is no such card; the message names the field and what it may hold.
    """
    # YAML has lists where a card has tuples.
    frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    try:
        return model.model_validate(frozen)
    except ValidationError as error:
        faults = "; ".join(_described(fault, model, part) for fault in error.errors())
        raise ParameterError(f"card {file}: {faults}.") from None


def _described(fault: Any, model: type[BaseModel], part: type[BaseModel]) -> str:
    place = ".".join(map(str, fault["loc"]))
    given = fault["input"]
    if fault["type"] == "extra_forbidden":
        known = list(part.model_fields if "." in place else model.model_fields)
        hint = closest(str(fault["loc"][-1]), known)
        return f"there is no field {place}.{hint} Fields: {', '.join(known)}"
    if fault["type"] == "missing":
        return f"the field {place} is missing; write it"
    if fault["type"] == "string_type" and isinstance(given, (bool, int, float)):
        return f"{place} is {given!r}, not text; put it in quotes (YAML reads a bare yes or no so)"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {message} (got {given!r})" if place else message
