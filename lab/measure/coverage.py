"""Coverage of the HAL's contract: what a driver was asked, by name, and what nobody asked.

A name is an entry point (``"StartIO"``), with the operation (``"DoIOOperation:rite"``), or with the
object's class and the property (``"GetPropertyData:adev:nsrt"``). Behind ``" refused"`` stands how
often of those the driver said no. A count of 0 is of what could be asked and was not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.host.models import CoverageRow
from lab.validate.contract import BASES

ENTRY_POINTS = (
    *("QueryInterface", "AddRef", "Release", "Initialize", "CreateDevice", "DestroyDevice"),
    *("AddDeviceClient", "RemoveDeviceClient", "PerformDeviceConfigurationChange"),
    *("AbortDeviceConfigurationChange", "HasProperty", "IsPropertySettable"),
    *("GetPropertyDataSize", "GetPropertyData", "SetPropertyData", "StartIO", "StopIO"),
    *("GetZeroTimeStamp", "WillDoIOOperation", "BeginIOOperation", "DoIOOperation"),
    "EndIOOperation",
)
"""Of AudioServerPlugInDriverInterface, in its order."""
TRANSPORT_MANAGERS_ONLY = {"CreateDevice", "DestroyDevice"}
"""Asked of plug-ins of class ``trpm``; the others refuse them."""
OPERATIONS = {
    "thrd": "Thread",
    "cycl": "Cycle",
    "read": "ReadInput",
    "cinp": "ConvertInput",
    "pinp": "ProcessInput",
    "pout": "ProcessOutput",
    "mixo": "MixOutput",
    "pmix": "ProcessMix",
    "cmix": "ConvertMix",
    "rite": "WriteMix",
}
"""Names in AudioServerPlugIn.h, by code."""
BRACKETS = {"thrd", "cycl"}
"""Operations that are begun and ended and have nothing to do in between."""
PROPERTY_CALLS = {
    *("HasProperty", "IsPropertySettable", "GetPropertyDataSize", "GetPropertyData"),
    "SetPropertyData",
}
UNKNOWN_CLASS = "????"
"""Of an object that the driver's tree does not have."""
_REFUSED = " refused"
_PLURALS = {
    "aplg": "plug-ins",
    "trpm": "transport managers",
    "abox": "boxes",
    "adev": "devices",
    "aclk": "clock devices",
    "edev": "end point devices",
    "endp": "end points",
    "astr": "streams",
    "vlme": "volume controls",
    "mute": "mute controls",
    "solo": "solo controls",
    "dsrc": "data source controls",
    "clck": "clock source controls",
    "sldr": "sliders",
    "span": "stereo pans",
    "aobj": "objects",
}


@dataclass(frozen=True)
class Table:
    """How much of one kind of thing was asked.

    Attributes
    ----------
    what
        ``"entry points"``, ``"operations"``, ``"properties of devices"``.
    asked
        Name to how often.
    never
        What the driver has, or must have, and was not asked.
    """

    what: str
    asked: dict[str, int] = field(default_factory=dict)
    never: list[str] = field(default_factory=list)


def known_class(class_id: str, base_class: str) -> str:
    """The class that the contract knows an object by.

    Parameters
    ----------
    class_id, base_class
        As the object says.

    Returns
    -------
    str
        Its class; of one that is not standard its base class, or ``"aobj"``.
    """
    return next((one for one in (class_id, base_class) if one in BASES), "aobj")


def classes_of(tree: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """Class and base class of each object.

    Parameters
    ----------
    tree
        As ``object.tree`` has it.

    Returns
    -------
    dict
        By object ID; what an object does not say is ``"aobj"``.
    """
    found: dict[int, tuple[str, str]] = {}
    for node in _nodes(tree):
        if "class" in node:
            said = (node.get("class"), node.get("base_class"))
            kind, base = (str(one) if one is not None else "aobj" for one in said)
            found.setdefault(int(node["id"]), (kind, base))
    return found


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for owned in node.get("owned", []):
        yield from _nodes(owned)


def counts_of(rows: Iterable[CoverageRow], classes: Mapping[int, str]) -> Counter[str]:
    """Name to how often, of what the host counted.

    Parameters
    ----------
    rows
        Of ``host.coverage``, of one plug-in.
    classes
        By object, as `known_class` has them.

    Returns
    -------
    Counter
        Objects of one class are counted together.
    """
    counts: Counter[str] = Counter()
    for row in rows:
        name = row.entry_point
        if row.entry_point in PROPERTY_CALLS:
            name += f":{classes.get(row.object, UNKNOWN_CLASS)}"
        if row.code is not None:
            name += f":{row.code}"
        counts[name] += row.calls
        if row.refused:
            counts[name + _REFUSED] += row.refused
    return counts


def merged(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Of several runs, or lives, together: sums, and what is 0 in all of them stays."""
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))


def tables_of(counts: Mapping[str, int]) -> list[Table]:
    """What was asked and what was not, of one driver.

    Parameters
    ----------
    counts
        As `merged` has them; names that this version does not know only count for their entry
        point.

    Returns
    -------
    list of Table
        Entry points, operations, and the properties of each class that there was.
    """
    if not counts:
        return []
    asked = {name: n for name, n in counts.items() if not name.endswith(_REFUSED)}
    refused = {name: counts.get(name + _REFUSED, 0) for name in asked}
    properties: dict[str, Table] = {}
    for name in sorted(asked):
        _take_property(properties, name, asked[name], refused[name])
    order = [*_PLURALS]
    classes = sorted(properties, key=lambda one: (order.index(one) if one in order else 99, one))
    return [
        _entry_points(asked, has_transport="trpm" in properties),
        _operations(asked, refused),
        *(properties[one] for one in classes),
    ]


def _entry_points(asked: Mapping[str, int], *, has_transport: bool) -> Table:
    sums: Counter[str] = Counter()
    for name, count in asked.items():
        sums[name.partition(":")[0]] += count
    table = Table("entry points")
    for name in ENTRY_POINTS:
        if sums[name]:
            table.asked[name] = sums[name]
        elif has_transport or name not in TRANSPORT_MANAGERS_ONLY:
            table.never.append(name)
    return table


def _operations(asked: Mapping[str, int], refused: Mapping[str, int]) -> Table:
    """What WillDoIOOperation said yes to is what the driver has."""
    table = Table("operations")
    for code, word in OPERATIONS.items():
        will = f"WillDoIOOperation:{code}"
        done = asked.get(f"DoIOOperation:{code}", 0)
        if code in BRACKETS:
            done += asked.get(f"BeginIOOperation:{code}", 0)
        if done:
            table.asked[word] = done
        elif asked.get(will, 0) > refused.get(will, 0):
            table.never.append(word)
    return table


def _take_property(tables: dict[str, Table], name: str, count: int, refused: int) -> None:
    """Put a value that was read or set, or could have been, into the table of its class."""
    entry_point, _, rest = name.partition(":")
    # Four characters may have a colon among them.
    kind, selector = (rest[:4], rest[5:]) if rest[4:5] == ":" else ("", "")
    if entry_point not in {"GetPropertyData", "SetPropertyData"} or not selector:
        return
    if kind == UNKNOWN_CLASS:
        return
    table = tables.setdefault(
        kind, Table(f"properties of {_PLURALS.get(kind, f'objects of class {kind}')}")
    )
    told = selector if entry_point == "GetPropertyData" else f"{selector} set"
    if count == 0:
        table.never.append(told)
    else:
        table.asked[f"{told} (refused)" if refused >= count else told] = count
