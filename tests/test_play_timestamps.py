"""Does `hal-lab play` judge the driver's zero timestamps, and take clocks that are off?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.cli import main
from lab.clocks import Offset, read_model
from lab.errors import UsageError
from lab.host.models import TimestampReport
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.timestamps import judge_play_timestamps
from lab.results import Result
from lab.signals.file import write_wav
from lab.signals.noise import noise

pytestmark = [pytest.mark.native, pytest.mark.linux]

Play = Callable[..., tuple[int, Result | None, str]]

FAULTS = {
    "timestamp-goes-back": "host-time-not-increasing",
    "timestamp-jumps": "break-without-a-new-seed",
    "new-seed": "new-seed-without-a-break",
    "timestamp-stands-still": "stale",
    "timestamp-off-by-a-frame": "not-a-multiple-of-the-period",
    "timestamp-odd-period": "odd-advance",
    "timestamp-skips": "skipped-periods",
    "timestamp-in-the-future": "in-the-future",
    "timestamp-follows-now": "host-time-moved-alone",
    "timestamp-is-nan": "impossible",
    "timestamp-is-infinite": "impossible",
    "timestamp-is-huge": "impossible",
    "timestamp-is-far": "impossible",
}
REFUSED = ["timestamp-in-the-past", *(f"first-timestamp-is-{w}" for w in ("nan", "huge", "far"))]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds: 35 zero timestamps of Loop and of Gecko."""
    path = tmp_path_factory.mktemp("song") / "noise.wav"
    write_wav(path, noise(12 * 48_000, seed=9), 48_000)
    return path


@pytest.fixture
def play(
    song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Play:
    monkeypatch.setattr("lab.commands.play.sweep_leftovers", list)

    def run(driver: str, *options: str, fault: str = "") -> tuple[int, Result | None, str]:
        monkeypatch.setenv("LOOP_FAULT", fault)
        into = tmp_path / "kept"
        arguments = ["--driver", driver, "--clock", "virtual", "--into", str(into), *options]
        status = main(["play", str(song), *arguments])
        file = into / "result.json"
        kept = Result.model_validate_json(file.read_text()) if file.exists() else None
        said = capsys.readouterr()
        return status, kept, said.out + said.err

    return run


@pytest.mark.parametrize("driver", ["Loop", "GeckoAudioDevice"])
@pytest.mark.parametrize(
    ("option", "ppm"), [("--device-clock", 150.0), ("--host-clock", -150.0), (None, 0.0)]
)
def test_a_good_driver_passes_whatever_the_crystal_does(
    play: Play, driver: str, option: str | None, ppm: float
) -> None:
    """What the host gains, the device loses: -150 ppm of one are +150 of the other."""
    model = json.dumps({"kind": "offset", "ppm": ppm})
    status, result, out = play(driver, *([option, model] if option else []))
    assert status == 0, out
    assert result is not None
    assert result.value_of("zero-timestamps") > 30
    assert result.value_of("zero-timestamp-faults") == 0
    assert result.value_of("zero-timestamp-rate-error") < 0.1
    assert "zero timestamp jitter p99" in out
    names = {measurement.name for measurement in result.measurements}
    assert ("device-rate-as-modeled" in names) == (option is not None)
    if option is not None:
        assert result.value_of("device-rate-as-modeled") == pytest.approx(150, abs=0.1)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_fails(play: Play, fault: str) -> None:
    status, result, out = play("Loop", fault=fault)
    assert status == 1, out
    assert result is not None
    assert result.verdict.value == "fail"
    row = f"zero-timestamps-{FAULTS[fault]}"
    assert result.value_of(row) > 0
    assert row.replace("-", " ")[:30] in " ".join(out.split())
    assert "zero timestamps, " in result.reason


def test_jitter_fails_by_its_figures(play: Play) -> None:
    status, result, _ = play("Loop", fault="timestamp-jitters")
    assert status == 1
    assert result is not None
    assert result.value_of("zero-timestamp-jitter-p99") > 50
    assert "zero timestamps, jitter: p99 " in result.reason


@pytest.mark.parametrize("fault", REFUSED)
def test_a_first_timestamp_from_nowhere_fails_before_anything_is_played(
    play: Play, fault: str
) -> None:
    status, _, out = play("Loop", fault=fault)
    assert status == 1
    assert "timestamp" in out


def test_a_step_of_the_model_is_not_the_driver_s_fault(play: Play) -> None:
    """It is a jump for the host, as with a real device; the driver's own times go straight on."""
    step = json.dumps([{"kind": "step", "at_s": 2, "ns": 20_000_000}])
    status, result, out = play("GeckoAudioDevice", "--device-clock", step)
    assert status == 0, out
    assert result is not None
    assert result.value_of("late-cycles-by-timestamp-jump") == 1


def test_a_model_may_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "crystal.json"
    path.write_text('[{"kind": "offset", "ppm": 12.5}]')
    assert read_model("--device-clock", str(path)) == [Offset(ppm=12.5)]
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="neither JSON nor a file"):
        read_model("--device-clock", str(path))


