"""Every kind of page, drawn from made-up studies."""

from __future__ import annotations

from dataclasses import replace

from tests.report.studies import changed, ready, study
from tests.report.test_page import HOSTILE, _named
from texturekit.auditing import Audit
from texturekit.records import (
    AlikePair,
    AuditResults,
    Crossing,
    Estimate,
    MethodResult,
    Shortcut,
    Skipped,
    TwoLabels,
)
from texturekit.report.audit_page import render_audit
from texturekit.report.page import render
from texturekit.report.pseudonyms import pseudonymised
from texturekit.report.ranking_page import render_ranking
from texturekit.task_ranking import rank_methods

TWO = {"majority/dummy": ("baseline", 0.0), "glcm+lbp/forest": ("texture", 0.5)}
PARTS = ("glcm", "lbp", "texture", "resnet18", "texture+resnet18")
FAMILIES = ("texture", "texture", "texture", "embedding", "hybrid")
TWENTY = {
    "majority/dummy": ("baseline", 0.0),
    "geometry/forest": ("baseline", 0.05),
    **{
        f"{part}/{classifier}": (family, 0.1 * place + 0.07 * turn)
        for turn, classifier in enumerate(("logistic", "forest", "xgboost", "knn"))
        for place, (part, family) in enumerate(zip(PARTS, FAMILIES, strict=True), start=1)
    },
}


def _failed_run():
    of = ready()
    methods = [MethodResult(name=m.name, family=m.family, status="failed", reason="no memory")
               for m in of.results.methods]  # fmt: skip
    empty = changed(of, methods=methods, comparisons=[], pairs=[], subgroups=[])
    return replace(empty, curves=of.curves.head(0), predictions=of.predictions.head(0),
                   training=None, assets={})  # fmt: skip


def _hostile():
    return _named(study(classes=["a", HOSTILE], images=True, failed=True), HOSTILE)


def _audit():
    ids = [f"a/{i}.png" for i in range(5)]
    area = Estimate(value=0.9, low=0.8, high=0.95, how="DeLong")
    png = next(v for k, v in ready().assets.items() if k.endswith(".png"))
    skipped = [Skipped(path=HOSTILE, reason=HOSTILE, kind="unreadable")]
    results = AuditResults(
        source="/data/" + HOSTILE, found=60, used=59, skipped=skipped, unreadable=[],
        exact_duplicates=[ids[:2]], near_duplicates=[ids[:3]], possible_duplicates=[ids],
        pairs=[AlikePair(a=ids[0], b=ids[2], likeness=0.97, mirrored=True, kind="near")],
        near_from=0.9, possible_from=0.7,
        two_labels=[TwoLabels(kind="exact", images=ids[:2], labels=["benign", HOSTILE])],
        duplicates_over_splits=[Crossing(a=ids[0], b=ids[1], kind="exact", parts="train, test")],
        groups_over_splits={"p1": ["train", "test"]}, classes=["benign", HOSTILE],
        counts={"benign": 30, HOSTILE: 29}, group_counts={"benign": 10, HOSTILE: 9},
        split_counts={"train": {"benign": 20, HOSTILE: 9}, "test": {"benign": 10, HOSTILE: 20}},
        groups=19, groups_with_two_labels=1, sizes={"224 x 224": 59}, modes={"L": 59},
        formats={"PNG": 59}, notes=["A note."],
        shortcuts=[Shortcut(name="geometry/forest", roc_auc=area, text="Shortcut: a lot.")],
    )  # fmt: skip
    return render_audit(Audit(results, dict.fromkeys(ids, png)))


def _ranking():
    found = {f"task{i}": study("binary", n=60, seed=i, images=False).results for i in range(3)}
    return render_ranking(
        rank_methods(found, reports={"task0": "task0/index.html"}, errors={"task9": HOSTILE})
    )


#: By name: a function that draws the page.
PAGES = {
    "binary": lambda: render(ready()),
    "two_methods": lambda: render(study(n=60, methods=TWO, failed=False)),
    "twenty_methods": lambda: render(study(n=60, methods=TWENTY)),
    "multiclass": lambda: render(ready("multiclass")),
    "thirty_classes": lambda: render(
        study(
            "multiclass", n=180, methods=TWO, images=False, classes=[f"Type {k}" for k in range(30)]
        )
    ),
    "multilabel": lambda: render(ready("multilabel")),
    "long_names": lambda: render(
        study("multilabel", n=60, methods=TWO, images=False, classes=["a", "b", "L" * 255])
    ),
    "failed_run": lambda: render(_failed_run()),
    "hostile": lambda: render(_hostile()),
    "to_mail": lambda: render(pseudonymised(replace(ready(), assets={}))),
    "synthetic": lambda: render(changed(ready("multiclass"), synthetic=True, findings=[])),
    "audit": _audit,
    "ranking": _ranking,
}
