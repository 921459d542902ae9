"""Memory runs out, once, at each place where a driver asks for some."""

from __future__ import annotations

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.host.probe_calls import Call
from lab.host.probe_models import CallResult
from lab.validate.check import Check, Need
from lab.validate.raw.answers import REFERENCE_BYTES
from lab.validate.raw.device import devices_of
from lab.validate.raw.io import CLIENT
from lab.validate.raw.settable import read, values_of
from lab.validate.raw.tree import references_of
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
        driver = subject.instance()
        driver.host.begin_ledger()
        devices = devices_of(driver)
        failed = 0
        for device in devices:
            failed += self._runs_out(driver, _client_calls(device.object_id, _OTHER))
        failed += self._runs_out(driver, _property_calls(driver))
        driver.host.fail_allocation(0)
        for device in devices:  # everything as at first
            for call in _client_calls(device.object_id, CLIENT):
                answer = driver.call(call, CallResult)
                self.expect(
                    answer.ok,
                    f"memory ran out {failed} times, and is there again: {call.function} answers "
                    f"{answer.status_text}",
                )
        self.note(f"{failed} allocations failed")

    def _runs_out(self, driver: Instance, wanted: list[Call]) -> int:
        """Let each allocation of a round fail; how many there were."""
        for nth in range(1, _MOST + 1):
            before = driver.host.ledger().failed_allocations
            driver.host.fail_allocation(nth)
            for call in wanted:
                driver.call(call, CallResult)
            if driver.host.ledger().failed_allocations == before:
                return nth - 1
            _undo(driver, wanted)
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


def _undo(driver: Instance, wanted: list[Call]) -> None:
    """Whatever of it was done: that nothing is there may be an error, and no more."""
    driver.host.fail_allocation(0)
    for call in wanted:
        if call.function in {"StopIO", "RemoveDeviceClient"}:
            driver.call(call, CallResult)


def _property_calls(driver: Instance) -> list[Call]:
    """Read each string, set each value to what it is."""
    wanted = [
        calls.get(node.object_id, selector, REFERENCE_BYTES, cf=True)
        for node, selector in references_of(driver)
    ]
    for value in values_of(driver):
        if not value.settable:
            continue
        now = ("string", "hal-lab") if value.is_reference else read(driver, value)
        if now is not None:
            wanted.append(calls.set_(value.object_id, value.where, now))
    return wanted
