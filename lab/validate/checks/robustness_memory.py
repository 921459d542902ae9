"""Memory runs out, once, at each place where a driver asks for some."""

from __future__ import annotations

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.host.probe_calls import Call
from lab.host.probe_models import CallResult
from lab.validate.check import Check, Need
from lab.validate.raw_run import CLIENT
from lab.validate.raw_values import REFERENCES, devices_of, objects_of, read, values_of
from lab.validate.subject import Subject

_MOST = 40
"""Allocations that are made to fail, one after the other, for each kind of call."""
_OTHER = 7
"""A client that nobody else is."""


class AllocationFails(Check):
    """When memory runs out in a call, the call fails, and the driver goes on."""

    id = "robustness-allocation-failure"
    family = "robustness"
    strictness = 8
    need = Need.RECOMMENDED
    source = "malloc(3) may return NULL; an audio daemon that ends takes all sound with it"
    limit_s = 60.0

    def run(self, subject: Subject) -> None:
        """Clients, IO, settings and strings: the first, the second, ... allocation fails."""
        instance = subject.instance()
        instance.host.begin_ledger()
        devices = devices_of(instance)
        failed = 0
        for device in devices:
            failed += self._runs_out(instance, _client_calls(device.number, _OTHER))
        failed += self._runs_out(instance, _property_calls(instance))
        instance.host.fail_allocation(0)
        for device in devices:  # everything as at first
            for call in _client_calls(device.number, CLIENT):
                answer = instance.call(call, CallResult)
                self.expect(
                    answer.ok,
                    f"memory ran out {failed} times, and is there again: {call.function} answers "
                    f"{answer.status_text}",
                )
        self.note(f"{failed} allocations failed")

    def _runs_out(self, instance: Instance, wanted: list[Call]) -> int:
        """Let each allocation of a round fail; how many there were."""
        for nth in range(1, _MOST + 1):
            before = instance.host.ledger().failed_allocations
            instance.host.fail_allocation(nth)
            for call in wanted:
                instance.call(call, CallResult)
            if instance.host.ledger().failed_allocations == before:
                return nth - 1
            _undo(instance, wanted)
        return _MOST


def _client_calls(device: int, client: int) -> list[Call]:
    """What a program does that comes and goes."""
    return [
        calls.add_client(device, client, bundle_id="org.hal-lab.check"),
        calls.start_io(device, client),
        calls.zero_timestamp(device, client),
        calls.stop_io(device, client),
        calls.remove_client(device, client),
    ]


def _undo(instance: Instance, wanted: list[Call]) -> None:
    """Whatever of it was done: that nothing is there may be an error, and no more."""
    instance.host.fail_allocation(0)
    for call in wanted:
        if call.function in {"StopIO", "RemoveDeviceClient"}:
            instance.call(call, CallResult)


def _property_calls(instance: Instance) -> list[Call]:
    """Read each string, set each value to what it is."""
    wanted = [
        calls.get(node.number, selector, 8, cf=True)
        for node in objects_of(instance)
        for selector in sorted(REFERENCES - {"scin"})
        if instance.has(node.number, selector).has
    ]
    for value in values_of(instance):
        if not value.settable:
            continue
        now = ("string", "hal-lab") if value.is_reference else read(instance, value)
        if now is not None:
            wanted.append(calls.set_(value.node.number, value.where, now))
    return wanted
