"""``hal-lab play``: a file through a driver, every frame accounted for."""

from __future__ import annotations

import math
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lab.clocks import Component, read_model
from lab.commands.folders import make_folder
from lab.errors import LabError, UsageError, as_lab_error
from lab.host.locate import DEFAULT_DRIVER
from lab.measure.fitness import probe_fitness
from lab.play.environment import read_pairs
from lab.play.judge import judge_play
from lab.play.names import release, sweep_leftovers, sweep_wire_folders, unique_shm_name
from lab.play.run import PlayCut, play
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.signals import SIGNALS, write_signal
from lab.profiles import load_profile
from lab.report.console import Output
from lab.report.terminal import show_artefacts, show_result
from lab.results import Result, Verdict, save_result
from lab.signals.file import write_wav

TUNE = Path("scenarios/audio/tune.flac")
EXIT_STOPPED = 130
FRAMES = (16, 8192)
"""Per IO cycle, what the host takes."""


class Clock(StrEnum):
    """Which time the host lives in."""

    REALTIME = "realtime"
    VIRTUAL = "virtual"


class LayoutChoice(StrEnum):
    """Of Gecko Sink's shared memory."""

    V1 = "v1"
    V2 = "v2"


def play_command(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="WAV, AIFF, FLAC, Ogg or MP3. Without one the tune of the source tree is played.",
            show_default=False,
        ),
    ] = None,
    signal: Annotated[
        str | None,
        typer.Option(
            help="Play a test signal instead of a file: " + ", ".join(SIGNALS) + ".",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help='Name or UID, such as "Gecko Sink".', show_default="the driver's only one"
        ),
    ] = None,
    driver: Annotated[
        str, typer.Option(help="Bundle to load: a path, or the name of a built one.")
    ] = DEFAULT_DRIVER,
    clock: Annotated[
        Clock, typer.Option(help="Real time, or virtual: as fast as it goes, the same each time.")
    ] = Clock.REALTIME,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Which macOS the host plays, macos-12 to macos-26.",
            show_default="none in particular",
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep what arrived as a WAV file.", show_default=False)
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Keep everything in this folder: recording.wav, io.trace, result.json.",
            show_default=False,
        ),
    ] = None,
    layout: Annotated[
        LayoutChoice | None,
        typer.Option(
            help="Shared memory layout of Gecko Sink, or the wire that Bunghole's host offers.",
            show_default="the driver's choice",
        ),
    ] = None,
    shm_name: Annotated[
        str | None,
        typer.Option(
            help="Name of the shared memory, /GeckoAudioShm for a reader of your own.",
            show_default="one that nobody else uses",
        ),
    ] = None,
    rate: Annotated[
        int | None, typer.Option(help="Set the device to this rate, Hz.", show_default="the file's")
    ] = None,
    resample: Annotated[
        bool, typer.Option("--resample", help="Bring the file to the device's rate instead.")
    ] = False,
    frames: Annotated[
        int | None, typer.Option(help="Frames per IO cycle, 16 to 8192.", show_default="10 ms")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Play at most so long.", show_default="the whole file")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Keep the trace file.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the host.")] = 0,
    device_clock: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Make the device's clock, as the host sees it, off by this clock model (virtual "
            'time only): JSON such as {"kind": "offset", "ppm": 50}, or a file with it.',
            show_default="a perfect one",
        ),
    ] = None,
    host_clock: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The same for the host's own clock: what it gains, the device loses.",
            show_default="a perfect one",
        ),
    ] = None,
    call_limit_ms: Annotated[
        int | None,
        typer.Option(
            help="A call into the driver that takes longer has hung.", show_default="5000"
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Environment of the driver.", show_default=False
        ),
    ] = None,
) -> int:
    """Play a file through a driver, read it back, and account for every frame.

    The driver is loaded into a simulated coreaudiod and called every 10 ms. Another process reads
    what it puts into shared memory; that recording is compared with the file, bit by bit. The
    table says how many frames were sent, received, lost, duplicated and reordered (exact counts),
    how late they were, whose fault a late cycle was, and whether the driver's zero timestamps hold.

    A driver that dials Bunghole's wire is heard as well: its packets are counted by their numbers,
    and what is in them is listened to behind the codec. What it dials is a Unix socket that stands
    in for the vsock, in a folder of this run.

    Ctrl-C stops it in good order and keeps what was recorded.
    """
    _check_numbers(seconds=seconds, frames=frames, call_limit_ms=call_limit_ms, seed=seed)
    for option, target in (("--record", record), ("--trace", trace)):
        if target is not None:
            _check_target(option, target)
    _check_names(file, signal, profile)
    environment = read_pairs(set_ or [])
    sweep_leftovers()
    sweep_wire_folders()
    with _folder(into) as folder:
        settings = PlaySettings(
            file=_file(file, signal, folder, seconds),
            folder=folder,
            signal=signal or "",
            profile=profile,
            environment=environment,
            shm_name=shm_name or unique_shm_name(),
            device=device,
            driver=driver,
            clock="virtual" if clock is Clock.VIRTUAL else "realtime",
            layout=None if layout is None else ("v1" if layout is LayoutChoice.V1 else "v2"),
            rate=rate,
            resample=resample,
            buffer_frames=frames,
            seconds=seconds,
            seed=seed,
            call_limit_ms=call_limit_ms,
            device_clock=_model("--device-clock", device_clock, clock),
            host_clock=_model("--host-clock", host_clock, clock),
        )
        fitness = probe_fitness(probes=50) if settings.clock == "realtime" else None
        began = time.monotonic()
        cut: PlayCut | None = None
        try:
            facts = _play(settings)
        except PlayCut as error:
            cut, facts = error, error.facts
        finally:
            if shm_name is None:
                release(settings.shm_name)
        result = judge_play(settings, facts, fitness=fitness, duration_s=time.monotonic() - began)
        title = (
            f'{signal or settings.file.name} through "{facts.device.name}", {settings.clock} clock'
        )
        if facts.wire is not None:
            title += f", wire {facts.layout}, {facts.wire.transport}"
        elif facts.layout:
            title += f", layout {facts.layout}"
        # First what was found: what cannot be kept must not take it along.
        out = Output()
        show_result(out, result, title=title)
        try:
            kept = _keep(
                result, facts, settings, record=record, trace=trace, keep_all=into is not None
            )
        except (LabError, OSError) as error:
            if cut is None:
                raise
            lost = as_lab_error(error) if isinstance(error, OSError) else error
            typer.echo(f"hal-lab: {lost}", err=True)
        else:
            show_artefacts(out, kept)
    if cut is not None:
        raise cut
    if facts.interrupted:
        return EXIT_STOPPED
    return 1 if result.verdict is Verdict.FAIL else 0


