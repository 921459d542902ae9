"""What starts, stops and goes for one client, and what others notice of it: call by call."""

from __future__ import annotations

from collections.abc import Iterator

from lab.validate.check import Check, Need
from lab.validate.raw.device import RawDevice, listed_devices
from lab.validate.subject import Subject

NESTING = "AudioServerPlugIn.h: StartIO, StopIO (they nest; IO runs while one client has started)"
ROBUST = "robust drivers do: a host that restarts, or dies half-way, gets out of step"
MANY = 32
FIRST, SECOND = 1, 2
_SECOND_NS = 1_000_000_000
_QUESTIONS = 100


class _Clients(Check):
    family = "lifecycle"
    need = Need.REQUIRED

    def run(self, subject: Subject) -> None:
        """Each device."""
        found = listed_devices(subject.instance())
        for device in self.some(found, "device with a stream"):
            self.expect_all(self.complaints(device))

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """What is wrong with one; the first ends the check."""
        raise NotImplementedError

    def must(self, device: RawDevice, what: str, client: int) -> None:
        """Make a call that a host makes: it has to succeed."""
        answer = call(device, what, client)
        self.expect(
            answer == "0", f"{device.name}: {what} of client {client} answered {answer}, not 0"
        )


def call(device: RawDevice, what: str, client: int) -> str:
    """Make a call for a client; its status in words."""
    return device.call(what, client).status_text


class ManyClients(_Clients):
    """Thirty-two clients can be there, and their IO can run, at the same time."""

    id = "lifecycle-many-clients"
    strictness = 2
    source = "AudioServerPlugIn.h: AddDeviceClient (each process that uses the device is one)"

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """All come, all start, all stop, all go."""
        for what in ("AddDeviceClient", "StartIO", "StopIO", "RemoveDeviceClient"):
            for client in range(1, MANY + 1):
                answer = call(device, what, client)
                if answer != "0":
                    yield (
                        f"{device.name}: {what} of client {client} of {MANY} answered {answer}; 0 "
                        "should have come"
                    )
                    return
        if device.runs():
            yield f"{device.name}: all of {MANY} clients have stopped, and IO runs"


class Nest(_Clients):
    """A client that has started twice has to stop twice before its IO stands still."""

    id = "lifecycle-starts-nest"
    strictness = 4
    source = NESTING

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """Two starts, two stops."""
        self.must(device, "AddDeviceClient", FIRST)
        self.must(device, "StartIO", FIRST)
        self.must(device, "StartIO", FIRST)
        self.must(device, "StopIO", FIRST)
        if not device.runs():
            yield f"{device.name}: after two StartIO and one StopIO IO stands still; it should run"
        self.must(device, "StopIO", FIRST)
        if device.runs():
            yield f"{device.name}: after two StartIO and two StopIO IO runs; it should stand still"
        self.must(device, "RemoveDeviceClient", FIRST)


class TimeGoesOn(_Clients):
    """A second client that starts, or stops, does not disturb the time line of the first."""

    id = "lifecycle-second-start-keeps-time"
    strictness = 3
    source = (
        "AudioServerPlugIn.h: GetZeroTimeStamp (a new time line has a new seed, and is a glitch)"
    )

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """A second of virtual time between the calls."""
        for client in (FIRST, SECOND):
            self.must(device, "AddDeviceClient", client)
        self.must(device, "StartIO", FIRST)
        device.driver.host.advance(_SECOND_NS)
        for what in ("StartIO", "StopIO"):
            was = _settled(device)
            self.must(device, what, SECOND)
            now = _settled(device)
            if was != now:
                yield (
                    f"{device.name}: at the same moment, sample time, host time and seed were "
                    f"{was} before {what} of a second client and {now} after it; they should be "
                    "the same"
                )
            device.driver.host.advance(_SECOND_NS)
        self.must(device, "StopIO", FIRST)
        for client in (FIRST, SECOND):
            self.must(device, "RemoveDeviceClient", client)


def _settled(device: RawDevice) -> tuple[float | None, int | None, int | None]:
    """Sample time, host time and seed; some drivers go on by one period with each question."""
    now = _zero(device)
    for _ in range(_QUESTIONS):
        last, now = now, _zero(device)
        if now == last:
            break
    return now


