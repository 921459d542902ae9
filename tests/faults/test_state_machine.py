"""Whatever order things happen in: is every frame that is played heard once, in order?

Hypothesis draws the order and shrinks what fails. The host lives in this process: hundreds of
programs a second, and no daemon to start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from lab.errors import MissingError
from lab.host import sources
from lab.host.base import Client
from lab.host.errors import HostError
from lab.host.locate import find_driver
from lab.host.native_host import NativeHost
from lab.play.names import release, unique_shm_name

pytestmark = pytest.mark.native

DRIVER = {"name": "GeckoAudioDevice"}


class Machine(RuleBasedStateMachine):
    """A player, its guests, and a reader that checks every frame."""

    @initialize(layout=st.sampled_from(["v1", "v2"]))
    def begin(self, layout: str) -> None:
        self.name = unique_shm_name()
        os.environ["GECKO_SHM_NAME"] = self.name
        os.environ["GECKO_SHM_LAYOUT"] = layout
        self.host = NativeHost()
        self.host.load(find_driver(DRIVER["name"]))
        self.index = self.host.devices()[0].device
        self.host.set_buffer_frames(self.index, 480)
        self.far = self.host.open_far_end(self.name, device=self.index)
        self.player = self.host.add_client(self.index, name="player")
        self.player.play(sources.counter())
        self.player.start()
        self.guests: list[Client] = []

    @rule(cycles=st.integers(1, 60))
    def run(self, cycles: int) -> None:
        self.host.run(device=self.index, cycles=cycles)

    @rule(ns=st.integers(1, 5_000_000_000))
    def stall(self, ns: int) -> None:
        self.host.advance(ns)

    @rule(ns=st.integers(0, 50_000_000))
    def wake_late(self, ns: int) -> None:
        self.host.wake_late(self.index, ns)

    @rule(count=st.integers(1, 100))
    def lose_cycles(self, count: int) -> None:
        self.host.lose_cycles(self.index, count)

    @rule(frames=st.sampled_from([16, 31, 480, 1_024, 8_192]))
    def set_period(self, frames: int) -> None:
        assert self.host.set_buffer_frames(self.index, frames).buffer_frames == frames

    @rule(hz=st.sampled_from([44_100, 48_000, 88_200, 96_000]))
    def set_rate(self, hz: int) -> None:
        assert self.host.set_rate(self.index, hz).nominal_rate == hz

    @rule()
    def refuse_a_rate(self) -> None:
        self.host.refuse_changes(self.index, 1)
        before = self.host.device(self.index).nominal_rate
        with suppress(HostError):
            self.host.call("property.set", object={"plugin": 0, "id": 2}, selector="nsrt",
                           value=44_100.0 if before != 44_100 else 48_000.0)  # fmt: skip
        self.host.refuse_changes(self.index, 0)
        assert self.host.device(self.index).nominal_rate == before

    @rule()
    def guest_comes(self) -> None:
        if len(self.guests) < 20:
            guest = self.host.add_client(self.index, name="guest")
            guest.play(sources.silence())
            guest.start()
            self.guests.append(guest)

    @precondition(lambda self: self.guests)
    @rule()
    def guest_goes(self) -> None:
        self.guests.pop(0).remove()

    @rule()
    def player_stops_and_starts(self) -> None:
        self.player.stop()
        self.player.start()

    @invariant()
    def every_frame_was_heard_once_and_in_order(self) -> None:
        if not hasattr(self, "far"):
            return
        stats = self.far.stats()
        assert stats.failure is None
        assert stats.lost_frames == 0
        position = self.player.stats().position_frames
        if position:
            assert stats.check is not None
            assert stats.check.clean, stats.check.events
            assert stats.check.correct == position

    @invariant()
    def no_call_of_the_driver_failed_and_its_clock_went_on(self) -> None:
        if hasattr(self, "far"):
            io = self.host.io_stats(self.index)
            assert (io.driver_errors, io.timestamp_jumps, io.seed_changes) == (0, 0, 0)

    def teardown(self) -> None:
        if hasattr(self, "host"):
            self.host.close()
            release(self.name)


BUDGET = settings(
    max_examples=25,
    stateful_step_count=20,
    report_multiple_bugs=False,
    derandomize=True,  # the same programs each time: what fails, fails again
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _restored_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("GECKO_SHM_NAME", "GECKO_SHM_LAYOUT", "LAPSE_FAULT"):
        monkeypatch.setenv(name, "")
    yield
    DRIVER["name"] = "GeckoAudioDevice"


def _run_machine() -> None:
    try:
        find_driver(DRIVER["name"])
    except MissingError as missing:
        pytest.skip(str(missing))
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Machine, settings=BUDGET)


def test_gecko_survives_any_order_of_things() -> None:
    _run_machine()


@pytest.mark.parametrize("fault", ["repeats-block-for-new-client"])
def test_a_mistake_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bad case."""
    DRIVER["name"] = "Lapse"
    monkeypatch.setenv("LAPSE_FAULT", fault)
    with pytest.raises(AssertionError):
        _run_machine()
