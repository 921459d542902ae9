"""When, about what, and from where a driver calls its host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lab.host.probe import Instance
from lab.host.probe_calls import Address
from lab.host.probe_models import HostCall
from lab.validate.check import Check, Need
from lab.validate.raw.answers import ranges
from lab.validate.raw.device import devices_of
from lab.validate.raw.io import Use, run_io
from lab.validate.raw.settable import (
    Value,
    bytes_of,
    current_of,
    number_of,
    read,
    set_raw,
    values_of,
)
from lab.validate.raw.tree import Tree
from lab.validate.subject import Subject

_CYCLES = 52
_USES: tuple[Use, ...] = ("output", "both", "input")
_LATER_NS = 1_000_000_000
_ON_IO_THREAD = frozenset(
    {"GetZeroTimeStamp", "BeginIOOperation", "DoIOOperation", "EndIOOperation"}
)
REAL_TIME = "AudioServerPlugIn.h: IO operations run in a real-time context"
_CHANGE, _TELL = "RequestDeviceConfigurationChange", "PropertiesChanged"


def _said(call: HostCall) -> str:
    """A call of the host in words."""
    if call.key is not None:
        return f"{call.function} of {call.key!r}"
    selectors = ", ".join(f"'{address['selector']}'" for address in call.addresses)
    about = f" ({selectors})" if selectors else ""
    return f"{call.function} of object {call.object}{about}"


class _InIo(Check):
    family = "threads"
    need = Need.REQUIRED
    source = REAL_TIME
    functions: ClassVar[frozenset[str]]

    def run(self, subject: Subject) -> None:
        """On each device; what the host is called from within IO operations."""
        driver = subject.instance()
        devices = self.some(devices_of(driver), "device")
        driver.host_calls()
        for device in devices:
            for use in _USES:
                run_io(device, cycles=_CYCLES, use=use)
            found = [
                call
                for call in driver.host_calls().host_calls
                if call.thread == "caller"
                and call.during in _ON_IO_THREAD
                and call.function in self.functions
            ]
            if found:
                self.expect(
                    False,
                    f"{device}, {3 * _CYCLES} cycles: {found[0].during} calls {_said(found[0])}, "
                    f"{len(found)} times; from the IO thread it must never",
                )


class NoNotificationInIo(_InIo):
    """No notification is sent from the IO thread."""

    id = "threads-no-notification-in-io"
    strictness = 5
    functions = frozenset({_TELL})


class NoStorageInIo(_InIo):
    """No storage is read or written from the IO thread."""

    id = "threads-no-storage-in-io"
    strictness = 4
    functions = frozenset({"CopyFromStorage", "WriteToStorage", "DeleteFromStorage"})


class NoChangeInIo(_InIo):
    """No configuration change is asked for from the IO thread."""

    id = "threads-no-change-in-io"
    strictness = 5
    functions = frozenset({_CHANGE})


class _InInitialize(Check):
    family = "threads"
    need = Need.RECOMMENDED
    function: ClassVar[str]
    why: ClassVar[str]

    def run(self, subject: Subject) -> None:
        """Look at what comes before Initialize returns."""
        driver = subject.instance()
        found = [
            call
            for call in driver.host_calls().host_calls
            if call.function == self.function and call.during == "Initialize"
        ]
        if found:
            self.expect(False, f"Initialize calls {_said(found[0])}: {self.why}")


class NoNotificationInInitialize(_InInitialize):
    """Initialize sends no notification before it returns."""

    id = "threads-no-notification-in-initialize"
    strictness = 6
    source = "AudioServerPlugIn.h: Initialize (the host asks for the devices when it is over)"
    function = _TELL
    why = "nobody listens yet; it should come after Initialize has returned, or not at all"


class NoChangeInInitialize(_InInitialize):
    """Initialize asks for no configuration change: the host knows no device yet."""

    id = "threads-no-change-in-initialize"
    strictness = 5
    source = "AudioServerPlugIn.h: RequestDeviceConfigurationChange of a device that is there"
    function = _CHANGE
    why = "the host knows no device yet; a device should begin as it is meant to be"


class GettersAreSilent(Check):
    """Reading a property sends no notification, and asks for no configuration change."""

    id = "threads-getters-are-silent"
    family = "threads"
    strictness = 4
    need = Need.RECOMMENDED
    source = "who listens reads, and reading would send the next notification, without end"

    def run(self, subject: Subject) -> None:
        """Read everything twice: what is found out at the first time is not meant."""
        driver = subject.instance()
        for _ in range(2):
            driver.host_calls()
            for value in values_of(driver):
                if not value.is_reference:
                    read(driver, value)
        found = [
            call
            for call in driver.host_calls().host_calls
            if call.thread == "caller" and call.function in {_TELL, _CHANGE}
        ]
        if found:
            self.expect(
                False,
                f"read for the second time, {found[0].during} calls {_said(found[0])}, and "
                f"{len(found) - 1} more; reading should change nothing",
            )


class NothingInPerform(Check):
    """PerformDeviceConfigurationChange asks for no further configuration change."""

    id = "threads-no-change-in-perform"
    family = "threads"
    strictness = 5
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: PerformDeviceConfigurationChange (it would have no end)"

    def run(self, subject: Subject) -> None:
        """Let each device change its rate."""
        driver = subject.instance()
        rates = [value for value in values_of(driver) if value.settable and _is_rate(value)]
        self.some(rates, "rate that can be set")
        for value in rates:
            for action, device in _asked_for(driver, value):
                calls = driver.perform_change(device, action).host_calls
                again = [call for call in calls if call.function == _CHANGE]
                self.expect(
                    not again,
                    f"object {device}: while it performs change {action} it asks for another one, "
                    f"{again[0].action if again else ''}; one change should be all",
                )


def _is_rate(value: Value) -> bool:
    return value.selector == "nsrt"


def _asked_for(driver: Instance, value: Value) -> Iterator[tuple[int, int]]:
    """Set each other rate; the changes that the driver asks for, action and device."""
    now = number_of(value, read(driver, value))
    offered = ranges(driver, value.object_id, "nsr#")
    for rate in sorted({rate for limits in offered for rate in limits}):
        if rate != now:
            driver.host_calls()
            set_raw(driver, value, bytes_of(value, rate))
            driver.host.advance(_LATER_NS // 10)
            for call in driver.host_calls().host_calls:
                if call.function == _CHANGE and call.action is not None and call.object:
                    yield call.action, call.object


class KnownObjects(Check):
    """Each notification is of an object that exists, and by the host that the driver was given."""

    id = "threads-notices-of-known-objects"
    family = "threads"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: PropertiesChanged (inObjectID, inHost)"

    def run(self, subject: Subject) -> None:
        """Set everything there is, run IO, and look at all calls."""
        driver = subject.instance()
        known = set(Tree(driver).ids)
        for value, now in current_of(driver):
            _there_and_back(driver, value, now)
        for device in devices_of(driver):
            run_io(device, cycles=3)
        driver.host.advance(_LATER_NS)
        known.update(Tree(driver).ids)
        self.expect_all(dict.fromkeys(_complaints(driver, known)))


def _there_and_back(driver: Instance, value: Value, now: bytes) -> None:
    if value.kind in {"u32", "f32"}:
        other = 0.0 if number_of(value, now) else 1.0
        set_raw(driver, value, bytes_of(value, other))
    set_raw(driver, value, now)


def _complaints(driver: Instance, known: set[int]) -> Iterator[str]:
    for call in driver.host_calls().host_calls:
        if call.wrong_host:
            yield f"{call.function} got another host than Initialize did"
        if call.function not in {_TELL, _CHANGE} or call.object in known:
            continue
        if not driver.has(call.object or 0, Address("clas")).has:
            yield (
                f"{call.function} names object {call.object}, which does not exist; there are "
                f"{', '.join(map(str, sorted(known)))}"
            )


class SilentAfterRelease(Check):
    """After the last Release the host is never called again."""

    id = "threads-silent-after-release"
    family = "threads"
    strictness = 4
    need = Need.REQUIRED
    source = "CFPlugInCOM.h: Release; the host interface is there as long as the plug-in"

    def run(self, subject: Subject) -> None:
        """Run IO, set what can be set, release, and let two seconds pass."""
        driver = subject.instance()
        for device in devices_of(driver):
            run_io(device, cycles=3)
        for value, now in current_of(driver):
            set_raw(driver, value, now)
        driver.close()
        driver.host_calls()
        driver.host.advance(2 * _LATER_NS)
        found = driver.host_calls().host_calls
        if found:
            self.expect(
                False,
                f"in the two seconds after its last Release it calls {_said(found[0])}, "
                f"{len(found)} calls in all; there must be none",
            )
