"""Cards of image sets: what they hold, who may use them, where they lie, how they are laid out."""

from __future__ import annotations

import re
from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from texturekit.config import read_yaml
from texturekit.data.card import Text, check_rule, validated
from texturekit.errors import ParameterError, UnknownNameError

SETS = (
    "breastmnist",
    "kaggle_breast_mri",
    "tcia_duke_breast_mri",
    "figshare_brain_tumor",
    "kaggle_brain_tumor_2",
    "kaggle_brain_tumor_4",
    "kaggle_cervix_types",
    "mendeley_lbc",
    "sipakmed",
    "chestmnist",
    "pneumoniamnist",
    "mendeley_chestxray2017",
    "nih_chestxray14",
    "kaggle_rsna_pneumonia",
    "kaggle_vinbigdata",
    "mimic_cxr_jpg",
    "octmnist",
    "mendeley_oct2017",
    "kaggle_kermany2018",
)
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

Count = Annotated[int, Field(ge=0)] | tuple[int, int]
Layout = Literal["folders", "medmnist", "nih", "chexpert", "busi", "figshare"]


class SetFile(BaseModel):
    """A file of a set.

    Parameters
    ----------
    name : str
        What it is called on disk; no folder.
    url : str, optional
        Where it lies, http or https. Without, it has to be got by hand.
    also : tuple of str
        Other names under which it may arrive, as from a browser.
    bytes : int, optional
    at_most : int, optional
        Bytes of its images without compression, where its own size is not known.
    md5, sha256 : str, optional
    pixels : int, optional
        Side of its images, where the set comes in several sizes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[^/\\\x00:]+$")]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    also: tuple[Text, ...] = ()
    bytes: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    pixels: Annotated[int, Field(ge=1)] | None = None

    @field_validator("name")
    @classmethod
    def _no_special_name(cls, name: str) -> str:
        if name in (".", "..") or name.startswith("."):
            raise ValueError("a file's name does not begin with a dot")
        return name

    @property
    def is_archive(self) -> bool:
        """Whether it is to be unpacked."""
        return self.name.lower().endswith(ARCHIVES)

    @property
    def stem(self) -> str:
        """The name without the suffixes of an archive."""
        lower = self.name.lower()
        suffix = next((s for s in sorted(ARCHIVES, key=len)[::-1] if lower.endswith(s)), "")
        return self.name[: len(self.name) - len(suffix)]


class SetCard(BaseModel):
    """An image set: facts and references; no image.

    Parameters
    ----------
    id : str
        One word.
    task : str
        The task that it serves.
    title, modality : str
    kind : {"binary", "multiclass", "multilabel", "other"}
    access : {"open", "page", "request", "kaggle", "kaggle-competition", "physionet", "tcia"}
        ``open``: every file has an address that needs no login.
    login : str, optional
        What has to be done before the files can be had.
    licence : str
    page : str, optional
        Where the set is described.
    classes : tuple of str
        As the set calls them.
    labels : dict of int to str
        What a manifest calls label number n.
    images, patients : int, optional
    counts : dict of str to int or pair
        Images of a class; a pair where sources differ.
    splits : dict of str to int
        Images of the set's own train, val and test part.
    size : int, optional
        Bytes of it all, where the files do not tell.
    files : tuple of SetFile
    steps : tuple of str
        How to get it by hand; DIR stands for a folder of one's own.
    patient_ids, masks : str, optional
        Where they stand.
    group_rule : str, optional
        Regular expression, searched in the path below the set's folder; its groups name the
        patient.
    layout : str, optional
        What `texturekit.data.preparing.prepare` takes it for.
    table : str, optional
        The file with the labels.
    folders : dict of str to str
        Layout ``folders``: regular expression of a folder's whole name, and the class in it.
    only : str, optional
        Regular expression, searched in the path: images elsewhere are no part of the set.
    optional_part : str, optional
        Beginning of the names of folders that are left out unless they are asked for.
    overlaps : tuple of str
        Sets that hold some of the same images.
    verified : str
        What was checked when the card was written, and what was not.
    notes : tuple of str
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    task: Text
    title: Text
    modality: Text
    kind: Literal["binary", "multiclass", "multilabel", "other"]
    access: Literal["open", "page", "request", "kaggle", "kaggle-competition", "physionet", "tcia"]
    login: Text | None = None
    licence: Text
    page: Text | None = None
    classes: tuple[Text, ...] = ()
    labels: dict[int, Text] = {}
    images: Annotated[int, Field(ge=1)] | None = None
    patients: Annotated[int, Field(ge=1)] | None = None
    counts: dict[str, Count] = {}
    splits: dict[str, Annotated[int, Field(ge=0)]] = {}
    size: Annotated[int, Field(ge=0)] | None = None
    files: tuple[SetFile, ...] = ()
    steps: tuple[Text, ...] = ()
    patient_ids: Text | None = None
    masks: Text | None = None
    group_rule: Text | None = None
    layout: Layout | None = None
    table: Text | None = None
    folders: dict[str, Text] = {}
    only: Text | None = None
    optional_part: Text | None = None
    overlaps: tuple[Text, ...] = ()
    verified: Text
    notes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> SetCard:
        if self.group_rule is not None:
            check_rule(self.group_rule)
        for rule in (*self.folders, *([self.only] if self.only else [])):
            try:
                re.compile(rule)
            except re.error as error:
                raise ValueError(f"{rule!r} is no regular expression: {error}") from None
        if (self.layout == "folders") != bool(self.folders):
            raise ValueError("layout folders goes with folders: {name: class}; write both or none")
        names = [file.name for file in self.files]
        if len(set(names)) < len(names):
            raise ValueError("files holds a name twice; write each once")
        if not self.is_open and not self.steps:
            raise ValueError("steps is missing: say how to get what has no address")
        return self

    @property
    def is_open(self) -> bool:
        """Whether every file can be fetched without a login."""
        return bool(self.files) and all(file.url for file in self.files)

    def chosen_files(self, pixels: int | None = None) -> tuple[SetFile, ...]:
        """Return the files to fetch: all, or those of one size where there are several.

        Parameters
        ----------
        pixels : int, optional
            Side of the images; default the smallest.

        Raises
        ------
        ParameterError
            If the set does not come in that size.
        """
        sizes = sorted({file.pixels for file in self.files if file.pixels})
        if pixels is not None and pixels not in sizes:
            known = ", ".join(map(str, sizes)) or "one size only: leave it out"
            raise ParameterError(f"{self.id} does not come with {pixels} pixels; it has {known}.")
        wanted = pixels or (sizes[0] if sizes else None)
        return tuple(file for file in self.files if file.pixels in (None, wanted))


