"""Do mute and volume arrive?

Sound is made quieter in the driver, before it is encoded and after it is decoded. What counts is
the level at the far end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.host import sources
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import Rig, level_db, recorded, wait_until

pytestmark = [pytest.mark.native, pytest.mark.realtime]

OUTPUT_VOLUME, INPUT_VOLUME, OUTPUT_MUTE, INPUT_MUTE = 6, 7, 8, 9
SILENCE_DB = -90.0
RATE, TAKEN = 48_000, 9_600
STEPS = (("full", None, 0), ("minus-20-db", -20.0, 0), ("muted", None, 1), ("full-again", 0.0, 0))


def settle(rig: Rig, volume: int, mute: int, wished_db: float | None, muted: int) -> float:
    """Set both; the volume that the driver took, dB."""
    if wished_db is not None:
        rig.set(volume, "lcdv", wished_db)
    rig.set(mute, "bcvl", muted)
    return float(rig.get(volume, "lcdv"))


def judge(findings: Findings, levels: dict[str, tuple[float, float]]) -> None:
    """Each level against the first one."""
    full_db = levels["full"][0]
    for name, (level, wished_db) in levels.items():
        if name == "muted":
            findings.require("level-muted", level, SILENCE_DB, "dB")
        else:
            findings.tell(f"level-{name}", level, "dB")
            findings.require(f"error-{name}", abs(level - full_db - wished_db), 0.5, "dB")


def test_the_output_s_level_at_the_host_is_the_volume(
    rig: Rig, receiver: Receiver, findings: Findings
) -> None:
    rig.wait_for_output()
    rig.player(sources.sine(amplitude=0.5))
    levels = {}
    for name, wished_db, muted in STEPS:
        taken_db = settle(rig, OUTPUT_VOLUME, OUTPUT_MUTE, wished_db, muted)
        wait_until(lambda: bool(receiver.guests), "a guest")
        [guest] = receiver.guests
        # A second of sound may be on its way, when the host has stood still.
        known = len(receiver.audio(guest)) + RATE
        wait_until(
            partial(_has, lambda: len(receiver.audio(receiver.guests[0])), known + TAKEN), "audio"
        )
        levels[name] = level_db(receiver.audio(guest)[known:]), taken_db
    judge(findings, levels)


def test_the_input_s_level_in_the_recording_is_the_volume(
    rig: Rig, endpoint: Endpoint, ports: tuple[int, int], tmp_path: Path, findings: Findings
) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(48_000) / 48_000).astype(np.float32)
    with Microphone(endpoint, tone, port=ports[1], loop=True):
        wait_until(lambda: rig.link(rig.input).startswith("wire"), "connected")
        recorder = rig.recorder(tmp_path / "input.raw", 60)
        wait_until(lambda: recorder.stats().position_frames > RATE // 2, "audio")
        spans, taken = {}, {}
        for name, wished_db, muted in STEPS:
            taken[name] = settle(rig, INPUT_VOLUME, INPUT_MUTE, wished_db, muted)
            begin = recorder.stats().position_frames + RATE // 4
            wait_until(
                partial(_has, lambda: recorder.stats().position_frames, begin + TAKEN), "audio"
            )
            spans[name] = slice(begin, begin + TAKEN)
        recorder.stop()
        recorder.remove()
    heard = recorded(tmp_path / "input.raw")
    judge(findings, {name: (_usual(heard[span]), taken[name]) for name, span in spans.items()})


def _has(count: Callable[[], int], wanted: int) -> bool:
    return count() > wanted


def _usual(frames: NDArray[np.float32]) -> float:
    """Of pieces of 10 ms: an underflow of a machine that is busy is not the volume's."""
    return float(np.median([level_db(piece) for piece in frames.reshape(-1, 480, 2)]))


def test_there_is_no_mute_and_no_volume_that_keys_find_and_burrow_shows_it(
    start_host: StartHost, driver: Path, burrow: Path, findings: Findings
) -> None:
    def controls(bundle: Path) -> set[str]:
        rig = Rig(start_host(), bundle)
        devices = rig.host.tree(rig.plugin)["owned"]
        return {each["class"] for device in devices for each in device["owned"]} - {"astr"}

    findings.note("the original has bare level controls")
    assert controls(driver) == {"vlme", "mute"}
    assert controls(burrow) == {"levl"}
