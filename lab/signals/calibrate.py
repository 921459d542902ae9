"""Calibration of the detectors behind a codec: known faults in, what is found out.

A *cell* is one detector, one fault of one size, on one path. Its faults lie at random places of one
long recording, 290 ms apart or more. A fault counts as found if exactly one record lies at its
place, and for jumps of the time line, if kind and size are right, too. The codec is passed in.

Limits are not chosen but follow: the greatest unrest in hours of clean coded audio, times `MARGIN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.signals import envelope as levels
from lab.signals.delay import Delay, find_delay, sequence_burst
from lab.signals.inject import Injected, damaged_pair, damaged_recording
from lab.signals.lossy import Found, Kind, Limits, glitch_pair, limits_of
from lab.signals.sweep import sweep
from lab.signals.time_line import track_time_line, unrest

Codec = Callable[[NDArray[np.float32], int, NDArray[np.bool_] | None], NDArray[np.float32]]
"""``codec(pcm, bitrate, lost) -> pcm``: 48 kHz stereo, packets of 20 ms, `lost` ones concealed."""

MARGIN = 1.5
SAMPLE_RATE = 48_000.0
PACKET_FRAMES = 960
LOOK_AHEAD_FRAMES = 312
BITRATE = 128_000
LOSS_SHARE = 0.01

_SPACING = 14_000
_JITTER = 2_000
_NEAR = 1_200
_EDGE = 24_000
_SIZE_TOLERANCE = 0.25
_PIECE_FRAMES = 60 * 48_000
_PIECES_PER_HOUR = 60


@dataclass(frozen=True)
class Cell:
    """One thing to measure.

    Attributes
    ----------
    detector
        ``"time-line"``, ``"dips"``, ``"clicks"``, ``"delay-sequence"``, ``"delay-sweep"``.
    fault
        ``"drop"``, ``"dip -6 dB"``, ...
    path
        ``"before"``: the fault is in what is encoded. ``"after"``: in what was decoded.
        ``"before, 1 % lost"``: as the first, with packets lost at random and concealed.
    size
        In `unit`.
    unit
        ``"frames"``, ``"of full scale"``, ``"packets"``, ``"dB over hiss"``.
    """

    detector: str
    fault: str
    path: str
    size: float
    unit: str = "frames"


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes
    ----------
    cell
        The cell.
    trials, found
        How many faults were put in, and how many of them found.
    extra
        Records at places where nothing was put in.
    position_frames, size_frames
        Absolute error at the 50th and 99th percentile of what was found; size errors of clicks are
        not measured (their lengths say nothing) and 0.
    """

    cell: Cell
    trials: int
    found: int
    extra: int
    position_frames: tuple[float, float]
    size_frames: tuple[float, float]

    def as_record(self) -> dict[str, Any]:
        """Plain data for the published file."""
        record = asdict(self) | asdict(self.cell)
        del record["cell"]
        record["position_frames"] = [round(value, 3) for value in self.position_frames]
        record["size_frames"] = [round(value, 3) for value in self.size_frames]
        return record

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Outcome:
        """The inverse of `as_record`."""
        names = ("detector", "fault", "path", "size", "unit")
        return cls(
            cell=Cell(**{name: record[name] for name in names}),
            trials=record["trials"],
            found=record["found"],
            extra=record["extra"],
            position_frames=(record["position_frames"][0], record["position_frames"][1]),
            size_frames=(record["size_frames"][0], record["size_frames"][1]),
        )


_JUMPS = (1, 2, 24, 48, 337, 960, 4_800)
_OFFSETS = (0.1, 0.15, 0.2, 0.5)
_LENGTHS = (2, 5, 10, 24, 48, 240, 960, 4_800)
_CLICKS = (0.0002, 0.0005, 0.001, 0.002, 0.02, 0.5)
_BURSTS = (64, 480, 4_800)
_OVER_HISS = (-24, -18, -12, -6)
_DIPS = {"gap": 0.0, "dip -6 dB": 0.5, "dip -1 dB": 0.891}