# ---- what hangs on the machine -------------------------------------------------------------------

FIT = dict.fromkeys(
    ["ns_per_frame", "rate_ppm", "rms_ns", "jitter_p50_ns", "jitter_p99_ns", "jitter_max_ns",
     "step_max_ns"], 0.0,
) | {"points": 40, "jitter_points": 30, "step_cycle": 0}  # fmt: skip


def report(**changes: Any) -> TimestampReport:
    stamp = {"sample": 0.0, "host_ns": 0, "seed": 1}
    violation = {"count": 2, "first_cycle": 7, "first_asked_ns": 9, "before": None,
                 "after": stamp, "jump_ns": 0}  # fmt: skip
    names = changes.pop("violations", [])
    driver = FIT | changes.pop("driver", {})
    return TimestampReport.model_validate(
        {"nominal_rate": 48_000, "period_frames": 16_384, "break_ns": 5e6, "asked": 900,
         "different": 40, "time_lines": 1, "new_seeds": 0, "largest_advance_periods": 1,
         "violations": dict.fromkeys(names, violation), "driver": driver, "modeled": FIT}
        | changes
    )  # fmt: skip


def facts_of(seen: TimestampReport | None, played: int = 40 * 16_384) -> PlayFacts:
    from tests.test_play_judge import facts

    return facts(timestamps=seen, position_frames=played)


def settings(clock: str) -> PlaySettings:
    return PlaySettings(
        file=Path("a"), folder=Path("b"), shm_name="/x",
        clock="virtual" if clock == "virtual" else "realtime",
    )  # fmt: skip


@pytest.mark.parametrize("clock", ["virtual", "realtime"])
def test_only_what_a_late_thread_can_do_hangs_on_the_machine(clock: str) -> None:
    seen = report(violations=["stale", "odd-advance"])
    rows = {row.name: row for row in judge_play_timestamps(settings(clock), facts_of(seen)).rows}
    assert rows["zero-timestamps-stale"].wall_clock == (clock == "realtime")
    assert rows["zero-timestamp-step"].wall_clock == (clock == "realtime")
    assert not rows["zero-timestamps-odd-advance"].wall_clock
    assert rows["zero-timestamp-faults"].value == 4


def test_a_short_play_is_not_blamed_for_having_few_timestamps() -> None:
    few = report(driver={"points": 3})
    assert judge_play_timestamps(settings("virtual"), facts_of(few, 5_000)).faults == []
    long = judge_play_timestamps(settings("virtual"), facts_of(few, 32 * 16_384))
    assert long.has("too-few-timestamps")
    assert "zero-timestamps-too-few" in {row.name for row in long.rows}


def test_without_a_report_nothing_is_said() -> None:
    found = judge_play_timestamps(settings("virtual"), facts_of(None))
    assert (found.rows, found.words) == ([], "")


def test_the_line_tells_two_faults_and_counts_the_rest() -> None:
    seen = report(violations=["stale", "odd-advance", "impossible"])
    words = judge_play_timestamps(settings("virtual"), facts_of(seen)).words
    assert words.startswith("zero timestamps, impossible: 2 times, first in cycle 7")
    assert words.endswith("; and 1 more")
