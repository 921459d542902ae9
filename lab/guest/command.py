"""Commands that run in a guest."""

from __future__ import annotations

import signal as signals
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.guest.errors import CommandRefused
from lab.guest.frames import INPUT_WINDOW_BYTES, Frame, Kind, with_json

if TYPE_CHECKING:
    from lab.guest.guest import Guest

OnOutput = Callable[[bytes], None]
CAPTURE_LIMIT_BYTES = 16 << 20
CONTROL_LIMIT_S = 10.0
_INPUT_CHUNK = 1024


@dataclass(frozen=True)
class CommandResult:
    """How a command ended.

    Attributes
    ----------
    argv
        The command.
    status
        Exit status, negative for a signal.
    stdout, stderr
        What it said, up to `CAPTURE_LIMIT_BYTES` each.
    dropped_bytes
        How much more it said.
    elapsed_s
        From asking for it to hearing of its end.
    """

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes
    dropped_bytes: int
    elapsed_s: float

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode(errors="replace")

    def check(self) -> CommandResult:
        """Itself, when the command succeeded.

        Raises
        ------
        LabError
            With the last line of its standard error when it did not.
        """
        if self.status != 0:
            how = f"signal {-self.status}" if self.status < 0 else f"status {self.status}"
            lines = self.stderr.decode(errors="replace").strip().splitlines()
            said = f" ({lines[-1]})" if lines else ""
            raise LabError(f"a command in the guest ended with {how}{said}", where=self.argv[0])
        return self


class RunningCommand:
    """A command that was started in a guest; made by `lab.guest.guest.Guest.start_command`.

    Attributes
    ----------
    argv
        The command.
    stdout, stderr
        What it has said so far.
    """

    def __init__(
        self,
        guest: Guest,
        number: int,
        argv: Sequence[str],
        on_stdout: OnOutput | None,
        on_stderr: OnOutput | None,
    ) -> None:
        self.argv = tuple(argv)
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.dropped_bytes = 0
        self.pid: int | None = None
        self.status: int | None = None
        self.refusal: tuple[str, str] | None = None
        self._complaint: Exception | None = None
        self._guest = guest
        self._number = number
        self._on = {Kind.OUTPUT: on_stdout, Kind.ERRORS: on_stderr}
        self._input_under_way = 0
        self._started_s = time.monotonic()
        self._elapsed_s = 0.0

    @property
    def name(self) -> str:
        """The program's."""
        return self.argv[0]

    def take(self, frame: Frame) -> None:
        """Take in a frame of the agent; called by the line's thread."""
        if frame.kind in self._on:
            self._take_output(frame)
        elif frame.kind is Kind.STARTED:
            self.pid = int(frame.json()["pid"])
        elif frame.kind is Kind.REFUSED:
            said = frame.json()
            self.refusal = str(said["what"]), str(said["where"])
        elif frame.kind is Kind.INPUT_TAKEN:
            self._input_under_way -= int(frame.json()["bytes"])
        elif frame.kind is Kind.ENDED:
            self.status = int(frame.json()["status"])
            self._elapsed_s = time.monotonic() - self._started_s

    def write(self, data: bytes, *, limit_s: float = CONTROL_LIMIT_S) -> None:
        """Write to its standard input, as fast as it reads; lost when it has ended.

        Raises
        ------
        GuestError
            When it does not read within the limit, or the guest ends.
        """
        deadline_s = time.monotonic() + limit_s
        for at in range(0, len(data), _INPUT_CHUNK):
            piece = data[at : at + _INPUT_CHUNK]
            self._guest.wait_for(
                lambda: self._input_under_way < INPUT_WINDOW_BYTES or self.status is not None,
                deadline_s - time.monotonic(),
                f"{self.name} does not read its input",
            )
            if self.status is not None:
                return
            with self._guest.line.changed:
                self._input_under_way += len(piece)
            self._guest.send(Frame(Kind.INPUT, self._number, piece))

    def close_input(self) -> None:
        """End its standard input."""
        self._guest.send(Frame(Kind.INPUT_END, self._number))

    def kill(self, number: int = signals.SIGKILL) -> None:
        """Send a signal to it and to all that it has started."""
        self._guest.send(with_json(Kind.SIGNAL, self._number, signal=int(number)))

    def wait_for_output(self, text: bytes, *, limit_s: float) -> None:
        """Wait until its standard output has a text.

        Raises
        ------
        LabError
            When it ends without, the limit passes, or the guest ends.
        """
        self._guest.wait_for(
            lambda: text in self.stdout or self.status is not None,
            limit_s,
            f"{self.name} does not say {text.decode(errors='replace')!r}",
        )
        if text not in self.stdout:
            self.result().check()
            raise LabError(
                f"a command in the guest ended without saying {text.decode(errors='replace')!r}",
                where=self.name,
            )

    def wait(self, *, limit_s: float) -> CommandResult:
        """Wait until it has ended; when it has not in time, it is killed.

        Raises
        ------
        CommandTimeout
            When it took too long.
        CommandRefused
            When it could not be started.
        GuestError
            When the guest ended, or does not answer.
        """
        return self._guest.wait_for_command(self, limit_s)

    def result(self) -> CommandResult:
        """How it ended; only once it has."""
        if self.refusal is not None:
            what, where = self.refusal
            raise CommandRefused(
                f"the guest cannot start {self.name} ({what})",
                where=where,
                do="name what is visible in the guest",
            )
        if self._complaint is not None:
            raise self._complaint
        assert self.status is not None
        return CommandResult(
            self.argv,
            self.status,
            bytes(self.stdout),
            bytes(self.stderr),
            self.dropped_bytes,
            self._elapsed_s,
        )

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or was never started."""
        return self.status is not None or self.refusal is not None

    def _take_output(self, frame: Frame) -> None:
        told = self._on[frame.kind]
        if told is not None and self._complaint is None:
            try:
                told(frame.payload)
            except Exception as error:  # noqa: BLE001  (it is raised where the command is waited for)
                self._complaint = error
        kept = self.stdout if frame.kind is Kind.OUTPUT else self.stderr
        room = CAPTURE_LIMIT_BYTES - len(kept)
        kept += frame.payload[:room]
        self.dropped_bytes += max(0, len(frame.payload) - room)
