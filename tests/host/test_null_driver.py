"""Null, the smallest correct driver: it loads, plays, soaks, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.cli import main
from lab.host import sources
from lab.host.errors import HostError
from lab.host.locate import find_driver
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.budget import load_budget, violations_of
from lab.measure.leaks import find_leaks
from lab.measure.timestamps import judge_timestamps
from lab.play.exercise import exercise

pytestmark = pytest.mark.native

PLUGIN, DEVICE, STREAM = 1, 2, 3


@pytest.fixture
def host() -> Iterator[SubprocessHost]:
    with SubprocessHost() as started:
        started.load(find_driver("Null"))
        yield started


def play(host: SubprocessHost, seconds: float) -> None:
    client = host.add_client(0, name="test")
    client.play(sources.counter())
    client.start()
    host.run(seconds)
    client.stop()
    client.remove()


def test_it_has_one_device_with_one_stream(host: SubprocessHost) -> None:
    (device,) = host.devices()
    assert (device.name, device.uid, device.nominal_rate) == ("Null", "Null_UID", 48_000)
    assert [(s.id, s.direction) for s in device.streams] == [(STREAM, "output")]
    assert device.zero_period_frames >= 10_923
    assert host.tree(0)["owned"][0]["owned"][0]["id"] == STREAM
    assert host.take_notices() == []


def test_ten_minutes_are_played_without_an_error(host: SubprocessHost) -> None:
    play(host, 600)
    stats = host.io_stats(0)
    assert (stats.cycles, stats.driver_errors, stats.timestamp_jumps) == (60_000, 0, 0)
    assert judge_timestamps(host.timestamps(0)) == []
    assert host.take_notices() == []


def test_its_clock_holds_where_a_tick_is_no_nanosecond() -> None:
    with SubprocessHost(HostOptions(timebase=(125, 3))) as host:
        host.load(find_driver("Null"))
        play(host, 60)
        assert judge_timestamps(host.timestamps(0)) == []


def test_its_io_allocates_nothing_and_waits_for_nothing(host: SubprocessHost) -> None:
    host.begin_ledger([item.as_parameters() for item in load_budget("strict").budgets])
    exercise(host, seconds=5)
    assert violations_of(host.ledger()) == []


def test_a_second_client_does_not_move_the_time_line(host: SubprocessHost) -> None:
    first, second = (host.add_client(0, name=name) for name in ("first", "second"))
    first.play(sources.counter())
    first.start()
    host.run(3)
    second.start()
    host.run(3)
    second.stop()
    host.run(3)
    assert host.device(0).running
    second.remove()
    first.remove()
    report = host.timestamps(0)
    assert (report.time_lines, report.violations) == (1, {})
    assert host.get_property(0, DEVICE, "goin") == 0


def test_each_start_is_a_time_line_of_its_own(host: SubprocessHost) -> None:
    client = host.add_client(0)
    for _ in range(1_000):
        client.start()
        host.run(device=0, cycles=1)
        client.stop()
    report = host.timestamps(0)
    assert (report.time_lines, report.violations) == (1_000, {})


@pytest.mark.parametrize("events", [{}, {"bad": True}])
def test_a_stall_and_a_lost_cycle_leave_the_clock_right(
    host: SubprocessHost, events: dict[str, bool]
) -> None:
    client = host.add_client(0)
    client.play(sources.counter())
    client.start()
    host.run(10)
    host.advance(10_000_000_000)
    if events:
        host.lose_cycles(0, 300)
    host.run(10)
    assert host.timestamps(0).violations == {}


def test_what_it_has_not_is_an_error_and_no_crash(host: SubprocessHost) -> None:
    def refusal(object_id: int, selector: str, scope: str = "glob", element: int = 0) -> str:
        with pytest.raises(HostError) as caught:
            host.get_property(0, object_id, selector, scope, element)
        return (caught.value.os_status & 0xFFFFFFFF).to_bytes(4, "big").decode()

    assert refusal(4711, "clas") == "!obj"
    assert refusal(DEVICE, "huh?") == "who?"
    assert refusal(DEVICE, "lnam", element=1) == "who?"
    assert refusal(DEVICE, "ltnc") == "who?"  # each side has its own, and there is no whole
    assert refusal(DEVICE, "dch2", "inpt") == "who?"
    with pytest.raises(HostError) as caught:
        host.set_property(0, DEVICE, "nsrt", 44_100.0)
    assert (caught.value.os_status & 0xFFFFFFFF).to_bytes(4, "big") == b"unop"


def test_lists_go_by_scope_and_class(host: SubprocessHost) -> None:
    assert host.get_property(0, DEVICE, "stm#", "inpt") == []
    assert host.get_property(0, DEVICE, "stm#", "outp") == [STREAM]
    for class_, owned in (("astr", [STREAM]), ("aobj", [STREAM]), ("actl", [])):
        found = host.call(
            "property.get",
            object={"plugin": 0, "id": DEVICE},
            selector="ownd",
            qualifier={"type": "fourcc[]", "value": [class_]},
        )
        assert found == owned
    for uid, device in (("Null_UID", DEVICE), ("another", 0)):
        found = host.call(
            "property.get",
            object={"plugin": 0, "id": PLUGIN},
            selector="uidd",
            qualifier={"type": "string", "value": uid},
        )
        assert found == device


def test_twenty_lives_leave_nothing_behind() -> None:
    with SubprocessHost(HostOptions(exact_memory=True)) as host:
        held = []
        for _ in range(20):
            plugin = host.load(find_driver("Null"))
            device = plugin.devices[0]
            client = host.add_client(device)
            client.start()
            host.run(device=device, cycles=10)
            host.unload(plugin.plugin)
            held.append(host.resources())
        # What the host itself keeps of a device that has gone is no leak of the driver.
        leaks = [leak for leak in find_leaks(held) if leak.resource != "allocated_bytes"]
        assert leaks == []
        assert all(leak.per_round < 100_000 for leak in find_leaks(held))


def test_the_commands_take_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--driver", "Null"]) == 0
    assert "Null" in capsys.readouterr().out
    assert main(["ledger", "--driver", "Null", "--seconds", "1"]) == 0
