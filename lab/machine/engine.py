"""A Docker engine: the one that runs, or one of our own for as long as it is needed.

``HAL_LAB_NO_DOCKER`` set in the environment: none is looked for, none is started.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.machine.base import CannotError
from lab.machine.sandbox import new_folder

if TYPE_CHECKING:
    from docker import APIClient

_TO_START_S = 30.0
_API_VERSION = "1.41"
"""Of Docker 20.10, the oldest that is in a distribution we know; newer engines speak it as well."""


def why_none() -> str:
    """Why no engine can be had here; empty when one can. Nothing is started."""
    try:
        import docker  # noqa: F401
    except ImportError:
        return "the docker SDK is not there: pip install docker"
    return _unwanted() or ("" if _answers(_default_address()) else _why_not_own())


def _unwanted() -> str:
    return "HAL_LAB_NO_DOCKER is set" if os.environ.get("HAL_LAB_NO_DOCKER") else ""


def _default_address() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def _answers(address: str) -> bool:
    """Whether an engine answers there."""
    import docker

    if address.startswith("unix://"):
        # Tried by hand first: the SDK forgets the socket of an attempt that fails.
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(address.removeprefix("unix://"))
            except OSError:
                return False
    try:
        with docker.APIClient(address, version=_API_VERSION, timeout=20) as client:
            client.ping()
    except docker.errors.DockerException:
        return False
    return True


def _why_not_own() -> str:
    if shutil.which("dockerd") is None:
        return "no Docker engine answers, and dockerd is not there: apt-get install docker.io"
    if os.geteuid() != 0:
        return "no Docker engine answers, and only root can start one"
    return ""


@contextmanager
def engine() -> Iterator[APIClient]:
    """A connection to an engine.

    One that answers is used as it is. Otherwise dockerd is started by hand, without any network,
    and ended with the context; the kernel ends it should this process be killed. Its images stay in
    the user's cache, so that they need not be built again.

    Raises
    ------
    CannotError
        When there is neither; with the reason.
    """
    try:
        import docker
    except ImportError as error:
        raise CannotError("the docker SDK is not there", do="pip install docker") from error
    if reason := _unwanted():
        raise CannotError(reason)
    with ExitStack() as stack:
        address = _default_address()
        if not _answers(address):
            address = stack.enter_context(_own_engine())
        yield stack.enter_context(docker.APIClient(address, version=_API_VERSION, timeout=60))


@contextmanager
def _own_engine() -> Iterator[str]:
    if reason := _why_not_own():
        raise CannotError(reason)
    images = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hal-lab/docker"
    images.mkdir(parents=True, exist_ok=True)
    with _alone(images), _folder() as folder:
        address = f"unix://{folder}/docker.sock"
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [  # setpriv: the engine ends with us, however we end
                    *("setpriv", "--pdeathsig", "TERM", "dockerd", "--host", address),
                    *("--data-root", str(images), "--exec-root", str(folder / "exec")),
                    *("--pidfile", str(folder / "pid"), "--bridge=none", "--iptables=false"),
                    "--ip-masq=false",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait_for(server, folder)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextmanager
def _folder() -> Iterator[Path]:
    """For socket and state; swept later when we are killed."""
    folder, lock = new_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


@contextmanager
def _alone(images: Path) -> Iterator[None]:
    """Two engines cannot share their images."""
    with (images / "hal-lab.lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotError(
                "another process has its own engine on these images",
                where=str(images),
                do="wait for it, or run without -n",
            ) from error
        yield


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _TO_START_S
    while not _answers(f"unix://{folder}/docker.sock"):
        if server.poll() is not None or time.monotonic() > end:
            lines = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
            raise CannotError(f"dockerd does not start: {lines[-1] if lines else 'nothing said'}")
        time.sleep(0.05)
