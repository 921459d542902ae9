"""How a guest is to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

BOOT_LIMIT_S = 30.0
COMMAND_LIMIT_S = 60.0


class Vsock(Enum):
    """The vsock of a guest."""

    NONE = "none"
    LOOPBACK = "loopback"
    """CID 1: between processes of the guest."""
    HOST = "host"
    """CID 2: to listeners of the host, by `lab.guest.vhost_vsock`; the guest has CID 3.
    CID 1 as well."""

    @property
    def cids(self) -> tuple[int, ...]:
        """What a process of the guest may dial."""
        return {Vsock.NONE: (), Vsock.LOOPBACK: (1,), Vsock.HOST: (1, 2)}[self]


@dataclass(frozen=True)
class GuestSettings:
    """What a guest has.

    Attributes
    ----------
    name
        For messages, and of the log that is kept.
    vsock
        Which vsock it has.
    memory_mib
        Memory; the machine's is used up only as far as the guest touches it.
    boot_limit_s
        It must be ready by then.
    python
        Interpreter, 3.11 or later, that runs the guest's agent; None: that of this process.
    visible
        Files and folders of the host that the guest must see at their own paths even where it has
        file systems of its own: below /tmp, /run, /dev/shm and /var/tmp. The interpreter's and this
        package's folders are always seen, and all of the host elsewhere. Read only.
    log_folder
        Where ``<name>.serial.log`` goes when something failed; None: it is thrown away.
    keep_log
        Keep it in any case.
    scratch
        Where its short-lived folder is made; None: as `tempfile` chooses.
    """

    name: str = "guest"
    vsock: Vsock = Vsock.LOOPBACK
    memory_mib: int = 256
    boot_limit_s: float = BOOT_LIMIT_S
    python: Path | None = None
    visible: tuple[Path, ...] = ()
    log_folder: Path | None = None
    keep_log: bool = False
    scratch: Path | None = None
