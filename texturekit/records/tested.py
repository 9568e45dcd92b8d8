"""What the comparison that chose a method found: it travels with the model."""

from __future__ import annotations

from pydantic import Field

from texturekit.records.base import Estimate, Number, Record


class ObservedShare(Record):
    """Test images whose probability of a class lay in one bin, and how many were of the class.

    ``above`` and ``upto`` are the bin's ends: open at the left, but for 0; ``low`` and
    ``high`` the 95% limits of ``seen``, by patients where these have several images.
    """

    above: Number
    upto: Number
    told: Number
    seen: Number
    low: Number | None
    high: Number | None
    n: int


class Tested(Record):
    """How good the models were that a comparison fitted by the same method and settings.

    They were fitted to parts of the images, and tested on the others; the model that carries this
    was fitted to all of them and tested on none.

    Attributes
    ----------
    task : str
        Of the run.
    run : str
        sha256 of its ``results.json``.
    how : str
        Protocol in words: folds, repeats, patients.
    images : int
        Test images.
    groups : int or None
        Their patients, where known.
    metrics : dict of Estimate
        As in the run's row of the method.
    per_class : dict of dict of Estimate
        By class or label, of several.
    observed : dict of list of ObservedShare
        By class or label: the test images of the first repeat.
    synthetic : bool
        Whether the images were drawn by a program.
    """

    task: str
    run: str
    how: str
    images: int
    groups: int | None = None
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    per_class: dict[str, dict[str, Estimate]] = Field(default_factory=dict)
    observed: dict[str, list[ObservedShare]] = Field(default_factory=dict)
    synthetic: bool = False

    def observation(self, label: str, probability: float) -> ObservedShare | None:
        """Return the bin of a class that holds a probability; None where no test image lay there.

        Examples
        --------
        >>> bins = [ObservedShare(above=0.7, upto=0.8, told=0.75, seen=0.7, low=0.4, high=0.9,
        ...                       n=10)]
        >>> tested = Tested(task="breast", run="", how="", images=10, observed={"malignant": bins})
        >>> tested.observation("malignant", 0.8).n, tested.observation("malignant", 0.7)
        (10, None)
        """
        probability = min(max(probability, 0.0), 1.0)  # a sum of shares may end a bit above 1
        for share in self.observed.get(label, ()):
            above = share.above < probability or share.above == 0 == probability
            if above and probability <= share.upto:
                return share
        return None
