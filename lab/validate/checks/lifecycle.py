"""Clients come, start, stop and go, in any order, and nothing is left of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lab.host import sources
from lab.host.base import Client
from lab.host.models import Device, Resources
from lab.validate.check import Check, Need
from lab.validate.checks.bundle_life import resources_since
from lab.validate.subject import Loaded, Subject

HEAP_BYTES = 64 * 1024
"""What may be left of a thousand starts and stops: caches of the C library, not of the driver."""
LOAD_BYTES = 96 * 1024
"""What may be left of one time, for each device: 60 KiB are the host's own records."""
STARTS = "AudioServerPlugIn.h: StartIO, StopIO (they nest; IO runs while one client has started)"


class _Devices(Check):
    family = "lifecycle"
    need = Need.REQUIRED
    limit_s = 40.0

    def run(self, subject: Subject) -> None:
        """Each device."""
        loaded = subject.loaded(exact_memory=True)
        found = self.some([one for one in loaded.devices if one.streams], "device with a stream")
        self.expect_all(line for device in found for line in self.complaints(loaded, device))

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


def client_of(loaded: Loaded, device: Device, name: str = "client") -> Client:
    """A client that plays silence, if it can play; its IO is not started."""
    client = loaded.host.add_client(device.device, name=name)
    if device.outputs:
        client.play(sources.silence())
    return client


def errors_since(loaded: Loaded, device: Device, before: int) -> Iterator[str]:
    """What the driver refused in IO since then."""
    now = loaded.host.io_stats(device.device)
    if now.driver_errors > before:
        yield (
            f"{device.name}: {now.driver_errors - before} IO calls failed; the last with "
            f"{now.last_driver_error_text} in {now.last_driver_error_operation}"
        )


class StartsAndStops(_Devices):
    """IO can be started and stopped a thousand times, and leaves nothing behind."""

    id = "lifecycle-thousand-starts"
    strictness = 4
    source = STARTS

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """A cycle in between."""
        client = client_of(loaded, device)
        for _ in range(20):
            self._once(loaded, device, client)
        before = loaded.host.resources()
        for _ in range(1000):
            self._once(loaded, device, client)
        after = resources_since(loaded.host, before)
        client.remove()
        yield from left(device, before, after, "1000 starts and stops")

    @staticmethod
    def _once(loaded: Loaded, device: Device, client: Client) -> None:
        client.start()
        loaded.host.run(device=device.device, cycles=1)
        client.stop()


class ComesAndGoes(_Devices):
    """Clients can come and go a hundred times, and leave no memory, thread or descriptor."""

    id = "lifecycle-hundred-clients"
    strictness = 3
    source = "AudioServerPlugIn.h: AddDeviceClient, RemoveDeviceClient"

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """Three at a time."""
        self._round(loaded, device)
        before = loaded.host.resources()
        for _ in range(100):
            self._round(loaded, device)
        yield from left(device, before, resources_since(loaded.host, before), "300 clients")

    @staticmethod
    def _round(loaded: Loaded, device: Device) -> None:
        clients = [client_of(loaded, device, f"client {i}") for i in range(3)]
        for client in clients:
            client.start()
        loaded.host.run(device=device.device, cycles=2)
        for client in clients:
            client.remove()


def left(device: Device, before: Resources, after: Resources, of: str) -> Iterator[str]:
    """What is there after something that was not there before."""
    grown = after.heap_bytes - before.heap_bytes
    if grown > HEAP_BYTES:
        yield f"{device.name}: {grown // 1024} KiB of memory are left of {of}"
    for name in ("cf_objects", "descriptors", "threads"):
        was, now = getattr(before, name), getattr(after, name)
        if was is not None and now is not None and now > was:
            words = name.replace("cf_objects", "CF objects")
            yield f"{device.name}: {now - was} {words} are left of {of}"


class OthersGoOn(_Devices):
    """A client that stops, or goes while its IO runs, does not stop the IO of others."""

    id = "lifecycle-others-go-on"
    strictness = 2
    source = STARTS

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """One stops, one goes."""
        stays, stops, goes = (client_of(loaded, device, name) for name in ("a", "b", "c"))
        for client in (stays, stops, goes):
            client.start()
        loaded.host.run(0.2)
        for name, leave in (("stopped", stops.stop), ("went", goes.remove)):
            before = loaded.host.io_stats(device.device)
            leave()
            loaded.host.run(0.5)
            after = loaded.host.io_stats(device.device)
            if after.cycles == before.cycles:
                yield f"{device.name}: IO stood still when another client {name}"
            yield from errors_since(loaded, device, before.driver_errors)
            if after.seed_changes > before.seed_changes:
                yield f"{device.name}: the time line broke when another client {name}"
        stays.remove()
        stops.remove()


