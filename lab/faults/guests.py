"""Clients besides the player: they come and go, stop and start, and play nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.faults.lives import Lives
from lab.host import sources

GUESTS_MAX = 60
NO_ROOM = "no room for a guest"


def come(rig: Lives[Any], count: int) -> int:
    """Add guests, their IO started; how many, for there is not room for any number."""
    count = min(count, GUESTS_MAX - len(rig.guests))
    for _ in range(count):
        guest = rig.host.add_client(rig.device.device, name="guest")
        guest.play(sources.silence())
        guest.start()
        rig.guests.append(guest)
    return count


def go(rig: Lives[Any], count: int) -> None:
    """Remove those that have been there longest."""
    _remove(rig, slice(0, count))


def come_and_go(rig: Lives[Any], count: int) -> int:
    """Add guests and remove them after a cycle; how many."""
    before = len(rig.guests)
    came = come(rig, count)
    rig.run_cycles(1)
    _remove(rig, slice(before, None))
    return came


def _remove(rig: Lives[Any], which: slice) -> None:
    for guest in rig.guests[which]:
        guest.remove()
    del rig.guests[which]


def storm(
    rig: Lives[Any], who: str, count: int, *, each: Callable[[int], None] = lambda _: None
) -> bool:
    """Stop and start IO of a client, with a cycle in between.

    Parameters
    ----------
    rig
        Where.
    who
        ``"guest"``: one that comes for it, and goes; else the player.
    count
        How often.
    each
        Called with the number of each turn, from 0, after it.

    Returns
    -------
    bool
        False when there was no room for a guest, and nothing has been done.
    """
    client = rig.player
    if who == "guest":
        if not come(rig, 1):
            return False
        client = rig.guests.pop()
    for turn in range(count):
        client.stop()
        client.start()
        rig.run_cycles(1)
        each(turn)
    if who == "guest":
        client.remove()
    return True
