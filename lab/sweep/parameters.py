"""What a sweep can vary: names, units, limits, and how values are written."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lab.errors import UsageError

VALUES_MAX = 10_000
"""Of one parameter."""


@dataclass(frozen=True)
class Parameter:
    """Something that a sweep can vary.

    Attributes
    ----------
    name
        With its unit.
    default
        Where a grid does not name it.
    low, high
        Limits, both allowed.
    whole
        Whether it is a whole number; others have at most three digits behind the point.
    sentence
        What it is.
    """

    name: str
    default: int
    low: int
    high: int
    whole: bool
    sentence: str

    def check(self, value: Decimal, *, power_of_two: bool = False) -> Decimal:
        """A value, if it is one of this parameter.

        Parameters
        ----------
        value
            Finite.
        power_of_two
            Nothing else is a ring of layout v2.

        Returns
        -------
        Decimal
            Without zeros at its end, so that one number has one text.

        Raises
        ------
        UsageError
            When it is none.
        """
        if not self.low <= value <= self.high:
            raise UsageError(
                f"{self.name} {value:f} is out of range", do=f"choose {self.low} to {self.high}"
            )
        digits = 0 if self.whole else 3
        if value != round(value, digits):
            allowed = "a whole number" if self.whole else "with at most 3 digits behind the point"
            raise UsageError(f"{self.name} {value:f} is too exact", do=f"write it {allowed}")
        if power_of_two and int(value) & (int(value) - 1):
            raise UsageError(
                f"{self.name} {value:f} is no power of two",
                do="layout v2 has no other rings; choose 1024, 2048, ..., or --layout v1",
            )
        return plain(value)


PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("ring_frames", 16_384, 256, 4_194_304, True, "what the driver's ring holds"),
        Parameter("period_frames", 480, 16, 8_192, True, "frames of an IO cycle"),
        Parameter("ppm", 0, -5_000, 5_000, True, "by how much the device's clock is fast"),
        Parameter("jitter_ms", 0, 0, 2_000, False, "mean time by which the reader wakes late"),
        Parameter("load_percent", 0, 0, 100, True, "share of its time that the reader lacks"),
        Parameter("load_burst_ms", 100, 1, 2_000, False, "mean time for which it lacks that"),
        Parameter("host_jitter_ms", 0, 0, 2_000, False, "mean time by which the host wakes late"),
    )
}
"""By name, in the order in which points are told."""


def find_parameter(name: str) -> Parameter:
    """A parameter by its name, with or without its unit: ``"period"`` is ``"period_frames"``.

    Raises
    ------
    UsageError
        When there is none, or more than one.
    """
    if name in PARAMETERS:
        return PARAMETERS[name]
    found = [p for p in PARAMETERS.values() if name and p.name.rpartition("_")[0] == name]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(parameter.name for parameter in found)
        raise UsageError("more than one parameter has that name", where=name, do=f"write {names}")
    near = difflib.get_close_matches(name, PARAMETERS, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(PARAMETERS)}"
    raise UsageError("no such parameter", where=name or "(no name)", do=hint)


def read_values(name: str, text: str) -> list[Decimal]:
    """The values that a text stands for.

    Parameters
    ----------
    name
        Of the parameter, for messages.
    text
        Numbers with commas in between; ``from:to:step``; ``from:to:xfactor``. The end is a value,
        too, when a step leads there.

    Returns
    -------
    list of Decimal
        In the order in which they were written; not yet held against the parameter's limits.

    Raises
    ------
    UsageError
        When it stands for none, or for too many.
    """
    values: list[Decimal] = []
    for part in text.split(","):
        values += _range(name, part) if ":" in part else [_number(name, part)]
        if len(values) > VALUES_MAX:
            raise _too_many(name)
    return values


def plain(value: Decimal) -> Decimal:
    """The same number without an exponent, or zeros behind the point."""
    return Decimal(f"{value.normalize():f}") if value else Decimal(0)


def _range(name: str, text: str) -> list[Decimal]:
    parts = text.split(":")
    if len(parts) != 3:
        raise UsageError(
            "no range", where=f"{name}={text}", do="write FROM:TO:STEP, or FROM:TO:xFACTOR"
        )
    first, last = _number(name, parts[0]), _number(name, parts[1])
    by = parts[2].strip()
    times = by.startswith("x")
    step = _number(name, by.removeprefix("x"))
    if last < first or (times and (step <= 1 or first <= 0)) or (not times and step <= 0):
        rule = "from above 0, and a factor above 1" if times else "upwards, with a step above 0"
        raise UsageError("the range leads nowhere", where=f"{name}={text}", do=f"go {rule}")
    values = [first]
    while (value := values[-1] * step if times else values[-1] + step) <= last:
        if value == values[-1] or len(values) >= VALUES_MAX:
            raise _too_many(name)
        values.append(value)
    return values


def _number(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > 10**12:
        raise UsageError("no number", where=f"{name}={text}", do=f"write {name}=1,2,3") from None
    return value


def _too_many(name: str) -> UsageError:
    return UsageError(f"{name} has more than {VALUES_MAX:,} values", do="take larger steps")
