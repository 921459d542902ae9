"""Running a ``.replay`` again, and writing one, with the test that runs it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import __version__
from lab.errors import LabError
from lab.faults.lives import EventWindow, Life
from lab.faults.outcome import Outcome
from lab.faults.parting import part
from lab.faults.run import run_schedule
from lab.faults.schedule import (
    Expected,
    Header,
    RecordedLife,
    RecordedLog,
    ReplayFile,
    read_replay,
    write_replay,
)
from lab.faults.shrink import Shrunk
from lab.replay.compare import Window, first_difference
from lab.replay.events import read_events

LOGGED_CYCLES = 5_000
"""Of a longer run no log is kept: this one has some megabytes."""
CHECKPOINTS_KEPT = 64
"""In a ``.replay``, for each daemon of its run."""

_CASE = '''"""{sentence}

Found by ``hal-lab soak``, made small, and kept: it passes when the failure is gone.
"""

from pathlib import Path

import pytest

from lab.faults.replay import replay

pytestmark = pytest.mark.native


def test_{name}() -> None:
    found = replay(Path(__file__).with_name("{file}"))
    assert found.outcome.failure is None, found.outcome.failure.sentence
'''


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    Attributes
    ----------
    recorded
        The file.
    outcome
        Of the run.
    parting
        Where it is not the same as the recorded one; empty when it is, or nobody knows.
    """

    recorded: ReplayFile
    outcome: Outcome
    parting: str = ""

    @property
    def is_same_failure(self) -> bool:
        """Whether it failed as the file says."""
        expected, failure = self.recorded.header.expect, self.outcome.failure
        return expected is not None and failure is not None and failure.kind == expected.kind

    @property
    def is_same_run(self) -> bool:
        """Whether it was the same to the last observation."""
        return self.outcome.hash == self.recorded.header.hash

    def verdict(self) -> str:
        """One sentence; a second one where the run is not the recorded one."""
        parting = f"; it is not the recorded run, {self.parting}" if self.parting else ""
        return self._verdict() + parting

    def _verdict(self) -> str:
        expected, failure = self.recorded.header.expect, self.outcome.failure
        if failure is None:
            gone = f"; {expected.kind} is gone" if expected else ""
            return f"passed{gone}"
        if expected is None:
            return f"failed, and was not expected to: {failure.sentence}"
        if not self.is_same_failure:
            return f"another failure, {failure.kind} instead of {expected.kind}: {failure.sentence}"
        same = "to the last observation" if self.is_same_run else "though not the same in all"
        return f"the same failure, {same}: {failure.sentence}"


def replay(
    path: Path, *, driver: str | None = None, stop: Callable[[], bool] = lambda: False
) -> Replayed:
    """Run a ``.replay``.

    Parameters
    ----------
    path
        Of the file.
    driver
        Another one than the file names.
    stop
        As for `run_schedule`.

    Returns
    -------
    Replayed

    Raises
    ------
    ScheduleError, LabError
        When the file cannot be used, or the run cannot begin.
    """
    recorded = read_replay(path)
    setup = recorded.header.setup
    if driver is not None:
        setup = setup.model_copy(update={"driver": driver})
    outcome = run_schedule(setup, recorded.events, stop=stop)
    parting = ""
    # Another driver is another run, of which nobody expects anything else.
    if driver is None and outcome.hash != recorded.header.hash and not outcome.interrupted:
        parting = _parting(path, recorded, outcome, stop=stop)
    return Replayed(recorded, outcome, parting)


def _parting(
    path: Path, recorded: ReplayFile, outcome: Outcome, *, stop: Callable[[], bool]
) -> str:
    """By the event log that was recorded, else by the checkpoints."""
    header = recorded.header
    if header.log is not None and (named := _by_log(path, recorded, stop=stop)):
        return named
    lives = [
        Life(life.before_cycles, life.hash, list(life.checkpoints)) for life in header.lives or ()
    ]
    found = part(lives, outcome.lives)
    if found is None:
        return ""
    which = f" of life {found.life + 1} of the daemon" if found.life else ""
    why = "" if header.log is None else "; the event log does not say more"
    return f"which it leaves {found.words()}{which}{why}"


