"""Which method leads: the order that every page and sentence goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from texturekit.records import MethodResult, Results

MAIN = "roc_auc"


def ranked(results: Results) -> list[MethodResult]:
    """Return the methods, best AUC first; undefined ones next, failed and skipped ones last."""

    def order(method: MethodResult) -> tuple[bool, bool, float]:
        value = auc(method)
        return method.status != "ok", value is None, -(value or 0.0)

    return sorted(results.methods, key=order)


def auc(method: MethodResult) -> float | None:
    """Return the area under the ROC curve, None where it is undefined."""
    estimate = method.metrics.get(MAIN)
    return None if estimate is None else estimate.value


def leader(results: Results) -> MethodResult | None:
    """Return the best method that is no baseline; a baseline if nothing else ran."""
    done = [m for m in ranked(results) if m.status == "ok"]
    return next((m for m in done if m.family != "baseline"), done[0] if done else None)