def _zero(device: RawDevice) -> tuple[float | None, int | None, int | None]:
    stamp = device.driver.zero_timestamp(device.object_id, FIRST)
    return stamp.sample_time, stamp.host_time, stamp.seed


class OthersStay(_Clients):
    """A client that goes takes its own IO along, and not that of others."""

    id = "lifecycle-remove-keeps-others"
    strictness = 4
    source = "AudioServerPlugIn.h: RemoveDeviceClient; " + NESTING

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """One that has stopped, while another's IO runs."""
        for client in (FIRST, SECOND):
            self.must(device, "AddDeviceClient", client)
            self.must(device, "StartIO", client)
        self.must(device, "StopIO", SECOND)
        self.must(device, "RemoveDeviceClient", SECOND)
        if not device.runs():
            yield (
                f"{device.name}: client {SECOND} has stopped and gone, and IO of client {FIRST} "
                "stands still; it should run"
            )
        self.must(device, "StopIO", FIRST)
        self.must(device, "RemoveDeviceClient", FIRST)


class GoesWhileRunning(_Clients):
    """IO of a client that is removed without having stopped ends with it."""

    id = "lifecycle-remove-ends-its-io"
    strictness = 6
    need = Need.RECOMMENDED
    source = ROBUST

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """Two, one of which goes; then the other."""
        for client in (FIRST, SECOND):
            self.must(device, "AddDeviceClient", client)
            self.must(device, "StartIO", client)
        self.must(device, "RemoveDeviceClient", FIRST)
        if not device.runs():
            yield (
                f"{device.name}: a client was removed while its IO ran, and IO of another one "
                "stands still; it should run"
            )
        self.must(device, "RemoveDeviceClient", SECOND)
        if device.runs():
            yield (
                f"{device.name}: all clients were removed while their IO ran, and IO runs on; "
                "nobody is left to stop it"
            )


class StopsOnly(_Clients):
    """StopIO of a client that has not started is an error, not a crash."""

    id = "lifecycle-stop-without-start"
    strictness = 6
    need = Need.RECOMMENDED
    source = ROBUST

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """One that is there, one that is not, and one that has stopped already."""
        self.must(device, "AddDeviceClient", FIRST)
        for client in (FIRST, SECOND):
            if call(device, "StopIO", client) == "0":
                yield f"{device.name}: StopIO of a client that has not started answered 0"
        self.must(device, "StartIO", FIRST)
        self.must(device, "StopIO", FIRST)
        if call(device, "StopIO", FIRST) == "0":
            yield f"{device.name}: a second StopIO after one StartIO answered 0"
        self.must(device, "StartIO", FIRST)
        if not device.runs():
            yield f"{device.name}: after StopIO without StartIO, StartIO does not start IO"


class StopsNobodyElse(_Clients):
    """StopIO of a client that has not started does not stop the IO of one that has."""

    id = "lifecycle-stop-without-start-keeps-others"
    strictness = 7
    need = Need.RECOMMENDED
    source = ROBUST

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """The other one is there, and has never started."""
        for client in (FIRST, SECOND):
            self.must(device, "AddDeviceClient", client)
        self.must(device, "StartIO", FIRST)
        answer = call(device, "StopIO", SECOND)
        if not device.runs():
            yield (
                f"{device.name}: StopIO of client {SECOND}, which has not started, answered "
                f"{answer}, and IO of client {FIRST} stands still; it should run"
            )


class GoesTwice(_Clients):
    """RemoveDeviceClient of a client that is not there returns, and harms nobody."""

    id = "lifecycle-remove-twice"
    strictness = 6
    need = Need.RECOMMENDED
    source = ROBUST

    def complaints(self, device: RawDevice) -> Iterator[str]:
        """One that has gone, and one that never came; another one runs meanwhile."""
        for client in (FIRST, SECOND):
            self.must(device, "AddDeviceClient", client)
        self.must(device, "StartIO", FIRST)
        self.must(device, "RemoveDeviceClient", SECOND)
        for client in (SECOND, MANY):
            answer = call(device, "RemoveDeviceClient", client)
            if not device.runs():
                yield (
                    f"{device.name}: RemoveDeviceClient of client {client}, which is not there, "
                    f"answered {answer}, and IO of client {FIRST} stands still; it should run"
                )
        self.must(device, "StopIO", FIRST)
        self.must(device, "RemoveDeviceClient", FIRST)
