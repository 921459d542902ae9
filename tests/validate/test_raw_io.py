"""The small host of raw cycles keeps to the rules that drivers rely on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lab.host.locate import find_driver
from lab.host.probe_models import TimestampResult
from lab.profiles import load_profile
from lab.signals import counter
from lab.validate.check import Unmet
from lab.validate.raw.device import playing_devices
from lab.validate.raw.io import RawIO
from lab.validate.raw.loop import Loop, largest_cycle, loops_of
from lab.validate.subject import Subject
from tests.support.flaws import find_flaw

pytestmark = pytest.mark.native


@pytest.fixture
def subject() -> Iterator[Subject]:
    """Flawed.driver, without a flaw."""
    with Subject(find_driver("Flawed"), load_profile("macos-26")) as made:
        yield made


def loop_of(subject: Subject) -> Loop:
    """The device that loops; its IO runs."""
    return next(loops_of(subject.instance()))


def flawed(name: str) -> Subject:
    """The same with one."""
    flaw = find_flaw(name)
    return Subject(flaw.path, load_profile("macos-26"), environment=flaw.environment)


def test_devices_are_found_with_their_streams(subject: Subject) -> None:
    (device,) = playing_devices(subject.instance())
    assert (device.object_id, device.rate, device.period_frames) == (2, 48_000, 16_384)
    assert [(one.object_id, one.is_input, one.channels) for one in device.streams] == [
        (3, True, 2),
        (4, False, 2),
    ]
    assert all(one.is_float and one.frame_bytes == 8 for one in device.streams)


def test_the_ring_of_a_period_has_room_for_the_largest_cycle(subject: Subject) -> None:
    (device,) = playing_devices(subject.instance())
    assert largest_cycle(device) == 5461
    assert 3 * largest_cycle(device) <= device.period_frames


def test_what_is_written_has_no_gap_when_the_size_of_a_cycle_changes(subject: Subject) -> None:
    loop = loop_of(subject)
    ends: list[int] = []
    for frames in (512, 17, 300, 512):
        begins = loop.io.output_time
        assert not ends or begins == ends[-1]
        ends.append(begins + frames)
        loop.turn(frames)


@pytest.mark.parametrize("timebase", [(1, 1), (125, 3)])
def test_cycles_keep_in_step_with_the_clock_of_the_device(
    subject: Subject, timebase: tuple[int, int]
) -> None:
    loop = next(loops_of(subject.instance(timebase=timebase)))
    for _ in range(300):
        loop.turn(441)
    zero = loop.io.driver.zero_timestamp(loop.io.device.object_id, 1)
    now_ns = loop.io.driver.host.info().now_ns
    assert zero.host_time is not None
    assert zero.sample_time is not None
    since_ns = now_ns - zero.host_time * timebase[0] / timebase[1]
    assert abs(zero.sample_time + since_ns * 48e3 / 1e9 - loop.io.position) < 1


def test_a_number_is_the_sample_time_for_which_it_was_written(subject: Subject) -> None:
    loop = loop_of(subject)
    for _ in range(8):
        loop.turn(512)
    at = loop.io.input_time
    assert np.array_equal(counter.decode(loop.turn(512))[0][:, 0], at + np.arange(512))


@pytest.mark.parametrize("sample", [-1e6, 1e300])
def test_a_time_line_that_there_cannot_be_is_not_followed(
    subject: Subject, sample: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    io = RawIO(playing_devices(subject.instance())[0])
    impossible = TimestampResult(
        status=0, status_text="0", elapsed_ns=0, sample_time=sample, host_time=0, seed=1
    )
    monkeypatch.setattr(io, "zero_timestamp", lambda _: impossible)
    io.start()
    assert io.position == 0
    assert io.write(io.device.outputs[0], 64).ok


def test_a_client_that_is_refused_is_the_drivers_fault() -> None:
    with flawed("second-client-refused") as subject:
        driver = subject.instance()
        io = RawIO(playing_devices(driver)[0])
        io.start()
        with pytest.raises(Unmet, match="AddDeviceClient of client 2 answered"):
            io.start(2)


def test_thread_and_cycle_are_begun_and_ended_for_who_wants_to_know() -> None:
    with flawed("offers-everything") as subject:
        driver = subject.instance()
        device = playing_devices(driver)[0]
        io = RawIO(device)
        io.start()
        for _ in range(2):
            io.write(device.outputs[0], 64)
            io.read(device.inputs[0], 64)
            io.step(64)
        io.stop()
        told = [
            (call.entry_point, (call.code or "").strip("'"))
            for call in driver.host.last_calls()
            if call.entry_point in {"BeginIOOperation", "EndIOOperation", "DoIOOperation"}
        ]
    cycle = [
        ("BeginIOOperation", "cycl"),
        *((entry, "rite") for entry in ("BeginIOOperation", "DoIOOperation", "EndIOOperation")),
        *((entry, "read") for entry in ("BeginIOOperation", "DoIOOperation", "EndIOOperation")),
        ("EndIOOperation", "cycl"),
    ]
    assert told == [("BeginIOOperation", "thrd"), *cycle, *cycle, ("EndIOOperation", "thrd")]


def test_volumes_and_mute_are_opened_up(subject: Subject) -> None:
    driver = subject.instance()
    device = playing_devices(driver)[0]
    driver.set(6, "bcvl", b"\1\0\0\0")
    driver.set(5, "lcsv", np.float32(0.25).tobytes())
    device.open_up()
    assert driver.get(6, "bcvl", 4).data == bytes(4)
    assert driver.get(5, "lcsv", 4).data == np.float32(1).tobytes()
