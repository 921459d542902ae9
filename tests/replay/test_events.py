"""The reader of event logs: what it takes, what it refuses, and that it agrees with the C side."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lab.replay.events import (
    EVENT,
    HEADER,
    HEADER_BYTES,
    MAGIC,
    RECORD_BYTES,
    VERSION,
    EventLogError,
    Observed,
    describe,
    fourcc,
    read_events,
    verb,
)

HEADER_FILE = Path(__file__).parents[2] / "sim/host/include/halsim/fingerprint.h"


def write_log(path: Path, count: int = 3, spare: int = 0, **changes: int) -> Path:
    head = np.zeros(1, dtype=HEADER)
    head["magic"], head["version"] = MAGIC, VERSION
    head["header_bytes"], head["record_bytes"] = HEADER_BYTES, RECORD_BYTES
    head["capacity"], head["written"] = count + spare, count
    for name, value in changes.items():
        head[name] = value
    events = np.zeros(count + spare, dtype=EVENT)
    events["sequence"][:count] = np.arange(1, count + 1)
    path.write_bytes(head.tobytes() + events.tobytes())
    return path


def test_a_log_is_read_also_when_it_was_not_cut(tmp_path: Path) -> None:
    log = read_events(write_log(tmp_path / "a", 3, spare=5, start_ns=7, dropped=2))
    assert log.events["sequence"].tolist() == [1, 2, 3]
    assert (log.start_ns, log.dropped) == (7, 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"magic": 1}, "the magic is wrong"),
        ({"version": 9}, "version 9, this reader knows 2"),
        ({"record_bytes": 32}, "record sizes"),
        ({"written": 4}, "4 events in room for 3 cannot be"),
        ({"capacity": 9, "written": 9}, "truncated: .* for 9 events"),
    ],
)
def test_what_is_no_log_is_one_line(tmp_path: Path, changes: dict[str, int], said: str) -> None:
    with pytest.raises(EventLogError, match=said):
        read_events(write_log(tmp_path / "a", **changes))


def test_a_file_that_is_absent_or_short_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EventLogError, match="cannot be opened"):
        read_events(tmp_path / "absent")
    (tmp_path / "short").write_bytes(b"HEVENT1\0")
    with pytest.raises(EventLogError, match="8 bytes, the header alone has 256"):
        read_events(tmp_path / "short")


def test_kinds_and_layout_are_those_of_the_header() -> None:
    text = HEADER_FILE.read_text(encoding="utf-8")
    kinds = {name: int(value) for name, value in re.findall(r"HALSIM_OBSERVED_(\w+) = (\d+)", text)}
    assert kinds == {kind.name: kind.value for kind in Observed}
    sizes = {"uint64_t": 8, "uint32_t": 4, "int32_t": 4, "uint16_t": 2}
    for struct, dtype in (("halsim_observation", EVENT), ("halsim_event_log_header", HEADER)):
        body = re.search(rf"struct {struct} {{(.*?)}};", text, re.DOTALL)
        assert body is not None
        members = re.findall(r"^\s+(u?int\d+_t) ([a-z_, ]+);", body.group(1), re.MULTILINE)
        listed = [(name, sizes[kind]) for kind, names in members for name in names.split(", ")]
        if "values[HALSIM_OBSERVED_VALUES]" in body.group(1):
            listed.append(("values", 8 * 8))
        assert dtype.names is not None
        mine = [(name, dtype[name].itemsize) for name in dtype.names if name != "reserved"]
        assert listed == mine


def test_a_code_is_shown_as_people_know_it() -> None:
    assert fourcc(int.from_bytes(b"rite", "big")) == "'rite'"
    assert fourcc(5) == "5"


def test_every_kind_has_words() -> None:
    event = np.zeros(1, dtype=EVENT)[0]
    seen = set()
    for kind in set(Observed) - {Observed.CONTENT}:
        event["kind"] = kind
        seen.add(describe(event))
        assert verb(event).split()[0] in {"calls", "has", "begins", "gives", "hands", "is"}
    assert len(seen) == len(Observed) - 1
    event["kind"] = 999
    assert "kind 999" in describe(event)
