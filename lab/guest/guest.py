"""A guest: start it, run commands in it, move files, stop it.

    with Guest(GuestSettings(name="echo", log_folder=folder)) as guest:
        print(guest.run(["uname", "-r"]).text)

All waits have limits. When the block is left by an exception, or the guest was ill, its console's
log is in ``log_folder``; else it is gone, and so is everything else.
"""

from __future__ import annotations

import atexit
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from lab.errors import LabError
from lab.guest import console, errors, launch, mark, run_folder
from lab.guest.command import CONTROL_LIMIT_S, CommandResult, OnOutput, RunningCommand
from lab.guest.files import COPY_LIMIT_S, FileTransfer
from lab.guest.frames import Frame, Kind, with_json
from lab.guest.keeper_process import KeeperProcess
from lab.guest.line import Line, LineEnded, LineTimeout
from lab.guest.machine import Machine, Start
from lab.guest.settings import COMMAND_LIMIT_S, GuestSettings, Vsock
from lab.guest.uml import UserModeLinux
from lab.guest.vsock_device import VsockDevice

_STOP_S = 10.0
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/tmp",  # noqa: S108  (the guest's)
    "LANG": "C.UTF-8",
}
"""What commands have in their environment, before what they are given."""


def default_machine() -> Machine:
    """The kind of guest that this machine can start."""
    return UserModeLinux()


