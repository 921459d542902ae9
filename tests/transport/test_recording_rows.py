"""What a recording notes of each block."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.transport.recording import Recorder, read_recording
from lab.transport.shm_types import HOST_TIMES, Block, StreamFormat

FORMAT = StreamFormat(layout="v2", channels=1, sample_rate=48_000, ring_frames=1_024)


def test_a_loss_is_noted_at_the_first_frame_behind_it_even_within_a_block_of_the_writer(
    tmp_path: Path,
) -> None:
    """A ring that is no multiple of a block: the oldest frames left have lost their beginning."""
    times = np.zeros(2, dtype=HOST_TIMES)
    times["first_frame"], times["frames"], times["host_ns"] = (2_064, 2_544), 480, (7, 8)
    recorder = Recorder(tmp_path / "raw", tmp_path / "rows", channels=1, capacity_frames=4_096)
    for first, frames, lost, told in ((0, 480, 0, times[:0]), (2_000, 1_024, 1_520, times)):
        recorder.take(
            Block(
                first_frame=first,
                frames=np.zeros((frames, 1), dtype=np.float32),
                lost=lost,
                away_ns=30_000_000,
                new_generation=False,
                host_times=told,
                format=FORMAT,
            ),
            arrival_ns=100,
        )
    recorder.close()
    rows = read_recording(
        tmp_path / "raw", tmp_path / "rows", channels=1, sample_rate=48_000
    ).arrivals
    noted = rows[["recorded_frame", "first_frame", "frames", "lost", "host_ns"]].tolist()
    assert noted == [
        (0, 0, 480, 0, -1),
        (480, 2_000, 64, 1_520, -1),
        (544, 2_064, 480, 0, 7),
        (1_024, 2_544, 480, 0, 8),
    ]
