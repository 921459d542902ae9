"""The way between a transport and whoever reads it: how long frames lay on it.

*Held up* is what a transport does with frames that somebody waits for: from the later of two
moments, when they were handed to it and when the reader began to wait, to when the reader got them.
Frames that lie ready while the reader is busy elsewhere are not held up. Each transport knows the
moments in its own way; the account is the same for all, and `lab.measure.blame` reads it from the
arrivals.

Shared memory has no way: what is written is there. `Way` is one that can be told to hold frames up,
for scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.transport.shm_types import Block


def held_ns(*, handed_ns: int, waiting_since_ns: int, arrival_ns: int) -> int:
    """How long a block lay on the way while a reader waited for it.

    Parameters
    ----------
    handed_ns
        When its last frame was handed to the transport.
    waiting_since_ns
        When the reader began to wait for it.
    arrival_ns
        When the reader got it. All three on one clock.

    Returns
    -------
    int
        Nanoseconds, 0 or more.
    """
    return max(0, arrival_ns - max(handed_ns, waiting_since_ns))


@dataclass(frozen=True)
class Arrived:
    """A block at the end of the way.

    Attributes
    ----------
    block
        The block.
    arrival_ns
        When, CLOCK_MONOTONIC.
    held_ns
        How long it lay on the way.
    """

    block: Block
    arrival_ns: int
    held_ns: int = 0


@dataclass
class Way:
    """Passes blocks on; once, it holds them up and then gives them all at once.

    Attributes
    ----------
    hold_after_frames
        How many frames pass first; -1: it never holds anything up.
    hold_ns
        For how long, from the first block that it holds.
    """

    hold_after_frames: int = -1
    hold_ns: int = 0
    _passed: int = 0
    _until_ns: int = -1
    _held: list[tuple[Block, int]] = field(default_factory=list)

    def put(self, block: Block, handed_ns: int) -> list[Arrived]:
        """A block comes from the transport.

        Parameters
        ----------
        block
            The block.
        handed_ns
            When, CLOCK_MONOTONIC. Who reads is waiting.

        Returns
        -------
        list of Arrived
            What arrives now, oldest first.
        """
        if self._until_ns < 0 and 0 <= self.hold_after_frames <= self._passed:
            self._until_ns = handed_ns + self.hold_ns
        self._passed += len(block.frames)
        self._held.append((block, handed_ns))
        return self.due(handed_ns)

    def due(self, now_ns: int, *, end: bool = False) -> list[Arrived]:
        """What arrives by now.

        Parameters
        ----------
        now_ns
            CLOCK_MONOTONIC.
        end
            Whether nobody waits any longer: everything arrives.

        Returns
        -------
        list of Arrived
        """
        if now_ns < self._until_ns and not end:
            return []
        arrived = [
            Arrived(
                block,
                now_ns,
                held_ns(handed_ns=handed, waiting_since_ns=handed, arrival_ns=now_ns),
            )
            for block, handed in self._held
        ]
        self._held.clear()
        return arrived
