"""What a data file must look like: the shape is pydantic's to check, the keys are those of KEYS.

A key that nobody knows is refused, and a value without a source is refused: what the schema holds,
a reviewer need not look for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from lab.profiles.keys import GROUPS, KEYS

Text = Annotated[str, Field(min_length=1)]
_SEE = "see docs/reference/profiles.md for those there are"


class SourceKind(StrEnum):
    """Where a value comes from, the most reliable first."""

    SDK_HEADER = "sdk-header"
    APPLE_NOTE = "apple-note"
    CRASH_REPORT = "crash-report"
    PUBLIC_ISSUE = "public-issue"
    PUBLIC_REPOSITORY = "public-repository"
    SEED_CLAIM = "seed-claim"
    INFERENCE = "inference"


class Confidence(StrEnum):
    """High: we would be surprised if it turned out otherwise; low: we would not."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One place that says it.

    Parameters
    ----------
    kind
        Of what sort it is.
    where
        Header and symbol, release note, issue number, section of a seed; for an inference: from
        what.
    """

    kind: SourceKind
    where: Text


class Entry(_Strict):
    """What a file says on one key.

    Parameters
    ----------
    value
        What is so; absent when `unknown` is given.
    unknown
        Why nobody can say, in a sentence.
    sources
        Who says so; at least one for a value.
    confidence
        How sure it is; for a value.
    note
        What a reader should know besides, such as who says otherwise.
    """

    value: StrictBool | StrictInt | StrictFloat | StrictStr | tuple[StrictStr, ...] | None = None
    unknown: Text | None = None
    sources: tuple[Source, ...] = ()
    confidence: Confidence | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.value is None) == (self.unknown is None):
            raise ValueError("give either value or unknown")
        if self.value is not None and not self.sources:
            raise ValueError("a value needs sources")
        if (self.value is None) != (self.confidence is None):
            raise ValueError("confidence belongs to a value, and every value has one")
        return self


class ProfileHead(_Strict):
    """What a file says of itself, above its tables.

    Parameters
    ----------
    name
        The file's name without its suffix.
    title
        For people.
    kind
        ``macos``: a version of macOS. ``claim``: what somebody says a version does, kept to try it
        out; never meant when all profiles are.
    macos
        The version, such as ``14.4``.
    extends
        The profile whose values hold where this one has none.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]*$")]
    title: Text
    kind: Literal["macos", "claim"]
    macos: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")]
    extends: Text | None = None


def complaint(raw: dict[str, object]) -> tuple[tuple[str, ...], str, str] | None:
    """What is wrong with a file, first things first.

    Parameters
    ----------
    raw
        The TOML document as read.

    Returns
    -------
    tuple or None
        Path of the key, what is wrong, what to do. None for a file that is as it should be.
    """
    try:
        ProfileHead.model_validate({name: item for name, item in raw.items() if name not in GROUPS})
    except ValidationError as error:
        return _first_of(error, ())
    for group in [name for name in raw if name in GROUPS]:
        table = raw[group]
        if not isinstance(table, dict):
            return (group,), "not a table", f"write [{group}.<key>]"
        for name, item in table.items():
            if wrong := _complaint_of_entry(group, name, item):
                return wrong
    return None


def _complaint_of_entry(
    group: str, name: str, item: object
) -> tuple[tuple[str, ...], str, str] | None:
    key = KEYS.get(f"{group}.{name}")
    if key is None:
        return (group, name), "no such key", _SEE
    try:
        entry = Entry.model_validate(item)
    except ValidationError as error:
        return _first_of(error, (group, name))
    if entry.value is not None and not key.allows(entry.value):
        return (group, name, "value"), "not a value of this key", f"it takes {key.takes}"
    return None


def _first_of(error: ValidationError, around: tuple[str, ...]) -> tuple[tuple[str, ...], str, str]:
    first = error.errors(include_url=False)[0]
    where = (*around, *(str(part) for part in first["loc"]))
    if "value" in where:  # which branch of the union did not fit is nothing for people
        return where[: where.index("value") + 1], "not a value of this key", _SEE
    if first["type"] == "extra_forbidden":
        return where, "no such key", _SEE
    if first["type"] == "missing":
        return where, "is missing", "add it"
    return where, first["msg"].removeprefix("Value error, "), "correct it"
