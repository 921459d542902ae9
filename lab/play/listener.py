"""What every way of listening to a driver has in common."""

from __future__ import annotations

from abc import abstractmethod

from lab.closing import Closing
from lab.play.settings import PlayFacts


class Listener(Closing):
    """Listens to a driver; leaving it ends it."""

    @abstractmethod
    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Read what is left and fill `facts`."""

    def close(self) -> None:
        """End it. May be called twice."""
