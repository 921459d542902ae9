"""Several threads read and set at the same time: coreaudiod serves each program on its own."""

from __future__ import annotations

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.validate.check import Check, Need
from lab.validate.raw_values import Value, bytes_of, number_of, objects_of, read, values_of
from lab.validate.subject import Subject

_TOLERANCE = 0.01
_SCHEDULES = (1, 2)
_SELECTORS = ("clas", "stdv", "ownd", "stm#", "ctrl", "nsr#")


def _pair(value: Value) -> tuple[float, float]:
    """Two numbers that it can be set to."""
    return (0.0, 1.0) if value.kind == "u32" else (0.25, 0.75)


def _numbers(instance: Instance) -> list[Value]:
    return [
        value
        for value in values_of(instance)
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

    def _look(self, instance: Instance, times: int, how: str) -> None:
        found = self.some(_numbers(instance), "control or stream that can be set")
        wanted = []
        for value in found:
            number, where = value.node.number, value.where
            sets = [calls.set_(number, where, bytes_of(value, one)) for one in _pair(value)]
            get = calls.get(number, where, value.size)
            wanted.append([*sets, get, get])
            instance.set(number, where, bytes_of(value, _pair(value)[0]))
        for value, some in zip(found, wanted, strict=True):
            before = _pair(value)
            storm = instance.storm(some, threads=4, times=times)
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
            now = number_of(value, read(instance, value))
            self.expect(
                any(abs(now - one) <= _TOLERANCE for one in before),
                f"{value}, {how}: after all of that it reads {now:g}",
            )
        instance.close()


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
        instance = subject.instance(threads="free")
        wanted = [
            calls.get(node.number, selector, 1024)
            for node in objects_of(instance)
            for selector in _SELECTORS
            if instance.has(node.number, selector).has
        ][:40]
        for value in _numbers(instance):
            for one in _pair(value):
                wanted.append(calls.set_(value.node.number, value.where, bytes_of(value, one)))
        storm = instance.storm(wanted[:64], threads=8, times=40)
        for call, asked in zip(storm.calls, wanted, strict=False):
            bad = [status for status in call.statuses if status != "0"]
            address = asked.members["address"]
            self.expect(
                not bad and call.violations == 0,
                f"{call.function} '{address['selector']}' of object {asked.members['object']}, by "
                f"eight threads: answers {', '.join(call.statuses)}, {call.violations} times "
                f"beyond its room; it must always answer 0",
            )
        instance.close()
