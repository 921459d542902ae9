"""Is the first event that differs between two runs of a schedule named, and both its values?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.faults import parting
from lab.faults.damage import Failure
from lab.faults.events import Event
from lab.faults.lives import EventWindow, Life
from lab.faults.outcome import Outcome
from lab.faults.parting import Named, Parting, name_parting, part
from lab.faults.replay import Replayed, replay, write_case
from lab.faults.run import run_schedule
from lab.faults.schedule import Header, Setup, parse_event, read_replay
from lab.faults.shrink import Shrunk
from lab.faults.soak import SoakSettings, confirm, soak
from lab.replay.compare import Window
from lab.replay.events import read_events

pytestmark = pytest.mark.native

CHANCE = Setup(driver="Lapse", cycles=600, environment={"LAPSE_FAULT": "jitters-by-chance"})
DROPS = CHANCE.model_copy(update={"environment": {"LAPSE_FAULT": "drops-random-frames"}})
STAMP = r"GetZeroTimeStamp of object 2 for client 0: host time is (\d+) in run A, (\d+) in run B$"


def event(what: str, cycle: int, **amounts: object) -> Event:
    return parse_event({"at": {"cycle": cycle}, "what": what, **amounts})


# ---- where, by checkpoints -----------------------------------------------------------------------


def life(*hashes: str, before: int = 0) -> Life:
    return Life(before, hashes[-1], [(8 * (at + 1), digest) for at, digest in enumerate(hashes)])


def test_lives_that_are_the_same_do_not_part() -> None:
    assert part([life("a", "b")], [life("a", "b")]) is None
    # One has died in its second life, and left no fingerprint of it.
    assert part([life("a")], [life("a"), life("c")]) is None


def test_the_first_life_that_differs_is_the_one() -> None:
    found = part([life("a"), life("b", "c", before=70)], [life("a"), life("b", "d", before=70)])
    assert found == Parting(1, 70, Window(8, 16))
    assert found.words() == "between cycle 78 and cycle 86"


def test_what_differs_behind_the_last_checkpoint_has_no_end() -> None:
    found = part([Life(0, "x", [(8, "a")])], [Life(0, "y", [(8, "a")])])
    assert found == Parting(0, 0, Window(8, None))
    assert found.words() == "behind cycle 8"


# ---- what, by logs -------------------------------------------------------------------------------


def test_a_result_that_differs_is_named_with_both_values() -> None:
    settings = SoakSettings(CHANCE, 1, 7, [], jobs=1, twice_percent=100)
    report = soak(settings)
    assert report.failure is not None
    assert report.failure.kind == "not-deterministic"
    found = re.search(r"differ, first in cycle (\d+): " + STAMP, report.failure.sentence)
    assert found is not None, report.failure.sentence
    cycle, one, other = (int(group) for group in found.groups())
    # The first new timestamp behind the 50th question, of which there is one a cycle.
    assert 49 <= cycle < 100
    assert report.failure.cycle == cycle
    assert 0 < abs(one - other) < 256


def test_a_later_life_of_the_daemon_is_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both runs restart in cycle 40: only the second daemon is asked fifty times."""
    events = [event("restart", 40)]
    first, second = (run_schedule(CHANCE, events) for _ in range(2))
    assert [len(run.lives) for run in (first, second)] == [2, 2]
    assert first.lives[0] == second.lives[0]
    found = name_parting(CHANCE, events, first, second)
    assert isinstance(found, Named), found
    assert re.search(r"in cycle \d+ \(life 2 of the daemon\): " + STAMP, found.sentence)
    assert found.cycle > 80

    # When nothing can be named, the checkpoints have it.
    monkeypatch.setattr(parting, "TRIES", 0)
    words = name_parting(CHANCE, events, first, second)
    told = re.fullmatch(r"between cycle (\d+) and cycle (\d+)", str(words))
    assert told is not None, words
    begin, end = map(int, told.groups())
    # Another pair of runs: by chance (1 in 256) it draws the same byte, and parts a cycle later.
    assert end == begin + 1
    assert abs(end - found.cycle) <= 3


def test_runs_that_are_the_same_have_nothing_to_name() -> None:
    setup = CHANCE.model_copy(update={"environment": {}})
    first, second = (run_schedule(setup, []) for _ in range(2))
    assert name_parting(setup, [], first, second) == ""


