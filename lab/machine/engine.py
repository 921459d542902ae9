"""A Docker engine: the one that runs, or one of our own for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.machine.base import CannotError

if TYPE_CHECKING:
    from docker import APIClient

_TO_START_S = 30.0


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
    try:
        client = docker.APIClient(version="auto", timeout=60)
        client.ping()
    except docker.errors.DockerException:
        pass
    else:
        with client:
            yield client
        return
    with _own_engine() as address, docker.APIClient(address, version="auto", timeout=60) as client:
        yield client


@contextmanager
def _own_engine() -> Iterator[str]:
    program = shutil.which("dockerd")
    if program is None:
        raise CannotError(
            "no Docker engine answers and dockerd is not there", do="apt-get install docker.io"
        )
    if os.geteuid() != 0:
        raise CannotError("no Docker engine answers, and only root can start one")
    images = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hal-lab/docker"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hal-lab-engine-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        address = f"unix://{folder}/docker.sock"
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [  # setpriv: the engine ends with us, however we end
                    *("setpriv", "--pdeathsig", "TERM", program, "--host", address),
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


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _TO_START_S
    while not (folder / "docker.sock").exists() or not (folder / "pid").exists():
        if server.poll() is not None or time.monotonic() > end:
            lines = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
            raise CannotError(f"dockerd does not start: {lines[-1] if lines else 'nothing said'}")
        time.sleep(0.05)
    import docker

    while True:
        try:
            with docker.APIClient(f"unix://{folder}/docker.sock", version="auto") as client:
                client.ping()
        except docker.errors.DockerException as error:
            if server.poll() is not None or time.monotonic() > end:
                raise CannotError(f"dockerd does not answer: {error}") from error
            time.sleep(0.05)
        else:
            return
