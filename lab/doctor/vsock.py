"""The tiers of vsock, as findings."""

from __future__ import annotations

from lab.doctor.detect import Finding
from lab.guest.tiers import Tier, find_tier
from lab.guest.uml_files import HOST_MODULES, why_missing


def vsock_tier(tier: Tier) -> Finding:
    """Whether a tier can be had here, or why not."""
    found = find_tier(tier)
    return Finding(found.is_here, found.detail if found.is_here else found.reason)


def guest_kernel() -> Finding:
    """The kernel that guests run, with its modules, and whether it can be shut in."""
    reason = why_missing(HOST_MODULES)
    return Finding(not reason, reason or "user-mode Linux")
