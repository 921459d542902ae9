"""The process between a test and its machine: makes the namespaces, and takes all away at the end.

``python -m lab.machine.keeper`` reads a `lab.machine.plan.Plan` as one line from standard input,
answers with one line of JSON (``{"init": pid, "ids": "all" | "one"}`` or ``{"error": why}``), and
keeps the machine until standard input ends: in good order, or because the test was killed. Then it
ends process 1, and with it the kernel ends all others, and removes the machine's folder. Should the
keeper itself be killed, the kernel ends the machine (PR_SET_PDEATHSIG); only its folder stays, for
`lab.machine.sandbox.sweep`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

from lab.machine import namespaces
from lab.machine.plan import OWN, Plan

END_LIMIT_S = 2.0
"""Time for launchd to end its jobs."""
IDS = 65536
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"etc": "private/etc", "tmp": "private/tmp", "var": "private/var"}
_HOST_FOLDERS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin", "usr")


def main() -> int:
    """Keep one machine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the test's; our turn comes after it
    plan = Plan.of_json(sys.stdin.readline())
    try:
        helper, init, ids = _begin(plan)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _tell({"error": f"{error.strerror or error}{where}"})
        return 1
    _tell({"init": init, "ids": ids})
    _wait_for_end(helper)
    _end(helper, init)
    shutil.rmtree(plan.folder, ignore_errors=True)
    return 0


def _tell(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _begin(plan: Plan) -> tuple[int, int, str]:
    """Start the helper, which unshares, and process 1; pids as seen from here, and which IDs."""
    to_helper, from_helper = os.pipe(), os.pipe()
    keeper = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(to_helper[1])
        os.close(from_helper[0])
        _helper(plan, keeper, to_helper[0], from_helper[1])
    os.close(to_helper[0])
    os.close(from_helper[1])
    with os.fdopen(from_helper[0], "r") as lines, os.fdopen(to_helper[1], "w") as orders:
        _expect(lines.readline())
        ids = _map_ids(helper)
        orders.write("mapped\n")
        orders.flush()
        init = int(_expect(lines.readline()))
        _expect(lines.readline(), empty=True)  # closed by exec: process 1 has begun
    return helper, init, ids


def _expect(line: str, *, empty: bool = False) -> str:
    text = line.strip()
    if text.startswith("!") or bool(text) == empty:
        raise OSError(text.removeprefix("!") or "the machine did not begin")
    return text


def _map_ids(pid: int) -> str:
    """Give the machine IDs: all of ours as root, else our own as its root."""
    if os.geteuid() == 0:
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{name}").write_text(f"0 0 {IDS}\n", encoding="ascii")
        return "all"
    Path(f"/proc/{pid}/setgroups").write_text("deny\n", encoding="ascii")
    Path(f"/proc/{pid}/uid_map").write_text(f"0 {os.geteuid()} 1\n", encoding="ascii")
    Path(f"/proc/{pid}/gid_map").write_text(f"0 {os.getegid()} 1\n", encoding="ascii")
    return "one"


def _helper(plan: Plan, keeper: int, orders: int, answers: int) -> None:
    """Unshare, be given IDs, start process 1, wait for it. Never returns."""
    try:
        os.setsid()
        namespaces.unshare(namespaces.ALL)
        os.write(answers, b"unshared\n")
        os.read(orders, 16)
        os.setgid(0)
        os.setuid(0)
        namespaces.die_with_parent(signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)  # it was gone before we could ask to go with it
        life, held = os.pipe()
        init = os.fork()
        if init == 0:
            os.close(held)
            _become_init(plan, life)
        os.write(answers, f"{init}\n".encode())
        os.close(answers)
        os.waitpid(init, 0)
    except BaseException as error:  # noqa: BLE001  (nothing may come back from a fork)
        with contextlib.suppress(OSError):
            os.write(answers, f"!{error}\n".encode())
    finally:
        os._exit(0)


def _become_init(plan: Plan, life: int) -> None:
    """Put the root together, move there, become process 1's program."""
    namespaces.die_with_parent(signal.SIGKILL)
    if select.select([life], [], [], 0)[0]:
        os._exit(1)  # the helper has gone, and its end of the pipe with it
    namespaces.make_private()
    root = build_root(plan)
    namespaces.change_root(root)
    namespaces.set_host_name("mac")
    log = os.open("/private/var/log/launchd.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open("/dev/null", os.O_RDWR)
    for fd, opened in ((0, nothing), (1, log), (2, log)):
        os.dup2(opened, fd)
    os.umask(0o022)
    os.execve(plan.command[0], list(plan.command), plan.environment)  # noqa: S606  (no shell)


def build_root(plan: Plan) -> Path:
    """Mount the machine's root in this mount namespace.

    Returns
    -------
    Path
        Where it is.
    """
    own, root = plan.folder, plan.folder / ".root"
    root.mkdir(exist_ok=True)
    namespaces.mount_new("tmpfs", root, "mode=0755,size=16m")
    for name in _HOST_FOLDERS:
        there = Path("/") / name
        if there.is_symlink():
            (root / name).symlink_to(there.readlink())
        elif there.is_dir():
            (root / name).mkdir()
            namespaces.bind(there, root / name, read_only=True)
    for name in OWN:
        (root / name).mkdir()
        namespaces.bind(own / name, root / name, read_only=False)
    for name, leads_to in _LINKS.items():
        (root / name).symlink_to(leads_to)
    for target, source in plan.shown.items():
        place = root / target.lstrip("/")
        if Path(source).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        namespaces.bind(Path(source), place, read_only=True)
    _mount_devices(root / "dev")
    (root / "proc").mkdir()
    namespaces.mount_new("proc", root / "proc")
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        # Root of the host, mapped as root of the machine, could write there.
        place = root / "proc" / name
        if place.exists():
            namespaces.bind(place, place, read_only=True)
    return root


def _mount_devices(folder: Path) -> None:
    folder.mkdir()
    for name in _DEVICES:
        (folder / name).touch()
        namespaces.bind(Path("/dev") / name, folder / name, read_only=False)
    (folder / "shm").mkdir()
    namespaces.mount_new("tmpfs", folder / "shm", "mode=1777,size=64m")
    (folder / "fd").symlink_to("/proc/self/fd")
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        (folder / name).symlink_to(f"/proc/self/fd/{fd}")


def _wait_for_end(helper: int) -> None:
    """Until standard input ends, somebody asks us to end, or the machine has ended by itself."""
    asked, ask = os.pipe()
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.write(ask, b"t"))
    watched = os.pidfd_open(helper)
    select.select([sys.stdin.fileno(), asked, watched], [], [])
    os.close(watched)


def _end(helper: int, init: int) -> None:
    """Ask launchd to end, then make sure."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(init, signal.SIGTERM)
    deadline = time.monotonic() + END_LIMIT_S
    while time.monotonic() < deadline:
        if os.waitpid(helper, os.WNOHANG)[0]:
            return
        time.sleep(0.01)
    os.kill(helper, signal.SIGKILL)  # and with it, by PR_SET_PDEATHSIG, process 1
    os.waitpid(helper, 0)


if __name__ == "__main__":
    sys.exit(main())
