"""Two runs of one command are the same; of two that are not, the first difference is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from lab.host import sources
from lab.host.base import Client
from lab.host.errors import DriverCrashed, HostError
from lab.host.locate import find_driver
from lab.host.models import Fingerprint
from lab.host.sources import Source
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import unique_shm_name
from lab.replay.compare import Window, first_difference, narrow
from lab.replay.events import EventLog, Observed, read_events
from tests.support.build import need_owned_threads

pytestmark = [pytest.mark.native, pytest.mark.linux]

CYCLES = 100
ALL = Window(0, None)


@dataclass(frozen=True)
class Script:
    """What a run does."""

    driver: str = "Loop"
    environment: tuple[tuple[str, str], ...] = ()
    source: Source = field(default_factory=sources.counter)
    cycles: int = CYCLES
    stop_after: int | None = None
    stall_cycles: tuple[int, int] | None = None
    schedule: int = 0
    storage: Path | None = None
    observed: bool = True
    log: Path | None = None
    window: Window = ALL
    samples: bool = False

    def with_fault(self, fault: str) -> Script:
        return replace(self, environment=(*self.environment, ("LOOP_FAULT", fault)))


def run(script: Script) -> Fingerprint:
    found = play(script)
    assert found is not None
    return found


def play(script: Script) -> Fingerprint | None:
    if ("LOOP_SHAPE", "ticks") in script.environment:
        need_owned_threads()
    shm = unique_shm_name()
    with SubprocessHost(
        HostOptions(extra=("--schedule", str(script.schedule)), storage=script.storage),
        environment={"GECKO_SHM_NAME": shm, **dict(script.environment)},
    ) as host:
        if script.observed:
            host.begin_fingerprint()
        if script.log is not None:
            host.log_events(
                script.log,
                script.window.first_cycle,
                script.window.last_cycle,
                samples=script.samples,
            )
        host.load(find_driver(script.driver))
        device = host.devices()[0]
        host.get_property(0, device.object_id, "tran")
        client = host.add_client(device.device, name="replay")
        client.play(script.source)
        if device.streams[0].direction == "input":
            client.take(sources.check())
        else:
            host.open_far_end(
                shm, stall_cycles=script.stall_cycles, check="none", device=device.device
            )
        client.start()
        _let_run(host, client, script, device.device)
        return host.fingerprint() if script.observed else None


def _let_run(host: SubprocessHost, client: Client, script: Script, device: int) -> None:
    if script.stop_after is not None:
        host.run(device=device, cycles=script.stop_after)
        client.stop()
        client.start()
    host.run(device=device, cycles=script.cycles - (script.stop_after or 0))
    client.stop()


GECKO = "GeckoAudioDevice"
RUNS = {
    "gecko v1": Script(GECKO, (("GECKO_SHM_LAYOUT", "v1"),)),
    "gecko v2": Script(GECKO, (("GECKO_SHM_LAYOUT", "v2"),)),
    "loop": Script(),
    "loop that converts": Script(environment=(("LOOP_SHAPE", "convert,process,thread"),)),
    "loop that mixes": Script(environment=(("LOOP_SHAPE", "mixes,two-streams"),)),
    "loop with threads": Script(environment=(("LOOP_SHAPE", "ticks"),), schedule=7),
}


@pytest.mark.parametrize("name", RUNS)
def test_the_same_command_gives_the_same_hash(name: str) -> None:
    script = RUNS[name]
    once, again = run(script), run(script)
    assert once == again
    assert once.cycles == CYCLES
    assert len(once.hash) == 16
    assert once.checkpoints[-1][0] == CYCLES
    assert len({digest for _, digest in once.checkpoints}) == CYCLES


def logs(tmp_path: Path, a: Script, b: Script) -> tuple[EventLog, EventLog]:
    paths = tmp_path / "a.events", tmp_path / "b.events"
    hashes = [run(replace(s, log=path)).hash for s, path in zip((a, b), paths, strict=True)]
    assert hashes[0] != hashes[1]
    return read_events(paths[0]), read_events(paths[1])


def sentence_of(tmp_path: Path, a: Script, b: Script) -> str:
    found = first_difference(*logs(tmp_path, a, b))
    assert found is not None
    return found.sentence


def test_another_seed_of_the_signal_is_heard_in_the_first_block(tmp_path: Path) -> None:
    a, b = (Script(source=sources.noise(seed)) for seed in (1, 2))
    assert sentence_of(tmp_path, a, b).endswith(
        "cycle 1, at 0.000000 s: the samples handed to DoIOOperation 'rite' of object 2, stream 4, "
        "for client 0 differ"
    )


def test_one_wrong_sample_is_found_where_the_driver_gave_it(tmp_path: Path) -> None:
    assert sentence_of(tmp_path, Script(), Script().with_fault("wrong-sample")).endswith(
        "cycle 50, at 0.490000 s: the samples handed back by DoIOOperation 'read' of object 2, "
        "stream 3, for client 1 differ"
    )


def test_a_property_that_is_answered_differently_is_named(tmp_path: Path) -> None:
    assert sentence_of(tmp_path, Script(), Script().with_fault("other-transport")).endswith(
        "cycle 0, at 0.000000 s: GetPropertyData 'tran', scope 'glob', of object 2: it is "
        "'virt' in run A, 'usb ' in run B"
    )


def test_both_values_of_a_wrong_sample_are_told_where_the_log_has_samples(tmp_path: Path) -> None:
    a, b = (
        replace(Script(), samples=True),
        replace(Script().with_fault("wrong-sample"), samples=True),
    )
    log_a, log_b = logs(tmp_path, a, b)
    found = first_difference(log_a, log_b)
    assert found is not None
    heard = np.frombuffer(log_a.samples_of(found.index), dtype="<f4")
    assert len(heard) == 2 * 480
    place = np.flatnonzero(heard != np.frombuffer(log_b.samples_of(found.index), dtype="<f4"))
    assert re.search(
        rf"for client 1 differ: sample {place[0]} of 960 is \S+ in run A, \S+ in run B$",
        found.sentence,
    )
    # The hash is of the run, not of how much of it is logged.
    assert run(replace(a, log=tmp_path / "c", samples=False)).hash == run(a).hash


def test_both_zero_timestamps_are_told(tmp_path: Path) -> None:
    said = sentence_of(tmp_path, Script(), Script().with_fault("timestamp-in-the-past"))
    assert re.search(
        r"GetZeroTimeStamp of object 2 .*host time is \d+ in run A, \d+ in run B", said
    )


def test_another_schedule_of_io_is_named(tmp_path: Path) -> None:
    assert sentence_of(tmp_path, Script(), Script(stop_after=60)).endswith(
        "cycle 61, at 0.600000 s: run A begins a cycle of object 2 where run B calls StopIO of "
        "object 2 for client 1"
    )


def test_a_far_end_that_stalls_is_seen_there_and_nowhere_else(tmp_path: Path) -> None:
    plain = RUNS["gecko v2"]
    a, b = logs(tmp_path, plain, replace(plain, stall_cycles=(30, 3)))
    found = first_difference(a, b)
    assert found is not None
    assert "cycle 31" in found.sentence
    assert "run A has samples got by the far end of device 0" in found.sentence
    for kind in set(Observed) - {Observed.FAR_END}:
        one, two = (log.events[log.events["kind"] == kind]["data"] for log in (a, b))
        assert one.tolist() == two.tolist(), kind


def test_another_schedule_of_threads_is_another_run(tmp_path: Path) -> None:
    seven = RUNS["loop with threads"]
    eight = replace(seven, schedule=8)
    # The threads of the driver write to storage in another order; the audio is the same.
    assert "has the driver call WriteToStorage" in sentence_of(tmp_path, seven, eight) or (
        "WriteToStorage: its data differ" in sentence_of(tmp_path, seven, eight)
    )
    hashes = {run(replace(seven, schedule=seed)).hash for seed in range(9)}
    assert len(hashes) >= 8


def test_to_observe_threads_does_not_change_what_they_do(tmp_path: Path) -> None:
    left = []
    for observed in (True, False):
        folder = tmp_path / str(observed)
        play(replace(RUNS["loop with threads"], observed=observed, storage=folder))
        # Who came when, from the first round to the last.
        left += [path.read_bytes() for path in folder.iterdir()]
    assert len(left) == 2
    assert b"ticks" in left[0]
    assert left[0] == left[1]


def test_threads_in_turn_are_the_same_each_time() -> None:
    script = replace(RUNS["loop with threads"], schedule=0)
    assert run(script) == run(script)


def test_checkpoints_and_a_window_lead_to_the_event(tmp_path: Path) -> None:
    a = replace(Script(), cycles=9000)
    b = a.with_fault("wrong-sample")
    window = narrow(run(a).checkpoints, run(b).checkpoints)
    assert window is not None
    assert (window.first_cycle, window.last_cycle) == (48, 52)
    one, two = logs(tmp_path, replace(a, window=window), replace(b, window=window))
    assert len(one.events) < 100
    found = first_difference(one, two)
    assert found is not None
    assert found.cycle == 50


def test_a_crash_leaves_the_log_with_all_that_came_before(tmp_path: Path) -> None:
    path = tmp_path / "crash.events"
    with pytest.raises(DriverCrashed):
        run(replace(Script(), log=path).with_fault("crash:EndIOOperation:20"))
    log = read_events(path)
    assert log.events["sequence"].tolist() == list(range(1, len(log.events) + 1))
    last = log.events[-1]
    assert (last["kind"], last["cycle"]) == (Observed.HANDED_BACK, 10)


def test_what_cannot_be_observed_is_one_line(tmp_path: Path) -> None:
    with SubprocessHost(HostOptions(clock="realtime")) as host:
        with pytest.raises(HostError, match="use the virtual clock") as caught:
            host.begin_fingerprint()
        assert caught.value.status == "state"
    with SubprocessHost() as host:
        calls: list[tuple[Callable[[], object], str, str]] = [
            (host.fingerprint, "state", "none was begun"),
            (lambda: host.log_events(tmp_path / "x"), "state", "none was begun"),
        ]
        for call, status, said in calls:
            with pytest.raises(HostError, match=said) as caught:
                call()
            assert caught.value.status == status
        host.begin_fingerprint()
        with pytest.raises(HostError, match="not a regular file") as caught:
            host.log_events(tmp_path)
        assert caught.value.status == "argument"
        with pytest.raises(HostError, match="no/such/folder"):
            host.log_events(tmp_path / "no/such/folder/x")
        with pytest.raises(HostError, match="the last is before the first"):
            host.log_events(tmp_path / "x", 5, 4)
        with pytest.raises(HostError, match="capacity"):
            host.log_events(tmp_path / "x", capacity=0)
        host.log_events(tmp_path / "x", 0, 10)
        host.log_events(None)
        assert len(read_events(tmp_path / "x").events) == 0
