"""A machine in a container: launchd is its process 1, and only coreaudiod's socket leads out.

No network, no capability but those that an installer needs, a read-only root; what may be written
is in memory and gone with the container. The container lives as long as the one who made it: its
standard input ends with that process, launchd sees it and ends, and the engine removes it.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import socket
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker

from lab.host.locate import find_daemon
from lab.launchd.wire import SOCKET as LAUNCHD
from lab.machine import image
from lab.machine.base import STAFF_ID, USER_ID, Done, Machine, MachineError, Who
from lab.machine.coreaudiod import SOCKET
from lab.machine.description import Description
from lab.machine.plan import OWN
from lab.machine.sandbox import base_environment, new_folder, pack, sweep, wait_for_launchd
from lab.machine.tree import make_tree, shown_paths, simulator_folders
from lab.profiles.read import load_profile

if TYPE_CHECKING:
    from docker import APIClient

CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SYS_NICE")
_PYTHON = "/usr/bin/python3"
_EXCHANGE = "/private/var/run"
_serial = itertools.count()


def ensure_image(client: APIClient) -> str:
    """The image of the recipe; it is built when the engine does not have it.

    Parameters
    ----------
    client
        Of the engine.

    Returns
    -------
    str
        Its name with its tag.
    """
    name = f"{image.REPOSITORY}:{image.tag()}"
    if not client.images(name=name):
        with image.built_root() as archive:
            client.import_image(str(archive), repository=image.REPOSITORY, tag=image.tag())
    return name


class DockerMachine(Machine):
    """See the module.

    Parameters
    ----------
    client
        Of `lab.machine.engine.engine`.
    description
        What it is to be like.
    wait
        Whether to wait until coreaudiod is there.
    """

    has_users = True

    def __init__(self, client: APIClient, description: Description, *, wait: bool = True) -> None:
        self.profile = description.profile
        self._client = client
        self._container = ""
        self._life: Any = None
        name = ensure_image(client)
        # What both sides see: the socket, and what is given to commands.
        sweep()
        self._exchange, self._lock = new_folder()
        try:
            self._start(name, description)
            wait_for_launchd(self._exchange / Path(LAUNCHD).name)
            if wait:
                self.wait_for_coreaudiod()
        except BaseException:
            self.close()
            raise

    def _start(self, name: str, description: Description) -> None:
        daemon = str(find_daemon().resolve())
        (self._exchange / "seed.tar").write_bytes(seed(replace(description, daemon=daemon)))
        shown = {
            target: source
            for target, source in shown_paths().items()
            if target.startswith("/opt/") or target in simulator_folders()
        }
        binds = [f"{source}:{target}:ro" for target, source in shown.items()]
        begin = (
            f"tar -x -p -C / -f {_EXCHANGE}/seed.tar && rm {_EXCHANGE}/seed.tar && "
            'exec "$@" 2>/private/var/log/launchd.log'
        )
        config = self._client.create_host_config(
            binds=[*binds, f"{self._exchange}:{_EXCHANGE}:rw"],
            network_mode="none",
            read_only=True,
            auto_remove=True,
            cap_drop=["ALL"],
            cap_add=list(CAPABILITIES),
            security_opt=["no-new-privileges"],
            shm_size="64m",
            pids_limit=256,
            tmpfs={f"/{folder}": "mode=0755,exec,size=64m" for folder in OWN},
        )
        made = self._client.create_container(
            name,
            command=[
                *("sh", "-c", begin, "sh", "/opt/hal-lab/bin/hal-lab-python", "-m", "lab.launchd"),
                *("--profile", description.profile, "--while-stdin"),
            ],
            name=f"hal-lab-{os.getpid()}-{next(_serial)}",
            hostname="mac",
            environment=base_environment("root"),
            stdin_open=True,
            host_config=config,
            labels={"hal-lab": str(os.getpid())},
            stop_signal="SIGTERM",
        )
        self._container = made["Id"]
        self._life = self._client.attach_socket(
            self._container, params={"stdin": 1, "stdout": 0, "stderr": 0, "stream": 1}
        )
        self._client.start(self._container)

    # ---- Machine -----------------------------------------------------------------------------

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
        handed = f"given-{next(_serial)}"
        (self._exchange / handed).write_bytes(given)
        (self._exchange / handed).chmod(0o644)
        script = 'exec timeout -s KILL "$@" <"$0"'
        limited = [str(timeout_s), *command]
        user = f"{USER_ID}:{STAFF_ID}" if who == "user" else "0:0"
        try:
            made = self._client.exec_create(
                self._container,
                ["sh", "-c", script, f"{_EXCHANGE}/{handed}", *limited],
                user=user,
                workdir=folder,
                environment={**base_environment(who), **(environment or {})},
            )
            out, error = self._client.exec_start(made["Id"], demux=True)
            code = self._client.exec_inspect(made["Id"])["ExitCode"]
        except (docker.errors.DockerException, OSError) as error_:
            raise MachineError(f"the container is gone: {error_}", where=command[0]) from error_
        finally:
            (self._exchange / handed).unlink(missing_ok=True)
        return Done(int(code), _text(out), _text(error))

    def put(self, source: Path, target: str) -> None:
        """See `Machine.put`."""
        script = 'mkdir -p "$(dirname "$1")" && cd "$(dirname "$1")" && tar -x -p -f -'
        done = self.run(["sh", "-c", script, "sh", target], given=pack(source, Path(target).name))
        if done.code != 0:
            raise MachineError(f"cannot be put there: {done.error.strip()}", where=target)

    def socket(self) -> Path:
        """See `Machine.socket`."""
        return self._exchange / SOCKET.name

    def close(self) -> None:
        """See `Machine.close`."""
        container, self._container = self._container, ""
        if self._life is not None:
            # The SDK hands out a file upon a socket upon a response; each holds the connection.
            response, connection = self._life._response, self._life._sock
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            response.close()
            self._life.close()
            connection.close()
            self._life = None
        if container:
            # It may have ended, and been removed, by itself.
            with contextlib.suppress(docker.errors.DockerException):
                self._client.remove_container(container, force=True)
        shutil.rmtree(self._exchange, ignore_errors=True)
        self._lock.close()


def seed(description: Description) -> bytes:
    """The machine's own files as a tar archive."""
    profile = load_profile(description.profile, check=False)
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="hal-lab-seed-") as name:
        root = Path(name)
        make_tree(root, description, profile, _PYTHON)

        def owned(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
            member.uid = member.gid = 0
            return None if member.name == _EXCHANGE.lstrip("/") else member

        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for folder in OWN:
                archive.add(root / folder, arcname=folder, filter=owned)
    return buffer.getvalue()


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "surrogateescape")
