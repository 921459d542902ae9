"""Models of clocks that are off, in the words of the control protocol, and what they amount to.

A model is a list of components whose errors add up to a *phase error*: by how many nanoseconds the
clock has run ahead of nominal, so many nanoseconds after it began. ``ppm`` are parts per million of
a tick's length: at +200 ppm a frame is 200 ppm shorter than nominal.

`phase_ns` computes in numpy what ``sim/host/src/clock_model.c`` computes in C, to the nanosecond:
both use ``+ - * /`` and rounding down in the same order, and nothing of libm.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from lab.errors import UsageError

MAX_PPM = 5_000.0
MAX_COMPONENTS = 16
_EXAMPLE = """write a clock model: '{"kind": "offset", "ppm": 50}'"""
YEAR_S = 31_536_000.0
Ppm = Annotated[float, Field(ge=-MAX_PPM, le=MAX_PPM, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=YEAR_S, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=1 << 64)]


class _Component(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Offset(_Component):
    """Off by the same rate all the time.

    Attributes
    ----------
    ppm
        Positive: fast.
    """

    kind: Literal["offset"] = "offset"
    ppm: Ppm


class Sine(_Component):
    """A rate that swings, as with the temperature of a room.

    Attributes
    ----------
    ppm
        Largest rate, either way.
    period_s
        1 s to a year.
    phase_turns
        Where in its turn it begins, 0 to 1; at 0.25 with its largest rate.
    """

    kind: Literal["sine"] = "sine"
    ppm: Ppm
    period_s: Annotated[float, Field(ge=1, le=YEAR_S, allow_inf_nan=False)]
    phase_turns: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


class Step(_Component):
    """A rate or a phase that changes at a time. One of `ppm` and `ns` is given.

    Attributes
    ----------
    at_s
        When.
    ppm
        The rate from then on.
    ns
        The phase from then on; ahead when positive.
    """

    kind: Literal["step"] = "step"
    at_s: Seconds
    ppm: Ppm | None = None
    ns: Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Step:
        if (self.ppm is None) == (self.ns is None):
            raise ValueError("a step is one of rate (ppm) or of phase (ns): give one of the two")
        return self


class RandomWalk(_Component):
    """A rate that wanders: once in a second it changes by a random amount.

    Attributes
    ----------
    ppm_per_sqrt_s
        After s seconds its standard deviation is this times the square root of s.
    bound_ppm
        It is reflected there.
    seed
        Which walk.
    """

    kind: Literal["random-walk"] = "random-walk"
    ppm_per_sqrt_s: Annotated[float, Field(ge=0, le=MAX_PPM, allow_inf_nan=False)]
    bound_ppm: Annotated[float, Field(ge=0, le=MAX_PPM, allow_inf_nan=False)]
    seed: Seed = 0


class Jitter(_Component):
    """A random phase of its own for each zero timestamp.

    Attributes
    ----------
    ns
        Standard deviation, at most 10 ms.
    distribution
        ``"gaussian"`` is the sum of 48 uniform numbers.
    seed
        Which numbers.
    """

    kind: Literal["jitter"] = "jitter"
    ns: Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
    distribution: Literal["gaussian", "uniform"] = "gaussian"
    seed: Seed = 0


Component = Offset | Sine | Step | RandomWalk | Jitter
Model = Sequence[Component]

_model: TypeAdapter[list[Component]] = TypeAdapter(
    list[Annotated[Component, Field(discriminator="kind")]]
)


def parse_model(data: Any) -> list[Component]:
    """A model from JSON.

    Parameters
    ----------
    data
        A list of objects with a ``kind``.

    Returns
    -------
    list of Component

    Raises
    ------
    pydantic.ValidationError
        When it is none.
    """
    return _model.validate_python(data)


def read_model(option: str, text: str) -> list[Component]:
    """A model from a command line: JSON as docs/reference/rpc.md has it, or a file that holds it.

    Parameters
    ----------
    option
        Of the command line, for the message.
    text
        A list of components, or one; the path of a file when it does not begin as JSON does.

    Returns
    -------
    list of Component
        At most 16.

    Raises
    ------
    UsageError
        When it is none.
    """
    where = ""
    if not text.lstrip().startswith(("[", "{")):
        where = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                f"{option}: neither JSON nor a file", where=where, do=_EXAMPLE
            ) from None
    try:
        data = json.loads(text)
        model = parse_model([data] if isinstance(data, dict) else data)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in found["loc"])
        said = str(found["msg"]).removeprefix("Value error, ")
        raise UsageError(
            f"{option}: {place or 'model'}: {said}", where=where, do=_EXAMPLE
        ) from None
    except ValueError as error:
        raise UsageError(f"{option}: no JSON ({error})", where=where, do=_EXAMPLE) from None
    if len(model) > MAX_COMPONENTS:
        raise UsageError(f"{option}: {len(model)} components", do=f"use at most {MAX_COMPONENTS}")
    return model


def to_wire(model: Model) -> list[dict[str, Any]]:
    """What ``device.set_clock`` takes.

    Parameters
    ----------
    model
        Components; an empty one is a perfect clock.

    Returns
    -------
    list of dict
    """
    return [component.model_dump(exclude_none=True) for component in model]


def phase_ns(model: Model, t_ns: ArrayLike) -> NDArray[np.int64]:
    """By how much the clock has run ahead.

    Parameters
    ----------
    model
        Components.
    t_ns
        Any shape: nanoseconds since the clock began, 0 to 2^53.

    Returns
    -------
    ndarray
        The same shape, whole nanoseconds.

    Raises
    ------
    ValueError
        When a time is negative or not whole.
    """
    given = np.asarray(t_ns)
    if not np.issubdtype(given.dtype, np.integer) or np.any(given < 0):
        raise ValueError("times are whole nanoseconds from 0 on")
    t = given.astype(np.uint64)
    total = np.zeros(t.shape)
    for component in model:
        total = total + _component_ns(component, t)
    return np.asarray(np.floor(total + 0.5).astype(np.int64))


# ---- components, as in clock_model.c -------------------------------------------------------------

_TWO_PI = 6.283185307179586
_DIVISORS = (2.0, 12.0, 30.0, 56.0, 90.0, 132.0, 182.0, 240.0, 306.0, 380.0)
_SECOND = np.uint64(1_000_000_000)
_U16 = np.uint64(0xFFFF)

_Floats = NDArray[np.float64]
_Words = NDArray[np.uint64]


def _component_ns(component: Component, t: _Words) -> _Floats:
    time = t.astype(np.float64)
    if isinstance(component, Offset):
        return component.ppm * 1e-6 * time
    if isinstance(component, Sine):
        return _sine_ns(component, time)
    if isinstance(component, Step):
        since = time - component.at_s * 1e9
        if component.ppm is not None:
            return np.where(since > 0, component.ppm * 1e-6 * since, 0.0)
        assert component.ns is not None
        return np.where(since >= 0, component.ns, 0.0)
    if isinstance(component, RandomWalk):
        return _walk_ns(component, t)
    key = _key(component.seed, t)
    return component.ns * (_uniform(key) if component.distribution == "uniform" else _normal(key))


def _sine_ns(component: Sine, time: _Floats) -> _Floats:
    period_ns = component.period_s * 1e9
    turns = time / period_ns
    turns = turns - np.floor(turns)
    swing_ns = component.ppm * 1e-6 * period_ns / _TWO_PI
    start = _cosine(np.asarray(component.phase_turns))
    return swing_ns * (start - _cosine(turns + component.phase_turns))


def _cosine(turns: _Floats) -> _Floats:
    away = np.abs(turns - np.floor(turns + 0.5))
    mirrored = away > 0.25
    x = _TWO_PI * np.where(mirrored, 0.5 - away, away)
    square = x * x
    total = np.ones_like(x)
    for divisor in reversed(_DIVISORS):
        total = 1.0 - square / divisor * total
    return np.where(mirrored, -total, total)


def _walk_ns(component: RandomWalk, t: _Words) -> _Floats:
    second = t // _SECOND
    last = int(second.max()) if second.size else 0
    steps = component.ppm_per_sqrt_s * _normal(
        _key(component.seed, np.arange(1, last + 1, dtype=np.uint64))
    )
    ppm = np.zeros(last + 1)
    phase = np.zeros(last + 1)
    bound = component.bound_ppm
    rate = begun = 0.0
    for number, step in enumerate(steps.tolist(), start=1):
        begun = begun + rate * 1000.0
        rate = rate + step
        if rate > bound:
            rate = 2.0 * bound - rate
        elif rate < -bound:
            rate = -2.0 * bound - rate
        rate = min(max(rate, -bound), bound)
        ppm[number] = rate
        phase[number] = begun
    rest = (t - second * _SECOND).astype(np.float64)
    return np.asarray(phase[second.astype(np.int64)] + ppm[second.astype(np.int64)] * 1e-6 * rest)


def _hash(x: _Words) -> _Words:
    with np.errstate(over="ignore"):  # modulo 2^64 is what is meant
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)))


def _key(seed: int, n: _Words) -> _Words:
    return _hash(_hash(np.array(seed, dtype=np.uint64)) ^ n)


def _normal(key: _Words) -> _Floats:
    total = np.zeros(key.shape, dtype=np.uint64)
    for i in range(12):
        with np.errstate(over="ignore"):
            word = _hash(key + np.uint64(i))
        for shift in (0, 16, 32, 48):
            total = total + ((word >> np.uint64(shift)) & _U16)
    return np.asarray((total.astype(np.float64) + 24.0 - 24.0 * 65536.0) / 131072.0)


def _uniform(key: _Words) -> _Floats:
    unit = ((_hash(key) >> np.uint64(11)).astype(np.float64) + 0.5) / 9007199254740992.0
    return np.asarray((unit - 0.5) * 3.4641016151377544)
