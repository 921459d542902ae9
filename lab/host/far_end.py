"""A reader of shared memory inside the host, and the mishaps that it can be told to have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lab.host import models

if TYPE_CHECKING:
    from lab.host.base import Host


class FarEnd:
    """A reader of shared memory inside the host.

    Attributes
    ----------
    host, id
        Where it is.
    """

    def __init__(self, host: Host, farend_id: int) -> None:
        self.host = host
        self.id = farend_id

    def stats(self) -> models.FarEndStats:
        """What it has read so far."""
        return models.FarEndStats.model_validate(self.host.call("farend.stats", farend=self.id))

    def stall(self, cycles: int) -> None:
        """Do not read during the next `cycles` cycles."""
        self.host.call("farend.stall", farend=self.id, cycles=cycles)

    def detach(self) -> None:
        """Let go of the shared memory."""
        self.host.call("farend.detach", farend=self.id)

    def attach(self, where: Literal["newest", "oldest"] = "newest") -> None:
        """Open the name anew; the check begins anew, too."""
        self.host.call("farend.attach", farend=self.id, attach=where)

    def slow(self, cycles: int, percent: int) -> None:
        """Take only so much of what comes during the next `cycles` cycles, 0 to 99 per cent."""
        self.host.call("farend.slow", farend=self.id, cycles=cycles, percent=percent)

    def half_open(self, count: int = 1) -> int:
        """Attach readers that never read nor let go; how many could."""
        result = self.host.call("farend.half_open", farend=self.id, count=count)
        return int(result["attached"])

    def damage(
        self,
        kind: Literal["lose", "corrupt", "repeat", "silence", "swap", "reorder"],
        frames: int,
        *,
        block: int | None = None,
    ) -> None:
        """Damage the next frames between shared memory and check.

        `block`: how many frames change places with as many, for ``"reorder"``.
        """
        self.host.call("farend.damage", farend=self.id, kind=kind, frames=frames, block=block)

    def hold(self, cycles: int) -> None:
        """Hold up what arrives during the next `cycles` cycles; then it comes all at once."""
        self.host.call("farend.hold", farend=self.id, cycles=cycles)

    def close(self) -> models.FarEndStats:
        """End it; what it had read."""
        return models.FarEndStats.model_validate(self.host.call("farend.close", farend=self.id))