def load_set(name: str | Path | SetCard) -> SetCard:
    """Return the card of an image set.

    Parameters
    ----------
    name : str or Path
        One of `SETS`, or a YAML file of one's own.

    Raises
    ------
    UnknownNameError
        If there is no such set and no such file.
    ParameterError
        If the file is no card; the message names the field and what it may hold.

    Examples
    --------
    >>> card = load_set("kaggle_brain_tumor_2")
    >>> card.classes, card.images, card.is_open
    (('no', 'yes'), 253, False)
    """
    if isinstance(name, SetCard):
        return name
    if name in SETS:
        source = resources("texturekit.data.sets") / f"{name}.yaml"
        return validated(SetCard, read_yaml(Path(str(source))), f"{name}.yaml", SetFile)
    if Path(name).suffix.lower() in (".yaml", ".yml"):
        return validated(SetCard, read_yaml(name), str(name), SetFile)
    raise UnknownNameError("image set", str(name), SETS)


def set_cards(task: str | None = None) -> list[SetCard]:
    """Return all cards, or those of one task.

    Raises
    ------
    UnknownNameError
        If no set serves such a task.

    Examples
    --------
    >>> [card.id for card in set_cards("oct")]
    ['octmnist', 'mendeley_oct2017', 'kaggle_kermany2018']
    """
    cards = [load_set(name) for name in SETS]
    tasks = list(dict.fromkeys(card.task for card in cards))
    if task is not None and task not in tasks:
        raise UnknownNameError("task with an image set", task, tasks)
    return [card for card in cards if task in (None, card.task)]
