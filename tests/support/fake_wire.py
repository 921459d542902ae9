"""A recording of packets as a far end keeps it, made by the codec alone: no driver, no host."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.host.models import Device, Plugin
from lab.play.settings import PlayFacts
from lab.play.wire_facts import WireFacts
from lab.transport.bunghole.recording import PACKET, PacketFlag
from lab.transport.opus import FRAMES, code
from tests.support.fake_daemon import DEVICE
from tests.support.fake_trace import PERIOD_NS, records

PACKET_NS = 20_000_000
TAIL = 4_800


def rows(count: int, **columns: Any) -> NDArray[Any]:
    """Packets of v2 in their order, one each 20 ms, decoded 12 ms after they were captured."""
    made = np.zeros(count, dtype=PACKET)
    number = np.arange(count)
    made["recorded_frame"] = made["first_frame"] = number * FRAMES
    made["sequence"], made["frames"] = number, FRAMES
    # As `fake_trace` has it: the first cycle wakes then.
    made["captured_ns"] = 1_000_050_000 + number * PACKET_NS
    made["encoded_ns"] = made["captured_ns"] + PERIOD_NS
    made["sent_ns"] = made["encoded_ns"] + 500_000
    made["received_ns"] = made["sent_ns"] + 1_000_000
    made["decoded_ns"] = made["received_ns"] + 500_000
    made["flags"][:1] = int(PacketFlag.CONNECTED) | 1
    for name, value in columns.items():
        made[name] = value
    return made


def coded_facts(
    source: NDArray[np.float32],
    *,
    lost: Iterable[int] = (),
    played: NDArray[np.float32] | None = None,
    counted: dict[str, int] | None = None,
) -> PlayFacts:
    """A run in which these packets were lost on the way, and concealed.

    Parameters
    ----------
    source
        What was asked to be played, shape (n, 2).
    lost
        Numbers of packets.
    played
        What the driver encoded in its place, where that is something else.
    counted
        What the driver says of itself.
    """
    sound = source if played is None else played
    whole = np.concatenate([sound, np.zeros((TAIL, 2), dtype=np.float32)])
    packets = len(whole) // FRAMES
    gone = np.zeros(packets, dtype=bool)
    gone[list(lost)] = True
    table = rows(packets)
    for number in np.flatnonzero(gone).tolist():
        table["flags"][number] = int(PacketFlag.CONCEALED)
        for name in ("captured_ns", "encoded_ns", "sent_ns"):
            table[name][number] = 0
        if number + 1 < packets and not gone[number + 1]:
            first = number
            while first > 0 and gone[first - 1]:
                first -= 1
            table["lost"][number + 1] = number + 1 - first
    return PlayFacts(
        device=Device.model_validate(DEVICE),
        plugin=Plugin(plugin=0, path=str(Path(__file__)), devices=[0]),
        far_end="packets",
        layout="v2",
        source=source,
        recorded=code(whole, lost=gone),
        position_frames=len(source) + TAIL,
        records=records((len(source) + TAIL) // 480),
        wire=WireFacts("not vsock: AF_UNIX stand-in", table, counted=counted or {}),
    )
