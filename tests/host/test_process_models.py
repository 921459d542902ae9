"""Profiles and process models, as Python asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from lab.errors import LabError, MissingError
from lab.host.errors import DriverCrashed, HostError, HostGone
from lab.host.locate import find_driver
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings

pytestmark = [pytest.mark.native, pytest.mark.linux]


@pytest.fixture
def loop() -> Path:
    """The bundle of Loop."""
    try:
        return find_driver("Loop")
    except MissingError as error:
        pytest.skip(f"native: {error}")


@pytest.mark.parametrize(
    ("profile", "model"),
    [("macos-15", "helper"), ("macos-26", "helper"), ("seed-15", "in-process")],
)
def test_a_profile_by_its_name_says_where_drivers_live(
    start_host: StartHost, profile: str, model: str
) -> None:
    assert start_host(profile=profile).info().process_model == model


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_a_model_that_is_named_wins(
    start_host: StartHost, model: Literal["in-process", "helper"]
) -> None:
    for profile in (None, "macos-15", "seed-15"):
        assert start_host(profile=profile, process_model=model).info().process_model == model


def test_without_either_drivers_live_in_the_host(start_host: StartHost) -> None:
    info = start_host().info()
    assert info.process_model == "in-process"
    assert info.helpers == []


def test_a_profile_that_there_is_not_is_said_before_anything_starts() -> None:
    with pytest.raises(LabError, match="macos-99"):
        SubprocessHost(HostOptions(profile="macos-99"))


def test_options_become_a_command_line(tmp_path: Path) -> None:
    options = HostOptions(process_model="helper", helper_throttle_s=0.25)
    line = options.arguments(tmp_path / "p.json")
    assert line[line.index("--profile") + 1] == str(tmp_path / "p.json")
    assert line[line.index("--process-model") + 1] == "helper"
    assert line[line.index("--helper-throttle-ms") + 1] == "250"
    assert not {"--profile", "--process-model"} & set(HostOptions().arguments())


def test_a_sandbox_becomes_a_command_line() -> None:
    options = HostOptions(sandbox="report", sandbox_allow=("read:/a b", "shm:/x*"))
    line = options.arguments()
    assert line[-6:] == [
        *("--sandbox", "report"),
        *("--sandbox-allow", "read:/a b"),
        *("--sandbox-allow", "shm:/x*"),
    ]
    assert not [word for word in HostOptions().arguments() if "sandbox" in word]


def test_what_may_be_opened_is_told_with_its_source(start_host: StartHost) -> None:
    assert start_host().sandbox().model_dump(exclude_defaults=True) == {"mode": "off"}
    host = start_host(process_model="helper")
    if host.info().threads != "owned":
        pytest.skip("native: a build with sanitizers does not stand before the C library")
    report = start_host(process_model="helper", sandbox_allow=("socket:inet",)).sandbox()
    assert report.mode == "enforce"
    sockets = report.rules["sockets"]
    assert sockets is not None
    assert (sockets.allowed, sockets.source) == (["inet"], "--sandbox-allow")
    assert report.rules["files"] is None


def test_a_crash_in_a_helper_is_an_error_and_the_host_goes_on(
    start_host: StartHost, loop: Path
) -> None:
    host = start_host(process_model="helper", environment={"LOOP_FAULT": "crash:StartIO"})
    plugin = host.load(loop)
    client = host.add_client(plugin.devices[0])
    with pytest.raises(HostError, match="in StartIO") as refusal:
        client.start()
    assert refusal.value.os_status == int.from_bytes(b"!obj", "big")
    ended, gone = host.take_notices()
    assert (ended.kind, ended.entry_point) == ("helper-ended", "StartIO")
    assert (gone.kind, gone.device, gone.uid) == ("device-gone", 0, "Loop_A_UID")
    (helper,) = host.info().helpers
    assert helper.pid is None
    assert helper.restart_ns == ended.restart_ns
    host.run(11.0)
    (back,) = host.take_notices()
    assert (back.kind, back.replaces, back.devices) == ("helper-restarted", 0, [1])
    assert [device.device for device in host.devices()] == [1]
    assert [report["process"] for report in host.helper_reports()] == ["driver-service"]


def test_the_end_of_the_host_is_not_taken_for_that_of_a_helper(
    start_host: StartHost, loop: Path
) -> None:
    host = start_host(process_model="helper", environment={"LOOP_FAULT": "crash:StartIO"})
    client = host.add_client(host.load(loop).devices[0])
    with pytest.raises(HostError):
        client.start()
    host.kill()
    with pytest.raises(HostGone, match="SIGKILL") as ending:
        host.info()
    assert not isinstance(ending.value, DriverCrashed)
    assert len(host.helper_reports()) == 1


def test_a_result_names_its_profile() -> None:
    findings = Findings("x")
    assert findings.to_result("passed", "", 0.0).profile == "none"
    findings.profile = "macos-26"
    assert findings.to_result("passed", "", 0.0).profile == "macos-26"
