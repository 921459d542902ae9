"""What does a crash take with it?

Two drivers are loaded, both play, and one of them crashes. Where drivers live in coreaudiod, as
seed 001 has it for macOS 15, everything is gone until launchd starts coreaudiod again. Where each
has a helper process, as crash reports since 11.0.1 show it, its own devices are gone, the other
driver plays on, and the crashed one comes back by itself under new numbers.
"""

from __future__ import annotations

import plistlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab.errors import MissingError
from lab.host import sources
from lab.host.base import Client
from lab.host.errors import DriverCrashed, HostError
from lab.host.locate import find_driver
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings

pytestmark = [pytest.mark.native, pytest.mark.linux]

OLD_TYPE = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
ENVIRONMENT = {"LOOP_SHAPE": "seed-uuids", "LOOP_FAULT": "crash:SetPropertyData"}
THROTTLE_S = 10.0
CYCLES_A_SECOND = 100


def loop(folder: Path, name: str) -> Path:
    """A copy of Loop with a name of its own, which lists both type UUIDs, as the seed's driver."""
    try:
        original = find_driver("Loop")
    except MissingError as error:
        pytest.skip(f"native: {error}")
    bundle = folder / f"{name}.driver"
    shutil.copytree(original, bundle)
    path = bundle / "Contents" / "Info.plist"
    plist: dict[str, Any] = plistlib.loads(path.read_bytes())
    plist["CFBundleIdentifier"] = f"org.hal-lab.scenario.{name.lower()}"
    (factories,) = plist["CFPlugInTypes"].values()
    plist["CFPlugInTypes"][OLD_TYPE] = factories
    path.write_bytes(plistlib.dumps(plist))
    return bundle


def play(host: SubprocessHost, device: int) -> Client:
    client = host.add_client(device)
    client.play(sources.counter())
    client.take(sources.check())
    client.start()
    return client


def crash(host: SubprocessHost, plugin: int) -> None:
    """Loop's SetPropertyData ends its process."""
    host.set_property(plugin, 2, "nsrt", 96_000.0)


@pytest.mark.parametrize("profile", ["macos-15", "macos-26"])
def test_in_a_helper_it_takes_the_driver_s_own_devices(
    start_host: StartHost, tmp_path: Path, findings: Findings, profile: str
) -> None:
    host = start_host(profile=profile, environment=ENVIRONMENT)
    broken, other = (host.load(loop(tmp_path, name)) for name in ("Broken", "Other"))
    play(host, broken.devices[0])
    listener = play(host, other.devices[0])
    host.run(5.0)
    with pytest.raises(HostError, match=r"Broken\.driver crashed with") as refusal:
        crash(host, broken.plugin)
    assert refusal.value.os_status == int.from_bytes(b"!obj", "big")
    (report,) = host.helper_reports()
    assert report["process"] == "driver-service"
    assert report["entry_point"] == "SetPropertyData"
    gone = [notice for notice in host.take_notices() if notice.kind == "device-gone"]
    findings.require("devices-gone", len(gone), 1)

    before = host.io_stats(other.devices[0]).cycles
    host.run(THROTTLE_S - 5.5)
    still_gone = {device.plugin for device in host.devices()} == {other.plugin}
    host.run(1.0)
    played = host.io_stats(other.devices[0]).cycles - before
    expected = round((THROTTLE_S - 4.5) * CYCLES_A_SECOND)
    findings.require("cycles-that-the-other-driver-missed", abs(played - expected), 1)
    (check,) = [check for check in listener.stats().sinks if check is not None]
    findings.take_check(check)
    assert check.clean
    assert still_gone, "it came back before the throttle let it"
    back = [device for device in host.devices() if device.plugin != other.plugin]
    findings.require("devices-back", len(back), 1, better="higher")
    assert back[0].uid == gone[0].uid
    assert back[0].device not in (*broken.devices, *other.devices)
    assert back[0].clients == []
    findings.tell("back-after", THROTTLE_S, "s")
    findings.note("the other driver plays on; the crashed one is back under a new number")


def test_in_coreaudiod_it_takes_everything(
    start_host: StartHost, tmp_path: Path, findings: Findings
) -> None:
    host = start_host(profile="seed-15", environment=ENVIRONMENT)
    broken, other = (host.load(loop(tmp_path, name)) for name in ("Broken", "Other"))
    play(host, broken.devices[0])
    play(host, other.devices[0])
    host.run(5.0)
    with pytest.raises(DriverCrashed) as ending:
        crash(host, broken.plugin)
    assert ending.value.report["process"] == "coreaudiod"
    assert ending.value.entry_point == "SetPropertyData"
    findings.require("coreaudiod-exit-code", host.exit_status or 0, 70)
    findings.tell("devices-gone", 2)
    findings.note("coreaudiod is gone with both drivers; launchd has to start it again")


@pytest.mark.parametrize("profile", ["macos-15", "macos-26"])
def test_a_driver_of_the_old_type_alone_is_refused_with_the_reason(
    start_host: StartHost, tmp_path: Path, profile: str
) -> None:
    bundle = loop(tmp_path, "Old")
    path = bundle / "Contents" / "Info.plist"
    plist: dict[str, Any] = plistlib.loads(path.read_bytes())
    plist["CFPlugInTypes"] = {OLD_TYPE: plist["CFPlugInTypes"][OLD_TYPE]}
    path.write_bytes(plistlib.dumps(plist))
    host = start_host(profile=profile, environment={"LOOP_SHAPE": "seed-uuids"})
    with pytest.raises(HostError, match=f"(?s){profile}.*AudioServerPlugIn.h.*{OLD_TYPE}"):
        host.load(bundle)
    claimed = start_host(profile="seed-15", environment={"LOOP_SHAPE": "seed-uuids"})
    assert len(claimed.load(bundle).devices) == 1
