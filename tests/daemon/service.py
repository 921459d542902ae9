"""What tests of drivers in processes of their own share."""

from __future__ import annotations

import json
import plistlib
import shutil
from pathlib import Path
from typing import Any

from lab.profiles import load_profile
from tests.daemon.talk import Daemon, driver

HELPER = ("--process-model", "helper")
VIRTUAL = ("--clock", "virtual", *HELPER)
REAL = ("--clock", "realtime", *HELPER)
GONE = 0x216F626A  # '!obj'
OLD_TYPE = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"


def pair(clock: tuple[str, ...], shm: str, fault: str = "", *more: str) -> Daemon:
    """Loop, which does what `fault` says, as plug-in 0, and Gecko, which plays, as plug-in 1."""
    daemon = Daemon(*clock, *more, environment={"GECKO_SHM_NAME": shm, "LOOP_FAULT": fault})
    daemon.ask("plugin.load", path=driver("Loop"))
    daemon.ask("plugin.load", path=driver("GeckoAudioDevice"))
    assert daemon.ask("client.add", device=1) == {"client": 1}
    daemon.ask("client.set_source", device=1, client=1, source={"kind": "counter"})
    daemon.ask("io.start", device=1, client=1)
    return daemon


def helpers(daemon: Daemon) -> dict[int, dict[str, Any]]:
    """Those that run or wait, by plug-in."""
    return {one["plugin"]: one for one in daemon.ask("host.info")["helpers"]}


def devices(daemon: Daemon) -> dict[int, str]:
    """Names by number."""
    return {one["device"]: one["name"] for one in daemon.ask("device.list")}


def cycles(daemon: Daemon, device: int = 1) -> int:
    """How many the device has done."""
    return int(daemon.ask("io.stats", device=device)["cycles"])


def kinds(daemon: Daemon) -> list[str]:
    """Of the notices about helpers and devices so far."""
    told = [notice["kind"] for notice in daemon.notices]
    return [kind for kind in told if kind.startswith(("helper-", "device-"))]


def changed_copy(name: str, folder: Path, **changes: object) -> str:
    """A copy of a bundle with another Info.plist."""
    copy = folder / f"{folder.name}-{Path(driver(name)).name}"
    shutil.copytree(driver(name), copy)
    plist = copy / "Contents" / "Info.plist"
    plist.write_bytes(plistlib.dumps({**plistlib.loads(plist.read_bytes()), **changes}))
    return str(copy)


def profile_file(folder: Path, name: str, **values: object) -> str:
    """A profile as a file; `values` are put in the place of its own."""
    flat = load_profile(name).flat()
    flat["values"].update(
        {key.replace("__", ".").replace("_", "-"): v for key, v in values.items()}
    )
    path = folder / f"{name}.json"
    path.write_text(json.dumps(flat))
    return str(path)