def test_a_pair_that_parts_before_the_logged_cycles_is_logged_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By chance: the first two parted late, so that the wrong cycles are logged at first."""
    logged: list[Window] = []

    def noting(
        setup: Setup,
        events: list[Event],
        *,
        stop: Callable[[], bool],
        log: EventWindow,
    ) -> Outcome:
        logged.append(log.window)
        return run_schedule(setup, events, stop=stop, log=log)

    monkeypatch.setattr(parting, "run_schedule", noting)
    late = [Outcome(lives=[Life(0, end, [(500, "same"), (600, end)])]) for end in "ab"]
    found = name_parting(CHANCE, [], *late)
    assert isinstance(found, Named)
    assert re.search(STAMP, found.sentence)
    assert logged[0] == logged[1] == Window(500, 600)
    assert logged[2].first_cycle < 500


def test_without_room_for_a_log_the_checkpoints_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (run_schedule(CHANCE, []) for _ in range(2))
    monkeypatch.setattr("lab.faults.lives.LOG_EVENTS", 1 << 25)  # more than the host gives
    words = name_parting(CHANCE, [], first, second)
    assert isinstance(words, str)
    assert re.fullmatch(r"between cycle \d+ and cycle \d+", words)


def test_a_case_is_written_without_a_log_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, events = DROPS.model_copy(update={"cycles": 60}), [event("add-client", 32)]
    outcome = run_schedule(setup, events)
    monkeypatch.setattr("lab.faults.lives.LOG_EVENTS", 1 << 25)
    file, _ = write_case(tmp_path, "a", Shrunk(setup, events, outcome))
    header = read_replay(file).header
    assert (header.hash, header.log) == (outcome.hash, None)
    assert not file.with_suffix(".events").exists()


def test_the_log_is_of_the_cycles_that_were_asked_for(tmp_path: Path) -> None:
    setup = CHANCE.model_copy(update={"environment": {}})
    path = tmp_path / "a.events"
    plain = run_schedule(setup, [])
    outcome = run_schedule(setup, [], log=EventWindow(path, 0, Window(20, 22), samples=True))
    log = read_events(path)
    assert set(log.events["cycle"].tolist()) == {20, 21, 22}
    assert len(log.content) > 0
    assert outcome.hash == plain.hash


def test_what_does_not_come_again_is_named_too() -> None:
    """A failure that was made up: the second run passes, and both have times by chance."""
    settings = SoakSettings(CHANCE, 1, 7, [], jobs=1, twice_percent=0)
    outcome = run_schedule(settings.setup_of(0), [])
    report = soak(settings)
    report.outcomes[0] = outcome
    report.failed_run, report.failure = 0, Failure("driver-hung-in-StartIO", "it hung", 5)
    assert not confirm(settings, report, stop=lambda: False)
    assert re.search(
        r"^it hung; when the run was made again, it passed; two such runs differ first in cycle "
        r"\d+: " + STAMP,
        report.failure.sentence,
    )


# ---- replays -------------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A failure with another number of lost frames each time, as it was written by a soak."""
    setup, events = DROPS.model_copy(update={"cycles": 60}), [event("add-client", 32)]
    outcome = run_schedule(setup, events)
    file, _ = write_case(tmp_path, "by chance", Shrunk(setup, events, outcome))
    return file


def replayed_otherwise(file: Path) -> Replayed:
    """One in 256 replays is the recorded run."""
    found = replay(file)
    return replay(file) if found.is_same_run else found


def test_a_replay_names_the_event_at_which_it_leaves_the_recorded_run(recorded: Path) -> None:
    header = read_replay(recorded).header
    assert header.log is not None
    assert header.log.file == "by_chance.events"
    assert header.lives is not None
    assert header.lives[0].checkpoints[-1][0] <= 60
    found = replayed_otherwise(recorded)
    assert found.is_same_failure
    assert re.search(
        r"the same failure, though not the same in all: .*; it is not the recorded run, which it "
        r"leaves in cycle 33: the samples got by the far end of device 0 differ: frames is \d+ in "
        r"the recorded run, \d+ in this one$",
        found.verdict(),
    )


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"no log")])
def test_a_replay_without_its_log_says_between_which_checkpoints(
    recorded: Path, damage: Callable[[Path], object]
) -> None:
    damage(recorded.with_suffix(".events"))
    said = replayed_otherwise(recorded).verdict()
    assert "which it leaves between cycle 32 and cycle 33" in said


def test_a_replay_of_before_there_were_checkpoints_is_still_read(recorded: Path) -> None:
    head, *events = recorded.read_text().splitlines()
    old = {key: value for key, value in json.loads(head).items() if key not in ("lives", "log")}
    recorded.write_text("\n".join([json.dumps(old), *events]))
    found = replayed_otherwise(recorded)
    assert found.parting == ""
    assert found.verdict().startswith("the same failure, though not the same in all: ")


def test_the_same_run_leaves_nothing(tmp_path: Path) -> None:
    setup = CHANCE.model_copy(
        update={"cycles": 60, "environment": {"LAPSE_FAULT": "repeats-block-for-new-client"}}
    )
    events = [event("add-client", 32)]
    file, _ = write_case(tmp_path, "a", Shrunk(setup, events, run_schedule(setup, events)))
    found = replay(file)
    assert found.is_same_run
    assert found.parting == ""


def test_a_log_is_a_name_in_the_same_folder() -> None:
    with pytest.raises(ValueError, match="should match pattern"):
        Header.model_validate(
            {"hal_lab": "1", "setup": {}, "log": {"file": "../secret", "life": 0}}
        )
