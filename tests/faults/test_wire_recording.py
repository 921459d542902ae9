"""Where a failure is in what arrived over Bunghole's wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.errors import MissingError
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.wire.recording import PLAYED_HZ, WireRecording, damaged_packet
from lab.host.locate import find_driver
from lab.signals.sine import sine
from lab.transport.bunghole.recording import PacketFlag
from lab.transport.opus import FRAMES
from tests.support.fake_wire import rows

PACKETS = 50
HEARD = sine(PACKETS * FRAMES, sample_rate=48_000, hz=PLAYED_HZ)
ALWAYS = (0, 1 << 62)


def gone(at: int, packets: int) -> Any:
    """A table in which packets were lost before row `at`, and nothing was made up for them."""
    table = rows(PACKETS)
    table["first_frame"][at:] += packets * FRAMES
    return table


def test_what_is_lost_lies_before_the_packet_that_came_next() -> None:
    found = damaged_packet(gone(20, 3), HEARD, ALWAYS, "frames-lost")
    assert found is not None
    assert (found.kind, found.position, found.frames) == ("lost-packet", 20 * FRAMES, 3 * FRAMES)


def test_what_the_codec_made_up_is_where_one_hears_it() -> None:
    table = rows(PACKETS)
    table["flags"][[18, 19]] = int(PacketFlag.CONCEALED)
    found = damaged_packet(table, HEARD, ALWAYS, "loss-not-counted")
    assert found is not None
    assert (found.position, found.frames) == (18 * FRAMES, 2 * FRAMES)


@pytest.mark.parametrize(
    ("failure", "flag", "kind"),
    [
        ("packets-duplicated", PacketFlag.DUPLICATE, "duplicate-packet"),
        ("packets-reordered", PacketFlag.REORDERED, "reordered-packet"),
        ("packets-undecodable", PacketFlag.UNDECODABLE, "undecodable-packet"),
        ("connection-lost", PacketFlag.CONNECTED, "connection-lost"),
    ],
)
def test_a_mark_of_a_packet_is_its_place(failure: str, flag: PacketFlag, kind: str) -> None:
    table = rows(PACKETS)
    assert damaged_packet(table, HEARD, ALWAYS, failure) is None
    table["flags"][30] |= int(flag)
    found = damaged_packet(table, HEARD, ALWAYS, failure)
    assert found is not None
    assert (found.kind, found.position, found.frames) == (kind, 30 * FRAMES, FRAMES)


def test_a_silent_packet_is_found_by_its_sound() -> None:
    heard = HEARD.copy()
    heard[12 * FRAMES : 13 * FRAMES] = 0
    assert damaged_packet(rows(PACKETS), HEARD, ALWAYS, "packets-silent") is None
    found = damaged_packet(rows(PACKETS), heard, ALWAYS, "packets-silent")
    assert found is not None
    assert (found.kind, found.position) == ("silence", 12 * FRAMES)


def test_what_an_earlier_stretch_was_allowed_is_not_the_failure() -> None:
    table = gone(20, 1)
    table["first_frame"][40:] += FRAMES
    stretch = int(table["received_ns"][25]), int(table["received_ns"][-1])
    found = damaged_packet(table, HEARD, stretch, "frames-lost")
    assert found is not None
    assert found.position == 40 * FRAMES
    assert damaged_packet(table[:30], HEARD, stretch, "frames-lost") is None


def test_a_failure_that_is_no_sound_has_no_place() -> None:
    assert damaged_packet(gone(20, 3), HEARD, ALWAYS, "memory-grows") is None
    assert damaged_packet(rows(0), HEARD[:0], ALWAYS, "frames-lost") is None


@pytest.mark.native
@pytest.mark.linux
def test_a_run_that_is_recorded_is_the_same_run_and_its_lost_packet_is_found(
    tmp_path: Path,
) -> None:
    try:
        driver = find_driver("MistakenBunghole")
    except MissingError as error:
        pytest.skip(str(error))
    setup = Setup(
        driver=str(driver),
        far_end="bunghole",
        cycles=1_500,
        environment={"BUNGHOLE_MISTAKE": "loses-a-packet"},
    )
    # What an event costs comes first, and is not what is looked for.
    events = [parse_event({"at": {"cycle": 100}, "what": "loss", "frames": 3_000})]
    plain = run_schedule(setup, events)
    recording = WireRecording(tmp_path / "heard.f32", 48_000 * 60)
    heard = run_schedule(setup, events, recording=recording)
    assert plain.failure == heard.failure
    assert plain.hash == heard.hash
    assert heard.failure is not None
    assert heard.failure.kind == "frames-lost"
    found = recording.damaged("frames-lost")
    assert found is not None
    assert (found.kind, found.frames) == ("lost-packet", FRAMES)
    # The 500th packet: the eighth behind the tenth second.
    assert 9.9 * 48_000 < found.position < 10.1 * 48_000
    assert found.sent_frame is not None
    clip = recording.heard()[found.position - FRAMES : found.position + 2 * FRAMES]
    sent = recording.sent(found.sent_frame - FRAMES, len(clip))
    before = np.corrcoef(clip[:FRAMES, 0], sent[:FRAMES, 0])[0, 1]
    assert before > 0.99
