"""What came over Bunghole's wire, as one table, and where each piece of it belongs.

The table has a row for each packet, whoever kept it: the receiver of this package in real time, the
far end inside the host in virtual time. All counts follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lab.measure.packet_places import has
from lab.transport.bunghole.recording import PacketFlag
from lab.transport.bunghole.stream import Offset

_MADE_UP = int(PacketFlag.CONCEALED | PacketFlag.UNDECODABLE)
_OUT_OF_ORDER = int(PacketFlag.DUPLICATE | PacketFlag.REORDERED)


@dataclass(frozen=True)
class WireFacts:
    """What a driver sent that dialled.

    Attributes
    ----------
    transport
        What carried it: ``"not vsock: AF_UNIX stand-in"``.
    packets
        Dtype `lab.transport.bunghole.recording.PACKET`, in the order of arrival; its
        ``recorded_frame`` is a place in `lab.play.settings.PlayFacts.recorded`.
    clock
        The driver's; None counts as one and the same.
    counted
        What the driver says of itself, frames and packets; empty when it says nothing.
    handed_frames
        That IO has handed to it; -1: not known.
    """

    transport: str
    packets: NDArray[Any]
    clock: Offset | None = None
    counted: Mapping[str, int] = field(default_factory=dict)
    handed_frames: int = -1

    @property
    def version(self) -> Literal["v1", "v2"] | None:
        """Of the wire, as most packets came; None without any."""
        came = self.arrived
        if len(came) == 0:
            return None
        return "v1" if 2 * np.count_nonzero(has(came, PacketFlag.V1)) > len(came) else "v2"

    @property
    def arrived(self) -> NDArray[Any]:
        """Rows of packets that came: those that were made up for are not among them."""
        return self.packets[~has(self.packets, PacketFlag.CONCEALED)]

    @property
    def good(self) -> NDArray[Any]:
        """Rows of packets that came in their order and could be decoded."""
        return self.packets[~has(self.packets, PacketFlag(_MADE_UP | _OUT_OF_ORDER))]

    def count(self, flag: PacketFlag) -> int:
        """How many rows have it."""
        return int(np.count_nonzero(has(self.packets, flag)))
