"""Zero timestamps: where a device is at, by which all of its clients live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lab.host import sources
from lab.host.base import Client
from lab.host.models import Device, TimestampReport
from lab.validate.check import Check, Need
from lab.validate.raw.device import playing_devices
from lab.validate.raw.io import CLIENT, RawIO
from lab.validate.subject import Loaded, Subject

RUN_S = 20.0
PERIOD_LEAST = 10_923
"""Frames: AudioServerPlugIn.h asks for at least so many of a zero timestamp period."""
RATE_PPM = 100.0
"""By how much a device may be off nominal that has no other clock than the host's."""
JITTER_NS = 100_000.0
HEADER = "AudioServerPlugIn.h: GetZeroTimeStamp"
APPLE_SILICON = (125, 3)
"""Nanoseconds per tick of the host's clock there, numerator and denominator; 1/1 on Intel."""
_PAUSE_NS = 5_000_000_000
_SAME_FRAMES = 4_800
"""A time line that has gone on is not further from where it was heading."""


def started(loaded: Loaded, device: Device) -> Client:
    """A client of a device, its IO running; what can be played to is played silence to."""
    client = loaded.host.add_client(device.device, name="timekeeper")
    if device.outputs:
        client.play(sources.silence())
    client.start()
    return client


class _TimeLine(Check):
    """Devices run for a while, one after the other, and their timestamps are judged."""

    family = "time"
    source = HEADER
    need = Need.REQUIRED
    violation: ClassVar[tuple[str, ...]] = ()
    """Names of `device.timestamps` that must not be there."""

    def run(self, subject: Subject) -> None:
        """Each device that has a ring."""
        loaded = subject.loaded()
        clocked = [device for device in loaded.devices if device.streams]
        complaints: list[str] = []
        for device in self.some(clocked, "device with a stream"):
            client = started(loaded, device)
            self.disturb(loaded, device, client)
            report = loaded.host.timestamps(device.device)
            client.remove()
            complaints += self.complaints(device, report)
        self.expect_all(complaints)

    def disturb(self, loaded: Loaded, device: Device, client: Client) -> None:
        """What is done to a device whose IO runs."""
        del device, client
        loaded.host.run(RUN_S)

    def complaints(self, device: Device, report: TimestampReport) -> Iterator[str]:
        """What is wrong with its timestamps."""
        for name in self.violation:
            found = report.violations.get(name)
            if found is not None:
                before = found.before
                was = f"after sample {before.sample:g} at {before.host_ns} ns, " if before else ""
                yield (
                    f"{device.name}: {name} {found.count} times; first in cycle "
                    f"{found.first_cycle}: {was}sample {found.after.sample:g} at "
                    f"{found.after.host_ns} ns (seed {found.after.seed})"
                )


class HostTimeIncreases(_TimeLine):
    """The host time of zero timestamps increases with their sample time, and never by itself."""

    id = "time-host-time-increases"
    strictness = 1
    violation = ("host-time-not-increasing", "host-time-moved-alone")


class Possible(_TimeLine):
    """Zero timestamps are finite, not negative, and near the present."""

    id = "time-possible"
    strictness = 1
    violation = ("impossible",)


class Multiples(_TimeLine):
    """Sample times of zero timestamps are multiples of the period, and advance by whole periods."""

    id = "time-multiples-of-the-period"
    strictness = 2
    source = f"{HEADER}, kAudioDevicePropertyZeroTimeStampPeriod"
    violation = ("not-a-multiple-of-the-period", "odd-advance")


class NotInTheFuture(_TimeLine):
    """No zero timestamp lies in the future when it is asked for."""

    id = "time-not-in-the-future"
    strictness = 2
    violation = ("in-the-future",)


class NotStale(_TimeLine):
    """No zero timestamp is older than two periods while IO runs."""

    id = "time-not-stale"
    strictness = 3
    violation = ("stale",)


class SeedTellsBreaks(_TimeLine):
    """The seed changes when a time line breaks, and only then."""

    id = "time-seed-tells-breaks"
    strictness = 3
    violation = ("break-without-a-new-seed", "new-seed-without-a-break")


