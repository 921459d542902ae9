"""Glitches on the timeline: when they were, and what their arrows lead to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.measure.blame import SENTENCES, Cause
from lab.measure.trace import CycleFlag, Records
from lab.report.perfetto import write_perfetto
from lab.report.perfetto.glitches import place_glitches
from lab.results import Glitch
from lab.transport.recording import ARRIVAL
from tests.support.fake_trace import PERIOD_NS, records
from tests.support.perfetto_back import Timeline

NOBODY: NDArray[Any] = np.empty(0, dtype=ARRIVAL)


def glitch(cause: Cause, **told: Any) -> Glitch:
    given: dict[str, Any] = {"kind": "lost", "position_frame": -1, "frames": 480}
    return Glitch.model_validate(given | {"cause": cause.id} | told)


def reads_of(made: Records) -> NDArray[Any]:
    rows = np.zeros(len(made), dtype=ARRIVAL)
    rows["frames"] = 480
    rows["recorded_frame"] = rows["first_frame"] = np.arange(len(made)) * 480
    rows["host_ns"] = made["woke_ns"]
    rows["arrival_ns"] = made["woke_ns"].astype(np.int64) + 200_000
    return rows


def test_an_instant_says_what_it_was_and_its_arrow_leads_to_the_cycle(tmp_path: Path) -> None:
    made = records(8)
    made["flags"][5] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    late = glitch(
        Cause.DRIVER_OVER_BUDGET,
        kind="late-cycle",
        at_ns=int(made["scheduled_ns"][5]),
        position_frame=2_400,
        clip="clip-1",
    )
    path = tmp_path / "t"
    write_perfetto(path, records=made, sample_rate=48_000.0, title="", glitches=[late])
    seen = Timeline(path)
    (shown,) = seen.one("glitches").instants
    assert shown.name == "late-cycle: driver-over-budget"
    assert shown.begin_ns == made["scheduled_ns"][5]
    assert shown.arguments == {
        "kind": "late-cycle",
        "frames": 480,
        "size_us": 10_000,
        "at_frame": 2_400,
        "cause": "driver-over-budget",
        "why": SENTENCES[Cause.DRIVER_OVER_BUDGET],
        "clip": "clip-1",
    }
    pointed = [one for one in seen.one("IO thread").slices if one.flows]
    assert [(one.arguments["cycle"], one.flows) for one in pointed] == [(6, shown.flows)]


def test_a_trace_that_nobody_has_judged_shows_the_cycles_that_did_damage(tmp_path: Path) -> None:
    made = records(8)
    made["flags"][3] = CycleFlag.DRIVER_ERROR
    made["flags"][6] = CycleFlag.LATE_WAKE | CycleFlag.RESYNC
    made["skipped_cycles"][6] = 2
    path = tmp_path / "t"
    write_perfetto(path, records=made, sample_rate=0.0, title="", glitches=None)
    seen = Timeline(path)
    shown = seen.one("glitches").instants
    assert [one.name for one in shown] == ["late-cycle: driver-error", "late-cycle: machine"]
    assert shown[1].arguments["frames"] == 960
    assert "size_us" not in shown[1].arguments
    pointed = [one.flows for one in seen.one("IO thread").outer if one.flows]
    assert pointed == [one.flows for one in shown]


def test_what_a_reader_did_is_shown_at_the_block_that_arrived(tmp_path: Path) -> None:
    made = records(8)
    rows = reads_of(made)
    rows["lost"][4] = 960
    lost = glitch(Cause.READER_LATE, position_frame=int(rows["recorded_frame"][4]), frames=960)
    path = tmp_path / "t"
    write_perfetto(
        path, records=made, sample_rate=48_000.0, title="", glitches=[lost], arrivals=rows
    )
    seen = Timeline(path)
    (shown,) = seen.one("glitches").instants
    assert shown.begin_ns == rows["arrival_ns"][4]
    (block,) = [one for one in seen.one("reader").slices if one.flows]
    assert (block.name, block.flows) == ("block behind a loss", shown.flows)
    assert not any(one.flows for one in seen.one("IO thread").slices)


def test_an_underrun_leads_to_the_cycle_of_the_block_it_waited_for() -> None:
    made = records(8)
    rows = reads_of(made)
    at_ns = int(rows["arrival_ns"][5]) - 1
    for cause, record, arrival in ((Cause.MACHINE, 5, -1), (Cause.TRANSPORT_STALL, -1, 5)):
        dry = glitch(cause, kind="underrun", at_ns=at_ns)
        (placed,) = place_glitches([dry], made, rows)
        assert (placed.at_ns, placed.record, placed.arrival) == (at_ns, record, arrival)


def test_a_gap_without_a_reader_s_times_leads_to_the_cycle_that_had_the_frame() -> None:
    made = records(20)
    found = [
        glitch(Cause.DRIVER_LOGIC, position_frame=960, frames=480),
        glitch(Cause.DRIVER_LOGIC, position_frame=1_920, frames=960),
        glitch(Cause.DRIVER_LOGIC, kind="duplicate", position_frame=2_400, frames=480),
        glitch(Cause.DRIVER_LOGIC, kind="reorder", position_frame=4_800, frames=480),
    ]
    placed = place_glitches(found, made, NOBODY)
    # Frames that were lost before are played, but not recorded; those that came twice are not.
    assert [one.record for one in placed] == [2, 5, 8, 12]
    assert placed[1].at_ns == made["woke_ns"][5]


def test_frames_whose_cycle_is_gone_from_the_trace_point_at_nothing() -> None:
    early = glitch(Cause.UNKNOWN, position_frame=100)
    made = records(5)
    (placed,) = place_glitches([early], made, NOBODY, first_frame=4_800)
    assert (placed.record, placed.at_ns) == (-1, int(made["scheduled_ns"][0]))
    (placed,) = place_glitches([early], records(0), NOBODY)
    assert (placed.record, placed.at_ns) == (-1, 0)


def test_a_number_of_a_cycle_counts_more_than_a_place_and_the_nearest_of_two_is_meant() -> None:
    made = records(10)
    made["cycle"][6:] = np.arange(1, 5)  # counted again after a resync
    for position, number, record in ((4_700, 2, 7), (0, 2, 1), (0, 6, 5), (480, 99, 1)):
        one = glitch(Cause.DRIVER_ERROR, position_frame=position, cycle=number)
        assert place_glitches([one], made, NOBODY)[0].record == record


def test_nothing_is_blamed_where_nothing_was_wrong_or_the_cause_is_of_another_lab(
    tmp_path: Path,
) -> None:
    made = records(4)
    none = glitch(Cause.NONE, position_frame=480)
    strange = Glitch(kind="odd", position_frame=480, frames=0, cause="moon-phase")
    assert place_glitches([none], made, NOBODY)[0].record == -1
    path = tmp_path / "t"
    write_perfetto(path, records=made, sample_rate=0.0, title="", glitches=[none, strange])
    shown = Timeline(path).one("glitches").instants
    assert [one.name for one in shown] == ["lost: none", "odd: moon-phase"]
    assert "why" not in shown[1].arguments
    assert shown[0].flows == []


def test_a_thousand_glitches_of_one_cycle_all_lead_to_it(tmp_path: Path) -> None:
    made = records(4)
    many = [
        glitch(Cause.DRIVER_ERROR, kind="corrupt", at_ns=int(made["scheduled_ns"][2]) + number)
        for number in range(1_000)
    ]
    path = tmp_path / "t"
    write_perfetto(path, records=made, sample_rate=0.0, title="", glitches=many)
    seen = Timeline(path)
    assert len(seen.one("IO thread").outer[2].flows) == 1_000
    times = [one.begin_ns for one in seen.one("glitches").instants]
    assert times == sorted(times)
    assert times[-1] - times[0] == 999 < PERIOD_NS