def all_cells() -> Iterator[Cell]:
    """Every cell of the published calibration."""
    for path in ("before", "after", "before, 1 % lost"):
        # The first of each kind will do where the fault comes after the codec, or under loss.
        few = None if path == "before" else 1
        for fault in ("drop", "repeat")[:few]:
            yield from (Cell("time-line", fault, path, size) for size in _JUMPS)
        for fault in list(_DIPS)[:few]:
            yield from (Cell("dips", fault, path, size) for size in _LENGTHS)
        yield from (Cell("clicks", "click", path, size, "of full scale") for size in _CLICKS)
    yield from (Cell("time-line", "offset", "before", size) for size in _OFFSETS)
    for detector in ("dips", "clicks"):
        yield from (Cell(detector, "packets lost", "concealed", n, "packets") for n in (1, 2, 3, 5))
    for detector in ("delay-sequence", "delay-sweep"):
        yield from (Cell(detector, "burst", "before", size) for size in _BURSTS)
        yield from (Cell(detector, "100 ms", "before", n, "dB over hiss") for n in _OVER_HISS)


def measure_cell(
    cell: Cell, codec: Codec, *, trials: int, seed: int, limits: Limits | None = None
) -> Outcome:
    """Put faults in and count what is found.

    Parameters
    ----------
    cell
        What.
    codec
        The codec.
    trials
        How many faults.
    seed
        Of their places. Same seed, same places.
    limits
        Of the detectors; the calibrated ones by default.

    Returns
    -------
    Outcome
    """
    rng = np.random.default_rng([seed, int(cell.size * 10_000) & 0xFFFFFFFF, len(cell.fault)])
    if cell.detector.startswith("delay"):
        return _measure_delay(cell, codec, trials, rng, limits)
    faults = _faults(cell, trials, rng)
    frames = faults[-1].first_frame + _EDGE
    frames += -frames % PACKET_FRAMES
    recorded, shift = _recorded(cell, codec, faults, frames, rng)
    return _account(cell, faults, _detect(cell.detector, recorded, limits), shift)


def measure_noise(codec: Codec, *, pieces: int, searches: int, seed: int) -> dict[str, Any]:
    """The greatest unrest where nothing is wrong.

    Parameters
    ----------
    codec
        The codec.
    pieces
        Recordings of a minute, each with a level and a phase of its own.
    searches
        How often a burst is looked for where there is none.
    seed
        Of all of that.

    Returns
    -------
    dict
        For `lab.signals.lossy.limits_of`.
    """
    phase, click, ratio = 0.0, 0.0, 0.0
    dip = [0.0] * len(levels.DIP_HOPS)
    for recorded in clean_pieces(codec, pieces, seed):
        phase = max(phase, unrest(recorded))
        envelope = levels.measure_envelope(recorded)
        dip = [max(a, b) for a, b in zip(dip, levels.dip_unrest(envelope), strict=True)]
        click = max(click, levels.click_unrest(envelope))
    for one in unrelated(codec, searches, seed):
        ratio = max(ratio, *(find_delay(one, b, limits=_NO_LIMITS).ratio for b in _bursts(4_800)))
    return {
        "phase_degrees": float(f"{phase:.4g}"),
        "dip": [float(f"{value:.4g}") for value in dip],
        "click": float(f"{click:.4g}"),
        "delay_ratio": float(f"{ratio:.4g}"),
    }


