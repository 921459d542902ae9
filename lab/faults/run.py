"""A whole schedule, on the rig that its setup asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.faults.events import Event
from lab.faults.lives import EventWindow
from lab.faults.outcome import Outcome
from lab.faults.reader_running import ReaderRunning
from lab.faults.recording import Recording
from lab.faults.rig import Rig
from lab.faults.running import carry_out
from lab.faults.schedule import Setup
from lab.faults.wire.recording import WireRecording
from lab.faults.wire.rig import WireRig
from lab.faults.wire.running import WireRunning


def run_schedule(
    setup: Setup,
    events: Sequence[Event],
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
    log: EventWindow | None = None,
    coverage: bool = False,
    recording: Recording | WireRecording | None = None,
) -> Outcome:
    """Run a schedule and judge it.

    Parameters
    ----------
    setup
        On what.
    events
        In the order in which they come.
    stop
        Asked about once a second; true ends the run in good order.
    progress
        Told how many cycles have been run.
    log
        Events that are wanted in a file.
    coverage
        Count what the driver is asked; its hash is the same.
    recording
        Where what is heard is wanted in a file: of Gecko Sink's shared memory a `Recording`, of
        Bunghole's wire a `WireRecording`.

    Returns
    -------
    Outcome
        With the first failure, at which the run has ended.

    Raises
    ------
    UsageError, MissingError
        When it could not begin.
    """
    if setup.far_end == "bunghole":
        assert not isinstance(recording, Recording)
        return carry_out(
            WireRunning(setup, events),
            lambda: WireRig(
                setup,
                stop=stop,
                progress=progress,
                log=log,
                coverage=coverage,
                recording=recording,
            ),
        )
    assert not isinstance(recording, WireRecording)
    return carry_out(
        ReaderRunning(setup, events),
        lambda: Rig(
            setup,
            stop=stop,
            progress=progress,
            log=log,
            coverage=coverage,
            recording=recording,
        ),
    )
