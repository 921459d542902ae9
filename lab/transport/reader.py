"""The reader as a process of its own: ``python -m lab.transport.reader '<JSON>'``.

It attaches to a name, records until its standard input ends or says ``stop``, reads what is left,
and says on standard output, one JSON object a line: ``attached``, then ``done`` or ``error``. As
the pipe ends with its parent, it cannot outlive it. `lab.transport.shm_process` starts it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lab.errors import LabError
from lab.transport.recording import Recorder
from lab.transport.shm import POLL_S, ShmReader, open_reader
from lab.transport.shm_types import Attach, Block
from lab.transport.way import Arrived, Way


@dataclass(frozen=True)
class ReaderSettings:
    """What the process is told.

    Attributes
    ----------
    name
        Of the shared memory, with its slash.
    raw, arrivals
        Paths of the recording.
    capacity_frames
        Room for so many frames.
    layout, attach
        As for `lab.transport.shm.open_reader`.
    wait_s
        How long to wait for the object to appear.
    poll_s
        Between two looks.
    stall_after_frames, stall_s
        Stay away once, for so long, after so many frames; for scenarios.
    hold_after_frames, hold_s
        Once, what was read lies on the way for so long, after so many frames; for scenarios.
    """

    name: str
    raw: str
    arrivals: str
    capacity_frames: int
    layout: Literal["auto", "v1", "v2"] = "auto"
    attach: Attach = "newest"
    wait_s: float = 5.0
    poll_s: float = POLL_S
    stall_after_frames: int = -1
    stall_s: float = 0.0
    hold_after_frames: int = -1
    hold_s: float = 0.0


def main(arguments: list[str]) -> int:
    """Record as told.

    Parameters
    ----------
    arguments
        One JSON object: the fields of `ReaderSettings`.

    Returns
    -------
    int
        Exit code.
    """
    # Ctrl-C belongs to the parent: it says when to stop, so that nothing recorded is lost.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        settings = ReaderSettings(**json.loads(arguments[0]))
    except (IndexError, ValueError, TypeError) as error:
        _say({"event": "error", "message": f"the reader's settings cannot be read: {error}"})
        return 2
    stop = threading.Event()
    threading.Thread(target=_wait_for_stop, args=(stop,), daemon=True).start()
    try:
        return _record(settings, stop)
    except (LabError, OSError) as error:
        _say({"event": "error", "message": str(error)})
        return 1


def _record(settings: ReaderSettings, stop: threading.Event) -> int:
    with open_reader(
        settings.name, layout=settings.layout, attach=settings.attach, wait_s=settings.wait_s
    ) as reader:
        recorder = Recorder(
            Path(settings.raw),
            Path(settings.arrivals),
            channels=reader.format.channels,
            capacity_frames=settings.capacity_frames,
        )
        first = reader.next_frame
        _say({"event": "attached", "first_frame": first, "format": asdict(reader.format)})
        began, cpu = time.monotonic(), time.process_time()
        error = ""
        changes: list[dict[str, Any]] = []
        try:
            _loop(reader, recorder, settings, stop, changes)
        except LabError as failure:
            error = str(failure)
        finally:
            elapsed, used = time.monotonic() - began, time.process_time() - cpu
            recorder.close()
        _say(
            {
                "event": "done",
                "error": error,
                "first_frame": first,
                "next_frame": reader.next_frame,
                "frames": recorder.frames,
                "rows": recorder.rows,
                "dropped_frames": recorder.dropped_frames,
                "lost_frames": reader.lost_frames,
                "torn_reads": reader.torn_reads,
                "generation_changes": reader.generation_changes,
                "changes": changes,
                "elapsed_s": elapsed,
                "cpu_s": used,
            }
        )
    return 1 if error else 0


def _loop(
    reader: ShmReader,
    recorder: Recorder,
    settings: ReaderSettings,
    stop: threading.Event,
    changes: list[dict[str, Any]],
) -> None:
    stall_at = settings.stall_after_frames
    now_ns = time.monotonic_ns
    way = Way(settings.hold_after_frames, round(settings.hold_s * 1e9))

    def record(arrived: list[Arrived]) -> None:
        for one in arrived:
            recorder.take(one.block, one.arrival_ns, held_ns=one.held_ns)

    try:
        while True:
            # Asked before the read: what was written before the word "stop" is still read.
            last = stop.is_set()
            block = reader.read()
            if block is not None:
                read_ns = now_ns()
                if block.new_generation:
                    changes.append(
                        {"recorded_frame": recorder.frames, "format": asdict(block.format)}
                    )
                _check_channels(block, recorder)
                record(way.put(block, read_ns))
                if 0 <= stall_at <= recorder.frames:
                    stall_at = -1
                    time.sleep(settings.stall_s)
            elif last:
                return
            else:
                record(way.due(now_ns()))
                reader.wait(0.05, poll_s=settings.poll_s)
    finally:
        record(way.due(now_ns(), end=True))


def _check_channels(block: Block, recorder: Recorder) -> None:
    if block.format.channels != recorder.channels:
        raise LabError(
            f"the stream changed from {recorder.channels} to {block.format.channels} channels",
            where="recording",
            do="record again; what came before is kept",
        )


def _wait_for_stop(stop: threading.Event) -> None:
    sys.stdin.readline()
    stop.set()


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The parent has gone. What is left in the buffer must not be tried again on the way out.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
