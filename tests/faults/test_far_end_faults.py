"""Does a far end do what is asked of it between two cycles, and does its check find it?"""

from __future__ import annotations

from typing import Literal

import pytest

from lab.host import sources
from lab.host.errors import HostError
from lab.host.far_end import FarEnd
from lab.host.models import Check, Device
from lab.host.subprocess_host import SubprocessHost
from lab.signals.counter_check import CounterCheck
from lab.transport.shm import open_reader

pytestmark = pytest.mark.native

Kind = Literal["lose", "corrupt", "repeat", "silence", "swap"]


@pytest.fixture
def far_end(host: SubprocessHost, device: Device, shm_name: str) -> FarEnd:
    far = host.open_far_end(shm_name, device=device.device)
    client = host.add_client(device.device)
    client.play(sources.counter())
    client.start()
    host.run(device=device.device, cycles=10)
    return far


def check_of(far: FarEnd) -> Check:
    check = far.stats().check
    assert check is not None
    return check


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ("lose", {"lost"}),
        ("corrupt", {"corrupt", "lost"}),
        ("repeat", {"duplicated"}),
        ("silence", {"silent", "lost"}),
        ("swap", {"swapped", "lost"}),
    ],
)
@pytest.mark.parametrize("frames", [1, 480, 1_000])
def test_damage_is_counted_to_the_frame(
    host: SubprocessHost,
    device: Device,
    far_end: FarEnd,
    kind: Kind,
    counted: set[str],
    frames: int,
) -> None:
    far_end.damage(kind, frames)
    host.run(device=device.device, cycles=20)
    check = check_of(far_end)
    names = ("lost", "duplicated", "reordered", "silent", "corrupt", "swapped")
    assert {name: getattr(check, name) for name in names} == {
        name: frames if name in counted else 0 for name in names
    }
    assert check.next_frame == 30 * 480  # and all is well again
    assert far_end.stats().damaged_frames == frames


def test_a_reader_that_stays_away_loses_what_does_not_fit(
    host: SubprocessHost, device: Device, far_end: FarEnd
) -> None:
    far_end.stall(100)
    host.run(device=device.device, cycles=101)
    assert check_of(far_end).lost == far_end.stats().lost_frames == 101 * 480 - 16_384
    far_end.stall(20)
    host.run(device=device.device, cycles=21)
    assert check_of(far_end).lost == 101 * 480 - 16_384


def test_a_reader_that_was_gone_begins_where_it_is_told(
    host: SubprocessHost, device: Device, far_end: FarEnd
) -> None:
    far_end.detach()
    host.run(device=device.device, cycles=100)
    assert check_of(far_end).received == 10 * 480
    far_end.attach("newest")
    host.run(device=device.device, cycles=1)
    assert check_of(far_end).first_frame == 110 * 480
    far_end.attach("oldest")
    host.run(device=device.device, cycles=1)
    # One block has overwritten the oldest frames before they were read.
    assert check_of(far_end).first_frame == 111 * 480 - 16_384 + 480
    assert check_of(far_end).clean
    assert far_end.stats().attachments == 3


@pytest.mark.parametrize(
    ("frames", "block", "late"), [(2, 1, 1), (480, 240, 240), (3_001, 500, 1_500)]
)
def test_blocks_change_places_two_by_two(
    host: SubprocessHost, device: Device, far_end: FarEnd, frames: int, block: int, late: int
) -> None:
    far_end.damage("reorder", frames, block=block)
    host.run(device=device.device, cycles=20)
    check = check_of(far_end)
    assert (check.reordered, check.lost, check.duplicated) == (late, 0, 0)
    first = check.events[0]
    assert (first.kind, first.expected, first.found) == ("lost", 4_800, 4_800 + block)
    assert check.next_frame == 30 * 480
    assert check.correct + check.reordered == 30 * 480
    assert far_end.stats().damaged_frames == frames


def test_half_a_pair_that_is_given_up_arrives_after_all(
    host: SubprocessHost, device: Device, far_end: FarEnd
) -> None:
    far_end.damage("reorder", 4_000, block=2_000)
    host.run(device=device.device, cycles=2)
    assert check_of(far_end).received == 10 * 480
    far_end.damage("lose", 0)
    host.run(device=device.device, cycles=2)
    assert check_of(far_end).clean
    assert check_of(far_end).received == 14 * 480


def test_what_lies_on_the_way_comes_all_at_once_and_whole(
    host: SubprocessHost, device: Device, far_end: FarEnd
) -> None:
    far_end.hold(100)
    host.run(device=device.device, cycles=99)
    assert check_of(far_end).received == 10 * 480
    assert far_end.stats().held_frames == 0
    host.run(device=device.device, cycles=1)
    stats = far_end.stats()
    assert stats.check is not None
    assert stats.check.clean
    assert stats.check.received == 110 * 480
    assert (stats.held_frames, stats.held_ns_peak) == (100 * 480, 99 * 10_000_000)
    assert stats.lost_frames == 0  # three rings lay on the way, and the reader read on
    far_end.hold(100)
    host.run(device=device.device, cycles=3)
    far_end.hold(0)  # at once
    assert check_of(far_end).received == 113 * 480


@pytest.mark.parametrize(
    ("percent", "cycles"), [(50, 40), (50, 200), (33, 200), (99, 200), (0, 200)]
)
def test_a_slow_reader_loses_exactly_what_does_not_fit(
    host: SubprocessHost, device: Device, far_end: FarEnd, percent: int, cycles: int
) -> None:
    far_end.slow(cycles, percent)
    host.run(device=device.device, cycles=cycles)
    assert check_of(far_end).received == 4_800 + cycles * 480 * percent // 100
    host.run(device=device.device, cycles=1)
    unread = (cycles + 1) * 480 - cycles * 480 * percent // 100
    stats = far_end.stats()
    assert check_of(far_end).lost == stats.lost_frames == max(0, unread - 16_384)
    assert check_of(far_end).next_frame == (11 + cycles) * 480
    assert stats.backlog_peak >= min(unread, 16_384) - 480


def test_half_open_readers_take_slots_and_nobody_minds(
    host: SubprocessHost, device: Device, far_end: FarEnd, shm_name: str
) -> None:
    assert far_end.half_open(20) == 20
    host.run(device=device.device, cycles=100)
    assert far_end.stats().half_open == 20
    assert check_of(far_end).clean
    with open_reader(shm_name, attach="newest") as newcomer:
        heard = CounterCheck(2)
        for _ in range(10):
            host.run(device=device.device, cycles=1)
            while (block := newcomer.read()) is not None:
                heard.take(block.frames)
        assert heard.clean
        assert heard.received == 4_800
    assert far_end.half_open(60) == 44  # there is an end to it
    io = host.io_stats(device.device)
    assert (io.driver_errors, io.late_wakes, io.skipped_cycles) == (0, 0, 0)


def test_what_is_no_damage_is_refused(host: SubprocessHost, far_end: FarEnd) -> None:
    with pytest.raises(HostError, match="kind"):
        host.call("farend.damage", farend=far_end.id, kind="melt", frames=1)
    with pytest.raises(HostError, match="percent"):
        host.call("farend.slow", farend=far_end.id, cycles=1, percent=100)
    with pytest.raises(HostError, match="block"):
        host.call("farend.damage", farend=far_end.id, kind="reorder", frames=2, block=0)
    with pytest.raises(HostError, match="no far end 7"):
        host.call("farend.detach", farend=7)
