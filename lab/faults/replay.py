"""Running a ``.replay`` again, and writing one, with the test that runs it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import __version__
from lab.faults.run import Outcome, run_schedule
from lab.faults.schedule import Expected, Header, ReplayFile, read_replay, write_replay
from lab.faults.shrink import Shrunk

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
    """

    recorded: ReplayFile
    outcome: Outcome

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
        """One sentence."""
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
    return Replayed(recorded, run_schedule(setup, recorded.events, stop=stop))


def write_case(folder: Path, name: str, shrunk: Shrunk) -> tuple[Path, Path]:
    """Write a failing schedule as a ``.replay``, and a test that runs it.

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
    header = Header(
        hal_lab=__version__,
        setup=shrunk.setup,
        expect=Expected(kind=failure.kind, sentence=failure.sentence),
        hash=shrunk.outcome.hash,
    )
    write_replay(file, ReplayFile(header=header, events=tuple(shrunk.events)))
    sentence = failure.sentence[:1].upper() + failure.sentence[1:]
    sentence = sentence.replace("\\", "/").replace('"', "'")
    if len(sentence) > 90:
        sentence = sentence[:90].rsplit(" ", 1)[0] + " ..."
    case = _CASE.format(sentence=sentence, name=word, file=file.name)
    test.write_text(case, encoding="utf-8")
    return file, test
