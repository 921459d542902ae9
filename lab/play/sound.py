"""What is heard behind a lossy codec: three ways to listen, and how much each could judge.

Where each piece of a recording belongs is known from the packets' numbers. Sound says whether the
numbers are true, and what was wrong before they were given.

- *Tones*: of a signal that is one (`TONES`), the detectors of `lab.signals` with their calibrated
  limits say everything: cuts, repeats, gaps, dips, clicks. Of any other signal they say nothing.
- *Delay*: stretches of half a second are looked for where they are due
  (`lab.signals.delay.find_delay`, which refuses an answer that is not sure): a cut or a repeat that
  no number tells. A signal that repeats itself, or has too narrow a band, has no delay.
- *Resemblance*: every 20 ms that are not silent resemble what was played, whatever it is. Opus at
  128 kbit/s keeps a correlation of 0.6 and more with white noise, of 0.95 with anything else; audio
  of another place, or silence, has 0.35 at most with noise. Of a steady tone it says little. A
  driver that is told to send fewer bits keeps less of noise: where the usual block has less than
  0.6 although delays are sure, only drop-outs are told, and no second counts as judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.measure.packet_places import LOOK_AHEAD_FRAMES, heard_frame
from lab.signals.align import Segment
from lab.signals.delay import Delay, find_delay
from lab.signals.envelope import listen, measure_envelope
from lab.signals.lossy import GLITCH_PAIR_HZ, runs_of
from lab.signals.sine import GLITCH_TONE_HZ
from lab.signals.time_line import track_time_line

TONES: Mapping[str, tuple[float, ...]] = {"pair": GLITCH_PAIR_HZ, "sine": (GLITCH_TONE_HZ,)}
"""Signals of `lab.play.signals` that are tones, and their frequencies, Hz."""

BLOCK_FRAMES = 960
CHUNK_BLOCKS = 500
"""Compared in one go: memory does not grow with the recording."""
LEAST_RESEMBLANCE = 0.5
USUAL_RESEMBLANCE = 0.6
SURE_SHARE = 0.8
"""Of the stretches that were looked for: as many must be where they are due to excuse the codec."""
ONSET_FRAMES = 1_920
"""So long an encoder needs for a tone that begins at once, before its level is steady."""
SILENT_LEVEL = 1e-3
"""RMS below which a block of the source says nothing, -60 dBFS."""
GAP_SHARE = 0.1
"""Of the source's level, -20 dB: below, it is a gap."""
STRETCH_FRAMES = 24_000
REACH_FRAMES = 4_800
"""So far from where it is due a stretch is looked for."""
SURE_FRAMES = 2.0
"""A delay that differs by no more is the same."""

Places = list[tuple[int, int]]
"""First and last-plus-one frame of stretches."""


@dataclass(frozen=True)
class Heard:
    """Something that was wrong.

    Attributes
    ----------
    kind
        ``"drop"``, ``"repeat"``, ``"offset"``, ``"gap"``, ``"dip"``, ``"click"`` as
        `lab.signals.lossy.Kind`; ``"unlike"``: not what was played.
    recorded_frame, frames
        Where in the recording, and its size.
    """

    kind: str
    recorded_frame: int
    frames: int


@dataclass(frozen=True)
class SoundReport:
    """What was heard.

    Attributes
    ----------
    faults
        In the order of the recording, each once.
    delay_frames
        Of the codec, by the first stretch whose place is sure; None: no stretch is.
    tones_s, delay_s, resemblance_s
        Seconds of audio that each way could judge.
    """

    faults: tuple[Heard, ...]
    delay_frames: float | None
    tones_s: float
    delay_s: float
    resemblance_s: float


