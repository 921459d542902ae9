"""Calls that nobody planned: random ones, and properties with random arguments."""

from __future__ import annotations

from typing import Any, Literal

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.host.probe_calls import Address, Call
from lab.host.probe_models import CallResult, DataResult
from lab.validate.check import Check, Need
from lab.validate.raw.answers import code_number
from lab.validate.raw.device import RawDevice, devices_of
from lab.validate.raw.io import run_io
from lab.validate.raw.selectors import OTHERS, REFERENCES
from lab.validate.raw.tree import Tree
from lab.validate.subject import Subject

_MUST_WORK = ("AddDeviceClient", "RemoveDeviceClient", "StartIO", "StopIO", "GetZeroTimeStamp")
_RUNS = 4
_EXAMPLES = 200
_UNKNOWN_OBJECTS = (0, 99, 1 << 16, 0x7FFFFFFF, 0xFFFFFFFF)
_UNKNOWN_SELECTORS = ("zzzz", "****", "\x00\x00\x00\x00")
_EASE = "a driver shares its process with every program that plays"


def _still_works(check: Check, driver: Instance, devices: list[RawDevice], after: str) -> None:
    """Whether it has its devices, and their IO can run, as before."""
    now = devices_of(driver)
    check.expect(
        now == devices,
        f"after {after} its devices are {_words(now)}; they were {_words(devices)}",
    )
    for device in now:  # in the formats that they have now
        done = run_io(device, cycles=2)
        bad = [one.status_text for one in done if not one.ok]
        check.expect(done, f"after {after} StartIO of {device} is refused")
        check.expect(not bad, f"after {after} IO of {device} answers {', '.join(bad[:3])}")


def _words(devices: list[RawDevice]) -> str:
    return ", ".join(map(str, devices)) or "none"


class _Random(Check):
    family = "robustness"
    need = Need.REQUIRED
    source = _EASE
    limit_s = 40.0
    order: Literal["legal", "any"]
    calls = 1500

    def run(self, subject: Subject) -> None:
        """Several seeds, one after the other; the last hundred calls are in the report."""
        driver = subject.instance()
        devices = devices_of(driver)
        for turn in range(_RUNS):
            seed = subject.seed * _RUNS + turn
            done = driver.random(seed, self.calls, order=self.order)
            what = f"{done.calls} random calls (seed {seed}, {self.order} order)"
            texts = "; ".join(done.violation_texts[:2])
            self.expect(
                done.violations == 0, f"{what}: {done.violations} wrote out of bounds: {texts}"
            )
            self.judge(done.statuses, what)
            _still_works(self, driver, devices, what)

    def judge(self, statuses: dict[str, dict[str, int]], what: str) -> None:
        """What was answered."""


class RandomLegal(_Random):
    """Random calls in an order in which a host could make them all succeed, and leave it usable."""

    id = "robustness-random-legal"
    strictness = 5
    order = "legal"

    def judge(self, statuses: dict[str, dict[str, int]], what: str) -> None:
        """Clients and IO have to work: nothing is asked for that a host would not."""
        for function in _MUST_WORK:
            bad = [status for status in statuses.get(function, {}) if status != "0"]
            self.expect(
                not bad, f"{what}: {function} answers {', '.join(bad)}; in legal order always 0"
            )


class RandomAny(_Random):
    """Random calls in any order, with any ID, do no harm."""

    id = "robustness-random-any"
    strictness = 7
    order = "any"


class UnknownObjects(Check):
    """Questions for an object that does not exist, or for no property, are answered by an error."""

    id = "robustness-unknown-objects"
    family = "robustness"
    strictness = 4
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioHardwareBadObjectError, ...UnknownPropertyError"

    def run(self, subject: Subject) -> None:
        """All five functions of properties."""
        driver = subject.instance()
        known = Tree(driver).ids
        wanted = [(number, "clas") for number in _UNKNOWN_OBJECTS if number not in known]
        wanted += [(number, selector) for number in known for selector in _UNKNOWN_SELECTORS]
        self.expect_all(
            f"{call.function} of object {number} '{selector!s}' answers {answer}; it must be an "
            "error"
            for number, selector in wanted
            for call, answer in _asked(driver, number, Address(code_number(selector)))
        )


def _asked(driver: Instance, number: int, where: Address) -> list[tuple[Call, str]]:
    """What answers as if it were there."""
    every = [
        calls.has(number, where),
        calls.is_settable(number, where),
        calls.size(number, where),
        calls.get(number, where, 64),
        calls.set_(number, where, bytes(4)),
    ]
    found = []
    for call in every:
        answer = driver.call(call, CallResult)
        # HasProperty answers a Boolean.
        if answer.ok is (call.function != "HasProperty"):
            found.append((call, answer.status_text))
    return found


class PropertyFuzz(Check):
    """Properties asked and set with any address, size and data are answered within bounds."""

    id = "robustness-property-fuzz"
    family = "robustness"
    strictness = 6
    need = Need.REQUIRED
    source = _EASE
    limit_s = 60.0

    def run(self, subject: Subject) -> None:
        """Drawn by hypothesis from the seed; the smallest call that is answered wrongly is told."""
        from lab.validate import fuzz  # hypothesis takes a while to be loaded

        driver = subject.instance()
        devices = devices_of(driver)
        found = fuzz.search(
            lambda call: _complaint(driver, call),
            objects=Tree(driver).ids + list(_UNKNOWN_OBJECTS[:2]),
            selectors=sorted(OTHERS | REFERENCES),
            references=REFERENCES,
            seed=subject.seed,
            examples=_EXAMPLES,
            folder=subject.folder,
        )
        self.expect(found is None, str(found))
        _still_works(self, driver, devices, f"{_EXAMPLES} random questions for properties")


def _complaint(driver: Instance, call: Call) -> str | None:
    """What is wrong with the answer to a call."""
    answer = driver.call(call, DataResult if call.function == "GetPropertyData" else CallResult)
    if not isinstance(answer, DataResult):
        return None
    said = f"{call.function} of {_shown(call.members)}"
    room = int(call.members["size"])
    if not answer.guard_intact:
        return f"{said}: it wrote {answer.wrote_beyond} bytes beyond its room"
    if answer.ok and answer.size is not None and answer.size > room:
        return f"{said}: with room for {room} bytes it says that it wrote {answer.size}"
    return None


def _shown(members: Any) -> str:
    address = members["address"]
    where = f"'{address['selector']}'/'{address['scope']}'/{address['element']}"
    return f"object {members['object']} {where}, room {members['size']}"
