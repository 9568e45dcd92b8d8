"""What a model remembers of the images it learnt from, so that they are known in a later test.

Of each image its folder holds 16 digits of a hash of the bytes, of which no image can be made, and
of all of them the share of every class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.methods.learners import Inputs, PriorLearner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest

CONTENTS, SHARES = "contents", "shares"
_DIGITS = 16


def remembered(manifest: Manifest) -> dict[str, Any]:
    """Return what a model keeps of its training images: ``contents`` and ``shares``.

    Examples
    --------
    >>> known = remembered(tk.load_task("breast"))
    >>> len(known["contents"]) > 100, [round(share, 2) for share in known["shares"]]
    (True, [0.5, 0.5])
    """
    prior = PriorLearner(str(manifest.kind), len(manifest.classes))
    prior.fit(Inputs(len(manifest), {}), np.asarray(manifest.labels), manifest.groups)
    return {
        CONTENTS: sorted({_digits(manifest, row) for row in range(len(manifest))}),
        SHARES: [None if np.isnan(share) else float(share) for share in prior.prior],
    }


def seen_before(training: Mapping[str, Any], manifest: Manifest) -> NDArray[np.bool_] | None:
    """Return (n,) bool: which images a model learnt from; None where it does not say.

    Only a copy to the byte is known again: not an image that was saved anew, nor another one of
    the same patient.
    """
    known = training.get(CONTENTS)
    if known is None:
        if training.get("sha256") == manifest.sha256:  # all of them, by a model of before
            return np.ones(len(manifest), dtype=bool)
        return None
    contents = set(known)
    return np.array(
        [_digits(manifest, row) in contents for row in range(len(manifest))], dtype=bool
    )


def prior_of(training: Mapping[str, Any], kind: str, classes: int) -> PriorLearner | None:
    """Return the baseline that knows the class shares of the training images, and nothing else."""
    shares = training.get(SHARES)
    if shares is None or len(shares) != classes:
        return None
    prior = [np.nan if share is None else float(share) for share in shares]
    return PriorLearner(kind, classes, np.array(prior))


def _digits(manifest: Manifest, row: int) -> str:
    found, _, frame = manifest.content_hash(row).partition("#")
    return found[:_DIGITS] + (f"#{frame}" if frame else "")
