"""What a night runs, from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.night.cases.paired import PairedCase
from lab.night.cases.play import PlayCase
from lab.night.cases.scenarios import ScenarioCase
from lab.night.cases.soak import SoakCase
from lab.night.cases.sweep import SweepCase
from lab.night.matrix import OWN, read_matrix

HEAD = '[driver.Mine]\nbundle = "My.driver"\nenvironment = { LEVEL = "3" }\n'


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", OWN)
def test_the_labs_own_matrices_can_be_read_and_no_two_runs_of_them_are_the_same(name: str) -> None:
    matrix = read_matrix(name)
    cases = matrix.cases("2026-11-22")
    assert len(cases) > 20
    assert len(set(map(repr, cases))) == len(cases)
    assert matrix.name == name


def test_a_matrix_is_the_product_of_what_it_names(tmp_path: Path) -> None:
    text = HEAD + (
        '[[play]]\ndrivers = ["Mine"]\nsignals = ["noise", "sweep"]\n'
        'profiles = ["none", "macos-26"]\n'
        'clocks = ["virtual", "realtime"]\nframes = [64, 480, 511]\n'
    )
    cases = read_matrix(written(tmp_path, text)).cases("2026-11-22")
    plays = [case for case in cases if isinstance(case, PlayCase)]
    assert len(plays) == len(cases) == 2 * 2 * 2 * 3
    assert {case.profile for case in plays} == {None, "macos-26"}
    assert all(case.alone is (case.clock == "realtime") for case in plays)
    assert plays[0].subject.environment == {"LEVEL": "3"}


def test_a_clock_that_is_off_is_for_virtual_time(tmp_path: Path) -> None:
    text = HEAD + (
        '[[play]]\ndrivers = ["Mine"]\nclocks = ["virtual", "realtime"]\n'
        'device_clocks.perfect = []\ndevice_clocks.fast = [{ kind = "offset", ppm = 50 }]\n'
    )
    plays = read_matrix(written(tmp_path, text)).cases("2026-11-22")
    told = {(case.clock, case.clock_name) for case in plays if isinstance(case, PlayCase)}
    assert told == {("virtual", ""), ("realtime", ""), ("virtual", "fast")}


def test_a_pair_has_a_reference_of_the_matrix_or_a_bundle_and_needs_the_machine_for_itself(
    tmp_path: Path,
) -> None:
    text = HEAD + (
        '[driver.Other]\nbundle = "Other"\n[[paired]]\ndrivers = ["Mine", "Other"]\n'
        '[[paired]]\ndrivers = ["Other"]\nreference = "Mine"\nseconds = 2\nrounds = 7\n'
    )
    pairs = read_matrix(written(tmp_path, text)).cases("2026-11-22")
    assert all(isinstance(case, PairedCase) and case.alone for case in pairs)
    told = [
        (case.subject.name, case.reference.bundle, case.seconds, case.rounds)
        for case in pairs
        if isinstance(case, PairedCase)
    ]
    assert told == [
        ("Mine", "Null", 4, 5),
        ("Other", "Null", 4, 5),
        ("Other", "My.driver", 2, 7),
    ]
    assert pairs[2].expected_s > 15 * 2


def test_a_sweep_is_one_case_for_each_driver_and_layout_kept_under_the_date(tmp_path: Path) -> None:
    text = HEAD + (
        '[[sweep]]\ndrivers = ["Mine"]\nlayouts = ["v1", "v2"]\nseeds = 3\nlate_wake_ups = 4\n'
        'over = { ring = "1024:4096:x2", jitter_ms = [0, 2.5] }\n'
    )
    matrix = read_matrix(written(tmp_path, text))
    cases = matrix.cases("2026-11-22-evening", history="s3://x")
    assert all(isinstance(case, SweepCase) for case in cases)
    assert [case.title for case in cases] == [
        "Mine: sweep over ring_frames and jitter_ms, v1",
        "Mine: sweep over ring_frames and jitter_ms, v2",
    ]
    for case in cases:
        assert isinstance(case, SweepCase)
        assert (case.night, case.history) == ("2026-11-22-sweep", "s3://x")
        assert (case.grid.size, case.grid.first_seed) == (3 * 2 * 3, 0)
        assert case.grid.frame.environment == (("LEVEL", "3"),)
        assert case.grid.frame.late_wake_ups == 4
        assert case.expected_s > 0


def test_faults_are_drawn_anew_each_night_and_a_night_can_be_made_again(tmp_path: Path) -> None:
    text = HEAD + '[[soak]]\ndrivers = ["Mine"]\nfaults = ["host", "reader"]\nruns = 3\n'
    matrix = read_matrix(written(tmp_path, text))

    def seeds(night: str) -> list[int]:
        return [case.seed for case in matrix.cases(night) if isinstance(case, SoakCase)]

    assert len(set(seeds("2026-11-22"))) == 6
    assert seeds("2026-11-22") == seeds("2026-11-22")
    assert not set(seeds("2026-11-22")) & set(seeds("2026-11-23"))


def test_scenarios_are_asked_alone_unless_they_say_otherwise(tmp_path: Path) -> None:
    text = (
        HEAD
        + '[[scenarios]]\nselect = ["a.py", "b.py"]\n'
        + '[[scenarios]]\nselect = ["c.py"]\nalone = false\n'
    )
    asked = [
        case
        for case in read_matrix(written(tmp_path, text)).cases("2026-11-22")
        if isinstance(case, ScenarioCase)
    ]
    assert [(case.select, case.alone) for case in asked] == [
        ("a.py", True),
        ("b.py", True),
        ("c.py", False),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "not TOML"),
        ("", "driver: Field required"),
        (HEAD + "[[play]]\n", "play.0.drivers: Field required"),
        (HEAD + '[[play]]\ndrivers = ["Mine"]\nsecond = 3\n', "play.0.second: Extra inputs"),
        (
            HEAD + '[[play]]\ndrivers = ["Mine"]\nseconds = 0\n',
            "play.0.seconds: Input should be gr",
        ),
        (
            HEAD + '[[play]]\ndrivers = ["Yours"]\n',
            "no such driver in the matrix: Yours; choose: Mine",
        ),
        (
            HEAD + '[[play]]\ndrivers = ["Mine"]\nsignals = ["hum"]\n',
            "no such signal: hum; a file, or",
        ),
        (HEAD + '[[soak]]\ndrivers = ["Mine"]\nfaults = ["gremlins"]\n', "gremlins"),
        (
            HEAD + '[[paired]]\ndrivers = ["Mine"]\nsignal = "hum"\n',
            "no such signal: hum; one of noise",
        ),
        (HEAD + '[[paired]]\ndrivers = ["Mine"]\nrounds = 0\n', "paired.0.rounds: Input should"),
        (HEAD + '[[sweep]]\ndrivers = ["Mine"]\n', "sweep.0.over: Field required"),
        (HEAD + '[[sweep]]\ndrivers = ["Mine"]\nover = {}\n', "the grid is empty"),
        (HEAD + '[[sweep]]\ndrivers = ["Mine"]\nover.rign = 3\n', "no such parameter"),
        (HEAD + '[[sweep]]\ndrivers = ["Mine"]\nover.ring = [1000]\n', "is no power of two"),
        (HEAD + '[[sweep]]\ndrivers = ["Mine"]\nover.ring = 1024\nseeds = 0\n', "sweep.0.seeds"),
    ],
)
def test_what_is_no_matrix_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_matrix(written(tmp_path, text)).cases("2026-11-22")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_matrix_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(No such file.*one of quick, full"):
        read_matrix("nowhere.toml")
