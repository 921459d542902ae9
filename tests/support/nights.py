"""Nights that nobody ran: small and large, good and bad."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram

from lab.night.calibration import calibration_of
from lab.night.record import (
    Calibration,
    CalibrationRow,
    Change,
    Coverage,
    DriverLine,
    Machine,
    Night,
    Sweep,
    SweepCell,
    Trend,
)
from lab.results import (
    DriverIdentity,
    Glitch,
    Histogram,
    HostFitness,
    Measurement,
    Result,
    Verdict,
)
from lab.signals.lossy import published
from tests.support.glitch_audio import write_clips

TONIGHT = "2026-11-22"
DRIVERS = ("Gecko Sink", "Bunghole", "Null")
PROFILES = ("macos-11", "macos-13", "macos-14", "macos-15", "macos-26")
FAULTS = ("none", "reader-stall", "clock-step", "ring-overrun", "suspend")
SIGNALS = ("sine", "sweep", "counter", "noise")
HOSTILE = "<script>alert(1)</script>"
REASON = "\"lost\" 3 > 0 & 'broken' </script><img src=x onerror=alert(2)> <!--"


def nights_until(count: int) -> list[str]:
    """So many dates, tonight last."""
    last = date.fromisoformat(TONIGHT)
    return [(last - timedelta(days=count - 1 - at)).isoformat() for at in range(count)]


# ---- parts ---------------------------------------------------------------------------------------


def histogram(
    name: str = "latency", *, seed: int = 0, count: int = 20_000, centre: float = 180
) -> Histogram:
    """Delays as a healthy machine has them, with a tail."""
    random = np.random.default_rng(seed)
    values = random.gamma(6, centre / 6, count) + random.pareto(3, count) * centre / 6
    recorded = HdrHistogram(1, 60_000_000, 2)
    for value, times in zip(
        *np.unique(np.maximum(values.astype(np.int64), 1), return_counts=True), strict=True
    ):
        recorded.record_value(int(value), int(times))
    return Histogram(name=name, unit="us", encoded=recorded.encode().decode(), period=10_000)


def measured(lost: int = 0, *, seed: int = 0) -> list[Measurement]:
    """What a run measures."""
    random = np.random.default_rng(seed)
    return [
        Measurement(name="frames-sent", value=480_000, unit="frames"),
        Measurement(name="frames-received", value=480_000 - lost, unit="frames"),
        Measurement(name="frames-lost", value=lost, unit="frames", limit=0),
        Measurement(name="frames-duplicated", value=0, unit="frames", limit=0),
        Measurement(name="latency-p50", value=round(random.uniform(150, 190), 2), unit="us"),
        Measurement(
            name="latency-p99",
            value=round(random.uniform(300, 460), 1),
            unit="us",
            limit=1_000,
            margin=0.1,
            wall_clock=True,
        ),
        Measurement(name="underruns", value=0, kind="count", limit=0),
        Measurement(name="late-cycles", value=int(random.integers(0, 2)), kind="count"),
        Measurement(name="cycles", value=1_000),
        Measurement(name="driver-time-per-cycle-p99", value=12.5, unit="us"),
    ]


def result(
    driver: str = DRIVERS[0],
    scenario: str = "does-every-sample-arrive",
    *,
    lost: int = 0,
    seed: int = 0,
    **more: Any,
) -> Result:
    """A run of ten seconds."""
    measurements = measured(lost, seed=seed)
    told: dict[str, Any] = {
        "scenario": scenario,
        "parameters": {"signal": "sine", "fault": "none"},
        "driver": DriverIdentity(path=f"drivers/{driver}.driver", sha256="ab12" * 16, name=driver),
        "profile": "macos-26",
        "seed": seed,
        "command": f"hal-lab play --driver '{driver}.driver' --profile macos-26 --seed {seed}",
        "started_at": f"{TONIGHT}T03:00:00+00:00",
        "duration_s": 1.25,
        "audio_s": 10.0,
        "measurements": measurements,
        "verdict": Verdict.FAIL if lost else Verdict.PASS,
        "reason": f"frames-lost {lost} frames, limit <= 0 frames" if lost else "",
    }
    return Result.model_validate(told | more)


def trend_of(run: Result, measurement: str, values: Sequence[float | None], **more: Any) -> Trend:
    """Over as many nights as there are values."""
    driver = run.driver.name if run.driver is not None else ""
    told = {"key": run.key, "driver": driver, "scenario": run.scenario, "measurement": measurement}
    nights = nights_until(len(values))
    return Trend.model_validate(told | {"nights": nights, "values": list(values)} | more)


def machine() -> Machine:
    """One that could judge nearly all."""
    fitness = HostFitness(
        probes=200,
        wake_p50_us=61,
        wake_p99_us=240,
        wake_max_us=3_900,
        steal_percent=0.4,
        run_delay_percent=1.2,
        realtime_priority=True,
        processors=2,
    )
    return Machine(
        name="lab-7",
        system="Linux 6.1 x86_64",
        processor="2 x AMD EPYC",
        fitness=fitness,
        fit_runs=38,
        unfit_runs=2,
    )


def coverage(driver: str, *, misses: int = 3) -> list[Coverage]:
    """Of entry points, and of properties."""
    points = ("Initialize", "CreateDevice", "DestroyDevice", "AddDeviceClient", "StartIO", "StopIO",
              "GetZeroTimeStamp", "WillDoIOOperation", "BeginIOOperation", "DoIOOperation",
              "EndIOOperation")  # fmt: skip
    properties = ("adev:nsrt", "adev:ltnc", "adev:saft", "adev:ring", "astr:sfmt", "astr:pft ",
                  "lvlc:lcsv", "mute:bcvl")  # fmt: skip
    return [
        Coverage(
            driver=driver,
            what="entry points",
            asked={name: 10 ** (at % 6) for at, name in enumerate(points[misses:])},
            never=list(points[:misses]),
        ),
        Coverage(
            driver=driver,
            what="properties",
            asked={name: 3 * (at + 1) for at, name in enumerate(properties[1:])},
            never=[properties[0]],
        ),
    ]


def line_of(name: str, results: Sequence[Result], sentence: str = "") -> DriverLine:
    """What a night says of one driver."""
    own = [r for r in results if r.driver is not None and r.driver.name == name]
    counts = {verdict: sum(r.verdict is verdict for r in own) for verdict in Verdict}
    judged = (Verdict.FAIL, Verdict.MARGINAL)
    worst = next((verdict for verdict in judged if counts[verdict]), Verdict.PASS)
    return DriverLine(
        name=name,
        sha256="ab12" * 16,
        verdict=worst,
        sentence=sentence or f"{counts[Verdict.FAIL]} of {len(own)} runs failed",
        counts={verdict: count for verdict, count in counts.items() if count},
        glitches=sum(r.glitch_count for r in own),
    )


# ---- nights --------------------------------------------------------------------------------------


def sweep_of(
    driver: str = DRIVERS[0], *, columns: int = 5, rows: int = 4, seeds: int = 20, **more: Any
) -> Sweep:
    """Over ring and jitter: small rings and late readers have glitches."""
    x = [str(1_024 << at) for at in range(columns)]
    y = [str(5 * at) for at in range(rows)]
    cells = [
        SweepCell(column=c, row=r, runs=seeds, glitched=round(seeds * r / rows) >> c)
        for c in range(columns)
        for r in range(rows)
    ]
    told: dict[str, Any] = {
        "night": f"{TONIGHT}-sweep",
        "driver": driver,
        "sha256": "ab12" * 16,
        "x": "ring_frames",
        "y": "jitter_ms",
        "columns": x,
        "rows": y,
        "cells": cells,
        "runs": sum(cell.runs for cell in cells),
        "glitched": sum(cell.glitched for cell in cells),
        "seeds": seeds,
        "command": f"hal-lab sweep --driver '{driver}' --layout v2 --late-wake-ups 10 --over "
        f"ring_frames={','.join(x)} --over jitter_ms={','.join(y)} --seeds {seeds}",
    }
    return Sweep.model_validate(told | more)


def night_of(results: Sequence[Result], **more: Any) -> Night:
    """A night of these results, without changes."""
    names = list(dict.fromkeys(r.driver.name for r in results if r.driver is not None))
    lines = [line_of(name, results) for name in names]
    lines.sort(key=lambda line: line.verdict is not Verdict.FAIL)
    told: dict[str, Any] = {
        "night": TONIGHT,
        "made_at": f"{TONIGHT}T03:10:00+00:00",
        "hal_lab": "0.4.0",
        "commit": "0123456789abcdef",
        "matrix": "quick",
        "command": "hal-lab nightly --quick",
        "duration_s": 151.0,
        "planned": len(results),
        "previous": nights_until(2)[0],
        "machine": machine(),
        "drivers": lines,
        "results": list(results),
    }
    return Night.model_validate(told | more)


def quiet_night() -> Night:
    """All is well, and nothing changed."""
    runs = [result(driver, seed=at) for at, driver in enumerate(DRIVERS)]
    return night_of(runs)


def planted_night(folder: Path) -> Night:
    """Bunghole loses frames since three nights: a regression that was planted."""
    glitches = [
        Glitch(
            kind=kind,
            position_frame=position,
            frames=frames,
            cause=cause,
            at_ns=position * 20_833,
            cycle=position // 480,
            clip=f"glitch-{at}",
        )
        for at, (kind, position, frames, cause) in enumerate(
            [
                ("lost", 96_123, 12, "driver-logic"),
                ("lost", 192_480, 12, "driver-logic"),
                ("silence", 301_000, 64, "transport-stall"),
                ("duplicate", 402_017, 32, "driver-over-budget"),
            ]
        )
    ]
    broken = result(
        "Bunghole",
        "does-every-sample-arrive",
        lost=24,
        seed=4711,
        transport="vsock tier b",
        command="hal-lab play --driver Bunghole.driver --profile macos-26 --clock virtual "
        "--signal sine --seed 4711",
        glitches=glitches,
        glitch_count=len(glitches),
        artefacts=write_clips(folder, glitches, of="planted"),
        histograms=[histogram(seed=1, centre=320)],
    )
    runs = [
        broken,
        *(
            result(driver, scenario, seed=at, histograms=[histogram(seed=at, centre=120 + 30 * at)])
            for at, driver in enumerate(DRIVERS)
            for scenario in ("how-late", "does-a-cut-heal", "is-silence-silent")
        ),
        result("Gecko Sink", "wakes-in-time", verdict=Verdict.MARGINAL, clock="realtime",
               reason="close: latency-p99 940 us, limit <= 1000 us"),
        result("Null", "wakes-in-time", verdict=Verdict.UNFIT_MACHINE, clock="realtime",
               reason="latency-p99 1,940 us, but the hypervisor takes 7.1 % of the processors"),
        result("Bunghole", "over-a-real-vsock", verdict=Verdict.SKIPPED, measurements=[],
               reason="vsock: this kernel has no vsock_loopback"),
    ]  # fmt: skip
    faster = next(r for r in runs if r.driver and r.driver.name == "Gecko Sink")
    since = nights_until(3)[0]
    lost: list[float | None] = [24.0 if at >= 27 else 0.0 for at in range(30)]
    lost[9] = None
    random = np.random.default_rng(5)
    latency: list[float | None] = [*random.normal(410, 14, 18), *random.normal(330, 12, 12)]
    changes = [
        Change(
            key=faster.key,
            driver="Gecko Sink",
            scenario=faster.scenario,
            measurement="latency-p99",
            unit="us",
            before=410.2,
            after=331.0,
            since=nights_until(12)[0],
            nights=12,
            is_worse=False,
            sentence="latency p99 of Gecko Sink went from 410 us to 331 us",
            p_value=0.00002,
            command=faster.command,
            result_id=faster.id,
        ),
        Change(
            key=broken.key,
            driver="Bunghole",
            scenario=broken.scenario,
            measurement="frames-lost",
            unit="frames",
            before=0,
            after=24,
            since=since,
            nights=3,
            sentence="Bunghole loses 24 frames in 10 s of a sine over vsock; it lost none before",
            confirmed=True,
            command=broken.command,
            result_id=broken.id,
            driver_changed=True,
        ),
    ]
    return night_of(
        runs,
        changes=changes,
        trends=[
            trend_of(broken, "frames-lost", lost, unit="frames", limit=0, since=[since]),
            trend_of(faster, "latency-p99", latency, unit="us", limit=1_000,
                     since=[nights_until(12)[0]]),
            trend_of(runs[4], "latency-p50", list(random.normal(170, 5, 30)), unit="us"),
            trend_of(runs[7], "driver-time-per-cycle-p99", list(random.normal(12, 1, 30)),
                     unit="us", limit=40),
        ],
        coverage=[c for at, driver in enumerate(DRIVERS) for c in coverage(driver, misses=at + 1)],
        calibration=calibration_of(published()),
    )  # fmt: skip


def swept_night(folder: Path) -> Night:
    """The planted regression, and sweeps of two drivers."""
    sweeps = [sweep_of(), sweep_of(DRIVERS[1], columns=24, rows=12, failed=3)]
    return planted_night(folder).model_copy(update={"sweeps": sweeps})


def hostile_night() -> Night:
    """Every word that comes from elsewhere is an attack on the page."""
    glitches = [Glitch(kind=HOSTILE, position_frame=3, frames=1, cause=HOSTILE, clip=HOSTILE)]
    run = result(
        HOSTILE,
        f"{HOSTILE}::{REASON}",
        lost=3,
        parameters={HOSTILE: REASON},
        profile=HOSTILE,
        transport=REASON,
        command=f"echo {REASON}",
        reason=REASON,
        measurements=[
            Measurement(name=HOSTILE, value=1, unit=HOSTILE, limit=0),
            Measurement(name="latency\u2028p50", value=1, unit="us"),
        ],
        glitches=glitches,
        glitch_count=1,
        histograms=[
            Histogram(name=HOSTILE, unit=HOSTILE, encoded=histogram().encoded),
            Histogram(name="broken", unit="us", encoded=HOSTILE),
        ],
        artefacts={HOSTILE: "../../../etc/passwd", "js": "javascript:alert(3)", REASON: REASON},
    )
    change = Change(
        key=run.key,
        driver=HOSTILE,
        scenario=REASON,
        measurement=HOSTILE,
        unit=HOSTILE,
        before=0,
        after=3,
        since=HOSTILE,
        sentence=REASON,
        command=REASON,
        result_id=run.id,
    )
    trend = trend_of(run, HOSTILE, [0, 0, 3], unit=HOSTILE)
    return night_of(
        [run],
        hal_lab=HOSTILE,
        commit=HOSTILE,
        matrix=HOSTILE,
        command=REASON,
        previous=HOSTILE,
        complaints=[REASON],
        stopped=REASON,
        planned=9,
        machine=Machine(name=HOSTILE, system=REASON, processor=HOSTILE),
        drivers=[DriverLine(name=HOSTILE, verdict=Verdict.FAIL, sentence=REASON, sha256=HOSTILE)],
        changes=[change],
        trends=[trend, trend.model_copy(update={"nights": [HOSTILE, REASON, "x"]})],
        coverage=[Coverage(driver=HOSTILE, what=REASON, asked={HOSTILE: 2}, never=[REASON])],
        calibration=Calibration(
            measured_with=HOSTILE,
            trials=1,
            rows=[CalibrationRow(detector=HOSTILE, fault=REASON, path=HOSTILE, unit=HOSTILE)],
        ),
        sweeps=[
            sweep_of(
                HOSTILE,
                columns=2,
                rows=1,
                night=HOSTILE,
                sha256=HOSTILE,
                x=HOSTILE,
                y=REASON,
                others={HOSTILE: [REASON]},
                failed=1,
                command=REASON,
            ).model_copy(update={"columns": [HOSTILE, REASON], "rows": [HOSTILE]})
        ],
    )


def large_night(folder: Path, *, results: int = 2_000, clips: int = 60) -> Night:
    """So many results, of which some failed, with so many clips in all."""
    runs = []
    for at in range(results):
        lost = 3 * (at % 31 == 7)
        glitches = [
            Glitch(
                kind=("lost", "silence", "duplicate", "corrupt")[at % 4],
                position_frame=1_000 + 7_919 * n,
                frames=8 + n,
                cause=("driver-logic", "machine", "ring-overrun")[n % 3],
                clip=f"g{n}" if clips > 0 else "",
            )
            for n in range(3 if lost else 0)
        ]
        named = [g for g in glitches if g.clip][: max(clips, 0)]
        clips -= len(named)
        runs.append(
            result(
                DRIVERS[at % 3],
                f"test_does_every_sample_arrive_{at // 60}.py::test_case[{FAULTS[at % 5]}]",
                lost=lost,
                seed=at,
                parameters={"signal": SIGNALS[at % 4], "fault": FAULTS[at // 4 % 5],
                            "period": str(128 << at % 4), "ring": str(4_096 << at % 3)},
                profile=PROFILES[at // 20 % 5],
                clock=("virtual", "realtime")[at % 8 == 0],
                glitches=glitches,
                glitch_count=len(glitches),
                artefacts=write_clips(folder, named, of=str(at)),
                histograms=[histogram(seed=at % 5, count=2_000)] if at % 10 == 0 else [],
            )
        )  # fmt: skip
    trends = [
        trend_of(run, "latency-p50", [160 + (n * 7 + at) % 13 for n in range(60)], unit="us")
        for at, run in enumerate(runs[:400])
    ]
    changes = [
        Change(
            key=run.key,
            driver=DRIVERS[at % 3],
            scenario=run.scenario,
            measurement="frames-lost",
            unit="frames",
            before=0,
            after=3,
            since=TONIGHT,
            sentence=f"frames lost went from 0 to 3 in {run.scenario}",
            confirmed=bool(at % 2),
            command=run.command,
            result_id=run.id,
        )
        for at, run in enumerate(r for r in runs[:700] if r.verdict is Verdict.FAIL)
    ]
    return night_of(
        runs,
        matrix="full",
        duration_s=3_900,
        changes=changes,
        trends=trends,
        coverage=[c for driver in DRIVERS for c in coverage(driver)],
    )


def glitchy_night(glitches: int = 50_000, *, runs: int = 50) -> Night:
    """So many glitches, all of which are in the results' lists."""
    kinds = ("lost", "silence", "duplicate", "underrun", "late-cycle")
    causes = ("driver-logic", "machine", "ring-overrun", "reader-late", "unknown")
    made = []
    for at in range(runs):
        found = [
            Glitch(
                kind=kinds[n % 5],
                position_frame=-1 if n % 5 == 3 else 480 * n,
                frames=n % 100,
                cause=causes[n // 5 % 5],
                at_ns=10_000_000 * n,
                cycle=n if n % 2 else -1,
            )
            for n in range(glitches // runs)
        ]
        made.append(
            result(DRIVERS[at % 3], f"storm-{at}", lost=3, seed=at, glitches=found,
                   glitch_count=len(found))
        )  # fmt: skip
    return night_of(made)


def forty_drivers(folder: Path) -> Night:
    """The planted regression among many that are good."""
    planted = planted_night(folder)
    more = [result(f"Driver {at}", seed=at) for at in range(37)]
    lines = [line_of(r.driver.name, more) for r in more if r.driver is not None]
    told = {"results": [*planted.results, *more], "drivers": [*planted.drivers, *lines]}
    return planted.model_copy(update=told)


def empty_night(**more: Any) -> Night:
    """Nothing was run."""
    return night_of([], previous="", machine=Machine(), **more)
