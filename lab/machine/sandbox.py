"""A machine in a throw-away root: namespaces of its own, started by an ordinary user.

Its root is a temporary folder with the host's ``/usr`` shown read-only; users, processes, shared
memory, host name and network are its own. Scripts run unchanged, with real absolute paths, a real
``chown`` and the real ``killall``; nothing outside can be written. When the one who makes it is
root, all user IDs are there; for anybody else only root's (who is the maker), and `Machine.run` as
the user is a `CannotError`.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from lab.host.locate import find_daemon
from lab.launchd.wire import SOCKET as LAUNCHD
from lab.machine.base import STAFF_ID, USER, USER_ID, CannotError, Done, Machine, MachineError, Who
from lab.machine.coreaudiod import SOCKET
from lab.machine.description import Description
from lab.machine.plan import Plan
from lab.machine.tree import PATH, interpreter, make_tree, shown_paths
from lab.profiles.read import load_profile

PREFIX = "hal-lab-machine-"
_LOCK = ".lock"
_TO_START_S = 30.0


class SandboxMachine(Machine):
    """See the module.

    Parameters
    ----------
    description
        What it is to be like.
    domains
        Domains of launchd beside ``system``.
    wait
        Whether to wait until coreaudiod is there.

    Raises
    ------
    CannotError
        When this system does not let its users have namespaces; with its reason.
    """

    def __init__(
        self, description: Description, *, domains: Sequence[str] = (), wait: bool = True
    ) -> None:
        if sys.platform != "linux":
            raise CannotError("a sandbox needs Linux's namespaces", do="use the mac machine")
        self.profile = description.profile
        profile = load_profile(description.profile, check=False)
        daemon = find_daemon().resolve()
        shown = {**shown_paths(), str(daemon.parent): str(daemon.parent)}
        sweep()
        self._keeper: subprocess.Popen[str] | None = None
        self.root, self._lock = new_folder()
        try:
            make_tree(self.root, replace(description, daemon=str(daemon)), profile, interpreter())
            plan = Plan(
                root=str(self.root),
                shown=shown,
                command=(
                    *("/opt/hal-lab/bin/hal-lab-python", "-m", "lab.launchd"),
                    *("--profile", description.profile),
                    *(word for domain in domains for word in ("--domain", domain)),
                ),
                environment=base_environment("root"),
            )
            self._init, self._ids = self._start(plan)
            wait_for_launchd(self.root / str(LAUNCHD).lstrip("/"))
            if wait:
                self.wait_for_coreaudiod()
        except BaseException:
            self.close()
            raise

    def _start(self, plan: Plan) -> tuple[int, str]:
        package = Path(__file__).resolve().parent.parent.parent
        # A session of its own: Ctrl-C in the terminal is for the test, which then ends us.
        keeper = self._keeper = subprocess.Popen(
            [interpreter(), "-S", "-s", "-m", "lab.machine.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={"PYTHONPATH": str(package), "PATH": PATH, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert keeper.stdin
        assert keeper.stdout
        keeper.stdin.write(plan.to_json() + "\n")
        keeper.stdin.flush()
        answer = json.loads(keeper.stdout.readline() or '{"error": "the keeper has ended"}')
        if "error" in answer:
            raise CannotError(
                f"no namespaces to be had: {answer['error']}",
                do="allow them (sysctl kernel.unprivileged_userns_clone, "
                "kernel.apparmor_restrict_unprivileged_userns), or run as root",
            )
        return int(answer["init"]), str(answer["ids"])

    # ---- Machine -----------------------------------------------------------------------------

    @property
    def has_users(self) -> bool:
        """Whether there is any user but root."""
        return self._ids == "all"

    def run(
        self,
        command: Sequence[str],
        *,
        who: Who = "root",
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
        timeout_s: float = 60.0,
        folder: str = "/private/tmp",
    ) -> Done:
        """See `Machine.run`."""
        if who == "user" and not self.has_users:
            raise CannotError(
                "this machine has no user but root", do="run as root, or use the docker machine"
            )
        ids = (USER_ID, STAFF_ID) if who == "user" else (0, 0)
        credentials = (
            [f"--setuid={ids[0]}", f"--setgid={ids[1]}"]
            if self.has_users
            else ["--preserve-credentials"]
        )
        spaces = ["--user", "--mount", "--pid", "--ipc", "--net", "--uts"]
        try:
            done = subprocess.run(
                [
                    *("nsenter", f"--target={self._init}", *spaces, "--root", *credentials),
                    *("sh", "-c", 'cd "$0" && exec "$@"', folder, *command),
                ],
                input=given,
                capture_output=True,
                timeout=timeout_s,
                check=False,
                env={**base_environment(who), **(environment or {})},
            )
        except subprocess.TimeoutExpired as error:
            raise MachineError(
                f"not done after {timeout_s:g} s", where=" ".join(command)
            ) from error
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return Done(code, _text(done.stdout), _text(done.stderr))

    def put(self, source: Path, target: str) -> None:
        """See `Machine.put`."""
        script = 'mkdir -p "$(dirname "$1")" && cd "$(dirname "$1")" && tar -x -p -f -'
        done = self.run(["sh", "-c", script, "sh", target], given=pack(source, Path(target).name))
        if done.code != 0:
            raise MachineError(f"cannot be put there: {done.error.strip()}", where=target)

    def socket(self) -> Path:
        """See `Machine.socket`."""
        return self.root / str(SOCKET).lstrip("/")

    def close(self) -> None:
        """See `Machine.close`."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            assert keeper.stdin
            assert keeper.stdout
            with contextlib.suppress(BrokenPipeError):
                keeper.stdin.close()
            try:
                keeper.wait(timeout=20)
            except subprocess.TimeoutExpired:  # pragma: no cover  (the keeper does not hang)
                keeper.kill()
                keeper.wait()
            keeper.stdout.close()
        shutil.rmtree(self.root, ignore_errors=True)
        self._lock.close()


