"""What happens when installing goes wrong?

Whatever does, the driver that was there before is there afterwards, or the new one; never half of
one. What went wrong is said in the last line.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import lief
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.host.errors import HostGone
from lab.host.external_host import ExternalHost
from lab.machine.base import HAL, Done, Machine
from lab.machine.kit import Kit, bring_kit, with_version
from lab.machine.snapshot import compare
from lab.machine.tree import PATH
from scenarios.install.conftest import SCRIPTS, StartMachine
from scenarios.install.products import BUNGHOLE, Product
from scenarios.machine_steps import INSTALLED, play, version_of
from scenarios.steps import start_counting

pytestmark = [pytest.mark.native, pytest.mark.linux]

STAGING = "/Library/Audio/Plug-Ins/.GeckoAudioDevice.driver.installing"
TRAPS = "/Users/Shared/traps"
STEPS = ("chmod", "chown", "codesign", "cp", "killall", "launchctl", "mkdir", "mv", "rm", "xattr")
TRAP = """\
#!/bin/sh
PATH=${PATH#%(traps)s:}
n=$(($(cat %(traps)s.count) + 1))
echo "$n" >%(traps)s.count
echo "%(name)s" >>%(traps)s.log
if [ "$n" = "$(cat %(traps)s.at)" ]; then
    kill -9 "$(cat /var/run/GeckoAudioDevice.driver.installing/pid 2>/dev/null || echo $PPID)"
    exit 1
fi
exec %(name)s "$@"
"""
"""Stands before a command and kills the script at its n-th call of any."""


def last_line(done: Done) -> str:
    return done.error.strip().splitlines()[-1].removeprefix("install.sh: ")


def install_old(kit: Kit, driver: Path, folder: Path) -> None:
    """Version 1.0 is installed and works; version 2.0 lies in the kit."""
    kit.bring(with_version(driver, folder / "old", "1.0"))
    assert kit.install().code == 0
    kit.bring(with_version(driver, folder / "new", "2.0"))


def unharmed(machine: Machine) -> None:
    """Version 1.0 is there, works, and nothing lies about."""
    assert version_of(machine) == "1.0"
    assert machine.list_folder("/Library/Audio/Plug-Ins") == ["HAL"]
    assert machine.list_folder(HAL) == ["GeckoAudioDevice.driver"]
    assert machine.list_folder("/private/var/run/GeckoAudioDevice.driver.installing") == []
    assert play(machine).clean


def test_a_full_disk_changes_nothing(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    size = sum(path.stat().st_size for path in driver.rglob("*") if path.is_file())
    room = f"size={size + size // 2}"
    machine.must(["mount", "-t", "tmpfs", "-o", room, "tmpfs", "/Library/Audio/Plug-Ins"])
    machine.must(["mkdir", HAL])
    machine.put(with_version(driver, tmp_path / "old", "1.0"), INSTALLED)
    kit.bring(with_version(driver, tmp_path / "new", "2.0"))
    before = machine.snapshot(["/Library"])
    done = kit.install()
    assert done.code == 1
    assert last_line(done) == (
        "the bundle could not be copied: is the disk full? nothing was changed"
    )
    assert compare(before, machine.snapshot(["/Library"])) == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_at_each_step_the_next_run_finds_its_way(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    install_old(kit, driver, tmp_path)
    machine.must(["cp", "-R", INSTALLED, "/Users/Shared/old.driver"])
    for name in STEPS:
        machine.write(f"{TRAPS}/{name}", (TRAP % {"traps": TRAPS, "name": name}).encode())
    machine.must(["chmod", "-R", "0755", TRAPS])
    environment = {"PATH": f"{TRAPS}:{PATH}"}

    def install_killed_at(step: int) -> Done:
        for file, content in (("count", "0"), ("log", ""), ("at", str(step))):
            machine.write(f"{TRAPS}.{file}", content.encode())
        return kit.install(environment=environment)

    assert install_killed_at(0).code == 0
    steps = machine.read(f"{TRAPS}.log").decode().split()
    assert {"cp", "mv", "chown", "codesign", "killall"} <= set(steps)
    for step in range(1, len(steps) + 1):
        machine.must(["rm", "-rf", INSTALLED])
        machine.must(["cp", "-R", "/Users/Shared/old.driver", INSTALLED])
        assert install_killed_at(step).code == 137, steps[step - 1]
        found = version_of(machine)
        kept = machine.run(["test", "-d", f"{STAGING}/old"]).code == 0
        assert found in {"1.0", "2.0"} or kept, f"no driver left after {steps[step - 1]}"
        again = kit.install()
        assert again.code == 0, (step, steps[step - 1], again)
        assert version_of(machine) == "2.0"
        assert machine.list_folder("/Library/Audio/Plug-Ins") == ["HAL"]
        assert machine.devices() == ["Gecko Sink"]


def test_of_two_at_once_one_installs_and_the_other_says_so(machine: Machine, kit: Kit) -> None:
    both = '"$1" >/tmp/1 2>&1 & "$1" >/tmp/2 2>&1 & wait; cat /tmp/1 /tmp/2'
    said = machine.must(["sh", "-c", both, "sh", f"{kit.folder}/install.sh"]).out
    assert said.count("installed: Gecko Sink can be chosen now") == 1
    assert "another installation is running" in said
    assert machine.devices() == ["Gecko Sink"]
    assert machine.list_folder("/Library/Audio/Plug-Ins") == ["HAL"]


def test_clients_of_the_old_version_are_told_and_the_new_one_plays(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    install_old(kit, driver, tmp_path)
    with ExternalHost(machine.socket()) as host:
        start_counting(host, host.devices()[0])
        host.run(device="Gecko Sink", cycles=10)
        done = kit.install()
        assert done.code == 0, done
        with pytest.raises(HostGone):
            host.devices()
    assert version_of(machine) == "2.0"
    assert play(machine).clean


def test_a_folder_that_is_missing_is_made(machine: Machine, kit: Kit) -> None:
    machine.must(["rm", "-rf", "/Library/Audio"])
    assert kit.install().code == 0
    assert machine.snapshot([HAL])[HAL].mode == 0o755
    assert machine.devices() == ["Gecko Sink"]


def test_a_folder_of_somebody_else_stays_theirs_and_is_mentioned(
    machine: Machine, kit: Kit
) -> None:
    if not getattr(machine, "has_users", True):
        pytest.skip("this machine has no user but root")
    machine.must(["chown", "501:20", HAL])
    done = kit.install()
    assert done.code == 0, done
    assert any("has an unusual mode or owner (drwxr-xr-x 501)" in line for line in done.lines)
    assert machine.snapshot([HAL])[HAL].owner == 501


def test_a_folder_that_nobody_else_may_read_loads_nothing_and_all_is_put_back(
    machine: Machine, kit: Kit
) -> None:
    machine.must(["chmod", "0700", HAL])  # BlackHole #196
    done = kit.install("--wait", "2")
    assert done.code == 1
    assert machine.list_folder(HAL) == []
    assert "did not appear within 2 s" in done.error
    assert machine.snapshot([HAL])[HAL].mode == 0o700


def test_the_quarantine_attribute_is_removed_from_the_copy_only(machine: Machine, kit: Kit) -> None:
    bundle = f"{kit.folder}/{kit.bundle}"
    executable = "Contents/MacOS/GeckoAudioDevice"
    for path in (bundle, f"{bundle}/{executable}"):
        machine.must(["xattr", "-w", "com.apple.quarantine", "0081;0;Safari;", path])
    # The cp of macOS keeps attributes; that of Linux has to be told.
    machine.write(f"{TRAPS}/cp", b'#!/bin/sh\nexec /bin/cp --preserve=xattr "$@"\n')
    machine.must(["chmod", "0755", f"{TRAPS}/cp"])
    done = kit.install(environment={"PATH": f"{TRAPS}:{PATH}"})
    assert "the bundle is quarantined; what is installed is not" in done.lines
    assert machine.must(["xattr", INSTALLED, f"{INSTALLED}/{executable}"]).out == ""
    assert machine.must(["xattr", bundle]).out == "com.apple.quarantine\n"


def test_a_stale_signature_is_refused_unless_it_is_to_be_signed_anew(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    install_old(kit, driver, tmp_path)
    bundle = f"{kit.folder}/{kit.bundle}"
    machine.must(["codesign", "--force", "--sign", "-", bundle])
    machine.must(["sh", "-c", f"echo >> {bundle}/Contents/MacOS/GeckoAudioDevice"])
    done = kit.install()
    assert done.code == 1
    assert last_line(done) == (
        "the signature does not match the bundle (stale?): build it again, "
        "or give --sign-ad-hoc; nothing was changed"
    )
    unharmed(machine)
    assert kit.install("--sign-ad-hoc").code == 0
    assert version_of(machine) == "2.0"


def test_a_stale_signature_that_is_copied_by_hand_is_in_the_log(machine: Machine, kit: Kit) -> None:
    assert kit.install().code == 0
    machine.must(["sh", "-c", f"echo >> {INSTALLED}/Contents/MacOS/GeckoAudioDevice"])
    machine.restart_audio()
    assert machine.devices() == []
    log = machine.must(["log", "show", "--predicate", 'process == "coreaudiod"']).out
    assert "Caught exception trying to add device" in log


def with_library(bundle: Path, folder: Path) -> Path:
    """A copy that links a library of its own."""
    copy = with_version(bundle, folder, "2.0")
    place = copy / "Contents/MacOS/GeckoAudioDevice"
    binary = lief.ELF.parse(str(place))
    assert isinstance(binary, lief.ELF.Binary)
    binary.add_library("libopus.so.0")
    binary.write(str(place))
    return copy


def with_crash(bundle: Path, folder: Path) -> Path:
    """A copy whose factory is an illegal instruction."""
    copy = with_version(bundle, folder, "2.0")
    place = copy / "Contents/MacOS/GeckoAudioDevice"
    binary = lief.ELF.parse(str(place))
    assert isinstance(binary, lief.ELF.Binary)
    symbol = binary.get_symbol("GeckoAudio_Create")
    assert symbol is not None
    code = [0x0F, 0x0B] if platform.machine() == "x86_64" else [0, 0, 0, 0]
    binary.patch_address(symbol.value, code)
    binary.write(str(place))
    return copy


def test_a_library_that_is_not_linked_statically_is_refused_and_the_old_one_comes_back(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    install_old(kit, driver, tmp_path)
    kit.bring(with_library(driver, tmp_path / "library"))
    done = kit.install("--wait", "2")
    assert done.code == 1
    assert "Gecko Sink did not appear within 2 s" in done.error
    assert "link it statically" in done.error
    assert last_line(done) == "the old driver is back"
    unharmed(machine)


def test_a_driver_that_crashes_coreaudiod_does_not_stay(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    install_old(kit, driver, tmp_path)
    kit.bring(with_crash(driver, tmp_path / "crash"))
    done = kit.install("--wait", "2")
    assert done.code == 1
    assert last_line(done) == "the old driver is back"
    machine.wait_for_coreaudiod()
    unharmed(machine)


@pytest.mark.parametrize("product", [BUNGHOLE], ids=["bunghole"])
def test_a_driver_that_does_not_take_its_settings_is_taken_away_again(
    machine: Machine, kit: Kit, product: Product
) -> None:
    environment = product.described["environment"]
    assert isinstance(environment, dict)
    folder = environment["BUNGHOLE_UNIX"]
    machine.must(["rmdir", folder])  # then the driver shows no device, and logs a line
    done = kit.install("--wait", "2")
    assert done.code == 1
    assert "Bunghole Output, Bunghole Input did not appear within 2 s" in done.error
    assert last_line(done) == "the new driver was taken away again, there was none before"
    assert machine.list_folder(HAL) == []
    machine.must(["mkdir", folder])
    assert kit.install().code == 0
    assert machine.devices() == list(product.devices)


def test_an_interrupt_puts_the_old_one_back(
    machine: Machine, kit: Kit, driver: Path, tmp_path: Path
) -> None:
    install_old(kit, driver, tmp_path)
    # A system_profiler that shows nothing keeps the script waiting for the device.
    machine.write(f"{TRAPS}/system_profiler", b"#!/bin/sh\ntouch /tmp/asked\n")
    machine.must(["chmod", "0755", f"{TRAPS}/system_profiler"])
    script = (
        'rm -f /tmp/asked; "$1" & until [ -e /tmp/asked ]; do sleep 0.1; done; '
        "sleep 0.3; kill -TERM $!; wait $!"
    )
    done = machine.run(
        ["sh", "-c", script, "sh", f"{kit.folder}/install.sh"],
        environment={"PATH": f"{TRAPS}:{PATH}"},
    )
    assert done.code == 1
    assert "install.sh: interrupted" in done.lines
    assert last_line(done) == "the old driver is back"
    machine.wait_for_coreaudiod()
    unharmed(machine)


def test_a_coreaudiod_that_ignores_sigterm_is_killed(
    start_machine: StartMachine, driver: Path
) -> None:
    machine = start_machine(sigterm="ignored")  # BackgroundMusic #241
    kit = bring_kit(machine, driver, SCRIPTS)
    done = kit.install()
    assert done.code == 0, done
    assert "restarted coreaudiod: killall -KILL" in done.lines


def test_a_coreaudiod_that_launchd_forgets_is_started(
    start_machine: StartMachine, driver: Path
) -> None:
    machine = start_machine("macos-14.4")
    kit = bring_kit(machine, driver, SCRIPTS)
    label = "system/com.apple.audio.coreaudiod"
    machine.ask_launchd(verb="lose-respawn", target=label, count=1)  # BlackHole PR #451
    began = time.monotonic()
    done = kit.install()
    assert done.code == 0, done
    assert any("it did not come back by itself" in line for line in done.lines)
    assert time.monotonic() - began < 60


def test_a_throttled_respawn_is_waited_for(start_machine: StartMachine, driver: Path) -> None:
    machine = start_machine(coreaudiod_throttle_s=4.0)
    kit = bring_kit(machine, driver, SCRIPTS)
    done = kit.install()
    assert done.code == 0, done
    assert machine.devices() == ["Gecko Sink"]


def test_who_is_not_root_is_told_how(machine: Machine, kit: Kit) -> None:
    if not getattr(machine, "has_users", True):
        pytest.skip("this machine has no user but root")
    before = machine.snapshot()
    for done, script in (
        (kit.install(who="user"), "install.sh"),
        (kit.uninstall(who="user"), "uninstall.sh"),
    ):
        assert done.code == 1
        assert done.lines == [f"{script}: must be run as root: sudo {kit.folder}/{script}"]
    assert kit.install("--dry-run", who="user").code == 0
    assert compare(before, machine.snapshot()) == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--frobnicate",), "--frobnicate: not known (see --help)"),
        (("--wait", "soon"), '--wait: "soon" is no number of seconds (see --help)'),
        (("--wait",), "--wait needs a value (see --help)"),
    ],
)
def test_wrong_arguments_are_named(
    machine: Machine, kit: Kit, arguments: tuple[str, ...], line: str
) -> None:
    done = kit.install(*arguments)
    assert done.code == 2
    assert last_line(done) == line


def test_a_link_out_of_the_bundle_is_not_copied(machine: Machine, kit: Kit) -> None:
    machine.must(["ln", "-s", "/private/etc", f"{kit.folder}/{kit.bundle}/Contents/Resources"])
    before = machine.snapshot(["/Library"])
    done = kit.install()
    assert done.code == 1
    assert "symbolic link" in last_line(done)
    assert compare(before, machine.snapshot(["/Library"])) == []


def test_no_name_of_a_bundle_makes_the_script_do_anything_else(machine: Machine, kit: Kit) -> None:
    before = machine.snapshot()
    hostile = st.lists(
        st.sampled_from(
            [
                *(
                    "$(touch /tmp/owned)",
                    "`touch /tmp/owned`",
                    "; touch /tmp/owned;",
                    "\n",
                    "'",
                    '"',
                ),
                *("..", "/", " ", "-rf", "*", "\\", "GeckoAudioDevice.driver", "%s", "&", "|"),
            ]
        ),
        min_size=1,
        max_size=6,
    ).map("".join)

    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(hostile)
    def run(name: str) -> None:
        done = kit.install("--bundle", name)
        assert done.code in {1, 2}
        assert "nothing was changed" in done.error or "needs a value" in done.error

    run()
    assert compare(before, machine.snapshot()) == []
