"""Clients of a device in every order that there is, also in those that no host uses.

After Android's VTS, whose tests of streams are graphs of legal outcomes, walked under two orders of
setting up: what comes of an order that is not legal is the driver's choice, within limits
(`lab.validate.orders`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lab.validate.check import Check, Need
from lab.validate.orders import Belief, Client, Event, State, Step, way_to_new
from lab.validate.raw.device import RawDevice, listed_devices
from lab.validate.subject import Subject

CLIENTS = (7, 8)
"""IDs: the first does all that there is to do, the second what it takes to have company."""
SET_UPS: dict[str, tuple[Step, ...]] = {
    "clients added first": ((0, Event.ADD), (1, Event.ADD)),
    "IO started first": ((0, Event.START), (1, Event.START), (0, Event.ADD), (1, Event.ADD)),
}
MOST_STEPS = 1500
"""About three times as many as a strict driver takes."""
_TOLD = 6
"""Steps before the one that was answered wrongly, in evidence."""


class _Orders(Check):
    family = "lifecycle"
    limit_s = 60.0
    legal_only: ClassVar[bool]
    set_ups: ClassVar[tuple[str, ...]]

    def run(self, subject: Subject) -> None:
        """Each device, set up anew each time."""
        for set_up in self.set_ups:
            driver = subject.instance()
            for device in self.some(listed_devices(driver), "device with a stream"):
                self.expect_all(self._walk(device, set_up))
            driver.close()  # the next one may need the same names of the system

    def _walk(self, device: RawDevice, set_up: str) -> Iterator[str]:
        """From one step that was not tried to the next; the first that is wrong ends it."""
        belief = Belief.of(Client(), Client())
        done: list[str] = []
        tried: dict[tuple[State, Step], State | None] = {}
        waiting = list(SET_UPS[set_up])
        while waiting and len(done) < MOST_STEPS:
            step, before = waiting.pop(0), belief
            who, event = step
            answer = device.call(event, CLIENTS[who]).status_text
            done.append(f"{event} of client {CLIENTS[who]} answered {answer}")
            runs = device.runs()
            belief = before.after(step, ok=answer == "0").seen(runs=runs)
            if not belief.states:
                yield _said(device, set_up, before, done, runs=runs)
                return
            here = belief.likely()
            stamp = device.driver.zero_timestamp(device.object_id, CLIENTS[here[0].starts == 0])
            if runs and not stamp.ok:
                yield (
                    f"{device.name}, {set_up}: IO runs, and GetZeroTimeStamp answered "
                    f"{stamp.status_text} after: {'; '.join(done[-_TOLD:])}"
                )
                return
            tried[before.likely(), step] = here
            if not waiting:
                waiting = way_to_new(here, tried, legal_only=self.legal_only)


def _said(device: RawDevice, set_up: str, before: Belief, done: list[str], *, runs: bool) -> str:
    state = before.likely()
    clients = ", ".join(f"client {CLIENTS[i]} {client}" for i, client in enumerate(state))
    earlier = f" (before that: {'; '.join(done[-1 - _TOLD : -1])})" if len(done) > 1 else ""
    now = "runs" if runs else "stands still"
    return f"{device.name}, {set_up}, {clients}: {done[-1]} and IO {now} then{earlier}"


class LegalOrders(_Orders):
    """In all orders that hosts use, clients come and go, and IO runs while one has started."""

    id = "lifecycle-legal-orders"
    strictness = 4
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: AddDeviceClient, StartIO, StopIO (they nest, for each client)"
    legal_only = True
    set_ups = ("clients added first",)


class IllegalOrders(_Orders):
    """In orders that no host uses, calls may be refused, and IO runs while a client has started."""

    id = "lifecycle-illegal-orders"
    strictness = 8
    need = Need.RECOMMENDED
    source = "robust drivers do; after Android VTS: graphs of legal outcomes, two orders to set up"
    legal_only = False
    set_ups = tuple(SET_UPS)