def wait_for_launchd(path: Path) -> None:
    """Wait until launchd listens on its socket.

    Raises
    ------
    MachineError
        When it does not come.
    """
    end = time.monotonic() + _TO_START_S
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as attempt, contextlib.suppress(OSError):
            attempt.connect(str(path))
            return
        time.sleep(0.01)
    raise MachineError(f"launchd is not there after {_TO_START_S:g} s", where=str(path))


def base_environment(who: Who) -> dict[str, str]:
    """What each process in a machine has."""
    home, name = ("/private/var/root", "root") if who == "root" else (f"/Users/{USER}", USER)
    return {"PATH": PATH, "HOME": home, "USER": name, "LANG": "C.UTF-8", "TMPDIR": "/private/tmp"}


def pack(source: Path, name: str) -> bytes:
    """A file or folder as a tar archive, owned by root, under another name."""

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname, member.gname = "root", "wheel"
        return member

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, arcname=name, filter=owned)
    return buffer.getvalue()


def sweep(folder: Path | None = None) -> list[str]:
    """Remove what machines have left whose maker and whose keeper were both killed.

    Parameters
    ----------
    folder
        Where they are; None for the system's temporary folder.

    Returns
    -------
    list of str
        Paths of what was removed: roots that nobody holds a lock on, and that are our own.
    """
    removed = []
    for root in sorted((folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            if root.lstat().st_uid != os.geteuid() or not root.is_dir() or root.is_symlink():
                continue
            with _lock(root):
                shutil.rmtree(root, ignore_errors=True)
                removed.append(str(root))
    return removed


def new_folder() -> tuple[Path, IO[str]]:
    """A temporary folder that `sweep` leaves alone as long as the file is open, and then removes.

    It is locked before it has a name by which anybody would look at it.
    """
    fresh = Path(tempfile.mkdtemp(prefix="hal-lab-new-"))
    lock = _lock(fresh)
    root = fresh.with_name(fresh.name.replace("hal-lab-new-", PREFIX))
    fresh.rename(root)
    root.chmod(0o755)
    return root, lock


def _lock(root: Path) -> IO[str]:
    """Hold the lock of a root while the file is open; BlockingIOError when somebody else does."""
    file = (root / _LOCK).open("w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
