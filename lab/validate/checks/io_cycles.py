"""IO as applications do it: every size of a cycle, every kind of sample, several at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lab.host import sources
from lab.host.base import Client
from lab.host.models import Device
from lab.signals.file import write_raw
from lab.validate.check import Check, Need
from lab.validate.checks.lifecycle import errors_since
from lab.validate.subject import Loaded, Subject

SIZES = (16, 17, 63, 64, 100, 127, 480, 511, 512, 1000, 1023, 1024, 4096, 8191, 8192)
"""Frames of a cycle: what macOS lets applications ask for, and odd ones between."""
PIPELINE = "AudioServerPlugIn.h: DoIOOperation"


class DeviceCheck(Check):
    """IO of each device that has what a check needs."""

    family = "io"
    need = Need.REQUIRED
    source = PIPELINE
    limit_s = 40.0

    def run(self, subject: Subject) -> None:
        """Each device."""
        loaded = subject.loaded()
        found = self.some(self.chosen(loaded), self.what())
        self.expect_all(
            line for device in found for line in self.complaints(subject, loaded, device)
        )

    def chosen(self, loaded: Loaded) -> list[Device]:
        """Which devices it is about."""
        return [device for device in loaded.devices if device.streams]

    def what(self) -> str:
        """What those are, in words."""
        return "device with a stream"

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


def player_of(loaded: Loaded, device: Device, source: sources.Source) -> Client:
    """A client that plays to each output; its IO is not started."""
    client = loaded.host.add_client(device.device, name="player")
    for output in range(len(device.outputs)):
        client.play(source, output=output)
    return client


class EachSize(DeviceCheck):
    """IO runs without errors at every size of a cycle from 16 to 8192 frames, odd ones too."""

    id = "io-each-size"
    strictness = 2

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """A fifth of a second each."""
        del subject
        for frames in SIZES:
            loaded.host.set_buffer_frames(device.device, frames)
            client = player_of(loaded, device, sources.counter())
            before = loaded.host.io_stats(device.device)
            client.start()
            loaded.host.run(0.4)
            after = loaded.host.io_stats(device.device)
            client.remove()
            if after.cycles == before.cycles:
                yield f"{device.name}: with {frames} frames a cycle no cycle has run"
            for line in errors_since(loaded, device, before.driver_errors):
                yield f"{line}, with {frames} frames a cycle"


class ChangingSize(DeviceCheck):
    """The size of a cycle may change as often as clients like, without an error."""

    id = "io-changing-size"
    strictness = 4

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Sixty changes while IO runs."""
        del subject
        client = player_of(loaded, device, sources.counter())
        client.start()
        before = loaded.host.io_stats(device.device).driver_errors
        for turn in range(60):
            loaded.host.set_buffer_frames(device.device, SIZES[turn * 7 % len(SIZES)])
            loaded.host.run(device=device.device, cycles=2)
        client.remove()
        yield from errors_since(loaded, device, before)


_STRANGE = (
    *(np.nan, np.inf, -np.inf, 1e-40, -1e-45, 3.4e38, -3.4e38, 2.0, -2.0),
    *(1.0, -1.0, 0.0, -0.0, 0.5, np.float32(2**-126)),
)


class StrangeSamples(DeviceCheck):
    """NaN, infinities, subnormals and samples beyond full scale do no harm."""

    id = "io-strange-samples"
    strictness = 4

    def chosen(self, loaded: Loaded) -> list[Device]:
        """Those that can be played to."""
        return list(loaded.outputs)

    def what(self) -> str:
        """In words."""
        return "output"

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Two seconds of them."""
        path = subject.folder / "strange.raw"
        channels = device.outputs[0].virtual_format.channels
        pattern = np.resize(np.array(_STRANGE, dtype=np.float32), (4099, channels))
        write_raw(path, pattern)
        client = player_of(loaded, device, sources.file(path, channels, loop=True))
        before = loaded.host.io_stats(device.device).driver_errors
        client.start()
        loaded.host.run(2.0)
        client.remove()
        yield from errors_since(loaded, device, before)


class InputsAreFinite(DeviceCheck):
    """What an input gives is finite, with nothing played and from the first cycle on."""

    id = "io-inputs-finite"
    strictness = 3

    def chosen(self, loaded: Loaded) -> list[Device]:
        """Those that can be recorded from."""
        return list(loaded.inputs)

    def what(self) -> str:
        """In words."""
        return "input"

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """The first second."""
        path = subject.folder / "input.raw"
        client = loaded.host.add_client(device.device, name="listener")
        client.take(sources.record(path, round(device.nominal_rate)))
        client.start()
        loaded.host.run(0.9)
        client.remove()
        heard = np.fromfile(path, dtype=np.float32)
        strange = int(np.count_nonzero(~np.isfinite(heard)))
        if strange:
            yield f"{device.name}: {strange} of the first {heard.size} samples are NaN or infinite"


class TogetherOnTwo(Check):
    """Two devices of a driver run at the same time without errors, and each keeps its time."""

    id = "io-two-devices"
    family = "io"
    strictness = 4
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: each device has IO of its own"

    def run(self, subject: Subject) -> None:
        """All there are."""
        loaded = subject.loaded()
        devices = [device for device in loaded.devices if device.streams]
        if len(devices) < 2:
            self.skip("the driver has no second device")
        before = [loaded.host.io_stats(device.device).driver_errors for device in devices]
        clients = [player_of(loaded, device, sources.counter()) for device in devices]
        for client in clients:
            client.start()
        loaded.host.run(10.0)
        complaints: list[str] = []
        for device, errors in zip(devices, before, strict=True):
            complaints += errors_since(loaded, device, errors)
            names = ", ".join(loaded.host.timestamps(device.device).violations)
            if names:
                complaints.append(f"{device.name}: beside the other its timestamps have {names}")
        for client in clients:
            client.remove()
        self.expect_all(complaints)


class ManyClients(DeviceCheck):
    """Twenty clients play at the same time, and IO goes on without errors."""

    id = "io-many-clients"
    strictness = 4

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """For two seconds."""
        del subject
        before = loaded.host.io_stats(device.device).driver_errors
        clients = [player_of(loaded, device, sources.noise(seed, 0.02)) for seed in range(20)]
        for client in clients:
            client.start()
        loaded.host.run(2.0)
        for client in clients:
            client.remove()
        yield from errors_since(loaded, device, before)


class OnTime(DeviceCheck):
    """After cycles that came late or never, IO goes on without errors."""

    id = "io-after-late-cycles"
    strictness = 4

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Late by up to a second, and a hundred lost."""
        del subject
        client = player_of(loaded, device, sources.counter())
        client.start()
        loaded.host.run(0.5)
        before = loaded.host.io_stats(device.device)
        for late_ns in (1_000_000, 20_000_000, 1_000_000_000):
            loaded.host.wake_late(device.device, late_ns)
            loaded.host.run(0.5)
        loaded.host.lose_cycles(device.device, 100)
        loaded.host.run(2.0)
        after = loaded.host.io_stats(device.device)
        client.remove()
        if after.cycles == before.cycles:
            yield f"{device.name}: IO stands still after a late cycle"
        yield from errors_since(loaded, device, before.driver_errors)
