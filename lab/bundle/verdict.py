"""From findings to a verdict, one per macOS version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lab.bundle.findings import Finding, Severity
from lab.profiles.profile import Profile

Outcome = Literal["accepted", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a macOS version makes of a bundle, as far as the files tell.

    Parameters
    ----------
    profile
        Its name.
    outcome
        ``refused`` when one finding says so; else ``unknown`` when nobody says what one finding
        leads to; else ``accepted``.
    reasons
        Sentences of the findings that decided.
    """

    profile: str
    outcome: Outcome
    reasons: tuple[str, ...]


def decide(profile: Profile, findings: Iterable[Finding]) -> Verdict:
    """The verdict of one profile.

    Parameters
    ----------
    profile
        Whose.
    findings
        Of the bundle; those of other profiles do not count.
    """
    own = [one for one in findings if one.profile in {None, profile.name}]
    refusals = _sentences(own, Severity.REFUSED)
    if refusals:
        return Verdict(profile.name, "refused", refusals)
    doubts = _sentences(own, Severity.UNKNOWN)
    return Verdict(profile.name, "unknown" if doubts else "accepted", doubts)


def _sentences(findings: list[Finding], severity: Severity) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.sentence for one in findings if one.severity is severity))
