"""The one interface to a simulated coreaudiod, whichever way it is reached."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lab import clocks
from lab.closing import Closing
from lab.errors import UsageError
from lab.host import models
from lab.host.errors import HostGone, ending_of
from lab.host.far_end import FarEnd
from lab.host.link import LinkClosed
from lab.host.protocol import NULL, RpcClient
from lab.host.sources import Sink, Source

if TYPE_CHECKING:
    from lab.host.probe import Probe

DeviceRef = int | str
"""Index in the host, UID, or name."""

CALL_TIMEOUT_S = 30.0


class Host(Closing):
    """A simulated coreaudiod. Use it as a context manager: leaving it ends what it started."""

    _client: RpcClient

    # ---- the way it is reached -------------------------------------------------------------

    @abstractmethod
    def close(self) -> None:
        """End it, or leave it, in good order if it can be. May be called twice."""

    def call(self, method: str, *, timeout_s: float = CALL_TIMEOUT_S, **params: Any) -> Any:
        """Send a request as it is.

        Parameters
        ----------
        method
            As in docs/reference/rpc.md.
        timeout_s
            How long to wait for the answer.
        **params
            None is left out.

        Returns
        -------
        Any
            The result, as JSON.

        Raises
        ------
        HostError
            The host, or the driver, refused.
        HostGone
            The host has ended; `DriverCrashed` and `DriverHung` say why.
        HostTimeout
            It did not answer.
        """
        try:
            return self._client.call(method, params, timeout_s=timeout_s)
        except LinkClosed:
            raise self._ending() from None

    def _ending(self) -> HostGone:
        """What to raise when the link has closed."""
        return ending_of(None, {}, "its connection closed")

    # ---- host and plug-ins -----------------------------------------------------------------

    def info(self) -> models.HostInfo:
        """What it is."""
        return models.HostInfo.model_validate(self.call("host.info"))

    def resources(self) -> models.Resources:
        """What the host's process holds now, to be compared with another moment like this one."""
        return models.Resources.model_validate(self.call("host.resources"))

    def advance(self, ns: int) -> None:
        """Virtual time: let `ns` pass without a cycle, as if the IO threads stood still."""
        self.call("host.advance", ns=ns)

    def load(self, path: Path) -> models.Plugin:
        """Load a bundle."""
        return models.Plugin.model_validate(self.call("plugin.load", path=str(path.resolve())))

    def unload(self, plugin: int) -> None:
        """Stop and release a plug-in; its code stays mapped."""
        self.call("plugin.unload", plugin=plugin)

    def plugins(self) -> list[models.Plugin]:
        """All that are loaded."""
        return [models.Plugin.model_validate(item) for item in self.call("plugin.list")]

    def probe(self, bundle: Path) -> Probe:
        """Open a bundle for raw calls, beside the plug-ins; one at a time."""
        from lab.host import probe

        return probe.Probe(self, bundle)

    def last_calls(self) -> list[models.LastCall]:
        """The last 100 calls into drivers; in real time those since a probe was opened."""
        return [models.LastCall.model_validate(item) for item in self.call("host.last_calls")]

    def count_calls(self, *, on: bool = True) -> None:
        """Count the calls into drivers from now on, on top of what was counted; or no more."""
        self.call("host.coverage", on=on)

    def coverage(self) -> models.CoverageReport:
        """The calls into drivers that were counted; `lab.measure.coverage` gives them names."""
        return models.CoverageReport.model_validate(self.call("host.coverage"))

    def counted_calls(self, plugin: int) -> list[models.CoverageRow]:
        """Those into one plug-in; where it has a process of its own, while it is loaded."""
        return [row for row in self.coverage().rows if row.plugin == plugin]

    # ---- devices ---------------------------------------------------------------------------

    def devices(self) -> list[models.Device]:
        """All devices of all plug-ins."""
        return [models.Device.model_validate(item) for item in self.call("device.list")]

    def device(self, device: DeviceRef) -> models.Device:
        """One device."""
        return models.Device.model_validate(self.call("device.info", device=device))

    def set_buffer_frames(self, device: DeviceRef, frames: int) -> models.Device:
        """Frames per cycle, 16 to 8192; IO is stopped and started around the change."""
        return models.Device.model_validate(
            self.call("device.set_buffer_frames", device=device, frames=frames)
        )

    def set_rate(self, device: DeviceRef, rate: float) -> models.Device:
        """Sample rate, Hz."""
        return models.Device.model_validate(self.call("device.set_rate", device=device, rate=rate))

    def refuse_changes(self, device: DeviceRef, count: int) -> None:
        """Abort the next `count` configuration changes that the driver asks for."""
        self.call("device.refuse_changes", device=device, count=count)

    def wake_late(self, device: DeviceRef, ns: int) -> None:
        """Virtual time: the next cycle wakes `ns` after its time."""
        self.call("device.wake_late", device=device, ns=ns)

    def lose_cycles(self, device: DeviceRef, count: int) -> None:
        """Virtual time: the next `count` cycles never come."""
        self.call("device.lose_cycles", device=device, count=count)

    def set_format(self, device: DeviceRef, stream: int, format_: models.Format) -> models.Device:
        """Physical and virtual format of a stream, by the stream's object ID."""
        return models.Device.model_validate(
            self.call(
                "device.set_format", device=device, stream=stream, format=format_.model_dump()
            )
        )

    # ---- clocks ----------------------------------------------------------------------------

    def set_clock(self, device: DeviceRef, model: clocks.Model) -> None:
        """Make a device's clock, as the host sees it, off by a model; virtual time only.

        It begins with the next zero timestamp, and anew with each run of IO. An empty model ends
        it.
        """
        self.call("device.set_clock", device=device, model=clocks.to_wire(model))

    def set_host_clock(self, model: clocks.Model) -> None:
        """The same for the host's own clock, from now on: what it gains, all devices lose."""
        self.call("host.set_clock", model=clocks.to_wire(model))

    def timestamps(self, device: DeviceRef, *, forget: bool = False) -> models.TimestampReport:
        """What a device's zero timestamps were like so far; `forget`: count anew from now on.

        `lab.measure.timestamps` judges it.
        """
        return models.TimestampReport.model_validate(
            self.call("device.timestamps", device=device, forget=forget or None)
        )

    # ---- properties ------------------------------------------------------------------------

    def has_property(
        self, plugin: int, object_id: int, selector: str, scope: str = "glob", element: int = 0
    ) -> bool:
        """Whether an object has a property."""
        return bool(
            self.call("property.has", **_address(plugin, object_id, selector, scope, element))
        )

    def is_settable(
        self, plugin: int, object_id: int, selector: str, scope: str = "glob", element: int = 0
    ) -> bool:
        """Whether a property that an object has can be set."""
        address = _address(plugin, object_id, selector, scope, element)
        return bool(self.call("property.is_settable", **address))

    def get_property(
        self,
        plugin: int,
        object_id: int,
        selector: str,
        scope: str = "glob",
        element: int = 0,
        *,
        type_: str | None = None,
    ) -> Any:
        """Value of a property, as JSON; `type_` when the contract does not know the selector."""
        address = _address(plugin, object_id, selector, scope, element)
        return self.call("property.get", **address, type=type_)

    def set_property(
        self,
        plugin: int,
        object_id: int,
        selector: str,
        value: Any,
        scope: str = "glob",
        element: int = 0,
        *,
        type_: str | None = None,
    ) -> None:
        """Set a property; returns when a configuration change that this asked for is done."""
        address = _address(plugin, object_id, selector, scope, element)
        self.call("property.set", **address, type=type_, value=value)

    def tree(self, plugin: int) -> dict[str, Any]:
        """The objects of a plug-in, nested."""
        result: dict[str, Any] = self.call("object.tree", plugin=plugin)
        return result

    # ---- clients and IO --------------------------------------------------------------------

    def add_client(
        self,
        device: DeviceRef,
        *,
        name: str | None = None,
        bundle_id: str | None = None,
        process_id: int | None = None,
    ) -> Client:
        """Add a client to a device."""
        result = self.call(
            "client.add", device=device, name=name, bundle_id=bundle_id, process_id=process_id
        )
        return Client(self, device, int(result["client"]))

    def run(
        self,
        seconds: float | None = None,
        *,
        device: DeviceRef | None = None,
        cycles: int | None = None,
    ) -> models.RunResult:
        """Let time pass: so many seconds, or so many cycles of a device.

        In virtual time the cycles run now, back to back; in real time it waits. Ctrl-C ends it at
        the host, too, and is then raised.
        """
        if (seconds is None) == (cycles is None) or (cycles is not None and device is None):
            raise UsageError("run() takes seconds, or a device and cycles")
        params: dict[str, Any] = {"device": device, "cycles": cycles}
        timeout_s = CALL_TIMEOUT_S + (seconds or 0.0)
        if seconds is not None:
            params["duration_ns"] = round(seconds * 1e9)
        elif self.info().clock == "realtime":
            assert device is not None
            assert cycles is not None
            timeout_s += 2 * cycles * self.device(device).period_s
        else:
            timeout_s += 600.0  # back to back, but a day of them takes its minute
        try:
            return models.RunResult.model_validate(
                self.call("io.run", timeout_s=timeout_s, **params)
            )
        except KeyboardInterrupt:
            self.interrupt()
            raise

    def interrupt(self) -> None:
        """End a `run` of another thread."""
        try:
            self._client.notify("io.interrupt")
        except LinkClosed:
            raise self._ending() from None

    def io_stats(self, device: DeviceRef) -> models.IoStats:
        """Counters of a device."""
        return models.IoStats.model_validate(self.call("io.stats", device=device))

    # ---- what is watched -------------------------------------------------------------------

    def open_trace(self, path: Path, capacity: int = 65536) -> None:
        """Write one record per cycle into a file, from now on; only while no IO runs."""
        self.call("trace.open", path=str(path.resolve()), capacity=capacity)

    def close_trace(self) -> None:
        """End the trace; the file stays."""
        self.call("trace.close")

    def begin_ledger(self, budgets: Sequence[Mapping[str, str | int]] = ()) -> None:
        """Count what drivers do while they are called, from now on.

        In real time only while no IO runs.

        Parameters
        ----------
        budgets
            As docs/reference/rpc.md has them; `lab.measure.budget` makes them.
        """
        self.call("ledger.begin", budgets=[dict(budget) for budget in budgets])

    def ledger(self) -> models.LedgerReport:
        """What has been counted so far."""
        return models.LedgerReport.model_validate(self.call("ledger.read"))

    def fail_allocation(self, nth: int) -> None:
        """Let memory run out once: the `nth` allocation that a driver makes from now on fails.

        Counted are those of its own code, within calls, while a ledger counts; 0: none fails.
        """
        self.call("ledger.fail_allocation", nth=nth)

    def end_ledger(self) -> None:
        """Count no more; what was counted can still be read."""
        self.call("ledger.end")

    def sandbox(self) -> models.SandboxReport:
        """What drivers may reach, and what those that run were refused.

        What a driver was refused that has died meanwhile is in the log.
        """
        return models.SandboxReport.model_validate(self.call("sandbox.read"))

    def begin_fingerprint(self) -> None:
        """Observe all that happens from now on, from nothing; virtual time only."""
        self.call("fingerprint.begin")

    def fingerprint(self) -> models.Fingerprint:
        """What the run so far comes to."""
        return models.Fingerprint.model_validate(self.call("fingerprint.read"))

    def log_events(
        self,
        path: Path | None,
        first_cycle: int = 0,
        last_cycle: int | None = None,
        *,
        capacity: int | None = None,
        samples: bool = False,
    ) -> None:
        """Write what is observed in a window of cycles into a file; `lab.replay.events` reads it.

        Parameters
        ----------
        path
            A new file, cut to what it holds when the next takes its place; None only closes.
        first_cycle, last_cycle
            Cycles since `begin_fingerprint`, from 1; 0 is what came before the first. None: to the
            end.
        capacity
            How many events it has room for, 128 bytes each; None: 65536.
        samples
            Whether the samples go in as well, 64 bytes to a record.
        """
        self.call(
            "fingerprint.log",
            path=None if path is None else str(path.resolve()),
            first_cycle=first_cycle,
            last_cycle=last_cycle,
            capacity=capacity,
            samples=samples or None,
        )

    def open_far_end(
        self,
        name: str,
        *,
        every_cycles: int = 1,
        check: Literal["counter", "none"] = "counter",
        record: Path | None = None,
        record_frames: int | None = None,
        attach: Literal["newest", "oldest"] = "newest",
        stall_cycles: tuple[int, int] | None = None,
        device: DeviceRef | None = None,
    ) -> FarEnd:
        """A reader of shared memory inside the host, in step with its cycles."""
        result = self.call(
            "farend.open",
            kind="gecko-shm",
            name=name,
            every_cycles=every_cycles,
            check=check,
            record=None if record is None else str(record.resolve()),
            record_frames=record_frames,
            attach=attach,
            stall_cycles=None if stall_cycles is None else list(stall_cycles),
            device=device,
        )
        return FarEnd(self, int(result["farend"]))

    def take_notices(self) -> list[models.Notice]:
        """What the host said unasked since the last time; oldest first."""
        taken = []
        while self._client.notices:
            taken.append(models.Notice.model_validate(self._client.notices.popleft()))
        return taken