class AnyOrder(_Devices):
    """Clients may start, stop, come and go in any order: IO runs while one has started."""

    id = "lifecycle-any-order"
    strictness = 5
    source = STARTS
    steps = 200

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """Two hundred steps, drawn by the seed."""
        draw = random.Random(f"{self.id}/{loaded.host.options.seed}/{device.uid}")
        clients: list[tuple[Client, bool]] = []
        before = loaded.host.io_stats(device.device).driver_errors
        for step in range(self.steps):
            what = draw.choice(("come", "start", "stop", "go", "run"))
            if what == "come" and len(clients) < 5:
                clients.append((client_of(loaded, device, f"client {step}"), False))
            elif clients and what in {"start", "stop", "go"}:
                at = draw.randrange(len(clients))
                client, runs = clients.pop(at)
                if what == "go":
                    client.remove()
                    continue
                if what == "start" and not runs:
                    client.start()
                elif what == "stop" and runs:
                    client.stop()
                clients.append((client, what == "start"))
            if not any(runs for _, runs in clients):
                loaded.host.advance(100_000_000)
                continue
            was = loaded.host.io_stats(device.device).cycles
            loaded.host.run(0.1)
            if loaded.host.io_stats(device.device).cycles == was:
                yield (
                    f"{device.name}: after step {step} ({what}) IO stands still with "
                    f"{sum(runs for _, runs in clients)} clients that have started"
                )
                break
        for client, _ in clients:
            client.remove()
        yield from errors_since(loaded, device, before)


class StopsForAChange(_Devices):
    """Clients that come, start and go in the middle of changes of the rate do no harm."""

    id = "lifecycle-during-changes"
    strictness = 5
    source = "AudioServerPlugIn.h: PerformDeviceConfigurationChange"

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """Thirty changes, one client more or less each time."""
        rates = sorted({low for low, _ in device.available_rates})
        if len(rates) < 2:
            return
        before = loaded.host.io_stats(device.device).driver_errors
        clients: list[Client] = []
        for turn in range(30):
            if turn % 3 < 2:
                clients.append(client_of(loaded, device, f"client {turn}"))
                clients[-1].start()
            else:
                clients.pop(0).remove()
            loaded.host.set_rate(device.device, rates[turn % len(rates)])
            loaded.host.run(device=device.device, cycles=3)
        for client in clients:
            client.remove()
        yield from errors_since(loaded, device, before)


class LoadedAgain(Check):
    """A driver can be loaded and unloaded a hundred times, each time with the same devices."""

    id = "lifecycle-hundred-loads"
    family = "lifecycle"
    strictness = 4
    need = Need.REQUIRED
    source = "CFPlugInCOM.h: Release; Android VTS: CanBeRestarted"
    limit_s = 60.0

    def run(self, subject: Subject) -> None:
        """In one process."""
        host = subject.host(exact_memory=True)
        first: list[str] = []
        before: Resources | None = None
        for turn in range(100):
            plugin = host.load(subject.bundle)
            uids = [host.device(index).uid for index in plugin.devices]
            first = first or uids
            self.expect(
                uids == first,
                f"loaded for the {turn + 1}th time it has the devices {uids}, and at first {first}",
            )
            host.unload(plugin.plugin)
            if turn == 9:
                before = host.resources()
        assert before is not None
        after = host.resources()
        for name in ("threads", "descriptors", "cf_objects"):
            was, now = getattr(before, name), getattr(after, name)
            if was is not None and now is not None:
                self.expect(
                    now - was < 90,
                    f"each time that it is unloaded, some of its {name} are left: {was} after 10 "
                    f"times, {now} after 100",
                )
        grown, room = after.heap_bytes - before.heap_bytes, 90 * LOAD_BYTES * len(first)
        self.expect(
            grown < room,
            f"90 times loaded and unloaded leave {grown // 1024} KiB of memory; at most "
            f"{room // 1024} KiB may be left",
        )


class StartsAgain(_Devices):
    """A client that has stopped can start again, and its IO runs as before."""

    id = "lifecycle-start-again"
    strictness = 1
    source = STARTS

    def complaints(self, loaded: Loaded, device: Device) -> Iterator[str]:
        """Three times."""
        client = client_of(loaded, device)
        before = loaded.host.io_stats(device.device).driver_errors
        for turn in range(3):
            client.start()
            was = loaded.host.io_stats(device.device).cycles
            loaded.host.run(0.3)
            if loaded.host.io_stats(device.device).cycles == was:
                yield f"{device.name}: started for the {turn + 1}th time, IO stands still"
            client.stop()
        client.remove()
        yield from errors_since(loaded, device, before)
