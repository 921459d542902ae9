"""Does a half-open guest block the next one?

A peer connects and says nothing, or nothing any more: a guest that was restored, a host that was
put to sleep. Host and driver must both get rid of it, in v1 and in v2.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.host import sources
from lab.measure.fitness_watch import FitnessWatch
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.original_host import OriginalHost
from scenarios.bunghole.raw import OFFER, SWITCH, RawListener, dial, seconds_until_closed
from scenarios.bunghole.rig import QUICK_BACKOFF, Rig, wait_until

pytestmark = [pytest.mark.native, pytest.mark.realtime]

MARGIN_S = 1.0
HALF_OPEN_S, SILENT_S, STUCK_S = 3.0, 10.0, 2.0


# ---- the host's side -----------------------------------------------------------------------------


def test_the_host_serves_the_next_guest_at_the_only_place_it_has(
    start_host: StartHost,
    driver: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    """In v1 silence is no crime: the place is given away when somebody asks for it."""
    limits = Limits(connections=1, silent_ns=1_000_000_000)
    with (
        Receiver(endpoint, port=ports[0], limits=limits) as receiver,
        dial(endpoint, ports[0]) as silent,
    ):
        wait_until(lambda: len(receiver.connected) == 1, "the silent guest")
        time.sleep(1.2)
        rig = Rig(start_host(environment=QUICK_BACKOFF), driver)
        rig.player(sources.sine())
        waited_s = wait_until(
            lambda: sum(s.packets for s in receiver.summary().streams.values()) > 5, "next guest"
        )
        assert seconds_until_closed(silent) < HALF_OPEN_S
        endings = receiver.summary().endings
        receiver.release()
    findings.fitness(watch.stop())
    findings.require("next-guest-served-after", waited_s, MARGIN_S, "s", wall_clock=True)
    # On a vsock both are one guest, CID 1: the newer connection takes the older one's place.
    assert endings.get("silent-gave-way", 0) + endings.get("replaced-by-newer", 0) >= 1, endings


def test_the_host_closes_a_guest_of_v2_that_says_nothing_any_more(
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    with dial(endpoint, ports[0]) as silent:
        assert silent.recv(8) == OFFER
        silent.sendall(SWITCH)
        closed_s = seconds_until_closed(silent)
    findings.fitness(watch.stop())
    findings.require("closed-after", closed_s, HALF_OPEN_S + MARGIN_S, "s", wall_clock=True)
    assert closed_s > HALF_OPEN_S - MARGIN_S
    assert receiver.summary().endings == {"half-open": 1}


def test_the_next_guest_waits_for_ever_and_the_original_s_host_shows_it(
    start_host: StartHost,
    driver: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
) -> None:
    patience_s = 4.0
    with OriginalHost(endpoint, ports[0]) as host, dial(endpoint, ports[0]):
        rig = Rig(start_host(environment=QUICK_BACKOFF), driver)
        rig.player(sources.sine())
        time.sleep(patience_s)
        findings.tell("next-guest-waits-for-at-least", patience_s, "s")
        read = host.packets
    findings.tell("packets-read-meanwhile", read)
    assert read == 0


# ---- the driver's side ---------------------------------------------------------------------------


def seconds_until_dialled_again(listener: RawListener, begin: float) -> float:
    """When the driver has given up the connection that it had, and made another."""
    listener.accept()
    return time.monotonic() - begin


def test_the_driver_leaves_a_host_of_v2_that_says_nothing_any_more(
    start_host: StartHost,
    driver: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    with RawListener(endpoint, ports[0]) as output, RawListener(endpoint, ports[1]) as input_:
        rig = Rig(start_host(environment=QUICK_BACKOFF), driver)
        speaker, microphone = output.accept(), input_.accept()
        speaker.sendall(OFFER)
        assert microphone.recv(8) == OFFER
        microphone.sendall(SWITCH)
        begin = time.monotonic()
        wait_until(lambda: rig.link(rig.input) == "wire v2", "the input in v2")
        for name, listener in (("output", output), ("input", input_)):
            seconds = seconds_until_dialled_again(listener, begin)
            findings.fitness(watch.stop())
            findings.require(f"{name}-dials-again-after", seconds, HALF_OPEN_S + MARGIN_S, "s",
                             wall_clock=True)  # fmt: skip
        assert rig.counted(rig.output)["deadlines missed"] == 1
        assert rig.counted(rig.input)["deadlines missed"] == 1


@pytest.mark.slow
def test_the_driver_leaves_a_host_of_v1_that_neither_reads_nor_speaks(
    start_host: StartHost,
    driver: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    with RawListener(endpoint, ports[0]) as output, RawListener(endpoint, ports[1]) as input_:
        rig = Rig(start_host(environment=QUICK_BACKOFF), driver)
        output.accept()
        input_.accept()
        rig.player(sources.sine())
        begin = time.monotonic()
        # A vsock takes 16 KiB, about a second of audio, before it takes no more.
        limits = (("output", output, STUCK_S + 1.5), ("input", input_, SILENT_S))
        for name, listener, limit_s in limits:
            seconds = seconds_until_dialled_again(listener, begin)
            findings.fitness(watch.stop())
            findings.require(f"{name}-dials-again-after", seconds, limit_s + MARGIN_S, "s",
                             wall_clock=True)  # fmt: skip
        assert rig.counted(rig.output)["deadlines missed"] >= 1
        assert rig.counted(rig.input)["deadlines missed"] == 1


@pytest.mark.slow
def test_the_driver_waits_for_ever_and_burrow_shows_it(
    start_host: StartHost,
    burrow: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
) -> None:
    patience_s = SILENT_S + 2 * MARGIN_S
    with RawListener(endpoint, ports[0]) as output, RawListener(endpoint, ports[1]) as input_:
        rig = Rig(start_host(environment=QUICK_BACKOFF, extra=("--sigpipe", "ignore")), burrow)
        output.accept()
        input_.accept()
        rig.player(sources.sine())
        time.sleep(patience_s)
        for listener in (output, input_):
            with pytest.raises(TimeoutError):
                listener.accept(limit_s=0.1)
    findings.tell("waits-for-at-least", patience_s, "s")
