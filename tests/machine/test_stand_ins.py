"""The stand-ins: honest about what they do not do, and loud about what they do not know."""

from __future__ import annotations

import importlib
import plistlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.machine.base import CannotError
from lab.machine.description import Description
from lab.machine.sandbox import SandboxMachine
from lab.machine.stand_ins import NAMES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def machine() -> Iterator[SandboxMachine]:
    try:
        with SandboxMachine(Description(profile="macos-14.4", administrator="yes")) as made:
            yield made
    except CannotError as error:
        pytest.skip(str(error))


def call(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    module = f"lab.machine.stand_ins.{name.lower()}"
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_does_not_do(name: str) -> None:
    assert importlib.import_module(f"lab.machine.stand_ins.{name.lower()}").__doc__
    done = call(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{name} - a stand-in of hal-lab")
    assert "\nNot done: " in done.stdout


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("arguments", [("--frobnicate",), ("-z", "a", "b"), ("frob", "--", "x")])
def test_each_refuses_what_it_does_not_know_and_says_so(
    name: str, arguments: tuple[str, ...]
) -> None:
    if (name, arguments[0]) == ("xattr", "frob"):
        arguments = ("-c", "frob")  # names of files are arguments, too
    done = call(name, *arguments)
    assert done.returncode == 64
    assert done.stdout == ""
    assert done.stderr.startswith(f"{name}: stand-in of hal-lab: not known here: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.native
@pytest.mark.linux
class TestInAMachine:
    def test_sw_vers_has_the_profile_s_version_and_no_build_number(
        self, machine: SandboxMachine
    ) -> None:
        assert machine.must(["sw_vers", "-productVersion"]).out == "14.4\n"
        assert machine.must(["sw_vers", "--productName"]).out == "macOS\n"
        assert machine.run(["sw_vers", "-buildVersion"]).code == 64
        assert machine.run(["sw_vers"]).code == 64

    def test_csrutil_says_that_protection_is_on(self, machine: SandboxMachine) -> None:
        said = machine.must(["csrutil", "status"]).out
        assert said == "System Integrity Protection status: enabled.\n"

    def test_codesign_finds_what_was_changed_since(self, machine: SandboxMachine) -> None:
        machine.write("/tmp/X.driver/Contents/MacOS/X", b"code")
        machine.write("/tmp/X.driver/Contents/Resources/r", b"resource")
        machine.write(
            "/tmp/X.driver/Contents/Info.plist",
            plistlib.dumps({"CFBundleIdentifier": "x"}),
        )
        verify = ["codesign", "--verify", "--strict", "/tmp/X.driver"]
        assert "not signed at all" in machine.run(verify).error
        machine.must(["codesign", "--force", "--sign", "-", "--deep", "/tmp/X.driver"])
        assert machine.run(verify).code == 0
        machine.write("/tmp/X.driver/Contents/Resources/r", b"changed")
        assert "a sealed resource is missing or invalid" in machine.run(verify).error
        machine.write("/tmp/X.driver/Contents/MacOS/X", b"changed")
        assert "code or signature have been modified" in machine.run(verify).error
        assert machine.run(["codesign", "--sign", "Developer ID", "/tmp/X.driver"]).code == 64
        assert machine.run(["codesign", "--verify", "/tmp/none"]).code == 1
        machine.must(["rm", "-rf", "/tmp/X.driver"])

    def test_xattr_writes_lists_and_deletes(self, machine: SandboxMachine) -> None:
        machine.write("/tmp/attr/file", b"")
        name = "com.apple.quarantine"
        machine.must(["xattr", "-w", name, "0081", "/tmp/attr/file"])
        assert machine.must(["xattr", "-p", name, "/tmp/attr/file"]).out == "0081\n"
        assert machine.must(["xattr", "/tmp/attr/file"]).out == f"{name}\n"
        machine.must(["xattr", "-dr", name, "/tmp/attr"])
        assert machine.must(["xattr", "/tmp/attr/file"]).out == ""
        done = machine.run(["xattr", "-d", name, "/tmp/attr/file"])
        assert (done.code, done.error) == (1, f"xattr: /tmp/attr/file: No such xattr: {name}\n")
        machine.must(["rm", "-rf", "/tmp/attr"])

    def test_a_package_is_installed_and_forgotten(self, machine: SandboxMachine) -> None:
        machine.write("/tmp/p/package.json", b'{"identifier": "com.x.pkg", "version": "1.2"}')
        machine.write("/tmp/p/Payload/Library/Audio/x", b"x")
        machine.write("/tmp/p/Scripts/postinstall", b'#!/bin/sh\necho "$2 $3" > /tmp/p/ran\n')
        machine.must(["chmod", "0755", "/tmp/p/Scripts/postinstall"])
        said = machine.must(["installer", "-pkg", "/tmp/p", "-target", "/"]).lines
        assert said == ["installer: The install was successful."]
        assert machine.read("/Library/Audio/x") == b"x"
        assert machine.read("/tmp/p/ran") == b"/ /\n"
        assert "version: 1.2" in machine.must(["pkgutil", "--pkg-info", "com.x.pkg"]).lines
        assert "Library/Audio/x" in machine.must(["pkgutil", "--files", "com.x.pkg"]).lines
        machine.must(["pkgutil", "--forget", "com.x.pkg"])
        assert machine.run(["pkgutil", "--pkg-info", "com.x.pkg"]).code == 1
        assert machine.run(["pkgutil", "--pkg-info", "../../etc/passwd"]).code == 1
        machine.must(["rm", "-rf", "/tmp/p", "/Library/Audio/x"])

    def test_osascript_runs_as_root_what_the_user_allows(self, machine: SandboxMachine) -> None:
        script = 'do shell script "echo \\"$(id -u)\\"" with administrator privileges'
        assert machine.must(["osascript", "-e", script]).out == "0\n"
        failing = 'do shell script "echo no >&2; exit 3" with administrator privileges'
        done = machine.run(["osascript", "-e", failing])
        assert (done.code, done.error) == (1, "0:0: execution error: no (3)\n")
        assert machine.run(["osascript", "-e", 'display dialog "x"']).code == 64

    def test_log_shows_coreaudiod_s_lines_and_nothing_else(self, machine: SandboxMachine) -> None:
        show = ["log", "show", "--predicate", 'process == "coreaudiod"', "--last", "10m", "--info"]
        assert "loaded 0 driver plug-ins" in machine.must(show).out
        assert machine.run(["log", "show", "--predicate", "true"]).code == 64
        assert machine.run(["log", "stream"]).code == 64

    def test_without_a_coreaudiod_no_device_is_shown(self, machine: SandboxMachine) -> None:
        label = "system/com.apple.audio.coreaudiod"
        assert "MacBook Pro Speakers:" in machine.must(["system_profiler", "SPAudioDataType"]).out
        machine.must(["launchctl", "bootout", label])
        assert "Speakers" not in machine.must(["system_profiler", "SPAudioDataType"]).out
        assert machine.run(["launchctl", "print", label]).code == 113
        plist = "/System/Library/LaunchDaemons/com.apple.audio.coreaudiod.plist"
        before = machine.generation()
        machine.must(["launchctl", "bootstrap", "system", plist])
        machine.wait_for_coreaudiod(after=before)

    def test_the_default_output_can_be_chosen_among_those_there_are(
        self, machine: SandboxMachine
    ) -> None:
        assert machine.must(["SwitchAudioSource", "-a", "-t", "output"]).lines == [
            "MacBook Pro Speakers"
        ]
        assert machine.run(["SwitchAudioSource", "-s", "nothing"]).code == 1


def test_who_cancels_is_told_as_the_real_one_tells() -> None:
    try:
        with SandboxMachine(Description(administrator="cancels"), wait=False) as machine:
            script = 'do shell script "true" with administrator privileges'
            done = machine.run(["osascript", "-e", script])
    except CannotError as error:
        pytest.skip(str(error))
    assert (done.code, done.error) == (1, "0:0: execution error: User canceled. (-128)\n")
