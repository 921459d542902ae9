"""Installing for a CI: a driver that is not what it should be is found, and taken away again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.errors import MissingError
from lab.host.locate import find_driver
from lab.machine import try_install as module
from lab.machine.base import HAL, CannotError, Machine, MachineError
from lab.machine.sandbox import SandboxMachine
from lab.machine.try_install import (
    LEVEL,
    RATE,
    SUBJECTS,
    TONE_HZ,
    Hear,
    Subject,
    hear_in_simulator,
    hear_on_mac,
    judge_tone,
    try_install,
)
from tests.support.driver_bundle import write_bundle

ROOT = Path(__file__).resolve().parents[2]
GECKO = SUBJECTS["gecko"]


def tone(hz: float, seconds: float, level: float = LEVEL) -> NDArray[np.float32]:
    wave = level * np.sin(2 * np.pi * hz / RATE * np.arange(round(seconds * RATE)))
    return np.column_stack([wave, wave]).astype(np.float32)


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros((round(seconds * RATE), 2), dtype=np.float32)


# ---- what is heard -------------------------------------------------------------------------------


def test_the_tone_is_heard_with_silence_around_it() -> None:
    frames = np.concatenate([silence(0.4), tone(TONE_HZ, 2.0), silence(0.3)])
    assert judge_tone(frames, RATE).startswith("2.0 s of the tone, 100.0%")


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (silence(3.0), "only 0.00 s are not silent"),
        (np.empty((0, 2), dtype=np.float32), "only 0.00 s are not silent"),
        (tone(TONE_HZ, 0.9), "only 0.90 s are not silent"),
        (tone(440.0, 2.0), "997 Hz were played; the loudest is 440 Hz"),
        (tone(TONE_HZ * 44_100 / 48_000, 2.0), "the loudest is 916 Hz"),
        (tone(TONE_HZ, 2.0) + tone(3000.0, 2.0, LEVEL * 0.9), "the loudest is 997 Hz, 55% of all"),
    ],
    ids=["silence", "nothing", "too-little", "another", "wrong-rate", "not-alone"],
)
def test_what_is_not_the_tone_is_named(frames: NDArray[np.float32], said: str) -> None:
    with pytest.raises(MachineError) as error:
        judge_tone(frames, RATE)
    assert said in str(error.value)


def recorded(frames: NDArray[np.float32]) -> Any:
    """A reader of shared memory that has this."""
    blocks = [SimpleNamespace(frames=frames)]
    reader = SimpleNamespace(
        format=SimpleNamespace(sample_rate=RATE), read=lambda: blocks.pop() if blocks else None
    )
    return nullcontext(reader)


@pytest.mark.parametrize("frames", [tone(TONE_HZ, 2.0), silence(2.0)], ids=["tone", "silence"])
def test_on_a_mac_the_tone_goes_to_the_device_and_is_read_from_its_memory(
    frames: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[tuple[tuple[int, ...], int, str]] = []

    class Player:
        def play(self, data: NDArray[np.float32], rate: int, device: str) -> None:
            played.append((data.shape, rate, device))

        def stop(self) -> None:
            played.append(((), 0, "stopped"))

    monkeypatch.setitem(sys.modules, "sounddevice", Player())
    monkeypatch.setattr(module, "TONE_S", 0.05)
    opened = []

    def open_reader(name: str, **_: object) -> Any:
        opened.append(name)
        return recorded(frames)

    monkeypatch.setattr("lab.transport.shm.open_reader", open_reader)
    if frames.any():
        assert "of the tone" in hear_on_mac(None, GECKO)  # type: ignore[arg-type]
    else:
        with pytest.raises(MachineError, match="not silent"):
            hear_on_mac(None, GECKO)  # type: ignore[arg-type]
    assert opened == ["/GeckoAudioShm"]
    assert played == [((2400, 2), RATE, "Gecko Sink"), ((), 0, "stopped")]


def test_without_anything_to_play_with_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingError, match="pip install sounddevice"):
        hear_on_mac(None, GECKO)  # type: ignore[arg-type]


# ---- the steps -----------------------------------------------------------------------------------


@pytest.fixture
def machine() -> Iterator[Machine]:
    from lab.machine.description import Description

    try:
        with SandboxMachine(Description()) as made:
            yield made
    except CannotError as error:
        pytest.skip(str(error))


def steps(machine: Machine, subject: Subject, hear: Hear | None) -> list[str]:
    scripts = ROOT / "driver/gecko/scripts"
    bundle = find_driver(subject.bundle)
    return list(try_install(machine, subject, bundle, scripts, hear, "/Users/Shared/ci"))


def leave_a_file(machine: Machine) -> str:
    machine.write(f"{HAL}/left", b"over")
    return "well"


def leave_shm(machine: Machine) -> str:
    machine.write("/dev/shm/Left", b"over")
    return "well"


def hear_nothing(machine: Machine) -> str:
    raise MachineError("nothing was heard")


@pytest.mark.native
@pytest.mark.linux
def test_a_good_driver_goes_through_all_steps(machine: Machine) -> None:
    lines = steps(machine, GECKO, lambda on: hear_in_simulator(on, GECKO))
    assert [line.split(":")[0] for line in lines] == [
        *("install.sh", "devices", "heard", "uninstall.sh", "nothing is left"),
    ]
    assert lines[2] == "heard: 96000 frames, each in its place"


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize(
    ("subject", "hear", "said"),
    [
        (replace(GECKO, devices=("Gecko Sink", "Gecko Source")), None, "not shown: Gecko Source"),
        (GECKO, hear_nothing, "nothing was heard"),
        (GECKO, leave_a_file, f"something is left: {HAL}/left"),
        (replace(GECKO, shm="/Left"), leave_shm, "the shared memory is left: /Left"),
    ],
    ids=["a-device-lacks", "silent", "leaves-a-file", "leaves-shm"],
)
def test_a_step_that_goes_wrong_is_named_and_the_driver_is_gone(
    machine: Machine, subject: Subject, hear: Callable[[Machine], str] | None, said: str
) -> None:
    with pytest.raises(MachineError) as error:
        steps(machine, subject, hear)
    assert said in str(error.value)
    assert machine.devices() == []
    assert machine.list_folder(HAL) in ([], ["left"])
    assert machine.list_folder("/Users/Shared") == []


@pytest.mark.native
@pytest.mark.linux
def test_a_driver_that_is_there_already_is_not_touched(machine: Machine) -> None:
    from lab.machine.kit import bring_kit

    kit = bring_kit(machine, find_driver(GECKO.bundle), ROOT / "driver/gecko/scripts")
    assert kit.install().code == 0
    with pytest.raises(MachineError, match="a device is there already: Gecko Sink"):
        steps(machine, GECKO, None)
    assert machine.devices() == ["Gecko Sink"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--driver", "x"], 3, 'try_install: no driver "x"; take one of: gecko, bunghole\n'),
        (["--machine", "pdp-11"], 2, "pdp-11"),
        pytest.param(
            ["--machine", "mac", "--i-mean-it"],
            77,
            "try_install: skipped, this is not a Mac",
            marks=[pytest.mark.linux, pytest.mark.native],
        ),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], code: int, said: str) -> None:
    command = [sys.executable, "-m", "lab.machine.try_install", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bundle_that_is_no_driver_of_ours_has_no_scripts(tmp_path: Path) -> None:
    from lab.machine.kit import bring_kit

    with pytest.raises(MissingError, match="no script to install with"):
        bring_kit(None, write_bundle(tmp_path / "A.driver"), tmp_path / "a/b/c")  # type: ignore[arg-type]
