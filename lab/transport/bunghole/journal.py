"""Log lines that stay few whatever the peers do.

Goes to the logger ``lab.transport.bunghole``; the last lines are kept for results.
"""

from __future__ import annotations

import logging
from collections import Counter, deque

LOGGER = logging.getLogger("lab.transport.bunghole")
_KEPT = 256
_KEYS = 1024


class Journal:
    """What a far end has to say.

    Attributes
    ----------
    counts
        How often each kind of trouble was met, whether or not it was said.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._said: set[tuple[str, str]] = set()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last 256 lines."""
        return tuple(self._lines)

    def say(self, line: str) -> None:
        """A line."""
        self._lines.append(line)
        LOGGER.info(line)

    def trouble(self, kind: str, peer: str, line: str) -> None:
        """Count trouble; say so once for each kind and peer.

        Parameters
        ----------
        kind
            Stable kebab-case name.
        peer
            Whose fault it is.
        line
            What to say.
        """
        self.counts[kind] += 1
        if (kind, peer) in self._said or len(self._said) >= _KEYS:
            return
        self._said.add((kind, peer))
        self._lines.append(line)
        LOGGER.warning(line)
