"""What a kind of guest has to know how to do. Everything else is the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.guest.settings import GuestSettings, Vsock


@dataclass(frozen=True)
class Start:
    """What a machine is given to be started with.

    Attributes
    ----------
    settings
        What is wanted.
    folder
        A short-lived folder, the machine's to write to.
    shared
        The folder that guest and host share.
    init
        Command line of the guest's first process.
    kernel_argument
        To be put on the kernel's command line.
    line_fd
        The host's descriptor that the guest's serial line is to be connected to.
    device_socket
        Where the vsock device waits; None without.
    """

    settings: GuestSettings
    folder: Path
    shared: Path
    init: tuple[str, ...]
    kernel_argument: str
    line_fd: int
    device_socket: Path | None


@dataclass(frozen=True)
class Program:
    """How to start a guest on the host, and what its agent finds.

    Attributes
    ----------
    command, environment
        The program. Its standard output is the guest's console.
    line
        Path of the serial line in the guest.
    shared_type, shared_options
        How the guest mounts the shared folder.
    modules
        Kernel modules to load, in that order.
    memory
        A folder in its short-lived one that is to be memory, in which files may be executed.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    line: str
    shared_type: str
    shared_options: str
    modules: tuple[Path, ...]
    memory: Path | None = None


class Machine(Protocol):
    """A kind of guest. Its root file system is the host's, read only."""

    name: str

    def missing(self, vsock: Vsock) -> str:
        """Why such a guest cannot be started here; empty when it can.

        Parameters
        ----------
        vsock
            The vsock that it is to have.
        """
        ...

    def program(self, start: Start) -> Program:
        """How to start it.

        Raises
        ------
        LabError
            When something that it needs is not as it must be.
        """
        ...
