"""Raw calls into drivers: correct ones, and one that is wrong in every way that must be seen."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest

from lab.host import probe_calls as calls
from lab.host.errors import DriverCrashed, DriverHung, HostError
from lab.host.locate import find_driver
from lab.host.native_host import NativeHost, native_library_loads
from lab.host.probe import IUNKNOWN, Instance, Probe
from lab.host.probe_calls import Address, Cycle
from lab.host.probe_models import CallResult, DataResult, OperationResult
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import release, unique_shm_name
from tests.support.build import can_own_threads

pytestmark = [pytest.mark.native, pytest.mark.linux]

DEVICE, STREAM = 2, 3
"""Of Rude."""


class Rude:
    """A host with Rude open, and an instance of it that is initialized."""

    def __init__(self, wrong: str = "", **options: Any) -> None:
        environment = {"RUDE": wrong}
        self.host = SubprocessHost(HostOptions(**options), environment=environment)
        self.probe = self.host.probe(find_driver("Rude"))
        self.driver = create(self.probe)
        assert self.driver.initialize().ok

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()


def create(probe: Probe) -> Instance:
    driver = probe.create()
    assert driver is not None
    return driver


@pytest.fixture(params=["virtual", "realtime"])
def host(request: pytest.FixtureRequest) -> Iterator[SubprocessHost]:
    name = unique_shm_name()  # of Gecko's shared memory: another test may have one, too
    environment = {"GECKO_SHM_NAME": name}
    with SubprocessHost(HostOptions(clock=request.param), environment=environment) as started:
        yield started
    release(name)


def device_of(driver: Instance) -> int:
    """The driver's first device."""
    size = driver.size(1, "dev#")
    assert size.ok
    answer = driver.get(1, "dev#", size.size or 0)
    assert answer.data is not None
    return int.from_bytes(answer.data[:4], "little")


def ends_in(error: DriverCrashed, entry_point: str) -> bool:
    """Whether it crashed there; UBSan ends the process without a word to the host."""
    return error.entry_point == entry_point or (is_sanitized() and error.entry_point == "?")


@cache
def is_sanitized() -> bool:
    with SubprocessHost() as host:
        return bool(host.info().sanitizers)


# ---- a correct driver ------------------------------------------------------------------------


def test_the_life_of_gecko_call_by_call(host: SubprocessHost) -> None:
    probe = host.probe(find_driver("Gecko"))
    assert probe.opened.symbols_missing == []
    assert probe.create(IUNKNOWN) is None
    driver = create(probe)
    assert driver.query().interface == "same"
    refused = driver.query("00000000-0000-0000-0000-000000000001")
    assert refused.hresult < 0
    assert refused.interface is None
    assert driver.query(out=False).interface is None
    assert probe.create(None) is None
    assert driver.add_ref() == 3
    assert driver.release() == 2
    assert driver.initialize().ok
    device = device_of(driver)
    assert driver.has(device, "nsrt").has is True
    assert driver.has(device, "zzzz").has is False
    name = driver.get(device, "lnam", 8, cf=True)
    assert name.reference is not None
    assert name.reference.type == "CFString"
    assert name.reference.value == "Gecko Sink"
    assert driver.get(device, "nsrt", 4).status_text == "'!siz'"
    assert driver.get(9999, "nsrt", 8).status_text == "'!obj'"
    assert driver.get(device, Address("nsrt", "glob", 0), 64).size == 8
    assert driver.add_client(device, 1).ok
    assert driver.start_io(device, 1).ok
    assert driver.will_do(device, 1, "rite").will is True
    stamp = driver.zero_timestamp(device, 1)
    assert stamp.sample_time == 0
    assert stamp.seed
    assert driver.stop_io(device, 1).ok
    assert driver.remove_client(device, 1).ok
    closed = driver.close()
    assert closed.held == 2
    assert closed.counts[-1] == 0
    gone = probe.unload()
    assert gone.unmapped
    assert gone.after.threads == gone.before.threads
    assert gone.after.descriptors == gone.before.descriptors
    assert gone.shared_memory == []


