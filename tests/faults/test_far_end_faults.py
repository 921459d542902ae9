"""Does a far end do what is asked of it between two cycles, and does its check find it?"""

from __future__ import annotations

from typing import Literal

import pytest

from lab.host import sources
from lab.host.base import FarEnd
from lab.host.errors import HostError
from lab.host.models import Check, Device
from lab.host.subprocess_host import SubprocessHost

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


def test_what_is_no_damage_is_refused(host: SubprocessHost, far_end: FarEnd) -> None:
    with pytest.raises(HostError, match="kind"):
        host.call("farend.damage", farend=far_end.id, kind="melt", frames=1)
    with pytest.raises(HostError, match="no far end 7"):
        host.call("farend.detach", farend=7)