def listen_behind_codec(
    source: NDArray[np.float32],
    recorded: NDArray[np.float32],
    segments: list[Segment],
    spoiled: Places,
    *,
    tones_hz: tuple[float, ...] = (),
    sample_rate: float = 48_000.0,
) -> SoundReport:
    """Compare what arrived with what was played.

    Parameters
    ----------
    source
        Shape (frames, channels).
    recorded
        Shape (n, channels).
    segments
        Which source frames are heard where (`lab.play.wire_facts.heard_segments`).
    spoiled
        What the fate of a packet explains: it is no fault of its own.
    tones_hz
        Of a source that is a tone; empty: it is none.
    sample_rate
        Hz.

    Returns
    -------
    SoundReport
    """
    stretches, tried = _delays(source, recorded, segments, spoiled)
    by_tones: list[Heard] = []
    tones_s = 0.0
    if tones_hz:
        begin, end = _ends_of_source(segments, len(source), len(recorded))
        told = _by_tones(recorded, begin + ONSET_FRAMES, end, tones_hz, sample_rate)
        if told is not None:
            tones_s = (end - begin - ONSET_FRAMES) / sample_rate
            by_tones = [one for one in told if not _is_within(one, spoiled)]
    places = stretches or _by_jumps(by_tones, segments)
    blocks = _Blocks.of(source, recorded, segments)
    excuse = tried > 0 and len(stretches) >= SURE_SHARE * tried
    unlike, compared = _unlike(blocks, spoiled, places, may_be_coarse=excuse)
    faults = [move.heard(_where(blocks, move)) for move in _moves(stretches)]
    unlike = [one for one in unlike if not _is_heard(one, faults)]
    others = [one for one in faults + unlike if not _is_heard(one, by_tones)]
    faults = sorted(by_tones + others, key=lambda one: one.recorded_frame)
    first = stretches[0].error if stretches else None
    return SoundReport(
        faults=tuple(faults),
        delay_frames=None if first is None else LOOK_AHEAD_FRAMES + first,
        tones_s=tones_s,
        delay_s=len(stretches) * STRETCH_FRAMES / sample_rate,
        resemblance_s=compared * BLOCK_FRAMES / sample_rate,
    )


# ---- tones ---------------------------------------------------------------------------------------


def _by_tones(
    recorded: NDArray[np.float32],
    begin: int,
    end: int,
    tones_hz: tuple[float, ...],
    sample_rate: float,
) -> list[Heard] | None:
    """None when there is too little to judge, or no tone in it."""
    recorded = recorded[begin : max(end, begin)]
    try:
        jumps = track_time_line(recorded, sample_rate=sample_rate, tones_hz=tones_hz).found
        early = -min(round(sum(one.moved_frames for one in jumps)), 0)
        if early:
            # The tone ends before it is due, and the codec makes a dip of that.
            recorded = recorded[: max(len(recorded) - early - BLOCK_FRAMES, 0)]
        envelope = measure_envelope(recorded, sample_rate=sample_rate, tones_hz=tones_hz)
    except SignalError:
        return None
    return [
        Heard(str(one.kind), begin + one.first_frame, abs(round(one.frames)))
        for one in listen(envelope, jumps)
    ]


def _ends_of_source(
    segments: list[Segment], source_frames: int, recorded_frames: int
) -> tuple[int, int]:
    """Around it silence was played, and a tone that begins or ends is no fault."""
    begins = [
        each.recorded_frame + max(-each.source_frame, 0) for each in segments if each.source_end > 0
    ]
    ends = [
        each.recorded_frame + source_frames - each.source_frame
        for each in segments
        if each.source_frame < source_frames <= each.source_end
    ]
    end = min(max(ends, default=recorded_frames), recorded_frames)
    return min(begins, default=0), end


# ---- delay ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stretch:
    """A stretch of the source whose place in the recording is sure.

    `error`: by how many frames it comes later than its packets' numbers say.
    """

    source_frame: int
    recorded_frame: int
    error: float


def _delays(
    source: NDArray[np.float32],
    recorded: NDArray[np.float32],
    segments: list[Segment],
    spoiled: Places,
) -> tuple[list[_Stretch], int]:
    """Those whose place is sure, and how many were looked for."""
    found, tried = [], 0
    for each in segments:
        begin = max(each.source_frame, 0)
        end = min(each.source_end, len(source))
        for at in range(begin, end - STRETCH_FRAMES + 1, STRETCH_FRAMES):
            due = each.recorded_frame + at - each.source_frame
            if _overlaps(due, due + STRETCH_FRAMES, spoiled):
                continue
            burst = source[at : at + STRETCH_FRAMES]
            if float(np.sqrt(np.mean(np.square(burst, dtype=np.float64)))) < SILENT_LEVEL:
                continue
            tried += 1
            low = max(due - REACH_FRAMES, 0)
            delay = find_delay(recorded[low : due + STRETCH_FRAMES + REACH_FRAMES], burst)
            if isinstance(delay, Delay) and not delay.inverted:
                found.append(_Stretch(at, due, low + delay.frames - due))
    return found, tried


