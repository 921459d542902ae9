"""Names of what was asked, and tables of what was not: pure functions on rows."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from lab.host.coverage import Survey, named_coverage
from lab.host.models import CoverageRow
from lab.measure.coverage import (
    ENTRY_POINTS,
    Table,
    classes_of,
    counts_of,
    known_class,
    merged,
    tables_of,
)

TREE = {
    "id": 1,
    "class": "aplg",
    "base_class": "aobj",
    "owned": [
        {
            "id": 2,
            "class": "adev",
            "base_class": "aobj",
            "owned": [
                {"id": 3, "class": "mine", "base_class": "levl", "owned": []},
                {"id": 2, "repeated": True},
                {"id": 4, "class": None, "base_class": None, "owned": []},
            ],
        },
        {"id": 9, "cut": True},
    ],
}


def row(
    entry_point: str, object_: int, code: str | None = None, calls: int = 1, refused: int = 0
) -> CoverageRow:
    return CoverageRow(
        plugin=0, entry_point=entry_point, object=object_, code=code, calls=calls, refused=refused
    )


def table(counts: Mapping[str, int], what: str) -> Table:
    (found,) = [one for one in tables_of(counts) if one.what == what]
    return found


def test_every_object_of_a_tree_has_the_class_that_it_says() -> None:
    assert classes_of(TREE) == {
        1: ("aplg", "aobj"),
        2: ("adev", "aobj"),
        3: ("mine", "levl"),
        4: ("aobj", "aobj"),
    }
    assert known_class("mine", "levl") == "levl"
    assert known_class("adev", "aobj") == "adev"
    assert known_class("mine", "yours") == "aobj"


def test_what_was_asked_is_named_by_class_and_by_operation() -> None:
    rows = [
        row("DoIOOperation", 2, "rite", 100),
        row("StartIO", 2),
        row("GetPropertyData", 2, "uid ", 3, 1),
        row("GetPropertyData", 5, "uid ", 2),
        row("GetPropertyData", 8, "uid "),
    ]
    assert counts_of(rows, {2: "adev", 5: "adev"}) == {
        "DoIOOperation:rite": 100,
        "StartIO": 1,
        "GetPropertyData:adev:uid ": 5,
        "GetPropertyData:adev:uid  refused": 1,
        "GetPropertyData:????:uid ": 1,
    }


def test_what_was_offered_and_not_asked_is_there_with_zero() -> None:
    surveyed = Survey(
        {2: "adev"}, frozenset({"GetPropertyData:adev:nsrt", "GetPropertyData:adev:uid "})
    )
    assert named_coverage([row("GetPropertyData", 2, "uid ", 3)], surveyed) == {
        "GetPropertyData:adev:nsrt": 0,
        "GetPropertyData:adev:uid ": 3,
    }
    # A run that counted nothing says nothing, not that nothing was asked.
    assert named_coverage([], surveyed) == {}
    assert tables_of({}) == []


def test_an_entry_point_that_nobody_asked_is_told_and_those_of_others_are_not() -> None:
    found = table({"StartIO": 2, "GetPropertyData:adev:uid ": 3, "dlopen": 1}, "entry points")
    assert found.asked == {"GetPropertyData": 3, "StartIO": 2}
    assert "StopIO" in found.never
    assert "CreateDevice" not in found.never
    assert len(found.never) == len(ENTRY_POINTS) - 4
    manager = table({"GetPropertyData:trpm:uide": 0, "StartIO": 1}, "entry points")
    assert "CreateDevice" in manager.never


def test_an_operation_that_the_driver_would_have_done_is_told_and_what_it_denies_is_not() -> None:
    counts = {
        "WillDoIOOperation:rite": 2,
        "DoIOOperation:rite": 50,
        "WillDoIOOperation:read": 2,
        "WillDoIOOperation:pmix": 2,
        "WillDoIOOperation:pmix refused": 2,
        "WillDoIOOperation:cycl": 2,
        "BeginIOOperation:cycl": 50,
    }
    assert table(counts, "operations") == Table(
        "operations", {"Cycle": 50, "WriteMix": 50}, ["ReadInput"]
    )


def test_properties_stand_by_class_with_what_was_set_and_what_was_refused_apart() -> None:
    counts = {
        "GetPropertyData:adev:nsrt": 5,
        "SetPropertyData:adev:nsrt": 0,
        "GetPropertyData:adev:zzzz": 2,
        "GetPropertyData:adev:zzzz refused": 2,
        "GetPropertyData:adev:icon": 2,
        "GetPropertyData:adev:icon refused": 1,
        "GetPropertyData:adev:uid ": 0,
        "HasProperty:adev:cust": 4,
        "GetPropertyData:????:nsrt": 4,
        "GetPropertyData:a:bc:de:f": 1,
        "GetPropertyData:vlme:lcsv": 0,
    }
    tables = tables_of(counts)
    assert [one.what for one in tables] == [
        "entry points",
        "operations",
        "properties of devices",
        "properties of volume controls",
        "properties of objects of class a:bc",
    ]
    assert tables[2].asked == {"nsrt": 5, "zzzz (refused)": 2, "icon": 2}
    assert tables[2].never == ["uid ", "nsrt set"]
    assert tables[3] == Table("properties of volume controls", {}, ["lcsv"])
    assert tables[4].asked == {"de:f": 1}


NAMES = st.sampled_from(
    ["StartIO", "DoIOOperation:rite", "GetPropertyData:adev:nsrt", "WillDoIOOperation:rite"]
)
COUNTS = st.dictionaries(NAMES, st.integers(0, 1000))


@given(st.lists(COUNTS, max_size=4))
def test_what_one_run_asked_was_asked_and_nothing_is_in_both_lists(
    runs: list[dict[str, int]],
) -> None:
    total = merged(runs)
    assert total == merged(reversed(runs))
    assert sum(total.values()) == sum(sum(run.values()) for run in runs)
    for one in tables_of(total):
        assert not set(one.asked) & set(one.never)
        assert all(count > 0 for count in one.asked.values())
    if any(run.get("StartIO") for run in runs):
        assert "StartIO" in tables_of(total)[0].asked