def count_false_alarms(
    codec: Codec, *, pieces: int, searches: int, seed: int, limits: Limits | None = None
) -> dict[str, dict[str, float]]:
    """What is reported where nothing is wrong.

    Parameters
    ----------
    codec, pieces, searches, seed
        As for `measure_noise`; take another seed than there.
    limits
        Of the detectors; the calibrated ones by default.

    Returns
    -------
    dict
        Per detector ``alarms`` and ``hours`` (``searches`` for delays).
    """
    detectors = ("time-line", "dips", "clicks")
    alarms = dict.fromkeys(detectors, 0)
    for recorded in clean_pieces(codec, pieces, seed):
        for detector in detectors:
            alarms[detector] += len(_detect(detector, recorded, limits))
    hours = pieces / _PIECES_PER_HOUR
    counts = {name: {"alarms": float(n), "hours": hours} for name, n in alarms.items()}
    believed = sum(
        isinstance(find_delay(one, burst, limits=limits), Delay)
        for one in unrelated(codec, searches, seed)
        for burst in _bursts(4_800)
    )
    counts["delay"] = {"alarms": float(believed), "searches": 2.0 * searches}
    lossy = _lossy_pieces(codec, max(1, pieces // 4), seed)
    jumps = sum(len(_detect("time-line", recorded, limits)) for recorded in lossy)
    counts["time-line, 1 % of packets lost"] = {
        "alarms": float(jumps),
        "hours": max(1, pieces // 4) / _PIECES_PER_HOUR,
    }
    return counts


def clean_pieces(codec: Codec, pieces: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """A minute each of the glitch pair, with the noise of 16 bits, coded."""
    for number in range(pieces):
        rng = np.random.default_rng([seed, 1, number])
        yield codec(_clean_pcm(rng, _PIECE_FRAMES), BITRATE, None)[_EDGE:]


def unrelated(codec: Codec, searches: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """A second each of coded noise, tones and hum without any burst."""
    for number in range(searches):
        rng = np.random.default_rng([seed, 2, number])
        pcm = rng.normal(0.0, 10.0 ** rng.uniform(-4, -1), (48_000, 2))
        if number % 3 == 1:
            pcm = np.cumsum(pcm, axis=0) - np.linspace(0.0, 1.0, 48_000)[:, None] * pcm.sum(axis=0)
            pcm *= 0.3 / np.max(np.abs(pcm))
        elif number % 3 == 2:
            pcm += glitch_pair(48_000, start_frame=int(rng.integers(48_000)), amplitude=0.1)
        yield codec(pcm.astype(np.float32), BITRATE, None)


_NO_LIMITS = limits_of({"phase_degrees": 0, "dip": (), "click": 0, "delay_ratio": 0}, 1.0)


def _clean_pcm(rng: np.random.Generator, frames: int) -> NDArray[np.float32]:
    amplitude = float(10.0 ** rng.uniform(-1.7, -0.1))
    start = int(rng.integers(1_000_000))
    pcm = glitch_pair(frames, amplitude=amplitude, start_frame=start)
    pcm += _dither(rng, frames)
    return pcm


def _dither(rng: np.random.Generator, frames: int) -> NDArray[np.float32]:
    """What rounding to 16 bits adds."""
    return (rng.random((frames, 2), dtype=np.float32) - np.float32(0.5)) / np.float32(32_768.0)


def _lossy_pieces(codec: Codec, pieces: int, seed: int) -> Iterator[NDArray[np.float32]]:
    for number in range(pieces):
        rng = np.random.default_rng([seed, 3, number])
        lost = rng.random(_PIECE_FRAMES // PACKET_FRAMES) < LOSS_SHARE
        yield codec(_clean_pcm(rng, _PIECE_FRAMES), BITRATE, lost)[_EDGE:]


def _faults(cell: Cell, trials: int, rng: np.random.Generator) -> list[Injected]:
    places = _EDGE + np.arange(trials) * _SPACING + rng.integers(0, _JITTER, trials)
    if cell.unit == "packets":
        places -= places % PACKET_FRAMES
        return [Injected(Kind.DIP, int(at), cell.size * PACKET_FRAMES) for at in places]
    if cell.detector == "clicks":
        signs = rng.choice((-1.0, 1.0), trials)
        return [
            Injected(Kind.CLICK, int(at), 1, float(sign) * cell.size)
            for at, sign in zip(places, signs, strict=True)
        ]
    if cell.detector == "dips":
        kind = Kind.GAP if cell.fault == "gap" else Kind.DIP
        return [Injected(kind, int(at), cell.size, _DIPS[cell.fault]) for at in places]
    if cell.fault == "offset":
        # There and back again, so that the sum stays small.
        return [
            Injected(Kind.OFFSET, int(at), cell.size * (1 if number % 2 else -1))
            for number, at in enumerate(places)
        ]
    return [Injected(Kind(cell.fault), int(at), cell.size) for at in places]


def _recorded(
    cell: Cell, codec: Codec, faults: Sequence[Injected], frames: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], int]:
    """The recording, and by how much later than said its faults lie."""
    start = int(rng.integers(1_000_000))
    if cell.path == "after":
        moved = sum(fault.frames for fault in faults if fault.kind is Kind.DROP)
        needed = frames + int(moved)
        pcm = glitch_pair(needed - needed % PACKET_FRAMES, start_frame=start)
        coded = codec(pcm + _dither(rng, len(pcm)), BITRATE, None)
        return damaged_recording(coded, faults)[:frames], 0
    if cell.unit == "packets":
        lost = np.zeros(frames // PACKET_FRAMES, dtype=np.bool_)
        for fault in faults:
            first = fault.first_frame // PACKET_FRAMES
            lost[first : first + round(cell.size)] = True
        pcm = glitch_pair(frames, start_frame=start) + _dither(rng, frames)
        return codec(pcm, BITRATE, lost), 0
    pcm = damaged_pair(frames, faults, start_frame=start) + _dither(rng, frames)
    at_random = rng.random(frames // PACKET_FRAMES) < LOSS_SHARE
    return codec(pcm, BITRATE, at_random if "lost" in cell.path else None), LOOK_AHEAD_FRAMES


def _detect(detector: str, recorded: NDArray[np.float32], limits: Limits | None) -> list[Found]:
    if detector == "time-line":
        return list(track_time_line(recorded, limits=limits).found)
    envelope = levels.measure_envelope(recorded)
    if detector == "dips":
        return levels.find_dips(envelope, limits)
    return levels.find_clicks(envelope, limits)


def _account(
    cell: Cell, faults: Sequence[Injected], records: Sequence[Found], shift: int
) -> Outcome:
    at = np.array([record.first_frame - shift for record in records], dtype=np.int64)
    matched = np.zeros(len(at), dtype=np.bool_)
    places, sizes = [], []
    for fault in faults:
        end = fault.first_frame + (0 if cell.detector == "time-line" else round(fault.frames))
        low, high = np.searchsorted(at, (fault.first_frame - _NEAR, end + _NEAR))
        matched[low:high] = True
        # A concealed loss has a beginning and an end.
        if high == low or (high - low != 1 and cell.unit != "packets"):
            continue
        record = records[int(low)]
        size = record.moved_frames if cell.detector == "time-line" else record.frames
        due = -fault.frames if fault.kind is Kind.DROP else fault.frames
        if cell.detector == "time-line" and abs(size - due) > _SIZE_TOLERANCE * min(1, abs(due)):
            continue
        places.append(abs(int(at[low]) - fault.first_frame))
        sizes.append(0.0 if cell.detector == "clicks" else abs(size - due))
    return Outcome(
        cell=cell,
        trials=len(faults),
        found=len(places),
        extra=int(np.count_nonzero(~matched)),
        position_frames=_spread(places),
        size_frames=_spread(sizes),
    )


def _spread(errors: Sequence[float]) -> tuple[float, float]:
    if not errors:
        return 0.0, 0.0
    middle, most = np.percentile(np.asarray(errors, dtype=np.float64), (50.0, 99.0))
    return float(middle), float(most)


def _bursts(frames: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    chirp = sweep(frames, sample_rate=SAMPLE_RATE, from_hz=100.0, to_hz=16_000.0)
    return sequence_burst(frames), chirp


def _measure_delay(
    cell: Cell, codec: Codec, trials: int, rng: np.random.Generator, limits: Limits | None
) -> Outcome:
    """Bursts in hiss: of different lengths 40 dB above it, or of 100 ms at different levels."""
    over_hiss = cell.unit == "dB over hiss"
    frames = 4_800 if over_hiss else round(cell.size)
    burst = _bursts(frames)[0 if cell.detector == "delay-sequence" else 1]
    rms = float(np.sqrt(np.mean(np.square(burst, dtype=np.float64))))
    hiss = 0.02 if over_hiss else 0.01 * rms
    loud = 10.0 ** (cell.size / 20.0) * hiss / rms if over_hiss else 1.0
    errors = []
    for _ in range(trials):
        pcm = rng.normal(0.0, hiss, (96_000, 2)).astype(np.float32)
        due = int(rng.integers(4_800, 90_000 - frames))
        pcm[due : due + frames] += np.float32(loud) * burst
        answer = find_delay(codec(pcm, BITRATE, None), burst, limits=limits)
        if isinstance(answer, Delay) and abs(answer.frames - due - LOOK_AHEAD_FRAMES) <= 1.0:
            errors.append(abs(answer.frames - due - LOOK_AHEAD_FRAMES))
    return Outcome(cell, trials, len(errors), 0, _spread(errors), _spread(errors))