@dataclass(frozen=True)
class _Move:
    """A change of the delay, somewhere between two frames of the source."""

    from_frame: int
    to_frame: int
    recorded_frame: int
    old: float
    new: float

    def heard(self, recorded_frame: int) -> Heard:
        """As a fault, at its place."""
        by = self.new - self.old
        return Heard("repeat" if by > 0 else "drop", recorded_frame, abs(round(by)))


def _moves(stretches: list[_Stretch]) -> list[_Move]:
    """Where the delay changes; that of the first stretch is held against no delay at all."""
    moves: list[_Move] = []
    error, begin = 0.0, 0
    for each in stretches:
        if abs(each.error - error) > SURE_FRAMES:
            end = each.source_frame + STRETCH_FRAMES
            moves.append(_Move(begin, end, each.recorded_frame, error, each.error))
            error = each.error
        begin = each.source_frame
    return moves


def _by_jumps(by_tones: list[Heard], segments: list[Segment]) -> list[_Stretch]:
    """The same of a tone, from its jumps: what they cut out is not missed a second time."""
    places = [_Stretch(0, 0, 0.0)]
    for one in by_tones:
        by = {"drop": -one.frames, "repeat": one.frames}.get(one.kind, 0)
        frame = heard_frame(segments, one.recorded_frame)
        if by and frame is not None:
            places.append(_Stretch(frame, one.recorded_frame, places[-1].error + by))
    return places


