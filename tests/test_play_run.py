"""Playing always comes back with what was recorded, whatever ended it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.commands import play as command
from lab.errors import LabError, ShmError
from lab.host.errors import DriverCrashed, HostError, HostTimeout
from lab.host.models import Device, FarEndStats, Plugin
from lab.measure.trace import MAX_CAPACITY
from lab.play.listener import Listener
from lab.play.listeners import ReaderListener, StepListener
from lab.play.run import PlayCut, _trace_capacity, finish, take_trace
from lab.play.settings import PlayFacts
from lab.signals.file import write_raw
from lab.signals.noise import noise
from lab.transport.recording import ARRIVAL, Recording
from lab.transport.shm_process import ReaderOutcome
from lab.transport.shm_types import StreamFormat
from tests.support.fake_daemon import DEVICE
from tests.support.fake_trace import records, write_trace

SOUND = noise(4_800, seed=1)


def facts() -> PlayFacts:
    return PlayFacts(
        device=Device.model_validate(DEVICE),
        plugin=Plugin(plugin=0, path="/x/My.driver", devices=[0]),
        far_end="shared memory",
        layout="v2",
        source=SOUND,
        recorded=np.empty((0, 2), dtype=np.float32),
    )


class Heard(Listener):
    """Has recorded something; asking the host fails as it is told."""

    def __init__(self, error: LabError | None = None) -> None:
        self.error = error
        self.asked: list[bool] = []

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        self.asked.append(host_lives)
        if host_lives and self.error is not None:
            raise self.error
        facts.recorded = SOUND


REFUSED = HostError("state", 0, "no")
SILENT = HostTimeout("no answer to io.run within 30 s")
CRASHED = DriverCrashed({"signal": "SIGSEGV", "entry_point": "StopIO"})


@pytest.mark.parametrize(
    ("failed", "asked"),
    [(None, [True]), (REFUSED, [True]), (SILENT, [False]), (CRASHED, [False])],
)
def test_what_was_recorded_is_taken_whatever_ended_it(
    failed: LabError | None, asked: list[bool]
) -> None:
    made, listener = facts(), Heard()
    assert finish(listener, made, failed) is failed
    assert listener.asked == asked
    assert made.recorded is SOUND


@pytest.mark.parametrize("failed", [None, REFUSED])
def test_a_host_that_fails_at_the_last_question_loses_nothing_either(
    failed: LabError | None,
) -> None:
    made, listener = facts(), Heard(SILENT)
    assert finish(listener, made, failed) is (failed or SILENT)
    assert listener.asked == [True, False]
    assert made.recorded is SOUND
    assert made.interrupted


def test_the_trace_tells_what_it_no_longer_holds(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", records(100), capacity=64)
    made = facts()
    take_trace(made, tmp_path / "t")
    assert len(made.records) == 64
    assert made.untraced_frames == 36 * 480


def test_the_trace_has_room_for_all_that_its_format_allows() -> None:
    device = Device.model_validate({**DEVICE, "buffer_frames": 16})
    hour = 3_600 * 48_000
    assert hour // 16 < _trace_capacity(hour, device) <= MAX_CAPACITY
    assert _trace_capacity(10 * hour, device) == MAX_CAPACITY


# ---- listeners -----------------------------------------------------------------------------------


class FakeReader:
    """A reader process that has ended as it is told."""

    def __init__(self, folder: Path, outcome: ReaderOutcome | LabError) -> None:
        self.raw, self.arrivals = folder / "r.f32", folder / "r.arrivals"
        self.format = StreamFormat("v2", channels=2, sample_rate=48_000, ring_frames=65_536)
        self._outcome = outcome

    def stop(self) -> ReaderOutcome:
        if isinstance(self._outcome, LabError):
            raise self._outcome
        return self._outcome


def outcome(**changes: Any) -> ReaderOutcome:
    values: dict[str, Any] = {
        "frames": len(SOUND),
        "lost_frames": 0,
        "torn_reads": 0,
        "generation_changes": 0,
        "dropped_frames": 0,
        "first_frame": 0,
        "next_frame": len(SOUND),
        "elapsed_s": 1.0,
        "cpu_s": 0.02,
        "error": "",
        "recording": Recording(SOUND, np.empty(0, dtype=ARRIVAL), 48_000),
    }
    return ReaderOutcome(**{**values, **changes})


def listening(reader: FakeReader) -> ReaderListener:
    return ReaderListener(reader)  # type: ignore[arg-type]


def test_why_a_reader_stopped_and_what_it_had_no_room_for_become_facts(tmp_path: Path) -> None:
    made = facts()
    ended = outcome(error="the header cannot be true", dropped_frames=7)
    listening(FakeReader(tmp_path, ended)).finish(made, host_lives=True)
    assert (made.reader_error, made.dropped_frames) == ("the header cannot be true", 7)
    assert made.reader_cpu_percent == 2


def test_what_a_reader_that_died_has_written_is_taken(tmp_path: Path) -> None:
    died = FakeReader(tmp_path, ShmError("the reader process ended with code -9"))
    room = np.zeros((10_000, 2), dtype=np.float32)
    room[: len(SOUND)] = SOUND
    write_raw(died.raw, room)
    rows = np.zeros(20, dtype=ARRIVAL)
    rows["recorded_frame"][:10] = np.arange(10) * 480
    rows["frames"][:10] = 480
    rows.tofile(died.arrivals)
    made = facts()
    listening(died).finish(made, host_lives=True)
    assert np.array_equal(made.recorded, SOUND)
    assert len(made.arrivals) == 10
    assert "ended with code -9" in made.reader_error


def test_a_reader_that_died_before_it_wrote_has_nothing(tmp_path: Path) -> None:
    made = facts()
    listening(FakeReader(tmp_path, ShmError("gone"))).finish(made, host_lives=True)
    assert (len(made.recorded), made.reader_error) == (0, "gone")


class FakeFarEnd:
    def close(self) -> FarEndStats:
        return FarEndStats(frames=5_280, lost_frames=0, failure="the header changed")


def test_why_the_far_end_reads_no_more_becomes_a_fact(tmp_path: Path) -> None:
    write_raw(tmp_path / "far-end.f32", SOUND)
    made = facts()
    listener = StepListener(FakeFarEnd(), tmp_path / "far-end.f32")  # type: ignore[arg-type]
    listener.finish(made, host_lives=True)
    assert (made.reader_error, made.dropped_frames) == ("the header changed", 480)


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PlayFacts:
    """Makes ``hal-lab play`` return these facts without playing anything."""
    made = facts()
    made.plugin = made.plugin.model_copy(update={"path": str(Path(__file__))})
    made.recorded, made.position_frames, made.records = SOUND, len(SOUND), records(10)

    def pretend(settings: Any, **_: Any) -> PlayFacts:
        write_trace(settings.folder / "io.trace", made.records)
        return made

    monkeypatch.setattr(command, "play", pretend)
    return made


@pytest.mark.linux
@pytest.mark.parametrize("option", ["--trace", "--record"])
def test_a_full_disk_takes_the_table_along_from_nobody(
    option: str, played: PlayFacts, capsys: pytest.CaptureFixture[str]
) -> None:
    from lab.cli import main

    assert main(["play", "--clock", "virtual", option, "/dev/full"]) == 1
    said = capsys.readouterr()
    assert "frames sent" in said.out
    assert "verdict: pass" in said.out
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("hal-lab: ")


def test_the_trace_may_be_kept_where_it_was_made(
    played: PlayFacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lab.cli import main

    folder = tmp_path / "run"
    arguments = ["--into", str(folder), "--trace", str(folder / "io.trace")]
    folder.mkdir()
    assert main(["play", "--clock", "virtual", *arguments]) == 0
    assert {path.name for path in folder.iterdir()} == {"recording.wav", "io.trace", "result.json"}
    assert f"trace: {folder / 'io.trace'}" in capsys.readouterr().out


@pytest.mark.parametrize(("cause", "code"), [(SILENT, 1), (REFUSED, 1), (CRASHED, 70)])
def test_a_run_that_ends_with_an_error_keeps_its_recording_and_its_table(
    cause: LabError,
    code: int,
    played: PlayFacts,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from lab.cli import main

    played.interrupted = True

    def cut(settings: Any, **_: Any) -> PlayFacts:
        write_trace(settings.folder / "io.trace", played.records)
        raise PlayCut(cause, played)

    monkeypatch.setattr(command, "play", cut)
    out = tmp_path / "out.wav"
    assert main(["play", "--clock", "virtual", "--record", str(out)]) == code
    assert out.stat().st_size > SOUND.nbytes
    said = capsys.readouterr()
    assert "stopped before the end" in said.out
    assert said.err == f"hal-lab: {cause}\n"
