"""What a driver leaves behind in coreaudiod: nothing of it, after it was used and let go."""

from __future__ import annotations

from typing import ClassVar, Literal

from lab.host.errors import HostError
from lab.host.models import Resources
from lab.host.probe import Instance, Probe
from lab.validate.check import Check, Need, Unmet
from lab.validate.raw.answers import REFERENCE_BYTES
from lab.validate.raw.device import devices_of
from lab.validate.raw.io import run_io
from lab.validate.raw.settable import current_of, set_raw
from lab.validate.raw.tree import references_of
from lab.validate.subject import Subject

_ROUNDS = 12
_WARM = 3
_SLACK = 4
"""Of a thing that is counted: so many fewer than one in a round are no leak."""
_HEAP_SLACK = 4 * 1024 * _ROUNDS
"""Bytes: the probe keeps 2 KiB of each instance for good, for drivers that call it too late."""
_NO_QUARANTINE = {"HALSDK_QUARANTINE": "0"}
"""Else the simulator's CoreFoundation keeps the last thousand objects that were released."""
_READS = 60
_LATER_NS = 100_000_000

Kind = Literal["threads", "descriptors", "cf_objects", "mappings", "allocated_bytes"]


def use(driver: Instance) -> None:
    """Everything that programs do with a driver, once."""
    for device in devices_of(driver):
        run_io(device, cycles=3)
    for node, selector in references_of(driver):
        driver.get(node.object_id, selector, REFERENCE_BYTES, cf=True)
    for value, now in current_of(driver):
        set_raw(driver, value, now)
    driver.host.advance(_LATER_NS)


def made(probe: Probe) -> Instance:
    """A driver, initialized."""
    driver = probe.create()
    if driver is None:
        raise Unmet("the factory returned NULL for the type of an AudioServerPlugIn")
    answer = driver.initialize()
    if not answer.ok:
        raise Unmet(f"Initialize answered {answer.status_text}")
    return driver


class _Left(Check):
    family = "robustness"
    need = Need.REQUIRED
    limit_s = 40.0
    kind: ClassVar[Kind]
    words: ClassVar[str]

    def run(self, subject: Subject) -> None:
        """Make, use and release it a dozen times in one process."""
        probe = subject.probe(exact_memory=True, environment=_NO_QUARANTINE)
        before: Resources | None = None
        for turn in range(_ROUNDS + _WARM):
            driver = made(probe)
            use(driver)
            driver.close()
            driver.host.advance(_LATER_NS)  # threads may end a while later
            driver.host_calls()
            if turn + 1 == _WARM:
                before = probe.host.resources()
        assert before is not None
        was, now = getattr(before, self.kind), getattr(probe.host.resources(), self.kind)
        if was is None or now is None:
            self.skip(f"{self.words} cannot be counted on this machine")
        grown = now - was
        slack = _HEAP_SLACK if self.kind == "allocated_bytes" else _SLACK
        self.expect(
            grown <= slack,
            f"made, used and released {_ROUNDS} times, it leaves {grown} {self.words} behind "
            f"({was} before, {now} after); at most {slack} may be left",
        )


class NoThread(_Left):
    """No thread of a driver is left after its last Release."""

    id = "robustness-leaves-no-thread"
    strictness = 4
    source = "CFPlugInCOM.h: Release; a thread whose code is unloaded crashes coreaudiod"
    kind = "threads"
    words = "threads"


class NoDescriptor(_Left):
    """No open file, socket or pipe of a driver is left after its last Release."""

    id = "robustness-leaves-no-descriptor"
    strictness = 4
    source = "coreaudiod runs for months, and has 256 descriptors unless it asks for more"
    kind = "descriptors"
    words = "descriptors"


class NoObject(_Left):
    """No CoreFoundation object of a driver is left: it gives away one reference, and keeps none."""

    id = "robustness-leaves-no-cf-object"
    strictness = 4
    source = "AudioHardwareBase.h: the caller releases what it is given, and that once"
    kind = "cf_objects"
    words = "CoreFoundation objects"


class NoMapping(_Left):
    """No memory mapping of a driver is left after its last Release."""

    id = "robustness-leaves-no-mapping"
    strictness = 5
    source = "CFPlugInCOM.h: Release; coreaudiod runs for months"
    kind = "mappings"
    words = "mappings"


class NoMemory(_Left):
    """No memory of a driver is left after its last Release."""

    id = "robustness-leaves-no-memory"
    strictness = 5
    source = "CFPlugInCOM.h: Release; coreaudiod runs for months"
    kind = "allocated_bytes"
    words = "bytes of memory"


class NoSharedMemory(Check):
    """Shared memory that a driver made has no name any more when it is unloaded."""

    id = "robustness-leaves-no-shared-memory"
    family = "robustness"
    strictness = 5
    need = Need.REQUIRED
    source = "shm_open(2): a name stays until it is removed or the machine starts again"

    def run(self, subject: Subject) -> None:
        """Use it, release it, unload its code."""
        probe = subject.probe()
        driver = made(probe)
        use(driver)
        driver.close()
        driver.host.advance(_LATER_NS)
        try:
            left = probe.unload().shared_memory
        except HostError as error:
            raise Unmet(f"after its last Release it cannot be unloaded: {error}") from error
        if left is None:
            self.skip("names of shared memory cannot be told on this machine")
        self.expect(not left, f"released and unloaded, it leaves {', '.join(left or [])} behind")


class NoObjectOfGetters(Check):
    """Properties that are read a hundred times leave no CoreFoundation object behind."""

    id = "robustness-getters-leave-no-cf-object"
    family = "robustness"
    strictness = 4
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: the caller releases what it is given, and that once"

    def run(self, subject: Subject) -> None:
        """Each property that holds a reference, on its own: which one leaks is told."""
        driver = subject.instance()
        complaints = []
        for node, selector in references_of(driver):
            driver.get(node.object_id, selector, REFERENCE_BYTES, cf=True)
            before = driver.host.resources().cf_objects
            for _ in range(_READS):
                driver.get(node.object_id, selector, REFERENCE_BYTES, cf=True)
            after = driver.host.resources().cf_objects
            if before is None or after is None:
                self.skip("CoreFoundation objects cannot be counted on this machine")
            elif after - before >= _READS // 2:
                complaints.append(
                    f"'{selector}' of {node}, read {_READS} times, leaves {after - before} "
                    "CoreFoundation objects; it should give away one reference, and no more"
                )
        self.expect_all(complaints)
