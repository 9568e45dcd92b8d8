"""What every record is, and a number with its interval."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

SCHEMA_VERSION = 1

Family = Literal["baseline", "texture", "embedding", "finetuned", "hybrid", "head"]
Kind = Literal["binary", "multiclass", "multilabel"]
Verdict = Literal["a_better", "b_better", "no_difference_shown", "not_testable"]


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite; use None and give the reason")
    return number


Number = Annotated[float, AfterValidator(_finite)]


class Record(BaseModel):
    """A frozen value with JSON both ways (``model_dump_json``, ``model_validate_json``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(Record):
    """A number with its 95% interval and the name of the method that gave it.

    ``caution`` says why value and interval have to be read with care: ``"few cases: ..."``.

    Examples
    --------
    >>> Estimate(value=0.81, low=0.74, high=0.86, how="Wilson").value
    0.81
    """

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    how: str
    reason: str | None = None
    caution: str | None = None

    @model_validator(mode="after")
    def _undefined_has_a_reason(self) -> Estimate:
        if self.value is None and not self.reason:
            raise ValueError("value is None without a reason; say why it is undefined")
        return self


class Difference(Record):
    """A paired difference, a minus b, with interval, test statistic and p value.

    ``error`` is the standard error that the test used, where it used one.
    """

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    statistic: Number | None = None
    p: Number | None = None
    how: str
    reason: str | None = None
    error: Number | None = None
