"""Raw calls into a driver, slot by slot, with arguments that no host would ever give.

::

    with SubprocessHost() as host:
        probe = host.probe(bundle)
        driver = probe.create()
        driver.initialize()
        answer = driver.get(2, "nsrt", 8)
        assert answer.ok and answer.guard_intact

A crash or a hang in such a call is raised as `DriverCrashed` or `DriverHung`, as for any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from lab.host import probe_calls as calls
from lab.host import probe_models as models
from lab.host.base import CALL_TIMEOUT_S, Host
from lab.host.probe_calls import Call, Cycle, Data, Samples, Where
from lab.host.protocol import NULL

DRIVER_TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
"""kAudioServerPlugInTypeUUID, which factories are asked for."""

DRIVER_INTERFACE = "EEA5773D-CC43-49F1-8E00-8F96E7D23B17"
"""kAudioServerPlugInDriverInterfaceUUID, which QueryInterface is asked for."""

IUNKNOWN = "00000000-0000-0000-C000-000000000046"

_R = TypeVar("_R", bound=models.CallResult)


class Probe:
    """A bundle that is opened, and nothing in it called yet.

    Parameters
    ----------
    host
        In whose process it is opened; one bundle at a time. Virtual time has it all on owned
        threads, one at a time; `HostOptions.threads` ``"free"`` lets a storm run at once.
    bundle
        Path of the ``.driver`` folder.

    Attributes
    ----------
    opened
        What it says of itself.

    Raises
    ------
    HostError
        ``not-found``, ``bundle`` or ``load``: it is no bundle, or its executable does not load.
    """

    def __init__(self, host: Host, bundle: Path) -> None:
        self.host = host
        self.opened = models.Opened.model_validate(
            host.call("probe.open", path=str(bundle.absolute()))
        )

    def create(
        self, type_: str | None = DRIVER_TYPE, *, factory: str | None = None
    ) -> Instance | None:
        """Call a factory.

        Parameters
        ----------
        type_
            The type UUID that it is asked for; None: a NULL pointer.
        factory
            Its symbol; None: the first that Info.plist has for the type, or else for drivers.

        Returns
        -------
        Instance or None
            None: it returned NULL.
        """
        result = self.host.call(
            "probe.create", type=type_, factory=factory, has_type=type_ is not None
        )
        if result["instance"] is None:
            return None
        missing = [str(name) for name in result["slots_missing"]]
        return Instance(self.host, int(result["instance"]), int(result["create_ns"]), missing)

    def unload(self) -> models.Unloaded:
        """Let go of its code; every instance must be closed."""
        return models.Unloaded.model_validate(self.host.call("probe.unload"))


class Instance:
    """What a factory made.

    Attributes
    ----------
    host, number
        Where it is.
    create_ns
        How long the factory took, real time.
    slots_missing
        Functions of the interface that its table leaves empty: to call one is to crash.
    """

    def __init__(
        self, host: Host, number: int, create_ns: int = 0, slots_missing: Sequence[str] = ()
    ) -> None:
        self.host = host
        self.number = number
        self.create_ns = create_ns
        self.slots_missing = list(slots_missing)

    # ---- IUnknown and Initialize -------------------------------------------------------------

    def query(self, uuid: str = DRIVER_INTERFACE, *, out: bool = True) -> models.Query:
        """QueryInterface; without `out`, NULL in the place of the out pointer."""
        return models.Query.model_validate(self._ask("probe.query", uuid=uuid, out=out))

    def add_ref(self) -> int:
        """AddRef; the count that it answers."""
        return int(self._ask("probe.add_ref")["count"])

    def release(self) -> int:
        """Release; the count that it answers. After the last one nothing more may be called."""
        return int(self._ask("probe.release")["count"])

    def initialize(self, *, host: bool = True) -> models.CallResult:
        """Initialize; without `host`, NULL in the place of the host interface."""
        return models.CallResult.model_validate(self._ask("probe.initialize", host=host))

    def close(self) -> models.Closed:
        """Give back every reference."""
        return models.Closed.model_validate(self._ask("probe.close"))

    # ---- any call ----------------------------------------------------------------------------

    def call(self, call: Call, model: type[_R], *, timeout_s: float = CALL_TIMEOUT_S) -> _R:
        """Make a call.

        Parameters
        ----------
        call
            One of `lab.host.probe_calls`.
        model
            What its result is read as; `CallResult` fits all.
        timeout_s
            How long to wait for the answer.

        Returns
        -------
        CallResult
            Of that model.
        """
        members = {key: NULL if value is None else value for key, value in call.members.items()}
        result = self.host.call(
            "probe.call",
            timeout_s=timeout_s,
            instance=self.number,
            function=call.function,
            **members,
        )
        return model.model_validate(result)

    # ---- properties --------------------------------------------------------------------------

    def has(self, object_: int, where: Where) -> models.HasResult:
        """HasProperty."""
        return self.call(calls.has(object_, where), models.HasResult)

    def is_settable(
        self, object_: int, where: Where, *, null_out: bool = False
    ) -> models.SettableResult:
        """IsPropertySettable."""
        call = calls.is_settable(object_, where, null_out=null_out)
        return self.call(call, models.SettableResult)

    def size(
        self, object_: int, where: Where, *, qualifier: Data = None, null_out: bool = False
    ) -> models.SizeResult:
        """GetPropertyDataSize."""
        call = calls.size(object_, where, qualifier=qualifier, null_out=null_out)
        return self.call(call, models.SizeResult)

    def get(
        self, object_: int, where: Where, room: int, *, cf: bool = False, qualifier: Data = None
    ) -> models.DataResult:
        """GetPropertyData; see `probe_calls.get`, which has more to choose from."""
        call = calls.get(object_, where, room, cf=cf, qualifier=qualifier)
        return self.call(call, models.DataResult)

    def set(
        self, object_: int, where: Where, data: Data, *, size: int | None = None
    ) -> models.SetResult:
        """SetPropertyData."""
        return self.call(calls.set_(object_, where, data, size=size), models.SetResult)

    # ---- devices and IO ----------------------------------------------------------------------

    def add_client(self, object_: int, client: int) -> models.CallResult:
        """AddDeviceClient."""
        return self.call(calls.add_client(object_, client), models.CallResult)

    def remove_client(self, object_: int, client: int) -> models.CallResult:
        """RemoveDeviceClient."""
        return self.call(calls.remove_client(object_, client), models.CallResult)

    def perform_change(self, object_: int, action: int) -> models.CallResult:
        """PerformDeviceConfigurationChange."""
        return self.call(calls.perform_change(object_, action), models.CallResult)

    def start_io(self, object_: int, client: int) -> models.CallResult:
        """StartIO."""
        return self.call(calls.start_io(object_, client), models.CallResult)

    def stop_io(self, object_: int, client: int) -> models.CallResult:
        """StopIO."""
        return self.call(calls.stop_io(object_, client), models.CallResult)

    def zero_timestamp(
        self, object_: int, client: int, *, null_outs: bool = False
    ) -> models.TimestampResult:
        """GetZeroTimeStamp."""
        call = calls.zero_timestamp(object_, client, null_outs=null_outs)
        return self.call(call, models.TimestampResult)

    def will_do(
        self, object_: int, client: int, operation: str | int, *, null_outs: bool = False
    ) -> models.WillResult:
        """WillDoIOOperation."""
        call = calls.will_do(object_, client, operation, null_outs=null_outs)
        return self.call(call, models.WillResult)

    def do_operation(
        self,
        object_: int,
        stream: int,
        client: int,
        operation: str | int,
        frames: int,
        *,
        cycle: Cycle | None = None,
        main: Samples = "silence",
        secondary: Samples = None,
        channels: int = 2,
        first_frame: int = 0,
        give_data: bool = False,
    ) -> models.OperationResult:
        """DoIOOperation alone; without `cycle` one at sample time 0, now."""
        call = calls.do_operation(
            object_,
            stream,
            client,
            operation,
            frames,
            cycle or Cycle(),
            main=main,
            secondary=secondary,
            channels=channels,
            first_frame=first_frame,
            give_data=give_data,
        )
        return self.call(call, models.OperationResult)

    # ---- many calls --------------------------------------------------------------------------

    def storm(
        self,
        wanted: Sequence[Call],
        *,
        threads: int = 4,
        times: int = 1,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> models.StormResult:
        """The same calls from several threads at once.

        Parameters
        ----------
        wanted
            1 to 64 calls.
        threads
            1 to 64; each begins with another of the calls.
        times
            How often each thread makes all of them.
        timeout_s
            How long to wait for the answer.
        """
        result = self._ask(
            "probe.storm",
            timeout_s=timeout_s,
            calls=[call.to_wire() for call in wanted],
            threads=threads,
            times=times,
        )
        return models.StormResult.model_validate(result)

    def random(
        self,
        seed: int,
        count: int,
        *,
        avoid: Sequence[str] = (),
        order: Literal["legal", "any"] = "legal",
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> models.RandomResult:
        """Random calls over the whole interface, the same for the same seed.

        Parameters
        ----------
        seed
            0 to 2^64 - 1.
        count
            Of calls; some microseconds each.
        avoid
            Functions that are not called.
        order
            ``"legal"``: clients, IO and configuration changes in an order in which a host could
            ask; ``"any"``.
        timeout_s
            How long to wait for the answer.

        Raises
        ------
        HostError
            ``state``: it is not initialized.
        """
        result = self._ask(
            "probe.random",
            timeout_s=timeout_s,
            seed=seed,
            count=count,
            avoid=list(avoid),
            order=order,
        )
        return models.RandomResult.model_validate(result)

    # ---- the host that it sees ---------------------------------------------------------------

    def host_calls(self) -> models.HostCalls:
        """All that it asked the host since the last time; also after it was closed."""
        return models.HostCalls.model_validate(self._ask("probe.host_calls"))

    def configure(
        self,
        *,
        refuse_changes: bool | None = None,
        refuse_notifications: bool | None = None,
        storage: Literal["ok", "fails"] | None = None,
        stored: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Tell the host that it sees how to behave; what is None stays.

        Parameters
        ----------
        refuse_changes, refuse_notifications
            RequestDeviceConfigurationChange, or PropertiesChanged, fails.
        storage
            Whether storage answers.
        stored
            Takes the place of all that is in storage, which the instances of a host share.

        Returns
        -------
        dict
            What is in storage now.
        """
        result = self._ask(
            "probe.configure",
            refuse_changes=refuse_changes,
            refuse_notifications=refuse_notifications,
            storage=storage,
            stored=None if stored is None else dict(stored),
        )
        found: dict[str, Any] = result["stored"]
        return found

    def _ask(self, method: str, *, timeout_s: float = CALL_TIMEOUT_S, **params: Any) -> Any:
        return self.host.call(method, timeout_s=timeout_s, instance=self.number, **params)