def _by_log(path: Path, recorded: ReplayFile, *, stop: Callable[[], bool]) -> str:
    """Empty when there is no log, or it cannot be compared, or shows no difference."""
    log = recorded.header.log
    assert log is not None
    try:
        before = read_events(path.with_name(log.file))
        with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
            now = Path(folder) / "now.events"
            window = EventWindow(now, log.life, Window(before.first_cycle, None))
            outcome = run_schedule(recorded.header.setup, recorded.events, stop=stop, log=window)
            difference = first_difference(before, read_events(now))
    except LabError:
        return ""
    if difference is None:
        return ""
    # The cycles of all earlier daemons; the last one may have died without a fingerprint.
    so_far = outcome.lives[log.life].before_cycles if log.life < len(outcome.lives) else 0
    where = f"cycle {so_far + difference.cycle}"
    if log.life >= len(outcome.lives) and log.life:
        where = f"cycle {difference.cycle} of life {log.life + 1} of the daemon"
    what = difference.what.replace("run A", "the recorded run").replace("run B", "this one")
    return f"which it leaves in {where}: {what}"


def write_case(folder: Path, name: str, shrunk: Shrunk) -> tuple[Path, Path]:
    """Write a failing schedule as a ``.replay``, and a test that runs it.

    Of a short run the event log of its last daemon is kept as well, as ``NAME.events``: another
    run can be held against it.

    Parameters
    ----------
    folder
        Is there already.
    name
        Of both; what a Python name cannot hold becomes ``_``.
    shrunk
        The schedule and how it failed.

    Returns
    -------
    replay, test : Path
    """
    failure = shrunk.outcome.failure
    assert failure is not None
    word = re.sub(r"\W", "_", name)
    file = folder / f"{word}.replay"
    test = folder / f"test_{word}.py"
    outcome, log = _logged(folder / f"{word}.events", shrunk)
    failure = outcome.failure or failure
    header = Header(
        hal_lab=__version__,
        setup=shrunk.setup,
        expect=Expected(kind=failure.kind, sentence=failure.sentence),
        hash=outcome.hash,
        lives=tuple(_recorded(life) for life in outcome.lives),
        log=log,
    )
    write_replay(file, ReplayFile(header=header, events=tuple(shrunk.events)))
    sentence = failure.sentence[:1].upper() + failure.sentence[1:]
    sentence = sentence.replace("\\", "/").replace('"', "'")
    if len(sentence) > 90:
        sentence = sentence[:90].rsplit(" ", 1)[0] + " ..."
    case = _CASE.format(sentence=sentence, name=word, file=file.name)
    test.write_text(case, encoding="utf-8")
    return file, test


def _recorded(life: Life) -> RecordedLife:
    """With few enough checkpoints for one line of text."""
    step = -(-len(life.checkpoints) // CHECKPOINTS_KEPT) or 1
    kept = life.checkpoints[::-step][::-1]
    return RecordedLife(before_cycles=life.before_cycles, hash=life.hash, checkpoints=tuple(kept))


def _logged(path: Path, shrunk: Shrunk) -> tuple[Outcome, RecordedLog | None]:
    """The run that is recorded, and its log; without one when it is long or does not fail again."""
    path.unlink(missing_ok=True)
    if shrunk.setup.cycles > LOGGED_CYCLES:
        return shrunk.outcome, None
    # The last daemon: the one in which it failed. If it died it left no fingerprint.
    died = bool(shrunk.outcome.host_report)
    life = max(0, len(shrunk.outcome.lives) - (0 if died else 1))
    window = EventWindow(path, life, Window(0, None))
    try:
        outcome = run_schedule(shrunk.setup, shrunk.events, log=window)
    except LabError:  # no room for a log: the schedule is worth more
        return shrunk.outcome, None
    kinds = [run.failure.kind if run.failure else "" for run in (outcome, shrunk.outcome)]
    if kinds[0] != kinds[1] or not path.exists():
        path.unlink(missing_ok=True)
        return shrunk.outcome, None
    return outcome, RecordedLog(file=path.name, life=life)
