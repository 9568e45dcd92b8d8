"""Choose the defaults of `vote` and `fusion` by leaving one image set out, and print the table.

    python benchmarks/studies/defaults.py DATA --weights FILE --cache DIR [--quick]

DATA holds <set>.csv and folds/dev.<set>.csv for seven sets. What is measured and every member's
out-of-fold probabilities are kept in the cache, so that an interrupted study goes on. ``--quick``
takes the first of the three repeats.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import texturekit as tk
from texturekit.extraction import represent
from texturekit.features.grammar import parse_parts
from texturekit.methods.classifiers import BUILDERS, Member
from texturekit.metrics.areas import Area, area_difference, measure_area
from texturekit.parts import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SETS = ("brain", "breast_busi", "breast_busi3", "cervix_herlev", "cervix_herlev2",
        "chest_pneumonia", "texture_dtd")  # fmt: skip
# AUC / balanced accuracy that others reached on the same folds, with their own feature code.
REPORTED = {
    "texture": (".838/.790", ".882/.789", ".855/.652", ".852/.517", ".857/.791", ".975/.925",
                ".910/.632"),
    "embedding": (".910/.826", ".926/.845", ".923/.809", ".866/.597", ".911/.826", ".978/.941",
                  ".943/.735"),
    "hybrid": (".914/.805", ".931/.845", ".926/.806", ".870/.602", ".907/.822", ".980/.940",
               ".947/.741"),
}  # fmt: skip
_NET = "squeezenet1_1"
_ALL = "layers=1-2-3-4"
_LST, _LS = ("logistic", "svm", "trees"), ("logistic", "svm")
TEXTURE = {
    "fast set": ("texture", _LST),
    "fast set and colour": ("texture+colour", _LST),
    "rich set": ("texture_full", _LST),
    "rich set, no trees": ("texture_full", _LS),
}
EMBEDDING = {
    "last stage, mean": (_NET, _LS),
    "last stage, mean, flip": (f"{_NET}(flip=true)", _LS),
    "four stages, mean and std, flip": (f"{_NET}({_ALL},pool=mean-std,flip=true)", _LS),
    "four stages, mean and max, flip": (f"{_NET}({_ALL},pool=mean-max,flip=true)", _LS),
    "four stages, all three, flip": (f"{_NET}({_ALL},pool=mean-max-std,flip=true)", _LS),
}
SHARES = {"1 : 1": 1 / 2, "1 : 2": 1 / 3, "1 : 3": 1 / 4}  # of the texture vote in the hybrid
PREVIOUS = ("fast set", "last stage, mean", "1 : 2")
SHIPPED = ("rich set, no trees", "four stages, mean and max, flip", "1 : 2")
RIVALS = {
    "glcm+lbp/forest": ("glcm+lbp", "forest"),
    "glcm+lbp/logistic": ("glcm+lbp", "logistic"),
    "hog/svm": ("hog", "svm"),
    "last mean/logistic": (_NET, "logistic"),
    "last mean+max/svm": (f"{_NET}(pool=mean-max)", "svm"),
}


def _trees(seed: int, jobs: int, n: int) -> Any:
    """Return what voted on texture before, beside the two that do now."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(
        n_estimators=500, min_samples_leaf=2, random_state=seed, n_jobs=jobs
    )


BUILDERS["trees"] = _trees