@pytest.mark.parametrize("order", ["legal", "any"])
def test_gecko_stands_random_calls_and_a_storm(host: SubprocessHost, order: Any) -> None:
    probe = host.probe(find_driver("Gecko"))
    driver = create(probe)
    assert driver.initialize().ok
    for seed in range(5):
        run = driver.random(seed, 4000, order=order)
        assert run.violations == 0, run.violation_texts
        assert run.calls >= 4000
        assert len(run.last) == 100
    device = device_of(driver)
    wanted = [
        calls.get(device, "nsrt", 8),
        calls.get(device, "lnam", 8, cf=True),
        calls.set_(device, "nsrt", ("f64", 48000.0)),
        calls.has(device, "zzzz").on_other_thread(),
    ]
    storm = driver.storm(wanted, threads=4, times=25)
    for call in storm.calls[:2]:
        assert call.statuses == {"0": 100}
    assert storm.calls[3].statuses == {"0": 100}
    driver.close()
    assert probe.unload().unmapped


def test_a_random_sequence_repeats_itself_in_another_process() -> None:
    hashes = []
    for seed in (7, 7, 8):
        with Rude() as rude:
            hashes.append(rude.driver.random(seed, 5000).hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_storm_tells_the_values_that_were_read(host: SubprocessHost) -> None:
    probe = host.probe(find_driver("Gecko"))
    driver = create(probe)
    assert driver.initialize().ok
    device = device_of(driver)
    wanted = [
        calls.get(device, "nsrt", 8),
        calls.get(device, "lnam", 8, cf=True),
        calls.get(device, "zzzz", 8),
        calls.get(device, "nsr#", 1024),
    ]
    storm = driver.storm(wanted, threads=2, times=5)
    rate = struct.pack("=d", 48_000.0).hex()
    assert [call.values for call in storm.calls[:3]] == [{rate: 10}, {}, {}]
    assert len(storm.calls[3].values) <= 1, "what is longer than 16 bytes is not told"
    driver.close()


def test_a_storm_on_free_threads_runs_at_once() -> None:
    with Rude("races", threads="free") as rude:
        storm = rude.driver.storm([calls.start_io(DEVICE, 1)], threads=8, times=20)
        assert storm.calls[0].statuses.get("'what'", 0) > 0


def test_the_probe_works_in_this_process() -> None:
    if not native_library_loads():
        pytest.skip("libhallab_native is not built")
    with NativeHost(clock="virtual") as host:
        probe = host.probe(find_driver("Rude"))
        driver = create(probe)
        assert driver.initialize().ok
        assert driver.get(DEVICE, "nsrt", 8).guard_intact
        driver.close()
        assert probe.unload().shared_memory is None  # only the daemon knows


# ---- what is wrong is seen -------------------------------------------------------------------


def test_a_driver_that_writes_beyond_its_room_is_found() -> None:
    with Rude("writes-beyond") as rude:
        answer = rude.driver.get(DEVICE, "nsrt", 8)
        assert answer.ok
        assert not answer.guard_intact
        assert answer.wrote_beyond == 4
    with Rude("io-beyond") as rude:
        done = rude.driver.do_operation(DEVICE, STREAM, 1, "rite", 64)
        assert done.main is not None
        assert done.main.wrote_beyond == 8
    with Rude() as rude:
        assert rude.driver.get(DEVICE, "nsrt", 8).guard_intact
        done = rude.driver.do_operation(DEVICE, STREAM, 1, "rite", 64, main="counter")
        assert done.main is not None
        assert done.main.guard_intact
        assert not done.main.changed
        assert done.secondary is None


def test_a_crash_with_a_null_address_has_its_entry_point() -> None:
    with Rude("no-address-check") as rude:
        assert rude.driver.has(DEVICE, "nsrt").has is True
        with pytest.raises(DriverCrashed) as caught:
            rude.driver.get(DEVICE, None, 8)
    assert ends_in(caught.value, "GetPropertyData")
    with Rude() as rude:
        assert not rude.driver.get(DEVICE, None, 8).ok


def test_a_crash_report_has_the_calls_before_it() -> None:
    with Rude("no-object") as rude:
        assert rude.driver.has(DEVICE, "nsrt").has is True
        with pytest.raises(DriverCrashed) as caught:
            rude.driver.get(DEVICE, "lnam", 8, cf=True)
    report = caught.value.report
    assert caught.value.entry_point == "GetPropertyData"
    assert report["object"] == DEVICE
    before, last = report["last_calls"][-2:]
    assert (before["entry_point"], before["status"]) == ("HasProperty", "1")
    assert (before["code"], before["returned"]) == ("'nsrt'", True)
    assert (last["entry_point"], last["code"]) == ("GetPropertyData", "'lnam'")
    assert last["returned"]  # it was the object that it gave


def test_a_hang_on_another_thread_is_found_with_the_calls_before_it() -> None:
    call = calls.stop_io(DEVICE, 1).on_other_thread()
    with (
        Rude("hangs", clock="realtime", call_limit_ms=300) as rude,
        pytest.raises(DriverHung) as caught,
    ):
        rude.driver.call(call, CallResult)
    assert caught.value.entry_point == "StopIO"
    last = caught.value.report["last_calls"][-1]
    assert (last["entry_point"], last["object"], last["client"]) == ("StopIO", DEVICE, 1)
    assert not last["returned"]
    assert last["status"] is None


@pytest.mark.parametrize("null", [True, False])
def test_a_call_without_a_driver_is_the_drivers_affair(null: bool) -> None:
    with SubprocessHost() as host:
        driver = create(host.probe(find_driver("Loop")))
        call = calls.start_io(2, 1)
        if null:
            with pytest.raises(DriverCrashed) as caught:
                driver.call(call.without_driver(), CallResult)
            assert ends_in(caught.value, "StartIO")
        else:
            assert driver.call(call, CallResult).ok


@pytest.mark.parametrize(
    ("wrong", "entry_point"), [("bad-factory", "Initialize"), ("no-object", "GetPropertyData")]
)
def test_what_is_no_object_is_the_drivers_crash(wrong: str, entry_point: str) -> None:
    with SubprocessHost(environment={"RUDE": wrong}) as host:
        driver = create(host.probe(find_driver("Rude")))
        assert len(driver.slots_missing) == (22 if wrong == "bad-factory" else 0)
        if wrong == "bad-factory":
            with pytest.raises(DriverCrashed) as caught:
                driver.initialize()
        else:
            assert driver.initialize().ok
            with pytest.raises(DriverCrashed) as caught:
                driver.get(DEVICE, "lnam", 8, cf=True)
        assert ends_in(caught.value, entry_point)


def test_calls_back_from_another_thread_are_told_apart() -> None:
    with Rude("other-thread") as rude:
        heard = rude.driver.host_calls().host_calls
        assert [(call.function, call.thread) for call in heard] == [
            ("CopyFromStorage", "caller"),
            ("PropertiesChanged", "other"),
        ]
        assert heard[1].during == "Initialize"
        assert heard[1].addresses == [{"selector": "nsrt", "scope": "glob", "element": 0}]


def test_code_that_a_thread_still_runs_stays_where_it_is() -> None:
    with Rude("late-thread", clock="realtime") as rude:
        rude.driver.close()
        gone = rude.probe.unload()
        assert not gone.unmapped
        assert (gone.after.threads or 0) == (gone.before.threads or 0) + 1
        rude.driver.host_calls()
        while not rude.driver.host_calls().host_calls:
            pass  # it goes on calling
    with Rude() as rude:
        rude.driver.close()
        assert rude.probe.unload().unmapped


def test_a_count_that_is_off_shows() -> None:
    with Rude("count-off") as rude:
        assert rude.driver.add_ref() == 1
        assert rude.driver.close().counts == [0, 0xFFFFFFFF]
    with Rude() as rude:
        assert rude.driver.add_ref() == 2
        assert rude.driver.close().counts == [1, 0]


def test_what_a_driver_does_with_a_value_is_counted() -> None:
    value = ("string", "an object of its own, not a constant")
    for wrong, after in [("", 1), ("keeps-value", 2), ("drops-value", 0)]:
        with Rude(wrong) as rude:
            assert rude.driver.set(DEVICE, "lnam", value).retain_counts == (1, after)


# ---- the host that a driver sees -------------------------------------------------------------


def test_a_change_is_asked_for_and_performed() -> None:
    with Rude() as rude:
        asked = rude.driver.set(DEVICE, "nsrt", ("f64", 96000.0)).host_calls[-1]
        assert asked.function == "RequestDeviceConfigurationChange"
        assert asked.action is not None
        assert rude.driver.perform_change(DEVICE, asked.action).ok
        assert not rude.driver.perform_change(DEVICE, asked.action + 1).ok
        assert rude.driver.configure() == {"rate": 96000.0}
        rude.driver.configure(refuse_changes=True)
        assert rude.driver.set(DEVICE, "nsrt", ("f64", 44100.0)).status_text == "'what'"


def test_what_is_stored_beforehand_is_what_the_driver_finds() -> None:
    with SubprocessHost(environment={"RUDE": ""}) as host:
        probe = host.probe(find_driver("Rude"))
        driver = create(probe)
        driver.configure(stored={"rate": 12345})
        driver.initialize()
        answer = driver.get(DEVICE, "nsrt", 8)
        assert answer.data == bytes.fromhex("0000000080 1cc840".replace(" ", ""))


# ---- the wire --------------------------------------------------------------------------------


def test_every_call_of_the_interface_can_be_made() -> None:
    every = [
        calls.create_device({"uid": "x"}),
        calls.destroy_device(DEVICE),
        calls.add_client(DEVICE, 1, bundle_id="com.example"),
        calls.remove_client(DEVICE, 1),
        calls.perform_change(DEVICE, 0),
        calls.abort_change(DEVICE, 0),
        calls.has(DEVICE, None),
        calls.is_settable(DEVICE, Address(0xFFFFFFFF, "inpt", 7)),
        calls.size(DEVICE, "nsrt", qualifier=b"\0\1", qualifier_size=1, null_out=True),
        calls.get(DEVICE, "nsrt", 8, qualifier=("string", "x"), null_data=True, null_size=True),
        calls.set_(DEVICE, "nsrt", None, size=8),
        calls.start_io(DEVICE, 1),
        calls.stop_io(DEVICE, 1),
        calls.zero_timestamp(DEVICE, 1, null_outs=True),
        calls.will_do(DEVICE, 1, "rite"),
        calls.begin_operation(DEVICE, 1, "rite", 512, None),
        calls.do_operation(DEVICE, STREAM, 1, "rite", 512, Cycle(ticks_per_frame=1e3), main=None),
        calls.end_operation(DEVICE, 1, "rite", 512, Cycle(current=(512.0, 99))),
    ]
    with Rude() as rude:
        for call in every:
            rude.driver.call(call, CallResult)
        made = [call.entry_point for call in rude.host.last_calls()][-len(every) :]
        assert made == [call.function for call in every]
        storm = rude.driver.storm(every, threads=2, times=2)
        assert [sum(call.statuses.values()) for call in storm.calls] == [4] * len(every)


def test_samples_come_back_when_they_are_asked_for() -> None:
    with Rude("nan") as rude:
        call = calls.do_operation(
            DEVICE, STREAM, 1, "rite", 2, Cycle(), main=bytes(16), give_data=True
        )
        block = rude.driver.call(call, OperationResult).main
        assert block is not None
        assert block.non_finite == 1
        assert block.data is not None
        assert block.data[4:] == bytes(12)
        assert block.changed


def test_a_probe_needs_drivers_in_the_same_process() -> None:
    options = HostOptions(extra=("--process-model", "helper"))
    with SubprocessHost(options) as host, pytest.raises(HostError, match="in-process"):
        host.probe(find_driver("Rude"))


def test_bad_requests_say_what_is_wrong(tmp_path: Path) -> None:
    with Rude() as rude:
        with pytest.raises(HostError, match="1048576"):
            rude.driver.call(calls.get(DEVICE, "nsrt", 1 << 21), DataResult)
        with pytest.raises(HostError, match=r"call probe\.unload first"):
            rude.host.probe(find_driver("Loop"))
        with pytest.raises(HostError, match="is not closed"):
            rude.probe.unload()
        rude.driver.close()
        with pytest.raises(HostError, match="must not be called any more"):
            rude.driver.start_io(DEVICE, 1)
        rude.probe.unload()
        with pytest.raises(HostError, match=r"Info\.plist"):
            rude.host.probe(tmp_path)
        assert rude.host.info().threads == ("owned" if can_own_threads() else "free")
