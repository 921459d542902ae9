"""Whose step was it: the driver's, or the one that the lab made on purpose?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lab.clocks import Model, Sine, Step
from lab.errors import MissingError
from lab.host import sources
from lab.host.locate import find_driver
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.blame import Cause, blame_cycles
from lab.measure.cycles import summarise_cycles
from lab.measure.trace import read_trace

pytestmark = pytest.mark.native


def causes_of(
    folder: Path, *, fault: str = "", model: Model = (), host_model: Model = ()
) -> Counter[Cause]:
    """Five seconds of Loop in virtual time; counts the causes of its cycles."""
    try:
        bundle = find_driver("Loop")
    except MissingError as missing:
        pytest.skip(str(missing))
    environment = {"LOOP_FAULT": fault} if fault else {}
    with SubprocessHost(HostOptions(clock="virtual"), environment=environment) as host:
        host.load(bundle)
        if model:
            host.set_clock(0, model)
        if host_model:
            host.set_host_clock(host_model)
        host.open_trace(folder / "io.trace")
        client = host.add_client(0)
        client.play(sources.counter())
        client.start()
        host.run(5.0)
        client.stop()
        host.close_trace()
        stats = host.io_stats(0)
    records = read_trace(folder / "io.trace").of_device(0)
    summary = summarise_cycles(records)
    assert summary.timestamp_jumps == stats.timestamp_jumps - stats.clock_steps
    assert summary.clock_steps == stats.clock_steps
    found = Counter(Cause(cause) for cause in blame_cycles(records).tolist())
    del found[Cause.NONE]
    return found


def test_a_step_of_a_device_s_model_is_the_lab_s(tmp_path: Path) -> None:
    assert causes_of(tmp_path, model=[Step(at_s=2, ns=20e6)]) == {Cause.CLOCK_MODEL: 1}


def test_a_step_of_the_host_s_model_is_the_lab_s(tmp_path: Path) -> None:
    assert causes_of(tmp_path, host_model=[Step(at_s=2, ns=-20e6)]) == {Cause.CLOCK_MODEL: 1}


def test_a_step_that_is_too_small_to_be_seen_has_no_cause(tmp_path: Path) -> None:
    assert causes_of(tmp_path, model=[Step(at_s=2, ns=4e6)]) == {}


@pytest.mark.parametrize("fault", ["timestamp-jumps", "timestamp-goes-back"])
@pytest.mark.parametrize("model", [[], [Sine(ppm=200, period_s=10)]], ids=["exact", "swings"])
def test_a_jump_of_the_driver_is_the_driver_s(tmp_path: Path, fault: str, model: Model) -> None:
    found = causes_of(tmp_path, fault=fault, model=model)
    assert set(found) == {Cause.TIMESTAMP_JUMP}


def test_one_of_each_is_told_apart(tmp_path: Path) -> None:
    """The driver jumps after 1 s, the model steps after 3."""
    found = causes_of(tmp_path, fault="timestamp-jumps", model=[Step(at_s=3, ns=20e6)])
    assert found == {Cause.TIMESTAMP_JUMP: 1, Cause.CLOCK_MODEL: 1}