@dataclass
class ImageSet:
    """One set: its rows, classes, groups, folds, and where things are kept."""

    name: str
    data: Path
    weights: Path
    cache: Path
    codes: NDArray[np.int64] = field(init=False)
    groups: NDArray[np.int64] = field(init=False)
    folds: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        source = "cervix_herlev" if self.name == "cervix_herlev2" else self.name
        self.manifest = tk.read_manifest(self.data / f"{source}.csv")
        rows = pd.read_csv(self.data / f"{source}.csv", dtype=str, keep_default_na=False)
        labels = rows["label"]
        if self.name == "cervix_herlev2":
            labels = labels.str.startswith("normal_").map({True: "0 normal", False: "1 abnormal"})
        groups = rows.get("group", rows["path"])
        self.codes = np.unique(labels, return_inverse=True)[1]
        self.groups = np.unique(groups.where(groups != "", rows["path"]), return_inverse=True)[1]
        given = pd.read_csv(self.data / "folds" / f"dev.{self.name}.csv")
        table = given.pivot(index="path", columns="repeat", values="fold")
        self.folds = table.loc[rows["path"]].to_numpy().T

    def _kept(self, key: str, make: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        from texturekit.features import SETS as WRITTEN

        whole = f"{tk.__version__} {self.name} {key} {WRITTEN}"
        path = self.cache / f"{hashlib.sha256(whole.encode()).hexdigest()[:20]}.npy"
        if not path.exists():
            np.save(path, make())
        return np.asarray(np.load(path))

    def blocks(self, parts: str) -> list[NDArray[np.float64]]:
        """Measure the families and stages, long side 224, one block each."""
        wanted = pieces(parse_parts(parts))

        def measured() -> NDArray[np.float64]:
            found = represent(
                self.manifest, wanted, size=224, roi="none", weights=str(self.weights)
            )
            if len(found.usable) < len(self.codes):
                raise SystemExit(f"{self.name}: not every image could be measured; {found.lost}")
            return np.hstack([found.blocks[str(piece)] for piece in wanted])

        from texturekit.parts import part_columns

        ends = np.cumsum([len(part_columns(piece)) for piece in wanted])[:-1]
        return np.split(self._kept(f"blocks {parts}", measured), ends, axis=1)

    def member(self, kind: str, parts: str, repeat: int) -> NDArray[np.float64]:
        """Return the out-of-fold probabilities of one member of a vote."""

        def fitted() -> NDArray[np.float64]:
            blocks = self.blocks(parts)
            x, folds = np.hstack(blocks), self.folds[repeat]
            places = np.split(np.arange(x.shape[1]), np.cumsum([b.shape[1] for b in blocks])[:-1])
            columns = [place.tolist() for place in places]
            p = np.zeros((len(x), self.codes.max() + 1))
            for fold in np.unique(folds):
                train, test = folds != fold, folds == fold
                seen, codes = np.unique(self.codes[train], return_inverse=True)
                one = Member.fit(kind, x[train], codes, self.groups[train], columns, 0, 1)
                p[np.ix_(test, seen)] = one.predict_proba(x[test])
            return p

        return self._kept(f"{kind} {parts} {repeat}", fitted)

    def vote(self, candidate: tuple[str, tuple[str, ...]], repeat: int) -> NDArray[np.float64]:
        """Return the mean of the members' probabilities."""
        parts, kinds = candidate
        return np.asarray(np.mean([self.member(kind, parts, repeat) for kind in kinds], axis=0))

    def hybrid(self, choice: tuple[str, str, str], repeat: int) -> NDArray[np.float64]:
        """Return the weighted mean of a texture vote and an embedding vote."""
        texture, embedding, share = choice
        w = SHARES[share]
        a, b = self.vote(TEXTURE[texture], repeat), self.vote(EMBEDDING[embedding], repeat)
        return np.asarray(w * a + (1 - w) * b)

    def area(self, p: NDArray[np.float64]) -> Area:
        """Return the mean pooled area over classes, for a paired test clustered by group."""
        columns = list(range(p.shape[1])) if p.shape[1] > 2 else [1]
        truth = self.codes[:, None] == columns
        fold = np.zeros(len(p), dtype=np.int64)
        return measure_area(truth, p[:, columns], np.ones_like(truth), fold, self.groups)

    def score(self, of: Callable[[int], NDArray[np.float64]], repeats: int) -> tuple[float, float]:
        """Return AUC, pooled over the folds, and balanced accuracy: means over the repeats."""
        from sklearn.metrics import balanced_accuracy_score, roc_auc_score

        values = []
        for repeat in range(repeats):
            p = of(repeat)
            classes = range(p.shape[1]) if p.shape[1] > 2 else [1]
            area = np.mean([roc_auc_score(self.codes == k, p[:, k]) for k in classes])
            values.append((area, balanced_accuracy_score(self.codes, p.argmax(axis=1))))
        area, balanced = np.mean(values, axis=0)
        return float(area), float(balanced)


def left_out(areas: dict[str, list[float]]) -> list[tuple[str, float]]:
    """Return, for every set, what the others would choose, and what that reaches on it."""
    table = np.array(list(areas.values()))
    chosen = []
    for k in range(table.shape[1]):
        best = int(np.delete(table, k, axis=1).mean(axis=1).argmax())
        chosen.append((list(areas)[best], float(table[best, k])))
    return chosen


def line(name: str, values: list[str]) -> None:
    """Print a row of a Markdown table."""
    print(f"| {name} | {' | '.join(values)} |", flush=True)


def scored(name: str, values: list[tuple[float, float]]) -> list[float]:
    """Print a row of scores with its mean; return the areas."""
    mean = tuple(np.mean(values, axis=0))
    shown = [f"{a:.3f}/{b:.3f}".replace("0.", ".") for a, b in [*values, mean]]
    line(name, shown)
    return [a for a, _ in values]


def chosen_by_the_rest(role: str, areas: dict[str, list[float]]) -> None:
    """Print what leave-one-set-out gives."""
    picks = left_out(areas)
    mean = np.mean([value for _, value in picks])
    shown = [f"{value:.3f} ({name})".replace("0.", ".") for name, value in picks]
    line(f"{role}: chosen on the other six", [*shown, f"{mean:.4f}"])


def rivals(sets: list[ImageSet]) -> None:
    """Print the paired, clustered test of the hybrid against simpler pipelines, first repeat."""
    line("hybrid less", [one.name for one in sets])
    for name, (parts, kind) in RIVALS.items():
        shown = []
        for one in sets:
            pair = (one.hybrid(SHIPPED, 0), one.member(kind, parts, 0))
            found = area_difference(*(one.area(p) for p in pair))
            shown.append(f"{found.value:+.3f} (p {found.p:.3f})")
        line(name, shown)


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="the first repeat only")
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    repeats = 1 if args.quick else 3
    sets = [ImageSet(name, args.data, args.weights, args.cache) for name in SETS]
    line("AUC / balanced accuracy", [*SETS, "mean"])
    line("---", ["---"] * 8)
    for role, candidates in (("texture", TEXTURE), ("embedding", EMBEDDING)):
        areas = {}
        for name, candidate in candidates.items():
            values = [
                one.score(lambda r, o=one, c=candidate: o.vote(c, r), repeats) for one in sets
            ]
            areas[name] = scored(f"{role}: {name}", values)
        chosen_by_the_rest(role, areas)
        line(f"{role}: reported by others", [*REPORTED[role], ""])
    areas = {}
    beside = ("rich set", *SHIPPED[1:])
    for texture, embedding, share in (
        PREVIOUS, beside, *((*SHIPPED[:2], share) for share in SHARES)
    ):  # fmt: skip
        choice = (texture, embedding, share)
        values = [one.score(lambda r, o=one, c=choice: o.hybrid(c, r), repeats) for one in sets]
        name = f"{texture}; {embedding}; {share}"
        areas[name] = scored(f"hybrid: {name}", values)
    chosen_by_the_rest("hybrid", areas)
    line("hybrid: reported by others", [*REPORTED["hybrid"], ""])
    print()
    rivals(sets)


if __name__ == "__main__":
    main()
