"""Leaks are told from what is merely kept; a real driver, and one that leaks on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.host.models import Resources
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.leaks import Leak, find_leaks
from tests.daemon.talk import driver, unique_shm

ROUNDS = 8


def held(*bytes_: int) -> list[Resources]:
    return [Resources(allocated_bytes=value) for value in bytes_]


@pytest.mark.parametrize(
    ("moments", "per_round"),
    [
        (held(0, 900, 1_000, 1_000, 1_000, 1_000), 0),
        (held(0, 900, 1_000, 1_064, 1_128, 1_192), 64),
        (held(0, 900, 1_000, 1_500, 1_000, 1_500, 1_000), 0),  # to and fro
        (held(0, 900, 1_000, 1_000, 1_000, 9_000), 0),  # once
        (held(0, 900, 1_000, 900, 800, 700), 0),
        ([Resources()] * 6, 0),
    ],
)
def test_only_what_grows_with_every_round_is_a_leak(
    moments: list[Resources], per_round: float
) -> None:
    wanted = [Leak("allocated_bytes", per_round, len(moments) - 3)] if per_round else []
    assert find_leaks(moments) == wanted


def test_too_few_rounds_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 5"):
        find_leaks(held(1, 2, 3, 4))


def rounds_of(name: str, fault: str) -> list[Resources]:
    """What is held after each of some starts and stops."""
    environment = {"LOOP_FAULT": fault, "GECKO_SHM_NAME": unique_shm()}
    after = []
    with SubprocessHost(HostOptions(exact_memory=True), environment=environment) as host:
        host.load(Path(driver(name)))
        for _ in range(ROUNDS):
            client = host.add_client(0)
            client.start()
            host.run(seconds=0.1)
            client.stop()
            client.remove()
            after.append(host.resources())
    return after


@pytest.mark.parametrize("name", ["Loop", "GeckoAudioDevice"])
def test_a_sound_driver_leaks_nothing(name: str) -> None:
    assert find_leaks(rounds_of(name, "none")) == []


@pytest.mark.parametrize(
    ("fault", "resource", "least"),
    [
        ("leaks-memory", "allocated_bytes", 1_000),
        ("leaks-an-object", "cf_objects", 1),
        ("leaks-a-descriptor", "descriptors", 1),
        ("leaks-a-thread", "threads", 1),
    ],
)
def test_what_each_start_leaks_is_named(fault: str, resource: str, least: float) -> None:
    moments = rounds_of("Loop", fault)
    if getattr(moments[0], resource) is None:
        pytest.skip(f"this build cannot tell: {resource}")
    leaks = {leak.resource: leak for leak in find_leaks(moments)}
    assert leaks[resource].per_round >= least
    assert f"each round leaks {leaks[resource].per_round:g}" in leaks[resource].sentence()
