"""How full the ring between driver and reader was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.measure.trace import Records
from lab.report.perfetto.events import Event, Kind, Track, as_ns


def ring_track(
    records: Records, arrivals: NDArray[Any], *, ring_frames: int = 0, first_frame: int = 0
) -> Track:
    """A counter of the frames that were delivered and not yet read.

    Parameters
    ----------
    records, arrivals, first_frame
        As for `ring_fill`.
    ring_frames
        What the ring holds: told in the name; 0: not known.

    Returns
    -------
    Track
    """
    at_ns, fill = ring_fill(records, arrivals, first_frame=first_frame)
    holds = f" (it holds {ring_frames})" if ring_frames else ""
    return Track(
        name=f"ring fill{holds}",
        events=_counts(at_ns, fill),
        unit="frames",
        description="Frames that the driver had delivered and the reader had not yet read. More "
        "than the ring holds means that the oldest were overwritten.",
    )


def ring_fill(
    records: Records, arrivals: NDArray[Any], *, first_frame: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames delivered and not yet read, after each cycle and after each read.

    Parameters
    ----------
    records
        Shape (n,), of the device, oldest first.
    arrivals
        Shape (m,), dtype `lab.transport.recording.ARRIVAL`.
    first_frame
        Frames that were played before the first record.

    Returns
    -------
    at_ns : ndarray of int64, shape (n + m,)
        Ascending.
    fill : ndarray of int64, shape (n + m,)
        0 or more.

    Notes
    -----
    A block of layout v2 says in which cycle it was delivered: the first one that does ties the
    two counts together. Without, the reader is taken to have been there before the first cycle, as
    it is in `hal-lab play`. Frames that were lost have left the ring when the loss was noticed.
    """
    written = records["frames"].astype(np.int64)
    read = arrivals["frames"].astype(np.int64) + _sane(arrivals["lost"])
    at_ns = np.concatenate([as_ns(records["done_ns"]), as_ns(arrivals["arrival_ns"])])
    change = np.concatenate([written, -read])
    order = np.argsort(at_ns, kind="stable")
    fill = np.cumsum(change[order]) + _start(records, arrivals, first_frame)
    return at_ns[order], np.maximum(fill, 0)


def _start(records: Records, arrivals: NDArray[Any], first_frame: int) -> int:
    """What the difference of the two counts has to begin with."""
    timed = np.flatnonzero(arrivals["host_ns"] >= 0)
    if len(timed) == 0 or len(records) == 0:
        return first_frame
    row = int(timed[0])
    woke = as_ns(records["woke_ns"])
    cycle = int(np.searchsorted(woke, arrivals["host_ns"][row], side="right")) - 1
    if cycle < 0:
        return first_frame
    # At the beginning of that cycle all that was written had been read up to this block.
    written = int(records["frames"][:cycle].astype(np.int64).sum())
    read = int(
        arrivals["frames"][:row].astype(np.int64).sum() + _sane(arrivals["lost"][: row + 1]).sum()
    )
    return read - written


def _sane(lost: NDArray[Any]) -> NDArray[np.int64]:
    """Counts that can be added up without wrapping, whatever a reader wrote."""
    return np.asarray(np.minimum(lost, np.uint64(1 << 40)), dtype=np.int64)


def _counts(at_ns: NDArray[np.int64], fill: NDArray[np.int64]) -> Iterator[Event]:
    for at, frames in zip(at_ns, fill, strict=True):
        yield Event(int(at), Kind.COUNTER, values=(int(frames),))
