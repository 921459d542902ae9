"""Which checks there are, and which are run."""

from __future__ import annotations

import pytest

from lab.errors import UsageError
from lab.validate.check import FAMILIES, Check, Need
from lab.validate.registry import all_checks, choose


def test_checks_come_by_family_then_strictness() -> None:
    order = [(FAMILIES.index(check.family), check.strictness, check.id) for check in all_checks()]
    assert order == sorted(order)
    assert len({check.id for check in all_checks()}) == len(order)


def test_each_check_has_one_sentence_that_fits_a_line() -> None:
    for check in all_checks():
        assert len(check.sentence()) <= 100, check.id
        assert check.sentence().endswith("."), check.id


def test_strictness_takes_all_up_to_it() -> None:
    for level in range(1, 11):
        try:
            chosen = choose(level)
        except UsageError:
            continue
        assert {check.strictness for check in chosen} <= set(range(1, level + 1))
        assert len(chosen) == sum(check.strictness <= level for check in all_checks())


def test_a_pattern_takes_checks_whatever_their_strictness() -> None:
    chosen = choose(1, include=["objects-tree-stable"])
    assert [check.id for check in chosen] == ["objects-tree-stable"]
    assert {check.family for check in choose(1, include=["bundle"])} == {"bundle"}


def test_what_is_excluded_is_not_run() -> None:
    left = choose(10, exclude=["bundle-*", "objects-ids-unique"])
    assert not any(check.id.startswith("bundle-") for check in left)
    assert "objects-ids-unique" not in {check.id for check in left}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"include": ["no-such-*"]}, "no check has such a name"),
        ({"exclude": ["no-such"]}, "no check has such a name"),
        ({"include": ["bundle"], "exclude": ["bundle"]}, "no check is left"),
        ({"strictness": 0}, "no strictness 0"),
        ({"strictness": 11}, "no strictness 11"),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose(**{"strictness": 10, **arguments})  # type: ignore[arg-type]


def test_a_check_without_a_sentence_cannot_be_written() -> None:
    with pytest.raises(AssertionError, match="sentence"):

        class Mute(Check):
            id = "mute"
            family = "io"
            strictness = 1
            need = Need.OPTIONAL
            source = "nobody"
