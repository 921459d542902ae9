"""From Initialize to the time when the code has gone, and what is left then."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lab.host.base import Host
from lab.host.models import Resources
from lab.host.probe import Instance, Probe
from lab.validate.check import Check, Need
from lab.validate.raw.device import listed_devices
from lab.validate.subject import Subject

ROUNDS = 20
ROUND_BYTES = 32 * 1024
"""What may be left of each driver that was made; 12 KiB are the probe's own records."""
_CLIENT = 1
_LOOKS = 50
_LOOK_S = 0.002


class _Life(Check):
    family = "bundle"
    need = Need.REQUIRED


class Initializes(_Life):
    """Initialize succeeds."""

    id = "bundle-initializes"
    strictness = 1
    source = "AudioServerPlugIn.h: Initialize (a plug-in that fails here is not used)"

    def run(self, subject: Subject) -> None:
        """With a host whose storage is empty."""
        answer = subject.instance(initialized=False).initialize()
        self.expect(
            answer.ok,
            f"Initialize answered {answer.status_text}; 0 should have come: the driver is not used",
        )


class InitializesOnce(_Life):
    """Initialize refuses a second time: a driver has one host."""

    id = "bundle-initializes-once"
    strictness = 7
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: Initialize (called once, when the plug-in is made)"

    def run(self, subject: Subject) -> None:
        """Twice."""
        answer = subject.instance().initialize()
        self.expect(
            not answer.ok,
            "Initialize succeeded a second time; an error should have come, such as "
            "kAudioHardwareIllegalOperationError",
        )


class NeedsHost(_Life):
    """Initialize without a host is an error, not a crash, and does not spoil the next one."""

    id = "bundle-initializes-with-host-only"
    strictness = 8
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: Initialize (inHost is nonnull); robust drivers look"

    def run(self, subject: Subject) -> None:
        """NULL for the host, then a host."""
        driver = subject.instance(initialized=False)
        answer = driver.initialize(host=False)
        self.expect(
            not answer.ok,
            "Initialize had NULL for the host and succeeded; an error should have come",
        )
        again = driver.initialize()
        self.expect(
            again.ok,
            f"after an Initialize without a host, one with a host answered {again.status_text}; 0 "
            "should have come",
        )


class MadeAgain(_Life):
    """A driver that is made and released again and again leaves nothing behind."""

    id = "bundle-made-and-released"
    strictness = 5
    need = Need.RECOMMENDED
    source = "CFPlugInCOM.h: Release (the last one frees the driver)"

    def run(self, subject: Subject) -> None:
        """Twenty times, after two that may leave what is made once."""
        host = subject.host(exact_memory=True)
        probe = host.probe(subject.bundle)
        if not (_lives(probe) and _lives(probe)):
            self.skip("it can be made once only")
        before = host.resources()
        for _ in range(ROUNDS):
            _lives(probe)
        after = resources_since(host, before)
        self.expect_all(
            f"{line} of a driver that was made and released {ROUNDS} times"
            for line in left(before, after, ROUND_BYTES * ROUNDS)
        )


class UnloadsClean(_Life):
    """A driver that is released and unloaded leaves no thread, descriptor or shared memory."""

    id = "bundle-unloads-clean"
    strictness = 5
    need = Need.RECOMMENDED
    source = (
        "CFPlugIn.h: a plug-in without instances may be unloaded, its threads with no code left"
    )

    def run(self, subject: Subject) -> None:
        """A life with a client whose IO starts and stops, then the end."""
        probe = subject.probe()
        self.expect(_lives(probe), "the factory returned NULL, or Initialize failed")
        gone = probe.unload()
        lines = [f"{line} of a driver that was unloaded" for line in left(gone.before, gone.after)]
        if gone.shared_memory:
            lines.append(
                f"shared memory {', '.join(gone.shared_memory)} left of a driver that was unloaded"
            )
        self.expect_all(lines)
        if not gone.unmapped:
            self.note("its code stays in the process")


def _lives(probe: Probe) -> bool:
    """Make a driver, let a client use each of its devices, and release it: whether it worked."""
    driver = probe.create()
    if driver is None:
        return False
    good = driver.initialize().ok
    if good:
        _use(driver)
    driver.close()
    return good


def _use(driver: Instance) -> None:
    """What fails here is said by other checks."""
    for device in listed_devices(driver):
        if device.call("AddDeviceClient", _CLIENT).ok:
            if device.call("StartIO", _CLIENT).ok:
                driver.zero_timestamp(device.object_id, _CLIENT)
                device.call("StopIO", _CLIENT)
            device.call("RemoveDeviceClient", _CLIENT)


def resources_since(host: Host, before: Resources) -> Resources:
    """What it holds; a thread that has been joined may be listed for a moment longer."""
    now = host.resources()
    for _ in range(_LOOKS):
        if (now.threads or 0) <= (before.threads or 0):
            break
        time.sleep(_LOOK_S)
        now = host.resources()
    return now


def left(before: Resources, after: Resources, room: int | None = None) -> Iterator[str]:
    """What a process holds that it did not hold before, in words.

    Parameters
    ----------
    before, after
        What it holds.
    room
        Bytes of memory that may be left; None: memory is not looked at.
    """
    for name, words in (
        ("threads", "thread(s)"),
        ("descriptors", "open file(s)"),
        ("cf_objects", "CF object(s)"),
    ):
        was, now = getattr(before, name), getattr(after, name)
        if was is not None and now is not None and now > was:
            yield f"{now - was} {words} left"
    grown = after.heap_bytes - before.heap_bytes
    if room is not None and grown > room:
        yield f"{grown // 1024} KiB of memory, more than {room // 1024}, left"
