"""Guests by user-mode Linux: a kernel that is a program. No rights and no hypervisor needed."""

from __future__ import annotations

from lab.errors import LabError
from lab.guest import uml_files
from lab.guest.errors import GuestMissing
from lab.guest.machine import Program, Start
from lab.guest.settings import Vsock

_LEAST_MIB = 64
_VSOCK_DEVICE = 19
_MODULES = {
    Vsock.NONE: (),
    Vsock.LOOPBACK: uml_files.LOOPBACK_MODULES,
    Vsock.HOST: uml_files.HOST_MODULES,
}


class UserModeLinux:
    """Debian's user-mode Linux, with the host's file system as its root."""

    name = "user-mode Linux"

    def missing(self, vsock: Vsock) -> str:
        """Why such a guest cannot be started here; empty when it can."""
        return uml_files.why_missing(_MODULES[vsock])

    def program(self, start: Start) -> Program:
        """How to start it.

        Raises
        ------
        GuestMissing
            Without its kernel or its modules.
        LabError
            For settings that it cannot have.
        """
        settings = start.settings
        kernel = uml_files.find_kernel()
        if kernel is None:
            raise GuestMissing(
                "there is no kernel for guests",
                where=uml_files.PROGRAM,
                do=f"install the package {uml_files.PACKAGE} (hal-lab doctor --install)",
            )
        release = uml_files.kernel_release(kernel)
        modules, lacking = uml_files.find_modules(_MODULES[settings.vsock], release)
        if lacking:
            raise GuestMissing(
                f"the kernel for guests lacks a module ({lacking})",
                where=str(kernel),
                do=f"install the package {uml_files.PACKAGE} of the same version",
            )
        if settings.memory_mib < _LEAST_MIB:
            raise LabError(
                f"a guest cannot have {settings.memory_mib} MiB of memory",
                where=settings.name,
                do=f"give it {_LEAST_MIB} or more",
            )
        memory = start.folder / "memory"
        memory.mkdir()
        own = start.folder / "uml"
        own.mkdir()
        arguments = [
            f"mem={settings.memory_mib}M",
            *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
            *("umid=guest", f"uml_dir={own}"),
            start.kernel_argument,
            # Its console is its standard output, its first serial line the one to the agent.
            *("con=null", "con0=null,fd:1", "ssl=null"),
            f"ssl0=fd:{start.line_fd},fd:{start.line_fd}",
            f"init={start.init[0]}",
        ]
        if start.device_socket is not None:
            arguments.append(f"virtio_uml.device={start.device_socket}:{_VSOCK_DEVICE}")
        arguments += ["--", *start.init[1:]]
        for argument in arguments:
            if not argument.isascii() or any(c.isspace() or c in "\"'" for c in argument):
                raise LabError(
                    "a kernel's command line cannot carry this",
                    where=argument,
                    do="choose paths of plain letters without spaces (TMPDIR, the interpreter's)",
                )
        return Program(
            command=(str(kernel), *arguments),
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(memory)},
            line="/dev/ttyS0",
            shared_type="hostfs",
            shared_options=str(start.shared),
            modules=tuple(modules),
            memory=memory,
        )
