"""What a driver does where it must not wait: counted by the ledger, from its plain binary."""

from __future__ import annotations

from typing import ClassVar

from lab.play.exercise import exercise
from lab.validate.check import Check, Need
from lab.validate.subject import Subject

WARM_S, SECONDS = 0.1, 1.0
_IO = (
    "GetZeroTimeStamp",
    "BeginIOOperation",
    "DoIOOperation",
    "EndIOOperation",
)
"""On the IO thread, in each cycle."""


class _Ledger(Check):
    """The driver is used as applications use it; of some kind of event there must be none."""

    family = "real-time"
    need = Need.REQUIRED
    limit_s = 40.0
    kinds: ClassVar[tuple[str, ...]]

    def run(self, subject: Subject) -> None:
        """Play and record, with several sizes of cycles."""
        loaded = subject.loaded()
        self.some([device for device in loaded.devices if device.streams], "device with a stream")
        budgets: list[dict[str, str | int]] = [
            {"entry_point": entry} | dict.fromkeys(self.kinds, 0) for entry in _IO
        ]
        exercise(loaded.host, seconds=WARM_S)  # code is read from the disk but once
        loaded.host.begin_ledger(budgets)
        exercise(loaded.host, seconds=SECONDS)
        report = loaded.host.ledger()
        unseen = [kind for kind in self.kinds if kind not in report.sees]
        if unseen:
            self.skip(f"the ledger does not see {' and '.join(unseen)} on this machine")
        complaints = []
        for row in report.rows:
            for kind in self.kinds:
                count = row.kinds.get(kind)
                if row.entry_point in _IO and count is not None and count.worst > 0:
                    operation = f" of {row.operation}" if row.operation else ""
                    word = kind.replace("-", " ")
                    where = [line for line in row.evidence if line.startswith(word)]
                    complaints.append(
                        f"{row.entry_point}{operation}: {kind} up to {count.worst} times in a "
                        f"call, {count.count} times in {row.calls} calls; there may be none"
                        + (f": {where[0]}" if where else "")
                    )
        self.expect_all(complaints)


class NoSleep(Check):
    """No IO operation sleeps: each cycle begins and ends in its time."""

    id = "real-time-no-sleep"
    family = "real-time"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: IO operations run in a real-time context"
    limit_s = 40.0

    def run(self, subject: Subject) -> None:
        """In virtual time nothing but waiting takes time."""
        loaded = subject.loaded()
        found = self.some([one for one in loaded.devices if one.streams], "device with a stream")
        if loaded.host.info().threads != "owned":
            self.skip("this machine's host does not own the driver's threads: it sees no sleep")
        exercise(loaded.host, seconds=SECONDS)
        complaints = []
        for device in found:
            stats = loaded.host.io_stats(device.device)
            late = stats.late_wakes + stats.skipped_cycles
            if late:
                complaints.append(
                    f"{device.name}: {stats.late_wakes} cycles of {stats.cycles} began late and "
                    f"{stats.skipped_cycles} were lost, with nothing else to do; none may be"
                )
        self.expect_all(complaints)


class NoAllocation(_Ledger):
    """IO operations and GetZeroTimeStamp allocate and free no memory."""

    id = "real-time-no-allocation"
    strictness = 4
    source = "AudioServerPlugIn.h: IO operations run in a real-time context"
    kinds = ("allocation", "free")


class NoWaiting(_Ledger):
    """IO operations and GetZeroTimeStamp never wait for a lock that another thread has."""

    id = "real-time-no-waiting"
    strictness = 5
    source = "AudioServerPlugIn.h: IO operations run in a real-time context"
    kinds = ("contended-lock",)


class NoSystemCall(_Ledger):
    """IO operations and GetZeroTimeStamp make no system call."""

    id = "real-time-no-system-call"
    strictness = 6
    source = "AudioServerPlugIn.h: IO operations run in a real-time context"
    kinds = ("system-call",)


class NoLock(_Ledger):
    """IO operations and GetZeroTimeStamp take no lock at all."""

    id = "real-time-no-lock"
    strictness = 8
    need = Need.RECOMMENDED
    source = "a lock may be had by a thread of low priority: priority inversion"
    kinds = ("lock",)


class NoPageFault(_Ledger):
    """IO operations touch no memory for the first time."""

    id = "real-time-no-page-fault"
    strictness = 9
    need = Need.RECOMMENDED
    source = "a page fault is a wait for the kernel, or for a disk"
    kinds = ("page-fault",)