class SteadyRate(_TimeLine):
    """The clock of a device runs at its nominal rate, to 100 ppm."""

    id = "time-rate"
    strictness = 4
    need = Need.RECOMMENDED
    source = f"{HEADER}; field reports of drift: docs/reference/checks.md"

    def complaints(self, device: Device, report: TimestampReport) -> Iterator[str]:
        """Of the longest time line."""
        if report.driver.points >= 2 and abs(report.driver.rate_ppm) > RATE_PPM:
            yield (
                f"{device.name}: {report.driver.rate_ppm:+.1f} ppm off {device.nominal_rate:g} Hz "
                f"over {report.driver.points} timestamps; at most {RATE_PPM:g} may be"
            )


class LittleJitter(_TimeLine):
    """Zero timestamps lie within 0.1 ms of a straight line, at the 99th percentile."""

    id = "time-jitter"
    strictness = 5
    need = Need.RECOMMENDED

    def complaints(self, device: Device, report: TimestampReport) -> Iterator[str]:
        """Of the longest time line."""
        if report.driver.jitter_p99_ns > JITTER_NS:
            yield (
                f"{device.name}: jitter of {report.driver.jitter_p99_ns / 1e3:.1f} us at the 99th "
                f"percentile; at most {JITTER_NS / 1e3:g} us may be"
            )


class Period(Check):
    """The zero timestamp period is at least 10,923 frames, as the header asks."""

    id = "time-period-length"
    family = "time"
    strictness = 4
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: kAudioDevicePropertyZeroTimeStampPeriod"

    def run(self, subject: Subject) -> None:
        """Ask each device."""
        devices = [device for device in subject.loaded().devices if device.streams]
        self.expect_all(
            f"{device.name}: a period of {device.zero_period_frames} frames; the header asks for "
            f"at least {PERIOD_LEAST}"
            for device in self.some(devices, "device with a stream")
            if device.zero_period_frames < PERIOD_LEAST
        )


_ALL_VIOLATIONS = (
    "impossible",
    "host-time-not-increasing",
    "host-time-moved-alone",
    "not-a-multiple-of-the-period",
    "odd-advance",
    "break-without-a-new-seed",
    "in-the-future",
    "stale",
)


class AfterAStall(_TimeLine):
    """After ten seconds in which IO threads stood still, zero timestamps are right."""

    id = "time-after-a-stall"
    strictness = 5
    violation = _ALL_VIOLATIONS

    def disturb(self, loaded: Loaded, device: Device, client: Client) -> None:
        """IO threads stand still."""
        del device, client
        loaded.host.run(2.0)
        loaded.host.advance(10_000_000_000)
        loaded.host.run(5.0)


class AfterSleep(_TimeLine):
    """After IO has stopped, a minute has passed and IO begins anew, zero timestamps are right."""

    id = "time-after-sleep"
    strictness = 5
    violation = _ALL_VIOLATIONS

    def disturb(self, loaded: Loaded, device: Device, client: Client) -> None:
        """As before a machine goes to sleep, and after it woke."""
        del device
        loaded.host.run(2.0)
        client.stop()
        loaded.host.advance(60_000_000_000)
        client.start()
        loaded.host.run(5.0)


class SecondClient(_TimeLine):
    """A second client that starts, and one that stops, leave the time line as it is."""

    id = "time-second-client"
    strictness = 3
    source = "AudioServerPlugIn.h: StartIO, GetZeroTimeStamp (the time line is the device's)"
    violation = _ALL_VIOLATIONS

    def disturb(self, loaded: Loaded, device: Device, client: Client) -> None:
        """It comes and goes."""
        del client
        loaded.host.run(1.3)
        other = started(loaded, device)
        loaded.host.run(1.3)
        other.remove()
        loaded.host.run(2.0)

    def complaints(self, device: Device, report: TimestampReport) -> Iterator[str]:
        """No new time line either: nothing has broken."""
        yield from super().complaints(device, report)
        if report.time_lines > 1:
            yield (
                f"{device.name}: {report.time_lines} time lines where there was one run of IO; a "
                "client that comes must not anchor the device anew"
            )


