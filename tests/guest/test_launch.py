"""What is prepared before a guest is started."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.guest import launch, uml_files
from lab.guest.agent_setup import OWN_FOLDERS
from lab.guest.errors import GuestMissing
from lab.guest.guest import Guest
from lab.guest.machine import Start
from lab.guest.run_folder import PREFIX, RunFolder, sweep
from lab.guest.settings import GuestSettings, Vsock
from lab.guest.tiers import Tier, best_tier, find_tier, find_tiers
from lab.guest.uml import UserModeLinux


def start_with(folder: Path, settings: GuestSettings, *init: str) -> Start:
    return Start(settings, folder, folder, init or ("/bin/sh",), "hal_lab.guest=x", 7, None)


def fake_kernel(folder: Path, *modules: str) -> Path:
    kernel = folder / "linux.uml"
    kernel.write_text("#!/bin/sh\necho 6.1.0-test\n", encoding="utf-8")
    kernel.chmod(0o755)
    place = folder / "modules" / "6.1.0-test" / "kernel" / "net" / "vmw_vsock"
    place.mkdir(parents=True)
    for name in modules:
        (place / f"{name}.ko").touch()
    return kernel


def test_only_what_the_guest_covers_has_to_be_shown(tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    (outer / "inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    link = tmp_path / "link"
    link.symlink_to(outer)
    wanted = [outer / "inner", outer, link / "inner", tmp_path / "file", Path("/usr/bin")]
    shown, links = launch.seen_paths(wanted)
    covered = any(Path(folder) in tmp_path.parents for folder in OWN_FOLDERS)
    assert shown == ([tmp_path / "file", outer] if covered else [])
    assert links == ([(link / "inner", outer / "inner")] if covered else [])


def test_a_path_that_is_not_there_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no such path to show"):
        launch.seen_paths([tmp_path / "nothing"])


def test_a_python_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot run the guest's Python"):
        launch.interpreter(GuestSettings(python=tmp_path / "python"))


def test_a_folder_whose_lock_is_held_stays_and_one_that_nobody_holds_goes(scratch: Path) -> None:
    held = RunFolder(scratch)
    left = RunFolder(scratch)
    left.release()
    (scratch / f"{PREFIX}new").mkdir()
    (scratch / "other").mkdir()
    assert sweep(scratch) == [left.path]
    assert held.path.is_dir()
    assert (scratch / f"{PREFIX}new").is_dir()
    os.utime(scratch / f"{PREFIX}new", (0, 0))
    held.remove()
    assert sweep(scratch) == [scratch / f"{PREFIX}new"]


def test_a_lock_that_was_inherited_keeps_the_folder(scratch: Path) -> None:
    folder = RunFolder(scratch)
    inherited = os.dup(folder.lock_fd)
    folder.release()
    assert sweep(scratch) == []
    fcntl.flock(inherited, fcntl.LOCK_UN)
    os.close(inherited)
    assert sweep(scratch) == [folder.path]


def test_without_a_kernel_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert UserModeLinux().missing(Vsock.NONE) == "no linux.uml on PATH"
    with pytest.raises(GuestMissing, match="hal-lab doctor") as caught:
        Guest(GuestSettings(scratch=tmp_path)).start()
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(GuestMissing, match="install the package user-mode-linux"):
        UserModeLinux().program(start_with(tmp_path, GuestSettings()))


def test_a_kernel_without_its_modules_is_told_from_one_that_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = fake_kernel(tmp_path, *uml_files.LOOPBACK_MODULES)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    release = uml_files.kernel_release(kernel)
    modules = tmp_path / "modules"
    assert uml_files.find_modules(uml_files.LOOPBACK_MODULES, release, modules)[1] == ""
    found, lacking = uml_files.find_modules(uml_files.HOST_MODULES, release, modules)
    assert len(found) == 3
    assert lacking.endswith("vmw_vsock_virtio_transport.ko")
    assert "6.1.0-test" in UserModeLinux().missing(Vsock.LOOPBACK)
    assert UserModeLinux().missing(Vsock.NONE) == ""


def test_a_kernel_that_does_not_start_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_kernel(tmp_path).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert UserModeLinux().missing(Vsock.NONE).endswith("does not start")


@pytest.mark.parametrize(
    ("settings", "init", "said"),
    [
        (GuestSettings(memory_mib=1, vsock=Vsock.NONE), "/bin/sh", "cannot have 1 MiB"),
        (GuestSettings(vsock=Vsock.NONE), "/opt/my python", "command line cannot carry"),
        (GuestSettings(vsock=Vsock.NONE), "/opt/ü", "command line cannot carry"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(
    settings: GuestSettings,
    init: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_kernel(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LabError, match=said) as caught:
        UserModeLinux().program(start_with(tmp_path, settings, init))
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_or_is_too_deep_for_sockets_is_refused(
    tmp_path: Path,
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with pytest.raises(LabError, match="too long for sockets"):
        RunFolder(deep)
    assert list(deep.iterdir()) == []
    with pytest.raises(LabError, match="no folder can be made"):
        RunFolder(tmp_path / "nothing")


def test_every_tier_is_found_or_says_why_not_and_the_stand_in_is_no_vsock() -> None:
    found = find_tiers()
    assert [one.tier for one in found] == list(Tier)
    assert all(one.reason or one.detail for one in found)
    assert [tier.is_vsock for tier in Tier] == [True, True, True, False]
    assert "not" in Tier.STAND_IN.text or "no vsock" in Tier.STAND_IN.text
    assert find_tier(best_tier()).is_here


def test_without_any_guest_the_best_tier_is_the_loopback_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert best_tier() in {Tier.LOOPBACK, Tier.STAND_IN}
    assert find_tier(Tier.GUEST_TO_HOST).reason == "no linux.uml on PATH; no QEMU on PATH"
