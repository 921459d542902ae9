"""The account of packets: exact counts by their numbers, and what is heard behind the codec.

The numbers of v2 say which packets and frames are missing. v1 has none: there only sound tells, and
how much came in all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lab.measure.blame import Cause, blame_cycles, blame_gap
from lab.measure.packet_places import (
    first_made_up,
    has,
    heard_frame,
    heard_segments,
    missing_frames,
    source_frames,
    spoiled_places,
)
from lab.measure.packet_times import time_packets
from lab.measure.stages import PacketTimes
from lab.play.account import Account, are_innocent
from lab.play.glitches import cycle_before, cycles_of
from lab.play.latency import delays_ns, latency_rows, packet_times
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.sound import TONES, SoundReport, listen_behind_codec
from lab.play.wire_facts import WireFacts
from lab.results import Glitch, Measurement
from lab.transport.bunghole.recording import PacketFlag
from lab.transport.opus import FRAMES

_DROPPED = ("frames late", "frames ring full", "frames unconnected")
"""What the driver says of frames that it did not send."""
_KNOWN = ("frames sent", "ring frames", *_DROPPED)
_NS_PER_S = 1_000_000_000
_LOOK_NS = 4_000_000
"""Threads of a driver look at their rings each millisecond or so."""


def judge_packets(settings: PlaySettings, facts: PlayFacts, sent: int) -> Account:
    """Account for every packet, and listen to what was in them.

    Parameters
    ----------
    settings
        What was asked for.
    facts
        What happened; with `lab.play.settings.PlayFacts.wire`.
    sent
        Frames of the source that were played.

    Returns
    -------
    Account
    """
    wire = facts.wire
    assert wire is not None
    received, end = _received(wire, sent)
    under_way = _under_way(facts, sent, end)
    segments = heard_segments(wire.packets)
    sound = listen_behind_codec(
        facts.source[:sent],
        facts.recorded,
        segments,
        spoiled_places(wire.packets),
        tones_hz=TONES.get(settings.signal, ()),
        sample_rate=facts.sample_rate,
    )
    glitches = _packet_glitches(settings, facts, wire)
    if tail := sent - end - under_way:
        glitches.append(_glitch(settings, facts, "lost", len(facts.recorded), tail, end))
    glitches += [
        _glitch(settings, facts, one.kind, one.recorded_frame, one.frames,
                heard_frame(segments, one.recorded_frame))
        for one in sound.faults
    ]  # fmt: skip
    glitches.sort(key=lambda glitch: glitch.position_frame)
    excused = are_innocent(glitches)
    rows = [
        Measurement(name="frames-received", value=received, unit="frames"),
        Measurement(name="frames-lost", value=sent - received - under_way, unit="frames",
                    limit=0, wall_clock=excused),
    ]  # fmt: skip
    if under_way:
        rows.append(Measurement(name="frames-under-way", value=under_way, unit="frames"))
    rows += _packet_rows(wire, excused=excused)
    rows += _driver_rows(wire)
    rows += _sound_rows(sound, excused=excused)
    times = packet_times(facts)
    assert times is not None
    underruns, row = _underruns(settings, facts, wire, times)
    delays = delays_ns(facts, times)
    return Account(
        rows=rows,
        glitches=glitches,
        underruns=underruns,
        underrun_rows=row,
        latency_rows=latency_rows(delays, longest_ns=_longest_ns(settings, facts)),
        delays_ns=delays,
        words="v1 has no numbers: what is lost can only be heard" if wire.version == "v1" else "",
    )


def _longest_ns(settings: PlaySettings, facts: PlayFacts) -> int | None:
    """In virtual time a packet waits for the cycles that fill it, and for nothing else."""
    if settings.clock == "realtime":
        return None
    fills = FRAMES + facts.device.buffer_frames
    return round(fills / facts.sample_rate * _NS_PER_S) + _LOOK_NS


# ---- rows ----------------------------------------------------------------------------------------


def _received(wire: WireFacts, sent: int) -> tuple[int, int]:
    """How many source frames came in good packets, and where the last of these ends."""
    good = wire.good
    if len(good) == 0:
        return 0, 0
    begin = source_frames(good)
    end = begin + good["frames"].astype(np.int64)
    begin, end = np.clip(begin, 0, sent), np.clip(end, 0, sent)
    return int(np.sum(end - begin)), int(np.max(end))


def _under_way(facts: PlayFacts, sent: int, end: int) -> int:
    """Of a run that was cut short: what did not fill a packet, and what the last cycles brought."""
    few = sent - end <= 2 * (facts.device.buffer_frames + FRAMES)
    return sent - end if facts.interrupted and few else 0


def _packet_rows(wire: WireFacts, *, excused: bool) -> list[Measurement]:
    arrived = wire.arrived
    numbered = arrived[~has(arrived, PacketFlag.V1)]
    rows = [Measurement(name="packets-received", value=len(arrived), unit="packets")]
    counts = {"packets-undecodable": wire.count(PacketFlag.UNDECODABLE)}
    if len(numbered):
        late = wire.count(PacketFlag.REORDERED)
        lost = int(numbered["lost"].sum()) - late - (-_head_frames(wire) // FRAMES)
        counts = {
            "packets-lost": lost,
            "packets-duplicated": wire.count(PacketFlag.DUPLICATE),
            "packets-reordered": late,
            **counts,
        }
    rows += [
        Measurement(name=name, value=value, unit="packets", limit=0, wall_clock=excused)
        for name, value in counts.items()
    ]
    made_up = wire.packets[has(wire.packets, PacketFlag.CONCEALED | PacketFlag.UNDECODABLE)]
    concealed = int(made_up["frames"].sum())
    rows.append(Measurement(name="frames-concealed", value=concealed, unit="frames"))
    for name, count, most in (
        ("connections", wire.count(PacketFlag.CONNECTED), 1),
        ("numbers-begun-anew", wire.count(PacketFlag.RESTART), 0),
        ("packets-of-an-odd-length", wire.count(PacketFlag.ODD_LENGTH), 0),
    ):
        if count > most:
            rows.append(Measurement(name=name, value=count, limit=most))
    return rows


def _driver_rows(wire: WireFacts) -> list[Measurement]:
    """What the driver itself has counted: all that it was given must be in its books."""
    rows = []
    told = wire.counted
    if "packets sent" in told:
        rows.append(Measurement(name="packets-sent", value=told["packets sent"], unit="packets"))
    dropped = sum(told.get(name, 0) for name in _DROPPED)
    if dropped:
        name = "frames-dropped-by-the-driver"
        rows.append(Measurement(name=name, value=dropped, unit="frames"))
    if wire.handed_frames >= 0 and all(name in told for name in _KNOWN):
        unknown = wire.handed_frames - sum(told[name] for name in _KNOWN)
        rows.append(
            Measurement(name="frames-unaccounted", value=abs(unknown), unit="frames", limit=0)
        )
    return rows


def _sound_rows(sound: SoundReport, *, excused: bool) -> list[Measurement]:
    """What was heard, and of how much each way of listening could say anything."""
    rows = [
        Measurement(name="faults-heard", value=len(sound.faults), kind="count", limit=0,
                    wall_clock=excused)
    ]  # fmt: skip
    if sound.delay_frames is not None:
        rows.append(Measurement(name="codec-delay", value=sound.delay_frames, unit="frames"))
    rows += [
        Measurement(name=f"judged-by-{way}", value=seconds, unit="s")
        for way, seconds in (
            ("tones", sound.tones_s),
            ("delay", sound.delay_s),
            ("resemblance", sound.resemblance_s),
        )
    ]
    return rows


# ---- glitches ------------------------------------------------------------------------------------


def _packet_glitches(settings: PlaySettings, facts: PlayFacts, wire: WireFacts) -> list[Glitch]:
    packets = wire.packets
    source = source_frames(packets)
    recorded = packets["recorded_frame"].astype(np.int64)
    made = []
    if head := _head_frames(wire):
        made.append(_glitch(settings, facts, "lost-packet", 0, head, 0))
    missing = missing_frames(packets)
    for at in np.flatnonzero(missing > 0).tolist():
        first = first_made_up(packets, at)
        made.append(
            _glitch(settings, facts, "lost-packet", int(recorded[first]), int(missing[at]),
                    int(source[at] - missing[at]), at_ns=int(packets["received_ns"][at]))
        )  # fmt: skip
    for flag, kind in (
        (PacketFlag.DUPLICATE, "duplicate-packet"),
        (PacketFlag.REORDERED, "reordered-packet"),
        (PacketFlag.UNDECODABLE, "undecodable-packet"),
    ):
        made += [
            _glitch(settings, facts, kind, int(recorded[at]), FRAMES, int(source[at]),
                    at_ns=int(packets["received_ns"][at]))
            for at in np.flatnonzero(has(packets, flag)).tolist()
        ]  # fmt: skip
    return made


def _head_frames(wire: WireFacts) -> int:
    """Missing before the first packet: frames have numbers from the loading of the driver on."""
    arrived = wire.arrived
    numbered = ~has(arrived, PacketFlag.V1)
    return max(int(source_frames(arrived)[0]), 0) if numbered.any() else 0


def _glitch(
    settings: PlaySettings,
    facts: PlayFacts,
    kind: str,
    recorded_frame: int,
    frames: int,
    source_frame: int | None,
    *,
    at_ns: int = -1,
) -> Glitch:
    if at_ns < 0:
        at_ns = _when(facts, recorded_frame)
    return Glitch(
        kind=kind,
        position_frame=recorded_frame,
        frames=frames,
        cause=_cause_of(settings, facts, source_frame).id,
        at_ns=at_ns,
        cycle=cycles_of([-1 if source_frame is None else source_frame], facts)[0],
    )


def _when(facts: PlayFacts, recorded_frame: int) -> int:
    """When the packet that holds it was decoded; -1 without any."""
    assert facts.wire is not None
    packets = facts.wire.packets
    at = int(np.searchsorted(packets["recorded_frame"], recorded_frame, side="right")) - 1
    return int(packets["decoded_ns"][at]) if at >= 0 else -1


def _cause_of(settings: PlaySettings, facts: PlayFacts, source_frame: int | None) -> Cause:
    """The cycles first. A stream socket loses nothing: what is missing was not sent.

    A driver drops what its socket does not take in time. In real time that says nothing against
    it; in virtual time whoever listens is always in time.
    """
    if source_frame is None:
        return Cause.UNKNOWN
    cause = blame_gap(source_frame, facts.records, first_frame=facts.untraced_frames)
    if cause is not Cause.DRIVER_LOGIC:
        return cause
    assert facts.wire is not None
    if settings.clock == "realtime" and facts.wire.counted.get("frames late", 0):
        return Cause.TRANSPORT_STALL
    if facts.interrupted and source_frame >= facts.position_frames - 2 * FRAMES:
        return Cause.UNKNOWN
    return cause


# ---- a player behind it --------------------------------------------------------------------------


def _underruns(
    settings: PlaySettings, facts: PlayFacts, wire: WireFacts, times: PacketTimes
) -> tuple[list[Glitch], list[Measurement]]:
    """Packets that came too late for a player that buffers as much as one behind shared memory."""
    brought = wire.packets[wire.packets["frames"] > 0]
    if len(brought) == 0:
        return [], []
    buffer_frames = settings.player_buffer_frames or 4 * facts.device.buffer_frames
    _, playout, _ = time_packets(wire.packets, wire.clock, period_frames=buffer_frames)
    lasts_ns = brought["frames"].astype(np.int64) * _NS_PER_S // round(facts.sample_rate)
    gap_ns = np.diff(playout.played_ns) - lasts_ns[:-1]
    begins = PacketFlag.CONNECTED | PacketFlag.RESTART | PacketFlag(1)
    late = np.flatnonzero((gap_ns > _NS_PER_S // round(facts.sample_rate)) &
                          ~has(brought[1:], begins)) + 1  # fmt: skip
    milliseconds = buffer_frames / facts.sample_rate * 1e3
    row = Measurement(
        name=f"underruns-of-a-{milliseconds:.0f}-ms-player",
        value=len(late),
        kind="count",
        wall_clock=settings.clock == "realtime",
    )
    blame = _blame_for_lateness(facts, times)
    made = [
        Glitch(
            kind="underrun",
            position_frame=int(brought["recorded_frame"][at]),
            frames=int(gap_ns[at - 1] * round(facts.sample_rate) // _NS_PER_S),
            cause=blame(brought[at]).id,
            at_ns=int(brought["decoded_ns"][at]),
            cycle=cycle_before(int(brought["decoded_ns"][at]), facts),
        )
        for at in late.tolist()
    ]
    return made, [row]


def _blame_for_lateness(facts: PlayFacts, times: PacketTimes) -> Callable[[Any], Cause]:
    """What says of a row, why it was late: the stage that took longer than it usually does by most.

    What is usual is found once, and not once for each packet that was late.
    """
    spent = {
        "packet": times.encoded - times.captured,
        "encode": times.sent - times.encoded,
        "wire": times.received - times.sent,
        "decode": times.decoded - times.received,
    }
    usual = {name: np.median(ns) for name, ns in spent.items() if len(ns)}
    woke = facts.records["woke_ns"].astype(np.int64)

    def blame(row: Any) -> Cause:
        if row["captured_ns"] == 0 or len(times.captured) == 0:
            return Cause.UNKNOWN
        packet = int(np.searchsorted(times.decoded, int(row["decoded_ns"])))
        packet = min(packet, len(times.decoded) - 1)
        over = {name: int(ns[packet] - usual[name]) for name, ns in spent.items()}
        stage = max(over, key=lambda name: over[name])
        if stage == "wire":
            return Cause.TRANSPORT_STALL
        if stage == "decode":
            return Cause.READER_WAKE
        at = int(np.searchsorted(woke, times.captured[packet]))
        near = facts.records[max(at - 1, 0) : at + 3]
        causes = [Cause(int(one)) for one in blame_cycles(near) if one]
        return causes[0] if causes else Cause.UNKNOWN

    return blame
