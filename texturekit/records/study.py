"""A comparison as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from texturekit.errors import ParameterError
from texturekit.records.base import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from texturekit.records.results import Results


@dataclass(frozen=True)
class Study:
    """A comparison: the results and everything that its report is drawn from.

    Attributes
    ----------
    results : Results
        The content of ``results.json``.
    predictions : pandas.DataFrame
        One row a method, repeat, fold and image; every number in ``results`` is computed from it.
    curves : pandas.DataFrame
        ``method, curve, class, x, y, low, high, n``: see ``reports/README.md``.
    importance : pandas.DataFrame
        ``method, column, importance``; empty where no classifier tells.
    config : dict
        The effective configuration.
    environment : dict
        Versions, hardware, data hash, command line.
    assets : dict of bytes
        Pictures (PNG) by file name, ``assets.json`` which maps ids to them, and ``figures.json``.
    refits : pandas.DataFrame or None
        The test rows of fits with other seeds and with a share of the training groups: the columns
        of ``predictions``, ``seed`` (from 0) and ``fraction``. None without.
    training : pandas.DataFrame or None
        The epochs of networks that were trained: ``method, repeat, fold, epoch, train_loss,
        val_loss, val_score, kept``. None without.
    """

    results: Results
    predictions: pd.DataFrame
    curves: pd.DataFrame
    importance: pd.DataFrame
    config: dict[str, Any]
    environment: dict[str, Any]
    assets: Mapping[str, bytes] = field(default_factory=dict)
    refits: pd.DataFrame | None = None
    training: pd.DataFrame | None = None

    def summary(self, metric: str = "roc_auc") -> pd.DataFrame:
        """Return one metric of every method, best first.

        Parameters
        ----------
        metric : str, default "roc_auc"
            A key of ``results.methods[i].metrics``.

        Returns
        -------
        pandas.DataFrame
            ``method, value, low, high, n``; methods without the metric come last with NaN.

        Raises
        ------
        ParameterError
            If no method has such a metric.
        """
        import pandas as pd

        methods = self.results.methods
        known = sorted({name for method in methods for name in method.metrics})
        if metric not in known:
            raise ParameterError(
                f"no method has a metric called {metric!r}; choose one of: {', '.join(known)}."
            )
        absent = Estimate(value=None, how="", reason="not computed")
        rows = [(m.name, m.metrics.get(metric, absent), m.n) for m in methods]
        frame = pd.DataFrame(
            [(name, e.value, e.low, e.high, n) for name, e, n in rows],
            columns=["method", "value", "low", "high", "n"],
        )
        numbers = frame.astype({"value": float, "low": float, "high": float})
        return numbers.sort_values("value", ascending=False, ignore_index=True, kind="stable")