class Client:
    """A client of a device.

    Attributes
    ----------
    host, device, id
        Where it is.
    """

    def __init__(self, host: Host, device: DeviceRef, client_id: int) -> None:
        self.host = host
        self.device = device
        self.id = client_id

    def play(self, source: Source | None, *, output: int = 0) -> None:
        """Play into an output stream from the next cycle on; None takes the source away."""
        self._call("client.set_source", output=output, source=_or_null(source))

    def take(self, sink: Sink | None, *, input_: int = 0) -> None:
        """Take from an input stream from the next cycle on."""
        self._call("client.set_sink", input=input_, sink=_or_null(sink))

    def start(self) -> None:
        """Start its IO."""
        self._call("io.start")

    def stop(self) -> None:
        """Stop its IO."""
        self._call("io.stop")

    def remove(self) -> None:
        """Stop and remove it."""
        self._call("client.remove")

    def stats(self) -> models.ClientStats:
        """Frames played and taken so far, and what its sinks found."""
        return models.ClientStats.model_validate(self._call("client.stats"))

    def _call(self, method: str, **params: Any) -> Any:
        return self.host.call(method, device=self.device, client=self.id, **params)


def _address(
    plugin: int, object_id: int, selector: str, scope: str, element: int
) -> dict[str, Any]:
    return {
        "object": {"plugin": plugin, "id": object_id},
        "selector": selector,
        "scope": scope,
        "element": element,
    }


def _or_null(value: Source | Sink | None) -> Any:
    return NULL if value is None else dict(value)
