"""A driver that loops its output back to its input, heard through that input.

The client that plays also takes the input stream, and each frame of it is checked. How long a frame
is on its way is learnt from the first that come back, for each period and rate, and then it has to
stay so. The way is part of the driver: when IO stops, what is on it may be gone; and where the host
left cycles out, nobody wrote, so that who reads there finds zeros or what was there a ring ago.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.errors import UsageError
from lab.faults.damage import Damage
from lab.host import sources
from lab.host.base import Client
from lab.host.models import Device, FarEndStats

LEARN_S = 10.0
"""How long a first frame may take to come back."""


def check_device(device: Device) -> None:
    """See that a device can be heard through its input.

    Parameters
    ----------
    device
        Which one.

    Raises
    ------
    UsageError
        When it has no input, or one that cannot carry what the output does.
    """
    inputs = [stream for stream in device.streams if stream.direction == "input"]
    if not inputs:
        raise UsageError(
            "the device has no input through which its output could be heard",
            where=device.name,
            do="soak a driver that loops its output back, or one with Gecko Sink's shared memory",
        )
    channels = inputs[0].virtual_format.channels
    if channels != device.output_channels:
        raise UsageError(
            f"the first output has {device.output_channels} channels and the first input "
            f"{channels}: what comes back cannot be what was played",
            where=device.name,
            do="soak a device with as many of both",
        )


@dataclass
class Loopback:
    """What is known of the way from output to input; outlives restarts of the daemon.

    Attributes
    ----------
    latencies
        Frames from being played to being heard, by frames of a cycle and rate in Hz.
    """

    latencies: dict[tuple[int, int], int] = field(default_factory=dict)
    _last: tuple[int, int] = (0, 0)
    """Frames of a cycle when it was learnt last, and what was learnt."""

    def listen(self, player: Client) -> None:
        """Have the client that plays hear what comes back.

        Parameters
        ----------
        player
            Before its IO is started.
        """
        player.take(sources.check())

    def stats(self, player: Client, device: Device) -> FarEndStats:
        """What was heard, as a reader of shared memory would tell it.

        Parameters
        ----------
        player, device
            Of this life of the daemon.

        Returns
        -------
        FarEndStats
        """
        check = player.stats().sinks[0]
        assert check is not None
        stream = next(s for s in device.streams if s.direction == "input")
        return FarEndStats(
            frames=check.received,
            lost_frames=0,
            attachments=1,
            channels=check.channels,
            sample_rate=round(stream.virtual_format.sample_rate),
            check=check,
        )

    def learn(self, device: Device, behind: int) -> int | None:
        """Take in how far what is heard is behind what is played.

        Parameters
        ----------
        device
            As it is now.
        behind
            Frames; audio has settled.

        Returns
        -------
        int or None
            What it was before with the same period and rate, when that was something else.
        """
        key = (device.buffer_frames, round(device.nominal_rate))
        before = self.latencies.setdefault(key, behind)
        self._last = (device.buffer_frames, before)
        return before if before != behind else None

    def flight_frames(self, device: Device) -> int:
        """How many frames are on the way.

        Parameters
        ----------
        device
            As it is now.

        Returns
        -------
        int
            What was learnt, for this period or for the last one: the host writes a period ahead and
            reads a period behind, the rest is the driver's.
        """
        known = self.latencies.get((device.buffer_frames, round(device.nominal_rate)))
        if known is not None:
            return known
        frames, latency = self._last
        return max(0, latency + 2 * (device.buffer_frames - frames))

    def settle_cycles(self, device: Device) -> int:
        """How many cycles it takes until the way is full again."""
        return -(-self.flight_frames(device) // device.buffer_frames) + 1


def emptied(flight_frames: int, times: int) -> Damage:
    """What it costs when IO stops and begins anew: what was on the way, then silence for as long.

    Parameters
    ----------
    flight_frames
        Frames on the way.
    times
        How often.

    Returns
    -------
    Damage
        At most.
    """
    frames = flight_frames * times
    return Damage(lost=frames, silent=frames)


def hole(flight_frames: int, times: int) -> Damage:
    """What it costs when cycles were left out.

    The reader skips what was on its way. Then it comes to where nobody has written: to zeros, or to
    what was played a ring ago, which may have been heard or not.

    Parameters
    ----------
    flight_frames
        Frames on the way.
    times
        How often.

    Returns
    -------
    Damage
        At most.
    """
    frames = flight_frames * times
    return Damage(lost=frames, silent=frames, duplicated=frames, reordered=frames)
