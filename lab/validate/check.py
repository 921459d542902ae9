"""What a check is."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from lab.validate.subject import Subject

Family = Literal[
    "bundle",
    "objects",
    "settings",
    "lifecycle",
    "time",
    "io",
    "real-time",
    "threads",
    "robustness",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""In the order in which they are run and told."""
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
T = TypeVar("T")


class Need(StrEnum):
    """What it means that a check does not hold, in the words of auval."""

    REQUIRED = "required"
    """macOS, or programs that keep to its interface, will not work with the driver: a failure."""
    RECOMMENDED = "recommended"
    """Users will suffer: a warning."""
    OPTIONAL = "optional"
    """Nobody has to offer it; who does, offers it wrongly: a warning."""


class Unmet(Exception):  # noqa: N818
    """What a check expects does not hold."""


class Skip(Exception):  # noqa: N818
    """There is nothing to check."""


class Check(ABC):
    """One thing that a driver must, should or may do.

    The first line of the docstring is the sentence that users read: what a driver does that passes.

    Attributes
    ----------
    id
        kebab-case.
    family
        One of `FAMILIES`.
    strictness
        1 (anybody's driver must) to 10 (nobody will notice): from which level on it is run.
    need
        What it means that it does not hold.
    source
        Who says so: SDK header, Apple note, public issue.
    limit_s
        Real time after which it is ended.
    """

    id: ClassVar[str]
    family: ClassVar[Family]
    strictness: ClassVar[int]
    need: ClassVar[Need]
    source: ClassVar[str]
    limit_s: ClassVar[float] = 20.0

    def __init_subclass__(cls) -> None:
        if "id" not in cls.__dict__:
            return  # a base of several
        doc = (cls.__doc__ or "").strip().splitlines()
        assert _KEBAB.fullmatch(cls.id), cls.id
        assert cls.family in FAMILIES, cls.id
        assert 1 <= cls.strictness <= 10, cls.id
        assert cls.source, cls.id
        assert doc[:1], f"{cls.id}: it needs a sentence"
        assert doc[0].endswith("."), f"{cls.id}: one sentence, with its full stop"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    @classmethod
    def sentence(cls) -> str:
        """What a driver does that passes."""
        return (cls.__doc__ or "").strip().splitlines()[0]

    @abstractmethod
    def run(self, subject: Subject) -> None:
        """Check it.

        Raises
        ------
        Unmet, Skip
            By `expect` and `skip`.
        LabError
            `DriverCrashed` and `DriverHung` are the driver's, others the lab's fault.
        """

    # ---- what a check says -------------------------------------------------------------------

    def expect(self, condition: object, evidence: str) -> None:
        """End the check unless something holds.

        Parameters
        ----------
        condition
            Whether it does.
        evidence
            What was done, what came, and what should have come, in one line.
        """
        if not condition:
            raise Unmet(evidence)

    def expect_all(self, complaints: Iterable[str]) -> None:
        """End the check if there is any complaint; the first is told, and how many more there are.

        All of them are kept as notes, up to ten.
        """
        found = list(complaints)
        if not found:
            return
        self.notes += found[1:10]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Unmet(found[0] + more)

    def skip(self, reason: str) -> None:
        """End the check: there is nothing to check."""
        raise Skip(reason)

    def some(self, found: Sequence[T], what: str) -> Sequence[T]:
        """What was found; without any, the check is skipped."""
        if not found:
            raise Skip(f"the driver has no {what}")
        return found

    def warn(self, evidence: str) -> None:
        """Something is not as it should be, and the check goes on: a warning, if no failure."""
        self.warnings.append(evidence)

    def note(self, text: str) -> None:
        """Something that is good to know."""
        self.notes.append(text)