class EachRate(Check):
    """At every rate that a device offers, 8 to 768 kHz, its clock runs at that rate."""

    id = "time-each-rate"
    family = "time"
    strictness = 5
    need = Need.REQUIRED
    source = f"{HEADER}; AudioHardware.h: kAudioDevicePropertyAvailableNominalSampleRates"
    limit_s = 60.0

    def run(self, subject: Subject) -> None:
        """Set each, run, and look."""
        loaded = subject.loaded()
        complaints = []
        for device in self.some([d for d in loaded.devices if d.streams], "device with a stream"):
            for rate in sorted({low for low, _ in device.available_rates if 8e3 <= low <= 768e3}):
                loaded.host.set_rate(device.device, rate)
                client = started(loaded, device)
                loaded.host.timestamps(device.device, forget=True)
                loaded.host.run(3.0)
                report = loaded.host.timestamps(device.device)
                client.remove()
                off = report.driver.rate_ppm
                if report.nominal_rate != rate:
                    complaints.append(
                        f"{device.name}: set to {rate:g} Hz it has {report.nominal_rate:g} Hz"
                    )
                elif report.driver.points >= 2 and abs(off) > 1000:
                    complaints.append(
                        f"{device.name}: at {rate:g} Hz its clock is {off:+.0f} ppm off"
                    )
                elif report.violations:
                    names = ", ".join(report.violations)
                    complaints.append(f"{device.name}: at {rate:g} Hz its timestamps have {names}")
        self.expect_all(complaints)


class InTicks(Check):
    """Host times are ticks of the host's clock, which are not nanoseconds on Apple silicon."""

    id = "time-host-ticks"
    family = "time"
    strictness = 3
    need = Need.REQUIRED
    source = f"{HEADER}; mach_timebase_info; github.com/briankendall/proxy-audio-device/pull/21"

    def run(self, subject: Subject) -> None:
        """Run where a tick has 41.67 ns."""
        loaded = subject.loaded(timebase=APPLE_SILICON)
        complaints = []
        for device in self.some([d for d in loaded.devices if d.streams], "device with a stream"):
            client = started(loaded, device)
            loaded.host.run(5.0)
            report = loaded.host.timestamps(device.device)
            client.remove()
            if report.violations or abs(report.driver.rate_ppm) > 1000:
                names = ", ".join(report.violations) or "nothing impossible"
                complaints.append(
                    f"{device.name}: where a tick is {APPLE_SILICON[0]}/{APPLE_SILICON[1]} ns, its "
                    f"timestamps have {names}, and its clock is {report.driver.rate_ppm:+.0f} ppm "
                    "off"
                )
        self.expect_all(complaints)


class NewSeed(Check):
    """A time line that begins anew, after IO has stopped, has another seed than the one before."""

    id = "time-new-line-new-seed"
    family = "time"
    strictness = 8
    need = Need.RECOMMENDED
    source = f"{HEADER} (the seed names a time line); many a driver always says 1"

    def run(self, subject: Subject) -> None:
        """Stop, wait a while, start."""
        driver = subject.instance()
        complaints = []
        for device in self.some(playing_devices(driver), "device with a stream"):
            io = RawIO(device)
            io.start()
            before, position = driver.zero_timestamp(device.object_id, CLIENT), io.position
            io.stop()
            driver.host.advance(_PAUSE_NS)
            io.start()
            after = driver.zero_timestamp(device.object_id, CLIENT)
            io.stop()
            away = io.position - position - io.elapsed_frames(_PAUSE_NS)
            if before.ok and after.ok and before.seed == after.seed and abs(away) > _SAME_FRAMES:
                complaints.append(
                    f"{device}: IO stopped, and started {_PAUSE_NS / 1e9:g} s later; the sample "
                    f"time has jumped by {away} frames, and the seed is {after.seed} as before: "
                    "who keeps timestamps of both takes them for one time line"
                )
        self.expect_all(complaints)
