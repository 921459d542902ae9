"""What raw calls find: properties, objects, devices, what can be set; also where all is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lab.host.locate import find_driver
from lab.host.probe import Instance
from lab.host.probe_calls import Address, Where
from lab.host.probe_models import DataResult, HasResult, SizeResult
from lab.profiles import load_profile
from lab.validate.check import Unmet
from lab.validate.raw import answers, selectors
from lab.validate.raw.device import RawDevice, devices_of, listed_devices, playing_devices
from lab.validate.raw.io import CLIENT, run_io
from lab.validate.raw.settable import current_of, customs_of, values_of
from lab.validate.raw.tree import MOST_OBJECTS, Tree
from lab.validate.subject import Subject
from tests.support.flaws import find_flaw


class Fake(Instance):
    """A driver that has what it is given, and refuses all else.

    Parameters
    ----------
    has
        Bytes by object and selector.
    sizes
        Whether it tells how much that is.
    """

    def __init__(self, has: Mapping[tuple[int, str], bytes], *, sizes: bool = True) -> None:
        self.bytes = dict(has)
        self.sizes = sizes

    def _of(self, object_: int, where: Where) -> bytes | None:
        selector = where.selector if isinstance(where, Address) else where
        return self.bytes.get((object_, str(selector)))

    def has(self, object_: int, where: Where) -> HasResult:
        there = self._of(object_, where) is not None
        return HasResult(status=0, status_text="0", elapsed_ns=0, has=there)

    def size(self, object_: int, where: Where, **_: Any) -> SizeResult:
        data = self._of(object_, where)
        if data is None or not self.sizes:
            return SizeResult(status=1, status_text="'who?'", elapsed_ns=0)
        return SizeResult(status=0, status_text="0", elapsed_ns=0, size=len(data))

    def get(self, object_: int, where: Where, room: int, **_: Any) -> DataResult:
        data = self._of(object_, where)
        ok = data is not None
        data = (data or b"")[:room]
        return DataResult(
            status=0 if ok else 1,
            status_text="0" if ok else "'who?'",
            elapsed_ns=0,
            guard_intact=True,
            wrote_beyond=0,
            wrote_before=0,
            size=len(data) if ok else None,
            data=data,
            touched=len(data),
        )


def words(*numbers: int) -> bytes:
    return struct.pack(f"={len(numbers)}I", *numbers)


@pytest.fixture
def driver() -> Iterator[Instance]:
    """Flawed.driver, without a flaw."""
    with Subject(find_driver("Flawed"), load_profile("macos-26")) as subject:
        yield subject.instance()


# ---- one property ------------------------------------------------------------------------------


def test_bytes_that_make_no_whole_element_are_left_out() -> None:
    assert answers.words_in(words(7, 8) + b"\1\2\3") == (7, 8)
    assert answers.rows_in(words(1, 2, 3, 4), "=3I") == [(1, 2, 3)]
    assert answers.rows_in(None, "=I") == []


def test_a_code_is_the_same_as_text_number_and_bytes() -> None:
    assert answers.code_text(answers.code_number("sfmt")) == "sfmt"
    assert answers.code_number("\0\0\0\1") == 1
    assert answers.code_bytes("vlme", "mute") == b"emlvetum"


def test_a_room_that_is_given_finds_what_tells_no_size() -> None:
    driver = Fake({(1, "dev#"): words(2, 3)}, sizes=False)
    assert answers.words(driver, 1, "dev#") == ()
    assert answers.words(driver, 1, "dev#", room=answers.ROOM) == (2, 3)
    assert answers.words(driver, 1, "dev#", room=7) == (2,)


def test_what_is_refused_is_empty_unless_it_is_needed() -> None:
    driver = Fake({})
    assert answers.value(driver, 1, "dev#") is None
    assert answers.number(driver, 1, "clas") is None
    assert answers.code(driver, 1, "clas") == ""
    assert answers.ranges(driver, 1, "nsr#") == []
    with pytest.raises(Unmet, match=r"object 1 answered 'who\?' .* list 'dev#'"):
        answers.needed(driver, 1, "dev#")


def test_a_number_is_real_after_its_size() -> None:
    driver = Fake(
        {(1, "a"): struct.pack("=f", 0.5), (1, "b"): struct.pack("=d", 2), (1, "c"): b"x"}
    )
    assert [answers.real(driver, 1, name) for name in "abc"] == [0.5, 2, None]


def test_a_selector_holds_a_reference_or_it_does_not() -> None:
    assert {"lnam", "icon", "acom", "scin", "lchn"} <= selectors.REFERENCES
    assert {"clas", "nsrt", "pft ", "clkk"} <= selectors.OTHERS
    assert not selectors.REFERENCES & selectors.OTHERS
    assert set(selectors.WITH_ITEM) == {"scin", "clkk"}


# ---- objects and devices -----------------------------------------------------------------------


@pytest.mark.native
def test_the_tree_has_each_object_once_with_who_lists_it(driver: Instance) -> None:
    tree = Tree(driver)
    assert tree.ids == [1, 2, 3, 4, 5, 6]
    assert [node.listed_by for node in tree.nodes] == [0, 1, 2, 2, 2, 2]
    assert [node.class_id for node in tree.of_class("actl")] == ["vlme", "mute"]


def test_objects_that_own_each_other_end_the_walk_all_the_same() -> None:
    driver = Fake({(1, "ownd"): words(0, 2), (2, "ownd"): words(1, 2)})
    tree = Tree(driver)
    assert [node.object_id for node in tree.nodes] == [1, 0, 2]
    assert tree.ids == [1, 2]


def test_objects_without_end_are_the_drivers_fault() -> None:
    driver = Fake({(1, "ownd"): words(*range(2, MOST_OBJECTS + 3))})
    with pytest.raises(Unmet, match="more than 4096 objects"):
        Tree(driver)


def test_a_driver_that_lists_no_devices_has_none_or_is_at_fault() -> None:
    driver = Fake({(1, "ownd"): words(2), (2, "clas"): answers.code_bytes("adev")})
    assert devices_of(driver) == [RawDevice(driver, 2)]
    assert playing_devices(driver) == []
    with pytest.raises(Unmet, match="list 'dev#'"):
        listed_devices(driver)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_rate_that_there_cannot_be_is_not_taken_for_one(rate: float) -> None:
    driver = Fake({(2, "nsrt"): struct.pack("=d", rate)})
    assert RawDevice(driver, 2).rate == 48_000


def test_a_stream_whose_frames_are_absurd_is_none() -> None:
    absurd = struct.pack("=d8I", 48e3, 0, 9, 0, 1, 0xA5A5A5A5, 2, 32, 0)
    driver = Fake({(2, "stm#"): words(3), (3, "pft "): absurd})
    assert RawDevice(driver, 2).streams == ()


@pytest.mark.native
def test_what_can_be_set_is_told_with_what_it_is(driver: Instance) -> None:
    assert [str(value) for value in values_of(driver)] == [
        "'nsrt' of object 2 ('adev')",
        "'flwd' of object 2 ('adev')",
        "'sact' of object 3 ('astr')",
        "'sfmt' of object 3 ('astr')",
        "'pft ' of object 3 ('astr')",
        "'sact' of object 4 ('astr')",
        "'sfmt' of object 4 ('astr')",
        "'pft ' of object 4 ('astr')",
        "'lcsv' of object 5 ('vlme')",
        "'lcdv' of object 5 ('vlme')",
        "'bcvl' of object 6 ('mute')",
    ]
    assert [value.selector for value in customs_of(driver)] == ["flwd"]
    sizes = {value.selector: len(now) for value, now in current_of(driver)}
    numbers = ("sact", "lcsv", "lcdv", "bcvl")
    assert sizes == {"nsrt": 8, "sfmt": 40, "pft ": 40} | dict.fromkeys(numbers, 4)


# ---- IO in one go ------------------------------------------------------------------------------


@pytest.mark.native
def test_io_in_one_go_gives_all_results_of_the_io_thread_in_order(driver: Instance) -> None:
    (device,) = devices_of(driver)
    results = run_io(device, cycles=2)
    names = [type(one).__name__.removesuffix("Result") for one in results]
    cycle = ["Timestamp", "Call", "Operation", "Call", "Call", "Operation", "Call"]
    assert names == ["Timestamp", *cycle, *cycle]
    assert all(one.ok for one in results)
    assert not device.runs()


@pytest.mark.native
@pytest.mark.parametrize(("use", "calls"), [("input", 4), ("output", 4), ("both", 7)])
def test_streams_that_are_not_in_use_are_left_out(driver: Instance, use: str, calls: int) -> None:
    (device,) = devices_of(driver)
    assert len(run_io(device, cycles=1, use=use)) == 1 + calls  # type: ignore[arg-type]


@pytest.mark.native
def test_io_that_is_refused_gives_no_results(driver: Instance) -> None:
    assert run_io(RawDevice(driver, 99), cycles=1) == []


@pytest.mark.native
def test_io_in_one_go_is_done_for_a_client_that_was_there_already() -> None:
    flaw = find_flaw("second-client-refused")
    with Subject(flaw.path, load_profile("macos-26"), environment=flaw.environment) as subject:
        (device,) = devices_of(subject.instance())
        assert device.call("AddDeviceClient", 7).ok
        assert not device.call("AddDeviceClient", CLIENT).ok
        assert run_io(device, cycles=1)