def _check_names(file: Path | None, signal: str | None, profile: str | None) -> None:
    if file is not None and signal is not None:
        raise UsageError("a file and --signal", do="name one of them")
    if profile is not None:
        load_profile(profile)


def _file(file: Path | None, signal: str | None, folder: Path, seconds: float | None) -> Path:
    if signal is not None:
        return write_signal(signal, folder, seconds)
    return file or default_file()


def default_file() -> Path:
    """The tune of the source tree.

    Raises
    ------
    UsageError
        When there is none here.
    """
    beside_package = Path(__file__).resolve().parents[2] / TUNE
    for place in (TUNE, beside_package):
        if place.is_file():
            return place
    raise UsageError("no file to play", do="name one: hal-lab play song.flac")


def _play(settings: PlaySettings) -> PlayFacts:
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[at]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_interactive,
    )
    with bar, stop_flag() as stopped:
        task = bar.add_task(settings.file.name, total=None, at="")

        def progress(played: int, total: int) -> None:
            bar.update(task, completed=played, total=total, at=f"{played:,} of {total:,} frames")

        return play(settings, progress=progress, stop=stopped)


class _Flag:
    """Set by the first Ctrl-C; the second one is a KeyboardInterrupt."""

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self) -> bool:
        return self.is_set

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        del number, frame
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True


@contextmanager
def stop_flag() -> Iterator[_Flag]:
    """What becomes true when Ctrl-C or SIGTERM comes; the second one ends the program."""
    flag = _Flag()
    before = {
        number: signal.signal(number, flag.handle) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _folder(into: Path | None) -> Iterator[Path]:
    if into is None:
        with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
            yield Path(folder)
        return
    make_folder(into, "--into")
    yield into


def _check_numbers(
    *, seconds: float | None, frames: int | None, call_limit_ms: int | None, seed: int
) -> None:
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise UsageError("--seconds must be a number above 0")
    if frames is not None and not FRAMES[0] <= frames <= FRAMES[1]:
        raise UsageError(f"--frames must be {FRAMES[0]} to {FRAMES[1]}")
    if call_limit_ms is not None and call_limit_ms <= 0:
        raise UsageError("--call-limit-ms must be above 0")
    if not 0 <= seed < 1 << 64:
        raise UsageError("--seed must be 0 to 2^64 - 1")


def _model(option: str, text: str | None, clock: Clock) -> tuple[Component, ...]:
    if text is None:
        return ()
    model = tuple(read_model(option, text))
    if clock is not Clock.VIRTUAL:
        raise UsageError(f"{option} needs virtual time", do="add --clock virtual")
    return model


def _check_target(option: str, path: Path) -> None:
    """A file that cannot be written is better known before an hour has been played."""
    if path.is_dir():
        raise UsageError(f"{option} is a folder", where=str(path), do="name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{option}: no such folder", where=str(path.parent), do="make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{option} cannot be written", where=str(path), do="choose another place")


def _keep(
    result: Result,
    facts: PlayFacts,
    settings: PlaySettings,
    *,
    record: Path | None,
    trace: Path | None,
    keep_all: bool,
) -> Result:
    """Put away what is kept; the result names it."""
    kept: dict[str, str] = {}
    wav = record or (settings.folder / "recording.wav" if keep_all else None)
    if wav is not None and facts.far_end != "none":
        write_wav(wav, np.ascontiguousarray(facts.recorded), round(facts.sample_rate))
        kept["recording"] = str(wav)
    made = settings.folder / "io.trace"
    if trace is not None:
        if not (trace.exists() and trace.samefile(made)):
            shutil.copyfile(made, trace)
        kept["trace"] = str(trace)
    elif keep_all:
        kept["trace"] = str(made)
    if keep_all:
        kept["result"] = str(settings.folder / "result.json")
    result = result.model_copy(update={"artefacts": kept})
    if keep_all:
        save_result(result, settings.folder / "result.json")
        for stem in ("reader.f32", "reader.arrivals", f"{settings.signal}.wav"):
            (settings.folder / stem).unlink(missing_ok=True)
    return result
