"""A figure, what it is compared with, and what follows: pure functions on numbers.

A wall-clock number of one machine says little on another; a ratio of two numbers measured at the
same moment on the same machine says more. Some ratios hold still enough to fail a run; the others
only ask for a look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from statistics import median


class Verdict(StrEnum):
    """What a ratio says."""

    STRETCH = "stretch reached"
    OK = "ok"
    ATTENTION = "needs attention"
    FAILED = "failed"
    NOTE = "for information"


@dataclass(frozen=True)
class Ratio:
    """One figure with its limit.

    Parameters
    ----------
    name
        What is measured, in words.
    value
        The figure; lower is better unless `higher_is_better`.
    limit
        The target; None for a figure that is only reported.
    stretch
        A harder target, for information.
    unit
        Unit of `value`; "x" for a ratio.
    gates
        Whether missing the target by more than `margin` fails the run. For figures that hold still
        on a busy machine only.
    margin
        Factor on `limit` that noise is granted before the run fails.
    detail
        The numbers behind the figure.
    """

    name: str
    value: float
    limit: float | None = None
    stretch: float | None = None
    unit: str = "x"
    higher_is_better: bool = False
    gates: bool = False
    margin: float = 1.0
    detail: dict[str, float | str] = field(default_factory=dict)

    def meets(self, target: float) -> bool:
        """Say whether the value is on the right side of `target`."""
        return self.value >= target if self.higher_is_better else self.value <= target

    @property
    def verdict(self) -> Verdict:
        """What follows from the value."""
        if self.limit is None:
            return Verdict.NOTE
        if self.stretch is not None and self.meets(self.stretch):
            return Verdict.STRETCH
        if self.meets(self.limit):
            return Verdict.OK
        slack = 1 / self.margin if self.higher_is_better else self.margin
        if self.gates and not self.meets(self.limit * slack):
            return Verdict.FAILED
        return Verdict.ATTENTION

    def as_record(self) -> dict[str, object]:
        """All of it as plain data, for storage."""
        return asdict(self) | {"verdict": str(self.verdict)}

    def as_row(self) -> tuple[str, str, str, str, str]:
        """Figure, value, target, verdict and details as text."""
        target = ""
        if self.limit is not None:
            target = f"{'>=' if self.higher_is_better else '<='} {shown(self.limit)} {self.unit}"
            if self.stretch is not None:
                target += f" ({shown(self.stretch)})"
        details = ", ".join(
            f"{name} {shown(value) if isinstance(value, float) else value}"
            for name, value in self.detail.items()
        )
        return self.name, f"{shown(self.value)} {self.unit}", target, str(self.verdict), details


def shown(value: float) -> str:
    """Three significant digits, thousands separated, no exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def floor(rounds: Sequence[float]) -> float:
    """Estimate the cost without disturbances: noise on a busy machine only ever adds.

    The fifth percentile, and never the minimum: one lucky round is no estimate.

    Raises
    ------
    ValueError
        When there are fewer than two rounds.
    """
    if len(rounds) < 2:
        raise ValueError("one round has no floor")
    ordered = sorted(rounds)
    return ordered[max(len(ordered) // 20, 1)]


def paired(rounds: Sequence[float], reference: Sequence[float]) -> float:
    """Ratio of the floors of two contestants whose rounds alternated."""
    return floor(rounds) / floor(reference)


def typical(rounds: Sequence[float]) -> float:
    """Median, for display."""
    return median(rounds)
