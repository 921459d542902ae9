"""How real the vsock of this machine is. Standard library only: the doctor shows it.

Every result of a vsock scenario names the tier that it ran on.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from lab.guest import dialling, mark, uml_files

_VHOST_DEVICE = Path("/dev/vhost-vsock")
_QEMU = ("qemu-system-x86_64", "qemu-system-aarch64")


class Tier(Enum):
    """Kinds of vsock, best known first for one process pair to talk over."""

    LOOPBACK = "a"
    """The loopback of the kernel that runs: CID 1."""
    GUEST_LOOPBACK = "b"
    """The loopback of a guest's kernel: all ends are in the guest."""
    GUEST_TO_HOST = "c"
    """From a guest to listeners outside: CID 2."""
    STAND_IN = "none"
    """AF_UNIX: for unit tests, not vsock."""

    @property
    def text(self) -> str:
        """For results and reports."""
        return {
            Tier.LOOPBACK: "tier a: AF_VSOCK, this kernel's loopback (CID 1)",
            Tier.GUEST_LOOPBACK: "tier b: AF_VSOCK, loopback in a guest (CID 1)",
            Tier.GUEST_TO_HOST: "tier c: AF_VSOCK, guest to host (CID 2)",
            Tier.STAND_IN: "no vsock: an AF_UNIX stand-in",
        }[self]

    @property
    def is_vsock(self) -> bool:
        """Whether its sockets are AF_VSOCK ones."""
        return self is not Tier.STAND_IN


@dataclass(frozen=True)
class TierFinding:
    """Whether a tier can be had here.

    Attributes
    ----------
    tier
        Which.
    reason
        Why not; empty when it can.
    detail
        By what it can.
    """

    tier: Tier
    reason: str
    detail: str = ""

    @property
    def is_here(self) -> bool:
        """Whether it can be had."""
        return not self.reason


def find_tier(tier: Tier) -> TierFinding:
    """Look whether a tier can be had here; starts no guest, dials nothing but CID 1."""
    if tier is Tier.LOOPBACK:
        return TierFinding(tier, dialling.loopback_works(), "CID 1 answers")
    if tier is Tier.STAND_IN:
        return TierFinding(tier, "", "always; results that used it say so")
    modules = uml_files.LOOPBACK_MODULES if tier is Tier.GUEST_LOOPBACK else uml_files.HOST_MODULES
    reason = uml_files.why_missing(modules)
    if reason and tier is Tier.GUEST_TO_HOST:
        reason += f"; {_qemu()}"
    return TierFinding(tier, reason, f"user-mode Linux, {uml_files.find_kernel()}")


def find_tiers() -> list[TierFinding]:
    """All tiers, in their order."""
    return [find_tier(tier) for tier in Tier]


def current_tier() -> Tier:
    """What processes here may dial by CID 1: a real vsock of this kernel, else the stand-in."""
    if dialling.loopback_works():
        return Tier.STAND_IN
    return Tier.LOOPBACK if mark.read_mark() is None else Tier.GUEST_LOOPBACK


def best_tier() -> Tier:
    """The first tier that can be had here."""
    return next(found.tier for found in find_tiers() if found.is_here)


def _qemu() -> str:
    program = next((name for name in _QEMU if shutil.which(name)), None)
    if program is None:
        return "no QEMU on PATH"
    if not _VHOST_DEVICE.exists():
        return f"{program} is there, {_VHOST_DEVICE} is not"
    return f"{program} and {_VHOST_DEVICE} are there, but guests by QEMU are not started yet"
