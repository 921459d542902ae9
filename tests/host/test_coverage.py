"""Counting calls over the protocol: in each process model, in each time, and cleanly."""

from __future__ import annotations

from typing import Literal

import pytest

from lab.host.coverage import named_coverage, survey
from lab.host.errors import HostError
from lab.host.locate import find_driver
from lab.host.models import CoverageRow
from lab.host.native_host import NativeHost
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.budget import load_budget, violations_of
from lab.play.exercise import exercise

pytestmark = [pytest.mark.native, pytest.mark.linux]


def calls(rows: list[CoverageRow], entry_point: str, code: str | None = None) -> int:
    return sum(one.calls for one in rows if (one.entry_point, one.code) == (entry_point, code))


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_calls_are_counted_from_the_first_one_on(model: Literal["in-process", "helper"]) -> None:
    with SubprocessHost(HostOptions(process_model=model, coverage=True)) as host:
        first = host.load(find_driver("Loop"))
        second = host.load(find_driver("Lapse"))
        client = host.add_client(first.devices[0])
        client.start()
        host.run(device=first.devices[0], cycles=30)
        report = host.coverage()
        assert (report.on, report.lost) == (True, 0)
        rows = host.counted_calls(first.plugin)
        assert calls(rows, "Factory") == 1
        assert calls(rows, "Initialize") == 1
        assert calls(rows, "DoIOOperation", "rite") == 30
        others = host.counted_calls(second.plugin)
        assert calls(others, "Initialize") == 1
        assert calls(others, "DoIOOperation", "rite") == 0
        host.count_calls(on=False)
        host.run(device=first.devices[0], cycles=30)
        assert calls(host.counted_calls(first.plugin), "DoIOOperation", "rite") == 30
        assert not host.coverage().on
        host.count_calls()
        host.run(device=first.devices[0], cycles=30)
        assert calls(host.counted_calls(first.plugin), "DoIOOperation", "rite") == 60


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_nothing_is_counted_unless_it_is_asked_for(
    model: Literal["in-process", "helper"],
) -> None:
    with SubprocessHost(HostOptions(process_model=model)) as host:
        host.load(find_driver("Loop"))
        report = host.coverage()
        assert not report.on
        assert report.rows == []
        with pytest.raises(HostError, match="on"):
            host.call("host.coverage", on="yes")
        assert not host.coverage().on


def test_the_calls_of_a_probe_are_counted_and_are_of_no_plug_in() -> None:
    with SubprocessHost(HostOptions(coverage=True)) as host:
        host.probe(find_driver("Loop"))
        rows = host.coverage().rows
        assert [one.plugin for one in rows if one.entry_point == "dlopen"] == [None]


@pytest.mark.realtime
def test_counting_breaks_no_budget_of_an_io_thread() -> None:
    strict = [item.as_parameters() for item in load_budget("strict").budgets]
    options = HostOptions(clock="realtime", coverage=True)
    with SubprocessHost(options) as host:
        plugin = host.load(find_driver("Loop"))
        try:
            host.begin_ledger(strict)
        except HostError as error:
            pytest.skip(str(error))
        exercise(host, seconds=0.2)
        assert calls(host.counted_calls(plugin.plugin), "DoIOOperation", "rite") > 5
        assert violations_of(host.ledger()) == []


def test_a_look_at_a_driver_says_what_it_could_be_asked() -> None:
    with SubprocessHost() as host:
        found = survey(host, host.load(find_driver("Loop")).plugin)
    assert found.classes[1] == "aplg"
    assert "adev" in found.classes.values()
    assert "GetPropertyData:adev:nsrt" in found.offered
    assert "SetPropertyData:adev:nsrt" in found.offered
    assert "SetPropertyData:adev:uid " not in found.offered
    assert "GetPropertyData:adev:icon" not in found.offered  # it has none
    with SubprocessHost(HostOptions(coverage=True)) as host:
        plugin = host.load(find_driver("Loop")).plugin
        named = named_coverage(host.counted_calls(plugin), found)
        assert named["GetPropertyData:adev:uid "] > 0
        assert named["SetPropertyData:adev:nsrt"] == 0
        host.set_property(plugin, 2, "nsrt", 44_100.0)
        named = named_coverage(host.counted_calls(plugin), found)
        assert named["SetPropertyData:adev:nsrt"] == 1
        assert named["PerformDeviceConfigurationChange"] == 1


def test_the_host_of_this_process_counts_too() -> None:
    with NativeHost() as host:
        host.count_calls()
        plugin = host.load(find_driver("Loop"))
        assert calls(host.counted_calls(plugin.plugin), "Initialize") >= 1
        host.count_calls(on=False)
