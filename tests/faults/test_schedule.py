"""Is a schedule that makes no sense refused in one line that says where and why?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lab.faults.events import EVENT_CLASSES, GROUPS, At, Stall
from lab.faults.schedule import (
    Expected,
    Header,
    ReplayFile,
    ScheduleError,
    Setup,
    parse_event,
    read_replay,
    read_schedule,
    write_replay,
)
from lab.faults.swarm import draw_schedule

GOOD = '{"at": {"cycle": 10}, "what": "stall", "ns": 5}'


def schedule(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def stall(at: str, amounts: str = '"ns": 5') -> str:
    return f'{{"at": {at}, "what": "stall", {amounts}}}'


AT_1 = '"at": {"cycle": 1}'
LEAST_0 = "input should be greater than or equal to 0"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'{{{AT_1}, "what": "stal", "ns": 5}}', 'unknown event "stal"; did you mean "stall"?'),
        (f'{{{AT_1}, "what": "earthquake"}}', 'unknown event "earthquake"; known: late-wake, '),
        (stall('{"cycle": -1}'), f'"at.cycle": {LEAST_0}, not -1'),
        (stall('{"s": -0.5}'), f'"at.s": {LEAST_0}, not -0.5'),
        (stall('{"s": 1, "cycle": 1}'), "one of the two"),
        (stall("{}"), "one of the two"),
        ('{"what": "stall", "ns": 5}', '"at" is missing'),
        (f'{{{AT_1}, "what": "stall"}}', '"ns" is missing'),
        (stall('{"cycle": 11}', '"ns": 0'), '"ns": input should be greater than or equal to 1'),
        (stall('{"cycle": 11}', '"ns": 5, "ms": 1'), 'unknown field "ms"'),
        (f'{{{AT_1}, "what": "restart", "how": "gently"}}', "should be 'kill' or 'quit', not"),
        (
            '{"at": {"cycle": 11}, "what": "reorder", "frames": 99, "block": 50}',
            'reorder: 99 frames are less than two blocks of 50; "frames" is 100 or more',
        ),
        (
            '{"at": {"cycle": 11}, "what": "reader-slow", "s": 1, "percent": 100}',
            '"percent": input should be less than or equal to 99, not 100',
        ),
        (
            '{"at": {"cycle": 11}, "what": "transport-stall", "s": 41}',
            '"s": input should be less than or equal to 40, not 41',
        ),
        (f'{{{AT_1}, "ns": 5}}', 'a word in "what"'),
        ("[1, 2]", "an event is an object"),
        ("{", "no JSON"),
        (stall('{"cycle": 9}'), "cycle 9 comes after cycle 10; times go up"),
        (stall('{"cycle": 1000}'), "cycle 1000 is after the end; the run has 1000 cycles"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, line: str, said: str) -> None:
    path = schedule(tmp_path, "# a comment", GOOD, line)
    with pytest.raises(ScheduleError) as caught:
        read_schedule(path, end_cycle=1000)
    text = str(caught.value)
    assert text.startswith(f"{path}: line 3: ")
    assert said in text
    assert "\n" not in text
    assert caught.value.exit_code == 2


def test_times_in_seconds_go_up_as_well(tmp_path: Path) -> None:
    path = schedule(
        tmp_path,
        '{"at": {"s": 2}, "what": "stall", "ns": 5}',
        '{"at": {"cycle": 3}, "what": "stall", "ns": 5}',
        '{"at": {"s": 1.5}, "what": "stall", "ns": 5}',
    )
    with pytest.raises(ScheduleError, match=r"line 3: 1\.5 s comes after 2 s"):
        read_schedule(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (GOOD, "no header"),
        ('{"replay": 99, "setup": {}}', "version 99"),
        ('{"replay": 1, "hal_lab": "0", "setup": {"layout": "v3"}}', '"setup.layout"'),
        ('{"replay": 1, "hal_lab": "0"}', '"setup" is missing'),
    ],
)
def test_a_wrong_header_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_replay(schedule(tmp_path, line, GOOD))
    assert "line 1: " in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "noise.replay"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScheduleError, match="not UTF-8 text"):
        read_replay(path)
    empty = schedule(tmp_path)
    with pytest.raises(ScheduleError, match="the file is empty"):
        read_replay(empty)


@given(st.integers(0, 2**64 - 1), st.integers(0, 50))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int, run: int
) -> None:
    events = draw_schedule(seed, run, cycles=50_000, faults=list(EVENT_CLASSES))
    header = Header(
        hal_lab="1",
        setup=Setup(cycles=50_000, seed=seed),
        expect=Expected(kind="frames-lost", sentence="so it was"),
        hash="ab",
    )
    path = tmp_path_factory.mktemp("replay") / "a.replay"
    written = ReplayFile(header=header, events=tuple(events))
    write_replay(path, written)
    assert read_replay(path) == written


def test_each_event_has_a_group_and_limits() -> None:
    known = {"host", "clients", "device", "reader", "transport", "memory", "wire"}
    assert set(GROUPS) == known
    for name, cls in EVENT_CLASSES.items():
        with pytest.raises(ValueError, match=name):
            parse_event({"at": {"cycle": 0}, "what": name, "nonsense": 1})
        for field, (least, most) in cls.amounts.items():
            line: dict[str, Any] = {"at": {"cycle": 0}, "what": name}
            line |= {f: low for f, (low, _) in cls.amounts.items()}
            if name in {"rate", "format", "refuse-changes"}:
                line["hz"] = 48_000
            if name == "reader-slow":
                line["s"] = 1
            if name == "reorder" and field == "block":
                line["frames"] = 2 * most
            for value in (least, most):
                parse_event({**line, field: value})
            with pytest.raises(ValueError, match=field):
                parse_event({**line, field: least - 1})


def test_an_event_does_not_change() -> None:
    event = Stall(at=At(cycle=1), ns=5)
    with pytest.raises(ValidationError):
        event.ns = 6  # type: ignore[misc]
    assert json.loads(json.dumps(event.line())) == {"at": {"cycle": 1}, "what": "stall", "ns": 5}
