"""Install a driver on a machine, hear it, take it away, and look whether anything is left.

``python -m lab.machine.try_install --machine sandbox`` does so on a simulated macOS; with ``mac``
on this very Mac, into its real coreaudiod: that is what the macOS runners of the CI do. The steps
are the same, so that all of them but the Mac's own (`MacMachine`, `hear_on_mac`) run on Linux, too.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from lab.errors import LabError, MissingError
from lab.host.locate import find_driver
from lab.machine.base import HAL, CannotError, Done, Machine, MachineError
from lab.machine.description import Description
from lab.machine.kit import bring_kit
from lab.machine.mac import MacMachine
from lab.machine.sandbox import SandboxMachine
from lab.machine.snapshot import compare

ROOT = Path(__file__).resolve().parents[2]
LOOKED_AT = ("/Library/Audio/Plug-Ins",)
"""Of a real Mac too much changes elsewhere while we look."""
TONE_HZ = 997.0
TONE_S = 3.0
RATE = 48_000
LEVEL = 0.25
SKIPPED = 77
"""Exit status, as test runners have it."""

Hear = Callable[[Machine], str]
"""Plays through the driver and says what came; LabError when it was not what was played."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A driver of this source tree.

    Parameters
    ----------
    bundle
        Name of the bundle, without ``.driver``.
    devices
        That have to appear.
    shm
        Name of the shared memory that it plays into; empty when there is none.
    """

    bundle: str
    devices: tuple[str, ...]
    shm: str = ""


SUBJECTS = {
    "gecko": Subject("GeckoAudioDevice", ("Gecko Sink",), "/GeckoAudioShm"),
    "bunghole": Subject("BungholeAudio", ("Bunghole Output", "Bunghole Input")),
}


class Where(StrEnum):
    """The machine."""

    SANDBOX = "sandbox"
    MAC = "mac"


def try_install(
    machine: Machine,
    subject: Subject,
    bundle: Path,
    scripts: Path,
    hear: Hear | None,
    folder: str,
) -> Iterator[str]:
    """The steps; each is yielded as a line when it has gone well.

    Whatever goes wrong, the driver is taken away again.

    Parameters
    ----------
    machine
        Where.
    subject
        What has to appear.
    bundle
        The driver.
    scripts
        Folder of its install.sh and uninstall.sh.
    hear
        Plays through it; None when it is not heard.
    folder
        For the kit, on the machine.

    Raises
    ------
    LabError
        At the first step that goes wrong.
    """
    before, devices = machine.snapshot(LOOKED_AT), machine.devices()
    if there := sorted(set(subject.devices) & set(devices)):
        raise MachineError(f"a device is there already: {there[0]}", do="uninstall that driver")
    kit = bring_kit(machine, bundle, scripts, folder=folder)
    try:
        yield f"install.sh: {_went_well(kit.install())}"
        yield f"devices: {_all_shown(machine, subject)}"
        if hear is not None:
            yield f"heard: {hear(machine)}"
    except BaseException:
        kit.uninstall()
        kit.remove()
        raise
    yield f"uninstall.sh: {_went_well(kit.uninstall())}"
    kit.remove()
    if machine.devices() != devices:
        raise MachineError("the devices are not those of before", where=", ".join(devices))
    if left := compare(before, machine.snapshot(LOOKED_AT)):
        raise MachineError(f"something is left: {left[0]}")
    if subject.shm and shm_is_there(machine, subject.shm):
        raise MachineError("the shared memory is left", where=subject.shm)
    yield "nothing is left"


def _all_shown(machine: Machine, subject: Subject) -> str:
    """The subject's devices, MachineError when one is not there."""
    shown = machine.devices()
    if lacking := [name for name in subject.devices if name not in shown]:
        raise MachineError(f"not shown: {', '.join(lacking)}", where=HAL)
    return ", ".join(subject.devices)


def _went_well(done: Done) -> str:
    """The last line of a script, MachineError when it failed."""
    last = next((line for line in reversed(done.lines) if line.strip()), "nothing said")
    if done.code != 0:
        raise MachineError(f"exit status {done.code}: {last}")
    return last


def shm_is_there(machine: Machine, name: str) -> bool:
    """Whether a machine has shared memory of that name."""
    script = (
        "import _posixshmem, os, sys\n"
        "try: _posixshmem.shm_open(sys.argv[1], os.O_RDONLY)\n"
        "except FileNotFoundError: sys.exit(3)\n"
    )
    return machine.run([*machine.python(), "-c", script, name]).code != 3


# ---- hearing -------------------------------------------------------------------------------------


