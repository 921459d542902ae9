"""Guests that end otherwise than they should, and who cleans up then."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab.guest import run_folder
from lab.guest.errors import BootTimeout, GuestDied, GuestPanicked
from lab.guest.guest import Guest
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.machine import Program, Start
from lab.guest.settings import GuestSettings, Vsock
from lab.guest.uml import UserModeLinux
from tests.guest.processes import becomes_true, leaves_nothing, processes_of
from tests.support.other_user import NOBODY, as_nobody

pytestmark = [pytest.mark.guest, pytest.mark.linux]

HOLDER = """
import sys
from pathlib import Path
from lab.guest.guest import Guest
from lab.guest.settings import GuestSettings, Vsock
guest = Guest(GuestSettings(vsock=Vsock.HOST, log_folder=Path(sys.argv[1]))).start()
print(guest.shared.parent, guest.keeper_pid, flush=True)
sys.stdin.read()
"""


def settings_for(log_folder: Path, vsock: Vsock = Vsock.NONE, **more: float) -> GuestSettings:
    return GuestSettings(vsock=vsock, log_folder=log_folder, **more)  # type: ignore[arg-type]


def main_process(folder: Path, keeper_pid: int) -> psutil.Process:
    """The guest's own program: of the keeper's children the one that is not its guard."""
    (found,) = [
        child
        for child in psutil.Process(keeper_pid).children()
        if any(word.startswith("uml_dir=") for word in child.cmdline())
    ]
    assert found in processes_of(folder)
    return found


class Altered(UserModeLinux):
    """A machine whose program is changed a little."""

    def __init__(self, **changes: object) -> None:
        self._changes = changes

    def program(self, start: Start) -> Program:
        return Program(**{**vars(super().program(start)), **self._changes})


def test_a_panic_is_told_and_the_log_is_kept(log_folder: Path) -> None:
    with Guest(settings_for(log_folder)) as guest:
        folder = guest.shared.parent
        with pytest.raises(GuestPanicked) as caught:
            guest.run(["sh", "-c", "echo c > /proc/sysrq-trigger"], limit_s=30)
    text = str(caught.value)
    assert text.startswith("the guest guest panicked while it ran sh (")
    assert "Kernel panic - not syncing: sysrq triggered crash" in text
    assert "\n" not in text
    assert str(log_folder / "guest.serial.log") in text
    assert "sysrq triggered crash" in (log_folder / "guest.serial.log").read_text()
    assert leaves_nothing(folder)


def test_an_agent_that_dies_takes_the_guest_with_it_and_that_is_told(log_folder: Path) -> None:
    with Guest(settings_for(log_folder)) as guest:
        guest.line._line.sendall(b"this is no frame, and nothing like one")
        with pytest.raises(GuestPanicked, match="Attempted to kill init"):
            guest.run(["sleep", "60"])
    assert "BadFrame" in (log_folder / "guest.serial.log").read_text()


def test_a_boot_that_takes_too_long_is_told_with_the_last_lines(log_folder: Path) -> None:
    guest = Guest(settings_for(log_folder, boot_limit_s=0.4))
    with pytest.raises(BootTimeout, match=r"was not ready within 0\.4 s") as caught:
        guest.start()
    assert "its console's last lines:" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (log_folder / "guest.serial.log").exists()
    assert leaves_nothing(guest.shared.parent)


def test_a_kernel_that_gives_up_while_booting_is_told(log_folder: Path) -> None:
    class Bad(UserModeLinux):
        def program(self, start: Start) -> Program:
            made = super().program(start)
            words = [word for word in made.command if not word.startswith("rootfstype=")]
            return Program(**{**vars(made), "command": tuple(words)})

    guest = Guest(settings_for(log_folder), machine=Bad())
    with pytest.raises(GuestPanicked, match=r"panicked before it was ready .*mount root"):
        guest.start()
    assert leaves_nothing(guest.shared.parent)


def test_a_program_that_cannot_be_started_or_ends_at_once_is_told(log_folder: Path) -> None:
    guest = Guest(settings_for(log_folder), machine=Altered(command=("/no/such/kernel",)))
    with pytest.raises(GuestDied, match=r"cannot be started .*No such file.*/no/such/kernel"):
        guest.start()
    assert leaves_nothing(guest.shared.parent)
    guest = Guest(
        settings_for(log_folder), machine=Altered(command=("sh", "-c", "echo no; exit 7"))
    )
    with pytest.raises(GuestDied, match=r"ended with status 7 .*last lines: no\)"):
        guest.start()
    assert leaves_nothing(guest.shared.parent)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modules": (Path("/no/such.ko"),)}, "has no module /no/such.ko"),
        ({"modules": (Path("/etc/passwd"),)}, "cannot load /etc/passwd"),
        ({"shared_type": "nofs"}, "cannot mount nofs"),
    ],
)
def test_a_guest_that_cannot_be_made_usable_says_why(
    log_folder: Path, changes: dict[str, object], said: str
) -> None:
    guest = Guest(settings_for(log_folder), machine=Altered(**changes))
    with pytest.raises(GuestDied, match=said) as caught:
        guest.start()
    assert "\n" not in str(caught.value)
    assert leaves_nothing(guest.shared.parent)


def test_a_guest_that_is_killed_meanwhile_is_told_at_once(log_folder: Path) -> None:
    with Guest(settings_for(log_folder)) as guest:
        folder = guest.shared.parent
        command = guest.start_command(["sleep", "1000"])
        main_process(folder, guest.keeper_pid).kill()
        with pytest.raises(GuestDied, match="ended with status -9 while it ran sleep"):
            command.wait(limit_s=60)
        with pytest.raises(GuestDied, match="does not run"):
            guest.run(["true"])
    assert leaves_nothing(folder)


@pytest.mark.parametrize("victim", ["keeper", "guard"])
def test_a_guest_does_not_outlive_its_keeper_nor_need_its_guard(
    log_folder: Path, victim: str
) -> None:
    with Guest(settings_for(log_folder)) as guest:
        folder = guest.shared.parent
        keeper = psutil.Process(guest.keeper_pid)
        main = main_process(folder, keeper.pid)
        (guard,) = [child for child in keeper.children() if child != main]
        if victim == "guard":
            guard.kill()
            assert guest.run(["true"]).status == 0
        else:
            keeper.kill()
            with pytest.raises(GuestDied, match="keeper was killed"):
                guest.run(["sleep", "60"])
            assert becomes_true(lambda: not processes_of(folder))
    assert leaves_nothing(folder)


@pytest.mark.parametrize("also_keeper", [False, True])
def test_when_the_test_is_killed_nothing_of_the_guest_is_left(
    log_folder: Path, also_keeper: bool
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, log_folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PACKAGE_ROOT,
    ) as holder:
        assert holder.stdout is not None
        words = holder.stdout.readline().split()
        assert len(words) == 2
        folder, keeper = Path(words[0]), int(words[1])
        # The guest's main process, its helpers, keeper, guard, vsock device.
        assert len(processes_of(folder)) >= 6
        holder.kill()
        if also_keeper:
            os.kill(keeper, signal.SIGKILL)
    assert leaves_nothing(folder)
    if not also_keeper:
        assert "Linux version" in (log_folder / "guest.serial.log").read_text()


def test_when_test_keeper_and_guard_are_killed_the_next_guest_sweeps(
    log_folder: Path, scratch: Path
) -> None:
    code = HOLDER.replace("vsock=Vsock.HOST", f"vsock=Vsock.NONE, scratch=Path({str(scratch)!r})")
    with subprocess.Popen(
        [sys.executable, "-c", code, log_folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PACKAGE_ROOT,
    ) as holder:
        assert holder.stdout is not None
        words = holder.stdout.readline().split()
        folder, keeper = Path(words[0]), psutil.Process(int(words[1]))
        main = main_process(folder, keeper.pid)
        (guard,) = [child for child in keeper.children() if child != main]
        for process in (guard, keeper, psutil.Process(holder.pid)):
            process.kill()
    assert becomes_true(lambda: not processes_of(folder))
    assert folder.exists()
    assert run_folder.sweep(scratch) == [folder]


def test_an_ordinary_user_can_start_guests(scratch: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("all these tests are an ordinary user's here")
    system_python = shutil.which("python3", path="/usr/bin:/bin")
    if system_python is None:
        pytest.skip("no Python of the system, which another user could run")
    os.chown(scratch, NOBODY, NOBODY)
    code = (
        "import sys; assert sys.version_info >= (3, 11), 98\n"
        f"sys.path.insert(0, {str(PACKAGE_ROOT)!r})\n"
        "from pathlib import Path\n"
        "from lab.guest.guest import Guest\n"
        "from lab.guest.settings import GuestSettings, Vsock\n"
        f"settings = GuestSettings(vsock=Vsock.HOST, scratch=Path({str(scratch)!r}))\n"
        "with Guest(settings) as guest:\n"
        "    assert guest.run(['sh', '-c', 'exit 5']).status == 5\n"
        "    guest.put(Path('/etc/hostname'), '/tmp/x')\n"
        "    assert guest.run(['cat', '/etc/shadow']).status != 0\n"
    )

    def work() -> int:
        done = subprocess.run(
            [system_python, "-c", code],
            env={"PATH": "/usr/bin:/bin:/usr/sbin", "TMPDIR": str(scratch)},
            cwd="/",
            timeout=100,
            capture_output=True,
            check=False,
        )
        sys.stderr.write(done.stderr.decode())
        return done.returncode

    readable = as_nobody(lambda: 0 if os.access(PACKAGE_ROOT / "lab" / "errors.py", os.R_OK) else 1)
    if readable != 0:
        pytest.skip("another user cannot read this checkout")
    assert as_nobody(work) == 0
    assert list(scratch.iterdir()) == []
