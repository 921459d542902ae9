"""Several threads read and set at the same time: coreaudiod serves each program on its own."""

from __future__ import annotations

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.validate.check import Check, Need
from lab.validate.raw.settable import Value, bytes_of, number_of, read, values_of
from lab.validate.raw.tree import Tree
from lab.validate.subject import Subject

_TOLERANCE = 0.01
_SCHEDULES = (1, 2)
_SELECTORS = ("clas", "stdv", "ownd", "stm#", "ctrl", "nsr#")


def _pair(value: Value) -> tuple[float, float]:
    """Two numbers that it can be set to."""
    return (0.0, 1.0) if value.kind == "u32" else (0.25, 0.75)


def _numbers(driver: Instance) -> list[Value]:
    return [
        value
        for value in values_of(driver)
        if value.settable and value.selector in {"lcsv", "bcvl", "spcv", "sact"}
    ]


class NoOtherValue(Check):
    """A reader beside two writers gets what one of them has set, never anything else."""

    id = "settings-race-free"
    family = "settings"
    strictness = 6
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: entry points are called on any thread, several at a time"

    def run(self, subject: Subject) -> None:
        """In two orders of threads that can be repeated, and then all at once."""
        for schedule in _SCHEDULES:
            self._look(subject.instance(schedule=schedule), 10, f"schedule {schedule}")
        self._look(subject.instance(threads="free"), 200, "all at once")

    def _look(self, driver: Instance, times: int, how: str) -> None:
        found = self.some(_numbers(driver), "control or stream that can be set")
        wanted = []
        for value in found:
            number, where = value.object_id, value.where
            sets = [calls.set_(number, where, bytes_of(value, one)) for one in _pair(value)]
            get = calls.get(number, where, value.size)
            wanted.append([*sets, get, get])
            driver.set(number, where, bytes_of(value, _pair(value)[0]))
        for value, some in zip(found, wanted, strict=True):
            before = _pair(value)
            storm = driver.storm(some, threads=4, times=times)
            for call in storm.calls:
                bad = [status for status in call.statuses if status != "0"]
                self.expect(not bad, f"{value}, {how}: {call.function} answers {', '.join(bad)}")
                for digits in call.values:
                    number_got = _got(value, digits)
                    self.expect(
                        any(abs(number_got - one) <= _TOLERANCE for one in before),
                        f"{value}, {how}: set to {before[0]:g} and {before[1]:g} only, it reads "
                        f"{number_got:g}",
                    )
            now = number_of(value, read(driver, value))
            self.expect(
                any(abs(now - one) <= _TOLERANCE for one in before),
                f"{value}, {how}: after all of that it reads {now:g}",
            )
        driver.close()


def _got(value: Value, digits: str) -> float:
    return float("nan") if digits == "others" else number_of(value, bytes.fromhex(digits))


class EverybodyAnswered(Check):
    """Eight threads that read the whole tree while settings change all get an answer."""

    id = "settings-read-by-many"
    family = "settings"
    strictness = 5
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: entry points are called on any thread, several at a time"

    def run(self, subject: Subject) -> None:
        """Free threads: a lock too many hangs, a lock too few shows in errors or ends it."""
        driver = subject.instance(threads="free")
        wanted = [
            calls.get(node.object_id, selector, 1024)
            for node in Tree(driver).nodes
            for selector in _SELECTORS
            if driver.has(node.object_id, selector).has
        ][:40]
        for value in _numbers(driver):
            for one in _pair(value):
                wanted.append(calls.set_(value.object_id, value.where, bytes_of(value, one)))
        storm = driver.storm(wanted[:64], threads=8, times=40)
        for call, asked in zip(storm.calls, wanted, strict=False):
            bad = [status for status in call.statuses if status != "0"]
            address = asked.members["address"]
            self.expect(
                not bad and call.violations == 0,
                f"{call.function} '{address['selector']}' of object {asked.members['object']}, by "
                f"eight threads: answers {', '.join(call.statuses)}, {call.violations} times "
                f"beyond its room; it must always answer 0",
            )
        driver.close()
