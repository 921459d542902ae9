"""When the next block comes, for a layout that does not say when its blocks were made.

Blocks come a period apart, so the next is due a period after the last one. But a block that is
there at the first look may have been there for a while, and the reader would fall further behind
with every error of its sleep and of the two clocks. So each look is a little earlier than due,
until one comes too early and finds nothing: then the block that follows says anew when they come.
"""

from __future__ import annotations

_EARLIER_S = 20e-6


class Pace:
    """Learns from when blocks are found, and when nothing is.

    Attributes
    ----------
    due_s
        When the next block is due, on the clock of the calls; 0 while that cannot be told.
    """

    def __init__(self) -> None:
        self.due_s = 0.0
        self._found_s = 0.0
        self._nothing_s = 0.0

    def nothing_there(self, now_s: float) -> None:
        """A look that found nothing.

        Parameters
        ----------
        now_s
            When.
        """
        self._nothing_s = now_s

    def found(self, now_s: float, period_s: float) -> None:
        """A look that found frames.

        Parameters
        ----------
        now_s
            When.
        period_s
            How long they last.
        """
        since_s, self._found_s = now_s - self._found_s, now_s
        if not 0.5 < since_s / period_s < 2.0:
            self.due_s = 0.0  # the first after a pause, or time that is not ours
        elif self._nothing_s < self.due_s <= now_s:
            self.due_s += period_s - _EARLIER_S
        else:
            self.due_s = now_s + period_s
