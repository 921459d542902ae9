"""What a driver could be asked: which objects it has, and which of their properties."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from lab.host.base import Host
from lab.host.errors import HostError
from lab.host.models import CoverageRow
from lab.measure.coverage import classes_of, counts_of, known_class, merged
from lab.validate.contract import properties_of


@dataclass(frozen=True)
class Survey:
    """What a plug-in could be asked.

    Attributes
    ----------
    classes
        Of its objects, by object ID, as the contract knows them.
    offered
        Names of `lab.measure.coverage`, of the values that it has and those that can be set.
    """

    classes: dict[int, str] = field(default_factory=dict)
    offered: frozenset[str] = frozenset()


def survey(host: Host, plugin: int) -> Survey:
    """Ask a plug-in for all that its objects may have.

    Parameters
    ----------
    host
        Not the one whose run is looked at: these calls are the lab's own, and a driver that does
        not survive them must not spoil a run.
    plugin
        Which.

    Returns
    -------
    Survey

    Raises
    ------
    LabError
        When the driver does not survive it, or does not say what it is.
    """
    offered: set[str] = set()
    found = classes_of(host.tree(plugin))
    for number, (kind, base) in found.items():
        offered |= _offered(host, plugin, number, kind, base)
    classes = {number: known_class(*said) for number, said in found.items()}
    return Survey(classes, frozenset(offered))


def _offered(host: Host, plugin: int, number: int, kind: str, base: str) -> set[str]:
    offered = set()
    known = known_class(kind, base)
    for known_property in properties_of(kind, base):
        selector = known_property.selector
        for scope in known_property.scopes:
            if not host.has_property(plugin, number, selector, scope):
                continue
            offered.add(f"GetPropertyData:{known}:{selector}")
            with suppress(HostError):  # it has it and denies it: that is for validate to tell
                if host.is_settable(plugin, number, selector, scope):
                    offered.add(f"SetPropertyData:{known}:{selector}")
    return offered


def named_coverage(rows: Iterable[CoverageRow], surveyed: Survey) -> dict[str, int]:
    """What a host has counted, by name; what was offered and not asked is 0.

    Parameters
    ----------
    rows
        Of one plug-in, in one life of its host or in several.
    surveyed
        The plug-in.

    Returns
    -------
    dict
        As `lab.results.Result.coverage`; empty when nothing was counted.
    """
    counted = counts_of(rows, surveyed.classes)
    return merged([dict.fromkeys(surveyed.offered, 0), counted]) if counted else {}
