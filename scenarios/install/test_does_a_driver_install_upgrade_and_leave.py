"""Does a driver install, upgrade and leave nothing behind, on each version of macOS?

Its real install.sh and uninstall.sh, as root of a machine whose launchd keeps coreaudiod alive.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.machine.base import HAL
from lab.machine.kit import bring_kit, with_version
from lab.machine.snapshot import compare
from lab.profiles import profile_names
from lab.scenario import Findings
from scenarios.install.conftest import EACH_PRODUCT, KINDS, StartMachine
from scenarios.install.products import BUNGHOLE, GECKO, Product
from scenarios.machine_steps import version_of

pytestmark = [
    pytest.mark.native,
    pytest.mark.linux,
    pytest.mark.parametrize("machine_kind", KINDS),
]

PROFILES = [name for name in profile_names() if name != "seed-15"]
RESTARTS = {  # the first rung that works: lab/profiles, service.kickstart-k
    "macos-12": "launchctl kickstart -k",
    "macos-13": "launchctl kickstart -k",
    "macos-14.0": "launchctl kickstart -k",
    "macos-14.4": "killall -TERM",
    "macos-15": "killall -TERM",
    "macos-26": "killall -TERM",
}


@EACH_PRODUCT
@pytest.mark.parametrize("profile", PROFILES)
def test_it_appears_plays_is_upgraded_and_leaves_nothing(
    start_machine: StartMachine,
    bundle: Path,
    product: Product,
    tmp_path: Path,
    findings: Findings,
    profile: str,
) -> None:
    began = time.monotonic()
    machine = start_machine(profile)
    started = time.monotonic() - began
    before = machine.snapshot()
    kit = bring_kit(machine, with_version(bundle, tmp_path / "one", "1.0"), product.scripts)
    asked = time.monotonic()

    done = kit.install()
    assert done.code == 0, done
    assert done.error == ""
    assert f"restarted coreaudiod: {RESTARTS[profile]}" in done.lines
    assert machine.devices() == list(product.devices)
    findings.tell("start", started, "s")
    findings.tell("install-to-device", time.monotonic() - asked, "s")
    product.listen(machine)

    kit.bring(with_version(bundle, tmp_path / "two", "2.0"))
    done = kit.install()
    assert done.code == 0, done
    assert version_of(machine, product.installed) == "2.0"
    product.listen(machine)
    owners = {
        (entry.owner, entry.group, entry.mode & 0o022)
        for entry in machine.snapshot([product.installed]).values()
    }
    assert owners == {(0, 0, 0)}

    done = kit.uninstall()
    assert done.code == 0, done
    assert machine.devices() == []
    kit.remove()
    assert compare(before, machine.snapshot()) == []
    findings.tell("whole-cycle", time.monotonic() - began, "s")


@EACH_PRODUCT
def test_what_is_installed_already_is_left_alone(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine()
    kit = bring_kit(machine, bundle, product.scripts)
    assert kit.install().code == 0
    generation, before = machine.generation(), machine.snapshot()
    done = kit.install()
    assert done.lines == [f"{product.folder} is installed already, and works; nothing to do"]
    assert machine.generation() == generation
    assert compare(before, machine.snapshot()) == []
    assert kit.uninstall().code == 0
    done = kit.uninstall()
    assert done.lines == [f"{product.folder} is not installed; nothing to do"]
    assert done.code == 0


@EACH_PRODUCT
def test_a_dry_run_says_what_it_would_do_and_changes_nothing(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine()
    kit = bring_kit(machine, bundle, product.scripts)
    before, generation = machine.snapshot(), machine.generation()
    for done in (kit.install("--dry-run"), kit.uninstall("--dry-run")):
        assert done.code == 0
        assert all(line.startswith("would ") for line in done.lines)
    assert ", ".join(product.devices) in kit.install("--dry-run").lines[-1]
    assert compare(before, machine.snapshot()) == []
    assert machine.generation() == generation


@pytest.mark.parametrize("product", [BUNGHOLE], ids=["bunghole-and-gecko"])
@pytest.mark.parametrize("first", [GECKO, BUNGHOLE], ids=lambda product: f"{product.name}-first")
def test_no_driver_touches_the_other(
    start_machine: StartMachine, bundle: Path, driver: Path, first: Product
) -> None:
    machine = start_machine()
    before = machine.snapshot()
    kits = {
        product: bring_kit(machine, its, product.scripts, folder=f"/Users/Shared/{product.name}")
        for product, its in ((GECKO, driver), (BUNGHOLE, bundle))
    }
    second = BUNGHOLE if first is GECKO else GECKO
    assert kits[first].install().code == 0
    alone = machine.snapshot([HAL])
    assert kits[second].install().code == 0
    both = machine.snapshot([HAL])
    assert sorted(machine.devices()) == sorted([*GECKO.devices, *BUNGHOLE.devices])
    # Of what was there, the second one has touched the folder's own entry at most.
    assert {path: both[path] for path in alone if path != HAL} == {
        path: entry for path, entry in alone.items() if path != HAL
    }
    first.listen(machine)
    second.listen(machine)
    assert kits[second].uninstall().code == 0
    assert machine.devices() == list(first.devices)
    assert compare(alone, machine.snapshot([HAL])) == []
    first.listen(machine)
    assert kits[first].uninstall().code == 0
    for kit in kits.values():
        kit.remove()
    assert compare(before, machine.snapshot()) == []


@EACH_PRODUCT
def test_drivers_of_others_and_their_folder_are_not_touched(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine()
    other = "/Library/Audio/Plug-Ins/HAL/Other.driver"
    machine.must(["mkdir", "-p", f"{other}/Contents"])
    machine.write(f"{other}/Contents/note", b"not yours")
    machine.must(["chmod", "-R", "0700", other])
    before = machine.snapshot()
    kit = bring_kit(machine, bundle, product.scripts)
    assert kit.install().code == 0
    assert kit.uninstall().code == 0
    kit.remove()
    assert compare(before, machine.snapshot()) == []


@EACH_PRODUCT
def test_uninstalling_gives_the_default_output_back_and_forgets_the_receipt(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine()
    kit = bring_kit(machine, bundle, product.scripts)
    assert kit.install().code == 0
    machine.must(["SwitchAudioSource", "-s", product.devices[0]])
    receipts = "from lab.machine.stand_ins.receipts import write_receipt"
    script = f"import sys; {receipts}; write_receipt(*sys.argv[1:3], [])"
    machine.must([*machine.python(), "-c", script, product.package, "1.0"])
    assert machine.must(["pkgutil", "--pkgs"]).out == f"{product.package}\n"
    done = kit.uninstall()
    assert "default output: MacBook Pro Speakers" in done.lines
    assert machine.must(["SwitchAudioSource", "-c"]).out == "MacBook Pro Speakers\n"
    assert machine.must(["pkgutil", "--pkgs"]).out == ""


def test_shared_memory_of_a_driver_that_was_killed_goes_with_it(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine()
    kit = bring_kit(machine, bundle, product.scripts)
    for name in ("GeckoAudioShm", "GeckoAudioShm.rd"):  # what a helper leaves that was killed
        machine.write(f"/dev/shm/{name}", bytes(4096))
    assert kit.uninstall().code == 0
    assert machine.list_folder("/dev/shm") == []


@EACH_PRODUCT
def test_the_staged_folder_installs_as_the_source_tree_does(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine()
    kit = bring_kit(
        machine,
        bundle,
        product.scripts,
        folder=f"/Users/Shared/source/driver/{product.name}/scripts",
    )
    machine.put(product.scripts / "stage.sh", f"{kit.folder}/stage.sh")
    share = f"/Volumes/My Shared Files/{product.name}'s driver"
    stage = [f"{kit.folder}/stage.sh", "--bundle", f"{kit.folder}/{kit.bundle}", "--into", share]
    assert machine.must(stage).lines == [f'staged: sudo "{share}/install.sh"']
    assert machine.must(stage).code == 0  # again: it replaces its own
    assert machine.run([f"{share}/install.sh"]).code == 0
    assert machine.devices() == list(product.devices)
    machine.must(["mkdir", "/Volumes/precious"])
    refused = machine.run([*stage[:-1], "/Volumes/precious"])
    assert refused.code == 1
    assert "is there and is not ours" in refused.error