def hear_in_simulator(machine: Machine, subject: Subject, *, cycles: int = 200) -> str:
    """Self-numbering PCM by the simulator's own client and reader: every frame, in its place."""
    from lab.host import sources
    from lab.host.external_host import ExternalHost

    with ExternalHost(machine.socket()) as host:
        device = host.set_buffer_frames(subject.devices[0], 480).device
        far_end = host.open_far_end(subject.shm, device=device)
        client = host.add_client(device, name="player")
        client.play(sources.counter())
        client.start()
        host.run(device=device, cycles=cycles)
        client.remove()
        check = far_end.close().check
    if check is None or not check.clean or check.received < cycles * 480 // 2:
        raise MachineError(f"what came is not what was played: {check}", where=subject.shm)
    return f"{check.received} frames, each in its place"


def hear_on_mac(_machine: Machine, subject: Subject) -> str:
    """A tone by PortAudio through the real coreaudiod, read from shared memory."""
    from lab.transport.shm import open_reader

    try:
        player: Any = importlib.import_module("sounddevice")
    except ImportError as error:
        raise MissingError("nothing to play with", do="pip install sounddevice") from error
    tone = LEVEL * np.sin(2 * np.pi * TONE_HZ / RATE * np.arange(round(TONE_S * RATE)))
    player.play(np.column_stack([tone, tone]).astype(np.float32), RATE, device=subject.devices[0])
    try:
        taken = []
        with open_reader(subject.shm, wait_s=5.0) as reader:
            end = time.monotonic() + TONE_S
            while time.monotonic() < end:
                block = reader.read()
                if block is None:
                    time.sleep(0.005)
                else:
                    taken.append(block.frames.copy())
            rate = reader.format.sample_rate
    finally:
        player.stop()
    frames = np.concatenate(taken) if taken else np.empty((0, 2), dtype=np.float32)
    return judge_tone(frames, float(rate))


def judge_tone(frames: NDArray[np.float32], rate: float) -> str:
    """Whether frames carry the tone that was played.

    Parameters
    ----------
    frames
        Shape (n, channels); silence before and after the tone is passed over.
    rate
        Hz.

    Returns
    -------
    str
        What was heard.

    Raises
    ------
    MachineError
        When it is less than a second, or another sound.
    """
    loud = np.flatnonzero(np.abs(frames).max(axis=1, initial=0.0) > LEVEL / 100)
    heard = frames[loud[0] : loud[-1] + 1, 0] if loud.size else frames[:0, 0]
    if len(heard) < rate:
        raise MachineError(f"only {len(heard) / rate:.2f} s are not silent", do="is it muted?")
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    peak = int(spectrum.argmax())
    found = peak * rate / len(heard)
    share = float(spectrum[max(peak - 4, 0) : peak + 5].sum() / spectrum.sum())
    if abs(found - TONE_HZ) > 2 * rate / len(heard) or share < 0.9:
        raise MachineError(
            f"{TONE_HZ:g} Hz were played; the loudest is {found:.0f} Hz, {share:.0%} of all"
        )
    return f"{len(heard) / rate:.1f} s of the tone, {share:.1%} of all that came"


# ---- command line --------------------------------------------------------------------------------


@contextmanager
def _machine(where: Where, profile: str, *, i_mean_it: bool) -> Iterator[Machine]:
    if where is Where.MAC:
        with MacMachine(i_mean_it=i_mean_it) as mac:
            yield mac
        return
    with SandboxMachine(Description(profile=profile)) as sandbox:
        yield sandbox


def main(
    where: Annotated[Where, typer.Option("--machine", help="Where.")] = Where.SANDBOX,
    driver: Annotated[str, typer.Option(help=f"One of: {', '.join(SUBJECTS)}.")] = "gecko",
    profile: Annotated[str, typer.Option(help="Of the simulated macOS.")] = "macos-26",
    i_mean_it: Annotated[
        bool, typer.Option("--i-mean-it", help="Install into this very Mac, outside a CI, too.")
    ] = False,
) -> None:
    """Install a driver of this source tree, hear it, uninstall it, look whether anything is left.

    On a Mac this needs sudo without a password, and the module sounddevice. Exit status 77: there
    is no such machine here; the reason is told.
    """
    out, said = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    try:
        if driver not in SUBJECTS:
            raise MissingError(f'no driver "{driver}"', do=f"take one of: {', '.join(SUBJECTS)}")
        subject = SUBJECTS[driver]
        bundle = find_driver(subject.bundle)
        hear = hear_on_mac if where is Where.MAC else hear_in_simulator
        with _machine(where, profile, i_mean_it=i_mean_it) as machine:
            folder = f"/Users/Shared/hal-lab-{driver}"
            for line in try_install(
                machine,
                subject,
                bundle,
                ROOT / "driver" / driver / "scripts",
                (lambda on: hear(on, subject)) if subject.shm else None,
                folder,
            ):
                out.print(f"ok  {line}", markup=False)
    except CannotError as error:
        said.print(f"try_install: skipped, {error}", markup=False, highlight=False)
        raise typer.Exit(SKIPPED) from error
    except LabError as error:
        said.print(f"try_install: {error}", markup=False, highlight=False)
        raise typer.Exit(error.exit_code) from error


if __name__ == "__main__":
    typer.run(main)