# ---- resemblance -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Blocks:
    """Blocks of the source, and where in the recording they are due by their numbers.

    `source_frame`, `due`: shape (n,).
    """

    source: NDArray[np.float32]
    recorded: NDArray[np.float32]
    source_frame: NDArray[np.int64]
    due: NDArray[np.int64]

    @classmethod
    def of(
        cls, source: NDArray[np.float32], recorded: NDArray[np.float32], segments: list[Segment]
    ) -> _Blocks:
        begins, dues = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for each in segments:
            skipped = max(-each.source_frame, 0)
            begin = each.source_frame + skipped
            count = max(min(each.source_end, len(source)) - begin, 0) // BLOCK_FRAMES
            at = np.arange(count, dtype=np.int64) * BLOCK_FRAMES
            begins.append(begin + at)
            dues.append(each.recorded_frame + skipped + at)
        return cls(source, recorded, np.concatenate(begins), np.concatenate(dues))

    def part(self, which: slice | NDArray[np.intp]) -> _Blocks:
        """Some of them."""
        return _Blocks(self.source, self.recorded, self.source_frame[which], self.due[which])

    def power(self) -> NDArray[np.float64]:
        """Of what was played, shape (n,)."""
        return np.asarray(np.mean(self._played() ** 2, axis=1))

    def likeness(self, error: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Correlation with what is heard so many frames later than due, and the power of that."""
        played, heard = self._played(), self._heard(error)
        power, gained = np.mean(played**2, axis=1), np.mean(heard**2, axis=1)
        product = np.mean(played * heard, axis=1)
        return product / np.sqrt(np.maximum(power * gained, 1e-30)), gained

    def is_there(self, error: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether so much was recorded at all."""
        place = self.due + error
        return np.asarray((place >= 0) & (place + BLOCK_FRAMES <= len(self.recorded)))

    def _played(self) -> NDArray[np.float64]:
        return self._cut(self.source, self.source_frame)

    def _heard(self, error: NDArray[np.int64]) -> NDArray[np.float64]:
        last = max(len(self.recorded) - BLOCK_FRAMES, 0)
        return self._cut(self.recorded, np.clip(self.due + error, 0, last))

    def _cut(self, audio: NDArray[np.float32], at: NDArray[np.int64]) -> NDArray[np.float64]:
        samples = BLOCK_FRAMES * audio.shape[1]
        if len(audio) < BLOCK_FRAMES:
            return np.zeros((len(at), samples))
        frames = at[:, np.newaxis] + np.arange(BLOCK_FRAMES)
        return np.asarray(audio[frames].reshape(len(at), samples), dtype=np.float64)


def _unlike(
    blocks: _Blocks, spoiled: Places, places: list[_Stretch], *, may_be_coarse: bool
) -> tuple[list[Heard], int]:
    """Runs of blocks that are something else, and how many blocks were compared.

    Near a stretch a block may be where that stretch is: a change may lie anywhere between them.
    """
    if not places:
        places = [_Stretch(0, 0, 0.0)]
    begins = np.array([each.source_frame for each in places])
    errors = np.round([each.error for each in places]).astype(np.int64)
    last = np.searchsorted(begins, blocks.source_frame, side="right") - 1
    judged = np.zeros(len(last), dtype=bool)
    gap, likeness = judged.copy(), np.zeros(len(last))
    for low in range(0, len(last), CHUNK_BLOCKS):
        part = slice(low, low + CHUNK_BLOCKS)
        judged[part], likeness[part], gap[part] = _compare(
            blocks.part(part),
            [errors[np.clip(last[part] + to, 0, len(places) - 1)] for to in (-1, 0, 1)],
        )
    for first, end in spoiled:
        judged &= (blocks.due >= end) | (blocks.due + BLOCK_FRAMES <= first)
    is_coarse = (
        may_be_coarse and judged.any() and float(np.median(likeness[judged])) < USUAL_RESEMBLANCE
    )
    wrong = gap if is_coarse else gap | (likeness < LEAST_RESEMBLANCE)
    found = []
    for first, end in runs_of(judged & wrong):
        kind = "gap" if bool(np.any(gap[first:end])) else "unlike"
        place = int(blocks.due[first] + errors[max(int(last[first]), 0)])
        found.append(Heard(kind, place, (end - first) * BLOCK_FRAMES))
    return found, 0 if is_coarse else int(np.count_nonzero(judged))


def _compare(
    blocks: _Blocks, errors: list[NDArray[np.int64]]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    """Which blocks can be judged, what each resembles at best, and which are silent."""
    power = blocks.power()
    judged = np.sqrt(power) >= SILENT_LEVEL
    likeness, gained = np.full(len(power), -1.0), np.zeros(len(power))
    for error in errors:
        judged &= blocks.is_there(error)
        here, there = blocks.likeness(error)
        likeness, gained = np.maximum(likeness, here), np.maximum(gained, there)
    return judged, likeness, np.asarray(gained < GAP_SHARE**2 * power)


def _where(blocks: _Blocks, move: _Move) -> int:
    """The frame of the recording from which on the new delay fits better than the old one."""
    near = (blocks.source_frame >= move.from_frame) & (blocks.source_frame < move.to_frame)
    at = np.flatnonzero(near)
    if at.size == 0:
        return move.recorded_frame
    part = blocks.part(at)
    old, _ = part.likeness(np.full(len(at), round(move.old), dtype=np.int64))
    new, _ = part.likeness(np.full(len(at), round(move.new), dtype=np.int64))
    gain = np.concatenate(([0.0], np.cumsum(old - new)))
    first = min(int(np.argmax(gain)), len(at) - 1)
    return int(part.due[first]) + round(move.old)


# ---- places --------------------------------------------------------------------------------------


def _overlaps(begin: int, end: int, places: Places) -> bool:
    return any(first < end and begin < last for first, last in places)


def _is_within(one: Heard, places: Places) -> bool:
    begin = one.recorded_frame - BLOCK_FRAMES
    return _overlaps(begin, one.recorded_frame + _length(one) + 1, places)


def _is_heard(one: Heard, by_tones: list[Heard]) -> bool:
    """Whether another way has heard it, within a tenth of a second."""
    return _overlaps(
        one.recorded_frame - REACH_FRAMES,
        one.recorded_frame + _length(one) + REACH_FRAMES,
        [(other.recorded_frame, other.recorded_frame + _length(other) + 1) for other in by_tones],
    )


def _length(one: Heard) -> int:
    """In the recording: what was cut out has none."""
    return one.frames if one.kind in {"gap", "dip", "click", "unlike"} else 0
