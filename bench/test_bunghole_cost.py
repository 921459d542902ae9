"""What the host's end of Bunghole costs for each packet of 20 ms, as a share of those 20 ms.

No socket: what is measured is the work, on one thread, from bytes to the recording.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from lab.transport.bunghole.guest import Guest
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.outbox import Outbox
from lab.transport.bunghole.parser import Parser, Side
from lab.transport.bunghole.receiver import OutputSession
from lab.transport.bunghole.recording import Room
from lab.transport.bunghole.session import Ending
from lab.transport.bunghole.wire import Audio, audio_bytes, frame_bytes, switch_bytes
from lab.transport.opus import FRAMES, Decoder, Encoder

PACKETS = 500
ROUNDS = 12
PACKET_US = 20_000.0
LIMIT_PERCENT = 3.0


class _Link:
    """A connection that takes everything and says nothing."""

    def __init__(self) -> None:
        self.outbox = Outbox(audio_limit=3, control_limit=16)
        self.peer = "guest"

    def close(self, ending: Ending) -> None:
        raise AssertionError(ending)

    def rest(self) -> None:
        raise AssertionError("too fast")


def _music(packets: int) -> list[np.ndarray]:
    """Tones over noise: about as many bits as music takes."""
    frame = np.arange(packets * FRAMES)
    random = np.random.default_rng(4)
    tones = sum(0.1 * np.sin(2 * np.pi * hz / 48_000 * frame) for hz in (110, 440, 997, 4_100))
    pcm = tones[:, np.newaxis] + 0.03 * random.standard_normal((len(frame), 2))
    return list(pcm.astype(np.float32).reshape(packets, FRAMES, 2))


def _cost_us(work: Callable[[], None]) -> float:
    """Processor time of this thread for each packet."""
    begin = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begin) / 1e3 / PACKETS


def test_encoding_and_decoding_take_at_most_3_percent_of_a_core(judge: Judge) -> None:
    blocks = _music(PACKETS)
    encoder = Encoder()
    packets = [encoder.encode(block) for block in blocks]
    v1 = [frame_bytes(packet) for packet in packets]
    v2 = [
        audio_bytes(Audio(i, i * FRAMES, i * 20_000_000, 0, 0, packet))
        for i, packet in enumerate(packets)
    ]

    def encode() -> None:
        for block in blocks:
            encoder.encode(block)

    def decode() -> None:
        decoder = Decoder()
        for packet in packets:
            decoder.decode(packet)

    def parse(data: list[bytes], start: bytes = b"") -> Callable[[], None]:
        def work() -> None:
            parser = Parser(Side.SENDER, offered=True)
            parser.feed(start)
            count = sum(len(parser.feed(piece)) for piece in data)
            assert count == PACKETS

        return work

    def receive() -> None:
        guest = Guest("guest", Room(PACKETS / 50), Limits())
        session = OutputSession(guest, Limits(), Journal(), word="vsock")
        session.opened(_Link(), 0)
        session.received(switch_bytes(), 0)
        for i, data in enumerate(v2):
            session.received(data, i * 20_000_000)
        assert guest.packets == PACKETS

    works = {
        "encode": encode,
        "decode": decode,
        "parse v1": parse(v1),
        "parse v2": parse(v2, switch_bytes()),
        "receive": receive,
    }
    # Taken in turns: what disturbs one round disturbs all contestants.
    rounds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rounds[name].append(_cost_us(work))
    cost = {name: floor(values) for name, values in rounds.items()}
    usual = typical(rounds["encode"]) + typical(rounds["receive"])
    detail: dict[str, float | str] = {
        f"{name} us a packet": round(value, 1) for name, value in cost.items()
    }
    judge(
        Ratio(
            "a core's share of encoding, and of receiving (parse, book, decode, record), 48 kHz "
            "stereo",
            100 * (cost["encode"] + cost["receive"]) / PACKET_US,
            limit=LIMIT_PERCENT,
            stretch=1.0,
            unit="%",
            gates=True,
            margin=1.5,
            detail=detail | {"typical %": 100 * usual / PACKET_US},
        )
    )
    judge(
        Ratio(
            "receiving a packet of v2, against decoding it alone",
            cost["receive"] / cost["decode"],
            limit=2.0,
            detail={"decode us": cost["decode"], "receive us": cost["receive"]},
        )
    )
    judge(
        Ratio(
            "parsing a record of v2, against a frame of v1",
            cost["parse v2"] / cost["parse v1"],
            detail={"v1 us": cost["parse v1"], "v2 us": cost["parse v2"]},
        )
    )