class Guest:
    """A guest system.

    It sees the host's files at their own paths, read only, except /tmp, /run, /var/tmp and
    /dev/shm, which are its own; `shared` is seen and written by both. It has no network but its own
    loopback. Its commands run as its root, which has no more rights on the host's files than the
    user who started it.

    Parameters
    ----------
    settings
        How it is to be.
    machine
        Kind of guest; None: `default_machine`.

    Attributes
    ----------
    settings
        As given.
    boot_s
        How long it took to be ready.
    """

    def __init__(
        self, settings: GuestSettings | None = None, *, machine: Machine | None = None
    ) -> None:
        self.settings = settings or GuestSettings()
        self.machine = machine or default_machine()
        self.boot_s = 0.0
        self.line: Line
        self._folder: run_folder.RunFolder | None = None
        self._keeper: KeeperProcess | None = None
        self._device: VsockDevice | None = None
        self._commands: dict[int, RunningCommand] = {}
        self._files = FileTransfer(self)
        self._numbers = 0
        self._ready: Frame | None = None
        self._failed = False

    # ---- life ------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start it and wait until it is ready.

        Raises
        ------
        GuestMissing
            When this machine cannot have such a guest.
        BootTimeout, GuestPanicked, GuestDied
            When it does not come up.
        """
        assert self._folder is None, "a guest starts once"
        why_not = self.machine.missing(self.settings.vsock)
        if why_not:
            raise errors.GuestMissing(
                f"no guest by {self.machine.name} can be started here ({why_not})",
                do="run hal-lab doctor",
            )
        run_folder.sweep(self.settings.scratch)
        started_s = time.monotonic()
        self._folder = run_folder.RunFolder(self.settings.scratch)
        atexit.register(self.kill)
        try:
            self._launch(self._folder)
        except BaseException:
            self._failed = True
            self.kill()
            raise
        self._await_ready()
        self.boot_s = time.monotonic() - started_s
        return self

    def stop(self) -> None:
        """End it in good order: commands are told to end, then the system.

        Raises
        ------
        GuestError
            When its vsock device has given up meanwhile; it is ended all the same.
        """
        if self._keeper is None:
            self.kill()
            return
        fault = self.vsock_fault()
        with suppress(LineEnded, LineTimeout):
            if not self.line.ended:
                self.line.send(Frame(Kind.HALT, 0), CONTROL_LIMIT_S)
            self.line.wait_for(lambda: self.line.exit_status is not None, _STOP_S)
        self._failed = self._failed or bool(fault)
        self.kill()
        if fault:
            raise errors.GuestError(fault, where=self._console()[0])

    def kill(self) -> None:
        """End it at once; nothing is left. May be called again."""
        atexit.unregister(self.kill)
        if self._keeper is not None:
            self._keeper.end(keep_log=self._failed or self.settings.keep_log)
            self._keeper = None
            self.line.close()
        if self._device is not None:
            self._device.close()
            self._device = None
        if self._folder is not None:
            self._folder.remove()

    def keep_log(self) -> None:
        """Keep the log although nothing has failed here: for fixtures, which see no exceptions."""
        self._failed = True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._failed = True
            self.kill()
        else:
            self.stop()

    # ---- what it has -----------------------------------------------------------------------------

    @property
    def shared(self) -> Path:
        """The folder that both write, at the same path in and outside; gone at the end."""
        assert self._folder is not None, "the guest was not started"
        return self._folder.shared

    @property
    def vsock_folder(self) -> Path:
        """Where the host's ends of its vsock streams are; see `lab.guest.vsock_device`."""
        assert self._folder is not None, "the guest was not started"
        return self._folder.sockets

    @property
    def keeper_pid(self) -> int:
        """Of the process that ends the guest when this one is killed."""
        assert self._keeper is not None, "the guest does not run"
        return self._keeper.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs, as far as anybody knows."""
        return self._keeper is not None and not self.line.ended

    def vsock_fault(self) -> str:
        """Why its vsock device gave up; empty when it did not."""
        return self._device.fault() if self._device is not None else ""

    def serial_lines(self) -> list[str]:
        """What its console has said, the last 64 KiB of it."""
        assert self._folder is not None, "the guest was not started"
        return console.lines_of(self._folder.log)

    # ---- commands --------------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
        stdin: bytes | None = None,
        limit_s: float = COMMAND_LIMIT_S,
        on_stdout: OnOutput | None = None,
        on_stderr: OnOutput | None = None,
    ) -> CommandResult:
        """Run a command to its end.

        Parameters
        ----------
        argv
            Program and arguments; paths are the guest's.
        env
            Added to `ENVIRONMENT`.
        cwd
            Folder it starts in.
        stdin
            Its standard input; None: nothing.
        limit_s
            After so long it is killed.
        on_stdout, on_stderr
            Told of its output as it comes, on another thread; they must not wait for the guest.

        Returns
        -------
        CommandResult

        Raises
        ------
        CommandRefused
            When it cannot be started.
        CommandTimeout
            When it took too long.
        GuestError
            When the guest ended meanwhile, or does not answer.
        """
        started_s = time.monotonic()
        command = self.start_command(
            argv,
            env=env,
            cwd=cwd,
            with_stdin=stdin is not None,
            on_stdout=on_stdout,
            on_stderr=on_stderr,
        )
        if stdin is not None:
            with suppress(errors.GuestSilent):  # that it does not read is no reason to stop
                command.write(stdin, limit_s=limit_s)
            command.close_input()
        left_s = max(0.0, limit_s - (time.monotonic() - started_s))
        return self.wait_for_command(command, left_s, of_s=limit_s)

    def start_command(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
        with_stdin: bool = False,
        on_stdout: OnOutput | None = None,
        on_stderr: OnOutput | None = None,
    ) -> RunningCommand:
        """Start a command and let it run; see `run`. It ends with the guest at the latest.

        Parameters
        ----------
        with_stdin
            Whether it is going to be written to; else its standard input is empty.
        """
        words = [str(word) for word in argv]
        if not words:
            raise LabError("an empty command", where=self.settings.name, do="name a program")
        number = self.next_number()
        command = RunningCommand(self, number, words, on_stdout, on_stderr)
        self._commands[number] = command
        self.send(
            with_json(
                Kind.RUN,
                number,
                argv=words,
                env={**ENVIRONMENT, **(env or {})},
                cwd=str(cwd),
                input=with_stdin,
            )
        )
        return command

    def wait_for_command(
        self, command: RunningCommand, limit_s: float, *, of_s: float | None = None
    ) -> CommandResult:
        """As `RunningCommand.wait`; `of_s` is the limit to name when some of it has passed."""
        try:
            self.line.wait_for(lambda: command.is_over, limit_s)
        except LineEnded:
            self._raise_end(f"while it ran {command.name}")
        except LineTimeout:
            self._end_late(command, of_s or limit_s)
        return command.result()

    # ---- files -----------------------------------------------------------------------------------

    def put(self, source: Path, target: Path | str, *, limit_s: float = COPY_LIMIT_S) -> None:
        """Copy a file or folder of the host into the guest; see `lab.guest.files`.

        Parameters
        ----------
        source
            On the host.
        target
            In the guest: its name there, not the folder it goes to.
        """
        self._files.put(source, Path(target), limit_s)

    def take(self, source: Path | str, target: Path, *, limit_s: float = COPY_LIMIT_S) -> None:
        """Copy a file or folder of the guest to the host; see `lab.guest.files`.

        Parameters
        ----------
        source
            In the guest.
        target
            On the host: its name there; its folder is made.
        """
        self._files.take(Path(source), target, limit_s)

    # ---- for commands and files ------------------------------------------------------------------

    def next_number(self) -> int:
        """A number that no command or request has had."""
        self._numbers += 1
        return self._numbers

    def send(self, frame: Frame) -> None:
        """Send a frame to the agent."""
        if self._keeper is None:
            raise errors.GuestDied("the guest does not run", where=self.settings.name)
        try:
            self.line.send(frame, CONTROL_LIMIT_S)
        except LineEnded:
            self._raise_end("while it was spoken to")
        except LineTimeout:
            self._raise_silent()

    def wait_for(self, happened: Callable[[], bool], limit_s: float, otherwise: str) -> None:
        """Wait for something that the agent tells.

        Parameters
        ----------
        otherwise
            What to say when it does not come.

        Raises
        ------
        GuestError
        """
        try:
            self.line.wait_for(happened, limit_s)
        except LineEnded:
            self._raise_end("while it was waited for")
        except LineTimeout:
            raise errors.GuestSilent(
                f"{otherwise} within {limit_s:.3g} s", where=self.settings.name
            ) from None

    # ---- inside ----------------------------------------------------------------------------------

    def _launch(self, folder: run_folder.RunFolder) -> None:
        settings = self.settings
        if settings.vsock is Vsock.HOST:
            self._device = VsockDevice(folder.sockets)
        guest_mark = mark.new_mark(settings.vsock.cids)
        ours, theirs = socket.socketpair()
        try:
            program = self.machine.program(
                Start(
                    settings=settings,
                    folder=folder.path,
                    shared=folder.shared,
                    init=launch.init_command(settings, folder),
                    kernel_argument=guest_mark.argument,
                    line_fd=theirs.fileno(),
                    device_socket=self._device.socket if self._device else None,
                )
            )
            launch.write_agent_config(
                folder, launch.agent_config(settings, folder, program, guest_mark)
            )
            self._keeper = KeeperProcess(
                program.command,
                program.environment,
                memory=program.memory,
                line_fd=theirs.fileno(),
                folder=folder,
                kept_log=console.kept_log(settings),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.line = Line(ours, self._keeper.control, self._take)

    def _await_ready(self) -> None:
        limit_s = self.settings.boot_limit_s
        try:
            self.line.wait_for(lambda: self._ready is not None, limit_s)
        except LineEnded:
            self._raise_end("before it was ready")
        except LineTimeout:
            where, last = self._console()
            self._failed = True
            self.kill()
            raise errors.BootTimeout(
                f"the guest {self.settings.name} was not ready within {limit_s:.3g} s "
                f"(its console's last lines: {last})",
                where=where,
                do="look at the log, or give it a longer boot_limit_s",
            ) from None
        assert self._ready is not None
        if self._ready.kind is Kind.FAILED:
            what = str(self._ready.json().get("what"))
            where, _ = self._console()
            self._failed = True
            self.kill()
            raise errors.GuestDied(what, where=where, do="run hal-lab doctor")

    def _take(self, frame: Frame) -> None:
        """A frame of the agent; on the line's thread."""
        if frame.kind in {Kind.READY, Kind.FAILED}:
            self._ready = frame
        elif frame.number in self._commands:
            command = self._commands[frame.number]
            command.take(frame)
            if command.is_over:
                del self._commands[frame.number]
        else:
            self._files.answers[frame.number] = frame

    def _end_late(self, command: RunningCommand, limit_s: float) -> NoReturn:
        command.kill()
        try:
            self.line.wait_for(lambda: command.is_over, CONTROL_LIMIT_S)
        except LineEnded:
            self._raise_end(f"while {command.name} was ended")
        except LineTimeout:
            self._raise_silent()
        raise errors.CommandTimeout(
            f"{command.name} took longer than {limit_s:.3g} s in the guest and was ended",
            where=" ".join(command.argv)[:200],
            do="give it a longer limit_s, or look at what it waits for",
            stdout=bytes(command.stdout),
            stderr=bytes(command.stderr),
        )

    def _console(self) -> tuple[str, str]:
        """Where the log is going to be, and its last lines."""
        return console.where_kept(self.settings), console.last_words(self.serial_lines())

    def _raise_end(self, when: str) -> NoReturn:
        where, last = self._console()
        panic = console.panic_in(self.serial_lines())
        status, trouble, fault = self.line.exit_status, self.line.trouble, self.vsock_fault()
        self._failed = True
        self.kill()
        if panic:
            raise errors.GuestPanicked(
                f"the guest {self.settings.name} panicked {when} ({panic})",
                where=where,
                do="look at the log",
            )
        how = trouble or f"the guest {self.settings.name} ended with status {status}"
        more = f"; its vsock: {fault}" if fault else ""
        raise errors.GuestDied(
            f"{how} {when} (its console's last lines: {last}{more})",
            where=where,
            do="look at the log",
        )

    def _raise_silent(self) -> NoReturn:
        where, last = self._console()
        self._failed = True
        self.kill()
        raise errors.GuestSilent(
            f"the guest {self.settings.name} did not answer for {CONTROL_LIMIT_S:.0f} s and was "
            f"ended (its console's last lines: {last})",
            where=where,
            do="look at the log",
        )
