"""Events of memory: an allocation of the driver fails."""

from __future__ import annotations

from lab.faults import events
from lab.faults.damage import NOTHING, Failure
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig
from lab.host.errors import HostError


def _fail_allocation(rig: Rig, event: events.FailAllocation) -> Done:
    """Clients come and go until it has happened: that is when drivers allocate."""
    try:
        rig.host.begin_ledger()
    except HostError as error:
        if error.status != "unsupported":
            raise
        return Done(skipped="this host has no ledger.begin")
    rig.host.fail_allocation(event.nth)
    before = rig.failed_allocations
    refused = sum(_is_refused(rig) for _ in range(event.nth))
    rig.failed_allocations = rig.host.ledger().failed_allocations
    rig.host.end_ledger()
    failed = rig.failed_allocations - before
    failure = None
    if refused > failed:
        failure = Failure(
            "client-refused",
            f"{refused} clients were refused although {failed} allocations failed "
            f"(cycle {rig.cycle})",
            rig.cycle,
        )
    elif _is_refused(rig):
        failure = Failure(
            "client-refused",
            f"a client was refused after memory had run out once (cycle {rig.cycle})",
            rig.cycle,
        )
    return Done({"refused": refused, "failed": failed}, NOTHING, failure)


def _is_refused(rig: Rig) -> bool:
    try:
        rig.host.add_client(rig.device.device, name="passer-by").remove()
    except HostError as error:
        if error.status != "driver":
            raise
        return True
    return False


PERFORMERS: Performers = {
    events.FailAllocation: _fail_allocation,
}
