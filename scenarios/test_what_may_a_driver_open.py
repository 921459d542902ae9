"""What may a driver open?

Apple's header says what a plug-in may read and write: its bundle, the system's libraries, the
system's temporary and cache folders. A driver that keeps its settings in the user's home works on
the desk of its author, who tests it in a process of his own, and finds nothing once coreaudiod's
helper has loaded it. With a profile the lab's helper refuses what the header does not allow, and
says which call asked for which file. What nobody has said of (sockets; shared memory before macOS
26) is not refused; a driver's author who knows more can say so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import MissingError
from lab.host.locate import find_driver
from lab.host.models import SandboxReport
from lab.host.subprocess_host import SubprocessHost
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


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A file in a user's home."""
    path = tmp_path / "home" / "settings.json"
    path.parent.mkdir()
    path.write_text("{}")
    return path


def play(host: SubprocessHost, bundle: Path) -> SandboxReport:
    """One client for a second of virtual time."""
    device = host.load(bundle).devices[0]
    host.add_client(device).start()
    host.run(1.0)
    assert host.io_stats(device).cycles == pytest.approx(100, abs=20)
    return host.sandbox()


def owned(host: SubprocessHost) -> SubprocessHost:
    """Skips in builds that cannot see what drivers call."""
    if host.info().threads != "owned":
        pytest.skip("native: a build with sanitizers does not stand before the C library")
    return host


@pytest.mark.parametrize("profile", ["macos-12", "macos-15", "macos-26"])
def test_a_file_in_the_home_of_a_user_is_refused_and_the_report_says_which(
    start_host: StartHost, loop: Path, settings: Path, findings: Findings, profile: str
) -> None:
    reach = f"open={settings},write={settings.parent}/log.txt"
    host = owned(start_host(profile=profile, environment={"LOOP_REACH": reach, "TMPDIR": ""}))
    report = play(host, loop)
    findings.require("refused", len(report.cases), 2, better="higher")
    assert [(one.call, one.what, one.access, one.entry_point) for one in report.cases] == [
        ("open", str(settings), "read", "StartIO"),
        ("open", f"{settings.parent}/log.txt", "write", "StartIO"),
    ]
    assert not (settings.parent / "log.txt").exists()
    rules = report.rules["files"]
    assert rules is not None
    assert "QA1811" in rules.source
    findings.note("the driver plays on without its settings; it has to ask the host to store them")


def test_without_a_profile_the_same_driver_gets_everything(
    start_host: StartHost, loop: Path, settings: Path, findings: Findings
) -> None:
    """Which is why its author has not seen it."""
    reach = f"open={settings},write={settings.parent}/log.txt"
    host = start_host(environment={"LOOP_REACH": reach})
    report = play(host, loop)
    findings.require("refused", len(report.cases), 0)
    assert (settings.parent / "log.txt").exists()
    assert report.mode == "off"


def test_what_an_author_knows_can_be_said(
    start_host: StartHost, loop: Path, settings: Path, findings: Findings, shm_name: str
) -> None:
    """A profile that knows nothing of sockets, and somebody who does."""
    reach = f"open={settings},connect={settings.parent}/agent,shm={shm_name}"
    rules = (f"read:{settings.parent}", "socket:inet", "shm:/other*")
    environment = {"LOOP_REACH": reach, "TMPDIR": ""}
    host = owned(
        start_host(
            profile="macos-15", sandbox="report", sandbox_allow=rules, environment=environment
        )
    )
    report = play(host, loop)
    findings.require("would-be-refused", len(report.cases), 2, better="higher")
    assert [(one.kind, one.what) for one in report.cases] == [
        ("sockets", f"unix:{settings.parent}/agent"),
        ("shared-memory", shm_name),
    ]
    assert report.mode == "report"


@pytest.mark.parametrize("name", ["GeckoAudioDevice", "BungholeAudio"])
def test_the_drivers_of_the_lab_open_nothing_that_is_refused(
    start_host: StartHost, findings: Findings, driver_environment: dict[str, str], name: str
) -> None:
    try:
        bundle = find_driver(name)
    except MissingError as error:
        pytest.skip(f"native: {error}")
    host = owned(start_host(profile="macos-26", environment={**driver_environment, "TMPDIR": ""}))
    report = play(host, bundle)
    findings.require("refused", len(report.cases), 0)
    assert report.mode == "enforce"
