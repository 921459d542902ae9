"""A reader in another process, as a player on the user's side would be.

    with ReaderProcess(name, folder, capacity_frames=480_000) as reader:
        ...  # play
        outcome = reader.stop()

It is another process with its own page tables and its own turn at the processor, so what it
measures is what an application gets. Leaving the ``with`` block ends it whatever happened.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from lab.closing import Closing
from lab.errors import ShmError
from lab.transport.reader import ReaderSettings
from lab.transport.recording import Recording, read_recording
from lab.transport.shm_types import Attach, StreamFormat

_START_S = 20.0
_STOP_S = 10.0
_END_S = 2.0


@dataclass(frozen=True)
class ReaderOutcome:
    """What the reader says at its end.

    Attributes
    ----------
    frames
        Recorded.
    lost_frames, torn_reads, generation_changes
        As counted by `lab.transport.shm.ShmReader`.
    dropped_frames
        Frames for which the recording had no room.
    first_frame, next_frame
        Numbers of the first frame it would have read and of the one it would read next.
    changes
        Formats met on the way, with the recorded frame at which each began.
    elapsed_s, cpu_s
        How long it read, and how much processor time that took.
    error
        Why it ended early; empty when it did not.
    recording
        What it wrote.
    """

    frames: int
    lost_frames: int
    torn_reads: int
    generation_changes: int
    dropped_frames: int
    first_frame: int
    next_frame: int
    elapsed_s: float
    cpu_s: float
    error: str
    recording: Recording
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cpu_percent(self) -> float:
        """Share of one processor."""
        return 100.0 * self.cpu_s / self.elapsed_s if self.elapsed_s > 0 else 0.0


class ReaderProcess(Closing):
    """Starts, stops and reads out a reader process.

    Parameters
    ----------
    name
        Of the shared memory, with its slash.
    folder
        Where the recording goes: ``<stem>.f32`` and ``<stem>.arrivals``.
    capacity_frames
        Room for so many frames.
    layout, attach
        As for `lab.transport.shm.open_reader`.
    stem
        Of the file names.
    wait_s
        How long it waits for the object to appear.
    stall_after_frames, stall_s
        Stay away once, for so long, after so many frames.
    hold_after_frames, hold_s
        Once, what was read lies on the way for so long, after so many frames.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        capacity_frames: int,
        layout: Literal["auto", "v1", "v2"] = "auto",
        attach: Attach = "newest",
        stem: str = "reader",
        wait_s: float = 5.0,
        stall_after_frames: int = -1,
        stall_s: float = 0.0,
        hold_after_frames: int = -1,
        hold_s: float = 0.0,
    ) -> None:
        folder = folder.resolve()
        self.raw = folder / f"{stem}.f32"
        self.arrivals = folder / f"{stem}.arrivals"
        self.format: StreamFormat
        self._buffer = b""
        self._outcome: ReaderOutcome | None = None
        settings = ReaderSettings(
            name=name,
            raw=str(self.raw),
            arrivals=str(self.arrivals),
            capacity_frames=capacity_frames,
            layout=layout,
            attach=attach,
            wait_s=wait_s,
            stall_after_frames=stall_after_frames,
            stall_s=stall_s,
            hold_after_frames=hold_after_frames,
            hold_s=hold_s,
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.transport.reader", json.dumps(asdict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        try:
            message = self._receive(_START_S + wait_s)
            self.format = StreamFormat(**message["format"])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the reader."""
        return self._process.pid

    def stop(self) -> ReaderOutcome:
        """Let it read what is left, end it, and read out what it recorded. May be called twice.

        Returns
        -------
        ReaderOutcome

        Raises
        ------
        ShmError
            When it does not answer.
        """
        if self._outcome is not None:
            return self._outcome
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"stop\n")
            self._process.stdin.flush()
        try:
            message = self._receive(_STOP_S)
        finally:
            self.close()
        message.pop("event")
        message.pop("rows")
        recording = read_recording(
            self.raw,
            self.arrivals,
            channels=self.format.channels,
            sample_rate=self.format.sample_rate,
        )
        self._outcome = ReaderOutcome(recording=recording, **message)
        return self._outcome

    def close(self) -> None:
        """End the process, gently or not. May be called twice."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with suppress(BrokenPipeError):
            stdin.close()
        if not stdout.closed:
            # To its end: a reader must not find nobody there to hear that it is done.
            _read_to_end(stdout, time.monotonic() + _END_S)
            stdout.close()
        try:
            self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _receive(self, timeout_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise ShmError(f"the reader process did not answer within {timeout_s:.0f} s")
                part = self._process.stdout.read1(65536)  # type: ignore[attr-defined]
                if not part:
                    code = self._process.wait(timeout=5.0)
                    raise ShmError(f"the reader process ended with code {code}")
                self._buffer += part
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        if message["event"] == "error":
            raise ShmError(str(message["message"]))
        return message


def _read_to_end(pipe: IO[bytes], deadline: float) -> None:
    """Pass over what else comes, until the other end is closed or the time is up."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            if not pipe.read1(65536):  # type: ignore[attr-defined]
                return
